"""Chapter 6's rows and tables, from finished runs or from what was recorded of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from chemxl.contrastive.chapter import COSINE, GAUSSIAN, LABELS, NONE, TWICE, VIEWS, Grid, Task
from chemxl.evaluation import learning_curves, metrics, significance
from chemxl.models.learner import Evaluation
from chemxl.results import comparisons, records
from chemxl.results.figures import Curve
from chemxl.results.records import Row

CHAPTER = "06_contrastive_pretraining"
SCORES, DIFFERENCES, SAVED = "Contrastive pretraining", "Contrastive pretraining, differences", "Sentences saved"
PAIRS = (
    (GAUSSIAN, NONE),
    (GAUSSIAN, TWICE),
    (GAUSSIAN, COSINE),
    (VIEWS, GAUSSIAN),
    (VIEWS, NONE),
    (VIEWS, TWICE),
)
_SIZE = " sentences: "
Lines = Mapping[str, Sequence[Evaluation]]
Cells = list[dict[str, object]]


def table(what: str, profile: str) -> str:
    """The name of a table: ``what`` is one of those above."""
    return f"{what}: " + ("mini corpus, four types (a demonstration)" if profile == "small" else "real text")


def scores(name: str, values: Sequence[Evaluation], profile: str) -> list[Row]:
    """F1, precision and recall; F1 of each type, where there are several."""
    row = partial(records.row, CHAPTER, table(SCORES, profile), name, values, profile=profile)
    types = values[0].counts().types
    made = [row(metric=metric, score=score) for metric, score in metrics.SCORES.items()]
    return made + [row(type=type) for type in types if len(types) > 1]


def over_sizes(grid: Grid, task: Task, lines: Lines, profile: str) -> list[Row]:
    """What is asked of all rows of a task: differences between methods, and labelled sentences saved."""
    first = lines[grid.row(task, NONE, min(grid.sizes))]

    def row(what: str, metric: str, found: significance.Interval, scorer: str) -> Row:
        """Under the task's name and the configuration of no pretraining."""
        how: dict[str, Any] = {"profile": profile, "metric": metric, "scorer": scorer, "found": found}
        return records.known(CHAPTER, table(what, profile), task.name, first, **how)

    made = comparisons.rows(differences(grid, task, lines), partial(row, DIFFERENCES))
    for method, e in saved(grid, task, lines).items():
        metric = f"{method}{learning_curves.BOUNDS[e.bound]}"
        made.append(row(SAVED, metric, (e.value, e.low, e.high), "labelled sentences"))
    return made


def differences(grid: Grid, task: Task, lines: Lines) -> dict[str, significance.Comparison]:
    """``PAIRS`` compared, by size and pair; p-values are corrected over the task."""
    asked = {
        f"{size:,}{_SIZE}{LABELS[method]} − {LABELS[other]}": (_counts(lines[name]), _counts(lines[than]))
        for size in grid.sizes
        for method, other in PAIRS
        if (name := grid.row(task, method, size)) in lines and (than := grid.row(task, other, size)) in lines
    }
    return dict(zip(asked, significance.compare(list(asked.values())), strict=True))


def saved(grid: Grid, task: Task, lines: Lines) -> dict[str, learning_curves.Saving]:
    """Sentences fewer with which a method has the F1 that none has with the most."""
    curves = {}
    for method in LABELS:
        runs = [_counts(lines[name]) for size in grid.sizes if (name := grid.row(task, method, size)) in lines]
        if runs:
            curves[method] = learning_curves.Learning(grid.sizes, np.array(runs).swapaxes(0, 1))
    return {
        LABELS[method]: learning_curves.saved(curves[NONE], curve, rng=np.random.default_rng(0), share=1.0)
        for method, curve in curves.items()
        if method != NONE
    }


def _counts(values: Sequence[Evaluation]) -> list[np.ndarray]:
    return [value.counts().column() for value in values]


def rows(grid: Grid, chosen: Sequence[Task], lines: Lines, profile: str) -> list[Row]:
    """Everything that finished runs give."""
    made = [row for name, values in lines.items() for row in scores(name, values, profile)]
    return made + [row for task in chosen for row in over_sizes(grid, task, lines, profile)]


class _Cell(NamedTuple):
    task: str
    size: int
    method: str
    row: Row


def _cells(found: Sequence[Row]) -> Iterator[_Cell]:
    """Scores, with what their rows' names say: ``encoder+method: 50 sentences of task → task``."""
    for row in found:
        if row.table.startswith(f"{SCORES}: "):
            model, _, rest = row.row.partition(": ")
            method = max((m for m in LABELS if model.endswith(m)), key=len)
            size, _, task = rest.partition(" → ")[0].partition(" sentences of ")
            yield _Cell(task, int(size.replace(",", "")), LABELS[method], row)


def boards(found: Sequence[Row], what: str, made: Callable[[Sequence[Row]], Cells]) -> dict[str, Cells]:
    """By table of a kind, what is shown of its rows."""
    names = dict.fromkeys(row.table for row in found if row.table.startswith(f"{what}: "))
    return {name: made([row for row in found if row.table == name]) for name in names}


def by_size(found: Sequence[Row]) -> Cells:
    """F1, a column a number of labelled sentences."""
    lines: dict[tuple[str, str], dict[str, object]] = {}
    for cell in _cells(found):
        if cell.row.metric == "F1":
            line = lines.setdefault((cell.task, cell.method), {"task": cell.task, "pretraining": cell.method})
            line[f"{cell.size:,} sentences"] = records.interval(cell.row)
    return list(lines.values())


def by_type(found: Sequence[Row]) -> Cells:
    """Precision, recall and F1 of each type, with the most labelled sentences."""
    cells = list(_cells(found))
    most = max((cell.size for cell in cells), default=0)
    measures = dict.fromkeys(("P", "R", "F1", *(cell.row.metric for cell in cells)))
    lines: dict[tuple[str, str], dict[str, object]] = {}
    for cell in cells:
        if cell.size == most:
            empty = {"task": cell.task, "pretraining": cell.method, **dict.fromkeys(measures)}
            lines.setdefault((cell.task, cell.method), empty)[cell.row.metric] = records.interval(cell.row)
    return list(lines.values())


def compared(found: Sequence[Row]) -> Cells:
    """Differences of F1 with interval and p."""
    asked = comparisons.cells([row for row in found if row.table.startswith(f"{DIFFERENCES}: ")])
    parts = {key: key[1].partition(_SIZE) for key in asked}
    return [{"task": key[0], "sentences": parts[key][0], "compared": parts[key][2], **asked[key]} for key in asked]


def fewer(found: Sequence[Row]) -> Cells:
    """Sentences saved, a column a task."""
    lines: dict[str, dict[str, object]] = {}
    for row in found:
        if row.table.startswith(f"{SAVED}: "):
            method, bound = learning_curves.parted(row.metric)
            one = learning_curves.Saving(*row.interval(), bound)
            lines.setdefault(method, {"pretraining": method})[row.row] = one.sentences()
    return list(lines.values())


def drawn(found: Sequence[Row]) -> dict[str, list[Curve]]:
    """By task, F1 against the number of labelled sentences, a curve a method."""
    groups: dict[str, dict[str, list[_Cell]]] = {}
    for cell in _cells(found):
        if cell.row.metric == "F1":
            groups.setdefault(cell.task, {}).setdefault(cell.method, []).append(cell)
    return {
        task: [
            Curve.of(method, {cell.size: cell.row.interval() for cell in cells}) for method, cells in methods.items()
        ]
        for task, methods in groups.items()
    }
