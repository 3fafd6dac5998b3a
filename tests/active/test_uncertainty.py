"""Distances and scores against what the formulas say, one word at a time in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import OAS

from chemxl.active import uncertainty
from chemxl.active.uncertainty import Statistics
from chemxl.errors import ChemxlError


def drawn(n: int, size: int, classes: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of unequal spread around far centroids, far from the origin, and labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=n)
    mixed = rng.standard_normal((n, size)) @ rng.standard_normal((size, size))
    return (mixed + 30 + 5 * rng.standard_normal((classes, size))[labels]).astype(np.float32), labels


def naive(x: np.ndarray, y: np.ndarray, tested: np.ndarray, shrinkage: float) -> np.ndarray:
    """Equation 1, word by word."""
    x, tested = x.astype(np.float64), tested.astype(np.float64)
    centroids = {c: x[y == c].mean(axis=0) for c in set(y.tolist())}
    size = x.shape[1]
    covariance = sum(np.outer(row - centroids[c], row - centroids[c]) for row, c in zip(x, y.tolist(), strict=True))
    covariance = covariance / len(x)
    covariance = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / size * np.eye(size)
    inverse = np.linalg.inv(covariance)
    return np.array([min((h - m) @ inverse @ (h - m) for m in centroids.values()) for h in tested])


@pytest.mark.parametrize(("n", "size", "classes"), [(300, 5, 3), (5000, 24, 7), (40, 30, 2)])
@pytest.mark.parametrize("shrinkage", [0.0, 0.1, "oas"])
def test_distances_are_those_of_the_formula(n: int, size: int, classes: int, shrinkage: float | str) -> None:
    if n < 2 * size and shrinkage == 0.0:
        shrinkage = 0.01
    x, y = drawn(n, size, classes)
    tested, _ = drawn(200, size, classes, seed=1)
    statistics = Statistics.of(x, y, classes=classes)
    amount = uncertainty._oas(statistics.scatter / n, n) if shrinkage == "oas" else shrinkage
    found = statistics.gaussian(shrinkage=shrinkage).nearest(tested)
    np.testing.assert_allclose(found, naive(x, y, tested, amount), rtol=1e-8)


def test_the_shrinkage_is_scikit_learns() -> None:
    x, y = drawn(80, 20, 1)
    centred = x.astype(np.float64) - x.astype(np.float64).mean(axis=0)
    statistics = Statistics.of(x, y, classes=1)
    theirs = OAS(assume_centered=True).fit(centred)
    assert uncertainty._oas(statistics.scatter / 80, 80) == pytest.approx(theirs.shrinkage_, rel=1e-9)
    factor = statistics.gaussian().factor
    np.testing.assert_allclose(factor @ factor.T, theirs.covariance_, rtol=1e-8)


@given(st.integers(0, 60), st.integers(0, 60))
def test_parts_add_up_to_the_whole(first: int, second: int) -> None:
    x, y = drawn(100, 4, 5)
    first, second = sorted((first, second))
    parts = [Statistics.of(x[a:b], y[a:b], classes=5) for a, b in ((0, first), (first, second), (second, 100))]
    whole, added = Statistics.of(x, y, classes=5), parts[0] + parts[1] + parts[2]
    np.testing.assert_array_equal(added.counts, whole.counts)
    np.testing.assert_allclose(added.means, whole.means, rtol=1e-12)
    np.testing.assert_allclose(added.scatter, whole.scatter, rtol=1e-9, atol=1e-9)


def test_a_class_without_words_is_never_nearest() -> None:
    x, y = drawn(50, 3, 2)
    fit = Statistics.of(x, y, classes=4).gaussian()
    assert np.isinf(fit.distances(x)[:, 2:]).all()
    assert np.isfinite(fit.nearest(x)).all()
    logits = np.zeros((50, 4))
    logits[:, 3] = 9.0  # the model says a class of which nothing is known
    logits[:, 1] = 1.0
    wanted = np.linalg.norm(x - fit.means[1], axis=1)
    np.testing.assert_allclose(uncertainty.to_centroid(x, logits, fit), wanted)


def test_constant_features_have_distance_0() -> None:
    x = np.full((10, 3), 2.5, dtype=np.float32)
    fit = Statistics.of(x, np.arange(10) % 2, classes=2).gaussian()
    np.testing.assert_array_equal(fit.nearest(x), 0.0)
    np.testing.assert_allclose(fit.nearest(x + 1), 3.0)


def test_what_cannot_be_fitted_is_said() -> None:
    with pytest.raises(ChemxlError, match="no annotated word"):
        Statistics.of(np.zeros((0, 3)), np.zeros(0, dtype=np.int64), classes=2).gaussian()
    x, y = drawn(3, 8, 1)
    with pytest.raises(ChemxlError, match="3 words in 8 dimensions is singular"):
        Statistics.of(x, y, classes=1).gaussian(shrinkage=0.0)
    with pytest.raises(ChemxlError, match="give both"):
        Statistics.of(x, y[:2], classes=1)


def test_scores_by_hand() -> None:
    p = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    with np.errstate(divide="ignore"):
        logits = np.log(p) + 7.0
    np.testing.assert_allclose(uncertainty.least_confidence(logits), [0.5, 0.0, 2 / 3], atol=1e-12)
    np.testing.assert_allclose(uncertainty.margin(logits), [0.8, 0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(uncertainty.surprisal(logits), -np.log([0.5, 1.0, 1 / 3]), atol=1e-12)
    np.testing.assert_allclose(uncertainty.entropy(logits), [1.0296530140645737, 0.0, np.log(3)], atol=1e-12)
    certain = np.stack([np.eye(3), np.eye(3)[[0, 2, 1]]])  # two draws that are sure, and agree on the first word
    np.testing.assert_allclose(uncertainty.mutual_information(certain), [0.0, np.log(2), np.log(2)], atol=1e-12)
    np.testing.assert_allclose(uncertainty.mutual_information(np.stack([p, p])), 0.0, atol=1e-12)
