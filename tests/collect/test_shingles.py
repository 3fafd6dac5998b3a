"""Near duplicates and contained texts, against all pairs compared one by one."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.collect.shingles import SharedShingles, Shingling, contained, copies
from chemxl.errors import ChemxlError

SHORT = Shingling(size=2, shortest=1)
WORDS = ["alpha", "beta", "gamma", "delta", "2", "4"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def passage(seed: int, length: int = 120) -> list[str]:
    rng = random.Random(seed)
    return [rng.choice("bcdfgklmnprst") + rng.choice("aeiou") + str(rng.randrange(90)) for _ in range(length)]


@given(st.lists(TEXT, max_size=6), st.lists(TEXT, max_size=6), st.sampled_from([0.3, 0.8, 1.0]))
def test_the_join_is_that_of_all_pairs(left: list[str], right: list[str], threshold: float) -> None:
    expected = []
    for (i, a), (j, b) in product(enumerate(map(SHORT.shingles, left)), enumerate(map(SHORT.shingles, right))):
        if a and b and len(a & b) / min(len(a), len(b)) >= threshold:
            expected.append(SharedShingles(i, j, len(a & b) / len(a | b), len(a & b) / min(len(a), len(b))))
    assert contained(left, right, threshold=threshold, shingling=SHORT) == expected


def test_case_signs_and_soft_hyphens_do_not_hide_a_duplicate() -> None:
    words = passage(0, 30)
    typeset = ", ".join(word.upper() for word in words).replace("1", "\u00ad1")
    assert contained([" ".join(words)], [typeset]) == [SharedShingles(0, 0, 1.0, 1.0)]


def test_a_sentence_in_an_abstract_is_contained() -> None:
    words = passage(0)
    whole, sentence = " ".join(words), " ".join(words[40:60])
    assert copies([whole], [sentence], containment=1.0) == contained([whole], [sentence])
    (match,) = contained([whole], [sentence])
    assert match.containment == 1.0 and match.jaccard < 0.2


def test_texts_too_short_to_tell_are_left_out() -> None:
    short, enough = "no side effects were seen here today", "no side effects were seen here today at all"
    assert contained([short], [short]) == []
    assert len(contained([enough], [enough])) == 1
    assert contained([""], [""]) == contained([], []) == []


def test_characters_serve_scripts_without_spaces() -> None:
    text = "ยานี้ใช้รักษาอาการปวดศีรษะ"
    by_character = Shingling(size=5, unit="character")
    assert contained([text], [f"ผลวิจัยว่า{text}ได้ดี"], shingling=by_character)[0].containment == 1.0
    assert contained([text], [f"ผลวิจัยว่า{text}ได้ดี"]) == []


def test_wrong_settings_are_refused() -> None:
    for threshold in (0.0, 1.5):
        with pytest.raises(ChemxlError, match=r"not in \(0, 1\]"):
            contained(["a"], ["a"], threshold=threshold)
