"""The supervised contrastive loss over all pairs of tokens, as matrix products (paper 4, equations 1 to 6).

The public code of CONTaiNER, on which the paper builds, leaves a pair out where one coordinate of both is the same.
Here a token is told from others by its place.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch.nn import functional as F

EPSILON = math.exp(-14)  # e in equation 1
ROWS = 512  # of the n x n distances that are in memory at once


class Bilinear(NamedTuple):
    """Distances of all pairs as products: ``d(a, b) = x_a . y_b + y_a . x_b + c_a + c_b``.

    Args:
        x, y: (n, k)
        c: (n,)
    """

    x: torch.Tensor
    y: torch.Tensor
    c: torch.Tensor


def variance(logits: torch.Tensor) -> torch.Tensor:
    """Equation 1: ``ELU(z) + 1 + e``, written so that nothing is rounded away where z is far below 0."""
    return torch.exp(logits.clamp(max=0)) + F.relu(logits) + EPSILON


def gaussian(mean: torch.Tensor, variance: torch.Tensor) -> Bilinear:
    """Equations 2 and 3: the symmetric divergence of Gaussians with diagonal covariance.

    The log-determinants cancel. With p = 1 / variance, four times the distance is the sum over dimensions of
    ``p_a (v_b + m_b^2) - 2 p_a m_a m_b + p_a m_a^2``, of the same with a and b exchanged, and of -2.

    Args:
        mean, variance: (n, l); means are centred first, which changes no distance and keeps digits.
    """
    mean = mean - mean.mean(0)  # (n, l)
    precision = 1 / variance  # (n, l)
    x = torch.cat([precision, -2 * precision * mean], dim=1) / 4  # (n, 2l)
    y = torch.cat([variance + mean**2, mean], dim=1)  # (n, 2l)
    c = ((precision * mean**2).sum(1) - mean.shape[1]) / 4  # (n,)
    return Bilinear(x, y, c)


def cosine(points: torch.Tensor, *, temperature: float) -> Bilinear:
    """Point embeddings: minus the cosine over the temperature (Khosla et al. 2020).

    Args:
        points: (n, l), of any length.
    """
    unit = F.normalize(points, dim=1)  # (n, l)
    return Bilinear(unit / (-2 * temperature), unit, unit.new_zeros(len(unit)))


def distances(pairs: Bilinear) -> torch.Tensor:
    """All of them, (n, n)."""
    return _rows(*pairs, slice(None))


def supervised(pairs: Bilinear, labels: torch.Tensor, *, rows: int = ROWS) -> torch.Tensor:
    """Equations 4 to 6: how much nearer a token is to those of its label than to all.

    Positives are averaged inside the logarithm. A token that is alone with its label has no positive; the mean is over
    the others, and 0 where there are none. Forward and backward pass never hold more than some rows of the distances.

    Args:
        labels: (n,)
        rows: how many.

    Returns:
        The mean over tokens, in nats, ().
    """
    loss: torch.Tensor = _Supervised.apply(*pairs, labels, rows)  # type: ignore[no-untyped-call]
    return loss


def _rows(x: torch.Tensor, y: torch.Tensor, c: torch.Tensor, part: slice) -> torch.Tensor:
    left = torch.cat([x[part], y[part]], dim=1)  # (r, 2k)
    right = torch.cat([y, x], dim=1)  # (n, 2k)
    return (left @ right.T).add_(c[part, None]).add_(c)  # (r, n)


def _parts(n: int, rows: int) -> list[slice]:
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]


def _nearness(pairs: Bilinear, labels: torch.Tensor, part: slice) -> tuple[torch.Tensor, torch.Tensor]:
    """Minus the distances of some tokens to all others, (r, n), and those to tokens of the same label, (r, n)."""
    near = _rows(*pairs, part).neg_()
    near.diagonal(part.start).fill_(-torch.inf)
    return near, near.masked_fill(labels[part, None] != labels, -torch.inf)


class _Supervised(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, y: torch.Tensor, c: torch.Tensor, labels: torch.Tensor, rows: int
    ) -> torch.Tensor:
        """Equations 5 and 6, in nats, ()."""
        pairs = Bilinear(x, y, c)
        everyone, alike = torch.empty_like(c), torch.empty_like(c)  # (n,)
        for part in _parts(len(c), rows):
            near, same = _nearness(pairs, labels, part)
            everyone[part], alike[part] = near.logsumexp(1), same.logsumexp(1)
        _, place, members = labels.unique(return_inverse=True, return_counts=True)
        positives = members[place] - 1  # (n,)
        counted = positives > 0
        weight = counted.to(c.dtype) / counted.sum().clamp(min=1)  # (n,)
        losses = everyone - alike + positives.clamp(min=1).to(c.dtype).log()  # (n,), equation 5
        everyone, alike = (t.masked_fill(~counted, torch.inf) for t in (everyone, alike))  # exp(-inf): not pulled
        ctx.save_for_backward(x, y, c, labels, everyone, alike, weight)
        ctx.rows = rows
        loss: torch.Tensor = losses.masked_fill(~counted, 0.0) @ weight
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """With w the weight of a token, the gradient of ``d(a, b)`` is ``w_a (P_ab - Q_ab)``, where P and Q are the
        softmax over positives and over all. Distances are symmetric, so a pair's two terms are added first."""
        x, y, c, labels, everyone, alike, weight = ctx.saved_tensors
        other = torch.cat([y, x], dim=1)  # (n, 2k)
        of_xy, of_c = torch.empty_like(other), torch.empty_like(c)
        for part in _parts(len(c), ctx.rows):
            near, same = _nearness(Bilinear(x, y, c), labels, part)
            pull = _both(same, alike, weight, part) - _both(near, everyone, weight, part)  # (r, n)
            of_xy[part], of_c[part] = pull @ other, pull.sum(1)
        of_x, of_y = (of_xy * grads[0]).split(x.shape[1], dim=1)
        return of_x, of_y, of_c * grads[0], None, None


def _both(near: torch.Tensor, total: torch.Tensor, weight: torch.Tensor, part: slice) -> torch.Tensor:
    """``w_a softmax_ab + w_b softmax_ba``, (r, n)."""
    # Of huge distances d(a, b) and d(b, a) differ by rounding, and a share could come out above 1.
    by_a, by_b = ((near - t).clamp_(max=0).exp_() for t in (total[part, None], total))
    return weight[part, None] * by_a + weight * by_b
