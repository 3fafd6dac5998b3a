"""Text in, entities and relations out, in four formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chemxl import best, cli, corpora, extract, tag
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, Relation
from chemxl.errors import ChemxlError, EncoderError
from chemxl.experiments.experiment import runs
from chemxl.models.training import Training
from chemxl.ner import FineTune
from chemxl.relations.experiments import RelationModel
from chemxl.relations.tasks import COARSE, MINI

TEXT = "Аспирин 😀 ингибирует ЦОГ-1.\nAspirin inhibits COX-1."

RELATED = Document(
    "a",
    TEXT,
    (
        Mention.of("CHEM", 0, 7, id="T1", score=0.5),
        Mention.of("GENE", 21, 26, id="T2"),
        Mention.of("CHEM", 28, 35, id="T3"),
    ),
    (Relation("INHIBITOR", "T1", "T2", id="R1", score=0.75), Relation("PART-OF", "T3", "T2", id="R2")),
    language="ru",
)


def test_every_format_says_the_same_of_relations(tmp_path: Path) -> None:
    annotation = "".join(extract.FORMATS["brat"]([RELATED]))
    assert annotation.endswith("R1\tINHIBITOR Arg1:T1 Arg2:T2\nR2\tPART-OF Arg1:T3 Arg2:T2\n")
    row = json.loads("".join(extract.FORMATS["jsonl"]([RELATED])))
    assert [mention["id"] for mention in row["mentions"]] == ["T1", "T2", "T3"]
    assert row["relations"][0] == {"id": "R1", "type": "INHIBITOR", "head": "T1", "tail": "T2", "score": 0.75}
    table = list(csv.reader("".join(extract.FORMATS["csv"]([RELATED])).splitlines()))
    assert table[0] == ["document", "sentence", "head", "tail", "type", "score"]
    assert table[1] == ["a", "Аспирин 😀 ингибирует ЦОГ-1.", "Аспирин", "ЦОГ-1", "INHIBITOR", "0.7500"]
    assert table[2][1] == " ".join(TEXT.split()), "what lies in two sentences has both as its evidence"
    assert "INHIBITOR" in "".join(extract.FORMATS["html"]([RELATED]))
    formula = Document("=1+1", "@a b", (Mention.of("CHEM", 0, 2, id="T1"), Mention.of("GENE", 3, 4, id="T2")),
                       (Relation("X", "T1", "T2"),))  # fmt: skip
    assert list(csv.reader("".join(extract.as_triples([formula])).splitlines()))[1][:3] == ["'=1+1", "'@a b", "'@a"]
    ends = Mention.of("CHEM", 0, 11, id="T1"), Mention.of("CHEM", 15, 16, id="T2")
    wrapped = Document("a", "acetic\nacid is C", ends, (Relation("X", "T1", "T2"),))
    assert list(extract.as_triples([wrapped]))[1] == "a,acetic acid is C,acetic acid,C,X,0.0000\n", "a line a relation"


MINI_DEV: dict[str, Any] = {"name": "mini", "split": "dev"}


def test_the_command_relates_what_it_finds(tmp_path: Path) -> None:
    tagger = FineTune(train=(Corpus(types=COARSE, **MINI_DEV),), training=Training(epochs=6, rate=2e-3)).run().folder
    own = RelationModel(train=(Corpus(types=(), **MINI_DEV),), scheme=MINI, training=Training(epochs=2, rate=2e-3))
    model = own.run().folder
    given = ["--tagger", str(tagger), "--model", str(model)]
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(TEXT, "utf-8")
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    run = CliRunner().invoke(cli.app, ["extract", *files, *given, "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    read = corpora.brat.read(sorted((tmp_path / "out").iterdir()), corpora.Log(strict=True))
    found = extract.extract(tag.read(files), tagger=tagger, model=model)
    assert [d.mentions for d in read] == [d.mentions for d in found] and [d.text for d in read] == [TEXT] * 2
    assert [d.relations for d in read] == [d.relations for d in found], "the round trip keeps relations"
    run = CliRunner().invoke(cli.app, ["extract", "--format", "csv", *given], input=TEXT.encode())
    assert run.exit_code == 0 and run.stdout.startswith("document,sentence,head,tail,type,score\n")
    page = tmp_path / "page.html"
    run = CliRunner().invoke(cli.app, ["extract", files[0], "--format", "html", "--out", str(page), *given])
    assert run.exit_code == 0 and page.read_text("utf-8").startswith("<!DOCTYPE html>")
    run = CliRunner().invoke(cli.app, ["extract", *files, *given])
    assert isinstance(run.exception, ChemxlError) and "name a folder with --out" in str(run.exception)
    run = CliRunner().invoke(cli.app, ["extract", files[0], "--out", str(tmp_path / "out")])
    assert isinstance(run.exception, ChemxlError) and "is there already" in str(run.exception)
    with pytest.raises(EncoderError, match="holds no extractor, but a Tagger"):
        extract.extract(tag.read(files), tagger=tagger, model=tagger)


def kept(name: str, about: dict[str, object], config: dict[str, object]) -> Path:
    """The folder of a finished run, without weights."""
    folder = runs() / "kind" / name
    folder.mkdir(parents=True)
    for file, content in {"predictor": about, "experiment": config, "metrics": {"documents": 10}}.items():
        (folder / f"{file}.json").write_text(json.dumps(content))
    return folder


def test_a_tagger_must_find_what_is_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    real = FineTune(train=(Corpus(name="chemprot"),), encoder="e5-small").config()
    whole = [f"{prefix}-{type}" for type in COARSE for prefix in "BI"]
    tagger, about = {"class": "chemxl.models.tagger.Tagger"}, {"class": "chemxl.relations.extractor.Extractor"}
    chosen = kept("both", {**tagger, "labels": ["O", *whole]}, real)
    other = kept("chemicals", {**tagger, "labels": ["O", *whole[:2]]}, real)
    model = kept("model", dict(about), RelationModel(train=(Corpus(name="drugprot"),), encoder="e5-small").config())
    assert extract.best_model() == model
    assert best.best_model() == best.best_model(types=COARSE) == best.TAGGER, "the one in the box finds both"
    monkeypatch.setattr(best, "TAGGER", other)
    assert best.best_model(types=COARSE) == chosen and best.best_model() == other
