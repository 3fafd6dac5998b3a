"""Learning curves: how high, how many labelled sentences are enough, how many another way of training saves.

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
    """A number with the ends of its interval; infinite where the sizes that were run do not reach it."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, draws: np.ndarray) -> Estimate:
        """With the ends that 95 % of the draws (B,) lie between."""
        return Estimate(value, *_ends(draws))

    def sentences(self, least: int, most: int) -> str:
        """As a table has it; ``≤`` where a curve has reached it with the fewest sentences that were run, ``>`` where it
        does not reach it with the most."""
        return _printed(self, f"> {most:,}", least)


@dataclass(frozen=True)
class Saving(Estimate):
    """What one way of training saves. An end is infinite where one of the two ways does not reach the goal in some of
    the draws, since it might do so after any number of sentences more.

    Args:
        bound: "≥" where the way without does not reach the goal, so that at least so many are saved; "≤" where the
            other does not.
        neither: share of draws in which neither does.
    """

    bound: Bound = ""
    neither: float = 0.0

    def sentences(self, least: int = 0, most: int = 0) -> str:
        """As a table has it; only its ends and its bound say what is not known."""
        return f"{self.bound} {_printed(self, '∞')}".lstrip()


def _printed(estimate: Estimate, infinite: str, least: float | None = None) -> str:
    def one(number: float) -> str:
        """A value or an end."""
        if math.isnan(number):
            return "—"
        if least is not None and number <= least:
            return f"≤ {least:,.0f}"
        shown = infinite if math.isinf(number) else f"{abs(number):,.0f}"
        return f"−{shown}" if number < 0 and shown != "0" else shown

    return f"{one(estimate.value)} [{one(estimate.low)}, {one(estimate.high)}]"


@dataclass(frozen=True)
class Learning:
    """Counts of right, found and due mentions by test document, of one way of training at several sizes.

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
        """Counts of what is to be reached, (S, D, 3)."""
        return self.counts[:, -1] if self.full is None else self.full

    def scores(self) -> np.ndarray:
        """F1 of each seed and size, (S, N)."""
        return f1(self.counts.sum(axis=2))

    def scatter(self) -> float:
        """The standard deviation of F1 over seeds, that of all sizes pooled; 0 of one seed."""
        seeds, sizes = (scores := self.scores()).shape
        squares = ((scores - scores.mean(axis=0)) ** 2).sum()
        return math.sqrt(squares / ((seeds - 1) * sizes)) if seeds > 1 else 0.0

    def means(self) -> tuple[np.ndarray, float]:
        """Mean F1 over seeds by size, (N,), and on the full corpus."""
        return self.scores().mean(axis=0), float(f1(self.whole.sum(axis=1)).mean())

    def columns(self) -> list[np.ndarray]:
        """Counts of all sizes beside each other, (D, 3 N) a seed."""
        seeds, _, documents, _ = self.counts.shape
        return list(self.counts.transpose(0, 2, 1, 3).reshape(seeds, documents, -1))


def each(totals: np.ndarray) -> np.ndarray:
    """F1 of every size, of sums of counts side by side (..., 3 N) -> (..., N)."""
    return f1(totals.reshape(*totals.shape[:-1], -1, 3))


def crossed(sizes: Sequence[float], curves: np.ndarray, goals: float | np.ndarray) -> np.ndarray:
    """Where curves first come to their goals (...); straight lines between sizes, infinity where one does not.

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
    """The rising curves nearest to some (..., N), by the max-min formula of isotonic regression (Robertson, Wright and
    Dykstra 1988, theorem 1.4.4): thousands at once."""
    sizes = curves.shape[-1]
    made = np.full(curves.shape, -np.inf)
    for i in range(sizes):
        means = np.cumsum(curves[..., i:], axis=-1) / np.arange(1, sizes - i + 1)  # (..., N - i), of blocks from i on
        least = np.minimum.accumulate(means[..., ::-1], axis=-1)[..., ::-1]  # of those that end here or later
        made[..., i:] = np.maximum(made[..., i:], least)
    return made


def reached(sizes: Sequence[float], curves: np.ndarray, goals: float | np.ndarray) -> np.ndarray:
    """The same of the curves made monotone."""
    return crossed(sizes, monotone(curves), goals)


def needed(learning: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000) -> Estimate:
    """Sentences until a share of the full corpus's F1 is reached, on the monotone mean curve.

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
    """How many sentences fewer the other way needs; both have the same goal, the full corpus's F1 of the first.

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
    """Of each, mean curves (B, N) and means on the full corpus (B,); the same documents and seeds for all."""
    parts = [part for one in learnings for part in (one.columns(), list(one.whole))]  # (D, 3 N) or (D, 3) a seed
    both = [np.concatenate(columns, axis=1) for columns in zip(*parts, strict=True)]
    means = drawn(both, rng=rng, draws=draws, score=each)  # (B, N + 1 of each)
    ends = np.cumsum([len(one.sizes) + 1 for one in learnings])
    return [(found[:, :-1], found[:, -1]) for found in np.split(means, ends[:-1], axis=1)]


def _bounded(least: float, most: float) -> tuple[float, Bound]:
    if math.isinf(least):
        return (math.nan, "") if math.isinf(most) else (most, "≤")
    return least, "≥" if math.isinf(most) else ""


def _like(a: Learning, b: Learning) -> None:
    if a.whole.shape != b.whole.shape:
        raise ChemxlError("the two ways were tested on other documents or with other seeds: compare like with like")


def mean_height(curves: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """The area under curves (..., N) between the first and the last of N places, over their distance: (...)."""
    if len(at) == 1:
        return curves[..., 0]
    height: np.ndarray = np.trapezoid(curves, at, axis=-1) / (at[-1] - at[0])
    return height


def area(learning: Learning, *, logarithmic: bool = False) -> Estimate:
    """The mean height of the curve between the first and the last size: F1 averaged over numbers of sentences, or
    over their logarithms.

    Args:
        logarithmic: over logarithms, so that from 50 to 100 counts as much as from 1,000 to 2,000.
    """
    return Estimate(*estimate(learning.columns(), score=height(_places(learning.sizes, logarithmic))))


def _places(sizes: Sequence[int], logarithmic: bool) -> Sequence[float]:
    return np.log(sizes).tolist() if logarithmic else sizes


def height(sizes: Sequence[float]) -> Scorer:
    """From sums of counts side by side (..., 3 N) to the mean height of F1 (...)."""
    return lambda totals: mean_height(each(totals), sizes)


def gained(pairs: Sequence[tuple[Learning, Learning]], *, logarithmic: bool = False) -> list[Comparison]:
    """How much higher the area under the second curve of each pair is than that under the first, see :func:`area` and
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
    """Percentiles that were drawn, since some may be infinite."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], method="nearest")
    return float(low), float(high)
