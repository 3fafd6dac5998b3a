"""How unsure a model is of a word: distances in its hidden space (paper 0, equation 1), and what its scores say.

Every measure is higher for a harder word, and never negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.special import log_softmax

from chemxl.errors import ChemxlError

_ROWS = 4096  # of features at a time in float64
Shrinkage = float | Literal["oas"]


@dataclass(frozen=True)
class Statistics:
    """Sums from which a Gaussian with one centre for each class is fitted. Those of two parts of the data can be added:
    ``a + b``.

    Args:
        counts: words of each class, (C,).
        means: their centroids, (C, d), float64; zeros for a class without words.
        scatter: sum over words of the outer products of their difference from their class's centroid, (d, d).
    """

    counts: np.ndarray
    means: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, labels: np.ndarray, *, classes: int) -> Statistics:
        """The statistics of features (N, d) with labels (N,) below ``classes``, without a loop over words.

        Raises:
            ChemxlError: the numbers of features and of labels differ.
        """
        if len(features) != len(labels):
            raise ChemxlError(f"{len(features)} words have features and {len(labels)} have labels: give both of each")
        size = features.shape[1]
        total = cls(np.zeros(classes), np.zeros((classes, size)), np.zeros((size, size)))
        for start in range(0, len(labels), _ROWS):
            x = features[start : start + _ROWS].astype(np.float64)  # (n, d)
            y = labels[start : start + _ROWS]
            member = np.zeros((classes, len(y)))  # (C, n)
            member[y, np.arange(len(y))] = 1.0
            counts = member.sum(axis=1)
            means = (member @ x) / np.maximum(1.0, counts)[:, None]
            x -= means[y]
            total += cls(counts, means, x.T @ x)
        return total

    def __add__(self, other: Statistics) -> Statistics:
        """The statistics of both parts together (Chan et al. 1983)."""
        counts = self.counts + other.counts
        share = other.counts / np.maximum(1.0, counts)  # (C,)
        apart = other.means - self.means  # (C, d)
        between = apart * np.sqrt(self.counts * share)[:, None]
        means = self.means + apart * share[:, None]
        return Statistics(counts, means, self.scatter + other.scatter + between.T @ between)

    def gaussian(self, *, shrinkage: Shrinkage = "oas") -> Gaussian:
        """The fitted Gaussian, by one Cholesky factorisation.

        The shared covariance S is the scatter over the number of words, as in Vazhentsev et al.'s code, then shrunk to
        ``(1 - a) S + a tr(S)/d I``. Not its inverse but a triangular system is solved.

        Args:
            shrinkage: a; ``oas`` takes it from S, the number of words and d (Chen et al. 2010), which, unlike
                Ledoit and Wolf's, needs no second look at the words.

        Raises:
            ChemxlError: no word, or a covariance that is singular because it was not shrunk.
        """
        n, size = float(self.counts.sum()), len(self.scatter)
        if n == 0:
            raise ChemxlError("no annotated word to fit centroids to: annotate some sentences first")
        covariance = self.scatter / n
        mean = np.trace(covariance) / size
        if mean == 0:  # all words of a class are one point: what is left is the Euclidean distance
            return Gaussian(self.counts > 0, self.means, np.eye(size))
        a = _oas(covariance, n) if shrinkage == "oas" else shrinkage
        shrunk = (1 - a) * covariance
        shrunk[np.diag_indices(size)] += a * mean
        try:
            return Gaussian(self.counts > 0, self.means, cholesky(shrunk, lower=True))
        except np.linalg.LinAlgError:
            raise ChemxlError(f"the covariance of {n:.0f} words in {size} dimensions is singular: shrink it") from None


def _oas(covariance: np.ndarray, n: float) -> float:
    """The shrinkage of a covariance that was estimated from n samples, by oracle approximating shrinkage."""
    size = len(covariance)
    squares, square = float(np.mean(covariance**2)), float(np.trace(covariance) / size) ** 2
    below = (n + 1) * (squares - square / size)
    return 1.0 if below <= 0 else min(1.0, (squares + square) / below)


@dataclass(frozen=True)
class Gaussian:
    """Class-conditional normal distributions with one covariance.

    Args:
        known: which classes have a centroid, (C,).
        means: (C, d).
        factor: lower triangular with ``factor @ factor.T`` the covariance, (d, d).
    """

    known: np.ndarray
    means: np.ndarray
    factor: np.ndarray

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Squared Mahalanobis distance to every class's centroid, (N, d) -> (N, C); infinite for an unknown class."""
        found = np.full((len(features), len(self.known)), np.inf)
        centres = self._whitened(self.means)  # (C, d)
        for start in range(0, len(features), _ROWS):
            white = self._whitened(features[start : start + _ROWS].astype(np.float64))  # (n, d)
            for c in np.flatnonzero(self.known):
                apart = white - centres[c]
                found[start : start + _ROWS, c] = np.einsum("nd,nd->n", apart, apart)
        return found

    def nearest(self, features: np.ndarray) -> np.ndarray:
        """Equation 1: the distance to the nearest centroid, (N, d) -> (N,)."""
        return cast("np.ndarray", self.distances(features).min(axis=1))

    def _whitened(self, rows: np.ndarray) -> np.ndarray:
        """Rows in coordinates in which the covariance is the identity, (N, d) -> (N, d)."""
        return cast("np.ndarray", solve_triangular(self.factor, rows.T, lower=True).T)


def to_centroid(features: np.ndarray, logits: np.ndarray, fit: Gaussian) -> np.ndarray:
    """Euclidean distance to the centroid of the class that the model assigns, among the known ones: (N,)."""
    assigned = np.where(fit.known, logits, -np.inf).argmax(axis=1)  # (N,)
    return cast("np.ndarray", np.linalg.norm(features - fit.means[assigned], axis=1))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax probabilities of the classes, (N, L) -> (N, L), float64."""
    return np.exp(log_softmax(logits.astype(np.float64), axis=1))


def least_confidence(logits: np.ndarray) -> np.ndarray:
    """One less the probability of the class that the model assigns, (N, L) -> (N,)."""
    return cast("np.ndarray", 1.0 - probabilities(logits).max(axis=1))


def margin(logits: np.ndarray) -> np.ndarray:
    """One less the lead of the first class over the second, (N, L) -> (N,)."""
    best = np.partition(probabilities(logits), -2, axis=1)[:, -2:]
    return cast("np.ndarray", 1.0 - (best[:, 1] - best[:, 0]))


def entropy(logits: np.ndarray) -> np.ndarray:
    """Entropy of the classes' probabilities in nats, (N, L) -> (N,)."""
    return _entropy(probabilities(logits))


def surprisal(logits: np.ndarray) -> np.ndarray:
    """Minus the log-probability of the class that the model assigns, (N, L) -> (N,)."""
    return cast("np.ndarray", -log_softmax(logits.astype(np.float64), axis=1).max(axis=1))


def mutual_information(draws: np.ndarray) -> np.ndarray:
    """Mutual information of the class and the model: the entropy of the mean less the mean entropy of T draws, (T, N,
    L) -> (N,)."""
    return cast("np.ndarray", np.maximum(0.0, _entropy(draws.mean(axis=0)) - _entropy(draws).mean(axis=0)))


def _entropy(p: np.ndarray) -> np.ndarray:
    """Entropy in nats along the last axis, (..., L) -> (...)."""
    return cast("np.ndarray", -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=-1))
