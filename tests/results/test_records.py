"""Recorded rows: each still describes an experiment of this code, and none is written from an unfinished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chemxl.ner.chapter
from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.models.training import Training
from chemxl.ner import Evaluation, FineTune
from chemxl.results import recording, records

RECORDED = Path(__file__).parents[2] / "book" / "recorded"
ROWS = [
    pytest.param(row, id=f"{path.stem}-{row.row}-{i}")
    for path in sorted(RECORDED.glob("*.json"))
    for i, row in enumerate(records.read(path.stem, root=RECORDED))
]
DEV = Corpus(name="mini", split="dev", language="en")


def evaluations() -> list[Evaluation]:
    brief = Training(epochs=1, tokens=2048, rate=1e-3, precision="fp32")
    test = DEV.model_copy(update={"language": "ru"})
    return [Evaluation(model=FineTune(train=(DEV,), training=brief, seed=seed), corpus=test) for seed in (0, 1)]


@pytest.mark.parametrize("row", ROWS)
def test_every_recorded_row_makes_its_experiment_again(row: records.Row) -> None:
    if row.value is None:
        assert row.config is None
        return
    assert row.recreated().config_hash() == row.config_hash
    assert row.commit and "changes" not in row.commit, "record from a commit, not from a changed tree"
    assert row.hardware and row.date and row.seconds is not None
    if row.scorer != "counted":
        assert row.low is not None and row.high is not None and row.low <= row.value <= row.high
        assert row.seeds and row.n


@pytest.mark.parametrize("profile", ["real", "paper"])
@pytest.mark.parametrize("chapter", [recording.COLLECT, recording.NER])
def test_every_profile_can_be_recorded(chapter: str, profile: str) -> None:
    rows, missing = recording.collect(chapter, profile=profile)
    recorded = {row.row for row in rows}
    assert missing or recorded, "a chapter has lines"
    assert not recorded & set(missing)


@pytest.mark.parametrize("profile", ["small", "real", "paper"])
def test_every_setting_of_chapter_4_can_be_recorded(profile: chemxl.ner.chapter.Profile) -> None:
    for setting in chemxl.ner.chapter.settings(profile):
        for _, test in setting.tests:
            for model in ("mini", "mini+crf", "mini+mlm+tlm", "bilstm-crf"):
                how: dict[str, Any] = {"model": model, "epochs": 2, "rate": 1e-4, "seeds": [0]}
                [value] = chemxl.ner.chapter.evaluations(profile, setting, test, **how)
                config = json.loads(json.dumps(value.config()))
                again = Evaluation.from_config(config)
                assert again == value and again.config_hash() == value.config_hash()


def test_a_row_of_unfinished_runs_is_an_error() -> None:
    with pytest.raises(ChemxlError, match="mini: seed 0 is not finished: run the chapter first"):
        records.row("04", "t", "mini", evaluations(), profile="small")


def test_a_row_is_made_written_and_read(tmp_path: Path) -> None:
    made = evaluations()
    runs = [evaluation.run() for evaluation in made]
    row = records.row("04", "t", "mini", made, profile="small")
    assert row.value == round(float(np.mean([run.metrics["micro.f1"] for run in runs])), 4)
    assert row.low is not None and row.high is not None and row.value is not None
    assert row.low - 1e-4 <= row.value <= row.high + 1e-4
    assert (row.seeds, row.n) == ((0, 1), len(made[0].corpus.load()))
    assert records.row("04", "t", "mini", made, profile="small", metric="strict F1").value == row.value
    recall = records.row("04", "t", "mini", made, profile="small", metric="R", score=metrics.recall)
    assert recall.value == round(float(np.mean([run.metrics["micro.recall"] for run in runs])), 4)
    assert row.config_hash == made[0].config_hash() and row.recreated() == made[0]
    path = records.write("04", [row], root=tmp_path / "recorded")
    assert records.read("04", root=path.parent) == [row]
    assert records.read("05", root=path.parent) == []
    assert str(tmp_path) not in path.read_text("utf-8")
    with pytest.raises(ChemxlError, match="record it again"):
        row.model_copy(update={"config_hash": "0" * 16}).recreated()
    with pytest.raises(ChemxlError, match="no configuration was recorded"):
        row.model_copy(update={"config": None}).recreated()


def test_rows_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [records.Row(chapter="04", table="t", row="mbert", metric="F1", paper=0.85)]
    path = records.write("04", rows, root=tmp_path)
    before = path.read_bytes()

    def broken(*_: object, **__: object) -> int:
        raise OSError("no space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(Path, "write_text", broken)
        records.write("04", [], root=tmp_path)
    assert path.read_bytes() == before
    assert records.read("04", root=tmp_path) == rows


@pytest.mark.parametrize("content", ["", "{}x", '{"a": 1}', "[1]", '[{"chapter": "04"}]', '[{"wrong": 1}]'])
def test_a_file_that_is_no_list_of_rows_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "04.json").write_text(content)
    with pytest.raises(ChemxlError, match="is no list of rows: write it with `chemxl record 04`"):
        records.read("04", root=tmp_path)


def test_a_wide_table_has_a_column_a_metric() -> None:
    shared = {"chapter": "01", "table": "t"}
    rows = [
        records.Row(row="a", metric="documents", value=3.0, **shared),
        records.Row(row="a", metric="share", value=0.25, **shared),
        records.Row(row="b", metric="share", paper=7.5, **shared),
        records.Row(row="c", metric="share", value=1.0, chapter="01", table="other"),
    ]
    assert records.wide(rows, "t") == [{"row": "a", "documents": 3, "share": 0.25}, {"row": "b", "share": 7.5}]
    assert records.wide(rows, "none") == [{"row": "nothing is recorded yet"}]


def test_micro_is_what_a_row_holds_by_default() -> None:
    assert records.Row(chapter="a", table="b", row="c", metric="F1").scorer.endswith(f"{metrics.MICRO} F1")


def test_a_row_is_found_by_its_name_and_measure() -> None:
    f1, p = (records.Row(chapter="04", table="T", row="a", metric=metric) for metric in ("F1", "P"))
    assert records.find([f1, p], "a") is f1 and records.find([f1, p], "a", metric="P") is p
    assert records.find([f1, p], "b") is None and records.find([f1], "a", metric="P") is None
