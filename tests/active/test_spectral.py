"""The spectral norm, the head that is divided by it, and taggers with such a head that are saved and killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn

from chemxl.active.spectral import (
    Norm,
    SpectralEvaluation,
    SpectralFineTune,
    SpectralLinear,
    SpectralTagger,
    power_iteration,
)
from chemxl.corpora.corpus import Corpus
from chemxl.errors import EncoderError
from chemxl.experiments.experiment import Value
from chemxl.models.training import Training, optimiser
from chemxl.ner import FineTune, Tagger

ENGLISH = Corpus(name="mini", split="dev", language="en")
BRIEF = Training(steps=8, tokens=512, rate=5e-3, precision="fp32")


def norm_of(weight: torch.Tensor) -> float:
    return float(torch.linalg.matrix_norm(weight.detach().double(), ord=2))


@pytest.mark.parametrize("shape", [(5, 5), (3, 40), (40, 3), (1, 7)])
def test_power_iteration_finds_the_spectral_norm(shape: tuple[int, int]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, v = power_iteration(weight, torch.ones(shape[0], dtype=torch.float64), steps=2000)
    assert float(u @ weight @ v) == pytest.approx(norm_of(weight), rel=1e-10)


def test_the_layer_is_that_of_torch() -> None:
    torch.manual_seed(0)
    ours = SpectralLinear(12, 8, norm="always").double()
    with torch.no_grad():
        ours.weight.copy_(torch.randn(8, 12))  # of orthogonal ones every vector is a singular vector
    theirs = nn.utils.parametrizations.spectral_norm(nn.Linear(12, 8).double())
    with torch.no_grad():
        theirs.parametrizations.weight.original.copy_(ours.weight)
        theirs.bias.copy_(ours.bias)
    x = torch.randn(4, 12, dtype=torch.float64)
    for _ in range(500):  # both iterate once a call, torch in the other order: they meet where they end
        a, b = ours(x), theirs(x)
    torch.testing.assert_close(a, b)
    ours_by = torch.autograd.grad(a.square().sum(), ours.weight)
    torch.testing.assert_close(ours_by, torch.autograd.grad(b.square().sum(), theirs.parametrizations.weight.original))


def test_training_follows_the_norm_and_evaluation_rests() -> None:
    torch.manual_seed(0)
    layer = SpectralLinear(10, 10, norm="always")
    with torch.no_grad():
        layer.weight.copy_(torch.randn(10, 10))  # the vectors know nothing of these
    x = torch.randn(2, 10)
    layer.eval()
    assert torch.equal(layer(x), layer(x))
    layer.train()
    for _ in range(300):
        layer(x)
    assert norm_of(layer.normalised()) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("shape", [(6, 6), (6, 4)])
def test_layers_of_every_norm_begin_alike_and_lose_nothing(shape: tuple[int, int]) -> None:
    inputs, outputs = shape
    states = []
    for norm in get_args(Norm):
        torch.manual_seed(0)
        layer = SpectralLinear(inputs, outputs, norm=norm).eval()
        assert torch.linalg.svdvals(layer.normalised().detach()) == pytest.approx(1.0, abs=1e-5)
        states.append([layer.weight.detach(), torch.randn(3)])
    for state in states[1:]:
        assert all(torch.equal(a, b) for a, b in zip(state, states[0], strict=True))
    made = [SpectralFineTune(train=(ENGLISH,), norm=norm).untrained([]).model.head.weight for norm in get_args(Norm)]
    assert all(torch.equal(weight, made[0]) for weight in made)


def test_the_normalised_layer_is_trained_at_the_encoders_rate() -> None:
    model = SpectralFineTune(train=(ENGLISH,)).untrained([]).model
    groups = optimiser(model, Training(rate=1e-4, head_rate=3e-2)).param_groups
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert rates[id(model.dense.weight)] == rates[id(model.dense.bias)] == 1e-4
    assert rates[id(model.head.weight)] == rates[id(model.head.bias)] == 3e-2


def test_the_bound_leaves_a_smaller_norm_alone() -> None:
    for bound, wanted in ((0.5, 0.5), (2, 1)):
        torch.manual_seed(0)
        layer = SpectralLinear(10, 10, norm="bound", bound=bound)
        for _ in range(300):
            layer(torch.zeros(1, 10))
        assert norm_of(layer.normalised()) == pytest.approx(wanted, rel=1e-4)
    assert torch.equal(layer.normalised(), layer.weight)


def test_a_settled_layer_is_divided_by_the_norm_of_its_last_weights() -> None:
    torch.manual_seed(0)
    layer = SpectralLinear(10, 10, norm="always").eval()
    x = torch.randn(3, 10)
    before = layer(x)
    layer.settle()
    torch.testing.assert_close(before, layer(x))
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    changed = SpectralLinear(10, 10, norm="always")
    with torch.no_grad():
        changed.weight.copy_(torch.randn(10, 10))  # as the last step does, after the last iteration
    changed.settle()
    assert norm_of(changed.weight) == pytest.approx(1.0, abs=1e-3)


def test_a_saved_tagger_predicts_the_same(tmp_path: Path) -> None:
    documents = ENGLISH.load()
    made = SpectralFineTune(train=(ENGLISH,)).untrained(documents)
    made.save(tmp_path)
    before = made.predict(documents, precision="fp32")
    again = Tagger.load(tmp_path)
    assert type(again) is SpectralTagger and again.predict(documents, precision="fp32") == before
    FineTune(train=(ENGLISH,)).untrained(documents).save(tmp_path / "ordinary")
    with pytest.raises(EncoderError, match="holds no spectraltagger, but a Tagger"):
        SpectralTagger.load(tmp_path / "ordinary")


def test_an_evaluation_is_of_the_normalised_head() -> None:
    model = SpectralFineTune(train=(ENGLISH,), training=BRIEF)
    evaluation = SpectralEvaluation(model=model, corpus=ENGLISH)
    assert evaluation.run().metrics["documents"] == len(ENGLISH.load())
    weight = model.tagger().model.dense.weight
    assert norm_of(weight) == pytest.approx(1.0, abs=1e-3)


def test_the_value_is_not_a_fine_tune() -> None:
    value = SpectralFineTune(train=(ENGLISH,), norm="bound", bound=2.0)
    assert Value.from_config(value.config()) == value
    plain = FineTune(train=(ENGLISH,))
    assert plain.config()["kind"] == "FineTune" and "norm" not in plain.config()
    assert value.folder != SpectralFineTune(train=(ENGLISH,)).folder != plain.folder


def test_a_killed_training_ends_in_the_same_tagger(killed_twice: Callable[..., None]) -> None:
    def value() -> SpectralFineTune:
        return SpectralFineTune(train=(ENGLISH,), training=BRIEF, seed=1)

    killed_twice(value, ["model.safetensors", "history.jsonl", "predictor.json", "tokenizer.json"])
