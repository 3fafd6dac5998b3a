"""Learning curves: their height, how many labelled sentences are enough, and how many another way of training saves.

Paper 1 reports in table 5 how many are enough. It takes the first size at which one run reaches 99 % of the full
corpus's F1. Runs scatter, and where sizes lie close, the first of many noisy values above a line comes too early
(``chemxl.transfer.crossings``). Here the mean curve over seeds is made monotone first (isotonic regression), and all
that is told of it has the interval of the one rule (``chemxl.evaluation.significance``), which the paper lacks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chemxl.errors import ChemxlError
from chemxl.evaluation.metrics import Scorer, f1
from chemxl.evaluation.significance import LEVEL, Comparison, compare, drawn, estimate

SHARE = 0.99  # of the full corpus's F1
Bound = Literal["", "≥", "≤"]


@dataclass(frozen=True)
class Estimate:
    """A number of sentences with its interval; infinite if the curve does not reach the goal with the sizes that were
    run."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, draws: np.ndarray) -> Estimate:
        """A value with the interval that holds 95 % of draws (B,)."""
        return Estimate(value, *_ends(draws))

    def sentences(self, least: int, most: int) -> str:
        """The number as a table shows it; ``≤`` if the goal is reached with the fewest sentences that were run, ``>``
        if it is not reached with the most."""
        return _printed(self, f"> {most:,}", least)


@dataclass(frozen=True)
class Saving(Estimate):
    """How many sentences one way of training saves. An end is infinite if, in some draws, one of the two ways does not
    reach the goal, since it might need any number of further sentences.

    Args:
        bound: "≥" where the way without does not reach the goal, so that at least so many are saved; "≤" where the
            other does not.
        neither: share of draws in which neither does.
    """

    bound: Bound = ""
    neither: float = 0.0

    def sentences(self, least: int = 0, most: int = 0) -> str:
        """The saving as a table shows it; its ends and its bound say what is not known."""
        return f"{self.bound} {_printed(self, '∞')}".lstrip()


def _printed(estimate: Estimate, infinite: str, least: float | None = None) -> str:
    """A number of sentences with its interval."""

    def one(number: float) -> str:
        """The value, or an end of the interval."""
        if math.isnan(number):
            return "—"
        if least is not None and number <= least:
            return f"≤ {least:,.0f}"
        shown = infinite if math.isinf(number) else f"{abs(number):,.0f}"
        return f"−{shown}" if number < 0 and shown != "0" else shown

    return f"{one(estimate.value)} [{one(estimate.low)}, {one(estimate.high)}]"


@dataclass(frozen=True)
class Learning:
    """One way of training at several sizes: counts of right, found and due mentions by test document.

    Args:
        sizes: labelled sentences, ascending, (N,).
        counts: (S, N, D, 3) of S seeds.
        full: (S, D, 3), trained on all sentences; where they are not given, those of the last size.

    Raises:
        ChemxlError: shapes do not fit, or sizes do not ascend.
    """

    sizes: Sequence[int]
    counts: np.ndarray
    full: np.ndarray | None = None

    def __post_init__(self) -> None:
        seeds, sizes, documents, _ = self.counts.shape
        if sizes != len(self.sizes) or self.whole.shape != (seeds, documents, 3):
            raise ChemxlError(
                f"{len(self.sizes)} sizes, counts of shape {self.counts.shape}, full {self.whole.shape}: "
                "give (seeds, sizes, documents, 3) and (seeds, documents, 3)"
            )
        if any(a >= b for a, b in zip(self.sizes, self.sizes[1:], strict=False)):
            raise ChemxlError(f"sizes {list(self.sizes)} do not ascend")

    @property
    def whole(self) -> np.ndarray:
        """Counts of the models trained on the full corpus, whose F1 is the goal, (S, D, 3)."""
        return self.counts[:, -1] if self.full is None else self.full

    def scores(self) -> np.ndarray:
        """F1 by seed and size, (S, N)."""
        return f1(self.counts.sum(axis=2))

    def scatter(self) -> float:
        """The standard deviation of F1 over seeds, pooled over all sizes; 0 with one seed."""
        seeds, sizes = (scores := self.scores()).shape
        squares = ((scores - scores.mean(axis=0)) ** 2).sum()
        return math.sqrt(squares / ((seeds - 1) * sizes)) if seeds > 1 else 0.0

    def means(self) -> tuple[np.ndarray, float]:
        """Mean F1 over seeds, by size (N,) and on the full corpus."""
        return self.scores().mean(axis=0), float(f1(self.whole.sum(axis=1)).mean())

    def columns(self) -> list[np.ndarray]:
        """The counts of all sizes side by side, (D, 3 N) a seed."""
        seeds, _, documents, _ = self.counts.shape
        return list(self.counts.transpose(0, 2, 1, 3).reshape(seeds, documents, -1))


def each(totals: np.ndarray) -> np.ndarray:
    """F1 at every size, from sums of counts side by side (..., 3 N) -> (..., N)."""
    return f1(totals.reshape(*totals.shape[:-1], -1, 3))


def crossed(sizes: Sequence[float], curves: np.ndarray, goals: float | np.ndarray) -> np.ndarray:
    """The size at which each curve first reaches its goal (...), on straight lines between sizes; infinity if it does
    not.

    Args:
        curves: F1 by size, (..., N).
        goals: (...), or one for all.
    """
    at, goal = np.asarray(sizes, dtype=np.float64), np.asarray(goals)[..., None]
    above = curves >= goal  # (..., N)
    after = np.maximum(above.argmax(axis=-1, keepdims=True), 1)  # (..., 1), the end of the line that crosses
    low, high = (np.take_along_axis(curves, i, axis=-1) for i in (after - 1, after))
    part = np.divide(goal - low, high - low, out=np.zeros(low.shape), where=high > low)
    found = (at[after - 1] + part * (at[after] - at[after - 1]))[..., 0]
    return np.where(above[..., 0], at[0], np.where(above.any(axis=-1), found, np.inf))


def monotone(curves: np.ndarray) -> np.ndarray:
    """The nearest rising curves (..., N), by the max-min formula of isotonic regression (Robertson, Wright and Dykstra
    1988, theorem 1.4.4), for thousands of curves at once."""
    sizes = curves.shape[-1]
    made = np.full(curves.shape, -np.inf)
    for i in range(sizes):
        means = np.cumsum(curves[..., i:], axis=-1) / np.arange(1, sizes - i + 1)  # (..., N - i), of blocks from i on
        least = np.minimum.accumulate(means[..., ::-1], axis=-1)[..., ::-1]  # of those that end here or later
        made[..., i:] = np.maximum(made[..., i:], least)
    return made


def reached(sizes: Sequence[float], curves: np.ndarray, goals: float | np.ndarray) -> np.ndarray:
    """As :func:`crossed`, after the curves were made monotone."""
    return crossed(sizes, monotone(curves), goals)


def needed(learning: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000) -> Estimate:
    """How many sentences reach a share of the full corpus's F1, on the monotone mean curve.

    This is no smooth function of the scores, and it may be infinite. So the one rule is applied to the curve: curves
    are drawn with the scatter that the rule gives them (:func:`chemxl.evaluation.significance.drawn`), and the interval
    is that of 95 % of what they need.
    """
    curve, full = learning.means()
    value = float(reached(learning.sizes, curve, share * full))
    [(curves, fulls)] = _drawn([learning], rng, draws)
    return Estimate.of(value, reached(learning.sizes, curves, share * fulls))


def saved(
    without: Learning, other: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000
) -> Saving:
    """How many sentences fewer the other way needs for the same goal, the full corpus's F1 of the first.

    Where one of the two does not reach it, its last size stands for it, and what is saved is a bound; not a number
    where neither does. Its interval is as in :func:`needed`, with the same documents and seeds drawn for both: what is
    hard for both does not widen it.

    Raises:
        ChemxlError: the two were not tested on the same documents, or with other numbers of seeds.
    """
    _like(without, other)
    (curve, full), (higher, _) = without.means(), other.means()
    (curves, fulls), (highers, _) = _drawn([without, other], rng, draws)
    goals = share * np.append(fulls, full)  # (B + 1,), the last is that of the means
    before = reached(without.sizes, np.vstack([curves, curve]), goals)  # (B + 1,)
    after = reached(other.sizes, np.vstack([highers, higher]), goals)  # (B + 1,)
    least = np.minimum(before, without.sizes[-1]) - after  # (B + 1,), -inf where the other does not reach it
    most = before - np.minimum(after, other.sizes[-1])  # (B + 1,), inf where the first does not
    value, bound = _bounded(float(least[-1]), float(most[-1]))
    low, high = _ends(least[:-1])[0], _ends(most[:-1])[1]
    return Saving(value, low, high, bound, float(np.mean(np.isinf(least[:-1]) & np.isinf(most[:-1]))))


def _drawn(learnings: Sequence[Learning], rng: np.random.Generator, draws: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each way of training, mean curves (B, N) and means on the full corpus (B,), from the same draws of documents
    and seeds."""
    parts = [part for one in learnings for part in (one.columns(), list(one.whole))]  # (D, 3 N) or (D, 3) a seed
    both = [np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True)]
    means = drawn(both, rng=rng, draws=draws, score=each)  # (B, N + 1 of each)
    ends = np.cumsum([len(one.sizes) + 1 for one in learnings])
    return [(found[:, :-1], found[:, -1]) for found in np.split(means, ends[:-1], axis=1)]


def _bounded(least: float, most: float) -> tuple[float, Bound]:
    """The value that is known of a saving between two bounds, and the sign of its bound."""
    if math.isinf(least):
        return (math.nan, "") if math.isinf(most) else (most, "≤")
    return least, "≥" if math.isinf(most) else ""


def _like(a: Learning, b: Learning) -> None:
    """Raise an error unless two ways were tested on the same documents with as many seeds."""
    if a.whole.shape != b.whole.shape:
        raise ChemxlError("the two ways were tested on other documents or with other seeds: compare like with like")


def mean_height(curves: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """The mean height of curves (..., N) between the first and the last of N places: (...)."""
    if len(at) == 1:
        return curves[..., 0]
    height: np.ndarray = np.trapezoid(curves, at, axis=-1) / (at[-1] - at[0])
    return height


def area(learning: Learning, *, logarithmic: bool = False) -> Estimate:
    """The mean height of a curve between its first and last size: F1 averaged over the number of sentences or its
    logarithm.

    Args:
        logarithmic: over logarithms, so that from 50 to 100 counts as much as from 1,000 to 2,000.
    """
    return Estimate(*estimate(learning.columns(), score=height(_places(learning.sizes, logarithmic))))


def _places(sizes: Sequence[int], logarithmic: bool) -> Sequence[float]:
    """The sizes, or their logarithms."""
    return np.log(sizes).tolist() if logarithmic else sizes


def height(sizes: Sequence[float]) -> Scorer:
    """A function from sums of counts side by side (..., 3 N) to the mean height of F1 (...)."""
    return lambda totals: mean_height(each(totals), sizes)


def gained(pairs: Sequence[tuple[Learning, Learning]], *, logarithmic: bool = False) -> list[Comparison]:
    """For each pair, how much higher the second curve's area is than the first's, see :func:`area` and
    :func:`chemxl.evaluation.significance.compare`.

    Raises:
        ChemxlError: sizes differ, or two of a pair were not tested on the same documents.
    """
    if not pairs:
        return []
    sizes = pairs[0][0].sizes
    for pair in pairs:
        _like(*pair)
        if any(list(learning.sizes) != list(sizes) for learning in pair):
            raise ChemxlError("curves of other sizes have no areas to compare: run all with the same sizes")
    columns = [(other.columns(), without.columns()) for without, other in pairs]
    return compare(columns, score=height(_places(sizes, logarithmic)))


def _ends(draws: np.ndarray) -> tuple[float, float]:
    """Percentiles that occur among the draws, since some draws may be infinite."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], method="nearest")
    return float(low), float(high)
