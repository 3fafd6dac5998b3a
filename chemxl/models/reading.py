"""A BERT and a tokenizer that only read, without importing transformers, which would take longer than tagging an
abstract."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F


def specials(tokenizer: Any) -> tuple[int, int]:
    """The ids of the tokens that a text begins and ends with."""
    first = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
    last = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
    return int(first), int(last)


class FastTokenizer:
    """The reading part of transformers' fast tokenizers, from files that ``save_pretrained`` wrote."""

    def __init__(self, folder: Path) -> None:
        self.backend_tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.backend_tokenizer.no_truncation()
        self.backend_tokenizer.no_padding()
        names = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        self.pad_token_id, self.cls_token_id, self.sep_token_id, self.bos_token_id, self.eos_token_id = (
            self.backend_tokenizer.token_to_id(names[f"{role}_token"]) if names.get(f"{role}_token") else None
            for role in ("pad", "cls", "sep", "bos", "eos")
        )


class BertModel(nn.Module):
    """The encoder of transformers' BertModel for :mod:`chemxl.models.packed`, with the same names and weights; it
    cannot be trained.

    Args:
        table: the contents of its ``config.json``.
    """

    def __init__(self, table: dict[str, Any]) -> None:
        super().__init__()
        self.config = SimpleNamespace(**table)
        self.embeddings = _Embeddings(self.config)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(_Layer(self.config) for _ in range(self.config.num_hidden_layers))

    @staticmethod
    def of(folder: Path) -> BertModel | None:
        """The encoder that a folder's configuration describes, without weights; None if that is no BERT."""
        table = json.loads((folder / "config.json").read_text("utf-8"))
        plain = {"model_type": "bert", "hidden_act": "gelu", "is_decoder": False, "add_cross_attention": False}
        if any(table.get(name, value) != value for name, value in plain.items()) or "model_type" not in table:
            return None
        return BertModel(table)


class _Linear(nn.Linear):
    """A linear layer whose weights are not initialised."""

    def reset_parameters(self) -> None:
        """Do nothing, since weights are loaded."""


class _Embedding(nn.Embedding):
    """An embedding table whose weights are not initialised."""

    def reset_parameters(self) -> None:
        """Do nothing, since weights are loaded."""


class _Embeddings(nn.Module):
    """The sum of word, position and segment embeddings, normalised."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.word_embeddings = _Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = _Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = _Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(
        self, input_ids: torch.Tensor, position_ids: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """Embeddings of tokens, from three tensors of (1, N) -> (1, N, d)."""
        words = self.word_embeddings(input_ids) + self.token_type_embeddings(token_type_ids)
        return cast("torch.Tensor", self.LayerNorm(words + self.position_embeddings(position_ids)))


class _Layer(nn.Module):
    """The parts of one layer; :mod:`chemxl.models.packed` computes it."""

    gradient_checkpointing = False

    def __init__(self, config: Any) -> None:
        super().__init__()
        size, inner = config.hidden_size, config.intermediate_size
        self.attention = nn.Module()
        self.attention.self = _Attention(size, config.num_attention_heads)
        self.attention.output = _Output(size, size, config.layer_norm_eps)
        self.intermediate = _Intermediate(size, inner)
        self.output = _Output(inner, size, config.layer_norm_eps)


class _Attention(nn.Module):
    """The weights of self-attention."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.num_attention_heads, self.dropout = heads, nn.Dropout(0.0)
        self.query, self.key, self.value = (_Linear(size, size) for _ in range(3))


class _Intermediate(nn.Module):
    """The first half of the feed-forward part."""

    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.dense = _Linear(size, inner)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(N, d) -> (N, i)."""
        return F.gelu(self.dense(hidden))


class _Output(nn.Module):
    """The second half of the feed-forward part, or of attention, with residual and normalisation."""

    def __init__(self, inner: int, size: int, eps: float) -> None:
        super().__init__()
        self.dense, self.LayerNorm = _Linear(inner, size), nn.LayerNorm(size, eps=eps)

    def forward(self, hidden: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """The output (N, d) from (N, i) and the input (N, d)."""
        return cast("torch.Tensor", self.LayerNorm(self.dense(hidden) + before))
