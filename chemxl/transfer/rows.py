"""The rows of chapter 5, from finished runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from chemxl.evaluation import metrics, significance
from chemxl.evaluation.learning_curves import SHARE, Estimate, Learning, area, gained, needed, saved
from chemxl.results import tallies
from chemxl.results.chapters import Line
from chemxl.results.rows import COUNTED, Key, Keys, Pair, Row, differences, known, scored
from chemxl.transfer.crossings import first_crossings, simulated
from chemxl.transfer.experiments import FewShot, ZeroShot

NONE = "none"
AS_LONG = "none, as long"  # trained without a source until as much was read as with one
SHARES = (SHARE, 0.9)  # of full performance: the paper's, and one that curves of few sentences come to
SENTENCES = "labelled sentences"
HEIGHT = "F1, mean over logarithms of numbers of sentences"


@dataclass(frozen=True)
class FewShotCurve:
    """Taggers of one target, trained on more and more sentences after one source or none.

    Args:
        values: the taggers by number of sentences, one a seed.
        full: the target's own tagger of the matrix, one a seed.
    """

    test: str
    type: str
    train: str
    values: dict[int, list[FewShot]]
    full: Sequence[ZeroShot]

    @property
    def keys(self) -> Keys:
        """The keys of the curve."""
        return {"train": self.train, "test": self.test}

    @property
    def experiments(self) -> list[FewShot | ZeroShot]:
        """All taggers, those with the fewest sentences first."""
        return [*(value for values in self.values.values() for value in values), *self.full]

    @cached_property
    def learning(self) -> Learning:
        """The counts of all sizes and seeds."""
        runs = [[tallies.of(value).column() for value in values] for values in zip(*self.values.values(), strict=True)]
        full = np.array([tallies.of(value).column() for value in self.full])
        return Learning(list(self.values), np.array(runs), full)


def zero_shot(values: Sequence[ZeroShot], *, lengths: bool) -> list[Row]:
    """Rows with F1, precision and recall of a cell of the matrix.

    Args:
        lengths: how long the tagger was trained, too.
    """
    return scored(values, scores=metrics.SCORES) + (_lengths(values) if lengths else [])


def few_shot(values: Sequence[FewShot]) -> list[Row]:
    """Rows with F1 after so many sentences; without a source also the length of training, which is the same after
    one."""
    return scored(values) + (_lengths(values) if values[0].start is None else [])


def tests(cells: Sequence[Line]) -> list[Row]:
    """Rows with F1 of every text less that of the best text other than the one tested.

    Holm's method corrects over all pairs of texts on all tests, since the best one is chosen by the same scores.

    Args:
        cells: the cells of the matrix of one type.
    """
    by_test: dict[Key, list[Line]] = {}
    for cell in cells:
        by_test.setdefault(cell.keys["test"], []).append(cell)
    pairs, kept = [], []
    for test, group in by_test.items():
        best = max((cell for cell in group if cell.keys["train"] != test), key=_mean)
        for a, b in combinations(group, 2):
            first, second = (b, a) if a is best else (a, b)
            keys: Keys = {**first.keys, "less_train": second.keys["train"]}
            pairs.append(Pair(keys, first.experiments, second.experiments))
            kept.append(second is best)
    return [row for row, keep in zip(differences(pairs), kept, strict=True) if keep]


def _mean(cell: Line) -> float:
    """Mean F1 of a cell."""
    return significance.mean_score([tallies.of(value).column() for value in cell.experiments])


def enough(curves: Sequence[FewShotCurve]) -> list[Row]:
    """Rows with what the curves of one type say; gains over no source are corrected over all of them."""
    moved = [curve for curve in curves if curve.train != NONE]
    gains = iter(gained([(alone(curves, curve).learning, curve.learning) for curve in moved], logarithmic=True))
    made = []
    for curve in curves:
        made += _thresholds(curve, alone(curves, curve))
        made.append(_estimated(curve, "area", area(curve.learning, logarithmic=True), HEIGHT))
        spread = curve.learning.scatter()
        how: dict[str, Any] = {"scorer": "standard deviation of F1 over seeds", "rule": ""}
        made.append(known("scatter", (spread,) * 3, curve.full, keys=curve.keys, **how))
        if curve.train == NONE:
            made += _early(curve)
        else:
            gain = next(gains)
            made.append(known("gained", gain[:3], curve.full, p=round(gain.p, 4), scorer=HEIGHT, keys=curve.keys))
    return made


def as_long(curves: Sequence[FewShotCurve], controls: Mapping[str, Mapping[int, Sequence[FewShot]]]) -> list[Row]:
    """Rows that tell the source from longer training: F1 of every start less that of a tagger without a source that has
    read as many sentences as source and target together; corrected by Holm's method over all of a type.

    Args:
        controls: these, by target and size.
    """
    return differences(
        [
            Pair({**curve.keys, "sentences": size, "less_train": AS_LONG}, curve.values[size], values)
            for size in next(iter(controls.values()))
            for curve in curves
            for values in [controls[curve.test][size]]
        ]
    )


def alone(curves: Sequence[FewShotCurve], curve: FewShotCurve) -> FewShotCurve:
    """The curve of the same target without a source."""
    return next(one for one in curves if (one.train, one.test, one.type) == (NONE, curve.test, curve.type))


def _thresholds(curve: FewShotCurve, without: FewShotCurve) -> list[Row]:
    """Rows with sentences to shares of full performance, first crossings, and sentences saved against no source."""
    crossings = first_crossings(curve.learning)
    ends = Estimate(float(np.median(crossings)), min(crossings), max(crossings))
    made = [_estimated(curve, "first crossing", ends, SENTENCES, rule="range over seeds")]
    for share in SHARES:
        found = needed(curve.learning, rng=_rng(), share=share)
        made.append(_estimated(curve, "sentences needed", found, SENTENCES, share=share))
        if curve.train != NONE:
            saving = saved(without.learning, curve.learning, rng=_rng(), share=share)
            if not math.isnan(saving.value):
                row = _estimated(curve, "sentences saved", saving, SENTENCES, share=share)
                made.append(row.model_copy(update={"bound": saving.bound}))
            neither = Estimate(saving.neither, saving.neither, saving.neither)
            made.append(_estimated(curve, "neither gets there", neither, SENTENCES, rule="", share=share))
    return made


def _early(curve: FewShotCurve) -> list[Row]:
    """Rows that say where single runs cross first if the curve is the truth."""
    found = simulated(curve.learning, rng=_rng())
    numbers = {
        "simulated curve crosses": (found.curve, SENTENCES),
        "too early": (found.early, "share of simulated runs"),
        "scatter of a run": (found.spread, "standard deviation of F1"),
        "correlation": (found.correlation, "of a run's deviations at two sizes"),
    }
    made = [_estimated(curve, "simulated runs cross", found.runs, SENTENCES, rule="simulated runs")]
    for metric, (value, scorer) in numbers.items():
        made.append(_estimated(curve, metric, Estimate(value, value, value), scorer, rule=""))
    return made


def _estimated(
    curve: FewShotCurve, metric: str, found: Estimate, scorer: str, *, rule: str = significance.RULE, **keys: Key
) -> Row:
    """A row with an estimate on a curve."""
    ends = (found.value, found.low, found.high)
    return known(metric, ends, curve.full, rule=rule, scorer=scorer, keys={**curve.keys, **keys})


def _lengths(values: Sequence[ZeroShot] | Sequence[FewShot]) -> list[Row]:
    """Rows with sentences read in training, repeated ones counted again, and steps; means with the least and the
    most."""
    read, steps = [], []
    for value in values:
        trained, size = (value, "trained on documents") if isinstance(value, FewShot) else (value.model, "documents")
        run = trained.run()
        read.append(run.metrics[size] * trained.training.epochs)
        steps.append(float(len(run.history())))
    how: dict[str, Any] = {"rule": "range over seeds", "scorer": COUNTED}
    found = {"sentences read": read, "steps": steps}
    return [known(metric, (float(np.mean(of)), min(of), max(of)), values, **how) for metric, of in found.items()]


def _rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(0)
