"""Words as a contrastive model sees them, and how far apart their labels are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from transformers import PreTrainedModel

from chemxl.contrastive.loss import distances, supervised
from chemxl.contrastive.model import ContrastiveModel
from chemxl.models.labellers import first_pieces
from chemxl.models.tagger import Labelling
from chemxl.models.training import accelerator, token_batches

_TOKENS = 1024  # of a batch that is only read
_PROBED = 2000  # words


class WordVectors(NamedTuple):
    """The words of a text as vectors, with their labels.

    Args:
        labels: (n,), indices of the task's names.
        hidden: (n, d), the encoder's output.
        mean, variance: (n, l), of the Gaussians; the variance of points is 0.
    """

    labels: np.ndarray
    hidden: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def read(model: ContrastiveModel, task: Labelling, *, most: int) -> WordVectors:
    """The words of the first windows, at most ``most``."""
    labels, _, hidden = states(model.encoder, task, most=most)
    model.to(hidden.device)
    with torch.no_grad():
        mean, spread = model.gaussians(hidden)
    return WordVectors(*(tensor.cpu().numpy() for tensor in (labels, hidden, mean, spread)))


def divergence(model: ContrastiveModel, task: Labelling) -> dict[str, float]:
    """For held-out words, ``score`` (minus the loss), and the mean distance ``within`` a label and ``between`` labels.

    A label is one of BIO. Both are means over the labels of mentions, each of which counts alike, however frequent;
    ``between`` is measured to the words of all other labels, ``O`` among them.
    """
    labels, _, hidden = states(model.encoder, task, most=_PROBED)
    with torch.no_grad():
        pairs = model.pairs(hidden)
        loss, apart = float(supervised(pairs, labels)), distances(pairs).fill_diagonal_(0)  # (n, n)
    within, between = [], []
    for label in labels[labels > 0].unique():
        own = labels == label  # (n,)
        if (count := int(own.sum())) > 1:
            within.append(float(apart[own][:, own].sum()) / (count * (count - 1)))
            between.append(float(apart[own][:, ~own].mean()))
    return {"score": -loss, "within": float(np.mean(within)), "between": float(np.mean(between))}


@torch.no_grad()
def states(
    encoder: PreTrainedModel, task: Labelling, *, most: int | None = None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Every word of a task once: its label and the place of its document (n,), and the encoder's output at its first
    piece (n, d).

    Args:
        most: so many words, of the first windows; all by default.
    """
    engine = accelerator()
    encoder.to(engine.device).eval()
    counts = np.cumsum([end - start for window in task.windows for start, end in [window.kept]])
    last = len(counts) if most is None else int(np.searchsorted(counts, most)) + 1
    labels, owners, hidden = list[int](), list[int](), list[torch.Tensor]()
    with engine.autocast():
        for batch in token_batches(task.lengths[:last], tokens=_TOKENS):
            tensors = {name: t.to(engine.device) for name, t in task.collate(batch).items()}
            found = first_pieces(encoder, **tensors).float()  # (B, W, d)
            for row, i in enumerate(batch):
                window = task.windows[i]
                kept = slice(*(place - window.words[0] for place in window.kept))
                labels += task.labels[i][kept]
                owners += [window.document] * (kept.stop - kept.start)
                hidden.append(found[row, kept])
    named, placed = (torch.tensor(values, device=engine.device)[:most] for values in (labels, owners))
    return named, placed, torch.cat(hidden)[:most]
