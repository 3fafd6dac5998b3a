"""The one rule: what its intervals cover, how often it calls chance a difference, and its ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.evaluation.learning_curves import each
from chemxl.evaluation.significance import compare, drawn, estimate, estimates, holm, t_interval

COUNTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)).map(lambda t: (min(t), t[1], t[2])),
    min_size=2,
    max_size=12,
).map(lambda rows: np.array(rows, dtype=np.int64))


@settings(max_examples=50)
@given(st.lists(COUNTS, min_size=1, max_size=1) | COUNTS.map(lambda c: [c, c[::-1], np.minimum(c, 2)]))
def test_the_interval_holds_the_score_and_repeats(columns: list[np.ndarray]) -> None:
    value, low, high = estimate(columns, draws=200)
    assert value == pytest.approx(np.mean([metrics.f1(column.sum(axis=0)) for column in columns]))
    assert 0 <= low <= value <= high <= 1
    assert (value, low, high) == estimate(columns, draws=200)


# --- what the intervals cover

DOCUMENTS, RUNS = 60, 2000  # of each simulated experiment, and how many experiments stand side by side
CELLS = [(seeds, ratio) for seeds in (3, 5) for ratio in (0.5, 1.0, 2.0)]
TRUTH = 0.5 / 1.1  # F1 where half of what is due is right and a fifth more is found than is due


def simulated(rng: np.random.Generator, shift: np.ndarray, *, systems: int = 1, apart: float = 0.0) -> list[np.ndarray]:
    """Counts of right, found and due (R, S, D, 3) of each system.

    Documents hold an overdispersed number of due mentions, and have their own share of right ones, a little another
    one for each system (by a standard deviation of ``apart``); what is right is drawn anew for every seed.

    Args:
        shift: of the share of right ones (R, S) of a system, here (systems, R, S).
    """
    runs = shift.shape[1]
    due = rng.negative_binomial(1.5, 1.5 / 9.5, size=(runs, 1, DOCUMENTS))
    found = due + rng.poisson(0.2 * due)
    share = 0.2 + 0.6 * rng.beta(2, 2, size=due.shape)
    made = []
    for system in range(systems):
        own = share + apart * rng.standard_normal(share.shape) + shift[system][..., None]  # (R, S, D)
        right = rng.binomial(due, np.clip(own, 0, 1))
        made.append(np.stack([right, *np.broadcast_arrays(found, due, right)[:2]], axis=-1))
    return made


def shifts(rng: np.random.Generator, variance: float, seeds: int, systems: int = 1) -> np.ndarray:
    """Of the share of right ones (systems, R, S), so that F1 has this variance over seeds."""
    made: np.ndarray = np.sqrt(variance / systems) / (2 * TRUTH) * rng.standard_normal((systems, RUNS, seeds))
    return made


def side_by_side(counts: np.ndarray) -> list[np.ndarray]:
    """(R, S, D, 3) as columns (D, 3 R) of each seed."""
    return list(counts.transpose(1, 2, 0, 3).reshape(counts.shape[1], DOCUMENTS, -1))


def differing(totals: np.ndarray) -> np.ndarray:
    a, b = np.split(totals, 2, axis=-1)
    difference: np.ndarray = each(a) - each(b)
    return difference


@pytest.mark.parametrize(("seeds", "ratio"), CELLS)
def test_the_interval_covers_the_truth_95_times_in_100(seeds: int, ratio: float) -> None:
    rng = np.random.default_rng(seeds)
    [alike] = simulated(rng, np.zeros((1, RUNS, 1)))
    documents = float(metrics.f1(alike.sum(axis=2)).var())
    [counts] = simulated(rng, shifts(rng, ratio * documents, seeds))
    _, low, high = estimates(side_by_side(counts), score=each, draws=200)
    assert 0.93 <= np.mean((low <= TRUTH) & (high >= TRUTH)) <= 0.97


@pytest.mark.parametrize(("seeds", "ratio"), CELLS)
def test_so_does_that_of_a_difference(seeds: int, ratio: float) -> None:
    rng = np.random.default_rng(seeds)
    alike = simulated(rng, np.zeros((2, RUNS, 1)), systems=2, apart=0.15)
    documents = float(np.subtract(*(metrics.f1(counts.sum(axis=2)) for counts in alike)).var())
    systems = simulated(rng, shifts(rng, ratio * documents, seeds, 2), systems=2, apart=0.15)
    columns = [np.concatenate(pair, axis=1) for pair in zip(*map(side_by_side, systems), strict=True)]
    _, low, high = estimates(columns, score=differing, limits=(-1, 1), draws=200)
    assert 0.93 <= np.mean((low <= 0) & (high >= 0)) <= 0.97
    first = [[column[:, :3] for column in side_by_side(counts)] for counts in systems]
    [found] = compare([(first[0], first[1])], draws=200)
    assert found[1:3] == pytest.approx((low[0], high[0]))


def test_chance_is_called_a_difference_about_5_times_in_100() -> None:
    """One by one, and any of a table of five."""
    rng = np.random.default_rng(0)
    a, b = simulated(rng, shifts(rng, 0.0002, 3, 2), systems=2, apart=0.15)
    columns = [np.concatenate(pair, axis=1) for pair in zip(side_by_side(a), side_by_side(b), strict=True)]
    _, low, high = estimates(columns, score=differing, limits=(-1, 1), draws=200)
    assert 0.03 <= np.mean((low > 0) | (high < 0)) <= 0.07
    pairs = [(list(one), list(other)) for one, other in zip(a, b, strict=True)]
    tables = [compare(pairs[i : i + 5], draws=200) for i in range(0, RUNS, 5)]
    assert 0.02 <= np.mean([any(one.clear for one in table) for table in tables]) <= 0.075


# --- Holm's method, and the intervals that go with it

PROBABILITIES = st.lists(st.sampled_from([0.0, 1e-9, 0.01, 0.0125, 0.02, 0.03, 0.5, 1.0]) | st.floats(0, 1), min_size=1)


@given(PROBABILITIES.map(np.array))
def test_holm_multiplies_the_smallest_by_all_and_keeps_the_order(p: np.ndarray) -> None:
    factors = holm(p)
    expected = [max((len(p) - np.sum(p < other)) * other for other in p[p <= one]) for one in p]
    assert p * factors == pytest.approx(np.array(expected)) and np.all(factors >= 1)


def test_holm_equals_statsmodels() -> None:
    for p in np.random.default_rng(0).uniform(0, [[0.1], [0.01], [1.0]], size=(3, 12)):
        assert np.minimum(1, p * holm(p)) == pytest.approx(multipletests(p, method="holm")[1])


def test_clear_is_what_the_interval_and_p_say() -> None:
    """In a thousand tables, with effects and without."""
    rng = np.random.default_rng(0)
    clear = 0
    for _ in range(1000):
        level = rng.uniform(0.4, 0.6, size=(rng.integers(1, 5), 2, 1, 1))
        right = rng.binomial(10, np.broadcast_to(level, (len(level), 2, 3, 8)))
        counts = np.stack([right, np.full_like(right, 10), np.full_like(right, 10)], axis=-1)  # (P, 2, S, D, 3)
        pairs = [(list(a), list(b)) for a, b in counts]
        table, single = compare(pairs, draws=30), [compare([pair], draws=30)[0] for pair in pairs]
        raw = np.array([one.p for one in single])
        assert [one.p for one in table] == pytest.approx(np.minimum(1, raw * holm(raw)))
        for one in table:
            assert one.clear == (one.p < 0.05) == (one.low > 0 or one.high < 0)
            assert one.low <= one.difference <= one.high
        clear += sum(one.clear for one in table)
    assert 250 < clear < 2000


def test_draws_scatter_as_the_rule_says() -> None:
    """With many seeds, since the variance of a t distribution of few is another one."""
    rng = np.random.default_rng(0)
    due = rng.negative_binomial(1.5, 1.5 / 9.5, size=(1, 60))
    right = rng.binomial(due, rng.uniform(0.2, 0.6, size=(1, 60)) + rng.uniform(0, 0.4, size=(30, 1)))  # (S, D)
    columns = list(np.stack(np.broadcast_arrays(right, due, due), axis=-1))
    for some in (columns, columns[:1]):
        value, low, high = estimate(some)
        found = drawn(some, rng=rng, draws=4000)
        width = found.std() * (stats.t.ppf(0.975, 40) - stats.t.ppf(0.025, 40))
        assert found.mean() == pytest.approx(value, abs=0.005) and width == pytest.approx(high - low, rel=0.1)


# --- ends


def test_a_comparison_pairs_documents_and_seeds() -> None:
    """Documents that are hard for both systems widen neither system's lead."""
    rng = np.random.default_rng(0)
    hard = rng.integers(0, 7, size=300)
    worse = [np.stack([hard + s, np.full(300, 10), np.full(300, 10)], axis=1) for s in (0, 1)]
    better = [column + np.array([1, 0, 0]) for column in worse]
    lead, none = compare([(better, worse), (worse, worse)])
    assert lead.difference == pytest.approx(0.1) and 0.099 < lead.low <= 0.1 <= lead.high < 0.101
    assert lead.clear and lead.p < 0.01 and none == (0, 0, 0, 1, False)
    assert compare([(worse, better)])[0].difference == pytest.approx(-0.1)
    assert compare([]) == []


def test_other_numbers_of_seeds_are_not_paired() -> None:
    """Welch's test, where documents have no part; a side with one seed is taken to vary as the other."""
    shares = {"a": [10, 13, 17, 12], "b": [4, 9, 5], "one": [4]}
    columns = {name: [np.tile([[n, 20, 20]], (40, 1)) for n in of] for name, of in shares.items()}
    [found] = compare([(columns["a"], columns["b"])])
    a, b = (np.array(shares[name]) / 20 for name in "ab")
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue)
    assert found[1:3] == pytest.approx(tuple(expected.confidence_interval()))
    [single] = compare([(columns["a"], columns["one"])])
    error = a.std(ddof=1) * np.sqrt(1 / 4 + 1)
    assert single.high - single.low == pytest.approx(2 * stats.t.ppf(0.975, 3) * error)
    assert compare([(columns["one"], columns["a"])])[0].p == pytest.approx(single.p)


def test_seeds_alone_are_plain_t() -> None:
    runs = np.random.default_rng(0).normal(size=(5, 2))
    mean, low, high = t_interval(runs)
    for i in range(2):
        expected = stats.ttest_1samp(runs[:, i], 0).confidence_interval()
        assert (mean[i], low[i], high[i]) == pytest.approx((runs[:, i].mean(), *expected))
    assert [end.tolist() for end in t_interval(runs[:1])] == [runs[0].tolist()] * 3


def test_one_seed_has_the_documents_t_interval() -> None:
    """Of a share over documents of one size it is that of the mean, but for the draws."""
    right = np.random.default_rng(0).binomial(10, 0.6, size=50)
    _, low, high = estimate([np.stack([right, np.full(50, 10), np.full(50, 10)], axis=1)], draws=20_000)
    expected = stats.ttest_1samp(right / 10, 0).confidence_interval()
    assert (low, high) == pytest.approx(tuple(expected), abs=0.002)


def test_few_documents_that_decide_have_few_degrees_of_freedom() -> None:
    """One document with nearly all mentions tells little of others."""
    even, odd = np.tile([[5, 10, 10], [6, 10, 10]], (20, 1)), np.tile([[5, 10, 10], [6, 10, 10]], (20, 1))
    odd[0] = [200, 400, 400]
    widths = [high - low for _, low, high in (estimate([column]) for column in (even, odd))]
    assert widths[1] > 3 * widths[0]


def test_one_document_tells_nothing_of_others() -> None:
    columns = [np.array([[3, 5, 5]]), np.array([[4, 5, 5]])]
    assert estimate(columns) == (pytest.approx(0.7), 0, 1)
    assert compare([(columns, columns[::-1])]) == [(0, -np.inf, np.inf, 1, False)]


def test_nothing_varies() -> None:
    """All documents alike: no width, and no doubt; nothing found at all: no difference."""
    good, bad, none = (np.tile([[n, 3, 3]], (40, 1)) for n in (3, 1, 0))
    assert estimate([good]) == (1, 1, 1) and estimate([none * 0] * 3) == (0, 0, 0)
    assert compare([([good], [bad])]) == [(pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), 0, True)]
    assert compare([([good[::2]], [good[1::2]])]) == [(0, 0, 0, 1, False)]


def test_what_is_compared_can_be_another_score() -> None:
    """Precision gains where recall does not; Holm's correction doubles the smallest of two."""
    rng = np.random.default_rng(0)
    a, b = np.tile([[3, 3, 6]], (40, 1)), np.tile([[3, 3, 6]], (40, 1))
    b[:, 1] += rng.binomial(1, 0.1, size=40)
    [sharper] = compare([([a], [b])], score=metrics.precision)
    [found] = compare([([a], [b])], score=metrics.recall)
    assert sharper.difference > 0 and found.difference == 0
    two = compare([([a], [b]), ([a], [b])], score=metrics.precision)
    assert two[0].p == pytest.approx(2 * sharper.p) and two[0].low < sharper.low


@pytest.mark.parametrize("columns", [[], [np.zeros((0, 3))], [np.ones((2, 3)), np.ones((3, 3))]])
def test_counts_that_do_not_fit_are_an_error(columns: list[np.ndarray]) -> None:
    with pytest.raises(ChemxlError, match="same documents"):
        estimate(columns)


def test_a_score_has_its_limits() -> None:
    surprise = [np.array([[8.0, 2.0], [7.0, 2.0]])]
    with pytest.raises(ChemxlError, match="give the limits"):
        estimate(surprise, score=lambda sums: sums[..., 0] / sums[..., 1])
    with pytest.raises(ChemxlError, match="same documents"):
        compare([([np.ones((2, 3))], [np.ones((3, 3))])])
