"""How sure a score is: intervals over documents and seeds, and tests of two systems on the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from chemxl.evaluation.metrics import Scorer, f1

RULE = "t: documents + seeds"
Interval = tuple[float, float, float]  # a value, and the ends of its interval


def resampled(
    columns: Sequence[np.ndarray], *, rng: np.random.Generator, draws: int = 2000, score: Scorer = f1
) -> np.ndarray:
    """Mean scores over seeds after documents and seeds were drawn with replacement (Efron 1979), (B, ...).

    Args:
        columns: one array of counts (documents, K) per seed, over the same documents; each draw also draws seeds, so
            that its scatter is both of what was tested on and of how training began.
        score: from sums of counts (..., K) to one score each, or to several; F1 of right, found and due by default.
    """
    runs = np.stack(columns).astype(np.float64)  # (S, D, K)
    seeds, documents, _ = runs.shape
    weights = rng.multinomial(documents, np.full(documents, 1 / documents), size=draws)  # (B, D)
    scores = score(np.einsum("bd,sdk->bsk", weights, runs, optimize=True))  # (B, S, ...)
    chosen = rng.integers(seeds, size=(draws, seeds))  # (B, S)
    means: np.ndarray = scores[np.arange(draws)[:, None], chosen].mean(axis=1)
    return means


def bootstrap(
    columns: Sequence[np.ndarray],
    *,
    rng: np.random.Generator,
    draws: int = 2000,
    level: float = 0.95,
    score: Scorer = f1,
) -> tuple[float, float]:
    """Percentile interval of the mean score over seeds, see :func:`resampled`."""
    means = resampled(columns, rng=rng, draws=draws, score=score)
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def mean_score(columns: Sequence[np.ndarray], *, score: Scorer = f1) -> float:
    """The mean over seeds, whose counts are as in :func:`resampled`."""
    return float(np.mean([score(column.sum(axis=0)) for column in columns]))


def estimate(columns: Sequence[np.ndarray], *, score: Scorer = f1) -> Interval:
    """The mean score over seeds with the ends of its 95 % bootstrap interval; always the same draws."""
    return mean_score(columns, score=score), *bootstrap(columns, rng=np.random.default_rng(0), score=score)


def t_interval(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and 95 % Student t interval over the first axis; both ends are the mean where there is one run."""
    mean = runs.mean(axis=0)
    n = len(runs)
    if n == 1:
        return mean, mean, mean
    half = stats.t.ppf(0.975, n - 1) * runs.std(axis=0, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half


def approximate_randomisation(
    a: np.ndarray, b: np.ndarray, *, rng: np.random.Generator, draws: int = 5000, score: Scorer = f1
) -> float:
    """Two-sided p-value that two systems' scores differ by chance (Noreen 1989; Yeh 2000).

    Args:
        a, b: counts of two systems on the same documents, shape (documents, K); each draw swaps the systems'
            outputs of every document with probability one half.
        score: from sums of counts (..., K) to scores (...).
    """
    swap = rng.integers(2, size=(draws, len(a))).astype(np.float64)  # (B, D)
    difference = (b - a).astype(np.float64)  # (D, K)
    moved = swap @ difference  # (B, K)
    drawn = np.abs(score(a.sum(axis=0) + moved) - score(b.sum(axis=0) - moved))
    observed = abs(float(score(a.sum(axis=0)) - score(b.sum(axis=0))))
    return float((np.sum(drawn >= observed - 1e-12) + 1) / (draws + 1))


class Comparison(NamedTuple):
    """One system's score less another's, its interval, and how likely chance gives as much."""

    difference: float
    low: float
    high: float
    p: float


def compare(
    pairs: Sequence[tuple[Sequence[np.ndarray], Sequence[np.ndarray]]], *, seed: int = 0, score: Scorer = f1
) -> list[Comparison]:
    """Mean scores of systems compared: a bootstrap interval of the difference, and a test, for each pair.

    The interval draws documents and seeds, the same for both systems of a pair. The test swaps whole documents, the
    counts of all seeds pooled, and so takes the seeds as given; p-values are corrected by Holm's method over all pairs.

    Args:
        pairs: of two systems each, counts (documents, K) a seed.
        seed: of all draws.
        score: from sums of counts (..., K) to scores (...).
    """

    def apart(totals: np.ndarray) -> np.ndarray:
        own, other = np.split(totals, 2, axis=-1)
        return score(own) - score(other)

    rng = np.random.default_rng(seed)
    made, raw = [], []
    for a, b in pairs:
        both = [np.concatenate(columns, axis=1) for columns in zip(a, b, strict=True)]  # (D, 2 K)
        low, high = bootstrap(both, rng=rng, score=apart)
        made.append((mean_score(both, score=apart), low, high))
        raw.append(approximate_randomisation(np.sum(a, axis=0), np.sum(b, axis=0), rng=rng, score=score))
    corrected = multipletests(raw, method="holm")[1] if raw else []
    return [Comparison(*found, float(p)) for found, p in zip(made, corrected, strict=True)]
