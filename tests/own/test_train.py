"""A folder that is whole or not there, and a training that goes on where it was stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from chemxl import tag
from chemxl.errors import ChemxlError, CorpusError, EncoderError
from chemxl.experiments.checkpoints import CHECKPOINT
from chemxl.models import encoders
from chemxl.models.tagger import Tagger
from chemxl.own import train as training
from chemxl.own.train import TrainingRequest, train, value_of
from tests.own.texts import COUNT, lay_out

QUICK = {"start": "mini", "types": ("CHEM",), "epochs": 3}


def test_what_is_in_the_folder(model: Path, texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(path.name for path in model.iterdir()) == [
        "config.json",
        "errors.html",
        "errors.tsv",
        "experiment.json",
        "history.jsonl",
        "learnt.json",
        "metrics.json",
        "model.safetensors",
        "predictor.json",
        "provenance.json",
        "report.md",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert not model.with_name("tagger.unfinished").exists()
    assert Tagger.load(model).model.labels == ("O", "B-DISEASE", "I-DISEASE", "B-CHEM", "I-CHEM")
    assert len(json.loads((model / "learnt.json").read_text())) == COUNT - 4
    report = (model / "report.md").read_text("utf-8")
    assert "Tested on 4 documents that it never saw." in report and "| DISEASE |" in report
    assert str(texts.parent) not in report
    (tagged,) = tag.tag([tag.Document("a", "Аспирин помогает.")], model=model)
    assert tagged.text == "Аспирин помогает."


def test_the_same_seed_gives_the_same_model(texts: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(TrainingRequest(str(texts), seed=seed, **QUICK), tmp_path / name)  # type: ignore[arg-type]
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "abc"]
    assert weights[0] == weights[1] != weights[2]
    assert (tmp_path / "a/errors.tsv").read_bytes() == (tmp_path / "b/errors.tsv").read_bytes()


def test_a_killed_training_goes_on(
    texts: Path, tmp_path: Path, killed_at: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = TrainingRequest(str(texts), **QUICK)  # type: ignore[arg-type]
    train(asked, tmp_path / "whole")
    out, part = tmp_path / "broken", tmp_path / "broken.unfinished"
    for step in (3, 2):
        assert killed_at(step, lambda: train(asked, out))
        assert (part / CHECKPOINT).exists() and not out.exists()
    with pytest.raises(
        ChemxlError, match=r"a training that was stopped, with other settings or texts: --force drops it"
    ):
        train(asked._replace(seed=1), out)
    assert (part / CHECKPOINT).exists()
    train(asked, out)
    assert not part.exists()
    for name in ("model.safetensors", "errors.tsv", "report.md", "history.jsonl"):
        assert (tmp_path / "whole" / name).read_bytes() == (out / name).read_bytes(), name


def test_what_was_stopped_behind_the_training_is_only_tested(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = TrainingRequest(str(texts), **QUICK)  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        patch.setattr(Tagger, "predict", stopped)
        with pytest.raises(ChemxlError, match="the same command begins again"):
            train(asked, tmp_path / "m")  # within the first epoch's evaluation, before a checkpoint
    assert not (tmp_path / "m.unfinished").exists()
    with monkeypatch.context() as patch:
        patch.setattr(training, "_describe", stopped)
        with pytest.raises(ChemxlError, match="stopped; the same command goes on from there"):
            train(asked, tmp_path / "m")
    monkeypatch.setattr(training.FineTune, "compute", lambda *_: pytest.fail("trained again"))
    train(asked, tmp_path / "m")
    assert (tmp_path / "m" / "report.md").exists()


def stopped(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_nothing_is_written_over(model: Path, texts: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("x")
    asked = TrainingRequest(str(texts), **QUICK)  # type: ignore[arg-type]
    for force, said in (
        (False, r"mine is there already: name .* --force"),
        (True, "mine is there already and holds diary.txt, which would be lost"),
    ):
        with pytest.raises(ChemxlError, match=said):
            train(asked, mine, force=force)
    assert (mine / "diary.txt").read_text() == "x"
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    with pytest.raises(ChemxlError, match="copy is there already"):
        train(asked, copy)
    train(asked, copy, force=True)
    assert Tagger.load(copy).model.labels == ("O", "B-CHEM", "I-CHEM")


def test_a_link_is_followed_and_a_disk_is_not_replaced(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    train(TrainingRequest(str(texts), **QUICK), tmp_path / "link")  # type: ignore[arg-type]
    assert (tmp_path / "link").is_symlink() and Tagger.load(tmp_path / "disk").model
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "link"]
    monkeypatch.setattr(Path, "is_mount", lambda path: path == tmp_path / "mounted")
    with pytest.raises(ChemxlError, match=r"mounted is where a disk begins.*name a folder in it"):
        train(TrainingRequest("no corpus"), tmp_path / "mounted")


def test_what_else_is_in_a_folder_is_not_lost(model: Path, texts: Path, tmp_path: Path) -> None:
    asked = TrainingRequest(str(texts), **QUICK)  # type: ignore[arg-type]
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    (copy / "tagged").mkdir()
    with pytest.raises(ChemxlError, match="holds tagged, which would be lost"):
        train(asked, copy, force=True)
    (tmp_path / "new.unfinished").mkdir()
    (tmp_path / "new.unfinished" / "diary.txt").write_text("x")
    with pytest.raises(ChemxlError, match=r"new\.unfinished is in the way, and no training was stopped there"):
        train(asked, tmp_path / "new", force=True)
    assert (copy / "tagged").exists() and (tmp_path / "new.unfinished" / "diary.txt").exists()


def test_two_trainings_do_not_share_a_folder(texts: Path, tmp_path: Path) -> None:
    part = tmp_path / "m.unfinished"
    part.mkdir()
    (part / "experiment.json").write_text("{}")
    with FileLock(part / ".lock"), pytest.raises(ChemxlError, match=r"another training writes into .*m\.unfinished"):
        train(TrainingRequest(str(texts), **QUICK), tmp_path / "m")  # type: ignore[arg-type]
    assert (part / "experiment.json").read_text() == "{}"


def test_bad_settings_leave_nothing(model: Path, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for changed, error, said in (
        ({"types": ("ЦВЕТ",)}, CorpusError, "has no type 'ЦВЕТ'; it can give"),
        ({"start": "nothing"}, EncoderError, "'nothing' is no encoder"),
        ({"start": "no-one/nothing"}, EncoderError, "neither in CHEMXL_MODELS nor on the hub"),
        ({"start": str(model)}, EncoderError, "is a trained model, not an encoder"),
        ({"language": "en"}, CorpusError, "has no text in 'en'; it has ru"),
    ):
        with pytest.raises(error, match=said):
            train(TrainingRequest(str(texts), **QUICK | changed), out)  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []


def test_what_is_taken_by_default(texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "available", lambda name: name == "mini")
    value = value_of(TrainingRequest(str(texts)))
    assert (value.encoder, value.training.epochs, value.training.rate) == ("mini", 50, 1e-3)
    assert set(value.types) == {"CHEM", "DRUG", "DISEASE", "GENE", "SPECIES"} and value.training.patience == 10
    value = value_of(TrainingRequest("mini", start="mini", epochs=2, rate=0.5))
    assert (value.training.epochs, value.training.rate, value.training.patience) == (2, 0.5, 3)


def test_faults_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = lay_out(tmp_path / "texts", count=5)
    with (folder / "text-01.ann").open("a", encoding="utf-8") as file:
        file.write("T999\tCHEM 0 3\tnot this\n")
    train(TrainingRequest(str(folder), **QUICK), tmp_path / "m")  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert "1 faults in it are left out: chemxl corpora check" in said and "Learning CHEM from 3 documents" in said
