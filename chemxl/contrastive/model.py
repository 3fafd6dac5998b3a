"""An encoder with projections that pairs of tokens are compared by (paper 4, section 2)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from transformers import PreTrainedModel

from chemxl.contrastive.loss import Bilinear, cosine, gaussian, supervised, variance
from chemxl.models.labellers import first_pieces
from chemxl.models.training import IGNORED

Distance = Literal["gaussian", "identity", "cosine"]


class ContrastiveModel(nn.Module):
    """A model that draws words of the same label together and pushes others apart.

    Args:
        distance: between Gaussians (paper 4); for comparison, between Gaussians whose covariance is the identity, or
            the cosine of points.
        size: dimensions of the projection.
        temperature: the temperature of the cosine.
        outside: whether words that are labelled 0, outside of every mention, take part.
    """

    def __init__(
        self, encoder: PreTrainedModel, *, distance: Distance, size: int, temperature: float = 0.1, outside: bool = True
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.distance, self.temperature, self.outside = distance, temperature, outside
        hidden = encoder.config.hidden_size
        self.head_mean = nn.Sequential(nn.ReLU(), nn.Linear(hidden, size))
        self.head_variance = nn.Sequential(nn.ReLU(), nn.Linear(hidden, size)) if distance == "gaussian" else None

    def forward(self, labels: torch.Tensor, **batch: torch.Tensor) -> torch.Tensor:
        """The loss of a batch, ().

        Args:
            labels: (B, W)
            batch: as :meth:`words` takes it.
        """
        valid = labels != IGNORED if self.outside else labels > 0  # (B, W)
        words = self.words(**batch)[valid]  # (n, d)
        with torch.autocast(words.device.type, enabled=False):
            return supervised(self.pairs(words.float()), labels[valid])

    def words(self, **batch: torch.Tensor) -> torch.Tensor:
        """Equation 7: the first piece of each word, see ``chemxl.models.labellers.first_pieces``, (B, W, d)."""
        return first_pieces(self.encoder, **batch)

    def gaussians(self, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Equation 1: means and variances of words (n, d), both (n, l); with the identity 1, and points have none."""
        mean = self.head_mean(words)
        if self.head_variance is None:
            return mean, torch.full_like(mean, 1.0 if self.distance == "identity" else 0.0)
        return mean, variance(self.head_variance(words))

    def pairs(self, words: torch.Tensor) -> Bilinear:
        """The distances of all pairs of words (n, d)."""
        mean, spread = self.gaussians(words)
        if self.distance == "cosine":
            return cosine(mean, temperature=self.temperature)
        return gaussian(mean, spread)  # with the identity half the squared Euclidean distance of the means
