"""Tables with a head as documents, and files that are packed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from chemxl.corpora import faults, table
from tests.corpora.reading import reading
from tests.corpora.samples import TABLE

COLUMNS = {"text": "ask answer"}
PACKED = gzip.compress(TABLE["a.tsv"].encode(), mtime=0)  # no time: workers collect equal tests


def test_a_document_a_row(tmp_path: Path) -> None:
    documents, found = reading(table.read, tmp_path, TABLE, **COLUMNS)
    assert [(one.id, one.text) for one in documents] == [("a-2", "Что делать?\nЛежать"), ("a-3", "How long?\nA week")]
    assert found == []


def test_a_blank_cell(tmp_path: Path) -> None:
    files = {"a.tsv": TABLE["a.tsv"] + "Flu\t \tA week\n\nFlu\n"}
    documents, found = reading(table.read, tmp_path, files, **COLUMNS)
    assert len(documents) == 2
    assert found == [
        "a.tsv:4: no text under ask or answer; row left out",
        "a.tsv:6: 1 columns where 3 were due; row left out",
    ]


def test_packed_files_are_read_as_others(tmp_path: Path) -> None:
    plain = reading(table.read, tmp_path / "plain", TABLE, **COLUMNS)
    assert reading(table.read, tmp_path / "packed", {"a.tsv.gz": PACKED}, **COLUMNS) == plain


@pytest.mark.parametrize(
    "data",
    [b"", b"title\n", PACKED[:-9], PACKED[:-8] + b"crc-" + PACKED[-4:], PACKED[:12] * 2],
    ids=["empty", "not packed", "cut", "another checksum", "twice a head"],
)
def test_what_is_no_whole_packed_file_is_a_fault(tmp_path: Path, data: bytes) -> None:
    documents, found = reading(table.read, tmp_path, {"a.tsv.gz": data}, **COLUMNS)
    assert documents == []
    assert len(found) == 1 and found[0].startswith("a.tsv.gz:1: ") and found[0].endswith("file left out")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MAX_BYTES", 10_000)
    documents, found = reading(table.read, tmp_path, {"a.tsv.gz": gzip.compress(b"0" * 1_000_000)}, **COLUMNS)
    assert documents == []
    assert found == ["a.tsv.gz:1: 10001 bytes are more than the 10000 that a corpus file may have; file left out"]


def test_a_head_that_cannot_be_read(tmp_path: Path) -> None:
    documents, found = reading(table.read, tmp_path, {"a.tsv": b"\xff\n" + TABLE["a.tsv"].encode()}, **COLUMNS)
    assert documents == []
    assert found[1:] == ["a.tsv:1: the columns ask, answer were due, each once; file left out"]
