"""How many sentences are enough: where it is known, with an interval that covers it, and the first crossing's bias."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.isotonic import isotonic_regression

from chemxl.errors import ChemxlError
from chemxl.evaluation.learning_curves import (
    Estimate,
    Learning,
    Saving,
    area,
    crossed,
    gained,
    monotone,
    needed,
    reached,
    saved,
)
from tests.curves import SIZES, learning


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0, 1))
def test_a_goal_is_reached_at_the_first_place_of_the_rising_curve(curve: list[float], goal: float) -> None:
    sizes = SIZES[: len(curve)]
    found = reached(sizes, np.array(curve), goal)
    assert found == float("inf") or sizes[0] <= found <= sizes[-1]
    higher = reached(sizes, np.array(curve), goal + 0.1)
    assert higher >= found


@given(arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 8)), elements=st.floats(0, 1)))
def test_curves_are_made_monotone_as_by_isotonic_regression(curves: np.ndarray) -> None:
    assert monotone(curves) == pytest.approx(np.array([isotonic_regression(curve) for curve in curves]))


def test_between_two_sizes_it_is_a_straight_line() -> None:
    assert reached((100, 200), np.array([0.4, 0.6]), 0.5) == pytest.approx(150)
    assert reached((100, 200), np.array([0.6, 0.4]), 0.5) == 100  # made monotone: 0.5 at both
    assert reached((100, 200), np.array([0.4, 0.6]), 0.7) == float("inf")


@pytest.mark.parametrize("seeds", [3, 5])
def test_the_interval_of_what_is_needed_covers_the_truth(seeds: int) -> None:
    """Where seeds vary as much as documents let a curve do, and documents are of several lengths."""
    curve, share, hits = np.array([0.2, 0.4, 0.6, 0.7, 0.75, 0.78]), 0.85, []
    true = reached(SIZES, curve, share * 0.8)
    rng = np.random.default_rng(seeds)
    for _ in range(300):
        due = rng.negative_binomial(2, 0.2, size=(1, 1, 50))
        hard = 0.2 * rng.beta(2, 2, size=due.shape) - 0.1
        level = np.append(curve, 0.8)[:, None] + 0.015 * rng.standard_normal((seeds, 7, 1))
        right = rng.binomial(due, level + hard)  # (S, N + 1, D)
        counts = np.stack(np.broadcast_arrays(right, due, due), axis=-1)
        found = needed(Learning(SIZES, counts[:, :-1], counts[:, -1]), rng=rng, share=share, draws=400)
        hits.append(found.low <= true <= found.high)
    assert 0.93 <= np.mean(hits) <= 0.99


def test_the_interval_covers_what_is_true() -> None:
    made = learning([0.2, 0.4, 0.6, 0.7, 0.8, 0.8], full=0.8)
    true = reached(SIZES, np.array([0.2, 0.4, 0.6, 0.7, 0.8, 0.8]), 0.99 * 0.8)
    found = needed(made, rng=np.random.default_rng(0))
    assert found.low <= true <= found.high
    assert found.low <= found.value <= found.high
    assert found == needed(made, rng=np.random.default_rng(0))


def test_a_curve_that_falls_again_crosses_where_it_first_does() -> None:
    assert crossed((100, 200, 300), np.array([0.4, 0.6, 0.5]), 0.5) == pytest.approx(150)  # and not 200
    assert reached((100, 200, 300), np.array([0.4, 0.6, 0.5]), 0.5) == pytest.approx(100 + 100 * 2 / 3)
    assert crossed((100, 200), np.array([0.4, 0.4]), 0.5) == float("inf")


def test_transfer_saves_sentences() -> None:
    moved = learning([0.5, 0.6, 0.75, 0.8, 0.8, 0.8], full=0.9)  # its own full corpus is no goal
    alone = learning([0.2, 0.4, 0.6, 0.7, 0.75, 0.8], full=0.75)
    gain = saved(alone, moved, rng=np.random.default_rng(0))
    assert gain.low <= gain.value <= gain.high
    assert gain.value > 300
    assert gain.bound == "" and gain.neither < 0.02
    higher = learning([0.2, 0.4, 0.6, 0.7, 0.75, 0.8], full=0.77)
    assert saved(higher, moved, rng=np.random.default_rng(0)).value > 500
    short = learning([0.2, 0.4, 0.6, 0.7, 0.75, 0.8], full=0.7)
    nothing = saved(short, short, rng=np.random.default_rng(0))
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)
    with pytest.raises(ChemxlError, match="other documents"):
        saved(alone, learning([0.5] * 6, full=0.8, documents=10), rng=np.random.default_rng(0))


def test_what_is_saved_is_a_bound_where_a_curve_does_not_get_there() -> None:
    low = learning([0.2, 0.3, 0.4, 0.45, 0.5, 0.5], full=0.8)
    high = learning([0.5, 0.6, 0.75, 0.85, 0.9, 0.9], full=0.8)
    least = saved(low, high, rng=np.random.default_rng(0))
    assert least.bound == "≥" and least.value == 1600 - reached(SIZES, high.means()[0], 0.99 * low.means()[1])
    assert least.low <= least.value and least.high == float("inf") and least.neither < 0.02
    most = saved(Learning(SIZES, high.counts, low.full), low, rng=np.random.default_rng(0))
    assert (most.bound, most.value, most.low) == ("≤", -least.value, -float("inf"))
    unknown = saved(low, low, rng=np.random.default_rng(0))
    assert np.isnan(unknown.value) and unknown.neither > 0.99
    assert (unknown.low, unknown.high) == (-float("inf"), float("inf"))
    now = saved(low, low, rng=np.random.default_rng(0), share=0.5)
    assert (now.value, now.low, now.high, now.bound) == (0, 0, 0, "") and now.neither < 0.02


def test_a_saving_says_that_it_is_a_bound() -> None:
    assert Saving(1866.0, 900.0, float("inf"), "≥").sentences() == "≥ 1,866 [900, ∞]"
    assert Saving(-20.0, -float("inf"), -0.2, "≤").sentences() == "≤ −20 [−∞, 0]"
    assert Saving(30.0, -20.0, 40.0).sentences(2000) == "30 [−20, 40]"


def test_what_is_gained_is_paired() -> None:
    low, high = learning([0.2, 0.3, 0.4, 0.5, 0.5, 0.5], full=0.5), learning([0.4, 0.5, 0.6, 0.7, 0.7, 0.7], full=0.7)
    up, down, none = gained([(low, high), (high, low), (low, low)])
    apart = area(high).value - area(low).value
    assert up.difference == pytest.approx(apart) and up.low < apart < up.high and up.p < 0.01
    assert down.difference == pytest.approx(-apart) and (none.difference, none.p) == (0, 1)
    assert gained([]) == []
    with pytest.raises(ChemxlError, match="same sizes"):
        gained([(low, Learning([1, *SIZES[1:]], high.counts, high.full))])
    with pytest.raises(ChemxlError, match="other documents"):
        gained([(low, learning([0.5] * 6, full=0.8, documents=10))])


def test_the_area_is_the_mean_height() -> None:
    flat = area(learning([0.5] * 6, full=0.5, documents=2000))
    assert flat.value == pytest.approx(0.5, abs=0.02)
    assert flat.low <= flat.value <= flat.high
    steep, late = (area(learning(curve, full=0.8)).value for curve in ([0.8] * 6, [0, 0, 0, 0, 0, 0.8]))
    assert steep == pytest.approx(0.8, abs=0.02) and late < 0.25


def test_the_area_over_logarithms_counts_few_sentences_more() -> None:
    early, late = learning([0.8, 0.8, 0.8, 0.4, 0.4, 0.4], full=0.8), learning([0.4, 0.4, 0.4, 0.8, 0.8, 0.8], full=0.8)
    for made, expected in ((early, 0.6), (late, 0.6)):  # half of the doublings, and the one between them
        found = area(made, logarithmic=True)
        assert found.value == pytest.approx(expected, abs=0.02) and found.low <= found.value <= found.high
    assert area(early).value < 0.5
    [gain] = gained([(early, late)], logarithmic=True)
    apart = [area(made, logarithmic=True).value for made in (early, late)]
    assert gain.difference == pytest.approx(apart[1] - apart[0])


def test_scatter_is_that_of_seeds_at_each_size() -> None:
    made = learning([0.2, 0.4, 0.6, 0.7, 0.75, 0.8], full=0.8, seeds=4)
    assert made.scatter() == pytest.approx(np.sqrt(made.scores().var(axis=0, ddof=1).mean()))
    assert learning([0.5] * 6, full=0.5, seeds=1).scatter() == 0


def test_what_the_fewest_reach_is_a_bound() -> None:
    assert Estimate(50.0, 50.0, 60.0).sentences(50, 2000) == "≤ 50 [≤ 50, 60]"
    assert Estimate(1000.0, 200.0, float("inf")).sentences(50, 2000) == "1,000 [200, > 2,000]"


def test_shapes_that_do_not_fit_are_an_error() -> None:
    made = learning([0.5] * 6, full=0.5)
    with pytest.raises(ChemxlError, match="give"):
        Learning(SIZES[:5], made.counts, made.full)
    with pytest.raises(ChemxlError, match="do not ascend"):
        Learning(SIZES[::-1], made.counts, made.full)
