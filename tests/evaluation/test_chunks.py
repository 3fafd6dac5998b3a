"""Scores of label sequences equal seqeval's."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support

from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.evaluation.chunks import seqeval_scores

LABEL = st.sampled_from(["O", "O", *(f"{prefix}-{type_}" for type_ in ("CHEM", "DISEASE", "GENE") for prefix in "BI")])


@st.composite
def labelled(draw: st.DrawFn) -> tuple[list[list[str]], list[list[str]]]:
    """Gold and predicted labels of the same units, in every order that a broken model may give."""
    lengths = draw(st.lists(st.integers(0, 9), min_size=1, max_size=5))
    pair = [[draw(st.lists(LABEL, min_size=n, max_size=n)) for n in lengths] for _ in range(2)]
    return pair[0], pair[1]


def assert_equals_seqeval(gold: list[list[str]], predicted: list[list[str]]) -> None:
    ours = seqeval_scores(gold, predicted)
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
    assert seqeval_scores(empty, empty) == {metrics.MICRO: metrics.Score(0, 0, 0)}


def test_seqeval_scores_refuse_what_is_not_comparable() -> None:
    with pytest.raises(ChemxlError, match="differ in length"):
        seqeval_scores([["O"]], [["O", "O"]])
    with pytest.raises(ChemxlError, match="'S-CHEM' is no BIO label"):
        seqeval_scores([["S-CHEM"]], [["O"]])
