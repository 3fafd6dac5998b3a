"""Text in, entities out, in three formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chemxl import cli, corpora, tag
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, Relation
from chemxl.errors import ChemxlError, CorpusError, EncoderError
from chemxl.experiments.experiment import runs
from chemxl.models.training import Training
from chemxl.ner import BiLstmCrf, FineTune
from chemxl.relations.experiments import RelationModel
from chemxl.relations.extractor import Extractor
from chemxl.relations.tasks import COARSE
from chemxl.relations.tasks import MINI as SCHEME

TEXT = "Аспирин 😀 ингибирует ЦОГ-1.\nAspirin inhibits COX-1."
MINI = (Corpus(name="mini", types=("CHEM",), split="dev"),)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHEMXL_RUNS", str(tmp_path_factory.mktemp("runs")))
        return FineTune(train=MINI, training=Training(epochs=1, rate=1e-3)).run().folder


def test_every_format_says_the_same(model: Path, tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text(TEXT, "utf-8")
    tagged = Document("a", TEXT, (Mention.of("CHEM", 0, 7, score=0.5), Mention.of("CHEM", 28, 35)))
    assert "".join(tag.as_brat([tagged])) == "T1\tCHEM 0 7\tАспирин\nT2\tCHEM 28 35\tAspirin\n"
    row = json.loads("".join(tag.as_json_lines([tagged])))
    assert [(m["start"], m["end"], m["text"]) for m in row["mentions"]] == [(0, 7, "Аспирин"), (28, 35, "Aspirin")]
    page = "".join(tag.as_html([Document("b", "<script>x</script>", (Mention.of("CHEM", 0, 8),))]))
    assert "<script>x" not in page and "&lt;script&gt;" in page


def test_the_command_reads_standard_input_and_files(model: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke(cli.app, ["tag", "--format", "jsonl", "--model", str(model)], input=TEXT.encode())
    assert run.exit_code == 0, run.output
    row = json.loads(run.stdout)
    assert row["text"] == TEXT
    assert all(TEXT[m["start"] : m["end"]] == m["text"] for m in row["mentions"])
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(TEXT, "utf-8")
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    run = CliRunner().invoke(cli.app, ["tag", *files, "--model", str(model), "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    log = corpora.Log(strict=True)
    read = corpora.brat.read(sorted((tmp_path / "out").iterdir()), log)
    assert [d.id for d in read] == ["a", "b"] and all(d.text == TEXT for d in read)


def test_a_byte_order_mark_is_no_text(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert [document.text for document in tag.read([str(path)])] == [TEXT]
    with_mark, without = (
        CliRunner().invoke(cli.app, ["tag", "--model", str(model)], input=mark + TEXT.encode())
        for mark in (b"\xef\xbb\xbf", b"")
    )
    assert (with_mark.exit_code, with_mark.stdout) == (0, without.stdout)
    (marked,), (plain,) = (tag.tag([Document("a", mark + TEXT)], model=model) for mark in ("\ufeff", ""))
    assert [m.start - 1 for m in marked.mentions] == [m.start for m in plain.mentions]


def test_bad_input_is_named(model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("fine\nплохо".encode("cp1251"))
    with pytest.raises(CorpusError, match=r"a\.txt:2: not UTF-8"):
        tag.read([str(tmp_path / "a.txt")])
    with pytest.raises(CorpusError, match="cannot be read"):
        tag.read([str(tmp_path / "none.txt")])
    with pytest.raises(EncoderError, match="holds no tagger"):
        tag.tag([Document("a", TEXT)], model=tmp_path)
    (tmp_path / "a.txt").write_text("x", "utf-8")
    with pytest.raises(ChemxlError, match="two files are called a"):
        tag.read([str(tmp_path / "a.txt")] * 2)


def test_the_best_model_is_a_pretrained_one_then_the_largest() -> None:
    def made(name: str, config: dict[str, object], documents: int) -> Path:
        folder = runs() / "kind" / name
        folder.mkdir(parents=True)
        (folder / "predictor.json").write_text('{"class": "chemxl.models.tagger.Tagger"}')
        (folder / "experiment.json").write_text(json.dumps(config))
        (folder / "metrics.json").write_text(json.dumps({"documents": documents}))
        return folder

    made("bilstm", BiLstmCrf(train=MINI).config(), 900)
    made("small", FineTune(train=MINI).config(), 100)
    larger = made("larger", FineTune(train=MINI).config(), 200)
    assert tag.best_model() == larger
    real = made("real", FineTune(train=MINI, encoder="e5-small").config(), 10)
    (runs() / "kind" / "broken").mkdir()
    (runs() / "kind" / "broken" / "predictor.json").write_text("{")
    assert tag.best_model() == real


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
    annotation = "".join(tag.RELATED["brat"]([RELATED]))
    assert annotation.endswith("R1\tINHIBITOR Arg1:T1 Arg2:T2\nR2\tPART-OF Arg1:T3 Arg2:T2\n")
    row = json.loads("".join(tag.RELATED["jsonl"]([RELATED])))
    assert [mention["id"] for mention in row["mentions"]] == ["T1", "T2", "T3"]
    assert row["relations"][0] == {"id": "R1", "type": "INHIBITOR", "head": "T1", "tail": "T2", "score": 0.75}
    table = list(csv.reader("".join(tag.RELATED["csv"]([RELATED])).splitlines()))
    assert table[0] == ["document", "sentence", "head", "tail", "type", "score"]
    assert table[1] == ["a", "Аспирин 😀 ингибирует ЦОГ-1.", "Аспирин", "ЦОГ-1", "INHIBITOR", "0.7500"]
    assert table[2][1] == " ".join(TEXT.split()), "what lies in two sentences has both as its evidence"
    assert "INHIBITOR" in "".join(tag.RELATED["html"]([RELATED]))
    formula = Document("=1+1", "@a b", (Mention.of("CHEM", 0, 2, id="T1"), Mention.of("GENE", 3, 4, id="T2")),
                       (Relation("X", "T1", "T2"),))  # fmt: skip
    assert list(csv.reader("".join(tag.as_triples([formula])).splitlines()))[1][:3] == ["'=1+1", "'@a b", "'@a"]


def test_the_command_relates_what_it_finds(tmp_path: Path) -> None:
    mini = {"name": "mini", "split": "dev"}
    tagger = FineTune(train=(Corpus(types=COARSE, **mini),), training=Training(epochs=6, rate=2e-3)).run().folder
    useless = FineTune(train=MINI, encoder="mini", training=Training(epochs=1, rate=1e-3)).run().folder
    own = RelationModel(train=(Corpus(types=(), **mini),), scheme=SCHEME, training=Training(epochs=2, rate=2e-3))
    model = own.run().folder
    assert tag.best_model(Extractor) == model
    assert tag.best_model(types=COARSE) == tagger != useless, "one that finds no genes is of no use"
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(TEXT, "utf-8")
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    run = CliRunner().invoke(cli.app, ["extract", *files, "--out", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    read = corpora.brat.read(sorted((tmp_path / "out").iterdir()), corpora.Log(strict=True))
    found = tag.extract(tag.read(files), tagger=tagger, model=model)
    assert [d.mentions for d in read] == [d.mentions for d in found] and [d.text for d in read] == [TEXT] * 2
    assert [d.relations for d in read] == [d.relations for d in found], "the round trip keeps relations"
    run = CliRunner().invoke(cli.app, ["extract", "--format", "csv"], input=TEXT.encode())
    assert run.exit_code == 0 and run.stdout.startswith("document,sentence,head,tail,type,score\n")
    run = CliRunner().invoke(cli.app, ["extract", *files])
    assert isinstance(run.exception, ChemxlError) and "name a folder with --out" in str(run.exception)
    with pytest.raises(EncoderError, match="holds no extractor, but a Tagger"):
        tag.extract(tag.read(files), model=tagger)
