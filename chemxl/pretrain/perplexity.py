"""Perplexity: how well hidden pieces are guessed, as in paper 0, section IV.

Masks are drawn once for every stretch of text, whatever it is batched with, so that two models are asked the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from chemxl.documents import Document
from chemxl.evaluation import significance
from chemxl.evaluation.metrics import mean
from chemxl.evaluation.significance import Interval
from chemxl.models.training import IGNORED, accelerator, token_batches
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder, Example, Masking, collate
from chemxl.pretrain.text import pieces

BATCH_TOKENS = 4096


def windows(
    tokenizer: PreTrainedTokenizerFast, documents: Sequence[Document], builder: Builder, *, most: int
) -> list[list[Example]]:
    """Stretches of the first documents that together hold ``most`` pieces."""
    found: list[list[Example]] = []
    count = 0
    for document in documents:
        if count >= most:
            break
        [text] = pieces(tokenizer, [document.text])
        if len(text):
            size = builder.block - 2
            found.append([builder.single(text[start : start + size]) for start in range(0, len(text), size)])
            count += len(text)
    return found


@torch.inference_mode()
def surprisals(
    model: MaskedLanguageModel, examples: Sequence[Example], *, masking: Masking, pad: int, precision: str = "auto"
) -> np.ndarray:
    """For every example, the summed surprisal of its hidden pieces in nats, and their number, (N, 2)."""
    engine = accelerator(precision)
    training = model.training
    model.to(engine.device).eval()
    found = np.zeros((len(examples), 2))
    hidden = [
        collate([example], masking=masking, pad=pad, generator=torch.Generator().manual_seed(number))
        for number, example in enumerate(examples)
    ]
    with engine.autocast():
        for indices in token_batches([len(example) for example in examples], tokens=BATCH_TOKENS):
            batch = {
                name: tensor.to(engine.device) for name, tensor in _stacked([hidden[i] for i in indices], pad).items()
            }
            asked = batch["labels"] != IGNORED  # (B, T)
            nats = model.surprisal(model.hidden(asked, **batch), batch["labels"][asked])  # (M,)
            rows = asked.nonzero()[:, 0]  # (M,)
            for column, weights in enumerate((nats.double(), torch.ones_like(nats, dtype=torch.float64))):
                found[indices, column] = torch.bincount(rows, weights, minlength=len(indices)).cpu()
    model.train(training)
    return found


def _stacked(rows: Sequence[dict[str, torch.Tensor]], pad: int) -> dict[str, torch.Tensor]:
    """The tensors of several examples as one batch."""
    fillers = {"input_ids": pad, "labels": IGNORED}
    return {
        name: torch.nn.utils.rnn.pad_sequence([row[name][0] for row in rows], True, fillers.get(name, 0))
        for name in rows[0]
        if name != "follows"
    }


def perplexity(found: np.ndarray) -> float:
    """The exponential of the mean surprisal of all hidden pieces, from sums and numbers (N, 2)."""
    return float(_of_sums(found.sum(axis=0)))


def _of_sums(sums: np.ndarray) -> np.ndarray:
    """Perplexity from sums and numbers, (..., 2) -> (...)."""
    result: np.ndarray = np.exp(mean(sums))
    return result


def estimate(columns: Sequence[np.ndarray]) -> Interval:
    """Mean perplexity over seeds, see :func:`chemxl.evaluation.significance.estimate`.

    Args:
        columns: (D, 2) of the same documents, one a seed.
    """
    return significance.estimate(columns, score=_of_sums, limits=(1.0, np.inf))
