"""How many labelled sentences are enough: the number paper 1 reports in table 5, with what it lacks, an interval.

The paper takes the first size at which one run reaches 99 % of the full corpus's F1. Runs scatter, and the first of
many noisy values above a line comes too early. Here the mean curve over seeds is made monotone first (isotonic
regression), and documents and seeds are drawn again for the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import isotonic_regression

from chemxl.errors import ChemxlError
from chemxl.metrics import f1, mean_height

SHARE = 0.99  # of the full corpus's F1
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its interval; infinite where the sizes that were run do not reach it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Learning:
    """Counts of right, found and due mentions by test document, of one way of training at several sizes.

    Args:
        sizes: labelled sentences, ascending, (N,).
        counts: (S, N, D, 3) of S seeds.
        full: (S, D, 3), trained on all sentences.

    Raises:
        ChemxlError: shapes do not fit, or sizes do not ascend.
    """

    sizes: Sequence[int]
    counts: np.ndarray
    full: np.ndarray

    def __post_init__(self) -> None:
        seeds, sizes, documents, _ = self.counts.shape
        if sizes != len(self.sizes) or self.full.shape != (seeds, documents, 3):
            raise ChemxlError(
                f"{len(self.sizes)} sizes, counts of shape {self.counts.shape}, full {self.full.shape}: "
                "give (seeds, sizes, documents, 3) and (seeds, documents, 3)"
            )
        if any(a >= b for a, b in zip(self.sizes, self.sizes[1:], strict=False)):
            raise ChemxlError(f"sizes {list(self.sizes)} do not ascend")

    def scores(self) -> np.ndarray:
        """F1 of each seed and size, (S, N)."""
        return f1(self.counts.sum(axis=2))

    def means(self) -> tuple[np.ndarray, float]:
        """Mean F1 over seeds by size, (N,), and on the full corpus."""
        return self.scores().mean(axis=0), float(f1(self.full.sum(axis=1)).mean())

    def drawn(self, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """The same after documents and seeds were drawn with replacement: (B, N) and (B,)."""
        seeds, _, documents, _ = self.counts.shape
        weights = rng.multinomial(documents, np.full(documents, 1 / documents), size=draws).astype(float)  # (B, D)
        chosen = rng.integers(seeds, size=(draws, seeds))  # (B, S)
        curves = f1(np.einsum("bd,sndk->bsnk", weights, self.counts.astype(float), optimize=True))  # (B, S, N)
        full = f1(np.einsum("bd,sdk->bsk", weights, self.full.astype(float), optimize=True))  # (B, S)
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
    goals = share * f1(learning.full.sum(axis=1))  # (S,)
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
    without: Learning, transferred: Learning, *, rng: np.random.Generator, share: float = SHARE, draws: int = 2000
) -> Estimate:
    """How many sentences fewer are needed after transfer; both have the same goal, the full corpus's F1 without it.

    Not a number where neither way reaches it.

    The interval pairs draws, so that documents that are hard for both do not widen it.

    Raises:
        ChemxlError: the two were not tested on the same documents.
    """
    if without.full.shape != transferred.full.shape:
        raise ChemxlError("the two ways were tested on other documents or with other seeds: compare like with like")
    same = Learning(transferred.sizes, transferred.counts, without.full)
    (curve, full), (other, _) = without.means(), same.means()
    state = rng.bit_generator.state
    before = _needed(without, rng, share, draws)
    rng.bit_generator.state = state  # the same documents and seeds
    after = _needed(same, rng, share, draws)
    value = reached(without.sizes, curve, share * full) - reached(same.sizes, other, share * full)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        return _estimate(value, before - after)


def area(learning: Learning, *, rng: np.random.Generator, draws: int = 2000) -> Estimate:
    """The mean height of the curve between the first and the last size: F1 averaged over numbers of sentences."""
    curves, _ = learning.drawn(rng, draws)
    curve, _ = learning.means()
    return _estimate(float(mean_height(curve, learning.sizes)), mean_height(curves, learning.sizes))


def _needed(learning: Learning, rng: np.random.Generator, share: float, draws: int) -> np.ndarray:
    curves, full = learning.drawn(rng, draws)
    return np.array([reached(learning.sizes, c, share * f) for c, f in zip(curves, full, strict=True)])


def _estimate(value: float, draws: np.ndarray) -> Estimate:
    """Percentiles; draws that never reach the goal are infinite, and infinity less infinity is left out."""
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Estimate(value, float("-inf"), float("inf"))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(known, [tail, 1 - tail], method="nearest")
    return Estimate(value, float(low), float(high))
