"""Where single runs first reach a goal, as paper 1 counts them, and how much of that is chance."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from chemxl.evaluation.learning_curves import SHARE, Estimate, Learning, crossed, monotone, reached
from chemxl.evaluation.metrics import f1


def first_crossings(learning: Learning, *, share: float = SHARE) -> list[float]:
    """As in the paper, the size at which each seed's run first reaches the goal of its own full corpus; infinity if it
    does not."""
    goals = share * f1(learning.whole.sum(axis=1))  # (S,)
    found: list[float] = crossed(learning.sizes, learning.scores(), goals).tolist()
    return found


class Crossings(NamedTuple):
    """Where single runs first reach their goal, and where the curve does around which they scatter.

    Args:
        spread: standard deviation of a run's F1 at a size.
        correlation: the correlation of a run's deviations at two sizes.
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
    """First crossings of simulated runs around a known curve, the monotone mean curve, which ends in the full corpus's
    F1.

    Runs deviate as the seeds do with many sentences, near the goal (the upper half of the sizes, and the full corpus;
    with few they scatter more): by as much at all sizes, and by as much more at each, both normally distributed.

    Args:
        sizes: at equal distances between the first and the last; the paper has 40.
    """
    at = np.linspace(learning.sizes[0], learning.sizes[-1], sizes)  # (n,)
    truth = np.interp(at, learning.sizes, monotone(learning.means()[0]))  # (n,)
    many = learning.scores()[:, len(learning.sizes) // 2 :]  # (S, n)
    observed = np.column_stack([many, f1(learning.whole.sum(axis=1))])  # (S, n + 1)
    between, within = _variances(observed - observed.mean(axis=0))
    shift = math.sqrt(between) * rng.standard_normal((runs, 1))
    made = np.append(truth, truth[-1]) + shift + math.sqrt(within) * rng.standard_normal((runs, sizes + 1))
    found = crossed(at.tolist(), made[:, :-1], share * made[:, -1])  # (B,)
    due, total = float(reached(at.tolist(), truth, share * truth[-1])), between + within
    middle = Estimate.of(float(np.median(found)), found)
    return Crossings(
        math.sqrt(total), between / total if total else 0.0, due, middle, float(np.mean(found < due - 1e-9))
    )


def _variances(residuals: np.ndarray) -> tuple[float, float]:
    """The variance that a seed has at all sizes together, and the rest, from deviations (S, N) from the mean over
    seeds."""
    seeds, sizes = residuals.shape
    if seeds == 1:
        return 0.0, 0.0
    means = residuals.mean(axis=1, keepdims=True)  # (S, 1)
    within = float(((residuals - means) ** 2).sum() / ((seeds - 1) * (sizes - 1)))
    return max(0.0, float((means**2).sum() / (seeds - 1)) - within / sizes), within
