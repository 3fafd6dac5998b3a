"""Differences between methods as recorded rows, two a difference, and as cells of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chemxl.evaluation.significance import Comparison, Interval
from chemxl.results.records import SCORER, Row, interval

_P = ", p"


def rows(found: Mapping[str, Comparison], row: Callable[[str, Interval, str], Row]) -> list[Row]:
    """A row with the difference, under what was asked, and one with its p-value.

    Args:
        found: by what was asked.
        row: of a metric, what was found, and how it was scored.
    """
    made = []
    for asked, one in found.items():
        made.append(row(asked, one[:3], f"difference of F1, {SCORER}"))
        made.append(row(f"{asked}{_P}", (one.p,) * 3, "approximate randomisation, Holm's method"))
    return made


def cells(found: Sequence[Row]) -> dict[tuple[str, str], dict[str, object]]:
    """The difference with its interval, and p, by the rows' name and by what was asked."""
    made: dict[tuple[str, str], dict[str, object]] = {}
    for row in found:
        asked = row.metric.removesuffix(_P)
        cell = made.setdefault((row.row, asked), {})
        cell |= {"difference": interval(row)} if row.metric == asked else {"p": row.value}
    return made
