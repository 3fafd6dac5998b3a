"""Learning curves: how high, how many labelled sentences are enough, how many another way of training saves.

Paper 1 reports in table 5 how many are enough. It takes the first size at which one run reaches 99 % of the full
corpus's F1. Runs scatter, and the first of many noisy values above a line comes too early. Here the mean curve over
seeds is made monotone first (isotonic regression), and documents and seeds are drawn again for an interval, which the
paper lacks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import isotonic_regression

from chemxl.errors import ChemxlError
from chemxl.metrics import f1

SHARE = 0.99  # of the full corpus's F1
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its interval; infinite where the sizes that were run do not reach it."""

    value: float
    low: float
    high: float

    def sentences(self, most: int) -> str:
        """As a table has it; ``>`` where a curve of so many sentences does not reach it."""

        def one(number: float) -> str:
            if math.isnan(number):
                return "—"
            if math.isinf(number):
                return f"> {most:,}"
            return f"{number:,.0f}".replace("-", "−")

        return f"{one(self.value)} [{one(self.low)}, {one(self.high)}]"


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


def reached(sizes: Sequence[int], curve: np.ndarray, goal: float) -> float:
    """Where a curve, made monotone, comes to a goal; straight lines between sizes, infinity where it does not.

    Args:
        curve: F1 by size, (N,).
    """
    rising = isotonic_regression(curve)
    above = np.flatnonzero(rising >= goal)
    if not len(above):
        return float("inf")
    if (i := int(above[0])) == 0:
        return float(sizes[0])
    part = (goal - rising[i - 1]) / (rising[i] - rising[i - 1])
    return float(sizes[i - 1] + part * (sizes[i] - sizes[i - 1]))


def first_crossings(learning: Learning, *, share: float = SHARE) -> list[float]:
    """What the paper does: for each seed the first size that reaches the goal of its own run."""
    goals = share * f1(learning.whole.sum(axis=1))  # (S,)
    found = []
    for run, goal in zip(learning.scores(), goals, strict=True):
        above = np.flatnonzero(run >= goal)
        found.append(float(learning.sizes[int(above[0])]) if len(above) else float("inf"))
    return found


def needed(learning: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000) -> Estimate:
    """Sentences until a share of the full corpus's F1 is reached, on the monotone mean curve."""
    curve, full = learning.means()
    return _estimate(reached(learning.sizes, curve, share * full), _needed(learning, rng, share, draws))


def saved(
    without: Learning, other: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000
) -> Estimate:
    """How many sentences fewer the other way needs; both have the same goal, the full corpus's F1 of the first.

    A way that does not reach it is counted with its last size, so that what is saved is no less than this, or no more.
    Not a number where neither does. The interval pairs draws: documents that are hard for both do not widen it.

    Raises:
        ChemxlError: the two were not tested on the same documents.
    """
    if without.whole.shape != other.whole.shape:
        raise ChemxlError("the two ways were tested on other documents or with other seeds: compare like with like")
    same = Learning(other.sizes, other.counts, without.whole)
    (curve, full), (higher, _) = without.means(), same.means()
    state = rng.bit_generator.state
    before = np.append(_needed(without, rng, share, draws), reached(without.sizes, curve, share * full))
    rng.bit_generator.state = state  # the same documents and seeds
    after = np.append(_needed(same, rng, share, draws), reached(same.sizes, higher, share * full))
    if math.isinf(before[-1]) and math.isinf(after[-1]):
        return Estimate(math.nan, -math.inf, math.inf)
    fewer = np.minimum(before, without.sizes[-1]) - np.minimum(after, other.sizes[-1])  # (B + 1,)
    return _estimate(float(fewer[-1]), fewer[:-1])


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


def _needed(learning: Learning, rng: np.random.Generator, share: float, draws: int) -> np.ndarray:
    curves, full = learning.drawn(rng, draws)
    return np.array([reached(learning.sizes, c, share * f) for c, f in zip(curves, full, strict=True)])


def _estimate(value: float, draws: np.ndarray) -> Estimate:
    """Percentiles that were drawn, since some may be infinite."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], method="nearest")
    return Estimate(value, float(low), float(high))
