"""Perplexity: against a plain computation, whatever is batched together, with an interval that holds what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from chemxl.documents import Document
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.pretrain import perplexity as measure
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder, collate
from chemxl.pretrain.perplexity import estimate, perplexity, surprisals, windows
from chemxl.pretrain.stream import masking

TEXTS = ["Аспирин ингибирует циклооксигеназу.", "Aspirin inhibits the enzyme cyclooxygenase.", "", "Метформин " * 40]


@pytest.fixture
def model() -> MaskedLanguageModel:
    whole = encoders.load("mini", masked=True, **encoders.WITHOUT_DROPOUT).model
    return MaskedLanguageModel(whole, range(whole.config.vocab_size)).eval()


def cut(block: int = 16) -> tuple[list[list], Builder]:  # type: ignore[type-arg]
    tokenizer = mini_tokenizer()
    builder = Builder(encoders.specials(tokenizer), block=block)
    documents = [Document(str(i), text) for i, text in enumerate(TEXTS)]
    return windows(tokenizer, documents, builder, most=10_000), builder


def test_windows_hold_every_piece_once() -> None:
    parts, builder = cut()
    tokenizer = mini_tokenizer()
    whole = [tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS if text]
    assert [[i for window in part for i in window.ids[1:-1]] for part in parts] == whole
    assert all(len(window) <= builder.block for part in parts for window in part)


def test_only_so_many_pieces_are_read() -> None:
    tokenizer = mini_tokenizer()
    builder = Builder(encoders.specials(tokenizer), block=16)
    documents = [Document(str(i), text) for i, text in enumerate(TEXTS)]
    assert len(windows(tokenizer, documents, builder, most=1)) == 1
    assert len(windows(tokenizer, documents, builder, most=0)) == 0


def test_surprisal_is_that_of_a_plain_computation(model: MaskedLanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, _ = cut()
    examples = [window for part in parts for window in part]
    tokenizer = mini_tokenizer()
    masks = masking(tokenizer, model, rate=0.15)
    pad = int(tokenizer.pad_token_id)
    found = surprisals(model, examples, masking=masks, pad=pad, precision="fp32")
    expected = []
    for number, example in enumerate(examples):
        batch = collate([example], masking=masks, pad=pad, generator=torch.Generator().manual_seed(number))
        asked = batch["labels"] >= 0  # (1, T)
        with torch.no_grad():
            logits = model.logits(model.hidden(asked, **batch)).double()  # (M, V)
        chosen = logits.log_softmax(-1).gather(1, batch["labels"][asked][:, None])
        expected.append((-float(chosen.sum()), int(asked.sum())))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert perplexity(found) == pytest.approx(np.exp(found[:, 0].sum() / found[:, 1].sum()))
    monkeypatch.setattr(measure, "BATCH_TOKENS", 16)  # one window a batch
    alone = surprisals(model, examples, masking=masks, pad=pad, precision="fp32")
    np.testing.assert_allclose(found, alone, rtol=1e-5, atol=1e-5)


def test_measuring_leaves_the_mode(model: MaskedLanguageModel) -> None:
    parts, _ = cut()
    masks = masking(mini_tokenizer(), model, rate=0.15)
    for mode in (True, False):
        model.train(mode)
        surprisals(model, parts[0], masking=masks, pad=0)
        assert model.training == mode


def test_the_interval_covers_the_mean() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(100):
        counts = rng.poisson(30, size=(80, 1))  # (D, 1)
        nats = counts * rng.normal(2.0, 0.3, size=(80, 1))
        _, low, high = estimate([np.hstack([nats, counts])])
        hits += low <= np.exp(2.0) <= high
    assert 85 <= hits <= 100


def test_a_guess_by_chance_has_the_vocabulary_as_its_perplexity() -> None:
    counts = np.array([[np.log(50) * 7, 7], [np.log(50) * 3, 3]])
    assert perplexity(counts) == pytest.approx(50)
