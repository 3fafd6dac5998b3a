"""Which rows a tagger's line has, and which lines are compared."""

from __future__ import annotations

from typing import Any

import pytest

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention
from chemxl.evaluation import metrics
from chemxl.models import encoders
from chemxl.models.learner import Evaluation
from chemxl.models.training import Training
from chemxl.ner import scores, whole
from chemxl.ner.experiments import FineTune
from chemxl.ner.gazetteer import Gazetteer
from chemxl.results.chapters import Line
from tests.curves import Counted


def test_rows_that_share_their_test_are_compared() -> None:
    named = {("a", "X", "T"): 5, ("b", "X", "T"): 5, ("a", "Y", "T"): 7, ("b", "Y", "T"): 7, ("a", "X", "U"): 1}
    lines = [
        Line({"encoder": encoder, "method": "m", "train": train, "test": test}, [Counted(right), Counted(right)], list)
        for (encoder, train, test), right in named.items()
    ]
    found = scores.paired(lines)
    assert [(row.keys["encoder"], row.keys["train"], row.keys["test"], row.value) for row in found] == [
        ("a", "X", "T", 0.0),
        ("a", "X", "T", -0.2),
        ("a", "Y", "T", 0.0),
    ]
    less = [{name: item for name, item in row.keys.items() if name.startswith("less_")} for row in found]
    assert less == [{"less_encoder": "b"}, {"less_train": "Y"}, {"less_encoder": "b"}]
    assert [row.p is not None and row.p < 0.05 for row in found] == [False, True, False]


def test_a_gazetteer_is_compared_with_the_first_model_alone() -> None:
    methods = ("m", scores.BILSTM, scores.GAZETTEER)
    seeds = {"m": [Counted(4), Counted(6)], scores.BILSTM: [Counted(5), Counted(5)], scores.GAZETTEER: [Counted(5)]}
    lines = [Line({"encoder": "e", "method": m, "train": "X", "test": "T"}, seeds[m], list) for m in methods]
    found = {(row.keys["method"], row.keys["less_method"]): row for row in scores.paired(lines)}
    assert list(found) == [("m", scores.BILSTM), ("m", scores.GAZETTEER)]
    same, alone = found.values()
    assert (same.value, same.low, same.high) == (alone.value, alone.low, alone.high), "no seed changes a gazetteer"


def test_what_was_trained_longer_is_compared_with_itself_alone() -> None:
    lines = [
        Line({"encoder": encoder, "method": method, "train": "X", "test": "T"}, [Counted(right)], list)
        for encoder in ("a", "b")
        for method, right in (("softmax", 5), (f"softmax{scores.LONGER}", 6), (f"crf{scores.LONGER}", 7))
    ]
    found = [
        row for row in scores.paired(lines) if scores.LONGER in f"{row.keys['method']}{row.keys.get('less_method')}"
    ]
    assert [(row.keys["encoder"], row.keys.get("less_method")) for row in found] == [
        ("a", f"softmax{scores.LONGER}"),
        ("b", f"softmax{scores.LONGER}"),
    ]
    assert all("less_encoder" not in one for one in found)


TEXT = "gamma-aminobutyric acid and aspirin"
OUTER, INNER, OTHER = Mention.of("CHEM", 0, 23), Mention.of("CHEM", 0, 5), Mention.of("CHEM", 28, 35)
DOCUMENT = Document(id="1", text=TEXT, mentions=(OUTER, INNER, OTHER))


def test_inner_mentions_count_where_every_gold_mention_does() -> None:
    class Found:
        seed = 0

        def outcome(self) -> tuple[list[Document], list[list[Mention]]]:
            return [DOCUMENT], [[OUTER]]

    own: Any = Found()
    score = scores.Recounted(own, whole.against_all).counts().scores()[metrics.MICRO]
    assert (score.precision, score.recall) == (1, pytest.approx(1 / 3))


def test_what_lies_behind_the_cut_is_lost() -> None:
    counts = scores.cut([DOCUMENT], [[OUTER, OTHER]], ends=[len(TEXT) - 1])
    score = counts.scores()[metrics.MICRO]
    assert (score.precision, score.recall) == (1, 0.5), "of the two outermost mentions"
    whole_text = scores.cut([DOCUMENT], [[OUTER, OTHER]], ends=[len(TEXT)])
    assert whole_text.scores()[metrics.MICRO].f1 == 1


def test_a_text_ends_behind_its_last_subword_that_is_read() -> None:
    short, long = (Document(id=str(n), text="калий " * n) for n in (3, 900))
    ends = scores.ends([short, long], "mini")
    assert ends[0] == len(short.text)
    assert 0 < ends[1] < len(long.text)
    tokenizer = encoders.load("mini").tokenizer
    read = tokenizer(long.text[: ends[1]])["input_ids"]
    assert len(read) == scores.LIMIT, "with the first and the last one"


def test_a_line_has_its_rows() -> None:
    train, test = (Corpus(name="mini", split=split, language="en") for split in ("train", "test"))
    value = Gazetteer(train=(train,), corpus=test)
    rows = {(row.metric, *row.keys.items()): row for row in scores.rows([value], [train])}
    assert rows["F1",].value == rows[scores.EVERY,].value, "nothing is nested in mini"
    assert rows[f"{whole.ALONE}: F1",].value == 1
    assert (scores.CUT,) not in rows, "no encoder"
    gold = sum(len(document.mentions) for document in test.load())
    wrong = {key[1][1]: row.value for key, row in rows.items() if key[1:] and key[1][0] == "error"}
    assert set(wrong) == set(metrics.ERROR_CLASSES)
    assert gold == sum(count for kind, count in wrong.items() if kind != "spurious")


def test_a_text_that_is_longer_than_the_limit_costs_what_lies_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    train = Corpus(name="mini", language="en", types=("CHEM",), sentences=200)
    model = FineTune(encoder="mini", train=(train,), training=Training(epochs=3, rate=5e-4, head_rate=1e-2, tokens=256))
    value = Evaluation(model=model, corpus=Corpus(name="mini", split="test", language="en", types=("CHEM",)))
    made = {row.metric: row.value for row in scores.rows([value], [train]) if not row.keys}
    assert made["F1"] > 0.05 and made[scores.CUT] == made["F1"], "no text is longer than 512 subwords"
    monkeypatch.setattr(scores, "LIMIT", 20)
    shorter = {row.metric: row.value for row in scores.rows([value], [train]) if not row.keys}
    assert shorter["F1"] == made["F1"] > shorter[scores.CUT]
