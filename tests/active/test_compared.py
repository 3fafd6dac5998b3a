"""Methods of active learning beside each other: differences, and sentences to a goal."""

from __future__ import annotations

from typing import Any

import pytest

from chemxl.active import chapter, compared
from chemxl.evaluation.learning_curves import Estimate
from chemxl.results.records import Row
from tests.active.loops import Done


def test_tests_are_of_the_difference_beside_them() -> None:
    same: Any = [Done([2, 4])]
    better: Any = [Done([9, 10])]
    lines = {"random": same, "entropy": better, "random+always": better, "mahalanobis+always": better}
    found = compared.differences(lines)
    assert list(found) == [
        f"{part}: {pair}"
        for pair in ("entropy − random", "random+always − random", "mahalanobis+always − random+always")
        for part in ("last round", "all rounds")
    ]
    assert [one.difference for one in found.values()] == pytest.approx([0.6, 0.65, 0.6, 0.65, 0, 0])
    assert [one.p for one in found.values()][-2:] == [1, 1] and found["all rounds: entropy − random"].p < 0.05
    assert found["all rounds: entropy − random"].low <= 0.65 <= found["all rounds: entropy − random"].high


def test_one_head_is_compared_with_another_that_asks_alike() -> None:
    lines: Any = dict.fromkeys(["random+none", "entropy+none", "entropy+always", "random+always"])
    assert compared.rivals(lines, "random+none") == []
    assert compared.rivals(lines, "entropy+none") == ["random+none"]
    assert compared.rivals(lines, "entropy+always") == ["random+always", "entropy+none"]


def test_sentences_to_a_goal_lie_on_the_lines_between_rounds() -> None:
    whole: Any = {"": [Done([8]), Done([8])]}
    values: Any = [Done([2, 4, 6], words=200), Done([2, 6, 8])]  # mean 0.2, 0.5, 0.7
    better: Any = [Done([2, 8, 9]), Done([2, 8, 9])]
    found = compared.goals({"random": values, "entropy": better}, whole)
    said = {name: one.sentences(10, 30).partition(" [")[0] for name, one in found.items()}
    assert said == {
        "95% of all annotated: random": "> 30",
        "what random ends in: random": "30",
        "95% of all annotated: entropy": "19",  # 10 + 10 (0.76 - 0.2) / 0.6
        "what random ends in: entropy": "18",  # 10 + 10 (0.7 - 0.2) / 0.6
        "saved on the way to that: entropy": "12",
    }


def rows(table: str, found: dict[str, Estimate], name: str = "mini RU") -> list[Row]:
    where, how = chapter.tables("small")[table], {"profile": "small", "chapter": compared.CHAPTER}
    return [
        Row(table=where, row=name, metric=metric, value=one.value, low=one.low, high=one.high, **how)
        for metric, one in found.items()
    ]


def test_tables_say_what_rows_do() -> None:
    half = Estimate(0.5, 0.25, 0.75)
    found = rows("less", {"all rounds: badge − random": half, "all rounds: badge − random, p": Estimate(0.5, 0.5, 0.5)})
    assert compared.compared(found) == [
        {
            "task": "mini RU",
            "method": "badge",
            "less": "random",
            "F1 of": "all rounds",
            "difference": "0.500 [0.250, 0.750]",
            "p": 0.5,
        }
    ]
    infinite = Estimate(float("inf"), 20, float("inf"))
    found = rows("needed", {"95% of all annotated: badge": infinite, "what random ends in: badge": Estimate(12, 9, 30)})
    found += rows("needed", {"saved on the way to that: badge, at least": Estimate(18, 3, float("inf"))})
    found += rows("sentences", {"10 sentences": half, "30 sentences": half}, "mini, badge: mini RU")
    [line] = compared.needed(found)
    assert (line["task"], line["method"]) == ("mini RU", "badge")
    assert line["95% of all annotated"] == "> 30 [20, > 30]"
    assert line["what random ends in"] == "12 [≤ 10, 30]"
    assert line["saved on the way to that"] == "≥ 18 [3, ∞]"
    assert compared.needed([]) == compared.compared([]) == compared.reached([]) == []
