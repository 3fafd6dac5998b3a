"""The formulas of paper 2, each against what it says with numbers."""

from __future__ import annotations

import math

import pytest
import torch

from chemxl.models import encoders
from chemxl.models.training import IGNORED
from chemxl.relations.network import MarkedNetwork, RelationAttention, focal


def test_focal_loss_is_the_equation() -> None:
    """Equation 4; with gamma 0 it is the cross entropy."""
    shares = torch.tensor([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.3, 0.3, 0.4]])
    labels = torch.tensor([0, 2, IGNORED])
    due = -((1 - 0.9) ** 2 * math.log(0.9) + (1 - 0.1) ** 2 * math.log(0.1)) / 2
    assert focal(shares.log(), labels, 2.0).item() == pytest.approx(due, rel=1e-5)
    plain = torch.nn.functional.cross_entropy(shares.log(), labels, ignore_index=IGNORED)
    assert focal(shares.log(), labels, 0.0).item() == pytest.approx(plain.item(), rel=1e-6)
    easy, hard = (
        focal(shares.log()[[i]], labels[[i]], 2.0) / focal(shares.log()[[i]], labels[[i]], 0.0) for i in (0, 1)
    )
    assert easy < 0.02 < 0.8 < hard, "what is easy weighs little"


def test_relation_attention_is_the_equations() -> None:
    """Equations 1 and 2."""
    torch.manual_seed(0)
    definitions, pair = torch.randn(3, 4), torch.randn(2, 5, 8)
    layer = RelationAttention(definitions, 8)
    made = layer(pair)
    h = layer.query.weight.detach() @ pair[1, 2]  # (d,)
    scores = [sum(float(r * x) for r, x in zip(row, h, strict=True)) for row in definitions]
    weights = [math.exp(score) / sum(map(math.exp, scores)) for score in scores]
    due = sum(w * row for w, row in zip(weights, definitions, strict=True))
    assert made.shape == (2, 5, 12) and torch.equal(made[..., :8], pair)
    assert torch.allclose(made[1, 2, 8:], torch.as_tensor(due), atol=1e-5)
    assert not layer.definitions.requires_grad


def batch() -> dict[str, torch.Tensor]:
    """Two rows of one pair, text and markers."""
    return {
        "input_ids": torch.arange(20).view(2, 10) + 60,
        "markers": torch.tensor([[0] * 6 + [1, 2, 3, 4]] * 2),
        "places": torch.tensor([[0, 1, 2, 3, 4, 5, 1, 1, 3, 4]] * 2),
        "owners": torch.tensor([[-1] * 6 + [0] * 4] * 2),
        "starts": torch.tensor([[[6, 8]]] * 2),
    }


def test_two_tasks_are_weighed_as_the_equation_says() -> None:
    """Equation 3."""
    torch.manual_seed(0)
    encoder = encoders.load("mini", **encoders.WITHOUT_DROPOUT).model
    made = MarkedNetwork(encoder, labels="abc", markers=4, kinds="xyz", gamma=2.0, share=0.1, dropout=0.0)
    labels, kinds = torch.tensor([[2], [1]]), torch.tensor([[[0, 1]], [[2, 1]]])
    terms = made(labels=labels, kinds=kinds, **batch())
    logits, mentions = made.logits(**batch())
    relations = focal(logits.flatten(0, 1), labels.flatten(), 2.0)
    entities = torch.nn.functional.cross_entropy(made.head_kinds(mentions).flatten(0, 2), kinds.flatten())
    assert terms["labels"].item() == pytest.approx(0.1 * relations.item(), rel=1e-5)
    assert terms["kinds"].item() == pytest.approx(0.9 * entities.item(), rel=1e-5)
    assert made(labels=labels, **batch())["labels"].item() == pytest.approx(relations.item(), rel=1e-5)


def test_what_is_fresh_has_the_heads_learning_rate() -> None:
    """The training loop tells by the name; markers are input, which learns as the encoder does."""
    encoder = encoders.load("mini").model
    known = {f"encoder.{name}" for name, _ in encoder.named_parameters()}
    made = MarkedNetwork(encoder, labels="ab", markers=4, kinds="xy", definitions=torch.randn(2, 128))
    fresh = {name for name, _ in made.named_parameters()} - known - {"marker_vectors.weight"}
    assert {"head.weight", "head_kinds.bias", "head_attention.query.weight"} < fresh
    assert all("head" in name for name in fresh)


def test_an_encoder_that_is_not_packed_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    made = MarkedNetwork(encoders.load("mini").model, labels="ab", markers=4).eval()
    given = batch()
    given["owners"][1, -4:] = -2  # padding
    given["starts"][1] = torch.tensor([[1, 2]])
    own = made.marked(**given)
    monkeypatch.setattr("chemxl.models.packed.PACKED", ())
    assert torch.allclose(made.marked(**given), own, atol=1e-5)
