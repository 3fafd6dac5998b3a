"""New pieces for an old encoder: what stays, what is added, and that it is the same everywhere."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, BertTokenizerFast, PreTrainedTokenizerFast

from chemxl import corpora
from chemxl.documents import words
from chemxl.errors import EncoderError
from chemxl.models import encoders
from chemxl.models.encoders import Encoder
from chemxl.pretrain.vocabulary import extend

CYRILLIC = "абвгдежзиклмнопрстуфхцчшщъыьэюя"  # as in MiniLM, without й and ё
LATIN = "abcdefghijklmnopqrstuvwxyz"
KINDS = ("uncased", "cased", "unigram")
TEXTS = [
    "Метан и этан: метан, метана, метаном, этаном, метанол.",
    "этана и метана; COX-2 и рН-метр, этанол метанола этанола",
]
SIGN = st.sampled_from([*"метанаиЭтxocC2²9-_/()+α\n ,.", "coxib", "метан", "й", "е́"])


def bert(folder: Path, *, lower: bool) -> PreTrainedTokenizerFast:
    letters = [*LATIN, *LATIN.upper(), *CYRILLIC, *CYRILLIC.upper(), *"0123456789-_/()+.,:;²α"]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join([*pieces, "cox", "##ib", "ме", "##ме"]), "utf-8")
    return BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=lower)


def unigram() -> PreTrainedTokenizerFast:
    """As XLM-R's: a sign of a word's begin, and a mask that was added behind the model's own pieces."""
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    letters = [(letter, -8.0 - i / 64) for i, letter in enumerate(["▁", *LATIN, *CYRILLIC, *"0123456789-_/()+.,:;"])]
    backend = Tokenizer(models.Unigram([*special, *letters, ("▁cox", -5.0), ("ме", -7.0)], 3))
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")])
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>", cls_token="<s>", mask_token="<mask>"
    )


def save(folder: Path, kind: str) -> Path:
    folder.mkdir(parents=True)
    tokenizer = unigram() if kind == "unigram" else bert(folder, lower=kind == "uncased")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = BertConfig(vocab_size=len(tokenizer) + 3, pad_token_id=tokenizer.pad_token_id, **size)  # three to spare
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Encoder, Encoder]]:
    """Per kind an encoder and the same one with new pieces."""
    pairs = {}
    for kind in KINDS:
        old = encoders.load(str(save(tmp_path_factory.mktemp("models") / kind, kind)))
        pairs[kind] = old, extend(old, TEXTS, pieces=8)
    return pairs


def added(old: Encoder, new: Encoder) -> dict[str, int]:
    """New pieces by their ids, which follow the old ones."""
    known, ids = old.tokenizer.get_vocab(), new.tokenizer.get_vocab()
    assert {piece: ids[piece] for piece in known} == known
    fresh = sorted(ids.keys() - known, key=ids.__getitem__)
    assert [ids[piece] for piece in fresh] == list(range(len(known), len(ids)))
    return {piece: ids[piece] for piece in fresh}


def cut(encoder: Encoder, text: str) -> list[int]:
    return list(encoder.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)


def rows(encoder: Encoder) -> torch.Tensor:
    return encoder.model.get_input_embeddings().weight.detach()


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_grows_behind_the_old_rows(made: dict[str, tuple[Encoder, Encoder]], kind: str) -> None:
    old, new = made[kind]
    count, known = len(added(old, new)), len(old.tokenizer)
    assert count == 8
    assert len(rows(old)) == known + 3 == old.model.config.vocab_size  # as it was
    assert len(rows(new)) == known + count == new.model.config.vocab_size == len(new.tokenizer)
    assert torch.equal(rows(new)[:known], rows(old)[:known])
    assert new.model.get_input_embeddings().padding_idx == old.tokenizer.pad_token_id
    assert new.model.get_input_embeddings().weight.requires_grad
    for name, tensor in old.model.state_dict().items():
        assert "word_embeddings" in name or torch.equal(tensor, new.model.state_dict()[name])
    ids = torch.tensor([cut(new, "метан и этан")])
    assert ids.max() >= known
    assert new.model(input_ids=ids).last_hidden_state.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_new_pieces_are_read(made: dict[str, tuple[Encoder, Encoder]], kind: str) -> None:
    old, new = made[kind]
    pieces = added(old, new)
    assert not any(character.isascii() for piece in pieces for character in piece.removeprefix("##"))
    for piece, id in pieces.items():
        if kind == "unigram":  # scored so that none loses to its own cut
            assert [token.id for token in new.tokenizer.backend_tokenizer.model.tokenize(piece)] == [id]
        elif not piece.startswith("##"):
            assert cut(new, piece) == [id]
    assert all(len(cut(new, text)) < len(cut(old, text)) for text in TEXTS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(text=st.lists(SIGN, max_size=30).map("".join))
def test_a_text_without_new_pieces_keeps_its_ids(
    made: dict[str, tuple[Encoder, Encoder]], kind: str, text: str
) -> None:
    old, new = made[kind]
    ascii_only = text.encode("ascii", "ignore").decode()
    assert cut(new, ascii_only) == cut(old, ascii_only)
    begin = len(old.tokenizer)
    if max(cut(new, text), default=0) < begin:
        assert cut(new, text) == cut(old, text)
    starts = [start for start, _ in words(text)]
    for start, end in new.tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).offsets:
        visible = start + len(text[start:end]) - len(text[start:end].lstrip())
        assert not any(visible < word < end for word in starts), text[start:end]


@settings(max_examples=60, deadline=None)
@given(text=st.text("абвгде ", max_size=30))
def test_a_text_of_known_letters_stays_known(made: dict[str, tuple[Encoder, Encoder]], text: str) -> None:
    for old, new in made.values():
        unknown = old.tokenizer.unk_token_id
        assume(unknown not in cut(old, text))
        assert unknown not in cut(new, text)


def test_a_row_is_the_average_of_the_old_pieces(made: dict[str, tuple[Encoder, Encoder]]) -> None:
    old, new = made["uncased"]
    pieces, ids = added(old, new), old.tokenizer.get_vocab()

    def average(*names: str) -> torch.Tensor:
        return rows(old)[[ids[name] for name in names]].mean(0)

    torch.testing.assert_close(rows(new)[pieces["метан"]], average("ме", "##т", "##а", "##н"))
    torch.testing.assert_close(rows(new)[pieces["##ан"]], average("##а", "##н"))
    other = extend(old, ["аметы бметы вметы гметы"], pieces=20)
    more = added(old, other)
    torch.testing.assert_close(rows(other)[more["##меты"]], average("##ме", "##т", "##ы"))
    torch.testing.assert_close(rows(other)[more["аметы"]], average("а", "##ме", "##т", "##ы"))
    assert "##ме" not in more  # an old one


def test_letters_that_the_old_tokenizer_cannot_read(made: dict[str, tuple[Encoder, Encoder]]) -> None:
    old, _ = made["cased"]
    ids = old.tokenizer.get_vocab()
    new = extend(old, ["йод йода"], pieces=20)
    pieces = added(old, new)
    assert "й" in pieces and "##й" not in pieces  # nowhere inside a word
    assert cut(old, "йод") == [ids["[UNK]"]] and cut(new, "йод") == [pieces["йод"]]
    assert {"й", "##й"} & added(old, extend(old, ["дойду"], pieces=20)).keys() == {"##й"}  # nowhere at its begin
    assert torch.equal(rows(new)[pieces["й"]], rows(old)[ids["[UNK]"]])
    letters = rows(old)[[ids[name] for name in ("[UNK]", "##о", "##д")]].mean(0)
    torch.testing.assert_close(rows(new)[pieces["йод"]], letters)


def test_a_word_that_is_too_long_to_be_cut_gives_no_pieces(made: dict[str, tuple[Encoder, Encoder]]) -> None:
    old, _ = made["uncased"]
    pieces = [added(old, extend(old, ["аб" * half], pieces=3)) for half in (50, 51)]
    assert len(pieces[0]) == 3 and not pieces[1]


def test_a_unigram_score_is_that_of_the_least_likely_part(made: dict[str, tuple[Encoder, Encoder]]) -> None:
    old, _ = made["unigram"]
    before, after = (
        dict(json.loads(encoder.tokenizer.backend_tokenizer.to_str())["model"]["vocab"])
        for encoder in (old, extend(old, ["метан метана йод йода"], pieces=20))
    )
    assert {piece: after[piece] for piece in before} == before
    assert after["▁метана"] == min(before[part] for part in ("▁", "ме", "т", "а", "н"))
    assert after["й"] == after["▁йод"] == min(before.values()) == after["<mask>"]


def test_the_most_frequent_come_first(made: dict[str, tuple[Encoder, Encoder]]) -> None:
    old, _ = made["uncased"]
    text = "эл эл эл эл бор бор бор " + "ад " * 9
    assert list(added(old, extend(old, [text], pieces=2))) == ["ад", "эл"]
    assert list(added(old, extend(old, iter([text]), pieces=1))) == ["ад"]
    old, _ = made["unigram"]
    assert list(added(old, extend(old, [text], pieces=2))) == ["ад", "▁ад"]


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_where_there_are_no_more(made: dict[str, tuple[Encoder, Encoder]], kind: str) -> None:
    old, new = made[kind]
    assert 0 < len(added(old, extend(old, ["метан метана"], pieces=10**9))) < 10
    for texts, pieces in ([], 5), (["methane, 2-", "«—» №"], 5), (TEXTS, 0):
        same = extend(old, texts, pieces=pieces)
        assert not added(old, same)
        assert torch.equal(rows(same), rows(old)[: len(old.tokenizer)])
    twice = extend(new, ["бензол бензола"], pieces=1)
    assert len(added(new, twice)) == 1
    assert len(rows(twice)) == len(new.tokenizer) + 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_one_is_the_same(made: dict[str, tuple[Encoder, Encoder]], kind: str, tmp_path: Path) -> None:
    _, new = made[kind]
    new.tokenizer.save_pretrained(tmp_path)
    new.model.save_pretrained(tmp_path)
    read = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    loaded = encoders.load(str(tmp_path))
    assert torch.equal(rows(loaded), rows(new))
    texts = [*TEXTS, "coxib2-метан_метана", *(document.text for document in corpora.load("mini", split="dev"))]
    for text in texts:
        ids = new.tokenizer(text)["input_ids"]
        assert read(text)["input_ids"] == ids == loaded.tokenizer(text)["input_ids"]


def fingerprint(encoder: Encoder) -> str:
    """Of the tokenizer's file and the table."""
    text = encoder.tokenizer.backend_tokenizer.to_str().encode()
    return hashlib.sha256(text + rows(encoder).numpy().tobytes()).hexdigest()


def russian() -> list[str]:
    return [document.text for document in corpora.load("mini", split="train", language="ru")]


SCRIPT = """
import hashlib, sys
from chemxl import corpora
from chemxl.models import encoders
from chemxl.pretrain.vocabulary import extend
texts = [document.text for document in corpora.load("mini", split="train", language="ru")]
for folder in sys.argv[1:]:
    new = extend(encoders.load(folder), texts, pieces=300)
    rows = new.model.get_input_embeddings().weight.detach()
    print(hashlib.sha256(new.tokenizer.backend_tokenizer.to_str().encode() + rows.numpy().tobytes()).hexdigest())
"""


def test_it_is_the_same_in_another_process(tmp_path: Path) -> None:
    folders = [str(save(tmp_path / kind, kind)) for kind in KINDS]
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *folders], env=environment, capture_output=True, text=True, check=True
    )
    here = [fingerprint(extend(encoders.load(folder), russian(), pieces=300)) for folder in folders]
    assert done.stdout.split() == here


def test_what_cannot_be_extended_says_so(
    made: dict[str, tuple[Encoder, Encoder]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, _ = made["uncased"]
    merged = Tokenizer(models.BPE({"a": 0, "b": 1, "ab": 2}, [("a", "b")]))
    refused: list[tuple[Callable[[], Encoder], str]] = [
        (lambda: extend(old, TEXTS, pieces=-1), "-1 new pieces"),
        (
            lambda: extend(Encoder(PreTrainedTokenizerFast(tokenizer_object=merged), old.model), TEXTS, pieces=1),
            "kind BPE gets no new pieces: take an encoder with WordPiece or Unigram",
        ),
        (
            lambda: extend(Encoder(made["uncased"][1].tokenizer, old.model), TEXTS, pieces=1),
            "more than the model's .* rows: take the tokenizer that was saved with the model",
        ),
    ]
    for call, message in refused:
        with pytest.raises(EncoderError, match=message):
            call()


def test_minilm_reads_russian_in_fewer_pieces() -> None:
    if not encoders.available("minilm"):
        pytest.skip("minilm is not on this machine: set CHEMXL_MODELS")
    old = encoders.load("minilm")
    new = extend(old, russian(), pieces=2000)
    held_out = [document.text for document in corpora.load("mini", split="dev", language="ru")]
    before, after = (sum(len(cut(encoder, text)) for text in held_out) for encoder in (old, new))
    assert after < before / 2
    for document in corpora.load("mini", split="dev", language="en"):
        if document.text.isascii():
            assert cut(new, document.text) == cut(old, document.text)
