"""What chapter 6 shows of words: their distances, worked by hand and while it trains, and the plane of most
variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch.distributions import Independent, Normal, kl_divergence

from chemxl.contrastive.experiments import ContrastivePretraining
from chemxl.contrastive.loss import distances, gaussian, variance
from chemxl.contrastive.words import WordVectors
from chemxl.results.clouds import Cloud


def followed(values: Sequence[ContrastivePretraining]) -> dict[str, tuple[list[float], list[list[float]]]]:
    """For each run, sentences read and the mean distance of held-out words, within a label and between labels."""
    made = {}
    for measure in ("within", "between"):
        runs, steps = [], 0
        for value in values:
            history = value.run().history()
            steps = sum("loss" in row for row in history)
            measured = {row["step"] / steps: row[measure] for row in history if "score" in row}
            runs.append(np.interp(np.linspace(0, 1, 9), list(measured), list(measured.values())).tolist())
        made[measure] = (np.linspace(0, 100, 9).tolist(), runs)
    return made


@dataclass(frozen=True)
class Plane:
    """The plane in which points (n, d) differ most."""

    points: np.ndarray

    @cached_property
    def _fitted(self) -> PCA:
        """The principal components of the points."""
        return PCA(2, svd_solver="full").fit(self.points)

    @property
    def share(self) -> str:
        """The share of the variance that lies in the plane."""
        return f"{self._fitted.explained_variance_ratio_.sum():.0%}"

    def clouds(self, words: WordVectors, names: Sequence[str], *, gaussians: bool, each: int) -> list[Cloud]:
        """The first words of each type, as points of the plane; ``O`` is called outside.

        Args:
            names: the names of the labels.
            gaussians: the means of the Gaussians with their covariances, not the encoder's output.
            each: words of a type.
        """
        kinds = np.array(["outside" if name == "O" else name.partition("-")[2] for name in names])[words.labels]  # (n,)
        points = self._fitted.transform(words.mean if gaussians else words.hidden)  # (n, 2)
        axes = self._fitted.components_  # (2, d)
        made = []
        for kind in sorted(set(kinds.tolist())):
            rows = np.flatnonzero(kinds == kind)[:each]
            spread = np.einsum("id,nd,jd->nij", axes, words.variance[rows], axes) if gaussians else None
            made.append(Cloud(f"{kind} ({len(rows)} words)", points[rows], spread))
        return made


def worked(*, seed: int) -> list[dict[str, object]]:
    """The distances of four random Gaussians, by torch's divergences and by
    :func:`chemxl.contrastive.loss.gaussian`."""
    generator = torch.Generator().manual_seed(seed)
    mean, spread = torch.randn(4, 8, generator=generator), variance(torch.randn(4, 8, generator=generator))  # (4, 8)
    products = distances(gaussian(mean, spread))  # (4, 4)
    normal = [Independent(Normal(m, v.sqrt()), 1) for m, v in zip(mean, spread, strict=True)]
    rows: list[dict[str, object]] = []
    for a, b in combinations(range(4), 2):
        both = (kl_divergence(normal[a], normal[b]) + kl_divergence(normal[b], normal[a])) / 2
        rows.append({"a": a + 1, "b": b + 1, "divergences": float(both), "products": float(products[a, b])})
    return rows
