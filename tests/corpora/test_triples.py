"""Facts: names of both ends in two languages, what a fact rests on, and rows that are left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import triples
from chemxl.corpora.paired import Fact
from tests.corpora.reading import reading
from tests.corpora.samples import EN_RU, TRIPLES

BY = ("medi", "sider"), (("inn",), ("cui", "hand"))
ASPIRIN = Fact("a-2", "treats", ("aspirin", "pain"), ("аспирин", "боль"), ("en", "ru"), *BY)


def test_facts_of_one_language(tmp_path: Path) -> None:
    (first, second), faults = reading(triples.read, tmp_path, TRIPLES, **EN_RU)
    assert (first, second.source, second.target, faults) == (ASPIRIN, ("flu", "infection"), ("грипп", "инфекция"), [])
    chinese, faults = reading(triples.read, tmp_path, TRIPLES, languages=("en", "zh"))
    assert [(fact.id, fact.target, fact.languages) for fact in chinese] == [
        ("a-3", ("流感", "感染"), ("en", "zh")),
        ("a-4", ("发热", "体征"), ("en", "zh")),
    ]
    assert faults == []


def test_a_fact_needs_what_it_or_a_name_of_it_has_alone() -> None:
    assert ASPIRIN.needs("inn")
    assert not any(map(ASPIRIN.needs, ("medi", "sider", "cui", "hand", "hpo", "in")))
    assert Fact("x", "is a", ("a", "b"), ("а", "б"), ("en", "ru"), ("hpo",), (("inn",), ("inn",))).needs("hpo")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("flu\tis a\tinfection\thpo\tгрипп\tинфекция\thpo\thpo", "stands in line 3 already; fact left out"),
        ("flu\tis a\tsign\thpo\tгрипп\t\thpo\thpo", "nothing stands under tail_ru; fact left out"),
        ("flu\t\tsign\thpo\tгрипп\tзнак\t\thpo", "nothing stands under relation, head_ru_source; fact left out"),
        ("flu\tis a\tsign\thpo\tгри\u200dпп\tзнак\thpo\thpo", "it holds U+200D, which cannot be seen; fact left out"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str, message: str) -> None:
    content = f"{TRIPLES['a.tsv']}{row}\t\t\t\t\nflu\tis a\tdisease\thpo\tгрипп\tболезнь\thpo\thpo\t\t\t\t\n"
    found, faults = reading(triples.read, tmp_path, {"a.tsv": content}, **EN_RU)
    assert ([fact.id for fact in found], faults) == (["a-2", "a-3", "a-6"], [f"a.tsv:5: {message}"])


def test_a_table_without_that_language(tmp_path: Path) -> None:
    found, (fault,) = reading(triples.read, tmp_path, TRIPLES, languages=("en", "es"))
    assert found == [] and fault.startswith("a.tsv:1: the columns head, relation, tail, source, head_es, tail_es,")
