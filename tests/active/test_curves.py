"""What tables and figures make of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from chemxl.active import chapter, curves, rows
from chemxl.active.methods import Method
from chemxl.results import chapters
from chemxl.results.rows import Keys, Row, frame
from tests.active.loops import Done

HALF = {"value": 0.5, "low": 0.25, "high": 0.75}


def of_test(found: list[Row], keys: Keys) -> list[Row]:
    return [row.model_copy(update={"keys": {"test": "mini RU", **keys, **row.keys}}) for row in found]


@pytest.fixture(scope="module")
def shown() -> pd.DataFrame:
    """Two methods, one of which reads longer sentences and takes their sum, and the whole pool."""
    random, entropy = Method("random", "none"), Method("entropy", "none", "sum")
    loops: Any = {random: [Done([2, 4, 6]), Done([2, 6, 8])], entropy: [Done([2, 8, 9], words=150)] * 2}
    found = [row for method, values in loops.items() for row in of_test(rows.of_loops(values), method.keys)]
    found.append(Row(metric="F1", keys={"test": "mini RU", **Method("all", "none").keys}, **HALF))
    wholes: Any = {"none": [Done([9])] * 2}
    return frame([*found, *of_test(rows.compared(loops, wholes), {})])


@pytest.mark.parametrize("profile", ["real", "paper"])
def test_figures_have_as_many_curves_as_there_are_colours(profile: str) -> None:
    settings: Any = chapters.settled(chapter, profile)  # type: ignore[arg-type]
    methods = list(chapter.loops(settings, chapter.data(settings)[0]))
    points = [Row(metric="F1", keys={"test": "T", **method.keys, "sentences": 10}, value=0.5) for method in methods]
    lines = {name: curves.curves(rows) for name, rows in curves.families(frame(points)).items()}
    assert all(2 <= len(group) <= 6 and "random+none" in {curve.label for curve in group} for group in lines.values())
    assert len({curve.label for group in lines.values() for curve in group}) == len(methods)
    assert list(lines) == (["T"] if profile == "real" else ["T, by place", "T, by probability", "T, heads"])


def test_a_curve_is_drawn_by_sentences_and_by_words(shown: pd.DataFrame) -> None:
    [(title, points)] = curves.families(shown).items()
    random, entropy = curves.curves(points)
    assert (title, random.label, entropy.label) == ("mini RU", "random+none", "entropy+none+sum")
    assert random.x == [10, 20, 30] and random.runs == [[0.2, 0.5, 0.7]]
    assert random.band is not None and np.all(np.array(random.band[0]) <= random.runs[0])
    random, entropy = curves.curves(points, words=True)
    assert (random.x, entropy.x) == ([100, 200, 300], [150, 300, 450])


def test_what_was_reached_stands_in_a_line(shown: pd.DataFrame) -> None:
    random, entropy, whole = curves.reached(shown)
    assert str(random["area"]).startswith("0.475 [") and str(random["F1"]).startswith("0.700 [")
    assert (entropy["method"], entropy["aggregation"], random["aggregation"]) == ("entropy", "sum", "")
    assert list(random)[-3:] == ["F1", "area", "area by words"] and random["area by words"]
    assert (whole["method"], whole["F1"], whole["area"]) == ("all", "0.500 [0.250, 0.750]", None)


def test_differences_say_of_what(shown: pd.DataFrame) -> None:
    [line] = curves.differences(shown)
    assert (line["method"], line["aggregation"], line["less"]) == ("entropy", "sum", "random")
    assert list(line)[-2:] == ["all rounds", "last round"]
    assert str(line["last round"]).startswith("0.200 [") and str(line["all rounds"]).startswith("0.200 [")


def test_differences_of_heads_say_so() -> None:
    keys = {"test": "mini RU", **Method("random", "always").keys, "less_normalisation": "none", "part": "last round"}
    [line] = curves.differences(frame([Row(metric="difference of F1", keys=keys, p=0.5, **HALF)]))
    assert (line["less"], line["last round"]) == ("normalisation none", "0.500 [0.250, 0.750]")


@pytest.mark.parametrize("reached", [True, False])
def test_sentences_that_are_needed(reached: bool) -> None:
    method = {"test": "mini RU", **Method("badge", "none").keys}
    infinite = float("inf")
    found = [Row(metric="F1", keys={**method, "sentences": size}, **HALF) for size in (10, 30)]
    found += [
        Row(metric=metric, keys={**method, "goal": goal}, value=value, low=low, high=high, bound=bound)
        for metric, goal, value, low, high, bound in (
            ("sentences needed", "whole pool", 25 if reached else infinite, 20, infinite, ""),
            ("sentences needed", "random sentences", 12, 9, 30, ""),
            ("sentences saved", "random sentences", 18, 3, infinite, "≥"),
        )
    ]
    [line] = curves.needed(frame(found))
    assert (line["test"], line["method"]) == ("mini RU", "badge") and "aggregation" not in line
    assert line.get("sentences needed, whole pool") == ("25 [20, > 30]" if reached else None)
    assert line["sentences needed, random sentences"] == "12 [≤ 10, 30]"
    assert line["sentences saved, random sentences"] == "≥ 18 [3, ∞]"


def test_chosen_sentences_are_those_of_the_first_head() -> None:
    told = {"length.entropy.sum": 20.0, "length.pool": 12.0}
    values: Any = [Done([2], **told)]
    found = [row for norm in ("none", "always") for row in of_test(rows.of_loops(values), Method("random", norm).keys)]
    own = curves.chosen(frame(found))["mini RU"]
    assert own["normalisation"].tolist() == ["none", "none"] and own["value"].tolist() == [20, 12]


def test_what_was_not_recorded_is_no_error(shown: pd.DataFrame) -> None:
    nothing = shown[shown["test"] == "another"]
    assert curves.families(nothing) == curves.chosen(nothing) == {}
    for table in (curves.reached, curves.differences, curves.needed):
        [line] = table(nothing)
        assert list(line.values()) == ["nothing is recorded yet"]
