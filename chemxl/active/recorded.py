"""What chapter 2 shows of recorded rows: learning curves, lengths of sentences, and calibration."""

from __future__ import annotations

from collections.abc import Sequence

from chemxl.active.chapter import HEADS, parsed, tables
from chemxl.active.curves import families
from chemxl.results import show
from chemxl.results.figures import Bar, Curve
from chemxl.results.records import Row


def standing(recorded: Sequence[Row], table: str) -> list[Row]:
    """The rows of a table, of whatever profile."""
    return [row for row in recorded if row.table == tables(row.profile)[table]]


def by_method(recorded: Sequence[Row], table: str) -> dict[str, dict[str, list[Row]]]:
    """The same by task and by method, where rows are named so."""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in standing(recorded, table):
        method, task = row.row.split(", ", 1)[1].split(": ", 1)
        found.setdefault(task, {}).setdefault(method, []).append(row)
    return found


def curves(recorded: Sequence[Row]) -> dict[str, list[Curve]]:
    """F1 by annotated sentences, a list of curves a figure; by the figure's title."""
    made = {}
    for task, methods in by_method(recorded, "sentences").items():
        for family, group in families(methods).items():
            made[", ".join(filter(None, (task, family)))] = [
                Curve.of(method, {int(row.metric.split()[0]): row.interval() for row in rows})
                for method, rows in group.items()
            ]
    return made


def words(recorded: Sequence[Row]) -> list[dict[str, object]]:
    """How long the annotated sentences are, a row a method, a column a task."""
    found = by_method(recorded, "words")
    lines: dict[str, dict[str, object]] = {}
    for task, methods in found.items():
        for method, rows in methods.items():
            for row in rows:
                if row.metric == "words a sentence":
                    lines.setdefault(method, {"method": method})[task] = show.value(row.value, row.low, row.high, 1)
    return list(lines.values())


def ranked(recorded: Sequence[Row]) -> dict[str, list[Bar]]:
    """As :func:`chemxl.active.curves.ranked`, by task."""
    return {
        task: [
            Bar(row.metric, row.value, row.low, row.high, group=HEADS[parsed(method)[1]])
            for method, rows in methods.items()
            for row in rows
        ]
        for task, methods in by_method(recorded, "errors").items()
    }
