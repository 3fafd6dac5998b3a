"""Scores against the libraries and the formulas that they stand for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support

from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics

TYPES = ("CHEM", "DISEASE", "GENE")
LABEL = st.sampled_from(["O", "O", *(f"{prefix}-{type_}" for type_ in TYPES for prefix in "BI")])


@st.composite
def labelled(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    """Gold and predicted labels of the same units, in every order that a broken model may give."""
    lengths = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    pair = [[draw(st.lists(LABEL, min_size=n, max_size=n)) for n in lengths] for _ in range(2)]
    return pair[0], pair[1]


@st.composite
def mentions(draw: st.DrawFn) -> Mention:
    start = draw(st.integers(0, 12))
    return Mention.of(draw(st.sampled_from(TYPES)), start, start + draw(st.integers(1, 4)))


PAGES = st.integers(1, 4).flatmap(
    lambda n: st.tuples(*[st.lists(st.lists(mentions(), max_size=5), min_size=n, max_size=n)] * 2)
)


def assert_equals_seqeval(gold: list[list[str]], predicted: list[list[str]]) -> None:
    ours = metrics.seqeval_scores(gold, predicted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval warns where a type is never predicted
        found = {type_ for type_, _, _ in get_entities(gold) + get_entities(predicted)}
        if not found:
            assert ours[metrics.MICRO] == metrics.Score(0, 0, 0)
            return
        micro = precision_recall_fscore_support(gold, predicted, average="micro", zero_division=0)
        each = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    score = ours[metrics.MICRO]
    assert (score.precision, score.recall, score.f1) == pytest.approx(micro[:3])
    assert [name for name in ours if name != metrics.MICRO] == sorted(found)
    for i, name in enumerate(sorted(found)):
        score = ours[name]
        assert (score.precision, score.recall, score.f1) == pytest.approx([column[i] for column in each[:3]])
        assert score.gold == each[3][i]


@settings(max_examples=150)
@given(labelled())
def test_seqeval_scores_equal_seqeval(pair: tuple[list[list[str]], list[list[str]]]) -> None:
    assert_equals_seqeval(*pair)


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [
        ([["O", "I-CHEM", "I-CHEM"]], [["O", "B-CHEM", "I-CHEM"]]),  # I- after O begins a chunk
        ([["B-CHEM", "I-GENE"]], [["B-CHEM", "B-GENE"]]),  # the type switches inside
        ([["B-CHEM"], ["I-CHEM"]], [["B-CHEM"], ["B-CHEM"]]),  # a sequence's end closes the chunk
        ([["B-CHEM", "B-CHEM"]], [["B-CHEM", "I-CHEM"]]),
        ([[], ["B-CHEM"], []], [[], ["O"], []]),
        ([["O", "B-CHEM", "O"]], [["B-GENE", "B-CHEM", "O"]]),  # a type that only the prediction has
        ([["O", "B-CHEM", "B-GENE"]], [["O", "B-CHEM", "O"]]),  # and one that only the gold has
        ([["B-a-b", "I-a-b"]], [["B-a-b", "I-a-b"]]),
    ],
)
def test_seqeval_scores_of_odd_sequences(gold: list[list[str]], predicted: list[list[str]]) -> None:
    assert_equals_seqeval(gold, predicted)


@pytest.mark.parametrize("empty", [[], [[]], [[], []]])
def test_seqeval_scores_of_nothing(empty: list[list[str]]) -> None:
    assert metrics.seqeval_scores(empty, empty) == {metrics.MICRO: metrics.Score(0, 0, 0)}


def test_seqeval_scores_refuse_what_is_not_comparable() -> None:
    with pytest.raises(ChemxlError, match="differ in length"):
        metrics.seqeval_scores([["O"]], [["O", "O"]])
    with pytest.raises(ChemxlError, match="'S-CHEM' is no BIO label"):
        metrics.seqeval_scores([["S-CHEM"]], [["O"]])


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


@given(PAGES)
def test_error_classes_sum_to_gold(pages: tuple[list[list[Mention]], list[list[Mention]]]) -> None:
    gold, predicted = pages
    tally = metrics.errors(gold, predicted)
    assert tuple(tally) == metrics.ERROR_CLASSES
    assert sum(n for name, n in tally.items() if name != "spurious") == sum(map(len, gold))
    assert tally["spurious"] <= sum(map(len, predicted))


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


def test_select_follows_the_documents() -> None:
    documents = [Document("b", "aspirin"), Document("a", "x")]
    found = Mention.of("CHEM", 0, 7)
    assert metrics.select(documents, {"b": [found]}) == [[found], ()]
