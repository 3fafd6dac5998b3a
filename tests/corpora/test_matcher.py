"""Names are found whole, the longest first, at the right code points, in three scripts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.corpora.matcher import Matcher, folded, lemma


def found(names: list[str], text: str, *, lemmas: bool = False) -> list[str]:
    return [text[start:end] for start, end, _ in Matcher(names, lemmas=lemmas).find(text)]


def test_words_are_found_whole_and_whatever_the_case() -> None:
    assert found(["боль"], "Больной жалуется: БОЛЬ, зубная боль; болью") == ["БОЛЬ", "боль"]
    assert found(["pain", "aspirin"], "Painful? Pain (Aspirin-induced), aspirins.") == ["Pain", "Aspirin"]
    assert found(["B12", "β-carotene"], "B12 B123 Β-Carotene vitaminB12") == ["B12", "Β-Carotene"]


def test_chinese_needs_no_blank_and_latin_beside_it_is_a_word() -> None:
    assert found(["顺铂", "aspirin", "高血压"], "用顺铂和aspirin治疗高血压。") == ["顺铂", "aspirin", "高血压"]
    assert found(["aspirin"], "用aspirins") == []


def test_of_names_that_overlap_the_longer_stays() -> None:
    names = ["renal", "renal failure", "acute renal", "failure to thrive"]
    assert found(names, "acute renal failure to thrive") == ["acute renal", "failure to thrive"]
    assert found(names, "renal failure, renal") == ["renal failure", "renal"]
    assert found(["ab c", "c de"], "ab c de") == ["ab c"], "of two equally long ones the first"


def test_a_longer_name_that_is_no_whole_word_hides_no_shorter_one() -> None:
    """Leftmost-longest matching alone would lose it."""
    assert found(["острая боль", "острая больной", "боль"], "острая больная боль") == ["боль"]


def test_all_capitals_are_a_name_only_as_they_are_written() -> None:
    assert found(["ALL", "AIDS"], "all patients with ALL; it aids AIDS") == ["ALL", "AIDS"]
    assert found(["ALL", "all"], "all ALL") == ["all", "ALL"]


def test_russian_names_are_found_in_every_case() -> None:
    text = "Больному с почечной недостаточностью и ОСТРОЙ болью дали метформин."
    names = ["почечная недостаточность", "острая боль", "метформин", "боль"]
    assert found(names, text, lemmas=True) == ["почечной недостаточностью", "ОСТРОЙ болью", "метформин"]
    assert found(["мёд"], "мёдом и медом", lemmas=True) == ["мёдом", "медом"]
    assert lemma("недостаточностью") == "недостаточность"


def test_dashes_and_blanks_are_alike_and_folding_keeps_the_length() -> None:
    assert found(["COX-2 inhibitor"], "a COX–2\u00a0inhibitor") == ["COX–2\u00a0inhibitor"]
    assert folded("İЁ ß") == "İе ß" and len(folded("İstanbul")) == 8


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(st.text("аб c1-顺", min_size=1, max_size=4), min_size=1, max_size=8),
    text=st.text("аБбc C1-顺 ", max_size=40),
)
@pytest.mark.parametrize("lemmas", [False, True])
def test_what_is_found_is_a_name_and_overlaps_nothing(names: list[str], text: str, *, lemmas: bool) -> None:
    matcher = Matcher(names, lemmas=lemmas)
    matches = matcher.find(text)
    end = 0
    for match in matches:
        assert match.start >= end and match.end <= len(text)
        assert matcher.key(text[match.start : match.end]) == match.key
        end = match.end
    shuffled = Matcher(names[::-1], lemmas=lemmas).find(text)
    assert shuffled == matches, "the order of the names changes nothing"
