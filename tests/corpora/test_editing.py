"""Editing a brat document: only what a person touched changes, and nobody's work is written over."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.corpora import brat
from chemxl.corpora.editing import Sheet, entity_types
from chemxl.corpora.faults import Log
from chemxl.errors import ChemxlError, CorpusError

TEXT = "Аспирин 🧪 и ацетат натрия в воде.\r\nе\u0301 end\n"
ANN = (
    "T1\tCHEM 0 7\tАспирин\n"
    "R1\tWITH Arg1:T1 Arg2:T3\t \r\n"
    "#1\tAnnotatorNotes T1\tT2 is a note's text\n"
    "T2\tCHEM 12 25\tацетат натрия\n"
    "nonsense T9\n"
    "T3\tDRUG 19 25\tнатрия\n"
    "T7\tCHEM 0 7\twrong\n"
    "\n"
    "T4\tCHEM 28 32;0 7\tводе Аспирин"
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode())
    path.with_suffix(".ann").write_bytes(ANN.encode())
    return path


def ann(path: Path) -> str:
    return path.with_suffix(".ann").read_bytes().decode()


def test_nothing_changed_is_nothing_written(text: Path) -> None:
    sheet = Sheet(text)
    before = os.stat(sheet.ann_path).st_mtime_ns
    assert sheet.content() == ANN.encode()
    assert not sheet.changed and not sheet.save()
    assert os.stat(sheet.ann_path).st_mtime_ns == before
    assert [m.id for m in sheet.mentions] == ["T1", "T2", "T3", "T4"]
    assert [(f.line, "recorded as 'wrong'" in f.message) for f in sheet.faults] == [(7, True)]


def test_only_the_touched_line_changes(text: Path) -> None:
    sheet = Sheet(text)
    sheet.retype("T2", "FOOD")
    sheet.remove("T4")
    assert sheet.add("DRUG", 7, 9) == "T10", "T9 is named by a line, so it is not free"
    assert sheet.save() and not sheet.changed
    kept = ANN.replace("T2\tCHEM", "T2\tFOOD").removesuffix("T4\tCHEM 28 32;0 7\tводе Аспирин")
    assert ann(text) == kept + "T10\tDRUG 8 9\t🧪\n"
    read = brat.read([text, text.with_suffix(".ann")], Log())[0]
    assert read.surface(next(m for m in read.mentions if m.id == "T10")) == "🧪"


def test_undoing_all_after_saves_gives_the_very_file(text: Path) -> None:
    sheet = Sheet(text)
    sheet.remove("T4")
    sheet.save()
    sheet.add("CHEM", 0, 5)
    sheet.retype("T2", "X")
    sheet.save()
    after = ann(text)
    for _ in range(3):
        sheet.undo()
    assert not sheet.undoable and sheet.save() and ann(text) == ANN
    for _ in range(3):
        sheet.redo()
    assert not sheet.redoable and sheet.save() and ann(text) == after


def test_a_last_line_without_an_end_gets_that_of_the_first(text: Path) -> None:
    text.with_suffix(".ann").write_bytes("T1\tCHEM 0 7\tАспирин\r\n#1\tNote T1\tx".encode())
    sheet = Sheet(text)
    sheet.add("CHEM", 8, 9)
    assert sheet.content().decode() == "T1\tCHEM 0 7\tАспирин\r\n#1\tNote T1\tx\r\nT2\tCHEM 8 9\t🧪\r\n"


def test_what_other_lines_are_about_stays(text: Path) -> None:
    sheet = Sheet(text)
    for id, line in (("T1", 2), ("T3", 2)):
        with pytest.raises(ChemxlError, match=f"{id} stays: line {line} of a.ann is about it"):
            sheet.remove(id)
    event = b"T1\tCHEM 0 7\t" + "Аспирин".encode() + b"\nE1\tCHEM:T1 Theme:T1\n*\tEquiv T1 T1\n"
    text.with_suffix(".ann").write_bytes(event)
    with pytest.raises(ChemxlError, match="T1 stays: line 2"):
        Sheet(text).retype("T1", "DRUG")


@pytest.mark.parametrize(
    ("start", "end", "type", "message"),
    [
        (-1, 3, "CHEM", "is not in the text"),
        (3, 2, "CHEM", "is not in the text"),
        (0, len(TEXT) + 1, "CHEM", "is not in the text"),
        (7, 8, "CHEM", "nothing is selected"),
        (0, 8, "CHEM", "T1 is CHEM there already"),
        (0, 3, "TWO WORDS", "a type is one word"),
        (0, 3, "", "a type is one word"),
        (0, 3, "A\nT99", "a type is one word"),
    ],
)
def test_what_cannot_be_annotated(text: Path, start: int, end: int, type: str, message: str) -> None:
    sheet = Sheet(text)
    with pytest.raises(ChemxlError, match=message):
        sheet.add(type, start, end)
    assert not sheet.changed and not sheet.undoable
    assert sheet.add("CHEM", 0, 3) == "T10", "a refusal uses no id up"


def test_a_mention_over_a_line_break_reads_back(text: Path) -> None:
    sheet = Sheet(text)
    id = sheet.add("CHEM", 28, 38)
    sheet.save()
    again = Sheet(text)
    assert next(m for m in again.mentions if m.id == id).span == (28, 37)
    assert len(again.faults) == 1


def test_a_file_that_somebody_else_changed_is_left_alone(text: Path) -> None:
    mine, theirs = Sheet(text), Sheet(text)
    mine.add("CHEM", 0, 3)
    theirs.remove("T4")
    theirs.save()
    other = ann(text)
    with pytest.raises(CorpusError, match="a was changed by somebody else meanwhile: nothing was written"):
        mine.save()
    assert ann(text) == other and mine.changed
    text.with_suffix(".ann").write_bytes(ANN.encode())
    assert mine.save(), "once the file is as it was, my changes can be saved"
    mine.add("CHEM", 1, 3)
    text.write_bytes(TEXT.encode() + b" ")
    with pytest.raises(CorpusError, match="changed by somebody else"):
        mine.save()
    text.unlink()
    assert mine.stale()


def test_no_annotation_yet_and_one_that_appears_meanwhile(text: Path) -> None:
    text.with_suffix(".ann").unlink()
    first, second = Sheet(text), Sheet(text)
    for sheet in (first, second):
        assert sheet.mentions == () and sheet.add("CHEM", 0, 7) == "T1"
    assert first.save()
    assert ann(text) == "T1\tCHEM 0 7\tАспирин\n"
    with pytest.raises(CorpusError, match="changed by somebody else"):
        second.save()


def test_permissions_stay_and_no_file_is_left_over(text: Path) -> None:
    text.with_suffix(".ann").chmod(0o660)
    sheet = Sheet(text)
    sheet.add("CHEM", 0, 3)
    sheet.save()
    assert stat.S_IMODE(text.with_suffix(".ann").stat().st_mode) == 0o660
    assert {p.name for p in text.parent.iterdir()} - {".annotate.lock"} == {"a.ann", "a.txt"}


def test_a_write_that_fails_keeps_the_file_and_the_changes(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Sheet(text)
    sheet.add("CHEM", 0, 3)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CorpusError, match=r"cannot be written .*No space left.*your changes are still here"):
        sheet.save()
    assert ann(text) == ANN and sheet.changed
    monkeypatch.undo()
    assert sheet.save()
    assert {p.suffix for p in text.parent.iterdir()} <= {".txt", ".ann", ".lock"}


def test_texts_that_cannot_be_annotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.txt"
    with pytest.raises(CorpusError, match="is gone"):
        Sheet(path)
    path.write_bytes(b"ab\xff")
    with pytest.raises(CorpusError, match="is not UTF-8 at byte 2"):
        Sheet(path)
    path.write_text("abc")
    monkeypatch.setattr("chemxl.corpora.editing.MAX_CHARACTERS", 2)
    with pytest.raises(CorpusError, match="3 characters, of at most 2"):
        Sheet(path)
    monkeypatch.undo()
    path.with_suffix(".ann").mkdir()
    with pytest.raises(CorpusError, match="is not a file"):
        Sheet(path)


def test_types_of_an_annotation_conf() -> None:
    conf = "# c\n[entities]\nCHEM\n\tDRUG\tx:y\n!Abstract\n<X>=A|B\n---\nCHEM\n<img>\n[relations]\nREL Arg1:CHEM\n"
    assert entity_types(conf) == ["CHEM", "DRUG"]
    assert entity_types("[ENTITIES]\r\nГен\r\n") == ["Ген"]
    assert entity_types("") == []


NOISE = st.sampled_from(
    ["R1\tREL Arg1:T1 Arg2:T2", "#2\tNote T1\tx y", "A1\tNeg T2", "junk", "", "T5\tCHEM 0 99\tno", "T٣\tX 0 1\tz"]
)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.sampled_from("aб🧪\u0301 \n\r\t👩‍🔬"), min_size=4, max_size=30),
    noise=st.lists(st.tuples(NOISE, st.sampled_from(["\n", "\r\n"])), max_size=6),
    steps=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(0, 30)), max_size=12),
)
def test_any_edits_read_back_and_all_else_stays(
    tmp_path_factory: pytest.TempPathFactory,
    text: str,
    noise: list[tuple[str, str]],
    steps: list[tuple[int, int, int]],
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.txt"
    path.write_bytes(text.encode())
    original = "".join(line + ending for line, ending in noise).encode()
    path.with_suffix(".ann").write_bytes(original)
    sheet = Sheet(path)
    for what, i, j in steps:
        ids = [m.id for m in sheet.mentions]
        try:
            if what < 2:
                sheet.add(f"TYPE{what}", min(i, j), max(i, j))
            elif what == 2 and ids:
                sheet.remove(ids[i % len(ids)])
            elif what == 3 and ids:
                sheet.retype(ids[i % len(ids)], "TYPE2")
            else:
                sheet.undo()
        except ChemxlError:
            pass
    sheet.save()
    assert path.with_suffix(".ann").read_bytes().startswith(original), "no line of before was touched"
    again = Sheet(path)
    assert again.mentions == sheet.mentions and again.held == sheet.held
    while sheet.undoable:
        sheet.undo()
    sheet.save()
    assert path.with_suffix(".ann").read_bytes() == original
