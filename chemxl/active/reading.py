"""What a query strategy sees of a model: the hidden representation and the scores of each word, for one piece of the
pool at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import numpy as np
import torch
from torch import nn

from chemxl.documents import Document, flatten, to_bio
from chemxl.models.labellers import Labeller
from chemxl.models.tagger import Tagger
from chemxl.models.training import accelerator, token_batches

PIECE = 8192  # words that are held at once; one document may have more
Aggregation = Literal["max", "mean", "sum", "entity"]
AGGREGATIONS: tuple[Aggregation, ...] = ("max", "mean", "sum", "entity")


@dataclass(frozen=True)
class Words:
    """The words of consecutive documents: their representations and scores.

    Args:
        hidden: what the model's last layer reads, (N, d).
        logits: what it gives for each BIO label, (N, L).
        counts: words of each document, (S,), with sum N.
    """

    hidden: np.ndarray
    logits: np.ndarray
    counts: np.ndarray

    @property
    def documents(self) -> np.ndarray:
        """For each word the place of its document in the piece, (N,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def predicted(self) -> np.ndarray:
        """The label of the highest score, (N,)."""
        return cast("np.ndarray", self.logits.argmax(axis=1))


class Model(Protocol):
    """What strategies ask of a tagger; anything that has this can be queried with.

    Args:
        labels: the L BIO labels; the first is ``O``.
        weight, bias: the weights of the last layer, (L, d) and (L,).
        dropout: the share of ``hidden`` that training drops in front of it.
    """

    labels: Sequence[str]
    weight: np.ndarray
    bias: np.ndarray
    dropout: float

    def read(self, documents: Sequence[Document]) -> Iterator[Words]:
        """Pieces of bounded size that together hold all documents in their order."""


def pieces(documents: Sequence[Document], *, words: int = PIECE) -> Iterator[list[Document]]:
    """Consecutive documents, in groups of at most so many words, or of one longer document."""
    held: list[Document] = []
    total = 0
    for document in documents:
        count = len(document.words)
        if held and total + count > words:
            yield held
            held, total = [], 0
        held.append(document)
        total += count
    if held:
        yield held


class TaggerModel:
    """A trained tagger as a :class:`Model`.

    Args:
        tokens: budget of a batch.
        words: see :func:`pieces`.
    """

    def __init__(self, tagger: Tagger, *, tokens: int = 2048, words: int = PIECE, precision: str = "auto") -> None:
        self.tagger, self.tokens, self.words, self.precision = tagger, tokens, words, precision
        self.labels: Sequence[str] = tagger.model.labels
        self.last = _last(tagger.model)
        self.weight = self.last.weight.detach().float().cpu().numpy()
        self.bias = self.last.bias.detach().float().cpu().numpy()
        self.dropout = max((m.p for m in tagger.model.modules() if isinstance(m, nn.Dropout)), default=0.0)

    def read(self, documents: Sequence[Document]) -> Iterator[Words]:
        """See :class:`Model`."""
        for piece in pieces(documents, words=self.words):
            yield self._read(piece)

    def _read(self, documents: Sequence[Document]) -> Words:
        """The words of documents that are read together."""
        reader, network = self.tagger.reader, self.tagger.model
        counts = np.array([len(d.words) for d in documents], dtype=np.int64)
        first = np.concatenate([[0], np.cumsum(counts)])
        hidden = np.zeros((first[-1], self.weight.shape[1]), dtype=np.float32)  # (N, d)
        logits = np.zeros((first[-1], len(self.labels)), dtype=np.float32)  # (N, L)
        engine = accelerator(self.precision)
        network.to(engine.device).eval()
        windows = reader.windows(documents)
        heard: list[torch.Tensor] = []
        hook = self.last.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
        try:
            with torch.inference_mode(), engine.autocast():
                for batch in token_batches([len(w.ids) for w in windows], tokens=self.tokens):
                    chosen = [windows[i] for i in batch]
                    tensors = {name: t.to(engine.device) for name, t in reader.collate(chosen).items()}
                    scored = network.emissions(**tensors).float().cpu().numpy()  # (B, W, L)
                    read = heard.pop().float().cpu().numpy()  # (B, W, d)
                    for i, window in enumerate(chosen):
                        to = slice(*(first[window.document] + np.array(window.kept)))
                        kept = slice(*(np.array(window.kept) - window.words[0]))
                        hidden[to], logits[to] = read[i, kept], scored[i, kept]
        finally:
            hook.remove()
        return Words(hidden, logits, counts)


def _last(network: Labeller) -> nn.Linear:
    """The layer that computes the labels' scores: the head itself or its last layer."""
    head: Any = network.head
    return head if isinstance(head, nn.Linear) else [m for m in head.modules() if isinstance(m, nn.Linear)][-1]


def gold_labels(documents: Sequence[Document], labels: Sequence[str]) -> np.ndarray:
    """The place in ``labels`` of every word's gold label, (N,); a type that is not among them counts as ``O``."""
    place = {label: i for i, label in enumerate(labels)}
    written = [to_bio(flatten(document.mentions).mentions, document.words)[0] for document in documents]
    return np.array([place.get(label, 0) for row in written for label in row], dtype=np.int64)


def aggregated(scores: np.ndarray, words: Words, how: Aggregation) -> np.ndarray:
    """One score for each document from its words' scores, which are not negative: (N,) -> (S,).

    ``sum`` prefers long sentences, ``max`` somewhat, ``mean`` short ones with a hard word. ``entity`` is the mean over
    words that the model labels as part of a mention, so that a sentence in which it finds none comes last, with 0.
    """
    size, of = len(words.counts), words.documents
    if how == "max":
        highest = np.zeros(size)
        np.maximum.at(highest, of, scores)
        return highest
    weights = (words.predicted != 0).astype(np.float64) if how == "entity" else np.ones(len(scores))
    total = np.bincount(of, weights=scores * weights, minlength=size)
    if how == "sum":
        return total
    return cast("np.ndarray", total / np.maximum(1.0, np.bincount(of, weights=weights, minlength=size)))
