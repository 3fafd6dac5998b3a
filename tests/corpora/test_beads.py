"""AlignedTexts by hand: beads by place, whichever language the table has on its left."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import beads
from chemxl.corpora.paired import AlignedTexts
from tests.corpora.reading import reading
from tests.corpora.samples import BEADS

EN_ZH = {"languages": ("en", "zh")}


def test_alignments(tmp_path: Path) -> None:
    found, faults = reading(beads.read, tmp_path, BEADS, **EN_ZH)
    assert faults == []
    assert found == [
        AlignedTexts(
            "a",
            ("Salt .", "Water , and air .", "Fire ."),
            ("盐 。", "水 。", "空气 。"),
            (((0,), (0,)), ((1, 2), (1,)), ((), (2,))),
            ("en", "zh"),
        ),
        AlignedTexts("b", ("Pain .",), ("疼痛 。",), (((0,), (0,)),), ("en", "zh")),
    ]


def test_the_table_may_have_the_target_on_its_left(tmp_path: Path) -> None:
    found, faults = reading(beads.read, tmp_path, BEADS, **EN_ZH, left="zh")
    assert (found[0].beads, faults) == ((((0,), (0,)), ((1,), (1, 2)), ((2,), ())), [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("c\t1 <=> 1\tOK", "there are no texts 'c'; row left out"),
        ("a\t4 <=> omitted\tOK", "4 <=> omitted names a line that a has not; row left out"),
        ("a\t0 <=> omitted\tOK", "0 <=> omitted names a line that a has not; row left out"),
        ("b\t1 <=> omitted\tOK", "1 <=> omitted names a line that has a bead; row left out"),
        ("a\t1 - 1\tOK", "'1 - 1' is not lines <=> lines; row left out"),
        ("a\tomitted <=> omitted\tOK", "'omitted <=> omitted' is not lines <=> lines; row left out"),
        ("a\t1 <=> 1", "2 columns where 3 were due; row left out"),
        ("a\t1 <=> 1\tWRONG", "the verdict is 'WRONG'; row left out"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str, message: str) -> None:
    table = f"document\talignment\tverdict\nb\t1 <=> 1\tOK\n{row}\na\t2,3 <=> 2\tOK\n"
    found, faults = reading(beads.read, tmp_path, {**BEADS, "align.tsv": table}, **EN_ZH)
    assert ([one.beads for one in found], faults) == (
        [(((1, 2), (1,)),), (((0,), (0,)),)],
        [f"align.tsv:3: {message}"],
    )


def test_a_line_twice_in_one_bead(tmp_path: Path) -> None:
    table = "document\talignment\na\t1,1 <=> 1\n"
    _, faults = reading(beads.read, tmp_path, {**BEADS, "align.tsv": table}, **EN_ZH)
    assert faults == ["align.tsv:2: 1,1 <=> 1 names a line that has a bead; row left out"]


@pytest.mark.parametrize("text", [None, "", b"\xd0\xff\nx\n"])
def test_a_document_without_both_whole_texts(tmp_path: Path, text: str | bytes | None) -> None:
    """A line that cannot be read moves all behind it: the document is left out, and the rows that name it."""
    files: dict[str, str | bytes] = {name: content for name, content in BEADS.items() if name != "b.zh.txt"}
    found, faults = reading(beads.read, tmp_path, files if text is None else {**files, "b.zh.txt": text}, **EN_ZH)
    assert [one.id for one in found] == ["a"]
    assert faults[-2:] == [
        "b.en.txt:1: b has no whole text in each of en and zh; document left out",
        "align.tsv:5: there are no texts 'b'; row left out",
    ]


def test_a_text_of_another_language(tmp_path: Path) -> None:
    found, faults = reading(beads.read, tmp_path, {**BEADS, "a.de.txt": "Salz .\n"}, **EN_ZH)
    assert (len(found), faults) == (2, ["a.de.txt:1: the name does not end in .en or .zh; file left out"])
