"""The packed forward pass against the encoder's own: outputs, loss and gradients; and what is not computed at all."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from chemxl.models.labellers import first_pieces
from chemxl.models.packed import encode, is_packed

KINDS = [(BertModel, BertConfig), (RobertaModel, RobertaConfig), (XLMRobertaModel, XLMRobertaConfig)]
PAD = 1
LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def encoder(kind: int = 0, *, dropout: float = 0.0) -> PreTrainedModel:
    """Tiny, with weights that are large enough to be told from zero."""
    model, config = KINDS[kind]
    torch.manual_seed(0)
    made = model(
        config(
            vocab_size=40,
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=20,
            pad_token_id=PAD,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        ),
        add_pooling_layer=False,
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return cast("PreTrainedModel", made.train())


def batch(lengths: Sequence[int], seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]  # (B, T)
    ids = torch.randint(5, 40, real.shape, generator=generator)
    return {"input_ids": torch.where(real, ids, PAD), "attention_mask": real.long()}


def gradients(model: nn.Module, hidden: torch.Tensor) -> dict[str, torch.Tensor]:
    """Of a loss to which every output adds something else."""
    weights = torch.randn(hidden.shape, generator=torch.Generator().manual_seed(7))
    model.zero_grad()
    (hidden.tanh() * weights).sum().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def assert_equal(model: PreTrainedModel, wanted: torch.Tensor, given: dict[str, torch.Tensor]) -> None:
    theirs = model(**given).last_hidden_state[wanted]
    expected = gradients(model, theirs)
    ours = encode(model, wanted, **given)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    found = gradients(model, ours)
    assert found.keys() == expected.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], atol=1e-5, rtol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


@pytest.mark.parametrize("kind", range(len(KINDS)))
@settings(max_examples=15, deadline=None)
@given(lengths=LENGTHS, rate=st.sampled_from([0.0, 0.3, 1.0]), seed=st.integers(0, 9))
def test_outputs_and_gradients_are_the_encoders_own(kind: int, lengths: list[int], rate: float, seed: int) -> None:
    made = batch(lengths, seed)
    wanted = made["attention_mask"].bool() & (torch.rand(made["input_ids"].shape) <= rate)
    wanted[0, 0] = True
    assert_equal(encoder(kind), wanted, made)


def test_segments_and_positions_that_are_given() -> None:
    made = batch([7, 7, 4, 9])
    real = made["attention_mask"].bool()
    made["token_type_ids"] = torch.randint(2, real.shape, generator=torch.Generator().manual_seed(1))
    made["position_ids"] = torch.arange(9).flip(0).expand(real.shape)
    assert_equal(encoder(), real, made)


def test_another_encoder_runs_as_it_is() -> None:
    torch.manual_seed(0)
    model = DistilBertModel(
        DistilBertConfig(
            vocab_size=40, dim=16, n_layers=1, n_heads=2, hidden_dim=16, dropout=0.0, attention_dropout=0.0
        )
    )
    assert not is_packed(model)
    made = batch([3, 5])
    assert_equal(model, made["attention_mask"].bool(), made)


def test_first_pieces_are_those_of_the_whole_output() -> None:
    """Where a row has fewer words than others, it repeats its first token."""
    model, made = encoder(), batch([8, 5])
    units = torch.tensor([[1, 2, 5, 6], [1, 3, 0, 0]])
    hidden = model(**made).last_hidden_state  # (B, T, d)
    expected = torch.stack([row[places] for row, places in zip(hidden, units, strict=True)])
    torch.testing.assert_close(first_pieces(model, units=units, **made), expected, atol=1e-5, rtol=1e-5)


def test_no_padding_is_computed_nor_what_nobody_wants() -> None:
    model, made = encoder(), batch([8, 8, 3])
    seen: list[int] = []
    for layer in cast("Any", model).encoder.layer:
        for module in (layer.attention.self.query, layer.intermediate.dense):
            module.register_forward_hook(lambda _, arguments, __: seen.append(arguments[0].numel() // 16))
    wanted = torch.zeros_like(made["attention_mask"], dtype=torch.bool)
    wanted[:, 1] = True
    encode(model, wanted, **made)
    assert seen == [19, 19, 19, 3]


def test_in_bf16_it_is_as_near_to_float32_as_the_encoder_itself() -> None:
    model, made = encoder().eval(), batch([8, 8, 3, 5])
    wanted = made["attention_mask"].bool()
    exact = model(**made).last_hidden_state[wanted]
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = encode(model, wanted, **made), model(**made).last_hidden_state[wanted]
    assert 0 < (theirs - exact).norm() < 0.1 * exact.norm()
    assert (ours - exact).norm() < 1.5 * (theirs - exact).norm()


def test_dropout_falls_while_it_trains_and_is_that_of_the_seed() -> None:
    made = batch([6, 6, 2])
    wanted = made["attention_mask"].bool()

    def drawn(model: PreTrainedModel, seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return encode(model, wanted, **made)

    model = encoder(dropout=0.5)
    assert torch.equal(drawn(model, 1), drawn(model, 1)) and not torch.equal(drawn(model, 1), drawn(model, 2))
    of_attention = copy.deepcopy(model)
    for module in of_attention.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    cast("Any", of_attention).encoder.layer[0].attention.self.dropout.p = 0.5
    assert not torch.equal(drawn(of_attention, 1), drawn(of_attention, 2))
    assert torch.equal(drawn(model.eval(), 1), drawn(model, 2))
