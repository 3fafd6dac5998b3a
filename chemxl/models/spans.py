"""A head for nested mentions: it scores every pair of a first and a last word, for every type.

Efficient Global Pointer (Su et al. 2022, arXiv 2208.03054). With q and k made of a word's vector h, R a rotation by the
word's place and v, w of the type, the score of a mention of a type from word i to word j is

    s(i, j) = (R_i q_i)' (R_j k_j) / sqrt(d) + v' [q_i; k_i] + w' [q_j; k_j]

and a type's loss in a text, over the pairs P that are mentions and N that are none,

    log(1 + sum_P exp(-s)) + log(1 + sum_N exp(s)).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self, cast

import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from chemxl.documents import Document, Mention, from_spans, to_spans
from chemxl.evaluation import metrics
from chemxl.models import encoders
from chemxl.models.labellers import first_pieces
from chemxl.models.predictor import Predictor
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Tagger, Windows
from chemxl.models.training import Batch

WIDTH = 64  # of a query and of a key

Found = list[tuple[int, int, int, float]]  # of a window: type, first and last word, probability


class SpanNetwork(nn.Module):
    """An encoder that scores for every two words whether a mention of a type begins at one and ends at the other.

    Args:
        types: the K types.
    """

    def __init__(self, encoder: PreTrainedModel, types: Sequence[str], *, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder, self.types = encoder, tuple(types)
        self.dropout = nn.Dropout(dropout)
        self.head_ends = nn.Linear(encoder.config.hidden_size, 2 * WIDTH)
        self.head_types = nn.Linear(2 * WIDTH, 2 * len(types))

    def scores(self, **batch: torch.Tensor) -> torch.Tensor:
        """Scores by type, first and last word, (B, K, W, W): above 0 for a mention, minus infinity if none is
        possible."""
        hidden = self.dropout(first_pieces(self.encoder, **batch)).float()  # (B, W, d)
        ends = self.head_ends(hidden)  # (B, W, 2 WIDTH)
        q, k = (rotated(part) for part in ends.chunk(2, dim=-1))  # (B, W, WIDTH) each
        shared = torch.einsum("biw,bjw->bij", q, k) / WIDTH**0.5  # (B, W, W)
        begins, finishes = (self.head_types(ends) / 2).transpose(1, 2).chunk(2, dim=1)  # (B, K, W) each
        scores = shared[:, None] + begins[..., None] + finishes[..., None, :]  # (B, K, W, W)
        words = torch.arange(hidden.shape[1], device=hidden.device)
        real = words < batch["lengths"][:, None]  # (B, W)
        possible = (words[:, None] <= words) & real[:, None]  # (B, W, W); past the last word no mention ends
        return cast("torch.Tensor", scores.masked_fill(~possible[:, None], -torch.inf))

    def forward(self, labels: torch.Tensor, spans: torch.Tensor, **batch: torch.Tensor) -> torch.Tensor:
        """The loss, which needs no threshold and no class weights, however few mentions there are.

        Args:
            labels: how many mentions there are, (B, K); the loss is a mean over them.
            spans: window, type, first and last word of each mention, (N, 4).
        """
        scores = self.scores(**batch)  # (B, K, W, W)
        due = torch.zeros_like(scores, dtype=torch.bool)
        due[tuple(spans.T)] = True
        missed = (-scores).masked_fill(~due, -torch.inf).flatten(2)  # (B, K, W * W)
        wrong = scores.masked_fill(due, -torch.inf).flatten(2)
        zero = scores.new_zeros((*labels.shape, 1))
        return torch.stack([torch.cat([zero, part], 2).logsumexp(2).mean() for part in (missed, wrong)]).sum()

    @torch.no_grad()
    def decode(self, **batch: torch.Tensor) -> list[Found]:
        """The mentions of each window."""
        scores = self.scores(**batch)
        found: list[Found] = [[] for _ in scores]
        places = (scores > 0).nonzero()  # (N, 4)
        for (window, *span), score in zip(places.tolist(), scores[tuple(places.T)].sigmoid().tolist(), strict=True):
            found[window].append((span[0], span[1], span[2], score))
        return found


def rotated(vectors: torch.Tensor) -> torch.Tensor:
    """Vectors of words, rotated by their places, so that the product of two depends on their distance.

    Args:
        vectors: (B, W, d), d even.
    """
    width = vectors.shape[-1]
    speeds = 10_000.0 ** (-torch.arange(0, width, 2, device=vectors.device) / width)  # (d / 2,)
    angles = torch.arange(vectors.shape[1], device=vectors.device)[:, None] * speeds  # (W, d / 2)
    x, y = vectors.unflatten(-1, (-1, 2)).unbind(-1)  # (B, W, d / 2) each
    turned = (x * angles.cos() - y * angles.sin(), x * angles.sin() + y * angles.cos())
    return torch.stack(turned, dim=-1).flatten(-2)


class SpanWindows(Windows):
    """Windows with the mentions that lie wholly inside."""

    model: SpanNetwork

    def __init__(self, model: SpanNetwork, reader: SubwordReader, documents: Sequence[Document]) -> None:
        super().__init__(model, reader, documents)
        known = {type: i for i, type in enumerate(model.types)}
        due = [to_spans([m for m in d.mentions if m.type in known], d.words)[0] for d in documents]
        self.spans = [
            [
                (known[type], i - window.words[0], j - window.words[0])
                for type, i, j in due[window.document]
                if window.words[0] <= i and j < window.words[1]
            ]
            for window in self.windows
        ]

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """The arguments of :meth:`SpanNetwork.forward`."""
        spans = [(row, *span) for row, i in enumerate(indices) for span in self.spans[i]]
        labels = torch.zeros((len(indices), len(self.model.types)), dtype=torch.long)  # (B, K)
        for row, type, *_ in spans:
            labels[row, type] += 1
        given = torch.tensor(spans, dtype=torch.long).reshape(-1, 4)  # (N, 4)
        return super().collate(indices) | {"labels": labels, "spans": given}


class SpanTagger(Predictor[Mention]):
    """A tagger that also finds nested mentions."""

    NAME = "mentions"
    model: SpanNetwork

    def __init__(self, model: SpanNetwork, reader: SubwordReader) -> None:
        super().__init__(model)
        self.reader = reader

    def task(self, documents: Sequence[Document]) -> SpanWindows:
        """Windows with mentions, to train on."""
        return SpanWindows(self.model, self.reader, documents)

    def used(self, documents: Sequence[Document]) -> set[int]:
        """See :meth:`chemxl.models.predictor.Predictor.used`."""
        return {i for window in self.reader.windows(documents) for i in window.ids}

    def predict(
        self, documents: Sequence[Document], *, tokens: int = 512, precision: str = "auto"
    ) -> list[list[Mention]]:
        """The mentions of every document, each with its probability; each is looked for in the window where its first
        word has most context."""
        task = Windows(self.model, self.reader, documents)

        def read(batch: Batch) -> Iterator[Found]:
            """The mentions in each window of a batch."""
            return iter(self.model.decode(**batch))

        found: list[list[tuple[str, int, int, float]]] = [[] for _ in documents]
        for place, spans in self.inferred(read, task, tokens=tokens, precision=precision):
            window = task.windows[place]
            for type, i, j, score in spans:
                if window.kept[0] <= i + window.words[0] < window.kept[1]:
                    span = (self.model.types[type], i + window.words[0], j + window.words[0], score)
                    found[window.document].append(span)
        return [from_spans(spans, d.words) for spans, d in zip(found, documents, strict=True)]

    @classmethod
    def count(cls, documents: Sequence[Document], found: Sequence[Sequence[Mention]]) -> metrics.Counts:
        """Counts of exact character spans against every mention, by source document."""
        return metrics.count([d.mentions for d in documents], found, sources=metrics.origins(documents))

    packed = Tagger.packed
    unpacked = Tagger.unpacked

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the reader's files and the encoder's configuration."""
        self.reader.save(folder)
        self.model.encoder.config.save_pretrained(folder)
        return {"types": list(self.model.types)}

    @classmethod
    def restored(cls, folder: Path, about: dict[str, Any]) -> Self:
        """See :meth:`chemxl.models.predictor.Predictor.restored`."""
        reader = SubwordReader(PreTrainedTokenizerFast.from_pretrained(folder))
        return cls(SpanNetwork(encoders.unfilled(folder), about["types"]), reader)
