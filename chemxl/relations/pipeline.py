"""Text in, entities and relations out: a tagger finds mentions, a model relates them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, Relation
from chemxl.evaluation import metrics
from chemxl.experiments.experiment import Experiment
from chemxl.models.tagger import Tagger
from chemxl.ner.experiments import NerModel
from chemxl.relations.experiments import RelationModel
from chemxl.relations.extractor import Extractor

FOUND = "found.jsonl"


def extract(documents: Sequence[Document], tagger: Tagger, extractor: Extractor) -> list[Document]:
    """The documents with the mentions and relations that are found, numbered T1, T2, ... and R1, R2, ...

    What they were annotated with is not looked at.
    """
    tagged = [
        replace(d, mentions=numbered(mentions), relations=())
        for d, mentions in zip(documents, tagger.predict(documents), strict=True)
    ]
    return [
        replace(d, relations=tuple(replace(r, id=f"R{i}") for i, r in enumerate(relations, 1)))
        for d, relations in zip(tagged, extractor.predict(tagged), strict=True)
    ]


def numbered(mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions with ids from T1 on."""
    return tuple(replace(mention, id=f"T{i}") for i, mention in enumerate(mentions, 1))


class EndToEnd(Experiment):
    """Relations between mentions that a tagger finds, scored against gold relations between gold mentions.

    A relation is right where its type and direction are, and the type and the characters of both mentions.

    Args:
        corpus: with types that the tagger finds and the model pairs.
    """

    tagger: NerModel
    model: RelationModel
    corpus: Corpus

    @property
    def seed(self) -> int:
        """The seed of the relation model."""
        return self.model.seed

    def trained(self) -> tuple[Experiment, ...]:
        """The trainings of the tagger and of the relation model."""
        return self.tagger, self.model

    def compute(self, folder: Path) -> dict[str, float]:
        """Predict, keep the predictions as JSON lines, and score."""
        documents = self.corpus.load()
        found = extract(documents, self.tagger.tagger(), self.model.load())
        (folder / FOUND).write_text("".join(f"{json.dumps(_packed(one))}\n" for one in found), "utf-8")
        relations = metrics.count_relations(documents, found).scores()[metrics.MICRO]
        mentions = metrics.count([d.mentions for d in documents], [d.mentions for d in found]).scores()[metrics.MICRO]
        return {"micro.f1": relations.f1, "mentions.f1": mentions.f1, "documents": len(documents)}

    def outcome(self) -> list[Document]:
        """The documents, and what was found in each."""
        lines = (self.run().folder / FOUND).read_text("utf-8").splitlines()
        return [_unpacked(d, json.loads(line)) for d, line in zip(self.corpus.load(), lines, strict=True)]

    def counts(self) -> metrics.Counts:
        """Counts by source document."""
        return metrics.count_relations(self.corpus.load(), self.outcome())


def _packed(document: Document) -> dict[str, Any]:
    """A document's predictions as a row of JSON."""
    return {
        "mentions": [Tagger.packed(mention) for mention in document.mentions],
        "relations": [Extractor.packed(relation) for relation in document.relations],
    }


def _unpacked(document: Document, line: dict[str, Any]) -> Document:
    """The document with the predictions of a row."""
    relations: list[Relation] = [Extractor.unpacked(row) for row in line["relations"]]
    mentions = numbered([Tagger.unpacked(row) for row in line["mentions"]])
    return replace(document, mentions=mentions, relations=tuple(relations))
