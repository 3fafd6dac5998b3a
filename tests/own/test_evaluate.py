"""Scores on any corpus, and never on what was learnt from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chemxl import cli
from chemxl.errors import ChemxlError, CorpusError
from chemxl.models.tagger import Tagger
from chemxl.own.evaluate import evaluate, joined, named
from chemxl.own.report import Report


def test_documents_that_were_learnt_are_left_out(model: Path, texts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = evaluate(model, str(texts))
    said = capsys.readouterr().err
    assert "16 of 20 documents are left out: the model learnt from them" in said and "all: 4 documents" in said
    rows = {row.type: row for row in report.rows()}
    written = json.loads((model / "metrics.json").read_text())
    assert {f"{type}.f1": row.f1[0] for type, row in rows.items()}.items() <= written.items()
    assert f"| all | {rows['all'].gold} |" in (model / "report.md").read_text("utf-8")


def test_all_documents_of_what_another_program_trained(model: Path, texts: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    (copy / "learnt.json").unlink()
    report = evaluate(copy, str(texts))
    assert len(report.documents) == 20
    found = Tagger.load(copy).predict(report.documents)
    assert report.rows() == Report.of(report.documents, found, ["CHEM", "DISEASE"]).rows()
    (copy / "learnt.json").write_text(json.dumps([1]), "utf-8")
    assert len(evaluate(copy, str(texts), types=["CHEM"]).types) == 1


def test_the_page_of_errors_may_be_in_a_new_folder(model: Path, texts: Path, tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    run = CliRunner().invoke(cli.app, ["evaluate", str(model), str(texts), "--errors", str(page)])
    assert run.exit_code == 0 and page.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_the_catalogues_test_split(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = evaluate(model, "mini", language="ru")
    assert "mini test: " in capsys.readouterr().err
    assert [row.type for row in report.rows()] == ["CHEM", "DISEASE", "all"]
    assert {document.language for document in report.documents} == {"ru"}


def test_mentions_that_are_all_wrong_are_no_missing_ones(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "pain", "mentions": [[0, 99, "DISEASE"]]}\n')
    with pytest.raises(ChemxlError, match="has no mentions"):
        evaluate(model, str(tmp_path / "a.jsonl"))
    assert "1 faults in it are left out: chemxl corpora check" in capsys.readouterr().err


def test_names_of_types(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"text": "аспирин", "mentions": [[0, 7, "Вещество"]]}, {"text": "pain", "mentions": [[0, 4, "Disease"]]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    finds = ["CHEM", "DISEASE"]
    assert named(str(path), finds, []) == {"Disease": "DISEASE"}
    assert named(str(path), finds, ["Вещество=CHEM"]) == {"Вещество": "CHEM"}
    assert named(str(path), finds, ["Вещество=CHEM", "DISEASE"]) == {"Вещество": "CHEM", "Disease": "DISEASE"}
    assert named(str(path), finds, ["Вещество=CHEM+DISEASE"]) == {"Вещество": "CHEM"}
    assert joined(["Вещество=CHEM+DISEASE", "GENE", "Ген=GENE"]) == {"DISEASE": "CHEM"}
    for types, said in (
        (["Вещество=CHEM+GENE"], "the model finds no 'GENE'; it finds CHEM, DISEASE"),
        (["Вещество=CHEM+DISEASE", "DISEASE"], "DISEASE is counted as CHEM: do not ask for it by itself, too"),
        (["GENE"], "the model finds no 'GENE'; it finds CHEM, DISEASE"),
        (["CHEM"], "has no type 'CHEM'; it can give"),
        (["Ген=CHEM"], "has no 'Ген'; it has Disease, Вещество"),
    ):
        with pytest.raises(ChemxlError, match=said):
            named(str(path), finds, types)
    with pytest.raises(ChemxlError, match=r"say which are the same, --types Disease=GENE"):
        named(str(path), ["GENE"], [])


def test_two_types_of_the_tagger_count_as_one_of_the_corpus(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = "Aspirin inhibits COX-1 in platelets."
    rows = [{"text": text, "mentions": [[0, 7, "CHEM"], [17, 22, "CHEM"]]}]  # proteins are chemicals there
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    box = Path("in-the-box")
    [apart], [together] = (evaluate(box, str(path), types=[types]).rows() for types in ("CHEM", "CHEM=CHEM+GENE"))
    assert (apart.gold, apart.found, together.gold, together.found, together.right) == (2, 1, 2, 2, 2)


def test_a_mention_is_of_the_narrower_type() -> None:
    assert named("mini", ["CHEM", "DRUG", "X"], [])["DRUG"] == "DRUG"
    assert named("mini", ["CHEM", "DRUG"], ["CHEM", "DRUG"])["CHEM"] == "CHEM"
    assert named("mini", ["CHEM"], [])["DRUG"] == "CHEM"


def test_nothing_left(model: Path, texts: Path, tmp_path: Path) -> None:
    learnt = set(json.loads((model / "learnt.json").read_text()))
    copy = Path(shutil.copytree(model, tmp_path / "copy"))
    report = evaluate(model, str(texts))
    from chemxl.own.train import digest_of

    learnt |= {digest_of(document) for document in report.documents}
    (copy / "learnt.json").write_text(json.dumps(sorted(learnt)))
    with pytest.raises(CorpusError, match="no document is left that the model did not learn from"):
        evaluate(copy, str(texts))
