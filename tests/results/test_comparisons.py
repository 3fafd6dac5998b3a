"""Differences as rows, and rows as cells."""

from __future__ import annotations

from chemxl.evaluation.significance import Comparison, Interval
from chemxl.results import comparisons
from chemxl.results.records import Row


def row(metric: str, found: Interval, scorer: str) -> Row:
    value, low, high = found
    how = {"chapter": "00", "table": "differences", "row": "a task", "profile": "small"}
    return Row(metric=metric, value=value, low=low, high=high, scorer=scorer, **how)


def test_what_was_compared_comes_back_as_it_was() -> None:
    found = {"a − b": Comparison(0.25, 0.125, 0.5, 0.01, True), "b − c": Comparison(-0.5, -0.75, 0.25, 0.5, False)}
    rows = comparisons.rows(found, row)
    assert [one.metric for one in rows] == ["a − b", "a − b, p", "b − c", "b − c, p"]
    assert "randomisation" in rows[1].scorer and "randomisation" not in rows[0].scorer
    assert comparisons.cells(rows) == {
        ("a task", "a − b"): {"difference": "0.250 [0.125, 0.500]", "p": 0.01},
        ("a task", "b − c"): {"difference": "-0.500 [-0.750, 0.250]", "p": 0.5},
    }
