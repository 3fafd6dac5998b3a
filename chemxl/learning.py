"""Learning curves: how high, how many labelled sentences are enough, how many another way of training saves.

Paper 1 reports in table 5 how many are enough. It takes the first size at which one run reaches 99 % of the full
corpus's F1. Runs scatter, and where sizes lie close, the first of many noisy values above a line comes too early
(:func:`simulated`). Here the mean curve over seeds is made monotone first (isotonic regression), and documents and
seeds are drawn again for an interval, which the paper lacks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from sklearn.isotonic import isotonic_regression

from chemxl.errors import ChemxlError
from chemxl.metrics import f1
from chemxl.significance import Comparison, compare

SHARE = 0.99  # of the full corpus's F1
LEVEL = 0.95
Bound = Literal["", "≥", "≤"]
BOUNDS: dict[Bound, str] = {"": "", "≥": ", at least", "≤": ", at most"}  # in the name of a recorded measure


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its interval; infinite where the sizes that were run do not reach it."""

    value: float
    low: float
    high: float

    def sentences(self, most: int) -> str:
        """As a table has it; ``>`` where a curve of so many sentences does not reach it."""
        return _printed(self, f"> {most:,}")


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

    def sentences(self, most: int = 0) -> str:
        """As a table has it."""
        return f"{self.bound} {_printed(self, '∞')}".lstrip()


def parted(metric: str) -> tuple[str, Bound]:
    """The name of a recorded measure, and whether it is a bound."""
    for bound, words in BOUNDS.items():
        if words and metric.endswith(words):
            return metric.removesuffix(words), bound
    return metric, ""


def _printed(estimate: Estimate, infinite: str) -> str:
    def one(number: float) -> str:
        if math.isnan(number):
            return "—"
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

    def means(self) -> tuple[np.ndarray, float]:
        """Mean F1 over seeds by size, (N,), and on the full corpus."""
        return self.scores().mean(axis=0), float(f1(self.whole.sum(axis=1)).mean())

    def drawn(self, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """The same after documents and seeds were drawn with replacement: (B, N) and (B,)."""
        seeds, _, documents, _ = self.counts.shape
        weights = rng.multinomial(documents, np.full(documents, 1 / documents), size=draws).astype(float)  # (B, D)
        chosen = rng.integers(seeds, size=(draws, seeds))  # (B, S)
        curves = f1(np.einsum("bd,sndk->bsnk", weights, self.counts.astype(float), optimize=True))  # (B, S, N)
        full = f1(np.einsum("bd,sdk->bsk", weights, self.whole.astype(float), optimize=True))  # (B, S)
        taken = np.take_along_axis(curves, chosen[..., None], axis=1).mean(axis=1)  # (B, N)
        return taken, np.take_along_axis(full, chosen, axis=1).mean(axis=1)


def crossed(sizes: Sequence[float], curve: np.ndarray, goal: float) -> float:
    """Where a curve first comes to a goal; straight lines between sizes, infinity where it does not.

    Args:
        curve: F1 by size, (N,).
    """
    above = np.flatnonzero(curve >= goal)
    if not len(above):
        return float("inf")
    if (i := int(above[0])) == 0:
        return float(sizes[0])
    part = (goal - curve[i - 1]) / (curve[i] - curve[i - 1])
    return float(sizes[i - 1] + part * (sizes[i] - sizes[i - 1]))


def reached(sizes: Sequence[float], curve: np.ndarray, goal: float) -> float:
    """The same of the curve made monotone."""
    return crossed(sizes, isotonic_regression(curve), goal)


def first_crossings(learning: Learning, *, share: float = SHARE) -> list[float]:
    """As in the paper: where each seed's run first comes to the goal of its own full corpus, infinity where it does
    not."""
    goals = share * f1(learning.whole.sum(axis=1))  # (S,)
    return [crossed(learning.sizes, run, goal) for run, goal in zip(learning.scores(), goals, strict=True)]


def needed(learning: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000) -> Estimate:
    """Sentences until a share of the full corpus's F1 is reached, on the monotone mean curve."""
    curve, full = learning.means()
    return _estimate(reached(learning.sizes, curve, share * full), _needed(learning, rng, share, draws))


def saved(
    without: Learning, other: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000
) -> Saving:
    """How many sentences fewer the other way needs; both have the same goal, the full corpus's F1 of the first.

    Where one of the two does not reach it, its last size stands for it, and what is saved is a bound; not a number
    where neither does. The interval pairs draws: documents that are hard for both do not widen it.

    Raises:
        ChemxlError: the two were not tested on the same documents.
    """
    _like(without, other)
    same = Learning(other.sizes, other.counts, without.whole)
    (curve, full), (higher, _) = without.means(), same.means()
    state = rng.bit_generator.state
    before = np.append(_needed(without, rng, share, draws), reached(without.sizes, curve, share * full))
    rng.bit_generator.state = state  # the same documents and seeds
    after = np.append(_needed(same, rng, share, draws), reached(same.sizes, higher, share * full))
    least = np.minimum(before, without.sizes[-1]) - after  # (B + 1,), -inf where the other does not reach it
    most = before - np.minimum(after, other.sizes[-1])  # (B + 1,), inf where the first does not
    value, bound = _bounded(float(least[-1]), float(most[-1]))
    low, high = _ends(least[:-1])[0], _ends(most[:-1])[1]
    return Saving(value, low, high, bound, float(np.mean(np.isinf(least[:-1]) & np.isinf(most[:-1]))))


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


def area(learning: Learning, *, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """The mean height of the curve between the first and the last size: F1 averaged over numbers of sentences."""
    curves, _ = learning.drawn(rng, draws)
    curve, _ = learning.means()
    return _estimate(float(mean_height(curve, learning.sizes)), mean_height(curves, learning.sizes))


def gained(pairs: Sequence[tuple[Learning, Learning]], *, seed: int = 0) -> list[Comparison]:
    """How much higher the area under the second curve of each pair is than that under the first, see :func:`area`; with
    an interval that pairs draws, and a test over all sizes at once, Holm's method over the pairs.

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

    def height(totals: np.ndarray) -> np.ndarray:  # (..., N 3) to (...)
        return mean_height(f1(totals.reshape(*totals.shape[:-1], len(sizes), 3)), sizes)

    def columns(learning: Learning) -> list[np.ndarray]:
        seeds, _, documents, _ = learning.counts.shape
        return list(learning.counts.transpose(0, 2, 1, 3).reshape(seeds, documents, -1))  # (D, N 3) a seed

    return compare([(columns(other), columns(without)) for without, other in pairs], seed=seed, score=height)


class Crossings(NamedTuple):
    """Where single runs first come to their goal, and where the curve does that they scatter about.

    Args:
        spread: standard deviation of a run's F1 at a size.
        correlation: of a run's deviations at two sizes.
        curve: where the curve crosses.
        runs: where simulated runs do first, the median and 95 % of them; runs that do not come later than the last.
        early: share of runs that cross before the curve.
    """

    spread: float
    correlation: float
    curve: float
    runs: Estimate
    early: float


def simulated(
    learning: Learning, *, rng: np.random.Generator, share: float = SHARE, sizes: int = 40, runs: int = 2000
) -> Crossings:
    """First crossings of runs whose truth is known: the mean curve, made monotone, ends in the full corpus's F1.

    Runs deviate as the seeds do: by as much at all sizes, and by as much more at each size, both normally distributed.

    Args:
        sizes: at equal distances between the first and the last; the paper has 40.
    """
    at = np.linspace(learning.sizes[0], learning.sizes[-1], sizes)  # (n,)
    truth = np.interp(at, learning.sizes, isotonic_regression(learning.means()[0]))  # (n,)
    observed = np.column_stack([learning.scores(), f1(learning.whole.sum(axis=1))])  # (S, N + 1)
    between, within = _variances(observed - observed.mean(axis=0))
    shift = math.sqrt(between) * rng.standard_normal((runs, 1))
    made = np.append(truth, truth[-1]) + shift + math.sqrt(within) * rng.standard_normal((runs, sizes + 1))
    found = np.array([crossed(at.tolist(), run[:-1], share * run[-1]) for run in made])  # (B,)
    due, total = reached(at.tolist(), truth, share * truth[-1]), between + within
    middle = Estimate(float(np.median(found)), *_ends(found))
    return Crossings(
        math.sqrt(total), between / total if total else 0.0, due, middle, float(np.mean(found < due - 1e-9))
    )


def _variances(residuals: np.ndarray) -> tuple[float, float]:
    """What seeds share over all sizes, and the rest, from deviations (S, N) from the mean over seeds."""
    seeds, sizes = residuals.shape
    if seeds == 1:
        return 0.0, 0.0
    means = residuals.mean(axis=1, keepdims=True)  # (S, 1)
    within = float(((residuals - means) ** 2).sum() / ((seeds - 1) * (sizes - 1)))
    return max(0.0, float((means**2).sum() / (seeds - 1)) - within / sizes), within


def _needed(learning: Learning, rng: np.random.Generator, share: float, draws: int) -> np.ndarray:
    curves, full = learning.drawn(rng, draws)
    return np.array([reached(learning.sizes, c, share * f) for c, f in zip(curves, full, strict=True)])


def _estimate(value: float, draws: np.ndarray) -> Estimate:
    return Estimate(value, *_ends(draws))


def _ends(draws: np.ndarray) -> tuple[float, float]:
    """Percentiles that were drawn, since some may be infinite."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], method="nearest")
    return float(low), float(high)
