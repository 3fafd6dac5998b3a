"""Chapter 5's rows and tables, from finished runs or from what was recorded of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.isotonic import isotonic_regression
from statsmodels.stats.multitest import multipletests

from chemxl import metrics, records, show, significance
from chemxl.figures import Curve as Line
from chemxl.grid import run_all
from chemxl.learning import SHARE, Estimate, area, first_crossings, needed, reached, saved
from chemxl.records import Row
from chemxl.transfer.chapter import DISEASE, DRUG, NONE, Curve, Grid, table
from chemxl.transfer.experiments import FewShot, ZeroShot

CHAPTER = "05_transfer"
ZERO, FEW, ENOUGH = "Zero-shot", "Few-shot", "Sentences"
SIGNIFICANT = 0.05
PAPERS = {
    DRUG: "Paper 1, tables 2 and 3 (drugs)",
    DISEASE: "Paper 1, tables 2 and 3 (diseases)",
    ENOUGH: "Paper 1, table 5",
}
Cells = list[dict[str, object]]


def zero_shot(name: str, values: Sequence[ZeroShot], type: str, profile: str) -> list[Row]:
    """F1, precision and recall of a cell of the matrix."""
    where = table(ZERO, type, profile)
    return [records.row(CHAPTER, where, name, values, profile=profile, metric=metric) for metric in metrics.SCORES]


def few_shot(name: str, values: Sequence[FewShot], type: str, profile: str) -> list[Row]:
    """F1 with so many sentences."""
    return [records.row(CHAPTER, table(FEW, type, profile), name, values, profile=profile)]


def enough(curve: Curve, without: Curve, profile: str) -> list[Row]:
    """Sentences to 99 % of full performance, first crossings, area, and sentences saved against no pretraining."""
    learning = curve.learning
    crossings = first_crossings(learning)
    found = {
        "to 99 %": needed(learning, rng=np.random.default_rng(0)),
        "first crossing": Estimate(float(np.mean(crossings)), min(crossings), max(crossings)),
        "saved": saved(without.learning, learning, rng=np.random.default_rng(0)),
        "area": area(learning, rng=np.random.default_rng(0)),
    }
    if curve.source is None:
        del found["saved"]
    where, area_of = table(ENOUGH, curve.type, profile), "F1, mean over numbers of sentences"
    made = []
    for metric, e in found.items():
        if math.isnan(e.value):  # neither way reaches the goal: nothing is known to be saved
            continue
        # Draws are rougher than the curve itself, whose threshold may lie beyond theirs.
        ends = (e.value, min(e.low, e.value), max(e.high, e.value))
        scorer = area_of if metric == "area" else "labelled sentences"
        few = next(iter(curve.values.values()))
        shared: dict[str, Any] = {"profile": profile, "metric": metric, "scorer": scorer, "estimator": _known(ends)}
        made.append(records.row(CHAPTER, where, curve.name, few, **shared))
    return made


def _known(ends: tuple[float, float, float]) -> Callable[[Sequence[Any]], tuple[float, float, float]]:
    return lambda _: ends


def rows(grid: Grid) -> list[Row]:
    """Everything that the grid gives, computed where it is not in the cache."""
    made: list[Row] = []
    for type in grid.types:
        matrix = grid.matrix(type)
        run_all(grid.evaluations(type))
        for name, values in matrix.items():
            made += zero_shot(name, values, type, grid.profile)
        curves = grid.curves(scores(made, type, grid.profile), type)
        run_all([value for curve in curves for value in curve.experiments])
        made += all_few_shot(curves, grid.profile)
    return made


def board(rows: Sequence[Row]) -> dict[str, Cells]:
    """What the scoreboard shows, by table: F1 of the matrix, F1 by sentences, sentences that are enough."""
    made: dict[str, Cells] = {}
    for name in dict.fromkeys(r.table for r in rows):
        if name.startswith((ZERO, PAPERS[DRUG], PAPERS[DISEASE])):
            made[f"{name}, F1"] = wide(rows, name, "F1")
        elif name.startswith(FEW):
            made[name] = [{"row": r.row, "F1": records.interval(r)} for r in rows if r.table == name]
        else:
            made[name] = summary(rows, name) if name.startswith(ENOUGH) else records.wide(rows, name)
    return made


def all_few_shot(curves: Sequence[Curve], profile: str) -> list[Row]:
    """Rows of all curves."""
    made = []
    for curve in curves:
        for name, values in curve.values.items():
            made += few_shot(name, values, curve.type, profile)
        made += enough(curve, alone(curves, curve), profile)
    return made


def alone(curves: Sequence[Curve], curve: Curve) -> Curve:
    """The curve of the same target without a source."""
    return next(c for c in curves if c.source is None and (c.target, c.type) == (curve.target, curve.type))


def scores(rows: Sequence[Row], type: str, profile: str) -> dict[str, float]:
    """F1 of the zero-shot matrix by row."""
    return {r.row: r.value or 0.0 for r in rows if r.table == table(ZERO, type, profile) and r.metric == "F1"}


def differing(matrix: Mapping[str, Sequence[ZeroShot]]) -> set[str]:
    """Rows of the matrix whose F1 differs from that of the best other corpus on the same test.

    Counts of all seeds are pooled by document; p-values are corrected by Holm's method over the matrix.
    """
    pooled = {name: np.sum([value.counts().column() for value in values], axis=0) for name, values in matrix.items()}
    pairs: list[tuple[str, str]] = []
    for test in dict.fromkeys(name.rpartition(" → ")[2] for name in matrix):
        names = [name for name in matrix if name.endswith(f" → {test}")]
        own = test.partition(", ")[0]
        others = [name for name in names if not name.endswith(f": {own} → {test}")]
        best = max(others, key=lambda name: float(metrics.f1(pooled[name].sum(axis=0))))
        pairs += [(name, best) for name in names if name != best]
    rng = np.random.default_rng(0)
    raw = [significance.approximate_randomisation(pooled[a], pooled[b], rng=rng) for a, b in pairs]
    corrected = multipletests(raw, method="holm")[1] if raw else []
    return {name for (name, _), p in zip(pairs, corrected, strict=True) if p < SIGNIFICANT}


def wide(rows: Sequence[Row], name: str, metric: str, *, marked: frozenset[str] | set[str] = frozenset()) -> Cells:
    """One measure of the matrix, a row a test and a column a source; marked cells have a star."""
    cells: dict[str, dict[str, object]] = {}
    if not any(r.table == name for r in rows):
        return _nothing()
    for r in rows:
        if r.table == name and r.metric == metric:
            source, _, target = _cell(r)
            value = r.paper if r.value is None else r.value
            line = cells.setdefault(target, {"tested on": target})
            line[source] = show.value(value) + ("*" if r.row in marked else "")
    sources = dict.fromkeys(
        [*cells, *(name for line in cells.values() for name in line)]
    )  # as the rows, where they are
    del sources["tested on"]
    return [{"tested on": t} | {s: line.get(s) for s in sources} for t, line in cells.items()]


def lines(rows: Sequence[Row], name: str, target: str) -> list[Line]:
    """Curves of one target as they were recorded, or built: mean F1 and interval by size."""
    found: dict[str, list[tuple[int, Row]]] = {}
    for r in rows:
        source, size, tested = _cell(r)
        if r.table == name and tested == target:
            found.setdefault(source, []).append((int(size), r))
    return [
        Line(
            "no pretraining" if source == NONE else source,
            [size for size, _ in of],
            [[r.value or 0.0 for _, r in of]],
            band=([r.low or 0.0 for _, r in of], [r.high or 0.0 for _, r in of]),
        )
        for source, of in found.items()
    ]


def drawn(rows: Sequence[Row]) -> list[tuple[str, str, list[Line]]]:
    """Table, target and curves of every few-shot figure that the rows give."""
    pairs = dict.fromkeys((r.table, _cell(r)[2]) for r in rows if r.table.startswith(FEW))
    return [(name, target, lines(rows, name, target)) for name, target in pairs]


def summary(rows: Sequence[Row], name: str) -> Cells:
    """Table 5 of the paper, with what it lacks."""
    cells: dict[str, dict[str, object]] = {}
    few = [r for r in rows if r.table.startswith(FEW)]
    most = max((int(_cell(r)[1]) for r in few), default=0)
    for r in rows:
        if r.table == name:
            source, _, target = _cell(r)
            line = cells.setdefault(r.row, {"target": target, "pretrained on": source})
            line[r.metric] = records.interval(r) if r.metric == "area" else counted(r, most)
    return list(cells.values()) or _nothing()


def bias(curves: Sequence[Curve], *, seed: int, sizes: int = 40, runs: int = 2000) -> Cells:
    """Where single runs cross first, if the mean curve without pretraining is the truth and runs scatter as they do.

    Args:
        sizes: of the simulated curve, at equal distances; the paper has 40.
    """
    rows: Cells = []
    for curve in (curve for curve in curves if curve.source is None):
        scores, given = curve.learning.scores(), curve.learning.sizes  # (S, N)
        at = np.linspace(given[0], given[-1], sizes)  # (n,)
        truth = np.interp(at, given, isotonic_regression(scores.mean(axis=0)))  # (n,)
        spread = np.sqrt(scores.var(axis=0, ddof=1).mean()) if len(scores) > 1 else 0.0
        goal = SHARE * truth[-1]
        made = truth + spread * np.random.default_rng(seed).standard_normal((runs, sizes))  # (B, n)
        crossed = made[(made >= goal).any(axis=1)]
        first, due = at[(crossed >= goal).argmax(axis=1)], reached(at.tolist(), truth, goal)
        rows.append(
            {
                "target": curve.target.label,
                "type": curve.type,
                "spread of runs (F1)": float(spread),
                "curve crosses at": round(due),
                "runs cross first at, on average": round(float(first.mean())),
                "too early": f"{np.mean(first < due):.0%}",
            }
        )
    return rows


def counted(r: Row, most: int) -> str:
    """A number of sentences with the ends of its interval."""
    value, low, high = (float("nan") if number is None else number for number in (r.value, r.low, r.high))
    return Estimate(value, low, high).sentences(most)


def _cell(r: Row) -> tuple[str, str, str]:
    """Source, number of sentences and target of a row: ``encoder: source + 50 sentences → target, drugs``."""
    source, _, target = r.row.rpartition(": ")[2].partition(" → ")
    source, _, sentences = source.partition(" + ")
    return source, sentences.partition(" ")[0], target.partition(", ")[0]


def _nothing() -> Cells:
    return [{"row": "nothing is recorded yet"}]
