"""JSON lines: what is read, and what is said of a line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import jsonl
from chemxl.documents import Document
from tests.corpora.reading import reading


def test_documents_are_named_by_file_and_line(tmp_path: Path) -> None:
    content = '\ufeff{"text": "Боль"}\r\n\n{"text": "\\u0430", "label": [1, NaN]}'
    assert reading(jsonl.read, tmp_path, {"a.jsonl": content}) == ([Document("a-1", "Боль"), Document("a-3", "а")], [])


def test_keys(tmp_path: Path) -> None:
    files = {"a.jsonl": '{"idx": "q1", "symptoms": "Кашель"}\n', "b.jsonl": '{"idx": "q2", "symptoms": "Жар"}\n'}
    documents, faults = reading(jsonl.read, tmp_path, files, text="symptoms", id="idx")
    assert (documents, faults) == ([Document("q1", "Кашель"), Document("q2", "Жар")], [])


def test_labels(tmp_path: Path) -> None:
    content = '{"text": "a", "code": "J02"}\n{"text": "b", "code": ["x", "y", "x"]}\n{"text": "c", "code": []}\n'
    documents, faults = reading(jsonl.read, tmp_path, {"a.jsonl": content}, label="code")
    assert ([[label.type for label in d.labels] for d in documents], faults) == ([["J02"], ["x", "y"], []], [])
    content = '{"text": "a", "of": [1, 0, 1]}\n{"text": "b", "of": [0, 0, 0]}\n{"text": "c", "of": [0, 1]}\n'
    documents, (fault,) = reading(jsonl.read, tmp_path, {"a.jsonl": content}, label="of", classes="x; y z;u")
    assert [[label.type for label in d.labels] for d in documents] == [["x", "u"], []]
    assert fault == "a.jsonl:3: under of stands '[0, 1]', no label; line left out"


@pytest.mark.parametrize("label", ["", ', "code": 3', ', "code": [1]', ', "code": " "', ', "code": null'])
def test_a_line_without_a_label_is_left_out_where_one_is_due(tmp_path: Path, label: str) -> None:
    content = f'{{"text": "a"{label}}}\n'
    documents, (fault,) = reading(jsonl.read, tmp_path, {"a.jsonl": content}, label="code")
    assert documents == [] and fault.startswith("a.jsonl:1: under code stands ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "x"', "not JSON (Expecting ',' delimiter: line 1 column 13 (char 12)); left out"),
        ("[" * 99_999, "not JSON (maximum recursion depth exceeded"),
        ('{"text": ' + "9" * 9999 + "}", "not JSON (Exceeds the limit"),
        ('{"text": "\\ud83d"}', "not JSON ('utf-8' codec can't encode character"),
        ('{"text": "x", "text": "y"}', "not JSON (a key stands twice in one object); left out"),
        ('["x"]', "not a JSON object; left out"),
        ('{"id": "3"}', "no text under text; line left out"),
        ('{"text": 1, "id": "3"}', "no text under text; line left out"),
        ('{"text": " ", "id": ""}', "no text under text or id; line left out"),
        ('{"text": "x", "id": "1"}', "the document id 1 stands twice; document left out"),
        (b'{"text": "\xff", "id": "3"}', "bytes that are not UTF-8; line left out"),
    ],
)
def test_a_wrong_line_is_named_and_the_rest_is_read(tmp_path: Path, line: str | bytes, message: str) -> None:
    line = line.encode() if isinstance(line, str) else line
    content = b'{"text": "a", "id": "1"}\n' + line + b'\n{"text": "b", "id": "2"}\n'
    documents, (fault,) = reading(jsonl.read, tmp_path, {"a.jsonl": content}, id="id")
    assert [document.text for document in documents] == ["a", "b"]
    assert fault.startswith(f"a.jsonl:2: {message}")


def test_an_object_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_CHARACTERS", 20)
    documents, faults = reading(jsonl.read, tmp_path, {"a.jsonl": '{"text": "long enough"}\n{"text": "short"}\n'})
    assert [document.text for document in documents] == ["short"]
    assert faults == ["a.jsonl:1: 23 characters are more than the 20 of one object; left out"]
