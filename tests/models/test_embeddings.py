"""Embeddings: the mean of the last layer, whatever else is in the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from chemxl.errors import EncoderError
from chemxl.models import embeddings, encoders
from chemxl.models.embeddings import Embedder
from chemxl.models.subwords import mini_tokenizer

TEXTS = ["Аспирин угнетает циклооксигеназу.", "", "COX-2", "Aspirin inhibits it. " * 9, "α-D-глюкоза " * 40, "x"]


def reference(text: str, *, max_tokens: int) -> np.ndarray:
    tokenizer, model = encoders.load("mini")
    ids = tokenizer.backend_tokenizer.encode(text).ids
    ids = ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]
    with torch.inference_mode():
        mean = model.eval()(torch.tensor([ids])).last_hidden_state[0].double().mean(0)
    return (mean / mean.norm()).numpy()


def test_rows_are_the_mean_of_the_last_layer_and_of_length_one() -> None:
    found = Embedder(precision="fp32", max_tokens=64)(TEXTS)
    assert found.dtype == np.float32 and found.shape == (len(TEXTS), 128)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found, [reference(text, max_tokens=64) for text in TEXTS], atol=1e-5)


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-5), ("bf16", 3e-2)])
def test_the_company_of_a_text_changes_nothing(
    precision: str, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed = Embedder(precision=precision)
    together = embed(TEXTS)
    np.testing.assert_allclose(embed(TEXTS[::-1])[::-1], together, atol=tolerance)
    np.testing.assert_allclose(np.concatenate([embed([text]) for text in TEXTS]), together, atol=tolerance)
    monkeypatch.setattr(embeddings, "BATCH_TOKENS", 100_000)
    np.testing.assert_allclose(embed(TEXTS), together, atol=tolerance)


def test_the_same_twice_and_another_with_another_seed() -> None:
    first, again, other = (Embedder(seed=seed)(TEXTS[:1]) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-2)


def test_the_prefix_stands_before_every_text() -> None:
    prefixed = Embedder(prefix="query: ", precision="fp32")(["аспирин", "2,4-D"])
    np.testing.assert_allclose(prefixed, Embedder(precision="fp32")(["query: аспирин", "query: 2,4-D"]), atol=1e-6)


def test_what_comes_after_the_limit_is_not_read_and_the_tokenizer_stays_as_it_was() -> None:
    embed = Embedder(max_tokens=8, precision="fp32")
    one, two, short = embed(["a b c d e f " + tail for tail in ("g h", "i j k l")] + ["a b c d e"])
    np.testing.assert_allclose(one, two, atol=1e-6)
    assert not np.allclose(one, short, atol=1e-3)
    assert mini_tokenizer().backend_tokenizer.truncation is None
    assert mini_tokenizer().backend_tokenizer.padding is None


def test_no_texts() -> None:
    assert Embedder()([]).shape == (0, 128)


@pytest.mark.parametrize("limit", [2, 100_000])
def test_a_limit_that_the_encoder_cannot_have(limit: int) -> None:
    with pytest.raises(EncoderError, match=f"max_tokens={limit}: mini reads 3 to 512 tokens"):
        Embedder(max_tokens=limit)


def test_a_translation_is_nearer_than_another_sentence() -> None:
    if not encoders.available("e5-small"):
        pytest.skip("the encoder e5-small is not on this machine: set CHEMXL_MODELS")
    english = ["Aspirin lowers fever.", "The compound was dissolved in ethanol.", "The patient slept badly."]
    russian = ["Аспирин снижает жар.", "Соединение растворили в этаноле.", "Больной плохо спал."]
    embed = Embedder("e5-small", prefix="query: ")
    assert (embed(english) @ embed(russian).T).argmax(1).tolist() == [0, 1, 2]
