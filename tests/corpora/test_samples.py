"""Sentences with their mentions, and samples that are parts of one another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.corpora import samples
from chemxl.corpora.corpus import Corpus, twin_key
from chemxl.corpora.samples import ALL, HeldOut, Labelled, Sample, split
from chemxl.documents import Document, Label, Mention, Relation
from chemxl.experiments.experiment import Value

DISEASE = ("DISEASE",)
TEXT = "Aspirin helps. It was given with Heparin.\n\nNo pain."


def test_sentences_keep_their_mentions() -> None:
    document = Document(
        "7.en",
        TEXT,
        (Mention.of("CHEM", 0, 7, id="T1"), Mention.of("CHEM", 33, 40, id="T2")),
        (Relation("with", "T1", "T2"), Relation("is", "T2", "T2", id="R2")),
        "en",
    )
    parts = split(document)
    assert [part.text for part in parts] == ["Aspirin helps.", "It was given with Heparin.", "No pain."]
    assert [[part.surface(m) for m in part.mentions] for part in parts] == [["Aspirin"], ["Heparin"], []]
    assert [part.relations for part in parts] == [(), document.relations[1:], ()], "both ends lie in the sentence"
    assert {twin_key(part.id) for part in parts} == {twin_key("7.ru")}
    assert len({part.id for part in parts}) == 3
    assert {part.origin for part in parts} == {document.origin} == {"7.en"}
    whole = replace(document, labels=(Label("pain"),), source="7")
    assert {(part.origin, part.labels) for part in split(whole)} == {("7", ())}


@given(st.integers(0, len(TEXT) - 1), st.integers(1, len(TEXT)))
def test_no_mention_is_lost(start: int, length: int) -> None:
    """A mention over a border keeps its sentences together."""
    end = min(len(TEXT), start + length)
    if not TEXT[start:end].strip() or TEXT[start:end] != TEXT[start:end].strip():
        return
    document = Document("1", TEXT, (Mention.of("X", start, end),), language="en")
    found = [part.surface(m) for part in split(document) for m in part.mentions]
    assert found == [TEXT[start:end]]


def test_larger_samples_hold_the_smaller_ones() -> None:
    def drawn(most: int, draw: int) -> list[str]:
        return [d.id for d in Sample(name="mini", language="ru", most=most, draw=draw).load()]

    assert drawn(30, 0)[:10] == drawn(10, 0)
    assert drawn(10, 1) != drawn(10, 0)
    assert len(drawn(10, 0)) == 10
    every = drawn(100_000, 0)
    assert len(every) == len(set(every)) > 100
    assert sorted(every) == sorted(drawn(100_000, 1))


def test_a_sample_is_a_value_of_its_own() -> None:
    sample = Sample(name="mini", language="ru", most=5, draw=3)
    assert Value.from_config(sample.config()) == sample
    assert sample != Sample(name="mini", language="ru", most=5, draw=4) != Corpus(name="mini", language="ru")


def test_what_is_held_out_is_in_no_sample() -> None:
    test = Corpus(name="mini", split="train", language="en")
    assert Sample(name="mini", language="ru", most=100, without=(test,)).load() == []


def test_a_sentence_of_a_held_out_document_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents differ, and one sentence stands in both."""
    texts = {"train": "No pain. Aspirin helps.", "test": "Heparin was given. No pain."}

    def load(corpus: Corpus) -> list[Document]:
        return [Document(corpus.split, texts[corpus.split], language="en")]

    monkeypatch.setattr(Corpus, "load", load)
    monkeypatch.setattr(samples, "_sentences", samples._sentences.__wrapped__)  # nothing of this is remembered
    sample = Sample(name="mini", most=5, without=(Corpus(name="mini", split="test"),))
    assert [sentence.text for sentence in sample.load()] == ["Aspirin helps."]


def test_a_part_of_the_documents_is_held_out_and_the_rest_is_learnt_from() -> None:
    test = HeldOut(name="mini", language="ru", types=DISEASE, share=0.3)
    documents = Corpus(name="mini", language="ru", types=DISEASE).load()
    assert len(test.whole()) == round(0.3 * len(documents))
    assert test.whole() != test.model_copy(update={"draw": 1}).whole()
    assert sum(len(d.mentions) for d in test.whole()) == sum(len(s.mentions) for s in test.load())
    learnt = Labelled(name="mini", language="ru", types=DISEASE, without=(test,), most=ALL).load()
    keys = {twin_key(sentence.id) for sentence in learnt}
    assert keys.isdisjoint(twin_key(d.id) for d in test.whole())
    assert len(keys) + len(test.whole()) == len(documents)
    english = Labelled(name="mini", language="en", types=DISEASE, without=(test,), most=ALL).load()
    assert {twin_key(sentence.id) for sentence in english} == keys  # translations are gone, too


def test_the_sentences_that_are_scored_come_from_all_documents() -> None:
    whole = HeldOut(name="mini", split="test", language="ru", types=DISEASE)
    drawn = whole.model_copy(update={"most": 40})
    ids = [sentence.id for sentence in drawn.load()]
    order = [sentence.id for sentence in whole.load()]
    assert len(ids) == 40 < len(order) and ids == [name for name in order if name in set(ids)]
    assert len({name.rpartition("~")[0] for name in ids}) > len(whole.whole()) / 2
    assert drawn.whole() == whole.whole()  # what is left out of training is the same
    assert drawn.model_copy(update={"draw": 1}).load() != drawn.load()


def test_one_kind_of_text_is_drawn_and_samples_are_nested() -> None:
    test = HeldOut(name="mini", split="test", language="ru", types=DISEASE, domain="notes")
    train = Labelled(name="mini", language="ru", types=DISEASE, domain="notes", without=(test,), most=12)

    def ids(most: int) -> list[str]:
        return [sentence.id for sentence in train.model_copy(update={"most": most}).load()]

    assert {sentence.domain for sentence in train.load()} == {"notes"} == {s.domain for s in test.load()}
    assert ids(12)[:5] == ids(5) and len(ids(ALL)) > 50
