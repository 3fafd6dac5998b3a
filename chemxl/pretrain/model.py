"""A masked language model that computes logits only at hidden pieces, and only for pieces that a text uses.

Equal to the whole model (transformers' ``BertForMaskedLM``) in which the bias of every other piece is minus infinity.
Paper 0, equation 5: maximise the sum over hidden words of ``log P(w_i | W^, theta)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from chemxl.errors import EncoderError
from chemxl.models.packed import encode
from chemxl.models.training import IGNORED
from chemxl.models.trimming import TrimmedEmbedding


class MaskedLanguageModel(nn.Module):
    """An encoder with the head of a masked language model, both cut to the pieces that a text uses.

    The output table is the input table (tied). :meth:`restore` makes the model whole again.

    Args:
        whole: a model of transformers, such as ``BertForMaskedLM``; its transformation and bias are used.
        pieces: ids that stay.
        frozen: only the head learns.
        kinds: with a head that tells so many kinds of pairs apart by the first token; 2: whether the second stretch
            follows the first.

    Raises:
        EncoderError: the model has no head that is known here.
    """

    def __init__(self, whole: PreTrainedModel, pieces: Sequence[int], *, frozen: bool = False, kinds: int = 0) -> None:
        super().__init__()
        self.encoder = cast("PreTrainedModel", whole.base_model)
        self._whole = [whole]  # in a list: its parameters are reached through the encoder and the heads
        self.head_transform, bias = _head(whole)
        TrimmedEmbedding.within(self.encoder, pieces)
        self.head_bias = nn.Parameter(bias.detach()[self.rows].clone())
        size = self.encoder.config.hidden_size
        self.head_follows = nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, kinds)) if kinds else None
        # XLM-R and its kind count positions from behind the padding id.
        positions = cast("nn.Embedding", self.encoder.get_submodule("embeddings.position_embeddings"))
        self.offset = 0 if positions.padding_idx is None else positions.padding_idx + 1
        self.segments = self.encoder.config.type_vocab_size > 1
        if frozen:
            self.encoder.requires_grad_(False)

    @property
    def table(self) -> TrimmedEmbedding:
        """The embedding table with the rows that stay; it is the encoder's own module, so nothing is stored twice."""
        return cast("TrimmedEmbedding", self.encoder.get_input_embeddings())

    @property
    def rows(self) -> torch.Tensor:
        """The ids that stay, (V,)."""
        return cast("torch.Tensor", self.table.rows)

    def hidden(self, wanted: torch.Tensor, **batch: torch.Tensor) -> torch.Tensor:
        """The encoder's last layer at the wanted pieces (B, T), row by row, (M, d)."""
        segments = batch["token_type_ids"]
        return encode(
            self.encoder,
            wanted,
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            token_type_ids=segments if self.segments else torch.zeros_like(segments),
            position_ids=batch["position_ids"] + self.offset,
        )

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Scores of the pieces that stay, (M, d) -> (M, V), equal to the whole model's."""
        return F.linear(self.head_transform(hidden), self.table.table.weight, self.head_bias)

    def surprisal(self, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """``-log P`` of the hidden pieces in nats: (M, d), (M,) -> (M,)."""
        places = cast("torch.Tensor", self.table.places)[labels]  # (M,)
        return F.cross_entropy(self.logits(hidden).float(), places, reduction="none")

    def forward(self, labels: torch.Tensor, follows: torch.Tensor, **batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """The mean loss per hidden piece (equation 5 with the sign changed) and, if kinds of pairs are told apart, the
        loss of these, by the names of their labels."""
        asked, first = labels != IGNORED, torch.zeros_like(labels, dtype=torch.bool)  # (B, T)
        first[:, 0] = self.head_follows is not None
        wanted = asked | first  # the first piece is never hidden
        hidden = self.hidden(wanted, **batch)  # (M, d)
        surprisal = self.surprisal(hidden[asked[wanted]], labels[asked])
        terms = {"labels": surprisal.sum() / max(1, len(surprisal))}
        if self.head_follows is not None and bool((follows != IGNORED).any()):
            told = self.head_follows(hidden[first[wanted]]).float()  # (B, kinds)
            terms["follows"] = F.cross_entropy(told, follows, ignore_index=IGNORED)
        return terms

    def restore(self) -> PreTrainedModel:
        """The whole model with what was learnt; this object must not be used any more."""
        whole, rows = self._whole[0], self.rows
        self.table.restore(self.encoder)
        cast("nn.Module", whole).to(rows.device)  # what was not trained, too
        with torch.no_grad():
            _head(whole)[1][rows] = self.head_bias.detach()
        self.encoder.requires_grad_(True)
        return whole


def _head(whole: PreTrainedModel) -> tuple[nn.Module, nn.Parameter]:
    """The head's transformation and bias."""
    name = type(whole).__name__
    if not whole.config.tie_word_embeddings:
        raise EncoderError(f"{name} has an output table of its own: give a model with tie_word_embeddings")
    if hasattr(whole, "cls"):  # BERT
        predictions = cast("nn.Module", cast("nn.Module", whole.cls).predictions)
        return cast("nn.Module", predictions.transform), cast("nn.Parameter", predictions.bias)
    if hasattr(whole, "lm_head") and hasattr(whole.lm_head, "dense"):  # RoBERTa and XLM-R
        head = cast("nn.Module", whole.lm_head)
        transform = nn.Sequential(head.dense, nn.GELU(), head.layer_norm)  # type: ignore[arg-type]
        return transform, cast("nn.Parameter", head.bias)
    raise EncoderError(f"{name} has no masked language model's head of BERT's or RoBERTa's kind")
