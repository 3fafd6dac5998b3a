"""A lexicon as a value: what is left out, held out and permuted, and what bad lines say."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl import corpora
from chemxl.corpora.faults import Log
from chemxl.corpora.matcher import folded
from chemxl.corpora.names import read
from chemxl.documents import Pair
from chemxl.errors import CorpusError
from chemxl.knowledge import lexicon
from chemxl.knowledge.lexicon import Lexicon, plain

MINI = Lexicon(language="ru", sources=("mini",), held_out=0.2)


def test_no_held_out_name_is_taught_in_either_language() -> None:
    taught, tested = MINI.taught(), MINI.tested(most=1000)
    assert 60 < len(tested) < 110 and len(taught) > 250
    sides = {folded(name) for pair in taught for name in (pair.source, pair.target)}
    assert not sides & {folded(name) for pair in tested for name in (pair.source, pair.target)}
    assert MINI.tested(most=7) == tested[:7]


def test_another_lexicon_holds_out_the_same_english_names() -> None:
    other = Lexicon(language="zh", sources=("names-hpo",), held_out=0.2)
    names = [pair.source for pair in MINI.pairs()]
    assert [MINI.hides(name) for name in names] == [other.hides(name.upper()) for name in names]


def test_a_wrong_dictionary_is_permuted_within_its_types() -> None:
    wrong = MINI.model_copy(update={"wrong": True}).taught()
    right = {(pair.source, pair.target) for pair in MINI.taught()}
    assert wrong and not right & {(pair.source, pair.target) for pair in wrong}
    types = {pair.target: pair.domain for pair in MINI.taught()}
    assert all(types[pair.target] == pair.domain for pair in wrong)
    once = {pair.target for pair in wrong}
    assert len(once) == len(wrong), "every translation is still somebody's"
    assert MINI.model_copy(update={"wrong": True}).tested(most=50) == MINI.tested(most=50)


def test_held_out_names_do_not_hang_on_the_split_of_the_shipped_names() -> None:
    assert 0.15 < sum(MINI.hides(pair.source) for pair in MINI.pairs()) / len(MINI.pairs()) < 0.25


def test_cells_of_several_names_short_names_and_general_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        Pair("1", "Caffeine", "药咖啡因；茶精", ("en", "zh")),
        Pair("2", "day", "日子", ("en", "zh")),
        Pair("3", "Iron", "铁", ("en", "zh")),
        Pair("4", "PCR", "pcr", ("en", "zh")),
        Pair("5", "Caffeine ", "茶精", ("en", "zh")),
    ]
    monkeypatch.setattr(lexicon.corpora, "pairs", lambda *a, **k: rows)
    made = lexicon._pairs(("x",), "zh", "a test's own")
    assert [(pair.source, pair.target) for pair in made] == [("caffeine", "药咖啡因"), ("caffeine", "茶精")]


@pytest.mark.parametrize(
    ("title", "inside"),
    [("Тошнота", "тошнота"), ("AIDS", "AIDS"), ("pH", "pH"), ("Crohn Disease", "Crohn Disease"), ("顺铂", "顺铂")],
)
def test_a_title_loses_its_capital(title: str, inside: str) -> None:
    assert plain(f" {title}") == inside


def test_bad_lines_are_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "names.tsv"
    path.write_text("en\tru\naspirin\tаспирин\nibuprofen\t\nla\u200bsix\tлазикс\nASPIRIN\tаспирин\n", "utf-8")
    log = Log()
    assert [pair.source for pair in read([path], log, languages=("en", "ru"))] == ["aspirin"]
    assert [(fault.path.name, fault.line) for fault in log.faults] == [("names.tsv", n) for n in (3, 4, 5)]
    assert ["no text in ru" in str(log.faults[0]), "U+200B" in str(log.faults[1])] == [True, True]
    assert "stands in line 2 already" in str(log.faults[2])
    with pytest.raises(CorpusError, match=r"names.tsv.*3"):
        read([path], Log(strict=True), languages=("en", "ru"))


def test_real_lexicons_can_be_found_in_real_text(real: object) -> None:
    name = "names-inn"
    if not corpora.available(name):
        pytest.skip("the lexicons are not on this machine: set CHEMXL_DATA")
    given = Lexicon(language="ru", sources=(name,))
    assert len(given.pairs()) > 9000 and 0.08 < len(given.tested(most=9999)) / len(given.pairs()) < 0.12
