"""Pretrained word vectors: the file, the network on them, and what is kept of them."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.errors import EncoderError
from chemxl.models import vectors
from chemxl.models.predictor import Predictor
from chemxl.models.training import Training
from chemxl.ner.vectors import VectorBiLstmCrf

WORDS = ["аспирин", "и", "мигрень", "<unk>", "<pad>"]
PARTS, KINDS, WIDTH = 3, 4, 2


def written(
    folder: Path,
    *,
    words: list[str] = WORDS,
    codes: np.ndarray | None = None,
    sizes: tuple[int, ...] = (len(WORDS), PARTS * WIDTH, PARTS, KINDS),
    scale: float = 1.0,
    broken: bool = False,
    left_out: str = "",
) -> Path:
    """A file in navec's format."""
    rng = np.random.default_rng(0)
    codes = rng.integers(KINDS, size=(len(WORDS), PARTS), dtype=np.uint8) if codes is None else codes
    values = (scale * rng.normal(size=(PARTS, KINDS, WIDTH))).astype("<f4")
    counts = np.arange(len(words), dtype="<u4")
    head = np.array([len(words)], "<u4").tobytes()
    vocabulary = bytearray(gzip.compress(head + counts.tobytes() + "\n".join(words).encode()))
    if broken:
        vocabulary[10:] = b"\xff" * (len(vocabulary) - 10)  # behind the head of a gzip file
    files = {
        "meta.json": json.dumps({"id": "made", "protocol": 1}).encode(),
        "vocab.bin": bytes(vocabulary),
        "pq.bin": np.array(sizes, "<u4").tobytes() + codes.tobytes() + values.tobytes(),
    }
    path = folder / vectors.FILES["navec-news"]
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            if name != left_out:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    found = vectors.read(written(tmp_path))
    assert found.words == WORDS
    assert found.codes.shape == (len(WORDS), PARTS) and found.parts.shape == (PARTS, KINDS, WIDTH)


def test_a_word_has_the_vector_of_its_parts(tmp_path: Path) -> None:
    found = vectors.read(written(tmp_path))
    tagger = vectors.VectorTagger.untrained(["O", "B-CHEM", "I-CHEM"], [], found)
    batch = torch.tensor([[1 + WORDS.index("мигрень"), 0]])  # (B, W): a word, and one without a vector
    made = tagger.model.get_submodule("word_table.pretrained")(batch)  # (B, W, d)
    code = found.codes[WORDS.index("мигрень")]
    assert made[0, 0].tolist() == pytest.approx(np.concatenate([found.parts[q, code[q]] for q in range(PARTS)]))
    assert made[0, 1].tolist() == [0] * PARTS * WIDTH


@pytest.mark.parametrize(
    "change",
    [
        {"left_out": "pq.bin"},
        {"left_out": "vocab.bin"},
        {"words": WORDS[:-1]},
        {"codes": np.full((len(WORDS), PARTS), KINDS, np.uint8)},
        {"codes": np.zeros((1, 1), np.uint8)},
        {"sizes": (4_000_000_000, 4_000_000_000, 4_000_000_000, 4_000_000_000)},
        {"scale": float("nan")},
        {"broken": True},
    ],
)
def test_a_file_that_is_not_whole_is_named(change: dict[str, object], tmp_path: Path) -> None:
    path = written(tmp_path, **change)  # type: ignore[arg-type]
    with pytest.raises(EncoderError, match=path.name):
        vectors.read(path)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vectors.tar"
    path.write_bytes(b"not an archive" * 100)
    with pytest.raises(EncoderError, match=r"vectors\.tar is no file of word vectors"):
        vectors.read(path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path = written(tmp_path, left_out="vocab.bin")
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("vocab.bin")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(EncoderError, match="no file of word vectors"):
        vectors.read(path)


@pytest.mark.parametrize(("most", "message"), [(10, "no file, or too large"), (200_000, "its vocabulary is too large")])
def test_a_vocabulary_that_swells_is_refused(
    most: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, words=["а"] * 100_000)
    with tarfile.open(path) as archive:
        assert 10 < archive.getmember("vocab.bin").size < 200_000, "it is packed"
    monkeypatch.setattr(vectors, "_MOST", most)
    with pytest.raises(EncoderError, match=message):
        vectors.read(path)


def test_a_word_finds_its_vector_whatever_its_case(tmp_path: Path) -> None:
    found = vectors.read(written(tmp_path))
    tagger = vectors.VectorTagger.untrained(["O", "B-CHEM", "I-CHEM"], [], found)
    documents = [Document(id="1", text="Мигрень, калий"), Document(id="2", text="и")]
    batch = tagger.reader.collate(tagger.reader.windows(documents))
    rows = batch["words"][..., 1].tolist()  # (B, W)
    assert rows == [[1 + WORDS.index("мигрень"), 0, 0], [1 + WORDS.index("и"), 0, 0]]


def test_vectors_that_are_nowhere_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHEMXL_MODELS", str(tmp_path))
    monkeypatch.setattr(vectors, "find_spec", lambda name: None)
    with pytest.raises(EncoderError, match="pip install --no-deps natasha"):
        vectors.place("navec-news")
    with pytest.raises(EncoderError, match="take one of navec-news"):
        vectors.place("navec")


def test_a_tagger_keeps_them_and_does_not_change_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = vectors.read(written(tmp_path))
    monkeypatch.setenv("CHEMXL_MODELS", str(tmp_path))
    train = Corpus(name="mini", split="dev", language="ru")
    model = VectorBiLstmCrf(train=(train,), training=Training(epochs=1, rate=2e-3, precision="fp32"))
    tagger = model.load()
    assert isinstance(tagger, vectors.VectorTagger)
    kept = tagger.model.get_submodule("word_table.pretrained")
    assert np.array_equal(kept.get_buffer("parts").numpy(), found.parts)
    assert np.array_equal(kept.get_buffer("codes").numpy()[1:], found.codes)
    documents = train.load()[:3]
    path = tmp_path / "saved"
    tagger.joins = True
    tagger.save(path)
    (tmp_path / vectors.FILES["navec-news"]).unlink()
    read = Predictor.load(path)
    assert isinstance(read, vectors.VectorTagger) and read.joins
    assert read.predict(documents) == tagger.predict(documents)


def test_other_vectors_are_another_experiment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHEMXL_MODELS", str(tmp_path))
    model = VectorBiLstmCrf(train=(Corpus(name="mini", split="dev", language="ru"),))
    digests = []
    for scale in (1.0, 2.0):
        path = written(tmp_path, scale=scale)
        os.utime(path, ns=(0, int(scale)))
        digests.append(model.data_digest())
    assert len(set(digests)) == 2
