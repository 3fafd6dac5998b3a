"""Lexicons: tables by tabs and by commas, and what is said of a row that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import lexicon
from chemxl.documents import Pair
from tests.corpora.reading import reading
from tests.corpora.samples import EN_RU, LEXICON


def test_pairs(tmp_path: Path) -> None:
    assert reading(lexicon.read, tmp_path, LEXICON, **EN_RU) == (
        [
            Pair("a-2", "aspirin", "аспирин"),
            Pair("a-3", "salt", "соль"),
            Pair("b-2", "flu", "грипп"),
            Pair("b-3", "fever", 'жар, "лихорадка"'),
        ],
        [],
    )
    latin, faults = reading(lexicon.read, tmp_path, {"a.tsv": LEXICON["a.tsv"]}, languages=("en", "la"))
    assert latin == [Pair("a-2", "aspirin", "acidum", ("en", "la"))]
    assert faults == ["a.tsv:3: a-3 has no text in la; pair left out"]


def test_a_row_over_two_lines_has_the_number_of_the_last(tmp_path: Path) -> None:
    content = 'en,ru\r\n"a\r\nb",аб\r\n\r\nc,в\r\n'
    pairs, faults = reading(lexicon.read, tmp_path, {"x.csv": content}, **EN_RU)
    assert (pairs, faults) == ([Pair("x-3", "a\nb", "аб"), Pair("x-5", "c", "в")], [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3,en,ru", "3 columns where 5 were due; row left out"),
        ("3,en,ru,flu, ", "b-4 has no text in ru; pair left out"),
        ("3,en,de,flu,Grippe", "en-de where en-ru was due; row left out"),
        ('3,en,ru,"flu"x,грипп', "not a row of a CSV table (',' expected after '\"'); row left out"),
        (b"3,en,ru,flu,\xff", "bytes that are not UTF-8; line left out"),
    ],
)
def test_a_wrong_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str | bytes, message: str) -> None:
    content = LEXICON["b.csv"].encode() + (row.encode() if isinstance(row, str) else row) + b"\n4,en,ru,salt,\xd1\x8f\n"
    pairs, (fault,) = reading(lexicon.read, tmp_path, {"b.csv": content}, **EN_RU)
    assert [pair.id for pair in pairs] == ["b-2", "b-3", "b-5"]
    assert fault == f"b.csv:4: {message}"


def test_a_row_without_either_term_is_empty(tmp_path: Path) -> None:
    content = "id,sourceLang,targetLang,sourceString,targetString\n1,en,ru,flu,грипп\n,,ru,,\n"
    pairs, faults = reading(lexicon.read, tmp_path, {"b.csv": content}, **EN_RU)
    assert (pairs, faults) == ([Pair("b-2", "flu", "грипп")], [])


def test_a_table_of_other_columns(tmp_path: Path) -> None:
    pairs, faults = reading(lexicon.read, tmp_path, {"x.tsv": "en\tde\na\tb\n", "y.csv": ""}, **EN_RU)
    assert pairs == []
    assert faults == [f"{name}:1: the columns en, ru were due, each once; file left out" for name in ("x.tsv", "y.csv")]
