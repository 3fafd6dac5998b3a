"""Bilingual lexicons: names with their concept, and the rows that are named and left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import names
from chemxl.documents import Pair
from tests.corpora.reading import reading
from tests.corpora.samples import EN_RU, NAMES

CLEAN = [
    Pair("a-2", "aspirin", "аспирин", concept="C0004057"),
    Pair("a-3", "aspirin", "аспирина", concept="C0004057"),
    Pair("a-4", "salt", "соль"),
]


def test_names_with_their_concept(tmp_path: Path) -> None:
    assert reading(names.read, tmp_path, NAMES, **EN_RU, concept="id") == (CLEAN, [])
    without, _ = reading(names.read, tmp_path, NAMES, **EN_RU)
    assert [pair.concept for pair in without] == [""] * 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("cui\tC1\tpain\t", "a-5 has no text in ru; pair left out"),
        ("cui\tC1\t \tболь", "a-5 has no text in en; pair left out"),
        ("cui\tC1\tpain", "3 columns where 4 were due; row left out"),
        ("cui\tC1\tpain\tболь\tx", "5 columns where 4 were due; row left out"),
        ("cui\tC1\tpain\tбо\u200bль", "it holds U+200B, which cannot be seen; row left out"),
        ("cui\tC1\tpa\x07in\tболь", "it holds U+0007, which cannot be seen; row left out"),
        ("cui\tC1\tpa\u00adin\tболь", "it holds U+00AD, which cannot be seen; row left out"),
        ("cui\tC1\tpain\tб\ufffdль", "it holds U+FFFD, which cannot be seen; row left out"),
        ("cui\tC1\tAspirin\tАспирин", "stands in line 2 already; row left out"),
        (b"cui\tC1\tpain\t\xff", "bytes that are not UTF-8; line left out"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str | bytes, message: str) -> None:
    content = NAMES["a.tsv"].encode() + (row.encode() if isinstance(row, str) else row) + b"\ncui\tC2\tflu\t\xd1\x8f\n"
    found, faults = reading(names.read, tmp_path, {"a.tsv": content}, **EN_RU, concept="id")
    assert found == [*CLEAN, Pair("a-6", "flu", "я", concept="C2")]
    assert faults == [f"a.tsv:5: {message}"]


def test_a_no_break_space_can_be_seen(tmp_path: Path) -> None:
    found, faults = reading(names.read, tmp_path, {"a.tsv": "en\tru\nvitamin\u00a0C\tвитамин\u00a0C\n"}, **EN_RU)
    assert ([pair.source for pair in found], faults) == (["vitamin\u00a0C"], [])


@pytest.mark.parametrize("head", ["en\tde", "en\tru\tru", ""])
def test_a_table_of_other_columns(tmp_path: Path, head: str) -> None:
    found, faults = reading(names.read, tmp_path, {"a.tsv": f"{head}\na\tb\tc\n"}, **EN_RU)
    assert (found, faults) == ([], ["a.tsv:1: the columns en, ru were due, each once; file left out"])


def test_a_pair_may_stand_in_two_files(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a.tsv": "en\tru\npain\tболь\n", "b.tsv": "en\tru\npain\tболь\n"}
    found, faults = reading(names.read, tmp_path, files, **EN_RU)
    assert ([pair.id for pair in found], faults) == (["a-2", "b-2"], [])
