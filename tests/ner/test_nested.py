"""Mentions inside mentions: what is counted, what one layer loses, and the shared task's score."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

import pytest

from chemxl.documents import Document, Mention, Relation
from chemxl.evaluation import metrics
from chemxl.models.training import Training
from chemxl.ner import chapter, nested, whole
from chemxl.results import chapters

FOLDER = Path(__file__).parents[3] / "shared/fixtures"
TEXT = Document(
    "a",
    "рак молочной железы",
    (Mention.of("DISO", 0, 19), Mention.of("ANATOMY", 4, 19), Mention.of("ANATOMY", 13, 19)),
)


class Fake:
    """An evaluation that found what it is given."""

    seed = 0

    def __init__(self, *found: Mention) -> None:
        self.found = found

    def outcome(self) -> tuple[list[Document], list[list[Mention]]]:
        return [TEXT, Document("b", "и")], [list(self.found), []]

    counts = nested.WholeEvaluation.counts


def given(*found: Mention) -> nested.WholeEvaluation:
    return cast("nested.WholeEvaluation", Fake(*found))


def test_every_gold_mention_counts() -> None:
    outer, inner, innermost = TEXT.mentions
    assert given(outer).counts().scores()[metrics.MICRO] == metrics.Score(1, 1, 3)
    assert given(*TEXT.mentions).counts().scores()[metrics.MICRO].f1 == 1
    assert whole.at_depth(given(inner), inside=True).sum(axis=0).tolist() == [1, 1, 2]
    assert whole.at_depth(given(inner), inside=False).sum(axis=0).tolist() == [0, 1, 1]
    assert whole.at_depth(given(innermost, outer), inside=False)[0].tolist() == [1, 2, 1]


def test_one_layer_has_a_bound_that_rows_say() -> None:
    rows = {(row.metric, *row.keys.values()): row.value for row in whole.rows([given(TEXT.mentions[0])] * 2, [])}
    assert rows[f"{whole.ALONE}: F1",] == rows["F1",] == 0.5
    assert rows[f"{whole.ALONE}: macro F1",] == rows["macro F1",] == 0.5  # DISO all, ANATOMY nothing
    assert rows["R", whole.OUTSIDE] == 1 and rows["R", whole.INSIDE] == 0
    assert rows["F1", "ANATOMY"] == 0 and rows["F1", "DISO"] == 1


def test_the_bound_of_chemicals_is_of_chemicals_alone() -> None:
    inner, outer, other = (
        Mention.of("CHEM", 0, 6, id="T1"),
        Mention.of("CHEM", 0, 15, id="T2"),
        Mention.of("DISO", 0, 22),
    )
    text = Document("a", "натрия гидроксид, ожоги", (inner, outer, other), (Relation("PART-OF", "T1", "T2"),))

    class Known(Fake):
        def outcome(self) -> tuple[list[Document], list[list[Mention]]]:
            return [text], [list(self.found)]

    made = whole.rows([cast("nested.WholeEvaluation", Known(outer))], [])
    bounds = {row.keys.get("type", "all"): row.value for row in made if row.metric == f"{whole.ALONE}: F1"}
    assert bounds == {"all": 0.5, whole.CHEMICAL: 0.6667}


def test_two_mentions_on_one_span_are_both_outermost() -> None:
    twice = (Mention.of("CHEM", 0, 3), Mention.of("DISO", 0, 3))
    assert not any(whole._inside(mention, twice) for mention in twice)


def test_both_heads_learn_from_the_same_and_nothing_leaks() -> None:
    made = whole.lines("e5-small", {"encoder": "e5-small"}, Training(epochs=1), (0, 1))
    named = [line.keys.get("method") for line in made]
    once = [whole.SOFTMAX, whole.SPANS]
    assert named == [m for head in once for m in (head, head, head + whole.TWICE, head + whole.TWICE)] + [None]
    trained = {line.experiments[0].model.train for line in made[:-1]}
    assert len(trained) == 1
    for corpus in trained.pop():
        assert {(test.language, test.split) for test in corpus.without} == {("en", "test"), ("ru", "test")}
    epochs = {(line.keys["method"], x.model.training.epochs, x.seed) for line in made[:-1] for x in line.experiments}
    assert epochs == {(m, 1, seed) for m in once for seed in (0, 1)} | {(m + whole.TWICE, 2, 0) for m in once}
    assert len(made[-1].experiments) == 12
    assert chapter.nested(chapter.Settings()) == []
    real = chapters.settled(chapters.named(chapter.stem), "real")
    cut = chapter.nested(real.model_copy(update={"nested": ("e5-small",), "layers": 6}))
    assert cut[0].keys["layers"] == 6 and cut[0].experiments[0].model.encoder.layers == 6


def cases() -> list[dict[str, Any]]:
    """The official scorer's, where this machine has them; those that it refuses on purpose left out."""
    path = Path(os.environ.get("CHEMXL_FIXTURES", FOLDER), "bionne-nested.json")
    found = json.loads(path.read_text("utf-8"))["cases"] if path.exists() else []
    return [case for case in found if case["by_definition"]]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["name"])
def test_the_macro_score_is_the_shared_tasks(case: dict[str, Any]) -> None:
    gold, given = (
        {row["id"]: [(kind, start, end) for start, end, kind in row.get("entities", [])] for row in case["input"][side]}
        for side in ("gold", "pred")
    )
    counts = metrics.count_keys([gold[id] for id in gold], [given.get(id, []) for id in gold], None)
    micro, due = counts.scores()[metrics.MICRO], case["by_definition"]
    assert float(metrics.macro_f1(counts.table(counts.due()).sum(axis=0))) == pytest.approx(due["macro_f1"], abs=1e-12)
    assert (micro.precision, micro.recall, micro.f1) == pytest.approx(
        (due["micro_precision"], due["micro_recall"], due["micro_f1"]), abs=1e-12
    )
