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
ROWS = 2048  # of the n x n distances that are in memory at once


class Bilinear(NamedTuple):
    """The distances of all pairs as matrix products: ``d(a, b) = x_a . y_b + y_a . x_b + c_a + c_b``.

    Args:
        x, y: (n, k)
        c: (n,)
    """

    x: torch.Tensor
    y: torch.Tensor
    c: torch.Tensor


def variance(logits: torch.Tensor) -> torch.Tensor:
    """Equation 1: ``ELU(z) + 1 + e``, written so that nothing is rounded away if z is far below 0."""
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
    """The distances of all pairs, (n, n)."""
    return _rows(*pairs, slice(0, len(pairs.c)))


def supervised(pairs: Bilinear, labels: torch.Tensor, *, rows: int = ROWS) -> torch.Tensor:
    """Equations 4 to 6: the mean over tokens of how much nearer a token is to those of its label than to all.

    Positives are averaged inside the logarithm. A token that is alone with its label has no positive; the mean is over
    the others, and 0 where there are none. Never more than some rows of the distances are in memory.

    Args:
        labels: (n,)
        rows: how many.

    Returns:
        The mean over tokens, in nats, ().
    """
    loss: torch.Tensor = _Supervised.apply(*pairs, labels, rows)  # type: ignore[no-untyped-call]
    return loss


def _rows(x: torch.Tensor, y: torch.Tensor, c: torch.Tensor, part: slice) -> torch.Tensor:
    """Some rows of the distances, (r, n)."""
    if part == slice(0, len(c)):
        return _both(torch.addmm(c, x, y.T))  # (n, n), for half the products
    left = torch.cat([x[part], y[part]], dim=1)  # (r, 2k)
    right = torch.cat([y, x], dim=1)  # (n, 2k)
    return torch.addmm(c, left, right.T).add_(c[part, None])  # (r, n)


def _both(square: torch.Tensor) -> torch.Tensor:
    """A matrix plus its transpose, which is copied first, since adding it in place jumps in memory."""
    return square.T.contiguous().add_(square)


def _shares(near: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax of rows (r, n), and the logarithm of its denominator, (r,)."""
    shares = near.softmax(1)  # (r, n); torch's exp and logsumexp are ten times as slow where they underflow
    return shares, near.amax(1) - shares.amax(1).log()


class _Supervised(torch.autograd.Function):
    """The loss with its gradients, which are made in the forward pass from the same exponentials.

    With w the weight of a token, the gradient of ``d(a, b)`` is ``w_a (P_ab - Q_ab)``, where P and Q are the softmax
    over positives and over all.
    """

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, y: torch.Tensor, c: torch.Tensor, labels: torch.Tensor, rows: int
    ) -> torch.Tensor:
        """The loss, (); keeps the gradients of ``x``, ``y`` and ``c``."""
        _, place, members = labels.unique(return_inverse=True, return_counts=True)
        positives = (members[place] - 1).to(c.dtype)  # (n,)
        counted = positives > 0
        weight = counted / counted.sum().clamp(min=1).to(c.dtype)  # (n,)
        other = torch.cat([y, x], dim=1)  # (n, 2k)
        loss, of_xy, of_c = c.new_zeros(()), torch.zeros_like(other), torch.zeros_like(c)
        nothing = torch.finfo(c.dtype).min  # and not -inf, so that a token without positives has finite shares too
        for start in range(0, len(c), rows):
            part = slice(start, min(start + rows, len(c)))
            near = _rows(x, y, c, part).neg_()  # (r, n)
            near.diagonal(start).fill_(nothing)
            everyone, of_all = _shares(near)
            alike, of_same = _shares(near.masked_fill_(labels[part, None] != labels, nothing))
            losses = of_all - of_same + positives[part].clamp(min=1).log()  # (r,), equation 5
            loss += losses @ weight[part]
            pull = alike.sub_(everyone).mul_(weight[part, None])  # (r, n)
            if len(pull) == len(c):
                pull = _both(pull)
            else:
                of_xy.addmm_(pull.T, other[part])
                of_c += pull.sum(0)
            of_xy[part] += pull @ other
            of_c[part] += pull.sum(1)
        ctx.save_for_backward(*of_xy.split(x.shape[1], dim=1), of_c)
        return loss

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """The gradients that the forward pass made."""
        of_x, of_y, of_c = (slope * grads[0] for slope in ctx.saved_tensors)
        return of_x, of_y, of_c, None, None
