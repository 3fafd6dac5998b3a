"""A linear-chain conditional random field over BIO labels (Lafferty et al. 2001; the head of paper 3).

For emissions ``e`` and transitions ``A`` a sequence ``y`` scores ``s(y) = sum_t e[t, y_t] + sum_t A[y_{t-1}, y_t]``
and ``log p(y) = s(y) - log Z`` with ``Z`` summed over all legal sequences: O -> I-x and B-x -> I-z are not legal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from chemxl.models.training import IGNORED

ILLEGAL = -1e4


def legal(labels: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Whether each label may begin a sequence, (L,), and whether the label of a column may follow that of a row, (L,
    L)."""
    begins = torch.tensor([not label.startswith("I-") for label in labels])
    follows = torch.ones(len(labels), len(labels), dtype=torch.bool)
    for j, label in enumerate(labels):
        if label.startswith("I-"):
            follows[:, j] = torch.tensor([before[2:] == label[2:] and before != "O" for before in labels])
    return begins, follows


class CRF(nn.Module):
    """Scores of transitions between labels; with ``learned=False`` only legality, as a decoder for a softmax head."""

    def __init__(self, labels: Sequence[str], *, learned: bool = True) -> None:
        super().__init__()
        begins, follows = legal(labels)
        self.learned = learned
        self.begin_mask: torch.Tensor
        self.follow_mask: torch.Tensor
        self.register_buffer("begin_mask", torch.zeros(len(labels)).masked_fill(~begins, ILLEGAL), persistent=False)
        self.register_buffer(
            "follow_mask", torch.zeros(len(labels), len(labels)).masked_fill(~follows, ILLEGAL), persistent=False
        )
        self.begin = nn.Parameter(torch.zeros(len(labels)), requires_grad=learned)
        self.transitions = nn.Parameter(torch.zeros(len(labels), len(labels)), requires_grad=learned)

    def scores(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of beginning (L,) and of transitions (L, L); those of illegal ones are far below."""
        return self.begin + self.begin_mask, self.transitions + self.follow_mask

    def negative_log_likelihood(self, emissions: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The sum of -log p(labels) over the batch.

        Args:
            emissions: (B, W, L), float32.
            labels: (B, W), ``IGNORED`` from a sequence's end on; every sequence has at least one label.
        """
        mask = labels != IGNORED  # (B, W)
        begin, transitions = self.scores()
        chosen = labels.clamp_min(0)
        gold = emissions.gather(2, chosen[..., None])[..., 0] * mask  # (B, W)
        moved = transitions[chosen[:, :-1], chosen[:, 1:]] * mask[:, 1:]  # (B, W-1)
        score = gold.sum(1) + moved.sum(1) + begin[chosen[:, 0]]
        return (self._log_partition(emissions, mask, begin, transitions) - score).sum()

    @staticmethod
    def _log_partition(
        emissions: torch.Tensor, mask: torch.Tensor, begin: torch.Tensor, transitions: torch.Tensor
    ) -> torch.Tensor:
        """The logarithm of the sum over all sequences, (B,)."""
        alpha = begin + emissions[:, 0]  # (B, L)
        for t in range(1, emissions.shape[1]):
            after = torch.logsumexp(alpha[:, :, None] + transitions, dim=1) + emissions[:, t]
            alpha = torch.where(mask[:, t, None], after, alpha)
        return torch.logsumexp(alpha, dim=1)  # (B,)

    @torch.no_grad()
    def decode(self, emissions: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """The best legal sequence of each row: (B, W, L), (B,) -> (B, W); labels beyond a row's length mean nothing."""
        if self.learned:
            return self._viterbi(emissions, lengths)
        best = emissions.argmax(dim=2)  # where this is legal, nothing legal is better
        begins, follows = self.begin_mask == 0, self.follow_mask == 0
        inside = torch.arange(1, emissions.shape[1], device=lengths.device) < lengths[:, None]  # (B, W-1)
        wrong = ~begins[best[:, 0]] | (~follows[best[:, :-1], best[:, 1:]] & inside).any(dim=1)
        if wrong.any():
            best[wrong] = self._viterbi(emissions[wrong], lengths[wrong])
        return best

    def _viterbi(self, emissions: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Viterbi's algorithm in NumPy, since for such small steps torch takes ten times as long to start each as to do
        it."""
        begin, transitions = (scores.cpu().numpy() for scores in self.scores())  # (L,), (L, L)
        given, due = emissions.cpu().numpy(), lengths.cpu().numpy()[:, None]  # (B, W, L), (B, 1)
        best = begin + given[:, 0]  # (B, L)
        still = np.broadcast_to(np.arange(best.shape[1]), best.shape)
        back = []
        for t in range(1, given.shape[1]):
            value = best[:, :, None] + transitions  # (B, L, L)
            going = t < due
            best = np.where(going, value.max(1) + given[:, t], best)
            back.append(np.where(going, value.argmax(1), still))
        path, rows = [best.argmax(1)], np.arange(len(best))
        for source in reversed(back):
            path.append(source[rows, path[-1]])
        return torch.from_numpy(np.stack(path[::-1], 1)).to(emissions.device)
