"""Active learning as a value: the loop of paper 0, figure 2, with a simulated annotator and rounds kept on disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic import Field, field_validator

from chemxl.active.calibration import Ranking, rankings
from chemxl.active.lengths import lengths
from chemxl.active.oracle import Annotated, Unit
from chemxl.active.reading import Aggregation, TaggerModel
from chemxl.active.spectral import evaluation
from chemxl.active.strategies import STRATEGIES, query
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import split
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.evaluation.learning_curves import mean_height
from chemxl.experiments.experiment import Experiment, write_json
from chemxl.models.tagger import Tagger
from chemxl.ner.experiments import FineTune

ROUNDS = "rounds.json"
SHARES = tuple(i / 20 for i in range(1, 21))  # of words, at which the risk is kept


class ActiveLearning(Experiment):
    """Rounds of choosing, annotating and training anew, each scored on a test corpus.

    The first round's units are drawn at random, alike for all strategies with a seed; every further round adds those
    that the strategy chooses by the last round's model. Every model is trained from the same beginning.

    Args:
        learner: the model as it would be trained on the whole pool, which are its training corpora; that run is what
            is to be reached. Every round takes its training, and with ``steps`` set each trains equally long, however
            few units are annotated or how long they are.
        test: what every round is scored on.
        strategy: one of ``chemxl.active.strategies.STRATEGIES``.
        rounds: how many, the first included.
        budget: units that are annotated in each round.
        noise: see :class:`chemxl.active.oracle.Annotated`.
        seed: the seed of the draws, of every training and of the noise; it takes the learner's place.
    """

    learner: FineTune
    test: Corpus
    strategy: str = "mahalanobis"
    aggregate: Aggregation = "mean"
    rounds: int = Field(default=5, ge=1)
    budget: int = Field(default=50, ge=1)
    unit: Unit = "sentence"
    noise: float = Field(default=0.0, ge=0, le=1)
    seed: int = 0

    @field_validator("strategy")
    @classmethod
    def _known(cls, name: str) -> str:
        """Check that the strategy exists."""
        if name not in STRATEGIES:
            raise ValueError(f"there are {', '.join(STRATEGIES)}")
        return name

    def pool(self) -> tuple[Annotated, ...]:
        """The corpora that are chosen from, as the annotator would annotate all of them."""
        return tuple(
            corpus.to(Annotated, unit=self.unit, noise=self.noise, noise_seed=self.seed)
            for corpus in self.learner.train
        )

    def model(self, ids: list[str]) -> FineTune:
        """The learner with these units annotated and no others."""
        train = tuple(corpus.only(ids) for corpus in self.pool())
        return self.learner.to(type(self.learner), train=train, seed=self.seed)

    def compute(self, folder: Path) -> dict[str, float]:
        """Go on from the last finished round, and in a round from the last checkpoint of its training.

        ``rounds.json`` has a row a round: the ids that were added, how many units and words are annotated, the steps
        of the training and the tokens that it read, and the counts of right, predicted and gold mentions of each test
        document by type. Where sentences are drawn at random, so that no uncertainty has chosen its own training data,
        the last row also says how well each finds the model's errors among the words of the test's sentences
        (:mod:`chemxl.active.calibration`), and how long sentences are that each would choose
        (:mod:`chemxl.active.lengths`).

        Raises:
            ChemxlError: two units of the pool have one id, or it has fewer than the first round's.
        """
        units = [unit for corpus in self.pool() for unit in corpus.load()]
        ids = [unit.id for unit in units]
        if len(set(ids)) < len(ids) or len(ids) < self.budget:
            raise ChemxlError(
                f"a pool of {len(ids)} units, {len(set(ids))} with names of their own: give more, or others"
            )
        rows = _read(folder / ROUNDS)
        while len(rows) < self.rounds:
            done = [id for row in rows for id in row["added"]]
            added = rows[-1]["next"] if rows else self.first(ids)
            if not added:  # the pool is empty
                break
            rows.append(self._round(folder / f"round-{len(rows):02}", [*done, *added], added, number=len(rows)))
            write_json(folder / ROUNDS, rows)
        for left in folder.glob("round-*"):
            shutil.rmtree(left)
        return _summary(rows)

    def first(self, ids: list[str]) -> list[str]:
        """The units of the first round, out of the pool's units."""
        drawn = np.random.default_rng([self.seed, 0]).permutation(len(ids))[: self.budget]
        return [ids[i] for i in drawn]

    def _round(self, folder: Path, annotated: list[str], added: list[str], *, number: int) -> dict[str, Any]:
        """Train on what is annotated, score, and choose what is next."""
        value, known = self.model(annotated), set(annotated)
        run, counts = self._first_model(value) if number == 0 else self._next_model(value, folder)
        labelled = [unit for corpus in value.train for unit in corpus.load()]
        left = [unit for corpus in self.pool() for unit in corpus.load() if unit.id not in known]
        network, rng = TaggerModel(Tagger.load(run)), np.random.default_rng([self.seed, number + 1])
        row: dict[str, Any] = {
            "added": added,
            "units": len(annotated),
            "words": sum(len(unit.words) for unit in labelled),
            **_trained_for(run),
            "types": list(counts.types),
            "counts": counts.values.tolist(),
            "next": [],
        }
        if number + 1 < self.rounds:
            chosen = query(
                self.strategy, network, left, self.budget, rng=rng, labelled=labelled, aggregate=self.aggregate
            )
            return row | {"next": [left[i].id for i in chosen]}
        if self.strategy != "random":
            return row
        tested = [sentence for document in self.test.load() for sentence in split(document)]
        row |= _calibrated(rankings(network, tested, labelled=labelled, rng=rng))
        return row | {"lengths": lengths(network, left, self.budget, labelled=labelled, rng=rng) if left else {}}

    def _first_model(self, value: FineTune) -> tuple[Path, metrics.Counts]:
        """The folder and the score of the first model, which is trained and scored once for all strategies."""
        return value.run().folder, evaluation(value, self.test).counts()

    def _next_model(self, value: FineTune, folder: Path) -> tuple[Path, metrics.Counts]:
        """The folder and the score of a later model, kept in the loop's own folder, since the weights of every round
        would fill a disk."""
        finished = folder / "metrics.json"
        if not finished.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_json(finished, value.compute(folder))
        documents = self.test.load()
        return folder, Tagger.count(documents, Tagger.load(folder).predict(documents))

    def history(self) -> list[dict[str, Any]]:
        """The rows of ``rounds.json``, one for each finished round."""
        return _read(self.run().folder / ROUNDS)

    def curve(self) -> tuple[list[int], list[float]]:
        """The number of annotated units and micro F1 after every round."""
        rows = self.history()
        return [row["units"] for row in rows], [_f1(row) for row in rows]

    def every(self) -> list[metrics.Counts]:
        """The counts of every round, for intervals and paired tests."""
        return [_counts(row) for row in self.history()]

    def counts(self) -> metrics.Counts:
        """The right, found and due mentions of the last round, by test document."""
        return self.every()[-1]


def _calibrated(found: dict[str, Ranking]) -> dict[str, dict[str, Any]]:
    """Areas under the ROC and the risk curves for each uncertainty, and points of the risk curves, as one entry of
    ``rounds.json``."""
    areas = {f"aurc.{name}": float(ranking.risk.mean()) for name, ranking in found.items()}
    areas |= {f"auroc.{name}": ranking.auroc for name, ranking in found.items()}
    return {"calibration": areas, "risk": {name: ranking.at(SHARES) for name, ranking in found.items()}}


def _trained_for(run: Path) -> dict[str, int]:
    """Steps and tokens of a training, from its history."""
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text("utf-8").splitlines()]
    read = [row["tokens"] for row in rows if "tokens" in row]
    return {"steps": len(read), "tokens": sum(read)}


def _read(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON file; none if it is not there."""
    return cast("list[dict[str, Any]]", json.loads(path.read_text("utf-8"))) if path.exists() else []


def _counts(row: dict[str, Any]) -> metrics.Counts:
    """The counts that a row of ``rounds.json`` holds."""
    return metrics.Counts(
        tuple(row["types"]), np.array(row["counts"], dtype=np.int64).reshape(-1, len(row["types"]), 3)
    )


def _f1(row: dict[str, Any]) -> float:
    """Micro F1 of a row of ``rounds.json``."""
    return _counts(row).scores()[metrics.MICRO].f1


def _summary(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The metrics of a run: F1 after the last round and after each, the mean height of the learning curve, and the
    calibration of the last row."""
    units, f1 = [row["units"] for row in rows], [_f1(row) for row in rows]
    area = float(mean_height(np.array(f1), units))
    every = {f"{n} units.f1": value for n, value in zip(units, f1, strict=True)}
    calibrated: dict[str, float] = rows[-1].get("calibration", {})
    chosen = {f"length.{name}": value for name, value in rows[-1].get("lengths", {}).items()}
    return {"micro.f1": f1[-1], "area": area, "documents": len(rows[-1]["counts"]), **every, **calibrated, **chosen}
