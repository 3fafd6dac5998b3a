"""A predictor of relations from documents with mentions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

from chemxl.documents import Document, Relation, Span
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.relations.candidates import Signature, stretches
from chemxl.relations.network import MarkedNetwork
from chemxl.relations.predictors import Items, MarkedTask, Marking, Typer

NONE = "none"  # the class of a pair that is not related


class Extractor(Marking[Relation]):
    """A network that finds relations between the mentions of documents.

    Args:
        signatures: the coarse types of head and tail that are paired.
        typer: gives mentions fine types, which they are marked with then (paper 2, section III.C); None marks with
            coarse ones.
        unrelated: for each related pair of a sentence, or where it has none for one, so many others are trained on at
            most; 0: all.
        seed: the seed of their choice.
    """

    NAME = "relations"

    def __init__(
        self,
        model: MarkedNetwork,
        tokenizer: PreTrainedTokenizerFast,
        *,
        signatures: Sequence[Signature],
        typer: Typer | None = None,
        unrelated: int = 0,
        seed: int = 0,
        **marking: Any,
    ) -> None:
        super().__init__(model, tokenizer, **marking)
        self.signatures, self.typer = tuple(signatures), typer
        self.unrelated, self.seed = unrelated, seed

    def items(self, document: Document) -> Iterator[tuple[Span, Items]]:
        """The candidate pairs, by sentence."""
        for span, pairs in stretches(document, self.scheme, self.signatures):
            yield span, list(pairs)

    def marked(self, document: Document) -> list[str]:
        """The types to mark mentions with: fine ones if there is a typer and there are several, otherwise coarse
        ones."""
        coarse, finer = super().marked(document), self.scheme.finer() if self.typer else {}
        return [m.type if type in finer else type for m, type in zip(document.mentions, coarse, strict=True)]

    def task(self, documents: Sequence[Document]) -> MarkedTask:
        """Rows with labels, to train on; a pair with several relations has the first one as label."""
        numbers = {label: i for i, label in enumerate(self.model.labels)}
        related = [{(r.head, r.tail): numbers[r.type] for r in reversed(document.relations)} for document in documents]
        draw = random.Random(self.seed)

        def drawn(number: int, pairs: Items) -> Items:
            """All related pairs of a sentence, and some of the others."""
            if not self.unrelated:
                return pairs
            ids = [mention.id for mention in documents[number].mentions]
            others = [pair for pair in pairs if (ids[pair[0]], ids[pair[1]]) not in related[number]]
            most = self.unrelated * max(1, len(pairs) - len(others))
            if len(others) <= most:
                return pairs
            left = set(others) - set(draw.sample(others, most))
            return [pair for pair in pairs if pair not in left]

        places, rows = self.rows(documents, drawn=drawn)
        pairs = [[documents[p.document].mentions[i] for i in p.mentions] for p in places]
        labels = [
            related[p.document].get((head.id, tail.id), numbers[NONE])
            for p, (head, tail) in zip(places, pairs, strict=True)
        ]
        kinds = None
        if self.model.kinds:
            kind = {name: i for i, name in enumerate(self.model.kinds)}
            kinds = [[kind[mention.type] for mention in pair] for pair in pairs]
        return MarkedTask(self.model, rows, int(self.tokenizer.pad_token_id), labels, kinds)

    def predict(
        self, documents: Sequence[Document], *, tokens: int = 2048, typed: bool = False
    ) -> list[list[Relation]]:
        """For every pair for which a relation is likelier than none, the likeliest one with its probability.

        Args:
            typed: whether mentions have their fine types already, where the network reads these.

        Raises:
            ChemxlError: a mention that is paired has no id.
        """
        read = documents if self.typer is None else self.typer.refined(documents, keep=typed)
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
        """Counts of relations that match in type, direction and both mentions, by source document."""
        given = [replace(d, relations=tuple(relations)) for d, relations in zip(documents, found, strict=True)]
        return metrics.count_relations(documents, given)

    @classmethod
    def packed(cls, item: Relation) -> list[Any]:
        """A relation as a row of JSON: type, head, tail, score."""
        return [item.type, item.head, item.tail, round(item.score or 0.0, 4)]

    @classmethod
    def unpacked(cls, row: Sequence[Any]) -> Relation:
        """The inverse of :meth:`packed`."""
        type, head, tail, score = row
        return Relation(type, head, tail, score=score)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the model's files, and those of the typer in a folder of its own."""
        if self.typer is not None:
            self.typer.save(folder / "typer")
        return super().write(folder) | {"signatures": [list(pair) for pair in self.signatures]}

    @classmethod
    def own(cls, folder: Path, about: dict[str, Any]) -> dict[str, Any]:
        """The signatures and the typer."""
        typer = Typer.load(folder / "typer") if (folder / "typer").is_dir() else None
        return {"signatures": [(head, tail) for head, tail in about["signatures"]], "typer": typer}
