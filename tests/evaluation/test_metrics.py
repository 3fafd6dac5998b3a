"""Scores against the libraries and the formulas that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from sklearn.metrics import f1_score

from chemxl.documents import Document, Label, Mention, Relation
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.evaluation.significance import compare, estimate

TYPES = ("CHEM", "DISEASE", "GENE")


@st.composite
def mentions(draw: st.DrawFn) -> Mention:
    start = draw(st.integers(0, 12))
    return Mention.of(draw(st.sampled_from(TYPES)), start, start + draw(st.integers(1, 4)))


@st.composite
def split_mentions(draw: st.DrawFn) -> Mention:
    """Of one fragment or two."""
    first = draw(mentions())
    if draw(st.booleans()):
        return first
    start = first.end + draw(st.integers(1, 3))
    return Mention(first.type, (*first.fragments, (start, start + draw(st.integers(1, 4)))))


def pages(of: st.SearchStrategy[Mention]) -> st.SearchStrategy[tuple[list[list[Mention]], list[list[Mention]]]]:
    return st.integers(1, 4).flatmap(
        lambda n: st.tuples(*[st.lists(st.lists(of, max_size=5), min_size=n, max_size=n)] * 2)
    )


PAGES, SPLIT_PAGES = pages(mentions()), pages(split_mentions())


@given(PAGES)
def test_counts_equal_the_set_formula(pages: tuple[list[list[Mention]], list[list[Mention]]]) -> None:
    gold, predicted = pages
    wanted, given_ = (
        {(i, m.type, m.start, m.end) for i, page in enumerate(side) for m in page} for side in (gold, predicted)
    )
    scores = metrics.count(gold, predicted).scores()
    assert scores[metrics.MICRO] == metrics.Score(len(wanted & given_), len(given_), len(wanted))
    for type_ in TYPES:
        a, b = ({key for key in side if key[1] == type_} for side in (wanted, given_))
        assert scores.get(type_, metrics.Score(0, 0, 0)) == metrics.Score(len(a & b), len(b), len(a))


def apart(page: Sequence[Mention]) -> list[Mention]:
    """Without overlaps: nervaluate pairs every prediction with one gold mention."""
    kept: list[Mention] = []
    for mention in sorted(page, key=lambda m: m.start):
        if not kept or kept[-1].end <= mention.start:
            kept.append(mention)
    return kept


@settings(max_examples=40)
@given(PAGES)
def test_counts_equal_nervaluate_strict(pages: tuple[list[list[Mention]], list[list[Mention]]]) -> None:
    gold, predicted = ([apart(page) for page in side] for side in pages)
    plain = [
        [[{"label": m.type, "start": m.start, "end": m.end - 1} for m in page] for page in side]
        for side in (gold, predicted)
    ]
    theirs = Evaluator(*plain, tags=list(TYPES), loader="dict").evaluate()["overall"]["strict"]
    ours = metrics.count(gold, predicted).scores()[metrics.MICRO]
    assert (ours.correct, ours.predicted, ours.gold) == (theirs.correct, theirs.actual, theirs.possible)
    assert ours.f1 == pytest.approx(theirs.f1)


def test_discontinuous_mentions_count_by_all_their_fragments() -> None:
    whole, split = Mention("CHEM", ((0, 3), (5, 8))), Mention.of("CHEM", 0, 8)
    assert metrics.count([[whole]], [[split]]).scores()[metrics.MICRO].correct == 0
    assert metrics.count([[whole]], [[whole]]).scores()[metrics.MICRO].f1 == 1


def test_counts_refuse_other_documents() -> None:
    with pytest.raises(ChemxlError, match="score the same documents"):
        metrics.count([[]], [[], []])
    with pytest.raises(ChemxlError, match="score the same documents"):
        metrics.count([[]], [[]], sources=["a", "b"])


@given(PAGES, st.data())
def test_counts_are_summed_over_the_texts_of_a_source(
    pages: tuple[list[list[Mention]], list[list[Mention]]], data: st.DataObject
) -> None:
    sources = [data.draw(st.sampled_from("ab")) for _ in pages[0]]
    apart, found = metrics.count(*pages), metrics.count(*pages, sources=sources)
    assert found.scores() == apart.scores() and len(found.values) == len(set(sources))
    for row, source in zip(found.values, dict.fromkeys(sources), strict=True):
        assert (row == apart.values[[s == source for s in sources]].sum(axis=0)).all()


# --- relations and labels

ENTITIES = (Mention.of("CHEM", 0, 2, id="T1"), Mention.of("GENE", 3, 5, id="T2"), Mention.of("CHEM", 6, 8, id="T3"))
RELATIONS = st.lists(
    st.builds(Relation, st.sampled_from(["treats", "causes"]), *[st.sampled_from(["T1", "T2", "T3"])] * 2), max_size=4
)
TEXTS = st.lists(RELATIONS, min_size=1, max_size=3).map(
    lambda found: [Document(f"d{i}", "aa bb cc", ENTITIES, tuple(relations)) for i, relations in enumerate(found)]
)


@given(TEXTS, st.data())
def test_relations_equal_the_set_formula(gold: list[Document], data: st.DataObject) -> None:
    predicted = [replace(document, relations=tuple(data.draw(RELATIONS))) for document in gold]
    wanted, given_ = ({(d.id, r.type, r.head, r.tail) for d in side for r in d.relations} for side in (gold, predicted))
    score = metrics.count_relations(gold, predicted).scores()[metrics.MICRO]
    assert score == metrics.Score(len(wanted & given_), len(given_), len(wanted))


def test_a_relation_is_right_where_its_mentions_are() -> None:
    """Under other ids they are the same; with another span, type or direction they are not."""
    gold = [Document("d", "aa bb cc", ENTITIES, (Relation("treats", "T1", "T2"),))]

    def right(mentions: Sequence[Mention], head: str = "1", tail: str = "2", type: str = "treats") -> int:
        found = Document("d", "aa bb cc", tuple(mentions), (Relation(type, head, tail, score=0.7),))
        return metrics.count_relations(gold, [found]).scores()[metrics.MICRO].correct

    ends = [Mention.of("CHEM", 0, 2, id="1"), Mention.of("GENE", 3, 5, id="2")]
    assert right(ends) == 1
    assert right(ends, "2", "1") == right(ends, type="causes") == 0
    assert right([Mention.of("CHEM", 0, 1, id="1"), ends[1]]) == right([Mention.of("DRUG", 0, 2, id="1"), ends[1]]) == 0


def test_relations_of_sentences_are_summed() -> None:
    parts = [Document(f"d~{i}", "aa bb cc", ENTITIES, (Relation("treats", "T1", "T2"),), source="d") for i in (1, 2)]
    assert metrics.count_relations(parts, parts).values.tolist() == [[[2, 2, 2]]]


LABELS = st.lists(st.sets(st.sampled_from(TYPES)).map(lambda names: [Label(name) for name in names]), min_size=1)


@settings(deadline=None)
@given(LABELS, st.data())
def test_labels_equal_scikit_learn(gold: list[list[Label]], data: st.DataObject) -> None:
    predicted = data.draw(st.lists(LABELS.map(lambda found: found[0]), min_size=len(gold), max_size=len(gold)))
    counts = metrics.count_labels(gold, predicted)
    rows = [[[Label(name) in labels for name in TYPES] for labels in side] for side in (gold, predicted)]
    score = counts.scores()[metrics.MICRO].f1
    if not counts.types:
        assert score == metrics.macro_f1(counts.values.sum(axis=0)) == 0
        return
    assert score == pytest.approx(f1_score(*map(np.array, rows), average="micro", zero_division=0))
    macro = float(metrics.macro_f1(counts.table(counts.types).sum(axis=0)))
    assert macro == pytest.approx(f1_score(*map(np.array, rows), average="macro", zero_division=np.nan))
    assert metrics.macro_f1(counts.table([*counts.types, "none"]).sum(axis=0)) == pytest.approx(macro)


def test_one_label_a_document_has_the_accuracy_as_its_micro_f1() -> None:
    gold, found = ([[Label(name)] for name in names] for names in ("abca", "abbb"))
    score = metrics.count_labels(gold, found, sources=["x", "x", "y", "y"])
    assert score.scores()[metrics.MICRO].f1 == 0.5 and len(score.values) == 2


def test_macro_f1_has_an_interval_by_the_one_rule() -> None:
    right = np.random.default_rng(0).binomial(4, [0.9, 0.5], size=(3, 40, 2))  # (S, D, T)
    columns = list(np.stack([right, np.full_like(right, 4), np.full_like(right, 4)], axis=-1))
    value, low, high = estimate(columns, score=metrics.macro_f1)
    each = [estimate([column[:, t] for column in columns])[0] for t in (0, 1)]
    assert value == pytest.approx(np.mean(each)) and low < value < high
    [same] = compare([(columns, [column[:, ::-1] for column in columns])], score=metrics.macro_f1)
    assert same.difference == pytest.approx(0) and same.p == 1


@given(SPLIT_PAGES)
def test_every_mention_is_in_one_error_class(pages: tuple[list[list[Mention]], list[list[Mention]]]) -> None:
    tally, score = metrics.errors(*pages), metrics.count(*pages).scores()[metrics.MICRO]
    assert tuple(tally) == metrics.ERROR_CLASSES
    paired = sum(n for name, n in tally.items() if name not in ("missed", "spurious"))
    assert paired + tally["missed"] == score.gold and paired + tally["spurious"] == score.predicted
    assert tally["correct"] == score.correct
    mirrored = metrics.errors(*pages[::-1])
    assert mirrored["missed"] + mirrored["spurious"] == tally["missed"] + tally["spurious"]


@given(SPLIT_PAGES)
def test_what_is_missed_touches_nothing_spurious(pages: tuple[list[list[Mention]], list[list[Mention]]]) -> None:
    """Alone, a gold mention and a prediction make a pair wherever they have a character in common."""
    for wanted, given_ in zip(*pages, strict=True):
        for a, b in product(wanted[:1], given_[:1]):
            characters = [{i for start, end in m.fragments for i in range(start, end)} for m in (a, b)]
            assert metrics.errors([[a]], [[b]])["missed"] == (not characters[0] & characters[1])


def test_each_error_class() -> None:
    gold = [Mention.of("CHEM", start, start + 4) for start in (0, 10, 20, 30, 40)]
    predicted = [
        Mention.of("CHEM", 0, 4),
        Mention.of("GENE", 10, 14),
        Mention.of("CHEM", 21, 24),
        Mention.of("GENE", 31, 35),
        Mention.of("CHEM", 60, 61),
    ]
    assert set(metrics.errors([gold], [predicted]).values()) == {1}


def test_pieces_of_a_name_and_what_stands_in_its_gap_are_counted() -> None:
    whole = Mention.of("CHEM", 0, 20)
    pieces = [Mention.of("CHEM", start, end) for start, end in ((0, 5), (6, 12), (13, 20))]
    found = metrics.errors([[whole]], [pieces])
    assert (found["wrong boundary"], found["spurious"], found["missed"]) == (1, 2, 0)
    assert metrics.errors([pieces], [[whole]])["missed"] == 2
    split, between = Mention("CHEM", ((0, 3), (10, 12))), Mention.of("CHEM", 4, 9)
    found = metrics.errors([[split]], [[between]])
    assert (found["missed"], found["spurious"]) == (1, 1)
    twice = [Mention.of("CHEM", 0, 3, id="T1"), Mention.of("CHEM", 0, 3, id="T2")]
    assert metrics.errors([twice], [twice])["correct"] == 1
