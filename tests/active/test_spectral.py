"""The spectral norm, the head that is divided by it, and taggers with such a head that are saved and killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from chemxl import checkpoints
from chemxl.active.spectral import (
    FILE,
    SpectralEvaluation,
    SpectralFineTune,
    SpectralLinear,
    SpectralTagger,
    power_iteration,
)
from chemxl.corpora.corpus import Corpus
from chemxl.errors import EncoderError
from chemxl.experiment import Value
from chemxl.ner import FineTune, Tagger
from chemxl.training import Training

ENGLISH = Corpus(name="mini", split="dev", language="en")
BRIEF = Training(epochs=2, tokens=512, precision="fp32")


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


def test_the_bound_leaves_a_smaller_norm_alone() -> None:
    torch.manual_seed(0)
    norm = norm_of(SpectralLinear(10, 10, norm="none").weight)
    for bound, wanted in ((norm / 2, norm / 2), (norm * 2, norm)):
        torch.manual_seed(0)
        layer = SpectralLinear(10, 10, norm="bound", bound=bound)
        for _ in range(300):
            layer(torch.zeros(1, 10))
        assert norm_of(layer.normalised()) == pytest.approx(wanted, rel=1e-4)
    assert torch.equal(layer.normalised(), layer.weight)


def test_a_settled_layer_gives_the_same_bits() -> None:
    torch.manual_seed(0)
    layer = SpectralLinear(10, 10, norm="always").eval()
    x = torch.randn(3, 10)
    before = layer(x)
    layer.settle()
    assert torch.equal(before, layer(x))
    assert sorted(layer.state_dict()) == ["bias", "weight"]


def test_a_saved_tagger_predicts_the_same(tmp_path: Path) -> None:
    documents = ENGLISH.load()
    made = SpectralFineTune(train=(ENGLISH,)).untrained(documents)
    before = made.predict(documents, precision="fp32")
    made.save(tmp_path)
    assert SpectralTagger.load(tmp_path).predict(documents, precision="fp32") == before
    assert (tmp_path / FILE).exists()
    with pytest.raises(EncoderError, match="no tagger"):
        Tagger.load(tmp_path)  # it would know nothing of the layer


def test_an_evaluation_is_of_the_normalised_head() -> None:
    model = SpectralFineTune(train=(ENGLISH,), training=BRIEF)
    evaluation = SpectralEvaluation(model=model, corpus=ENGLISH)
    assert evaluation.run().metrics["documents"] == len(ENGLISH.load())
    weight = model.tagger().model.head.dense.weight
    assert norm_of(weight) == pytest.approx(1.0, abs=0.05)


def test_the_value_is_not_a_fine_tune() -> None:
    value = SpectralFineTune(train=(ENGLISH,), norm="bound", bound=2.0)
    assert Value.from_config(value.config()) == value
    plain = FineTune(train=(ENGLISH,))
    assert plain.config()["kind"] == "FineTune" and "norm" not in plain.config()
    assert value.folder != SpectralFineTune(train=(ENGLISH,)).folder != plain.folder


@pytest.mark.skipif(not hasattr(os, "fork") or torch.cuda.is_available(), reason="forks after torch began")
def test_a_killed_training_ends_in_the_same_tagger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: Callable[..., bool]
) -> None:
    def value() -> SpectralFineTune:
        return SpectralFineTune(train=(ENGLISH,), training=BRIEF, seed=1)

    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / "whole"))
    whole = value().run().folder
    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / "broken"))
    for step in (2, 3):
        assert killed_at(step, value().run)
        assert (value().folder / checkpoints.CHECKPOINT).exists()
    broken = value().run().folder
    for name in ("model.safetensors", "history.jsonl", FILE, "tokenizer.json"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
