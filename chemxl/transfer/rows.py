"""Chapter 5's rows, from finished runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from chemxl.evaluation import metrics, significance
from chemxl.evaluation.learning_curves import BOUNDS, SHARE, Estimate, area, gained, needed, saved
from chemxl.experiments.schedule import run_all
from chemxl.results import records
from chemxl.results.records import Row
from chemxl.transfer.chapter import AS_LONG, Curve, Grid, Name, demonstration, table
from chemxl.transfer.crossings import first_crossings, simulated
from chemxl.transfer.experiments import FewShot, Material, ZeroShot

CHAPTER = "05_transfer"
TEXTS = "Texts"
ZERO, TESTS, FEW, ENOUGH, EARLY = "Zero-shot", "Tests", "Few-shot", "Sentences", "First crossings"
LONG = "As long"
SHARES = (SHARE, 0.9)  # the paper's, and one that curves of few sentences come to
COUNTED, CURVE = "labelled sentences", "the curve"
Matrix = Mapping[str, Sequence[ZeroShot]]


def everything(grid: Grid) -> list[Row]:
    """All that the grid gives, computed where it is not in the cache."""
    made = material(grid)
    for type in grid.types:
        made += crossed(grid, type)
        made += few_shot_all(grid, type, scores(made, type, grid.profile))
    return made


def material(grid: Grid) -> list[Row]:
    """What is trained and tested on."""
    values = grid.material()
    run_all(list(values.values()))
    return [row for name, value in values.items() for row in counted(name, value, grid.profile)]


def counted(name: str, value: Material, profile: str) -> list[Row]:
    """Of one text."""
    return records.measured(CHAPTER, TEXTS + demonstration(profile), name, value, profile=profile)


def crossed(grid: Grid, type: str) -> list[Row]:
    """The matrix of every text on every other, and its tests."""
    matrix = grid.matrix(type)
    run_all(grid.evaluations(type))
    made = [row for name, values in matrix.items() for row in zero_shot(name, values, type, grid.profile)]
    return made + tests(matrix, type, grid.profile)


def few_shot_all(grid: Grid, type: str, scores: Mapping[str, float]) -> list[Row]:
    """Every size of every curve, and what the curves say.

    Args:
        scores: F1 of the matrix by row.
    """
    curves = grid.curves(scores, type)
    controls = grid.controls(curves, type)
    run_all([value for curve in curves for value in curve.experiments] + [v for of in controls.values() for v in of])
    lines = [*(line for curve in curves for line in curve.values.items()), *controls.items()]
    made = [row for name, values in lines for row in few_shot(name, values, type, grid.profile)]
    return made + enough(curves, grid.profile) + as_long(grid, curves, controls)


def scores(rows: Sequence[Row], type: str, profile: str) -> dict[str, float]:
    """F1 of the zero-shot matrix by row."""
    return {r.row: r.value or 0.0 for r in rows if r.table == table(ZERO, type, profile) and r.metric == "F1"}


def zero_shot(name: str, values: Sequence[ZeroShot], type: str, profile: str) -> list[Row]:
    """F1, precision and recall of a cell of the matrix; on the diagonal how long the tagger was trained, too."""
    where, cell = table(ZERO, type, profile), Name.of(name)
    made = [
        records.row(CHAPTER, where, name, values, profile=profile, metric=metric, score=score)
        for metric, score in metrics.SCORES.items()
    ]
    return made + (_lengths(_Line(where, name, values, profile)) if cell.source == cell.target else [])


def few_shot(name: str, values: Sequence[FewShot], type: str, profile: str) -> list[Row]:
    """F1 with so many sentences; without a source how long the tagger was trained, too: it is the same after one."""
    where = table(FEW, type, profile)
    made = [records.row(CHAPTER, where, name, values, profile=profile)]
    return made + (_lengths(_Line(where, name, values, profile)) if values[0].start is None else [])


@dataclass(frozen=True)
class _Line:
    """Where a row stands, and of what experiments, one a seed."""

    table: str
    name: str
    values: Sequence[ZeroShot] | Sequence[FewShot]
    profile: str

    def row(self, metric: str, scorer: str, value: float, low: float | None = None, high: float | None = None) -> Row:
        """Of what is known already."""
        found = (value, value if low is None else low, value if high is None else high)
        how: dict[str, Any] = {"profile": self.profile, "metric": metric, "scorer": scorer, "found": found}
        return records.known(CHAPTER, self.table, self.name, self.values, **how)

    def estimated(self, metric: str, scorer: str, found: Estimate) -> Row:
        """Of an estimate."""
        return self.row(metric, scorer, found.value, found.low, found.high)

    def compared(self, metric: str, scorer: str, found: significance.Comparison) -> list[Row]:
        """A difference, and how likely chance gives as much."""
        difference = self.row(metric, scorer, found.difference, found.low, found.high)
        return [difference, self.row("p", "approximate randomisation over documents, Holm", found.p)]


def tests(matrix: Matrix, type: str, profile: str) -> list[Row]:
    """F1 of every text less that of the best text other than the one tested, with an interval and a p-value.

    Holm's method corrects over all pairs of texts on all tests, since the best one is chosen by the same scores.
    """
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for name, values in matrix.items():
        found.setdefault(Name.of(name).target, {})[name] = _columns(values)
    pairs, kept, bests = [], [], set()
    for target, columns in found.items():
        others = [name for name in columns if Name.of(name).source != target]
        best = max(others, key=lambda name: significance.mean_score(columns[name]))
        for a, b in combinations(columns, 2):
            first, second = (b, a) if a == best else (a, b)
            pairs.append((columns[first], columns[second]))
            kept.append((first, second))
        bests.add(best)
    made = []
    for (first, second), comparison in zip(kept, significance.compare(pairs), strict=True):
        if second in bests:
            name = first.replace(" → ", f" against {Name.of(second).source} → ", 1)
            line = _Line(table(TESTS, type, profile), name, matrix[first], profile)
            made += line.compared("difference", records.SCORER, comparison)
    return made


def enough(curves: Sequence[Curve], profile: str) -> list[Row]:
    """What the curves of one type say; tests of transfer against none are corrected over all of them."""
    scorer = "F1, mean over logarithms of numbers of sentences"
    moved = [curve for curve in curves if curve.source is not None]
    gains = iter(gained([(alone(curves, curve).learning, curve.learning) for curve in moved], logarithmic=True))
    made = []
    for curve in curves:
        line = _Line(table(ENOUGH, curve.type, profile), curve.name, curve.largest, profile)
        found = _thresholds(curve, alone(curves, curve))
        made += [line.estimated(metric, COUNTED, estimate) for metric, estimate in found.items()]
        height = area(curve.learning, rng=np.random.default_rng(0), logarithmic=True)
        made.append(line.estimated("area", scorer, height))
        made.append(line.row("scatter", "standard deviation of F1 over seeds", curve.learning.scatter()))
        made += _early(curve, profile) if curve.source is None else line.compared("gained", scorer, next(gains))
    return made


def as_long(grid: Grid, curves: Sequence[Curve], controls: Mapping[str, Sequence[FewShot]]) -> list[Row]:
    """What of transfer is the source, and what longer training: F1 with every start less that of a tagger that has no
    source and has read as many sentences as source and target have together; Holm's method over all of a type.

    Args:
        controls: these, by row.
    """
    lines, others = [], []
    for size in grid.few_as_long:
        for curve in curves:
            name = grid.row_of_few(curve.start, size, curve.target, curve.type)
            lines.append(_Line(table(LONG, curve.type, grid.profile), name, curve.values[name], grid.profile))
            others.append(controls[grid.row_of_few(AS_LONG, size, curve.target, curve.type)])
    pairs = [(_columns(line.values), _columns(other)) for line, other in zip(lines, others, strict=True)]
    found = zip(lines, significance.compare(pairs), strict=True)
    return [row for line, one in found for row in line.compared("difference", records.SCORER, one)]


def _columns(values: Sequence[ZeroShot] | Sequence[FewShot]) -> list[np.ndarray]:
    return [value.counts().column() for value in values]


def alone(curves: Sequence[Curve], curve: Curve) -> Curve:
    """The curve of the same target without a source."""
    return next(c for c in curves if c.source is None and (c.target, c.type) == (curve.target, curve.type))


def goal(share: float) -> str:
    """The name of a measure: how many sentences it takes to so much of full performance."""
    return f"to {100 * share:.0f} %"


def _thresholds(curve: Curve, without: Curve) -> dict[str, Estimate]:
    """Sentences to shares of full performance, first crossings, and sentences saved against no pretraining."""
    crossings = first_crossings(curve.learning)
    found = {"first crossing": Estimate(float(np.median(crossings)), min(crossings), max(crossings))}
    for share in SHARES:
        to = goal(share)
        found[to] = needed(curve.learning, rng=np.random.default_rng(0), share=share)
        if curve.source is None:
            continue
        saving = saved(without.learning, curve.learning, rng=np.random.default_rng(0), share=share)
        if not math.isnan(saving.value):
            found[f"saved {to}{BOUNDS[saving.bound]}"] = saving
        found[f"neither {to}"] = Estimate(saving.neither, saving.neither, saving.neither)
    return found


def _early(curve: Curve, profile: str) -> list[Row]:
    """Where single runs cross first, if the curve is the truth."""
    found = simulated(curve.learning, rng=np.random.default_rng(0))
    line = _Line(table(EARLY, curve.type, profile), curve.name, curve.largest, profile)
    return [
        line.row(CURVE, COUNTED, found.curve),
        line.estimated("single runs", COUNTED, found.runs),
        line.row("too early", "share of simulated runs", found.early),
        line.row("scatter of a run", "standard deviation of F1", found.spread),
        line.row("correlation", "of a run's deviations at two sizes", found.correlation),
    ]


def _lengths(line: _Line) -> list[Row]:
    """Sentences read in training, those that come again counted, and steps."""
    read, steps = [], []
    for value in line.values:
        trained = value if isinstance(value, FewShot) else value.model
        run = trained.run()
        learnt = run.metrics["trained on documents" if isinstance(trained, FewShot) else "documents"]
        read.append(learnt * trained.training.epochs)
        steps.append(float(len(run.history())))
    found = {"sentences read": read, "steps": steps}
    return [line.row(metric, "counted", float(np.mean(of)), min(of), max(of)) for metric, of in found.items()]
