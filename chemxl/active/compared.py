"""Chapter 2's methods beside each other: differences with tests, sentences to a goal; as rows, and tables of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from chemxl.active.chapter import Task, control, parsed, tables, with_head
from chemxl.active.curves import Lines, by_words, controls, counted
from chemxl.active.recorded import by_method, standing
from chemxl.evaluation import learning_curves
from chemxl.evaluation.learning_curves import BOUNDS, Estimate, Learning, Saving
from chemxl.evaluation.significance import Comparison, Interval
from chemxl.models.learner import Evaluation
from chemxl.results import comparisons, records
from chemxl.results.records import Row

CHAPTER = "02_active_learning"
ENOUGH = 0.95  # of the F1 with everything annotated
WHOLE, RANDOM, SAVED = f"{ENOUGH:.0%} of all annotated", "what random ends in", "saved on the way to that"
LAST, EVERY = "last round", "all rounds"
_ALL = 1 - 1e-9  # of a curve's own end, which rounding may put above the curve
_LESS, _OF = " − ", ": "
Cells = list[dict[str, object]]
Wholes = Mapping[str, Sequence[Evaluation]]


def rivals(lines: Lines, method: str) -> list[str]:
    """What a method is compared with: random sentences with the same head, and the same strategy with the first
    method's head."""
    base = parsed(next(iter(lines)))[1]
    others = dict.fromkeys((control(method), with_head(method, base)))
    return [other for other in others if other != method and other in lines]


def differences(lines: Lines) -> dict[str, Comparison]:
    """Every method less its :func:`rivals`: F1 after the last round, and its mean over all of them, with an interval
    and a test of this very difference (:func:`chemxl.evaluation.learning_curves.gained`)."""
    curves = {method: counted(values) for method, values in lines.items()}
    last = {method: _last(curve) for method, curve in curves.items()}
    pairs = {
        f"{part}{_OF}{method}{_LESS}{other}": (of[other], of[method])
        for method in lines
        for other in rivals(lines, method)
        for part, of in ((LAST, last), (EVERY, curves))
    }
    return dict(zip(pairs, learning_curves.gained(list(pairs.values())), strict=True))


def _last(curve: Learning) -> Learning:
    """As if every round had been like the last, so that all tests have one score."""
    return Learning(curve.sizes, np.repeat(curve.counts[:, -1:], len(curve.sizes), axis=1))


def goals(lines: Lines, wholes: Wholes) -> dict[str, Estimate]:
    """How many sentences every method needs to come to two goals: a share of the F1 with everything annotated, and the
    F1 that random sentences with the same head end in, which is always within reach of these; and how many fewer than
    these it needs."""
    found: dict[str, Estimate] = {}
    rng = partial(np.random.default_rng, 0)
    randoms = {method: counted(values) for method, values in controls(lines).items()}
    for method, values in lines.items():
        random, far = randoms[control(method)], counted(values, wholes[parsed(method)[1]])
        near = Learning(far.sizes, far.counts, random.whole)
        found[f"{WHOLE}{_OF}{method}"] = learning_curves.needed(far, rng=rng(), share=ENOUGH)
        found[f"{RANDOM}{_OF}{method}"] = learning_curves.needed(near, rng=rng(), share=_ALL)
        if method != control(method):
            saved = learning_curves.saved(random, near, rng=rng(), share=_ALL)
            found[f"{SAVED}{_OF}{method}{BOUNDS[saved.bound]}"] = saved
    return found


def rows(task: Task, lines: Lines, wholes: Wholes, profile: str) -> list[Row]:
    """What is asked of all loops of a task."""

    def row(table: str, metric: str, found: Interval, scorer: str) -> Row:
        """Under the task's name and the first loops' configuration."""
        first, how = next(iter(lines.values())), {"profile": profile, "metric": metric, "scorer": scorer}
        return records.known(CHAPTER, tables(profile)[table], task.name, first, found=found, **how)

    made = comparisons.rows(differences(lines), partial(row, "less"))
    for asked, goal in goals(lines, wholes).items():
        made.append(row("needed", asked, (goal.value, goal.low, goal.high), "annotated sentences"))
    for method, height in by_words(lines).items():
        made.append(row("by words", method, height, f"mean over annotated words, {records.SCORER}"))
    return made


def compared(found: Sequence[Row]) -> Cells:
    """Differences of F1 with interval and p."""
    made: Cells = []
    for (task, asked), cells in comparisons.cells(standing(found, "less")).items():
        part, _, pair = asked.partition(_OF)
        method, _, other = pair.partition(_LESS)
        made.append({"task": task, "method": method, "less": other, "F1 of": part, **cells})
    return made


def needed(found: Sequence[Row]) -> Cells:
    """Sentences to the two goals, and saved, a row a task and method."""
    sizes = [int(row.metric.split()[0]) for row in standing(found, "sentences")]
    lines: dict[tuple[str, str], dict[str, object]] = {}
    for row in standing(found, "needed"):
        metric, bound = learning_curves.parted(row.metric)
        goal, _, method = metric.partition(_OF)
        line = lines.setdefault((row.row, method), {"task": row.row, "method": method})
        one = Saving(*row.interval(), bound) if goal == SAVED else Estimate(*row.interval())
        line[goal] = one.sentences(min(sizes, default=0), max(sizes, default=0))
    return list(lines.values())


def reached(found: Sequence[Row]) -> Cells:
    """F1 after the last round, and the mean F1 over annotated sentences and over annotated words."""
    lines: dict[tuple[str, str], dict[str, object]] = {}
    for table, column in (("F1", "F1 of the last round"), ("area", "mean F1 by sentences")):
        for task, methods in by_method(found, table).items():
            for method, [row] in methods.items():
                lines.setdefault((task, method), {"task": task, "method": method})[column] = records.interval(row)
    for row in standing(found, "by words"):
        lines[row.row, row.metric]["mean F1 by words"] = records.interval(row)
    return list(lines.values())
