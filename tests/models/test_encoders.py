"""Encoders: where they come from, how they cut text, and a cut table that trains as the whole one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import BertConfig, BertModel, BertTokenizerFast
from transformers.utils import logging

from chemxl import corpora
from chemxl.documents import words
from chemxl.errors import EncoderError
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"acox2b-()", *(f"##{c}" for c in "acox2b"), "cox", "##ox2"]
# A combining mark follows a letter: before one, it would be a word of its own that no tokenizer cuts off.
SIGN = st.sampled_from([*"aoxcAя Ёе2²9-_/()+α\n\u00ad\u200d\u00a0😀", "е́", "й", "x̂̇"])
TEXT = st.lists(SIGN, max_size=40).map("".join)


def tiny_bert(folder: Path, *, pickled: bool = False, layers: int = 1) -> Path:
    """A folder as people have them: a BertTokenizer, which knows nothing of our words, and weights."""
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), "utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(1)
    size = {"hidden_size": 8, "num_hidden_layers": layers, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertModel(BertConfig(vocab_size=len(VOCABULARY), **size), add_pooling_layer=False)
    if pickled:
        model.config.save_pretrained(folder)
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    else:
        model.save_pretrained(folder)
    return folder


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHEMXL_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def test_mini_is_the_same_each_time() -> None:
    first, second, other = (encoders.load("mini", seed=seed) for seed in (3, 3, 4))
    states = [encoder.model.state_dict() for encoder in (first, second, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])
    assert first.model.dtype == torch.float32
    assert sum(p.numel() for p in first.model.parameters()) < 2_000_000


def test_minis_tokenizer_is_the_same_in_another_process() -> None:
    script = "from chemxl.models.subwords import mini_tokenizer as t; print(t().backend_tokenizer.to_str())"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == json.loads(mini_tokenizer().backend_tokenizer.to_str())


def test_minis_settings_reach_the_model() -> None:
    model = encoders.load("mini", attn_implementation="eager", attention_probs_dropout_prob=0.0).model
    assert model.config._attn_implementation == "eager"
    assert model.config.attention_probs_dropout_prob == 0


def test_an_alias_that_is_not_here_says_what_to_do(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        EncoderError, match=r"CHEMXL_MODELS nor on the hub in reach; it needs config\.json.*model\.safetensors"
    ):
        encoders.load("biobert")
    monkeypatch.delenv("CHEMXL_MODELS")
    with pytest.raises(EncoderError, match=r"in \$CHEMXL_MODELS/biobert"):
        encoders.load("biobert")
    with pytest.raises(EncoderError, match="'bioburt' is no encoder: take one of mini, in-the-box, mbert"):
        encoders.load("bioburt")


def test_every_alias_is_pinned() -> None:
    assert set(encoders.ALIASES) == {
        "mbert",
        "labse-en-ru",
        "labse",
        "xlm-r",
        "biobert",
        "chemberta",
        "bert",
        "minilm",
        "e5-small",
    }
    for pin in encoders.ALIASES.values():
        assert len(pin.revision) == 40 and int(pin.revision, 16)


def test_a_local_folder_is_taken_first(models: Path) -> None:
    assert not encoders.available("bert")
    folder = tiny_bert(models / "bert")
    assert encoders.local_folder("bert") == folder and encoders.available("bert")
    loaded = encoders.load("bert", hidden_dropout_prob=0.25).model
    assert loaded.config.hidden_dropout_prob == 0.25
    for name, tensor in load_file(folder / "model.safetensors").items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    by_path = encoders.load(str(folder)).model
    assert torch.equal(by_path.get_input_embeddings().weight, loaded.get_input_embeddings().weight)
    tiny_bert(models / "multilingual-e5-small")
    assert encoders.local_folder("e5-small") == models / "multilingual-e5-small"


def test_the_first_layers_compute_as_in_the_whole(models: Path) -> None:
    tiny_bert(models / "bert", layers=3)
    whole, cut = encoders.load("bert"), encoders.load(encoders.FirstLayers(encoder="bert", layers=2))
    batch = whole.tokenizer(["acox", "cox2 b"], padding=True, return_tensors="pt")
    assert batch["input_ids"].equal(cut.tokenizer(["acox", "cox2 b"], padding=True, return_tensors="pt")["input_ids"])
    with torch.no_grad():
        states = whole.model.eval()(**batch, output_hidden_states=True).hidden_states
        torch.testing.assert_close(cut.model.eval()(**batch).last_hidden_state, states[2], rtol=0, atol=0)
    assert not states[2].equal(states[3])
    with pytest.raises(EncoderError, match="has 3 layers"):
        encoders.FirstLayers(encoder="bert", layers=4).run()


def test_a_pickle_is_refused(models: Path) -> None:
    folder = tiny_bert(models / "bert", pickled=True)
    with pytest.raises(EncoderError, match=r"is not whole; it needs .*model\.safetensors") as caught:
        encoders.load("bert")
    assert str(folder) in str(caught.value)


def test_loading_leaves_the_library_as_it_was(models: Path) -> None:
    tiny_bert(models / "bert")
    logging.enable_progress_bar()
    level = logging.get_verbosity()
    encoders.load("bert")
    assert logging.is_progress_bar_enabled() and logging.get_verbosity() == level


@settings(max_examples=80, deadline=None)
@given(TEXT)
def test_minis_pieces_never_cross_words(text: str) -> None:
    assert_cut(mini_tokenizer().backend_tokenizer.encode(text, add_special_tokens=False).offsets, text)


def assert_cut(offsets: list[tuple[int, int]], text: str) -> None:
    starts = [start for start, _ in words(text)]
    for start, end in offsets:
        visible = start + len(text[start:end]) - len(text[start:end].lstrip())
        assert not any(visible < word < end for word in starts), text[start:end]


def test_a_loaded_tokenizers_pieces_never_cross_words(models: Path) -> None:
    tiny_bert(models / "bert")
    backend = encoders.load("bert").tokenizer.backend_tokenizer
    assert backend.encode("cox2-2b", add_special_tokens=False).tokens == ["cox", "2", "-", "2", "b"]
    for document in corpora.load("mini", split="dev"):
        assert_cut(backend.encode(document.text, add_special_tokens=False).offsets, document.text)
    assert backend.truncation is None and backend.padding is None


def test_e5s_pieces_never_cross_words() -> None:
    if encoders.local_folder("e5-small") is None:
        pytest.skip("e5-small is not on this machine: set CHEMXL_MODELS")
    backend = encoders.load("e5-small").tokenizer.backend_tokenizer
    for document in corpora.load("mini", split="dev"):
        assert_cut(backend.encode(document.text, add_special_tokens=False).offsets, document.text)


def test_the_digest_tells_encoders_apart(models: Path) -> None:
    folder = tiny_bert(models / "bert")
    before = encoders.file_digest("bert")
    assert before == encoders.file_digest(str(folder)) != encoders.ALIASES["bert"].revision
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"hidden_dropout_prob": 0.1', '"hidden_dropout_prob": 0.2'))
    assert encoders.file_digest("bert") != before
    assert encoders.file_digest("mbert") == encoders.ALIASES["mbert"].revision
    assert encoders.file_digest("mini") == corpora.read_digest("mini", split="train")
