"""Which model is used where none is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from chemxl import best
from chemxl.contrastive.experiments import ContrastivePretraining
from chemxl.corpora.corpus import Corpus
from chemxl.experiments.experiment import Run, runs
from chemxl.ner import BiLstmCrf, FineTune

MINI = (Corpus(name="mini", types=("CHEM",), split="dev"),)
REAL = (Corpus(name="bc5cdr"), Corpus(name="bionne-r", language="ru"))


def kept(name: str, config: dict[str, object], *, age: int, types: tuple[str, ...] = ("CHEM", "SPECIES")) -> Path:
    """The folder of a finished run of a tagger, without weights, from so many seconds ago."""
    folder = runs() / "kind" / name
    folder.mkdir(parents=True)
    about = {"class": "chemxl.models.tagger.Tagger", "labels": ["O", *(f"B-{type}" for type in types)]}
    (folder / "predictor.json").write_text(json.dumps(about))
    (folder / "experiment.json").write_text(json.dumps(config))
    (folder / "metrics.json").write_text(json.dumps({"documents": 10 * age}))
    when = folder.stat().st_mtime - age
    os.utime(folder, (when, when))
    return folder


def test_the_one_in_the_box_is_used_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    kept("larger", FineTune(train=REAL, encoder="e5-small").config(), age=1, types=("CHEM", "DISEASE", "GENE"))
    for types in ((), ("CHEM",), ("CHEM", "DISEASE", "GENE")):
        assert best.best_model(types=types) == best.TAGGER
    assert capsys.readouterr().err == "Using the tagger in the box; --model names another\n" * 3


def test_a_name_chooses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert best.named(tmp_path) == tmp_path and best.named(Path("in-the-box")) == best.TAGGER
    assert not capsys.readouterr().err, "who names a model knows it"
    assert best.named(None) == best.TAGGER


def test_for_other_types_it_is_the_newest_that_finds_them(capsys: pytest.CaptureFixture[str]) -> None:
    kept("old", FineTune(train=REAL, encoder="e5-small").config(), age=100)
    newer = kept("newer", BiLstmCrf(train=REAL).config(), age=50)
    kept("newest", FineTune(train=REAL).config(), age=1, types=("CHEM",))
    (runs() / "kind" / "broken").mkdir()
    (runs() / "kind" / "broken" / "predictor.json").write_text("{")
    kept("odd", {"train": 3}, age=0)
    assert best.best_model(types=("SPECIES",)) == newer
    said = capsys.readouterr().err
    assert said == f"Using the newest run, BiLstmCrf trained on bc5cdr, bionne-r ru: {newer}; --model names another\n"
    contrastive = ContrastivePretraining(encoder="e5-small", train=REAL)
    latest = kept("contrastive", FineTune(train=REAL, encoder=contrastive).config(), age=10)
    assert best.best_model(types=("SPECIES",)) == latest
    assert capsys.readouterr().err.startswith("Using the newest run, e5-small trained on bc5cdr, bionne-r ru: ")


def test_what_the_small_book_trains_is_never_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(FineTune, "run", lambda self: Run(self, Path("demonstration"), {}))
    kept("contrastive", FineTune(train=MINI, encoder=ContrastivePretraining(train=MINI)).config(), age=1)
    kept("one language", FineTune(train=MINI).config(), age=2)
    kept("bilstm", BiLstmCrf(train=MINI).config(), age=3)
    assert best.best_model(types=("SPECIES",)) == Path("demonstration")
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "demonstration model (trained now)" in said and "--model" in said
