"""Encoders of BERT's kind without computation for padding, and in the last layer only for the tokens that are asked
for.

The tokens of a batch stand behind each other without padding, (N, d). Neighbours of the same length attend together and
need no mask: batches hold what is of similar length, so there are few such runs. Equal to the encoder's own forward
pass up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeGuard, cast

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from chemxl.errors import EncoderError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Their layers have one shape; any other encoder runs as it is.
PACKED = frozenset({"BertModel", "RobertaModel", "XLMRobertaModel"})

# The length of neighbouring sequences, how many they are, and what sees what in them, (count, 1, length, length)
Runs = Sequence[tuple[int, int, torch.Tensor | None]]


def encode(
    encoder: PreTrainedModel,
    wanted: torch.Tensor,
    *,
    attention_mask: torch.Tensor,
    visible: torch.Tensor | None = None,
    **inputs: torch.Tensor,
) -> torch.Tensor:
    """The encoder's output at the wanted tokens, row by row, (M, d).

    Args:
        wanted: (B, T), true at M tokens, none of them padding.
        attention_mask: (B, T), padding behind the tokens.
        visible: (B, T, T), true where a token attends to another; None: where that is no padding.
        inputs: ``input_ids`` (B, T) or ``inputs_embeds`` (B, T, d), and ``position_ids`` and ``token_type_ids`` (B, T),
            where they are not those that the encoder makes itself.
    """
    if not is_packed(encoder):
        mask = attention_mask if visible is None else visible[:, None]  # (B, T) or (B, 1, T, T)
        hidden = encoder(attention_mask=mask, **inputs).last_hidden_state  # (B, T, d)
        return cast("torch.Tensor", hidden[wanted])
    hidden, runs = _embedded(encoder, attention_mask, visible, **inputs)
    kept = wanted[attention_mask.bool()]  # (N,)
    *inner, last = encoder.encoder.layer
    for layer in inner:
        hidden = _layer(layer, hidden, runs)
    return _layer(last, hidden, runs, kept)


def is_packed(encoder: nn.Module) -> TypeGuard[Any]:
    """Whether an encoder is of one of these classes, told by their names, since importing them takes seconds."""
    return any(kind.__name__ in PACKED for kind in type(encoder).__mro__)


def states(encoder: PreTrainedModel, *, attention_mask: torch.Tensor, **inputs: torch.Tensor) -> list[torch.Tensor]:
    """The output of every layer at all tokens except padding, row by row: (N, d) each, the embeddings first.

    Args:
        attention_mask, inputs: as for :func:`encode`.

    Raises:
        EncoderError: the encoder's layers are not of this shape.
    """
    if not is_packed(encoder):
        raise EncoderError(f"the layers of {type(encoder).__name__} are not known here: take an encoder of BERT's kind")
    hidden, runs = _embedded(encoder, attention_mask, None, **inputs)
    made = [hidden]
    for layer in encoder.encoder.layer:
        made.append(_layer(layer, made[-1], runs))
    return made


def _embedded(
    encoder: Any, attention_mask: torch.Tensor, visible: torch.Tensor | None, **inputs: torch.Tensor
) -> tuple[torch.Tensor, Runs]:
    """The embeddings of all tokens except padding, (N, d), and which of them attend to each other."""
    real = attention_mask.bool()  # (B, T)
    inputs.setdefault("position_ids", positions(encoder, attention_mask))
    packed = {name: tensor[real][None] for name, tensor in inputs.items()}  # (1, N) or (1, N, d)
    packed.setdefault("token_type_ids", torch.zeros_like(packed["position_ids"]))
    return encoder.embeddings(**packed)[0], _runs(attention_mask.sum(1).tolist(), visible)  # (N, d)


def _runs(lengths: Sequence[int], visible: torch.Tensor | None) -> Runs:
    """Neighbouring sequences of one length, with their length, number and mask."""
    runs, begin = [], 0
    for length, run in groupby(lengths):
        end = begin + len(list(run))
        mask = None if visible is None else visible[begin:end, None, :length, :length]
        runs.append((length, end - begin, mask))
        begin = end
    return runs


def positions(encoder: PreTrainedModel, like: torch.Tensor) -> torch.Tensor:
    """Position ids (B, T) as the encoder counts them; XLM-R and its kind begin after the padding id."""
    padding = cast("Any", encoder.get_submodule("embeddings.position_embeddings")).padding_idx
    first = 0 if padding is None else padding + 1
    return torch.arange(first, first + like.shape[1], device=like.device).expand_as(like)


def _layer(layer: Any, hidden: torch.Tensor, runs: Runs, kept: torch.Tensor | None = None) -> torch.Tensor:
    """The output of a layer, computed again in the backward pass if the encoder asks for that."""
    if layer.gradient_checkpointing and layer.training:
        return cast("torch.Tensor", checkpoint(_computed, layer, hidden, runs, kept, use_reentrant=False))
    return _computed(layer, hidden, runs, kept)


def _computed(layer: Any, hidden: torch.Tensor, runs: Runs, kept: torch.Tensor | None) -> torch.Tensor:
    """The output of a layer: (N, d) -> (N, d), or (M, d) if only some tokens are kept."""
    context = _attention(layer.attention.self, hidden, runs)  # (N, d)
    if kept is not None:
        hidden, context = hidden[kept], context[kept]  # (M, d)
    hidden = layer.attention.output(context, hidden)
    return cast("torch.Tensor", layer.output(layer.intermediate(hidden), hidden))


def _attention(attention: Any, hidden: torch.Tensor, runs: Runs) -> torch.Tensor:
    """Attention of each token to those of its own sequence, (N, d) -> (N, d)."""
    dropout = attention.dropout.p if attention.training else 0.0
    sizes = [length * count for length, count, _ in runs]
    mapped = (linear(hidden).split(sizes) for linear in (attention.query, attention.key, attention.value))
    found = []
    for (length, count, mask), *parts in zip(runs, *mapped, strict=True):
        q, k, v = (part.view(count, length, attention.num_attention_heads, -1).transpose(1, 2) for part in parts)
        # (count, heads, length, d / heads)
        context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        found.append(context.transpose(1, 2).reshape(count * length, -1))
    return torch.cat(found) if len(found) > 1 else found[0]
