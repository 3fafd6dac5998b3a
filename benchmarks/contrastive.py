"""``chemxl.contrastive.loss`` beside the formula as it is written: arrays of (n, n, l), which torch differentiates.

Both compute loss and gradients of the same random Gaussians and labels in float32. They agree where ours differ from
the peer's in float64 by no more than 1e-5 of the largest. Memory is the growth of the process at its peak; what fits
into 8 GB is extrapolated from it, since ours would take hours: linearly for ours, from two sizes, with the square for
the peer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks import Row, resident_mib, seconds
from chemxl.contrastive.loss import gaussian, supervised, variance
from chemxl.experiments.provenance import hardware

LABELS = 9  # of four entity types
SAME = 1e-5
ROOM = 8e9 / 2**20  # 8 GB in MiB

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def ours(mean: torch.Tensor, spread: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Products of matrices."""
    return supervised(gaussian(mean, spread), labels)


def broadcast(mean: torch.Tensor, spread: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Equations 2 to 6 of paper 4, all pairs at once."""
    difference = (mean[:, None] - mean) ** 2  # (n, n, l)
    ratio = spread[:, None].log() - spread.log()  # (n, n, l)
    of_b = (spread / spread[:, None] + difference / spread[:, None] - 1 + ratio).sum(2) / 2  # (n, n)
    of_a = (spread[:, None] / spread + difference / spread - 1 - ratio).sum(2) / 2  # (n, n)
    near = -(of_a + of_b) / 2  # (n, n)
    near = near.masked_fill(torch.eye(len(labels), dtype=torch.bool), -torch.inf)
    alike = labels[:, None] == labels  # (n, n)
    positives = alike.sum(1) - 1  # (n,)
    share = near.masked_fill(~alike, -torch.inf).logsumexp(1) - positives.log()  # (n,)
    return (near.logsumexp(1) - share)[positives > 0].mean()


def batch(n: int, size: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Means and logits of variances (n, l), labels (n,)."""
    generator = torch.Generator().manual_seed(n)
    mean, logits = (torch.randn(n, size, generator=generator).to(dtype).requires_grad_() for _ in range(2))
    return mean, logits, torch.randint(LABELS, (n,), generator=generator)


def both_ways(loss: Loss, n: int, size: int, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """The loss and its gradients."""
    mean, logits, labels = batch(n, size, dtype)
    value = loss(mean, variance(logits), labels)
    return [value.detach(), *torch.autograd.grad(value, (mean, logits))]


def agreement(n: int, size: int) -> float:
    """1 where all is the same up to rounding."""
    pairs = zip(both_ways(ours, n, size), both_ways(broadcast, n, size, torch.float64), strict=True)
    return float(all((a - b).abs().max() <= SAME * b.abs().max() for a, b in pairs))


def run(*, n: int = 1024, size: int = 128, repeats: int = 3) -> Iterator[Row]:
    """Forward and backward pass at one size, and how many words would fit into 8 GB."""
    fast, slow = seconds(lambda: both_ways(ours, n, size), lambda: both_ways(broadcast, n, size), repeats=repeats)
    small, large, peer = (
        resident_mib(partial(both_ways, loss, m, size)) for loss, m in ((ours, n), (ours, 8 * n), (broadcast, n))
    )
    shape = f"{n:,} words, {size} dimensions"
    name, other = "contrastive loss and gradients", "broadcast (n, n, l)"
    agree, machine = agreement(min(n, 256), size), hardware()
    yield Row(f"{name}, {shape}", other, "batches/s", 1 / fast, 1 / slow, slow / fast, small, peer, agree, machine)
    if small and large and peer:
        fit = n + (ROOM - small) * 7 * n / max(large - small, 1e-3)
        theirs = n * (ROOM / peer) ** 0.5
        title = f"{name}, words that fit into 8 GB"
        yield Row(title, other, "words", fit, theirs, fit / theirs, None, None, agree, machine)
