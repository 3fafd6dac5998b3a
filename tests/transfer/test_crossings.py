"""Single runs cross early, and by as much as seeds scatter."""

from __future__ import annotations

import numpy as np
import pytest

from chemxl.evaluation.learning_curves import Learning, needed, reached
from chemxl.transfer.crossings import first_crossings, simulated
from tests.curves import SIZES, learning


def test_a_first_crossing_is_on_a_straight_line() -> None:
    made = learning([0.2, 0.4, 0.6, 0.7, 0.75, 0.8], full=0.65)
    assert all(200 < found < 400 and found not in SIZES for found in first_crossings(made))


def test_the_first_crossing_of_a_run_comes_early_where_sizes_are_dense() -> None:
    """Forty sizes, as in the paper: near the goal the curve is flat, and some noisy value is soon above it."""
    sizes = list(range(50, 2001, 50))
    curve = 0.8 - 0.1 * np.exp(-np.array(sizes) / 400)
    true = reached(sizes, curve, 0.99 * 0.8)
    made = learning(curve, full=0.8, seeds=20, documents=60, sizes=sizes)
    assert np.median(first_crossings(made)) < 0.75 * true
    found = needed(made, rng=np.random.default_rng(0), draws=100)
    assert found.low <= true <= found.high
    assert abs(found.value - true) < 0.35 * true
    dense = simulated(made, rng=np.random.default_rng(0), runs=300)
    assert dense.early > 0.7 and dense.runs.low <= dense.runs.value < 0.8 * dense.curve
    few = simulated(made, rng=np.random.default_rng(0), runs=300, sizes=5)
    assert few.early < dense.early


def test_simulated_runs_scatter_as_seeds_do() -> None:
    """What a seed shares over all sizes is no scatter from size to size: goals move with it."""
    apart = np.array([[-1], [1], [-0.5], [0.5]]) * [3, 3, 3, 1, 1, 1]  # (S, N); few scatter more, and do not count
    base = np.tile([4.0, 5, 6, 7, 8, 8], (4, 1)) + apart  # (S, N), of ten
    right = np.repeat((10 * base)[:, :, None], 30, axis=2).astype(int)  # (S, N, D)
    counts = np.stack([right, np.full_like(right, 100), np.full_like(right, 100)], axis=-1)
    found = simulated(Learning(SIZES, counts), rng=np.random.default_rng(0), runs=400)
    assert found.correlation == pytest.approx(1)
    assert found.spread == pytest.approx(np.std([-0.1, 0.1, -0.05, 0.05], ddof=1), rel=0.01)
    assert found.runs.value == pytest.approx(found.curve, rel=0.01)
    one = simulated(Learning(SIZES, counts[:1]), rng=np.random.default_rng(0), runs=10)
    assert (one.spread, one.correlation, one.early) == (0, 0, 0)
