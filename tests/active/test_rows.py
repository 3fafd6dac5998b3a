"""Rows of loops whose numbers are known: curves, areas, differences, sentences to a goal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chemxl.active import rows
from chemxl.active.methods import Method
from chemxl.results.rows import Row
from tests.active.loops import Done

RANDOM, ENTROPY = Method("random"), Method("entropy")
ALWAYS, DISTANCE = Method("random", "always"), Method("mahalanobis", "always")
VALUES: Any = [Done([2, 4, 6], words=200), Done([2, 6, 8], seed=1)]  # mean 0.2, 0.5, 0.7
BETTER: Any = [Done([2, 8, 9]), Done([2, 8, 9], seed=1)]


def by_metric(found: list[Row], metric: str) -> list[Row]:
    return [row for row in found if row.metric == metric]


def test_a_curve_is_told_round_by_round() -> None:
    found = rows.of_loops(VALUES)
    last, *points = by_metric(found, "F1")
    assert [(row.keys, row.value) for row in points] == [
        ({"sentences": 10}, 0.2),
        ({"sentences": 20}, 0.5),
        ({"sentences": 30}, 0.7),
    ]
    assert last.keys == {} and (last.value, last.low, last.high) == (points[2].value, points[2].low, points[2].high)
    assert (last.seeds, last.n) == ((0, 1), 10)
    assert [row.value for row in by_metric(found, "annotated words")] == [150, 300, 450]
    [length] = by_metric(found, "words a sentence")
    assert length.value == 15 and (length.high or 0) - 15 == pytest.approx(12.7062 * 5, rel=1e-4)
    assert len({row.identity for row in found}) == len(found) == 9


def test_the_area_has_an_interval_around_it() -> None:
    [area] = by_metric(rows.of_loops(VALUES), "area")
    assert area.value == pytest.approx((0.4 + 0.55) / 2)
    assert area.low is not None and area.high is not None and area.low < area.value < area.high
    alike: Any = [Done([10, 10, 10])] * 2
    [area] = by_metric(rows.of_loops(alike), "area")
    assert (area.value, area.low, area.high) == (1, 1, 1)


def test_the_height_of_a_curve_between_two_places() -> None:
    totals = np.array([[2, 10, 10, 4, 10, 10, 8, 10, 10]])  # F1 0.2, 0.4, 0.8
    assert rows.height([10, 20, 40], 10, 40)(totals) == pytest.approx([(3 + 12) / 30])
    assert rows.height([10, 20, 40], 10, 30)(totals) == pytest.approx([(3 + 5) / 20])
    assert rows.height([10, 20, 40], 15, 15)(totals) == pytest.approx([0.3])


def test_words_are_compared_where_all_have_them() -> None:
    short: Any = [Done([2, 4, 6], words=50), Done([2, 4, 6], words=150)]  # 100, 200, 300 on average
    long: Any = [Done([2, 4, 8], words=200)] * 2  # 200, 400, 600
    random, entropy = rows.by_words({RANDOM: short, ENTROPY: long})
    assert (random.keys["method"], entropy.keys["method"]) == ("random", "entropy")
    assert random.value == pytest.approx(0.5) and entropy.value == pytest.approx(0.25)
    assert random.low is not None and random.high is not None and random.low < 0.5 < random.high


def test_what_varies_over_seeds_has_their_interval() -> None:
    one = rows.over_seeds("AUROC", [0.5], VALUES[:1], scorer="wrong words")
    assert (one.value, one.low, one.high) == (0.5, 0.5, 0.5)
    two = rows.over_seeds("AUROC", [0.4, 0.6], VALUES, scorer="wrong words")
    assert two.value == 0.5 and (two.high or 0) - 0.5 == pytest.approx(12.7062 * 0.1, rel=1e-4)
    assert two.low is not None and two.low < 0


def test_uncertainties_are_asked_for_where_sentences_were_random() -> None:
    told = {"auroc.entropy": 0.75, "length.entropy.sum": 20.0, "length.pool": 12.0, "aurc.entropy": 0.5}
    values: Any = [Done([2], **told), Done([2], **told, seed=1)]
    assert [(row.metric, row.keys, row.value) for row in rows.at_random(values)] == [
        ("AUROC", {"uncertainty": "entropy"}, 0.75),
        ("words a chosen sentence", {"uncertainty": "entropy", "aggregation": "sum"}, 20),
        ("words a sentence of the pool", {}, 12),
    ]
    assert rows.at_random(VALUES) == []


def test_tests_are_of_the_difference_beside_them() -> None:
    same: Any = [Done([2, 4])]
    better: Any = [Done([9, 10])]
    found = rows.differences({RANDOM: same, ENTROPY: better, ALWAYS: better, DISTANCE: better})
    less = [
        (ENTROPY, {"less_method": "random"}),
        (ALWAYS, {"less_normalisation": "no layer"}),
        (DISTANCE, {"less_method": "random"}),
    ]
    assert [row.keys for row in found] == [
        {**method.keys, **other, "part": part} for method, other in less for part in ("last round", "all rounds")
    ]
    assert [row.value for row in found] == pytest.approx([0.6, 0.65, 0.6, 0.65, 0, 0])
    assert [row.p for row in found][-2:] == [1, 1]
    entropy = found[1]
    assert entropy.p is not None and entropy.p < 0.05 and entropy.low is not None and entropy.high is not None
    assert entropy.low <= 0.65 <= entropy.high


def test_one_head_is_compared_with_another_that_asks_alike() -> None:
    names = ["random+none", "entropy+none", "entropy+always", "random+always"]
    random, entropy, other, control = (Method.of(name) for name in names)
    loops: Any = dict.fromkeys([random, entropy, other, control])
    assert rows.rivals(loops, random) == []
    assert rows.rivals(loops, entropy) == [random]
    assert rows.rivals(loops, other) == [control, entropy]
    assert rows.rivals(loops, control) == [random]


def test_sentences_to_a_goal_lie_on_the_lines_between_rounds() -> None:
    wholes: Any = {None: [Done([8]), Done([8])]}
    found = rows.goals({RANDOM: VALUES, ENTROPY: BETTER}, wholes)
    assert len({row.identity for row in found}) == len(found)
    said = {(row.keys["method"], row.metric, row.keys["goal"]): row.value for row in found}
    assert said == {
        ("random", "sentences needed", "whole pool"): np.inf,
        ("random", "sentences needed", "random sentences"): 30,
        ("entropy", "sentences needed", "whole pool"): pytest.approx(10 + 10 * (0.76 - 0.2) / 0.6, abs=1e-4),
        ("entropy", "sentences needed", "random sentences"): pytest.approx(10 + 10 * (0.7 - 0.2) / 0.6, abs=1e-4),
        ("entropy", "sentences saved", "random sentences"): pytest.approx(20 - 10 * (0.7 - 0.2) / 0.6, abs=1e-4),
    }
    assert {row.keys.get("share") for row in found if row.keys["goal"] == "whole pool"} == {0.95}


def test_what_is_saved_is_a_bound_where_a_method_does_not_get_there() -> None:
    worse: Any = [Done([2, 3, 3]), Done([2, 3, 3], seed=1)]
    wholes: Any = {None: [Done([8]), Done([8])]}
    [saved] = by_metric(rows.goals({RANDOM: VALUES, ENTROPY: worse}, wholes), "sentences saved")
    assert (saved.value, saved.bound) == (0, "≤")
