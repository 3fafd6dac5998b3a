"""Text in, entities out, in three formats."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chemxl import cli, corpora, outputs, tag
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError, CorpusError, EncoderError
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Tagger
from chemxl.models.training import Training
from chemxl.ner import FineTune

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
    assert "".join(outputs.as_brat([tagged])) == "T1\tCHEM 0 7\tАспирин\nT2\tCHEM 28 35\tAspirin\n"
    row = json.loads("".join(outputs.as_json_lines([tagged])))
    assert [(m["start"], m["end"], m["text"]) for m in row["mentions"]] == [(0, 7, "Аспирин"), (28, 35, "Aspirin")]
    page = "".join(outputs.as_html([Document("b", "<script>x</script>", (Mention.of("CHEM", 0, 8),))]))
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


def test_what_was_killed_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    """Batches do not depend on what is done, so that not even the last digit of a score does."""
    tokenizer, encoder = encoders.load(encoders.MINI, seed=3)
    network = EncoderLabeller(encoder, ["O", "B-CHEM", "I-CHEM"], crf=False)
    network.head.weight.data.mul_(5.0)  # sure of something in every text
    model = tmp_path / "model"
    Tagger(network, SubwordReader(tokenizer)).save(model)
    texts = [document.text for document in corpora.expand("mini", 60, language="en")]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    given = ["tag", str(tmp_path / "in.jsonl"), "--model", str(model), "--format", "jsonl", "--out"]
    assert CliRunner().invoke(cli.app, [*given, str(tmp_path / "whole")]).exit_code == 0
    lines = (tmp_path / "whole").read_bytes().splitlines(keepends=True)
    assert len(lines) == len(texts) and sum(line.count(b'"score": 0.') for line in lines) > 10
    for done in (0, 1, len(lines) // 2, len(lines) - 1, len(lines)):
        (tmp_path / "out.part").write_bytes(b"".join(lines[:done]) + b'{"id": "in-')
        assert CliRunner().invoke(cli.app, [*given, str(tmp_path / "out"), "--skip-done"]).exit_code == 0
        assert (tmp_path / "out").read_bytes() == b"".join(lines) and not (tmp_path / "out.part").exists()
        (tmp_path / "out").unlink()


def test_a_closed_pipe_ends_it_quietly(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Aspirin.\n" * 400)
    tagged = [sys.executable, "-m", "chemxl.cli", "tag", "in.txt", "--input", "lines", "--format", "jsonl", "--model"]
    command = f"{shlex.join([*tagged, str(model)])} | head -n 2"
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.count(b"\n") == 2


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


def test_a_model_that_is_not_whole_is_named(model: Path, tmp_path: Path) -> None:
    for name in ("model.safetensors", "tokenizer.json", "config.json", "predictor.json"):
        broken = tmp_path / name
        shutil.copytree(model, broken)
        (broken / name).write_bytes((broken / name).read_bytes()[:40])
        with pytest.raises(EncoderError, match=rf"{name}.*(is not whole: train it again|holds no tagger)"):
            tag.tag([Document("a", TEXT)], model=broken)


def test_other_character_sets_are_named_or_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for codec in ("utf-16", "utf-32", "utf-8-sig"):  # their byte order mark says which
        path.write_bytes(TEXT.encode(codec))
        assert [document.text for document in tag.read([str(path)])] == [TEXT]
    for codec in ("cp1251", "koi8-r", "cp866", "utf-16-le", "utf-32-be"):
        path.write_bytes("Аспирин\nAspirin".encode(codec))
        with pytest.raises(CorpusError, match=r"a\.txt:\d: not UTF-8: convert it \(iconv -f NAME"):
            tag.read([str(path)])
