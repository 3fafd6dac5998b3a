"""What is recorded of a chapter: finished lines anew, others as they were, as long as they mean the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.collect import chapter as collection
from chemxl.errors import ChemxlError
from chemxl.results import recording, records


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of its own, in the working directory, with chapter 1 alone and one rate."""
    (tmp_path / "book/params").mkdir(parents=True)
    (tmp_path / "_config.yml").touch()
    (tmp_path / "book/params/small.yaml").write_text("01_data_collection: {embedders: [lsi], rates: [0.1], seeds: [0]}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lines_that_are_not_finished_are_named(book: Path) -> None:
    rows, missing = recording.collect(recording.COLLECT, profile="small")
    assert rows == []
    assert "lsi: mini test, 10% each" in missing and "sources" in missing


def test_finished_lines_are_written_and_kept_when_their_runs_are_gone(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for values in (collection.leakages("small"), collection.sizes("small")):
        for value in values.values():
            value.run()
    [search] = collection.searches("small", embedders=[])["bm25: same topic, first five"]
    search.run()
    rows, missing = recording.collect(recording.COLLECT, profile="small")
    named = {row.row for row in rows}
    assert named == {*collection.leakages("small"), *collection.sizes("small"), "bm25: same topic, first five"}
    assert not named & set(missing)
    scored = next(row for row in rows if row.table == collection.FOUND)
    assert scored.metric == "share" and scored.low is not None and scored.low <= (scored.value or 0)
    records.write(recording.COLLECT, rows)
    written = records.read(recording.COLLECT)

    monkeypatch.setenv("CHEMXL_RUNS", str(book / "empty"))
    again, still = recording.collect(recording.COLLECT, profile="small")
    assert sorted(again, key=repr) == sorted(written, key=repr)
    assert still == missing
    records.write(recording.COLLECT, [row.model_copy(update={"config_hash": "0" * 16}) for row in rows])
    assert recording.collect(recording.COLLECT, profile="small")[0] == []


def test_a_chapter_without_records_is_named(book: Path) -> None:
    with pytest.raises(ChemxlError, match="07_nothing keeps no records"):
        recording.collect("07_nothing", profile="small")
    with pytest.raises(ChemxlError, match="says nothing of 04_ner"):
        recording.collect(recording.NER, profile="small")
