"""The way from documents to rows of marked items and back, shared by typing and relation extraction."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, NamedTuple, Self, TypeVar

import torch
from transformers import PreTrainedTokenizerFast

from chemxl.documents import Document, Mention, Span
from chemxl.evaluation import metrics
from chemxl.models import encoders
from chemxl.models.predictor import Predictor
from chemxl.models.training import Batch
from chemxl.relations.candidates import Scheme, parts
from chemxl.relations.markers import Encoding, Item, MarkedRow, Markers, collate, labelled, readings
from chemxl.relations.network import MarkedNetwork

Found = TypeVar("Found")
Items = list[tuple[int, ...]]  # of a sentence, each the places of its mentions in the document


class Place(NamedTuple):
    """The place of an item: its document, and its mentions there."""

    document: int
    mentions: tuple[int, ...]


class MarkedTask:
    """Rows of items with labels, to train on.

    Args:
        labels: the label of each item; None to predict.
        kinds: the kinds of each item's mentions, for the second task.
    """

    def __init__(
        self,
        model: MarkedNetwork,
        rows: Sequence[MarkedRow],
        pad: int,
        labels: Sequence[int] | None = None,
        kinds: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.model, self.rows, self.pad, self.labels, self.kinds = model, rows, pad, labels, kinds
        self.lengths = [len(row.ids) for row in rows]

    def collate(self, indices: Sequence[int]) -> Batch:
        """The arguments of :meth:`MarkedNetwork.forward`."""
        rows = [self.rows[i] for i in indices]
        batch = collate(rows, pad=self.pad)
        if self.labels is not None:
            batch["labels"] = labelled(rows, self.labels)
        if self.kinds is not None:
            batch["kinds"] = labelled(rows, self.kinds)
        return batch


class Marking(Predictor[Found], Generic[Found]):
    """A network with its tokenizer that classifies marked items.

    Args:
        scheme: which mentions are paired, and what their types are called.
        types: the types that mentions are marked with.
        encoding: how.
    """

    model: MarkedNetwork

    def __init__(
        self,
        model: MarkedNetwork,
        tokenizer: PreTrainedTokenizerFast,
        *,
        scheme: Scheme,
        types: Sequence[str],
        encoding: Encoding,
    ) -> None:
        super().__init__(model)
        self.tokenizer, self.scheme, self.encoding = tokenizer, scheme, encoding
        self.types = tuple(types)

    @abstractmethod
    def items(self, document: Document) -> Iterator[tuple[Span, Items]]:
        """Spans of text, each with the mentions of the items that are read in it."""

    def marked(self, document: Document) -> list[str]:
        """The type that each mention is marked with."""
        return [self.scheme.coarsened(mention.type) for mention in document.mentions]

    def rows(
        self, documents: Sequence[Document], *, drawn: Callable[[int, Items], Items] = lambda document, items: items
    ) -> tuple[list[Place], list[MarkedRow]]:
        """All items, and the rows in which they are read.

        Args:
            drawn: which items of a sentence are taken, by the number of its document.
        """
        edge, places, rows = encoders.specials(self.tokenizer), list[Place](), list[MarkedRow]()
        read = readings(documents, self.tokenizer, self.marked, Markers(self.types))
        for number, reading in enumerate(read):
            for span, every in self.items(reading.document):
                found = drawn(number, every)
                items = [Item(len(places) + i, mentions) for i, mentions in enumerate(found)]
                places += [Place(number, mentions) for mentions in found]
                rows += reading.rows(span, items, edge=edge, encoding=self.encoding)
        return places, rows

    def used(self, documents: Sequence[Document]) -> set[int]:
        """See :meth:`chemxl.models.predictor.Predictor.used`."""
        encoded = self.tokenizer.backend_tokenizer.encode_batch([d.text for d in documents], add_special_tokens=False)
        return {*encoders.specials(self.tokenizer), *(i for encoding in encoded for i in encoding.ids)}

    def probabilities(
        self, documents: Sequence[Document], *, tokens: int = 2048, precision: str = "auto"
    ) -> tuple[list[Place], torch.Tensor]:
        """All items with the probability of each class, (I, L) float32; zero for an item that fits into no window."""
        places, rows = self.rows(documents)
        task = MarkedTask(self.model, rows, int(self.tokenizer.pad_token_id))
        found = torch.zeros(len(places), len(self.model.labels))  # (I, L)

        def read(batch: Batch) -> Iterator[torch.Tensor]:
            """The probabilities of a batch."""
            return iter(self.model.probabilities(**batch).cpu())

        for i, probabilities in self.inferred(read, task, tokens=tokens, precision=precision):
            found[rows[i].items] = probabilities[: len(rows[i].items)].float()
        return places, found

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the tokenizer's files and the encoder's configuration."""
        self.tokenizer.save_pretrained(folder)
        self.model.encoder.config.save_pretrained(folder)
        return {
            "network": self.model.settings(),
            "scheme": self.scheme.config(),
            "types": list(self.types),
            "encoding": self.encoding,
        }

    @classmethod
    def restored(cls, folder: Path, about: dict[str, Any]) -> Self:
        """See :meth:`chemxl.models.predictor.Predictor.restored`."""
        return cls(
            MarkedNetwork.of(encoders.unfilled(folder), about["network"]),
            PreTrainedTokenizerFast.from_pretrained(folder),
            scheme=Scheme.from_config(about["scheme"]),
            types=about["types"],
            encoding=about["encoding"],
            **cls.own(folder, about),
        )

    @classmethod
    def own(cls, folder: Path, about: dict[str, Any]) -> dict[str, Any]:
        """The further arguments of a subclass."""
        return {}


class Typer(Marking[Mention]):
    """A network that gives mentions of a coarse type a fine one (paper 2, section III.C), each marked by itself."""

    NAME = "mentions"

    def items(self, document: Document) -> Iterator[tuple[Span, Items]]:
        """All mentions that may have one of several fine types, in their sentences."""
        finer = self.scheme.finer()
        for span, own in parts(document, self.scheme):
            chosen: list[tuple[int, ...]] = [
                (i,) for i in own if self.scheme.coarsened(document.mentions[i].type) in finer
            ]
            if chosen:
                yield span, chosen

    def task(self, documents: Sequence[Document]) -> MarkedTask:
        """Rows with fine types, to train on; a mention whose own type is coarse is left out."""
        numbers = {label: i for i, label in enumerate(self.model.labels)}
        kept = [replace(d, mentions=tuple(m for m in d.mentions if m.type in numbers), relations=()) for d in documents]
        places, rows = self.rows(kept)
        labels = [numbers[kept[p.document].mentions[p.mentions[0]].type] for p in places]
        return MarkedTask(self.model, rows, int(self.tokenizer.pad_token_id), labels)

    def predict(self, documents: Sequence[Document]) -> list[list[Mention]]:
        """All mentions of each document; those of a coarse type have the likeliest fine one, with its probability."""
        finer = self.scheme.finer()
        allowed = {
            coarse: torch.tensor([label in fine for label in self.model.labels]) for coarse, fine in finer.items()
        }
        places, rows = self.probabilities(documents)
        made = [list(document.mentions) for document in documents]
        for (number, (i,)), row in zip(places, rows, strict=True):
            mention = made[number][i]
            best = int(row.where(allowed[self.scheme.coarsened(mention.type)], -1.0).argmax())
            made[number][i] = replace(mention, type=self.model.labels[best], score=float(row[best]))
        return made

    def refined(self, documents: Sequence[Document], *, keep: bool = False) -> list[Document]:
        """The documents, with fine types in place of coarse ones.

        Args:
            keep: leave those as they are that have a fine type already.
        """
        fine = {fine for fine, _ in self.scheme.coarse} if keep else set[str]()
        return [
            replace(
                document,
                mentions=tuple(
                    replace(own, type=own.type if own.type in fine else new.type)
                    for own, new in zip(document.mentions, mentions, strict=True)
                ),
            )
            for document, mentions in zip(documents, self.predict(documents), strict=True)
        ]

    @classmethod
    def count(cls, documents: Sequence[Document], found: Sequence[Sequence[Mention]]) -> metrics.Counts:
        """Counts of spans and fine types, by source document; micro F1 is the accuracy."""
        return metrics.count([d.mentions for d in documents], found, sources=metrics.origins(documents))

    @classmethod
    def packed(cls, item: Mention) -> list[Any]:
        """A mention as a row of JSON: type, fragments, id, score."""
        return [item.type, item.fragments, item.id, round(item.score or 0.0, 4)]

    @classmethod
    def unpacked(cls, row: Sequence[Any]) -> Mention:
        """The inverse of :meth:`packed`."""
        type, fragments, id, score = row
        return Mention(type, tuple((start, end) for start, end in fragments), id=id, score=score)
