"""Intervals and p-values, all by one rule.

The score is the mean over seeds. Its variance has two parts, what was tested on and how training began:

    variance = documents + max(0, seeds - both)

- ``documents``: the bootstrap variance of the mean over seeds, documents drawn with replacement (Efron 1979), times
  D / (D - 1);
- ``seeds``: the sample variance of the seeds' scores over S;
- ``both``: what these two count alike, since each seed errs in other documents: the bootstrap variance between seeds
  over S. It is taken off once (Cameron, Gelbach and Miller 2011), or else true differences of two systems would be
  called chance far too often.

The interval is Student's t with Satterthwaite's (1946) degrees of freedom of the parts that are in the sum: S - 1 of
the seeds, at most D - 1 of the documents, and fewer where few documents decide: as many as the variance of a sample
variance gives (Kenney and Keeping 1951, p. 164), from the kurtosis of what each document contributes.
``tests/evaluation/test_significance.py`` simulates what the intervals cover.

With one seed the documents alone are in the sum; with one document nothing is known of others, and the interval has
no ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

from chemxl.errors import ChemxlError
from chemxl.evaluation.metrics import Scorer, f1

RULE = "t: documents + seeds"  # of everything here but t_interval
SEEDS_RULE = "t: seeds"  # of t_interval
LEVEL = 0.95
DRAWS = 2000
Interval = tuple[float, float, float]  # a value, and the ends of its interval
_NOTHING = 1e-12  # a difference or a standard error that rounding may leave


class Comparison(NamedTuple):
    """The score of one system less that of another, with interval and p.

    Args:
        low, high: the interval of the difference, which excludes zero exactly if p is below 0.05.
        p: the probability that chance gives as much, corrected for the number of comparisons.
        clear: the interval excludes zero.
    """

    difference: float
    low: float
    high: float
    p: float
    clear: bool


class _Student(NamedTuple):
    """Values with their standard errors and degrees of freedom, all of shape (...)."""

    value: np.ndarray
    error: np.ndarray
    freedom: np.ndarray

    def half(self, level: float | np.ndarray) -> np.ndarray:
        """Half the width of the interval (...)."""
        width: np.ndarray = stdtrit(self.freedom, (1 + level) / 2) * self.error
        return width

    def p(self) -> np.ndarray:
        """The two-sided p-value that the value is zero (...)."""
        apart = np.where(np.abs(self.value) > _NOTHING, np.abs(self.value), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(self.error > _NOTHING, apart / self.error, np.where(apart > 0, np.inf, 0.0))
        chance: np.ndarray = 2 * stdtr(self.freedom, -t)
        return chance


def estimate(
    columns: Sequence[np.ndarray],
    *,
    score: Scorer = f1,
    limits: tuple[float, float] = (0.0, 1.0),
    draws: int = DRAWS,
) -> Interval:
    """The mean score over seeds and its 95 % interval.

    Args:
        columns: one array of counts (documents, K) per seed, over the same documents; K stands for all further axes.
        score: a function from sums of counts (..., K) to scores (...); by default F1 of right, found and due.
        limits: what the score cannot go beyond; ends are cut there, which leaves the coverage as it is.
        draws: the number of draws of documents, which are always the same.

    Raises:
        ChemxlError: no document, other documents for other seeds, or a score beyond the limits.
    """
    value, low, high = estimates(columns, score=score, limits=limits, draws=draws)
    return float(value), float(low), float(high)


def estimates(
    columns: Sequence[np.ndarray],
    *,
    score: Scorer = f1,
    limits: tuple[float, float] = (0.0, 1.0),
    draws: int = DRAWS,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same as :func:`estimate` for several scores at once: values, low and high ends in the shape that ``score``
    gives."""
    found = _student([_stacked(columns)], score, draws)
    if np.any(found.value < limits[0] - 1e-9) or np.any(found.value > limits[1] + 1e-9):
        raise ChemxlError(f"the score {found.value} is not within {limits}: give the limits that it has")
    half = found.half(LEVEL)
    return found.value, np.maximum(found.value - half, limits[0]), np.minimum(found.value + half, limits[1])


def mean_score(columns: Sequence[np.ndarray], *, score: Scorer = f1) -> float:
    """The mean score over seeds, with counts as in :func:`estimate`."""
    return float(np.mean([score(column.sum(axis=0)) for column in columns]))


def t_interval(runs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and 95 % interval of what varies over seeds only (S, ...); both ends are the mean if there is one run."""
    mean, seeds = runs.mean(axis=0), len(runs)
    if seeds == 1:
        return mean, mean, mean
    half = _Student(mean, runs.std(axis=0, ddof=1) / np.sqrt(seeds), np.asarray(seeds - 1)).half(LEVEL)
    return mean, mean - half, mean + half


def compare(
    pairs: Sequence[tuple[Sequence[np.ndarray], Sequence[np.ndarray]]], *, score: Scorer = f1, draws: int = DRAWS
) -> list[Comparison]:
    """Mean scores of two systems compared, for each pair.

    The same documents are drawn for both systems of a pair. Seeds are paired where both have as many; else each side
    has its own variance (Welch 1947), and a side with one seed that of the other.

    Over all pairs p-values are corrected by Holm's (1979) method. Where that multiplies one by c, its interval is that
    of the level 1 - 0.05 / c. Ends of differences are not cut.

    Args:
        pairs: for each pair of systems the counts of both, (documents, K) a seed; compared is the first less the
            second.
        score: a function from sums of counts (..., K) to scores (...).
        draws: the number of draws of documents, which are always the same.

    Raises:
        ChemxlError: no document, or other documents for other seeds or systems.
    """
    found = [_difference(_stacked(a), _stacked(b), score, draws) for a, b in pairs]
    if not found:
        return []
    all_ = _Student(*(np.array(column) for column in zip(*found, strict=True)))  # (P,)
    factors = holm(raw := all_.p())
    half = all_.half(1 - (1 - LEVEL) / factors)
    low, high = all_.value - half, all_.value + half
    corrected = np.minimum(1.0, raw * factors)
    columns = (all_.value, low, high, corrected, corrected < 1 - LEVEL)
    return [Comparison(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def drawn(
    columns: Sequence[np.ndarray], *, rng: np.random.Generator, draws: int = DRAWS, score: Scorer = f1
) -> np.ndarray:
    """Draws of mean scores over seeds (B, ...) that scatter as the rule says, for functions of scores that are not
    smooth.

    Documents are drawn with replacement. To each draw comes a deviation of the seeds, multivariate t with S - 1 degrees
    of freedom: a normal combination of the centred scores, with their covariance over S less what documents explain.
    """
    runs = _stacked(columns)
    seeds, documents = runs.shape[:2]
    weights = rng.multinomial(documents, np.full(documents, 1 / documents), size=draws)  # (B, D)
    again = score(_resampled(runs, weights))  # (S, B, ...)
    means: np.ndarray = again.mean(axis=0)  # (B, ...)
    if seeds == 1:
        return means
    scores = score(runs.sum(axis=1))  # (S, ...)
    own, both = scores.var(axis=0, ddof=1), _between(again)
    left = np.sqrt(_divided(np.maximum(own - both, 0.0), own, otherwise=0.0))  # (...)
    normal = rng.standard_normal((draws, seeds)) / np.sqrt(seeds * rng.chisquare(seeds - 1, size=(draws, 1)))  # (B, S)
    means += left * np.tensordot(normal, scores - scores.mean(axis=0), axes=1)
    return means


def holm(p: np.ndarray) -> np.ndarray:
    """The factors by which Holm's step-down method multiplies P raw p-values (P,), before they are cut at one."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    factors = np.full(len(p), float(len(p)))  # where p is zero
    factors[order] = np.divide(stepped, p[order], out=factors[order], where=p[order] > 0)
    return factors


def _stacked(columns: Sequence[np.ndarray]) -> np.ndarray:
    """The counts of all seeds, (S, D, K)."""
    if len({column.shape for column in columns}) != 1 or not len(columns[0]):
        shapes = ", ".join(str(column.shape) for column in columns) or "none"
        raise ChemxlError(f"counts of shapes {shapes}: give every seed's, of the same documents, at least one")
    return np.stack(columns).astype(np.float64)


def _difference(a: np.ndarray, b: np.ndarray, score: Scorer, draws: int) -> _Student:
    """The difference of two systems' mean scores; by seed if both have as many seeds, counted on the same documents."""
    if a.shape[1:] != b.shape[1:]:
        raise ChemxlError(f"counts of shapes {a.shape[1:]} and {b.shape[1:]}: compare systems on the same documents")
    if len(a) != len(b):
        return _student([a, b], score, draws)

    def apart(totals: np.ndarray) -> np.ndarray:
        """The difference of the scores of two sides whose counts stand side by side."""
        own, other = np.split(totals, 2, axis=-1)
        return score(own) - score(other)

    return _student([np.concatenate([a, b], axis=-1)], apart, draws)


def _student(sides: Sequence[np.ndarray], score: Scorer, draws: int) -> _Student:
    """The mean score over seeds of one side, or the first side's less the second's; counts (S, D, K) a side."""
    documents = sides[0].shape[1]
    weights = _weights(documents, draws)  # (B, D)
    totals = [runs.sum(axis=1) for runs in sides]  # (S, K) each
    scores = [score(sums) for sums in totals]  # (S, ...)
    value = _apart(scores)
    if documents == 1:
        return _Student(value, np.full(value.shape, np.inf), np.ones(value.shape))
    again = [score(_resampled(runs, weights)) for runs in sides]  # (S, B, ...)
    without = [score(sums[:, None] - runs) for sums, runs in zip(totals, sides, strict=True)]  # (S, D, ...)
    bessel = documents / (documents - 1)
    variance = bessel * _apart(again).var(axis=0)
    spread = variance**2 / _freedom(_apart(without))
    several = [side for side in zip(scores, again, strict=True) if len(side[0]) > 1]
    for own, scattered in several:
        share = 1 / len(own) + len(sides) - len(several)  # a side with one seed is taken to vary as the other
        seeds = share * own.var(axis=0, ddof=1)
        both = share * bessel * _between(scattered)
        variance = variance + np.maximum(seeds - both, 0.0)
        spread = spread + np.where(seeds > both, seeds**2 / (len(own) - 1), 0.0)
    return _Student(value, np.sqrt(variance), _divided(variance**2, spread, otherwise=documents - 1))


def _resampled(runs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums of counts (S, D, K) over documents that were drawn so often (B, D) -> (S, B, K)."""
    return np.tensordot(weights.astype(np.float64, copy=False), runs, axes=(1, 1)).swapaxes(0, 1)


def _between(again: np.ndarray) -> np.ndarray:
    """The part of the variance between seeds (...) that comes from the documents, from the scores of draws (S, B,
    ...)."""
    variance: np.ndarray = (again - again.mean(axis=1, keepdims=True)).var(axis=0, ddof=1).mean(axis=0)
    return variance


def _apart(sides: Sequence[np.ndarray]) -> np.ndarray:
    """The first side's mean over seeds (S, ...), less that of the second side if there is one (...)."""
    means: list[np.ndarray] = [side.mean(axis=0) for side in sides]
    return means[0] if len(means) == 1 else np.subtract(*means)


def _freedom(without: np.ndarray) -> np.ndarray:
    """Degrees of freedom of the documents' variance, from the scores without each of them (D, ...) -> (...)."""
    documents = len(without)
    squares = (without - without.mean(axis=0)) ** 2
    kurtosis = _divided((squares**2).mean(axis=0), squares.mean(axis=0) ** 2, otherwise=3.0)
    excess = np.maximum(kurtosis - 3.0, 0.0)
    freedom: np.ndarray = 1 / (1 / (documents - 1) + excess / (2 * documents))
    return freedom


def _divided(a: np.ndarray, b: np.ndarray, *, otherwise: float) -> np.ndarray:
    """a / b, and ``otherwise`` if b is 0."""
    result: np.ndarray = np.divide(a, b, out=np.full(np.shape(b), float(otherwise)), where=b > 0)
    return result


@lru_cache(maxsize=2)
def _weights(documents: int, draws: int) -> np.ndarray:
    """How often each document is drawn, in each draw (B, D)."""
    rng = np.random.default_rng(0)
    return rng.multinomial(documents, np.full(documents, 1 / documents), size=draws).astype(np.float64)
