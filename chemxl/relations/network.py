"""The network of paper 2: an encoder that reads markers, heads on its output, and their losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from chemxl.models.packed import encode, positions
from chemxl.models.training import IGNORED
from chemxl.relations.markers import PADDING, TEXT


def focal(logits: torch.Tensor, labels: torch.Tensor, gamma: float) -> torch.Tensor:
    """The focal loss (paper 2, equation 4; Lin et al. 2017), the mean over labels that are not ``IGNORED``.

        L_FL = -(1 - p_r)^gamma log p_r

    where p_r is the probability of the right class; with gamma 0 it is the cross entropy.

    Args:
        logits: (N, L)
        labels: (N,)
    """
    kept = labels != IGNORED
    right = F.log_softmax(logits[kept], dim=-1).gather(1, labels[kept, None])[:, 0]  # (M,)
    return -((1 - right.exp()) ** gamma * right).mean() if gamma else -right.mean()


class RelationAttention(nn.Module):
    """A pair's representation joined with the definitions of relations near it (paper 2, equations 1 and 2).

        a = softmax(R h'),    s = a^T R

    R (K, d) holds what the encoder, before any training, makes of each definition, at its first token. A pair's h has
    2d dimensions; how it meets R the paper does not say. Here h' = W h with a matrix that is learnt, and the head looks
    at [h; s].

    Args:
        definitions: R, which is not trained.
        width: the size of h.
    """

    def __init__(self, definitions: torch.Tensor, width: int) -> None:
        super().__init__()
        self.register_buffer("definitions", definitions)
        self.query = nn.Linear(width, definitions.shape[1], bias=False)

    def forward(self, pairs: torch.Tensor) -> torch.Tensor:
        """The joined representation, (..., 2d) -> (..., 2d + d)."""
        definitions = cast("torch.Tensor", self.definitions)  # (K, d)
        weights = (self.query(pairs).float() @ definitions.T).softmax(dim=-1)  # (..., K), equation 2
        return torch.cat([pairs, (weights @ definitions).to(pairs.dtype)], dim=-1)  # equation 1


class MarkedNetwork(nn.Module):
    """A classifier of items, which are pairs of mentions or single mentions.

    An item is the concatenation of what the encoder gives at the markers that open its mentions (paper 2, section III).

    Args:
        labels: the L classes of an item.
        markers: how many there are.
        mentions: the number of mentions in an item, k.
        definitions: those of relations (K, d), for :class:`RelationAttention`; None goes without.
        kinds: classes of each mention, for the second task; none goes without.
        gamma: the exponent of :func:`focal`.
        share: lambda of paper 2, equation 3: the weight of the first task where there are two.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        *,
        labels: Sequence[str],
        markers: int,
        mentions: int = 2,
        definitions: torch.Tensor | None = None,
        kinds: Sequence[str] = (),
        gamma: float = 0.0,
        share: float = 1.0,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.encoder, self.labels, self.kinds = encoder, tuple(labels), tuple(kinds)
        self.mentions, self.gamma, self.share = mentions, gamma, share
        size, width = encoder.config.hidden_size, mentions * encoder.config.hidden_size
        self.dropout = nn.Dropout(dropout)
        self.marker_vectors = nn.Embedding(markers + 1, size)
        spread = float(cast("torch.Tensor", encoder.get_input_embeddings().weight).detach().std())
        nn.init.normal_(self.marker_vectors.weight, std=spread)  # as long as the vectors of words
        self.head_attention = None if definitions is None else RelationAttention(definitions, width)
        self.head = nn.Linear(width + (0 if definitions is None else size), len(labels))
        self.head_kinds = nn.Linear(size, len(kinds)) if kinds else None

    def marked(
        self,
        *,
        input_ids: torch.Tensor,
        markers: torch.Tensor,
        places: torch.Tensor,
        owners: torch.Tensor,
        starts: torch.Tensor,
    ) -> torch.Tensor:
        """The encoder's output at opening markers, (B, P, k, d); arguments as :func:`chemxl.relations.markers.collate`
        gives them."""
        words = self.encoder.get_input_embeddings()(input_ids)  # (B, T, d)
        embedded = torch.where(markers[..., None] > 0, self.marker_vectors(markers).to(words.dtype), words)
        # A token sees the text and what belongs to the same item; padding sees padding, or it would see nothing.
        visible = (owners[:, None, :] == TEXT) | (owners[:, None, :] == owners[:, :, None])  # (B, T, T)
        whole = bool((owners <= TEXT).all())  # inline: nothing but text
        wanted = torch.zeros_like(owners, dtype=torch.bool).scatter(1, starts.flatten(1), True)  # (B, T)
        first = positions(self.encoder, input_ids)[:, :1]  # (B, 1)
        hidden = encode(
            self.encoder,
            wanted,
            attention_mask=(owners != PADDING).long(),
            visible=None if whole else visible,
            inputs_embeds=embedded,
            position_ids=places + first,
        )  # (M, d)
        rows = wanted.flatten().cumsum(0).view_as(wanted) - 1  # (B, T), of ``hidden`` where one is wanted
        return hidden[rows.gather(1, starts.flatten(1))].view(*starts.shape, -1)

    def logits(self, **batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of items (B, P, L) in float32, and the encoder's output at their mentions (B, P, k, d)."""
        mentions = self.dropout(self.marked(**batch))  # (B, P, k, d)
        items = mentions.flatten(2)  # (B, P, k * d)
        if self.head_attention is not None:
            items = self.head_attention(items)
        return self.head(items).float(), mentions

    def forward(
        self, labels: torch.Tensor, kinds: torch.Tensor | None = None, **batch: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """The terms of the loss (paper 2, equation 3): L = lambda L_FL + (1 - lambda) L_en.

        Args:
            labels: (B, P)
            kinds: (B, P, k), for the second task.
        """
        logits, mentions = self.logits(**batch)
        loss = focal(logits.flatten(0, 1), labels.flatten(), self.gamma)
        if kinds is None or self.head_kinds is None:
            return {"labels": loss}
        entities = F.cross_entropy(
            self.head_kinds(mentions).float().flatten(0, 2), kinds.flatten(), ignore_index=IGNORED
        )
        return {"labels": self.share * loss, "kinds": (1 - self.share) * entities}

    def probabilities(self, **batch: torch.Tensor) -> torch.Tensor:
        """The probability of each class, (B, P, L)."""
        return self.logits(**batch)[0].softmax(dim=-1)

    def settings(self) -> dict[str, Any]:
        """The arguments that make the network, except the encoder, as JSON."""
        attention = self.head_attention
        return {
            "labels": list(self.labels),
            "markers": self.marker_vectors.num_embeddings - 1,
            "mentions": self.mentions,
            "kinds": list(self.kinds),
            "gamma": self.gamma,
            "share": self.share,
            "definitions": None if attention is None else len(cast("torch.Tensor", attention.definitions)),
        }

    @classmethod
    def of(cls, encoder: PreTrainedModel, settings: dict[str, Any]) -> MarkedNetwork:
        """The network that :meth:`settings` describes, with arbitrary weights."""
        count = settings["definitions"]
        blank = None if count is None else torch.zeros(count, encoder.config.hidden_size)
        return cls(encoder, **{**settings, "definitions": blank})
