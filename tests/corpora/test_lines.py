"""Aligned lines: which file is which, and what is said where they do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import lines
from chemxl.documents import Pair
from tests.corpora.reading import reading
from tests.corpora.samples import EN_RU, LINES


def test_english_is_the_source_whichever_is_the_original(tmp_path: Path) -> None:
    files = {f"w/{name}": content for name, content in LINES.items()}
    files["w/x.ru-en.src.ru"], files["w/x.ru-en.ref.en"] = "Йод", "Iodine\n"
    pairs, faults = reading(lines.read, tmp_path, files, **EN_RU)
    assert faults == []
    assert sorted(pairs, key=lambda pair: pair.id) == [
        Pair("w/ru-en-1", "Alcohol", "Спирт"),
        Pair("w/x.en-ru-1", "Salt.", "Соль."),
        Pair("w/x.en-ru-2", "Water.", "Вода."),
        Pair("w/x.ru-en-1", "Iodine", "Йод"),
    ]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (
            {"a.en-ru.src.en": "1\n2\n3", "a.en-ru.ref.ru": "1\n2\n"},
            "a.en-ru.src.en:3: a.en-ru.src.en has 3 lines, a.en-ru.ref.ru 2: not aligned; both are left out",
        ),
        (
            {"a.en-ru.src.en": "", "a.en-ru.ref.ru": "1\n"},
            "a.en-ru.ref.ru:1: a.en-ru.src.en has 0 lines, a.en-ru.ref.ru 1: not aligned; both are left out",
        ),
        ({"a.en-ru.src.en": "1\n"}, "a.en-ru.src.en:1: a.en-ru has a text in en alone; file left out"),
        (
            {"a.en-de.src.en": "1\n"},
            "a.en-de.src.en:1: the name does not say en-ru or the reverse of it; file left out",
        ),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, files: dict[str, str], fault: str) -> None:
    files = {"z.en-ru.src.en": "a\n", "z.en-ru.ref.ru": "а\n", **files}
    pairs, faults = reading(lines.read, tmp_path, files, **EN_RU)
    assert (pairs, faults) == ([Pair("z.en-ru-1", "a", "а")], [fault])


def test_a_second_reference(tmp_path: Path) -> None:
    files = {"z.en-ru.src.en": "a\n", "z.en-ru.ref.A.ru": "а\n", "z.en-ru.ref.B.ru": "б\n"}
    pairs, faults = reading(lines.read, tmp_path, files, **EN_RU)
    assert pairs == [Pair("z.en-ru-1", "a", "а")]
    assert faults == ["z.en-ru.ref.B.ru:1: a second ru text beside z.en-ru.ref.A.ru; file left out"]


def test_lines_that_are_blank_or_not_text(tmp_path: Path) -> None:
    files = {"z.en-ru.src.en": b"a\n\n\nb\nc\n", "z.en-ru.ref.ru": "а\n\nб\n".encode() + b"\xff\n" + "в\n".encode()}
    pairs, faults = reading(lines.read, tmp_path, files, **EN_RU)
    assert [(pair.id, pair.source, pair.target) for pair in pairs] == [("z.en-ru-1", "a", "а"), ("z.en-ru-5", "c", "в")]
    assert faults == [
        "z.en-ru.ref.ru:4: bytes that are not UTF-8; line left out",
        "z.en-ru.src.en:3: z.en-ru-3 has no text in en; pair left out",
    ]
