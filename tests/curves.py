"""Results whose truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from chemxl.evaluation.learning_curves import Learning
from chemxl.evaluation.metrics import Counts

SIZES = (50, 100, 200, 400, 800, 1600)


def learning(curve: Any, *, full: float, seeds: int = 3, documents: int = 200, sizes: Any = SIZES) -> Learning:
    """Documents of ten mentions each, of which about a share of ``curve`` is right; nothing spurious is found."""
    rng = np.random.default_rng(0)
    right = rng.binomial(10, np.asarray(curve)[:, None], size=(seeds, len(sizes), documents))  # (S, N, D)
    counts = np.stack([right, np.full_like(right, 10), np.full_like(right, 10)], axis=-1)
    whole = rng.binomial(10, full, size=(seeds, documents))
    return Learning(sizes, counts, np.stack([whole, np.full_like(whole, 10), np.full_like(whole, 10)], axis=-1))


class Counted:
    """A finished run with so many right mentions of ten, in each of thirty documents."""

    seed = 0

    def __init__(self, right: int) -> None:
        self.right = right

    def counts(self) -> Counts:
        return Counts(("CHEM",), np.tile([[[self.right, 10, 10]]], (30, 1, 1)))
