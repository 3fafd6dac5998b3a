"""Chapter 6's tables: what is compared, what is saved, and what a page makes of the rows."""

from __future__ import annotations

from typing import Any

import pytest

from chemxl.contrastive import chapter, tables
from chemxl.results.records import Row
from tests.curves import Counted

GRID = chapter.Grid(encoder="mini", sizes=(10, 20), visits=40, tokens=512, rate=1e-3, tagger_rate=1e-3)
[TASK] = chapter.tasks("small")


def lines(**right: tuple[int, int]) -> Any:
    """Two seeds of each method, by what is right with the fewer and with the more sentences."""
    methods = {"none": chapter.NONE, "twice": chapter.TWICE, "cosine": chapter.COSINE, "gaussian": chapter.GAUSSIAN}
    return {
        GRID.row(TASK, methods[name], size): [Counted(found), Counted(found)]
        for name, both in right.items()
        for size, found in zip(GRID.sizes, both, strict=True)
    }


def test_pairs_are_compared_where_both_were_run() -> None:
    found = tables.differences(GRID, TASK, lines(none=(2, 4), twice=(3, 5), gaussian=(4, 5)))
    assert {asked: round(one.difference, 6) for asked, one in found.items()} == {
        "10 sentences: Gaussian − none": 0.2,
        "10 sentences: Gaussian − none, fine-tuned twice as long": 0.1,
        "20 sentences: Gaussian − none": 0.1,
        "20 sentences: Gaussian − none, fine-tuned twice as long": 0.0,
    }
    assert [one.p < 0.05 for one in found.values()] == [True, True, True, False]


def test_what_is_saved_is_measured_against_the_most_without_pretraining() -> None:
    found = tables.saved(GRID, TASK, lines(none=(2, 4), twice=(2, 3), gaussian=(3, 5)))
    assert found["Gaussian"].value == pytest.approx(5)  # 0.4 is reached half way
    assert found["none, fine-tuned twice as long"].value <= 0
    assert "none" not in found


def row(table: str, name: str, metric: str, value: float, half: float = 0.0) -> Row:
    ends = {"value": value, "low": value - half, "high": value + half}
    return Row(chapter=tables.CHAPTER, table=tables.table(table, "real"), row=name, metric=metric, **ends)


def test_a_page_has_a_column_a_size_and_a_line_a_method() -> None:
    name = "e5-small+mlm+gaussian+views: 1,000 sentences of BioNNE-R RU → BioNNE-R RU"
    found = [
        row(tables.SCORES, name, "F1", 0.5, 0.1),
        row(tables.SCORES, name, "P", 0.6, 0.1),
        row(tables.SCORES, name.replace("1,000", "50"), "F1", 0.25, 0.1),
    ]
    line = {"task": "BioNNE-R RU", "pretraining": "Gaussian, with views"}
    assert tables.by_size(found) == [
        line | {"1,000 sentences": "0.500 [0.400, 0.600]", "50 sentences": "0.250 [0.150, 0.350]"}
    ]
    assert tables.by_type(found) == [line | {"P": "0.600 [0.500, 0.700]", "R": None, "F1": "0.500 [0.400, 0.600]"}]
    [curve] = tables.drawn(found)["BioNNE-R RU"]
    assert (curve.label, curve.x, curve.runs) == ("Gaussian, with views", [1000, 50], [[0.5, 0.25]])
    assert tables.boards(found, tables.SAVED, tables.fewer) == {}
    assert list(tables.boards(found, tables.SCORES, tables.by_size)) == [tables.table(tables.SCORES, "real")]


def test_a_difference_stands_beside_its_p() -> None:
    asked = "1,000 sentences: Gaussian − cosine"
    found = [
        row(tables.DIFFERENCES, "BC5CDR", asked, -0.02, 0.01),
        row(tables.DIFFERENCES, "BC5CDR", f"{asked}, p", 0.25),
        row(tables.SAVED, "BC5CDR", "Gaussian", 120.0, 30.0),
    ]
    assert tables.compared(found) == [
        {
            "task": "BC5CDR",
            "sentences": "1,000",
            "compared": "Gaussian − cosine",
            "difference": "-0.020 [-0.030, -0.010]",
            "p": 0.25,
        }
    ]
    assert tables.fewer(found) == [{"pretraining": "Gaussian", "BC5CDR": "120 [90, 150]"}]
