"""From documents to rows of marked items and back: relations of pairs, and fine types of mentions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, NamedTuple, Self, TypeVar

import torch
from transformers import PreTrainedTokenizerFast

from chemxl.documents import Document, Mention, Relation
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.models import encoders
from chemxl.models.predictor import Predictor
from chemxl.models.training import Batch
from chemxl.relations.candidates import Scheme, Signature, parts, stretches
from chemxl.relations.markers import Encoding, Item, Marked, Markers, collate, labelled, readings
from chemxl.relations.network import MarkedNetwork

NONE = "none"  # the class of a pair that is not related
Found = TypeVar("Found")


class Place(NamedTuple):
    """Where an item is: its document, and its mentions there."""

    document: int
    mentions: tuple[int, ...]


class Task:
    """Rows of items, with labels to be trained on.

    Args:
        labels: of each item; None to predict.
        kinds: of each item's mentions, for the second task.
    """

    def __init__(
        self,
        model: MarkedNetwork,
        rows: Sequence[Marked],
        pad: int,
        labels: Sequence[int] | None = None,
        kinds: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.model, self.rows, self.pad, self.labels, self.kinds = model, rows, pad, labels, kinds
        self.lengths = [len(row.ids) for row in rows]

    def collate(self, indices: Sequence[int]) -> Batch:
        """As :meth:`MarkedNetwork.forward` takes it."""
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
        types: that mentions are marked with.
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
    def items(self, document: Document) -> Iterator[tuple[tuple[int, int], list[tuple[int, ...]]]]:
        """Spans of text, and the mentions of the items that are read in each."""

    def marked(self, document: Document) -> list[str]:
        """The type that each mention is marked with."""
        return [self.scheme.coarsened(mention.type) for mention in document.mentions]

    def rows(self, documents: Sequence[Document]) -> tuple[list[Place], list[Marked]]:
        """All items, and the rows that they are read in."""
        edge, places, rows = encoders.specials(self.tokenizer), list[Place](), list[Marked]()
        read = readings(documents, self.tokenizer, self.marked, Markers(self.types))
        for number, reading in enumerate(read):
            for span, found in self.items(reading.document):
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
        """All items and the probability of each class, (I, L) float32; 0 of all for one that no window holds.

        Args:
            tokens: budget of a batch; it changes speed and memory, and results only by rounding.
        """
        places, rows = self.rows(documents)
        task = Task(self.model, rows, int(self.tokenizer.pad_token_id))
        found = torch.zeros(len(places), len(self.model.labels))  # (I, L)

        def read(batch: Batch) -> Iterator[torch.Tensor]:
            return iter(self.model.probabilities(**batch).cpu())

        for i, probabilities in self.inferred(read, task, tokens=tokens, precision=precision):
            found[rows[i].items] = probabilities[: len(rows[i].items)].float()
        return places, found

    def write(self, folder: Path) -> dict[str, Any]:
        """The tokenizer's files, and the encoder's configuration."""
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
        """What a subclass is made with beyond."""
        return {}


class Typer(Marking[Mention]):
    """Fine types of mentions whose types are coarse (paper 2, section III.C), each mention by its own markers."""

    NAME = "mentions"

    def items(self, document: Document) -> Iterator[tuple[tuple[int, int], list[tuple[int, ...]]]]:
        """All mentions that may be one of several fine types, in their sentences."""
        finer = self.scheme.finer()
        for span, own in parts(document, self.scheme):
            chosen: list[tuple[int, ...]] = [
                (i,) for i in own if self.scheme.coarsened(document.mentions[i].type) in finer
            ]
            if chosen:
                yield span, chosen

    def task(self, documents: Sequence[Document]) -> Task:
        """Rows with fine types; a mention whose own type is coarse teaches nothing."""
        numbers = {label: i for i, label in enumerate(self.model.labels)}
        kept = [replace(d, mentions=tuple(m for m in d.mentions if m.type in numbers), relations=()) for d in documents]
        places, rows = self.rows(kept)
        labels = [numbers[kept[p.document].mentions[p.mentions[0]].type] for p in places]
        return Task(self.model, rows, int(self.tokenizer.pad_token_id), labels)

    def predict(self, documents: Sequence[Document]) -> list[list[Mention]]:
        """All mentions of each document, those of a coarse type with the likeliest fine one and its probability."""
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

    def refined(self, documents: Sequence[Document]) -> list[Document]:
        """The documents, mentions of a coarse type with a fine one; what is fine already stays."""
        made = []
        for document, mentions in zip(documents, self.predict(documents), strict=True):
            coarse = {own.type for own in document.mentions} - {fine for fine, _ in self.scheme.coarse}
            types = [
                new.type if own.type in coarse else own.type
                for own, new in zip(document.mentions, mentions, strict=True)
            ]
            own = [replace(m, type=type) for m, type in zip(document.mentions, types, strict=True)]
            made.append(replace(document, mentions=tuple(own)))
        return made

    @classmethod
    def count(cls, documents: Sequence[Document], found: Sequence[Sequence[Mention]]) -> metrics.Counts:
        """Spans and fine types, by source document: micro F1 is the accuracy."""
        return metrics.count([d.mentions for d in documents], found, sources=metrics.origins(documents))

    @classmethod
    def packed(cls, item: Mention) -> list[Any]:
        """Type, fragments, id, score."""
        return [item.type, item.fragments, item.id, round(item.score or 0.0, 4)]

    @classmethod
    def unpacked(cls, row: Sequence[Any]) -> Mention:
        """The inverse of :meth:`packed`."""
        type, fragments, id, score = row
        return Mention(type, tuple((start, end) for start, end in fragments), id=id, score=score)


class Extractor(Marking[Relation]):
    """Documents with mentions in, relations out.

    Args:
        signatures: the coarse types of head and tail that are paired.
        typer: gives mentions fine types, which they are marked with then (paper 2, section III.C); None marks with
            coarse ones.
    """

    NAME = "relations"

    def __init__(
        self,
        model: MarkedNetwork,
        tokenizer: PreTrainedTokenizerFast,
        *,
        signatures: Sequence[Signature],
        typer: Typer | None = None,
        **marking: Any,
    ) -> None:
        super().__init__(model, tokenizer, **marking)
        self.signatures, self.typer = tuple(signatures), typer

    def items(self, document: Document) -> Iterator[tuple[tuple[int, int], list[tuple[int, ...]]]]:
        """Pairs, by sentence."""
        for span, pairs in stretches(document, self.scheme, self.signatures):
            yield span, list(pairs)

    def marked(self, document: Document) -> list[str]:
        """Fine types with a typer where there are several, else coarse ones."""
        coarse, finer = super().marked(document), self.scheme.finer() if self.typer else {}
        return [m.type if type in finer else type for m, type in zip(document.mentions, coarse, strict=True)]

    def task(self, documents: Sequence[Document]) -> Task:
        """Rows with labels; of a pair with several relations, its first one."""
        numbers = {label: i for i, label in enumerate(self.model.labels)}
        places, rows = self.rows(documents)
        related = [{(r.head, r.tail): numbers[r.type] for r in reversed(document.relations)} for document in documents]
        pairs = [[documents[p.document].mentions[i] for i in p.mentions] for p in places]
        labels = [
            related[p.document].get((head.id, tail.id), numbers[NONE])
            for p, (head, tail) in zip(places, pairs, strict=True)
        ]
        kinds = None
        if self.model.kinds:
            kind = {name: i for i, name in enumerate(self.model.kinds)}
            kinds = [[kind[mention.type] for mention in pair] for pair in pairs]
        return Task(self.model, rows, int(self.tokenizer.pad_token_id), labels, kinds)

    def predict(self, documents: Sequence[Document], *, tokens: int = 2048) -> list[list[Relation]]:
        """The likeliest relation of every pair for which none is less likely, with its probability.

        Raises:
            ChemxlError: a mention that is paired has no id.
        """
        read = documents if self.typer is None else self.typer.refined(documents)
        places, rows = self.probabilities(read, tokens=tokens)
        found: list[list[Relation]] = [[] for _ in documents]
        scores, best = rows.max(dim=1) if len(rows) else (rows, rows)
        for place, score, label in zip(places, scores.tolist(), best.tolist(), strict=True):
            type = self.model.labels[int(label)]
            if type != NONE and score > 0:
                head, tail = (documents[place.document].mentions[i].id for i in place.mentions)
                if not head or not tail:
                    raise ChemxlError(f"{documents[place.document].id}: number the mentions that are to be related")
                found[place.document].append(Relation(type, head, tail, score=score))
        return found

    @classmethod
    def count(cls, documents: Sequence[Document], found: Sequence[Sequence[Relation]]) -> metrics.Counts:
        """Relations that match in type, direction and both mentions, by source document."""
        given = [replace(d, relations=tuple(relations)) for d, relations in zip(documents, found, strict=True)]
        return metrics.count_relations(documents, given)

    @classmethod
    def packed(cls, item: Relation) -> list[Any]:
        """Type, head, tail, score."""
        return [item.type, item.head, item.tail, round(item.score or 0.0, 4)]

    @classmethod
    def unpacked(cls, row: Sequence[Any]) -> Relation:
        """The inverse of :meth:`packed`."""
        type, head, tail, score = row
        return Relation(type, head, tail, score=score)

    def write(self, folder: Path) -> dict[str, Any]:
        """The typer in a folder of its own, too."""
        if self.typer is not None:
            self.typer.save(folder / "typer")
        return super().write(folder) | {"signatures": [list(pair) for pair in self.signatures]}

    @classmethod
    def own(cls, folder: Path, about: dict[str, Any]) -> dict[str, Any]:
        """The signatures and the typer."""
        typer = Typer.load(folder / "typer") if (folder / "typer").is_dir() else None
        return {"signatures": [(head, tail) for head, tail in about["signatures"]], "typer": typer}
