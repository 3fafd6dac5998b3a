"""BioNNE-L: the lexicon of shared ids, and what is said of a row that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import concepts
from chemxl.documents import Pair
from tests.corpora.reading import reading
from tests.corpora.samples import CONCEPTS, EN_RU

EXPECTED = [Pair("C0004057", "aspirin", "аспирин"), Pair("C0030193", "pain", "боль")]


def test_pairs(tmp_path: Path) -> None:
    assert reading(concepts.read, tmp_path, CONCEPTS, **EN_RU) == (EXPECTED, [])
    assert reading(concepts.read, tmp_path, CONCEPTS, type="CHEM", **EN_RU) == (EXPECTED[:1], [])


def test_the_commonest_name_is_taken_and_then_the_shortest(tmp_path: Path) -> None:
    names = ["болями", "болей", "боли", "боли", "болей"]
    rows = "".join(f"{i}_ru\t{name}\tDISO\t0-4\tC0030193\n" for i, name in enumerate(names))
    files = {"en.tsv": CONCEPTS["en.tsv"], "ru.tsv": rows}
    assert reading(concepts.read, tmp_path, files, **EN_RU) == ([Pair("C0030193", "pain", "боли")], [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2_en\tpain\tDISO\t0-4", "4 columns where 5 were due; row left out"),
        ("2_en\tpain\tDISO\t0-4\tC003019", "'C003019' is not an id of UMLS (C and 7 digits); row left out"),
        ("2_de\tSalz\tDISO\t0-4\tC0030193", "the document '2_de' names neither en nor ru; row left out"),
        ("2_en\t \tDISO\t0-4\tC0030193", "an empty mention; row left out"),
    ],
)
def test_a_wrong_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str, message: str) -> None:
    files = CONCEPTS | {"en.tsv": CONCEPTS["en.tsv"] + row + "\n"}
    assert reading(concepts.read, tmp_path, files, **EN_RU) == (EXPECTED, [f"en.tsv:4: {message}"])
