"""Models that are trained on documents, and their evaluation, as values, whatever the models predict.

A chapter writes the network with its :class:`chemxl.models.predictor.Predictor`, and a learner that makes it untrained.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.errors import CorpusError
from chemxl.evaluation import metrics
from chemxl.experiments.checkpoints import clear
from chemxl.experiments.experiment import Experiment, seed_everything
from chemxl.models.predictor import Predictor
from chemxl.models.training import Training, fit

PREDICTIONS = "predictions.jsonl"


class Learner(Experiment):
    """A model that is trained on documents.

    Args:
        train: corpora that are read one after the other.
        dev: evaluated after every epoch; decides about early stopping where ``training.patience`` is set.
    """

    predictor: ClassVar[type[Predictor[Any]]]  # what is trained; it may also be of a class derived from this one

    train: tuple[Corpus, ...]
    dev: Corpus | None = None
    training: Training = Training()
    seed: int = 0

    @property
    def types(self) -> tuple[str, ...]:
        """The unified types of mentions in its corpora."""
        return tuple(dict.fromkeys(type_ for corpus in self.train for type_ in corpus.types))

    def labelled(self, documents: Sequence[Document]) -> tuple[str, ...]:
        """The types to learn; if corpora name none, those of the mentions in the documents."""
        had = {mention.type for document in documents for mention in document.mentions}
        return self.types or tuple(sorted(had))

    def untrained(self, documents: Sequence[Document]) -> Predictor[Any]:
        """The network before its first step; it may look at the documents that it is going to learn from."""
        raise NotImplementedError

    def documents(self) -> list[Document]:
        """The documents to learn from."""
        return [document for corpus in self.train for document in corpus.load()]

    def fitted(self, folder: Path) -> tuple[Any, dict[str, float]]:
        """The predictor after its last step, and how much it read; checkpoints and history go to the folder.

        Continues where a killed run stopped.

        Raises:
            CorpusError: there is nothing to learn from.
        """
        seed_everything(self.seed)
        documents = self.documents()
        made = self.untrained(documents)
        task = made.task(documents)
        if not task.lengths:
            raise CorpusError(f"nothing to train on: {', '.join(c.name for c in self.train)} gave no example")
        dev = self.dev.load() if self.dev else []
        with made.trimmed([*documents, *dev]):
            fit(
                task,
                settings=self.training,
                seed=self.seed,
                folder=folder,
                evaluate=(lambda: _dev_scores(made, dev)) if dev else None,
                label=f"{type(self).__name__} seed {self.seed}",
            )
        return made, {"documents": len(documents), "windows": len(task.lengths), "tokens": sum(task.lengths)}


class SavedLearner(Learner):
    """A learner whose weights are kept."""

    def compute(self, folder: Path) -> dict[str, float]:
        """Train, and save the predictor."""
        made, sizes = self.fitted(folder)
        made.save(folder)
        clear(folder)
        return sizes

    def load(self) -> Any:
        """The trained predictor; it is trained now if it is not in the cache."""
        return self.predictor.load(self.run().folder)


def _dev_scores(made: Predictor[Any], documents: Sequence[Document]) -> dict[str, float]:
    """Scores on development documents, of which ``score`` decides on early stopping."""
    score = made.count(documents, made.predict(documents)).scores()[metrics.MICRO]
    return {"score": score.f1, "precision": score.precision, "recall": score.recall}


class Prediction(Experiment):
    """What trained models predict on a corpus, and its scores, micro and per type."""

    corpus: Corpus

    def learners(self) -> tuple[SavedLearner, ...]:
        """The models, all of which predict the same kind of thing."""
        raise NotImplementedError

    def found(self, documents: Sequence[Document]) -> list[list[Any]]:
        """The predictions for each document."""
        raise NotImplementedError

    def trained(self) -> tuple[Experiment, ...]:
        """The trainings of the models."""
        return self.learners()

    @property
    def kind(self) -> type[Predictor[Any]]:
        """The class of the predictors."""
        return self.learners()[0].predictor

    def compute(self, folder: Path) -> dict[str, float]:
        """Predict, score, and keep the predictions as JSON lines."""
        kind, documents = self.kind, self.corpus.load()
        found = self.found(documents)
        rows = (
            json.dumps({"id": d.id, kind.NAME: [kind.packed(item) for item in items]})
            for d, items in zip(documents, found, strict=True)
        )
        (folder / PREDICTIONS).write_text("".join(f"{row}\n" for row in rows), "utf-8")
        counts, result = kind.count(documents, found), dict[str, float]()
        for name, score in counts.scores().items():
            result |= {f"{name}.precision": score.precision, f"{name}.recall": score.recall, f"{name}.f1": score.f1}
            result[f"{name}.gold"] = score.gold
        return result | kind.beside(documents, found) | {"documents": len(counts.values)}

    def outcome(self) -> tuple[list[Document], list[list[Any]]]:
        """The documents, and the predictions for each."""
        kind, lines = self.kind, (self.run().folder / PREDICTIONS).read_text("utf-8").splitlines()
        return self.corpus.load(), [[kind.unpacked(row) for row in json.loads(line)[kind.NAME]] for line in lines]

    def counts(self) -> metrics.Counts:
        """Counts by source document, for intervals and paired tests."""
        return self.kind.count(*self.outcome())


class Evaluation(Prediction):
    """A trained model's predictions on a corpus."""

    model: SavedLearner

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return self.model.seed

    def learners(self) -> tuple[SavedLearner, ...]:
        """The model, alone."""
        return (self.model,)

    def found(self, documents: Sequence[Document]) -> list[list[Any]]:
        """The model's predictions for each document."""
        predicted: list[list[Any]] = self.model.load().predict(documents)
        return predicted
