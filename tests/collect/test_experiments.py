"""Chapter 1's experiments: what they count, on small parts of the mini corpus and on documents of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chemxl import corpora
from chemxl.collect import embedders, experiments
from chemxl.collect.experiments import (
    AlignedPairs,
    Alignment,
    Gathering,
    Leakage,
    Lengths,
    Overlap,
    Sizes,
    TopicSearch,
    TwinSearch,
)
from chemxl.corpora import aligned, tmx
from chemxl.corpora.corpus import Corpus, translation_key, twin_key
from chemxl.corpora.texts import ParallelText, Texts, twin_sentences
from chemxl.documents import Document, words

ENGLISH, RUSSIAN = (Texts(name="mini", split="test", language=language) for language in ("en", "ru"))


def hashed(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors that know nothing but which text it is."""
    rows = [np.random.default_rng(abs(hash(text)) % 2**32).standard_normal(32) for text in texts]
    made = np.array(rows, dtype=np.float32).reshape(-1, 32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedder that knows every sentence pair of the mini test set, and is blind otherwise."""
    known = {pair.target: pair.source for pair in twin_sentences("test")}

    def embed(texts: Sequence[str]) -> np.ndarray:
        return hashed([known.get(text, text) for text in texts])

    monkeypatch.setattr(experiments, "embedder", lambda name: embed)


def test_twins_are_the_sentences_of_both_languages() -> None:
    found = twin_sentences("test")
    documents = {d.id: d for d in corpora.load("mini", split="test", language="en")}
    assert [pair.source for pair in found] == [line for d in documents.values() for line in d.text.splitlines()]
    assert all(pair.languages == ("en", "ru") and pair.target for pair in found)


def test_keys_of_translations_and_of_copies() -> None:
    assert (
        translation_key("a/abs-1~0002.en") == translation_key("a/abs-1~0002.ru") != translation_key("a/abs-1~0001.ru")
    )
    assert twin_key("abs-1~0002") == twin_key("abs-1.ru") == "abs-1"


def test_halves_of_a_parallel_text_share_nothing() -> None:
    whole, first, last = (
        [pair for block in ParallelText(name="mini", split="test", part=part, block=7).load() for pair in block]
        for part in ("all", "first half", "last half")
    )
    assert first + last == whole
    assert all(len(block) <= 7 for block in ParallelText(name="mini", split="test", block=7).load())


def test_an_embedder_that_knows_the_pairs_aligns_them_all(told: None) -> None:
    undamaged = Alignment(text=ParallelText(name="mini", split="test"), rate=0.0)
    assert undamaged.run().metrics["f1"] == 1.0
    damaged = Alignment(text=ParallelText(name="mini", split="test"), rate=0.3)
    assert damaged.run().metrics["f1"] < 1.0  # it has not seen the halves of a sentence
    scores = damaged.counts().scores()["micro"]
    assert scores.f1 == pytest.approx(damaged.run().metrics["f1"])
    assert 0 < scores.correct <= min(scores.predicted, scores.gold)


def test_the_damage_is_another_with_another_seed(told: None) -> None:
    text = ParallelText(name="mini", split="test")
    runs = [Alignment(text=text, rate=0.2, seed=seed).counts().values.tolist() for seed in (0, 1)]
    assert runs[0] != runs[1]


def test_a_twin_is_found_by_the_names_that_both_languages_share() -> None:
    run = TwinSearch(embedder="bm25", queries=ENGLISH, pool=RUSSIAN).run()
    assert run.metrics["documents"] == len(RUSSIAN.load())
    assert 0.5 < run.metrics["recall"] <= 1.0


def test_topics_are_counted_among_the_others() -> None:
    search = TopicSearch(embedder="bm25", topics=(RUSSIAN,), k=3)
    values = search.counts().values[:, 0]
    assert (values[:, 1] == 3).all() and values[:, 0].max() <= 3
    assert len(values) == len(RUSSIAN.load())


def test_leaks_are_counted_by_kind() -> None:
    train, test = Texts(name="mini", split="test", language="en"), Texts(name="mini", split="test")
    metrics = Leakage(train=train, test=test).run().metrics
    half = len(train.load())
    assert metrics == {"same id": half, "translation": half, "documents": 2 * half, "by text": half, "of": 2 * half}


def test_gathering_accounts_for_every_document(runs: Path) -> None:
    made = Gathering(
        sources=(Texts(name="mini", split="train", sentences=150), Texts(name="mini", split="test")),
        held_out=(Texts(name="mini", split="test", language="ru"),),
    )
    steps = made.run().metrics
    for language in ("en", "ru"):
        out = sum(
            steps.get(f"{language}: {why}", 0) for why in ("no term of the query", "near duplicate", "in a test set")
        )
        assert steps[f"{language}: came in"] == out + steps[f"{language}: kept"]
    assert steps["en: in a test set"] > 0  # the translation is held out
    kept = made.documents()
    test = {twin_key(document.id) for document in corpora.load("mini", split="test")}
    assert kept and not test & {twin_key(document.id) for document in kept}
    assert sum(len(document.words) for document in kept) == steps["en: words"] + steps["ru: words"]


def test_the_same_abstract_of_two_corpora_stays_once() -> None:
    test = Texts(name="mini", split="test", language="en")
    once, twice = Gathering(sources=(test,)), Gathering(sources=(test, test))
    assert [d.id for d in twice.documents()] == [d.id for d in once.documents()]
    assert twice.run().metrics["en: near duplicate"] == once.run().metrics["en: kept"]


def test_aligned_pairs_are_written_in_both_formats(told: None) -> None:
    made = AlignedPairs(gathering=Gathering(sources=(Texts(name="mini", split="test"),)), minimum=0.0)
    run = made.run()
    listed = aligned.read_tsv(run.folder / "pairs.tsv", corpora.Log(strict=True))
    assert len(listed) == run.metrics["sentence pairs"] > run.metrics["document pairs"] > 0
    memory = tmx.read([run.folder / "pairs.tmx"], corpora.Log(strict=True), languages=("en", "ru"))
    assert [(pair.source, pair.target) for pair in memory] == [(pair.source, pair.target) for pair in listed]


def test_words_of_mentions_are_counted_by_source_document() -> None:
    corpus = Corpus(name="mini", language="ru", types=("DRUG", "DISEASE"))
    value = Lengths(corpus=corpus)
    documents = corpus.load()
    mentions = [m for d in documents for m in d.mentions if m.type == "DISEASE"]
    counts = value.counts("DISEASE")
    assert len(counts) == len({d.origin for d in documents})
    assert counts[:, 1].sum() == len(mentions) > 0
    due = sum(len(words(d.surface(m))) for d in documents for m in d.mentions if m.type == "DISEASE")
    assert counts[:, 0].sum() == due
    assert value.run().metrics["words a DISEASE"] == pytest.approx(due / len(mentions))


def test_sizes_and_shared_pieces_are_numbers() -> None:
    corpus = Corpus(name="mini", split="test", language="en", types=("DRUG", "DISEASE"))
    metrics = Sizes(corpus=corpus).run().metrics
    assert metrics["documents"] == len(corpus.load())
    assert metrics["DRUG"] == sum(m.type == "DRUG" for d in corpus.load() for m in d.mentions)
    same = Overlap(first=corpus, second=corpus).run().metrics
    assert same["% of D1"] == same["% of D2"] == 100 and same["in both"] == same["unique in D1"] > 0


def test_a_memory_embeds_each_text_once() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return hashed(texts)

    remembered = embedders._Remembered(embed)
    first, second = remembered(["a", "b", "a"]), remembered(["b", "c"])
    assert asked == ["a", "b", "c"]
    np.testing.assert_array_equal(first, hashed(["a", "b", "a"]))
    np.testing.assert_array_equal(second, hashed(["b", "c"]))


def test_domains_are_the_topics() -> None:
    assert len({document.domain for document in RUSSIAN.load()}) == 4
    assert all(isinstance(document, Document) for document in RUSSIAN.load())
