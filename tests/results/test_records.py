"""Recorded rows: each still describes experiments of this code, and what is written is read back as it was."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Value
from chemxl.models.training import Training
from chemxl.ner import Evaluation, FineTune
from chemxl.results import chapters, records
from chemxl.results.records import Origin, Recorded
from chemxl.results.rows import Row

RECORDED = Path(__file__).parents[2] / "book" / "recorded"
CHAPTERS = sorted(path.name.removesuffix(".csv") for path in RECORDED.glob("*.csv"))
DEV = Corpus(name="mini", split="dev", language="en")


def value(seed: int = 0) -> Evaluation:
    brief = Training(epochs=1, tokens=2048, rate=1e-3, precision="fp32")
    return Evaluation(model=FineTune(train=(DEV,), training=brief, seed=seed), corpus=DEV)


def origin(of: Value) -> Origin:
    return Origin(of.config(), commit="c0ffee", hardware="a machine", date="2026-01-01", seconds=1.5)


def row(**more: Any) -> Row:
    how: dict[str, Any] = {"source": "recorded", "chapter": "04", "profile": "real", "metric": "F1", "value": 0.5}
    return Row(**how | more)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_recorded_row_names_experiments_that_this_code_describes(chapter: str) -> None:
    chapters.find()
    recorded = records.read(chapter, root=RECORDED)
    assert recorded.rows and recorded.origins == recorded.of(recorded.rows), "no configuration is there for nothing"
    assert recorded.hashes == {name: name for name in recorded.origins}
    for one in recorded.origins.values():
        assert one.commit and "changes" not in one.commit, "record from a commit, not from a changed tree"
        assert one.hardware and one.date and one.seconds >= 0
    for made in recorded.rows:
        assert made.of, "every number names what it rests on"
        assert (made.low is None) == (made.high is None)
        assert made.low is None or made.high is None or made.low - 1e-4 <= made.value <= made.high + 1e-4


def test_what_is_written_is_read_back_and_opens_in_a_spreadsheet(tmp_path: Path) -> None:
    values = [value(0), value(1)]
    origins = {one.config_hash(): origin(one) for one in values}
    keys: dict[str, Any] = {"train": 'a, "b"', "sentences": 50, "share": 0.5}
    rows = [
        row(keys=keys, low=-float("inf"), high=0.75, p=0.01, bound="≥", seeds=(0, 1), n=9, rule="r", of=tuple(origins)),
        row(keys={"test": "я"}, scorer="", of=tuple(origins)[:1]),
    ]
    path = records.write("04", Recorded(rows, origins), root=tmp_path)
    assert records.read("04", root=tmp_path) == Recorded(rows, origins)
    with path.open(encoding="utf-8", newline="") as file:
        [first, second] = csv.DictReader(file)
    assert (first["train"], first["sentences"], second["test"]) == (keys["train"], "50", "я")
    assert str(tmp_path) not in path.read_text("utf-8") + path.with_suffix(".configs.json").read_text("utf-8")
    written = path.read_bytes()
    assert records.write("04", records.read("04", root=tmp_path), root=tmp_path).read_bytes() == written
    assert records.read("05", root=tmp_path) == Recorded()


def test_a_part_that_configurations_share_stands_there_once(tmp_path: Path) -> None:
    values = [value(seed) for seed in range(9)]
    origins = {one.config_hash(): origin(one) for one in values}
    path = records.write("04", Recorded([row(of=tuple(origins))], origins), root=tmp_path)
    kept = json.loads(path.with_suffix(".configs.json").read_text("utf-8"))
    assert sum(part["kind"] == "Corpus" for part in kept["parts"].values()) == 1
    assert {Value.from_config(one.config) for one in records.read("04", root=tmp_path).origins.values()} == set(values)


@given(
    st.dictionaries(st.sampled_from(["train", "test", "words"]), st.text(min_size=1) | st.integers() | st.floats(0, 1))
)
def test_keys_come_back_as_they_were_or_are_refused(keys: dict[str, Any]) -> None:
    line = {name: str(item) for name, item in keys.items()} | {"metric": "F1", "value": "1.0"}
    found = {name: records._key(line[name]) for name in keys}
    assert all(found[name] == item for name, item in keys.items() if not isinstance(item, str) or found[name] == item)
    assert all(isinstance(item, str) for name, item in keys.items() if found[name] != item)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(keys={"train": "a"}), row(keys={"train": "a"}, value=0.25)], "two rows are"),
        ([row(keys={"train": "50"})], "is a text a number"),
        ([row(keys={"train": ""})], "would not be read back"),
    ],
)
def test_rows_that_could_not_be_told_apart_or_read_are_refused(tmp_path: Path, rows: list[Row], message: str) -> None:
    with pytest.raises(ChemxlError, match=message):
        records.write("04", Recorded(rows), root=tmp_path)
    assert not list(tmp_path.iterdir())


def test_rows_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = records.write("04", Recorded([row()]), root=tmp_path)
    before = path.read_bytes()

    def broken(*_: object, **__: object) -> int:
        raise OSError("no space left")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(Path, "write_text", broken)
        records.write("04", Recorded([]), root=tmp_path)
    assert path.read_bytes() == before and records.read("04", root=tmp_path).rows == [row()]


@pytest.mark.parametrize("content", ["", "{}x", '{"a": 1}', "[1]"])
def test_files_that_are_not_as_they_were_written_say_so(tmp_path: Path, content: str) -> None:
    path = records.write("04", Recorded([row()]), root=tmp_path)
    path.with_suffix(".configs.json").write_text(content)
    with pytest.raises(
        ChemxlError, match="are not as they were written: restore them, or write them with `chemxl record 04`"
    ):
        records.read("04", root=tmp_path)
    records.write("04", Recorded([row()]), root=tmp_path)
    path.write_text("metric,value,of\nF1,high,\n")
    with pytest.raises(ChemxlError, match="are not as they were written"):
        records.read("04", root=tmp_path)


def test_a_setting_that_came_later_does_not_break_a_record() -> None:
    config = value().config()
    old = {**config, "model": {name: item for name, item in config["model"].items() if name != "head"}}
    assert origin(value()).hash() == value().config_hash()
    assert Origin(old, "", "", "", 0).hash() == value().config_hash()
    assert Origin({**config, "gone": 1}, "", "", "", 0).hash() is None
    assert Origin({**config, "kind": "Nothing"}, "", "", "", 0).hash() is None


def test_papers_are_rows_with_their_place(tmp_path: Path) -> None:
    place = tmp_path / "papers.yaml"
    place.write_text(
        "04_ner:\n  - {source: 'paper 9, table 1', scorer: s, shared: {type: CHEM}, keys: [train, test],\n"
        "     metrics: [P, F1], rows: [[a, b, 0.5, 0.25], [a, ~, ~, 1]]}\n"
    )
    found = records.papers("04_ner", path=place)
    assert [(one.metric, one.value, one.keys) for one in found] == [
        ("P", 0.5, {"type": "CHEM", "train": "a", "test": "b"}),
        ("F1", 0.25, {"type": "CHEM", "train": "a", "test": "b"}),
        ("F1", 1, {"type": "CHEM", "train": "a"}),
    ]
    assert {(one.source, one.scorer) for one in found} == {("paper 9, table 1", "s")}
    assert records.papers("05", path=place) == []
    place.write_text(
        "04_ner:\n  - {source: 'paper 9, table 1', scorer: s, keys: [train], metrics: [F1], rows: [[a]]}\n"
    )
    with pytest.raises(ChemxlError, match=r"papers.yaml, 04_ner, paper 9, table 1: \['a'\] is not train, F1"):
        records.papers("04_ner", path=place)
