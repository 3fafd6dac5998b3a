"""``chemxl annotate``: texts chosen by a tagger go out, and come back."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chemxl import cli
from chemxl.active.spectral import SpectralFineTune
from chemxl.active.strategies import STRATEGIES
from chemxl.annotate import rounds
from chemxl.annotate.rounds import Brought, Project
from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Value
from chemxl.models.training import Training
from chemxl.ner import FineTune
from chemxl.own.division import Dealt

MINI = Corpus(name="mini", split="dev", language="en", types=("CHEM", "DISEASE"))
TEXTS = ("Aspirin 😀 helps.", "Аспирин помогает.", "Nothing.", "Caffeine and aspirin.", "Aspirin 😀 helps.", " \n")


@pytest.fixture(scope="module", params=[FineTune, SpectralFineTune])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHEMXL_RUNS", str(tmp_path_factory.mktemp("runs")))
        return request.param(train=(MINI,), training=Training(epochs=2, rate=1e-3)).run().folder


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for i, text in enumerate(TEXTS):
        (tmp_path / f"{i}.txt").write_text(text, "utf-8")
    return [str(tmp_path / f"{i}.txt") for i in range(len(TEXTS))]


def test_texts_go_out_and_come_back(model: Path, files: list[str], tmp_path: Path) -> None:
    where = ["--project", str(tmp_path / "p")]
    out = ["annotate", "out", *files, *where, "--model", str(model), "--count", "3"]
    run = CliRunner().invoke(cli.app, [*out, "--strategy", "mahalanobis"])
    assert run.exit_code == 0, run.output
    run = CliRunner().invoke(cli.app, [*out, "--strategy", "entropy", "--aggregate", "max"])
    assert run.exit_code == 0, run.output
    project = Project(tmp_path / "p")
    assert project.rounds() == [1, 2]
    given = [project.round(n).glob("*.txt") for n in (1, 2)]
    assert sorted(path.read_text("utf-8") for paths in given for path in paths) == sorted(set(TEXTS) - {" \n"})
    with pytest.raises(ChemxlError, match="given out already"):
        CliRunner().invoke(cli.app, out, catch_exceptions=False)
    (round_2,) = project.round(2).glob("*.ann")
    round_2.write_bytes(round_2.read_bytes() + b"T99\tDISEASE 0 2\t")
    text = round_2.with_suffix(".txt").read_text("utf-8")
    round_2.write_bytes(round_2.read_bytes() + f"{text[:2]}\n".encode())
    run = CliRunner().invoke(cli.app, ["annotate", "in", *where])
    assert run.exit_code == 0, run.output
    assert f"added DISEASE 0-2 {text[:2]!r}" in run.output and "1 of 1 documents are kept" in run.output
    run = CliRunner().invoke(cli.app, ["annotate", "in", *where, "--round", "1"])
    assert run.exit_code == 0 and "3 of 3" in run.output
    assert len(project.annotated()) == 4


def test_a_refusal_ends_with_1(
    model: Path, files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path / "p")
    folder = rounds.give_out(project, rounds_texts(files), model=model, count=2, strategy="random")
    (folder / "0002.ann").write_text("T1\tGENE 0 2\tAs\n", "utf-8")
    monkeypatch.setattr(sys, "argv", ["chemxl", "annotate", "in", "--project", str(tmp_path / "p")])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    said = capsys.readouterr()
    assert stopped.value.code == 1
    assert "0002.ann:1: T1 is of type GENE" in said.err and "1 of 2 documents are kept" in said.out


def rounds_texts(files: list[str]) -> list[rounds.Document]:
    from chemxl import tag

    return tag.read(files)


@pytest.mark.parametrize("strategy", ["badge", "core-set", "mnlp"])
def test_the_choice_is_the_strategys(model: Path, files: list[str], tmp_path: Path, strategy: str) -> None:
    assert strategy in STRATEGIES
    made = [
        rounds.give_out(Project(tmp_path / name), rounds_texts(files), model=model, count=2, strategy=strategy)
        for name in "ab"
    ]
    assert [(made[0] / f).read_bytes() for f in ("0001.txt", "0002.txt", "round.json")] == [
        (made[1] / f).read_bytes() for f in ("0001.txt", "0002.txt", "round.json")
    ]


def test_what_came_back_is_trained_on(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    documents = MINI.load()[:3]
    project.give_out(documents, types=MINI.types, about={})
    brought = Brought(name=str(project.folder), types=("CHEM",), without=(Corpus(name="mini", split="test"),))
    before = brought.data_digest()
    project.take_back()
    assert brought.data_digest() != before
    texts = [(d.text, [(m.type, m.span) for m in d.mentions]) for d in brought.load()]
    assert texts == [(d.text, [(m.type, m.span) for m in d.mentions if m.type == "CHEM"]) for d in documents]
    first = FineTune(train=(brought,), training=Training(epochs=1))
    assert Value.from_config(first.config()) == first
    assert first.run().metrics["documents"] == 3
    folder = first.folder
    (project.round(1) / "0001.ann").write_text("", "utf-8")
    project.take_back()
    assert FineTune(train=(brought,), training=Training(epochs=1)).folder != folder


def test_the_strategy_where_none_is_named(
    model: Path, files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the texts that the model learnt from, as of the tagger in the box, there is nothing to measure from."""
    bare = Path(shutil.copytree(model, tmp_path / "bare"))
    (bare / "experiment.json").unlink()
    gone = Path(shutil.copytree(model, tmp_path / "gone"))
    about = json.loads((gone / "experiment.json").read_text("utf-8"))
    about["train"][0]["name"] = "no such folder"
    (gone / "experiment.json").write_text(json.dumps(about), "utf-8")
    for number, (folder, due) in enumerate([(model, "mahalanobis"), (bare, "entropy"), (gone, "entropy")]):
        project = Project(tmp_path / f"p{number}")
        rounds.give_out(project, rounds_texts(files), model=folder, count=2)
        assert rounds.project.read_manifest(project.round(1)).about["strategy"] == due
        assert ("Chosen by entropy" in capsys.readouterr().err) == (due == "entropy")
    with pytest.raises(ChemxlError, match="there is no corpus 'no such folder'"):
        rounds.give_out(project, rounds_texts(files), model=gone, count=1, strategy="mahalanobis")


def test_what_chemxl_train_learnt_from_is_known(model: Path, tmp_path: Path) -> None:
    """Its settings hold a digest beside, and classes of its own."""
    value = FineTune(train=(MINI.to(Dealt),), training=Training(epochs=1))
    (tmp_path / "experiment.json").write_text(json.dumps(value.config() | {"digest": "0"}), "utf-8")
    assert len(rounds.trained_on(tmp_path)) == len(MINI.to(Dealt).load()) > 0


def test_what_a_tagger_was_trained_on_is_known(model: Path, tmp_path: Path) -> None:
    assert rounds.trained_on(model) == MINI.load()
    assert rounds.trained_on(tmp_path) == []
