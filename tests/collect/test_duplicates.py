"""Leaks: every kind on texts of our own, and those that are known in the real corpora."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest

from chemxl import corpora
from chemxl.collect.duplicates import Leak, leaks, translations
from chemxl.documents import Document

Real = Callable[[str], str]

LONG = "The new inhibitor lowered the activity of the enzyme in rat liver by a third within two hours of a single dose"
RUSSIAN = "Новый ингибитор за два часа снизил активность фермента в печени крыс на треть после однократного введения"


def test_each_kind_is_told() -> None:
    train = [
        Document("1_en", LONG, language="en"),
        Document("2_en", "Something else altogether, of no length", language="en"),
        Document("3_ru", RUSSIAN, language="ru"),
        Document(
            "4_en", f"Preface. {LONG}. And {RUSSIAN} follows, and what else there is to say of it.", language="en"
        ),
    ]
    test = [
        Document("1_en", LONG, language="en"),
        Document("2_ru", "Нечто совсем иное", language="ru"),
        Document("9_ru", f"{RUSSIAN} мышам", language="ru"),
    ]
    found = leaks(train, test)
    assert [(leak.left, leak.right, leak.kind) for leak in found] == [
        ("1_en", "1_en", "same id"),
        ("2_en", "2_ru", "translation"),
        ("3_ru", "9_ru", "near duplicate"),
        ("4_en", "1_en", "contained"),
        ("4_en", "9_ru", "contained"),
    ]
    similarity = {(leak.left, leak.right): leak.similarity for leak in found}
    assert similarity["1_en", "1_en"] == similarity["4_en", "1_en"] == 1.0
    assert similarity["2_en", "2_ru"] is None
    assert 0.9 < (similarity["3_ru", "9_ru"] or 0) < 1


def test_without_a_key_text_alone_decides() -> None:
    one, other = Document("train-1", LONG, language="en"), Document("train-1", RUSSIAN, language="en")
    assert leaks([one], [other], key=None) == []
    (leak,) = leaks([one], [other])
    assert (leak.kind, leak.similarity) == ("same id", 0.0), "a key that means nothing shows in the similarity"
    assert leaks([one], [other], key=lambda id: "") == []
    assert [leak.kind for leak in leaks([one], [one], key=None)] == ["near duplicate"]


TOPICS = ["heart", "liver", "lung", "brain"]


def by_topic(texts: Sequence[str]) -> np.ndarray:
    """A fake encoder that knows topics; the last topic's texts are like everything."""
    table = np.vstack([np.eye(4)[:3], np.full(4, 0.5)])
    return np.array([table[int(text.split()[0])] for text in texts], dtype=np.float32)


def test_translations_are_mutual_and_stand_out() -> None:
    english = [Document(f"e{i}", f"{i} in English", language="en") for i in (0, 1, 3)]
    russian = [Document(f"r{i}", f"{i} по-русски", language="ru") for i in (1, 2, 0, 3)]
    found = translations(english, russian, embed=by_topic, neighbours=3)
    assert [(english[i].id, russian[j].id) for i, j, _ in found] == [("e0", "r0"), ("e1", "r1"), ("e3", "r3")]
    assert [cosine for _, _, cosine in found] == pytest.approx([1, 1, 1])
    assert translations(english, russian, embed=by_topic, neighbours=3, margin=3.0) == []
    assert translations(english, english, embed=by_topic) == [], "one language has no translations"
    dense = leaks(english, russian, key=None, embed=by_topic)
    assert [(leak.left, leak.right, leak.kind) for leak in dense][:2] == [
        ("e0", "r0", "translation"),
        ("e1", "r1", "translation"),
    ]


@cache
def load(name: str, split: str, language: str | None = None) -> list[Document]:
    return corpora.load(name, split=split, language=language, faults=[])


def test_bionne_r_twins(real: Real) -> None:
    found = leaks(load(real("bionne-r"), "train"), load("bionne-r", "dev"))
    twins = [leak for leak in found if leak.kind == "translation"]
    assert len(twins) == len({leak.right for leak in twins}) == 45
    assert Counter(leak.right[-3:] for leak in twins) == {"_ru": 22, "_en": 23}
    # Not among the known ones: a Russian abstract that is in train and in dev.
    assert [leak for leak in found if leak.kind != "translation"] == [
        Leak("27030325_ru", "27030325_ru", "same id", 1.0)
    ]
    assert leaks(load("bionne-r", "train"), load("bionne-r", "test")) == []


@pytest.mark.parametrize(("split", "count"), [("train", 71), ("dev", 6), ("test", 0)])
def test_nerel_bio_in_bionne_r(real: Real, split: str, count: int) -> None:
    train, test = load(real("bionne-r"), split, "ru"), load(real("nerel-bio"), "test")
    by_id, by_text = leaks(train, test), leaks(train, test, key=None)
    assert len(by_id) == len(by_text) == count
    assert {(leak.left, leak.right) for leak in by_id} == {(leak.left, leak.right) for leak in by_text}


@pytest.mark.parametrize(("split", "count"), [("train", 324), ("dev", 184), ("test", 235)])
def test_drugprot_in_chemprot(real: Real, split: str, count: int) -> None:
    train, test = load(real("chemprot"), split), load(real("drugprot"), "dev")
    by_id, by_text = leaks(train, test), leaks(train, test, key=None)
    assert len(by_id) == len(by_text) == count
    assert {leak.similarity for leak in by_text} == {1.0}


def test_ruccon_test_records_that_are_copies_of_training_records(real: Real) -> None:
    found = leaks(load(real("ruccon"), "train"), load("ruccon", "test"))
    assert [(leak.left, leak.right, leak.kind) for leak in found] == [
        ("main/1/10", "test/3", "near duplicate"),
        ("main/3/33", "test/7", "near duplicate"),
    ]


def test_ids_tell_nothing_of_sentences_of_adverse_effects(real: Real) -> None:
    abstracts = [document for split in ("train", "dev", "test") for document in load(real("bc5cdr"), split)]
    sentences = load(real("kbioxlm-ade"), "train", "en")
    found = leaks(abstracts, sentences, key=None)
    assert len(found) > 40 and {leak.kind for leak in found} <= {"contained", "near duplicate"}
