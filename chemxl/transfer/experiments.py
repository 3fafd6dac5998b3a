"""Transfer as values: a tagger on another corpus, and a tagger that continues from another with few labelled
sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import model_validator

from chemxl.corpora.samples import ALL, HeldOut, Labelled, split
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.experiments.checkpoints import clear
from chemxl.experiments.experiment import Experiment
from chemxl.models import encoders
from chemxl.models.learner import Learner
from chemxl.models.tagger import Tagger, bio_labels, gold
from chemxl.ner.experiments import FineTune, NerModel


class Material(Experiment):
    """Counts of what a text gives to learn from, what is left out because it is tested on, and what is scored.

    Mentions are counted as they are scored, flattened to one layer, unless the name of a count says otherwise.
    """

    train: Labelled
    test: HeldOut

    def compute(self, folder: Path) -> dict[str, float]:
        """Read both parts and count."""
        documents = [document for document in self.train.whole().load() if self.train.domain in ("", document.domain)]
        found = [sentence for document in documents for sentence in split(document)]
        learnt = self.train.model_copy(update={"most": ALL}).load()
        kept = {sentence.id for sentence in learnt}
        gone = [sentence for sentence in found if sentence.id not in kept]
        scored = self.test.load()
        return {
            "sentences": len(found),
            "left out": len(gone),
            "of these with a mention": sum(bool(sentence.mentions) for sentence in gone),
            "mentions per 100, all": 100 * _mentions(found) / len(found),
            "mentions per 100, left": 100 * _mentions(learnt) / len(learnt),
            "to learn from": len(learnt),
            "mentions in these": _mentions(learnt),
            "read as a source": min(len(learnt), self.train.most),
            "held-out documents": len(self.test.whole()),
            "scored documents": len(set(metrics.origins(scored))),
            "scored sentences": len(scored),
            "annotated mentions": sum(len(sentence.mentions) for sentence in scored),
            "scored mentions": _mentions(scored),
        }


def _mentions(sentences: list[Document]) -> int:
    """The number of mentions in one layer."""
    return sum(len(layer.mentions) for layer in gold(sentences))


class ZeroShot(Experiment):
    """A tagger tested on another corpus or its own: exact character spans, counted by document."""

    model: NerModel
    test: HeldOut

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return self.model.seed

    def trained(self) -> tuple[Experiment, ...]:
        """The training of the tagger."""
        return (self.model,)

    def compute(self, folder: Path) -> dict[str, float]:
        """Predict, score, and keep the counts."""
        self.model.run()
        return _scored(_tagger(self.model.folder), self.test, folder)

    def counts(self) -> metrics.Counts:
        """Counts by document, for intervals and paired tests."""
        return _counts(self)


class FewShot(Learner, encoders.FromEncoder):
    """A tagger trained on a few sentences of a target, and its score there.

    The weights are not kept: those of hundreds of models would fill a disk.

    Args:
        encoder: begun from under a fresh head, where there is no ``start``.
        start: the tagger whose encoder and head are begun from.
        test: the test part of the target.

    Raises:
        ChemxlError: the start has another encoder or learnt other types.
    """

    predictor: ClassVar[type[Tagger]] = Tagger

    start: FineTune | None = None
    test: HeldOut

    @model_validator(mode="after")
    def _alike(self) -> FewShot:
        """Check that the start has the same encoder and types."""
        if self.start is not None and (self.start.encoder, self.start.types) != (self.encoder, self.types):
            raise ChemxlError("a tagger goes on from one with the same encoder and the same types: give it those")
        return self

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The tagger to start from, or the encoder with a fresh head."""
        if self.start is None:
            return self.to(FineTune).untrained(documents)
        tagger = self.start.tagger()
        if tagger.model.labels != tuple(bio_labels(self.types)):
            raise ChemxlError(f"the start has the labels {', '.join(tagger.model.labels)}")
        return tagger

    def compute(self, folder: Path) -> dict[str, float]:
        """Train, continuing where a killed run stopped; predict, score, and keep the counts."""
        tagger, trained = self.fitted(folder)
        scores = _scored(tagger, self.test, folder)
        clear(folder)
        return {f"trained on {name}": number for name, number in trained.items()} | scores

    def counts(self) -> metrics.Counts:
        """Counts by document, for intervals and paired tests."""
        return _counts(self)


@lru_cache(maxsize=1)
def _tagger(folder: Path) -> Tagger:
    """The tagger of a folder, read once for all corpora that it is tested on."""
    return Tagger.load(folder)


def _scored(tagger: Tagger, test: HeldOut, folder: Path) -> dict[str, float]:
    """Metrics, and ``counts.json`` with the right, found and due mentions of each document."""
    sentences = test.load()
    found = tagger.predict(sentences)
    counts = Tagger.count(sentences, found)
    names = dict.fromkeys(metrics.origins(sentences))
    rows = dict(zip(names, counts.column().tolist(), strict=True))
    (folder / "counts.json").write_text(json.dumps(rows), "utf-8")
    score = counts.scores()[metrics.MICRO]
    return {
        "micro.precision": score.precision,
        "micro.recall": score.recall,
        "micro.f1": score.f1,
        "micro.gold": score.gold,
        "seqeval.f1": Tagger.beside(sentences, found)["seqeval.f1"],
        "documents": len(rows),
        "sentences": len(sentences),
    }


def _counts(value: Experiment) -> metrics.Counts:
    """The counts that a finished run kept."""
    rows = json.loads((value.run().folder / "counts.json").read_text("utf-8"))
    return metrics.Counts(("micro",), np.array(list(rows.values()))[:, None])
