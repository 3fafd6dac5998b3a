"""Intervals and paired tests: against loops, on systems that are alike, and on systems that are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.evaluation import metrics
from chemxl.evaluation.significance import approximate_randomisation, bootstrap, compare

COUNTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)).map(lambda t: (min(t), t[1], t[2])),
    min_size=1,
    max_size=12,
).map(lambda rows: np.array(rows, dtype=np.int64))


@settings(max_examples=30)
@given(COUNTS, st.integers(0, 3))
def test_the_interval_holds_the_estimate_and_repeats(column: np.ndarray, seed: int) -> None:
    low, high = bootstrap([column], rng=np.random.default_rng(seed), draws=400)
    total = column.sum(axis=0)
    assert low - 1e-9 <= metrics.Score(*(int(n) for n in total)).f1 <= high + 1e-9 or len(column) < 5
    assert (low, high) == bootstrap([column], rng=np.random.default_rng(seed), draws=400)
    assert 0 <= low <= high <= 1


def test_the_interval_narrows_with_documents_and_widens_with_seeds() -> None:
    few = np.tile([[2, 3, 3], [1, 3, 3]], (10, 1))
    many = np.tile(few, (10, 1))
    width = {}
    for name, columns in {"few": [few], "many": [many], "seeds": [many, np.tile([[3, 3, 3]], (200, 1))]}.items():
        low, high = bootstrap(columns, rng=np.random.default_rng(0))
        estimate = np.mean([2 * c.sum(0)[0] / (c.sum(0)[1] + c.sum(0)[2]) for c in columns])
        assert low <= estimate <= high
        width[name] = high - low
    assert width["many"] < width["few"] < width["seeds"]


def naive_randomisation(a: np.ndarray, b: np.ndarray, swaps: np.ndarray) -> float:
    def f1(rows: list[np.ndarray]) -> float:
        correct, predicted, gold = (sum(int(row[k]) for row in rows) for k in range(3))
        return 2 * correct / (predicted + gold) if predicted + gold else 0.0

    observed = abs(f1(list(a)) - f1(list(b)))
    hits = 0
    for draw in swaps:
        left = [b[i] if draw[i] else a[i] for i in range(len(a))]
        right = [a[i] if draw[i] else b[i] for i in range(len(a))]
        hits += abs(f1(left) - f1(right)) >= observed - 1e-12
    return (hits + 1) / (len(swaps) + 1)


@settings(max_examples=25)
@given(COUNTS, st.integers(0, 5))
def test_randomisation_equals_the_loop(a: np.ndarray, seed: int) -> None:
    b = np.random.default_rng(seed).permutation(a)
    b[:, 2] = a[:, 2]
    b[:, 0] = np.minimum(b[:, 0], b[:, 2])
    swaps = np.random.default_rng(seed).integers(2, size=(60, len(a)))
    expected = naive_randomisation(a, b, swaps)
    assert approximate_randomisation(a, b, rng=np.random.default_rng(seed), draws=60) == pytest.approx(expected)


def test_randomisation_of_equal_and_of_different_systems() -> None:
    good, bad = np.tile([[3, 3, 3]], (40, 1)), np.tile([[1, 3, 3]], (40, 1))
    assert approximate_randomisation(good, good, rng=np.random.default_rng(0)) == 1
    assert approximate_randomisation(good, bad, rng=np.random.default_rng(0)) < 0.001
    assert approximate_randomisation(good[::2], good[1::2], rng=np.random.default_rng(0)) == 1


def test_a_comparison_pairs_documents_and_seeds() -> None:
    """Documents that are hard for both systems widen neither system's lead."""
    rng = np.random.default_rng(0)
    hard = rng.integers(0, 7, size=300)
    worse = [np.stack([hard + s, np.full(300, 10), np.full(300, 10)], axis=1) for s in (0, 1)]
    better = [column + np.array([1, 0, 0]) for column in worse]
    lead, none = compare([(better, worse), (worse, worse)])
    assert lead.difference == pytest.approx(0.1) and 0.099 < lead.low <= 0.1 <= lead.high < 0.101
    assert lead.p < 0.01 and (none.difference, none.p) == (0, 1)
    assert compare([(worse, better)])[0].difference == pytest.approx(-0.1)
    assert compare([]) == []


def test_what_is_compared_can_be_another_score() -> None:
    """Precision gains where recall does not; Holm's correction doubles the smallest of two."""
    a, b = np.tile([[3, 3, 6]], (40, 1)), np.tile([[3, 6, 6]], (40, 1))
    [sharper] = compare([([a], [b])], score=metrics.precision)
    [found] = compare([([a], [b])], score=metrics.recall)
    assert (sharper.difference, found.difference) == (0.5, 0)
    two = compare([([a], [b]), ([a], [b])], score=metrics.precision)
    assert two[0].p == pytest.approx(2 / 5001) and sharper.p == pytest.approx(1 / 5001)
