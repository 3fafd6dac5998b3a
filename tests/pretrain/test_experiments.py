"""Continual pretraining as values: chained, killed and resumed, taken by a tagger, and free of what is tested on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import pytest
import torch
from transformers import AutoModelForMaskedLM

from chemxl.collect import duplicates
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.texts import ParallelText, Texts
from chemxl.errors import CorpusError
from chemxl.experiments import checkpoints
from chemxl.experiments.experiment import Value
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import Training
from chemxl.ner import FineTune
from chemxl.pretrain import chapter, tasks
from chemxl.pretrain.experiments import ContinualPretraining, Perplexity
from chemxl.pretrain.objectives import Mixture
from chemxl.pretrain.stream import Reading

ENGLISH, RUSSIAN = (Texts(name="mini", split="dev", language=language) for language in ("en", "ru"))
PAIRS = (ParallelText(name="mini", split="dev"),)
LEARN = Training(epochs=1, tokens=512, rate=1e-3, precision="fp32")


def pretraining(**changed: Any) -> ContinualPretraining:
    reading = {"amount": 3000, "block": 32} | changed.pop("reading", {})
    given = {"text": (ENGLISH, RUSSIAN), "pairs": PAIRS, "training": LEARN, "reading": Reading(**reading)} | changed
    return ContinualPretraining(**given)


def weights(value: ContinualPretraining) -> dict[str, torch.Tensor]:
    return {name: tensor.detach() for name, tensor in encoders.load(value, masked=True).model.state_dict().items()}


def test_it_learns_and_transformers_reads_what_it_wrote() -> None:
    value = pretraining(probes=(ENGLISH,), reading={"amount": 20_000})
    run = value.run()
    found = [row["perplexity: mini EN dev"] for row in run.history() if "score" in row]
    assert found[-1] < 0.7 * found[0] and len(found) >= 8
    whole, notes = AutoModelForMaskedLM.from_pretrained(run.folder, output_loading_info=True)
    assert not notes["missing_keys"] and not notes["unexpected_keys"]
    ours = weights(value)
    assert all(torch.equal(tensor, ours[name]) for name, tensor in whole.state_dict().items())
    assert encoders.load(value).model.config.vocab_size == len(mini_tokenizer())
    assert not (run.folder / checkpoints.CHECKPOINT).exists()


def test_perplexity_of_a_run_is_that_of_its_last_probe() -> None:
    """The same masks and the same pieces, from the folder and from memory."""
    value = pretraining(probes=(ENGLISH,))
    last = [row for row in value.run().history() if "score" in row][-1]
    measured = Perplexity(model=value, text=ENGLISH, most=2048)
    assert measured.run().metrics["perplexity"] == pytest.approx(last["perplexity: mini EN dev"], rel=0.02)
    counts = measured.surprisal()
    assert counts[:, 1].sum() == measured.run().metrics["hidden"]
    assert np.exp(counts[:, 0].sum() / counts[:, 1].sum()) == pytest.approx(measured.run().metrics["perplexity"])


def test_amount_and_mixture_are_kept() -> None:
    metrics = pretraining(reading={"amount": 8000, "mixture": Mixture(mlm=0.25, nsp=0.25, tlm=0.5)}).run().metrics
    assert 8000 <= metrics["tokens"] < 8000 + 5 * 32, "a block a language and objective over, at most"
    assert metrics["sentence pairs"] > 50


def test_runs_that_differ_in_the_mixture_keep_the_same_pieces() -> None:
    first, second = (pretraining(reading={"mixture": m}).run().metrics for m in (Mixture(), Mixture(mlm=0.5, tlm=0.5)))
    assert first["pieces"] == second["pieces"]


def test_a_frozen_run_leaves_the_encoder_and_a_chain_goes_on_from_it() -> None:
    head = pretraining(frozen=True)
    before, after = encoders.load("mini", masked=True).model.state_dict(), weights(head)
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert moved and all(name.startswith("cls.") for name in moved)
    chained = pretraining(encoder=head, reading={"amount": 0})
    assert all(torch.equal(tensor, after[name]) for name, tensor in weights(chained).items())


def test_a_tagger_takes_it_as_its_encoder() -> None:
    """And two that differ in the pretraining alone are two runs, each with its own result."""
    values = [
        FineTune(encoder=pretraining(seed=seed), train=(Corpus(name="mini", split="dev"),), training=LEARN)
        for seed in (0, 1)
    ]
    assert values[0].folder != values[1].folder
    first, second = (value.tagger().model.state_dict() for value in values)
    assert not all(torch.equal(first[name], second[name]) for name in first)
    assert Value.from_config(values[0].config()) == values[0]
    began = values[0].untrained([]).model.encoder.state_dict()
    made = weights(pretraining(seed=0))
    assert all(torch.equal(tensor, made[f"bert.{name}"]) for name, tensor in began.items())


def test_new_pieces_are_learnt_and_stay() -> None:
    value = pretraining(new_pieces=40)
    tokenizer, model = encoders.load(value, masked=True)
    assert len(tokenizer) == model.get_input_embeddings().num_embeddings == len(model.cls.predictions.bias)
    assert len(mini_tokenizer()) < len(tokenizer) <= len(mini_tokenizer()) + 40


def test_the_same_seed_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for name in ("first", "second"):
        monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / name))
        made.append(pretraining(reading={"mixture": Mixture(mlm=0.5, tlm=0.5)}).run().folder / "model.safetensors")
    assert made[0].read_bytes() == made[1].read_bytes()


def test_no_text_for_an_objective_is_an_error() -> None:
    with pytest.raises(CorpusError, match="no text"):
        pretraining(pairs=(), reading={"mixture": Mixture(mlm=0.5, tlm=0.5)}).run()
    with pytest.raises(pydantic.ValidationError, match="make their sum 1"):
        Mixture(mlm=0.5)


def test_a_killed_run_ends_in_the_same_weights_and_perplexity(killed_twice: Callable[..., None]) -> None:
    def value() -> ContinualPretraining:
        return pretraining(reading={"mixture": Mixture(mlm=0.5, tlm=0.5)}, probes=(ENGLISH,))

    killed_twice(value, ["model.safetensors", "history.jsonl", "pieces.safetensors", "tokenizer.json"])


def test_nothing_that_is_tested_on_is_in_the_real_text(real: Callable[[str], str]) -> None:
    """By id, as a translation, or by words: asked again of what was kept, and of all that chapters 4 and 5 test on."""
    for texts in tasks.sources("real"):
        real(texts.name)
    kept = [document for part in chapter.stage("real", "e5-small+mlm").gathered() for document in part.documents]
    assert len(kept) > 10_000
    tested = [Texts(name=name, split="test") for name in ("bc5cdr", "bionne-r", "nerel-bio", "chemprot")]
    for texts in (*tested, Texts(name="drugprot", split="dev"), Texts(name="rudrec"), Texts(name="ruccon")):
        assert not duplicates.leaks(kept, texts.load()), texts.label
