"""Plain text: a document a file or a folder."""

from __future__ import annotations

from pathlib import Path

from chemxl.corpora import text
from chemxl.documents import Document
from tests.corpora.reading import reading

FILES: dict[str, str | bytes] = {
    "p1/text.txt": "Гидролиз.\r\n",
    "p1/name.txt": "\ufeffЭфиры",
    "p1/notes.txt": "не читается",
    "p2/text.txt": "Вода",
}


def test_a_document_a_file(tmp_path: Path) -> None:
    documents, faults = reading(text.read, tmp_path, FILES)
    assert faults == []
    assert documents == [
        Document("p1/name", "Эфиры"),
        Document("p1/notes", "не читается"),
        Document("p1/text", "Гидролиз.\r\n"),
        Document("p2/text", "Вода"),
    ]


def test_a_document_a_folder(tmp_path: Path) -> None:
    documents, faults = reading(text.read, tmp_path, FILES, joined="name abstract text")
    assert (documents, faults) == ([Document("p1", "Эфиры\n\nГидролиз.\r\n"), Document("p2", "Вода")], [])


def test_a_blank_file_and_one_of_other_bytes(tmp_path: Path) -> None:
    documents, faults = reading(text.read, tmp_path, {"a.txt": " \n", "b.txt": b"NaCl\n\xff\n"})
    assert documents == [Document("b", "NaCl\n\ufffd\n")]
    assert faults == [
        "a.txt:1: there is no text in it; file left out",
        "b.txt:2: bytes that are not UTF-8, shown as U+FFFD; spans behind them may not match",
    ]
