"""Contrastive pretraining as a value: it learns, stops and goes on, and a tagger takes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel

from chemxl.contrastive.experiments import HEADS, ContrastivePretraining
from chemxl.contrastive.loss import distances
from chemxl.contrastive.model import ContrastiveModel
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import Sample
from chemxl.errors import ChemxlError, CorpusError
from chemxl.experiments import checkpoints, processes
from chemxl.experiments.experiment import Value
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import Training
from chemxl.ner import FineTune

TYPES = ("CHEM", "DISEASE")
RUSSIAN = Sample(name="mini", language="ru", types=TYPES, most=30)
ENGLISH = Sample(name="mini", language="en", types=TYPES, most=10)
BRIEF = Training(epochs=1, tokens=512, rate=1e-3, precision="fp32")


def pretraining(**changed: Any) -> ContrastivePretraining:
    return ContrastivePretraining(**{"train": (RUSSIAN,), "training": BRIEF, "size": 16} | changed)


def weights(value: encoders.Pretrained) -> dict[str, torch.Tensor]:
    return {name: tensor.detach() for name, tensor in encoders.load(value).model.state_dict().items()}


@pytest.mark.parametrize("distance", ["gaussian", "identity", "cosine"])
def test_labels_move_apart_and_transformers_reads_what_it_wrote(distance: str) -> None:
    longer = BRIEF.model_copy(update={"epochs": 8, "rate": 2e-3})
    value = pretraining(distance=distance, training=longer, probe=RUSSIAN)
    run = value.run()
    found = [row for row in run.history() if "score" in row]
    assert found[-1]["score"] > found[0]["score"] + 0.3
    gaps = [row["between"] - row["within"] for row in (found[0], found[-1])]
    assert gaps[1] > gaps[0]
    whole, notes = AutoModel.from_pretrained(run.folder, output_loading_info=True, add_pooling_layer=False)
    assert not notes["missing_keys"] and not notes["unexpected_keys"]
    ours = weights(value)
    assert all(torch.equal(tensor, ours[name]) for name, tensor in whole.state_dict().items())
    assert whole.get_input_embeddings().num_embeddings == len(mini_tokenizer())
    assert not (run.folder / checkpoints.CHECKPOINT).exists()


def test_words_are_seen_before_and_after() -> None:
    value = pretraining()
    before, after = (value.seen(RUSSIAN.load(), most=50, trained=trained) for trained in (False, True))
    assert len(before.labels) == 50 and (before.labels == after.labels).all()
    assert before.hidden.shape == after.hidden.shape and abs(before.hidden - after.hidden).max() > 1e-3
    assert after.mean.shape == after.variance.shape == (50, 16)
    assert (after.variance > 0).all()
    assert set(after.labels.tolist()) <= set(range(len(value.names())))


def test_a_tagger_takes_it_as_its_encoder() -> None:
    value = pretraining()
    tagger = FineTune(encoder=value, train=(RUSSIAN,), training=BRIEF)
    assert Value.from_config(tagger.config()) == tagger
    start = tagger.untrained(RUSSIAN.load()).model.encoder.state_dict()
    assert all(torch.equal(tensor, weights(value)[name]) for name, tensor in start.items())
    assert tagger.run().folder != FineTune(encoder=pretraining(seed=1), train=(RUSSIAN,), training=BRIEF).folder


def test_views_are_read_too() -> None:
    value = pretraining(views=(ENGLISH,))
    assert value.run().metrics["documents"] == 40
    assert any(
        not torch.equal(a, b) for a, b in zip(weights(value).values(), weights(pretraining()).values(), strict=True)
    )


def test_words_outside_of_mentions_may_be_left_out() -> None:
    """The public code stops with an error where they are."""
    torch.manual_seed(0)
    _, encoder = encoders.load("mini")
    model = ContrastiveModel(encoder, distance="gaussian", size=4, outside=False).eval()
    batch = {
        "input_ids": torch.arange(10).reshape(1, 10) + 50,
        "attention_mask": torch.ones(1, 10, dtype=torch.long),
        "units": torch.arange(8)[None],
    }
    labels = torch.tensor([[0, 1, 1, 0, 2, 2, -100, -100]])
    inside = [1, 2, 4, 5]
    pairs = distances(model.pairs(model.words(**batch)[0][inside]))
    gain = [
        (-pairs[a, b]) - torch.logsumexp(-pairs[a][[c for c in range(4) if c != a]], 0)
        for a, b in zip((0, 1, 2, 3), (1, 0, 3, 2), strict=True)
    ]
    assert model(labels=labels, **batch).item() == pytest.approx(-torch.stack(gain).mean().item(), rel=1e-4)
    nobody = model(labels=torch.zeros(1, 8, dtype=torch.long), **batch)
    nobody.backward()
    assert nobody.item() == 0


def test_the_same_seed_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for name in ("a", "b"):
        monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / name))
        run = pretraining().run()
        found.append([(run.folder / file).read_bytes() for file in (HEADS, "model.safetensors", "history.jsonl")])
    assert found[0] == found[1]


def test_a_killed_run_ends_in_the_same_weights(killed_twice: Callable[..., None]) -> None:
    killed_twice(lambda: pretraining(probe=ENGLISH), ["model.safetensors", HEADS, "history.jsonl"])


def test_several_processes_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    place = type("Place", (), {"num_processes": 2, "is_main_process": True, "process_index": 0})
    monkeypatch.setattr(processes, "place", lambda: place)
    with pytest.raises(ChemxlError, match="start it in one process"):
        pretraining().compute(Path("nowhere"))


def test_nothing_to_train_on_is_an_error(tmp_path: Path) -> None:
    held_out = Corpus(name="mini", language="en")
    with pytest.raises(CorpusError, match="nothing to train on"):
        pretraining(train=(RUSSIAN.model_copy(update={"without": (held_out,)}),)).compute(tmp_path)
