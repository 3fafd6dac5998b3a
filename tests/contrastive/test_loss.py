"""The loss against the formula as the paper writes it, in float64 and by loops."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

from chemxl.contrastive.loss import EPSILON, Bilinear, cosine, distances, gaussian, supervised, variance


def naive_distances(mean: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """Equations 2 and 3, pair by pair: (n, n)."""
    normal = [Independent(Normal(m, v.sqrt()), 1) for m, v in zip(mean, spread, strict=True)]
    rows = [[(kl_divergence(a, b) + kl_divergence(b, a)) / 2 for b in normal] for a in normal]
    return torch.stack([torch.stack(row) for row in rows])


def naive_loss(apart: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Equations 4 to 6, word by word, over words that have a positive: ()."""
    losses = []
    for a in range(len(labels)):
        others = [b for b in range(len(labels)) if b != a]
        positives = [b for b in others if labels[b] == labels[a]]
        if positives:
            share = torch.logsumexp(-apart[a][positives], 0) - math.log(len(positives))
            losses.append(torch.logsumexp(-apart[a][others], 0) - share)
    return torch.stack(losses).mean() if losses else apart.sum() * 0


def parameters(n: int, size: int, seed: int, *, scale: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mean, logits = (scale * torch.randn(n, size, generator=generator, dtype=torch.float64) for _ in range(2))
    return mean.requires_grad_(), logits.requires_grad_()


def close(found: torch.Tensor, wanted: torch.Tensor, tolerance: float) -> bool:
    return bool((found.double() - wanted).abs().max() <= tolerance * wanted.abs().max().clamp(min=1e-12))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=14), st.integers(1, 6), st.integers(0, 999), st.integers(1, 16))
def test_gaussians_have_the_loss_and_gradients_of_the_paper(labels: list[int], size: int, seed: int, rows: int) -> None:
    """Single members, one class only, all alone: whatever the labels are, and in blocks of any size."""
    mean, logits = parameters(len(labels), size, seed)
    wanted_labels = torch.tensor(labels)
    wanted = naive_loss(naive_distances(mean, F.elu(logits) + 1 + EPSILON), wanted_labels)
    slopes = torch.autograd.grad(wanted, (mean, logits))
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        own = [t.detach().to(dtype).requires_grad_() for t in (mean, logits)]
        loss = supervised(gaussian(own[0], variance(own[1])), wanted_labels, rows=rows)
        loss.backward()
        assert loss.item() == pytest.approx(wanted.item(), rel=tolerance, abs=tolerance)
        for tensor, slope in zip(own, slopes, strict=True):
            assert tensor.grad is not None
            scale = max(slope.abs().max().item(), 1e-3)  # of gradients that are all but 0 nothing relative is left
            assert (tensor.grad.double() - slope).abs().max().item() <= tolerance * scale


@pytest.mark.parametrize("rows", [7, 512])
def test_points_have_the_loss_and_gradients_of_the_cosine(rows: int) -> None:
    points, _ = parameters(20, 8, 3)
    labels = torch.arange(20) % 3
    wanted = naive_loss(-F.cosine_similarity(points[:, None], points[None], dim=-1) / 0.1, labels)
    [slope] = torch.autograd.grad(wanted, (points,))
    own = points.detach().requires_grad_()
    loss = supervised(cosine(own, temperature=0.1), labels, rows=rows)
    loss.backward()
    assert loss.item() == pytest.approx(wanted.item(), rel=1e-12)
    assert own.grad is not None and close(own.grad, slope, 1e-10)


def test_gaussians_with_the_identity_are_half_the_squared_distance_apart() -> None:
    points, _ = parameters(12, 5, 2)
    wanted = torch.cdist(points, points) ** 2 / 2
    found = distances(gaussian(points, torch.ones_like(points)))
    assert close(found.detach(), wanted.detach(), 1e-10)


def test_the_gradient_is_that_of_the_function() -> None:
    """Each tensor by itself, whatever the distances are."""
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(9, 4, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    c = torch.randn(9, generator=generator, dtype=torch.float64).requires_grad_()
    labels = torch.tensor([0, 0, 1, 1, 1, 2, 0, 1, 3])
    assert torch.autograd.gradcheck(lambda *held: supervised(Bilinear(*held), labels, rows=4), (x, y, c))


def test_distances_are_the_divergences() -> None:
    mean, logits = parameters(12, 16, 1)
    assert close(distances(gaussian(mean, variance(logits))), naive_distances(mean, variance(logits)), 1e-12)


def test_no_pair_is_lost_where_words_share_a_coordinate() -> None:
    """The public code of CONTaiNER takes a pair with an equal coordinate for a word and itself."""
    mean, logits = parameters(6, 3, 2)
    with torch.no_grad():
        mean[:, 0] = 1.0
        mean[1], logits[1] = mean[0], logits[0]  # two words that are the same in all
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    apart = distances(gaussian(mean, variance(logits)))
    wanted = naive_loss(naive_distances(mean, variance(logits)), labels)
    assert apart[0, 1].item() == pytest.approx(0, abs=1e-12)
    assert supervised(gaussian(mean, variance(logits)), labels).item() == pytest.approx(wanted.item(), rel=1e-12)


def test_a_far_away_mean_costs_no_digits() -> None:
    mean, logits = (t.detach() for t in parameters(30, 8, 4))
    wanted = naive_distances(mean, variance(logits))
    assert close(distances(gaussian((mean + 1000).float(), variance(logits.float()))), wanted, 1e-3)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 50.0, 500.0])
def test_extreme_variances_stay_finite(scale: float) -> None:
    mean, logits = (t.detach().float().requires_grad_() for t in parameters(40, 16, 5, scale=scale))
    spread = variance(logits)
    assert spread.min().item() >= EPSILON * 0.999 and torch.isfinite(spread).all()
    loss = supervised(gaussian(mean, spread), torch.arange(40) % 4)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(t.grad is not None and bool(torch.isfinite(t.grad).all()) for t in (mean, logits))


def test_variance_keeps_its_digits_far_below_zero() -> None:
    logits = torch.tensor([-60.0, -18.0, -1.0, 0.0, 3.0])
    wanted = torch.where(logits > 0, logits.double() + 1, logits.double().exp()) + EPSILON
    assert close(variance(logits), wanted, 1e-6)
    assert (variance(logits).double() / wanted - 1).abs().max() < 1e-6


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [5], []])
def test_where_nobody_has_a_positive_nothing_is_learnt(labels: list[int]) -> None:
    mean, logits = parameters(len(labels), 4, 6)
    loss = supervised(gaussian(mean, variance(logits)), torch.tensor(labels, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0
    assert mean.grad is not None and (mean.grad == 0).all()
