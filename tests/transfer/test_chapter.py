"""What chapter 5 declares, in each profile, and how its rows become tables."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest

from chemxl import corpora
from chemxl.collect.duplicates import leaks
from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.models import encoders
from chemxl.results import chapters, records
from chemxl.results.chapters import Line
from chemxl.results.rows import Row, frame
from chemxl.results.tables import nothing, parts
from chemxl.transfer import chapter, rows, tables, texts
from tests.curves import Counted


def settings(profile: Profile, **changed: Any) -> chapter.Settings:
    small = {"encoder": "mini", "few": (10, 40), "few_visits": 80, "source_most": 20, "source_epochs": 1}
    rates = {"tokens": 512, "rate": 1e-3, "head_rate": 1e-3, "seeds": (0, 1)}
    return chapter.Settings(profile=profile, **{**small, **rates, "few_as_long": (), **changed})


def booked(profile: str) -> Any:
    """As the book has them."""
    return chapters.settled(chapters.named(chapter.stem), profile)


def matrix(made: chapter.Settings, type: str) -> list[Row]:
    """F1 of every cell, each higher than the one before."""
    cells = chapter.matrix(made, type)
    return [Row(metric="F1", value=i / 100, keys=cell.keys) for i, cell in enumerate(cells)]


def text(label: str) -> texts.Text:
    return next(one for one in texts.texts("real") if one.label == label)


@pytest.mark.parametrize("profile", get_args(Profile))
def test_each_tagger_is_read_once(profile: Profile) -> None:
    for type in (texts.DRUG, texts.DISEASE)[: 1 if profile == "small" else 2]:
        cells = chapter.matrix(settings(profile), type)
        values = [value for cell in cells for value in cell.experiments]
        annotated = [one for one in texts.texts(profile) if type in one.types]
        assert len(cells) == len(annotated) ** 2 >= 16
        changes = sum(a.model != b.model for a, b in pairwise(values[::2]))
        assert changes == len(annotated) - 1


def test_the_ends_are_the_best_and_the_worst_other_text() -> None:
    made = settings("real")
    scores = {"RU UGT": 0.9, "RU abstracts": 0.5, "EN BC5CDR": 0.2, "RU EHR": 0.3}
    best, worst = chapter.ends(made, scores, text("RU UGT"), texts.DRUG)
    assert (best.label, worst.label) == ("RU abstracts", "EN BC5CDR")
    found = matrix(made, texts.DRUG)
    curves = chapter.curves(made, found, texts.DRUG)
    assert [(c.test, c.train) for c in curves if c.test == "RU UGT"] == [
        ("RU UGT", "RU abstracts"),
        ("RU UGT", "EN BC5CDR"),
        ("RU UGT", "none"),
    ]
    with pytest.raises(ChemxlError, match="run the matrix first"):
        chapter.ends(made, {}, text("RU UGT"), texts.DRUG)
    assert chapter.curves(made, found[1:], texts.DRUG) == chapter.curves(made, [], texts.DRUG) == []


def test_few_sentences_are_read_often_and_many_as_often_as_a_source() -> None:
    assert [settings("real", source_epochs=2).epochs(size) for size in (10, 30, 40, 60)] == [8, 3, 2, 2]
    made = booked("real")
    read = [size * made.epochs(size) for size in made.few]
    full = made.source_most * made.source_epochs
    assert all(made.few_visits * 0.9 <= number < full for number in read)
    assert made.epochs(made.few[-1]) == made.source_epochs and made.few[-1] < made.source_most
    paper = booked("paper")
    assert {paper.epochs(size) for size in paper.few} == {38}
    lines = chapter.few(paper, matrix(paper, "DRUG"), "DRUG")
    assert lines and not [line for line in lines if line.keys.get("train") == chapter.AS_LONG]


def test_without_a_source_as_much_is_read_as_with_one() -> None:
    made = booked("real")
    longer = chapter.as_long(made, text("RU EHR"), texts.DRUG)
    assert tuple(longer) == made.few_as_long
    for size, values in longer.items():
        due = made.source_most * made.source_epochs + size * made.epochs(size)
        for value, short in zip(values, chapter.few_shot(made, None, text("RU EHR"), texts.DRUG, size), strict=True):
            assert abs(size * value.training.epochs - due) <= size / 2
            same = {"training": short.training.config()}
            assert value.config() | same == short.config() and value.training.rate == short.training.rate
    with pytest.raises(ChemxlError, match="give source_most"):
        chapter.as_long(settings("real", source_most=0, few_as_long=(10,)), text("RU EHR"), texts.DRUG)
    with pytest.raises(ChemxlError, match="few_as_long has 11, few has not"):
        chapter.as_long(settings("real", few_as_long=(10, 11)), text("RU EHR"), texts.DRUG)


def test_all_start_from_the_first_layers_where_so_many_are_kept() -> None:
    made, whole = settings("small", layers=1), settings("small")
    cut = encoders.FirstLayers(encoder="mini", layers=1)
    source, other = texts.texts("small")[:2]
    few = [value for start in (None, other) for value in chapter.few_shot(made, start, source, texts.DRUG, 10)]
    assert {value.encoder for value in (chapter.source(made, source, texts.DRUG, 0), *few)} == {cut}
    assert {value.encoder for value in chapter.few_shot(whole, None, source, texts.DRUG, 10)} == {"mini"}
    assert few[0].untrained([]).model.encoder.config.num_hidden_layers == 1
    assert made.keys == {"encoder": "mini", "layers": 1} and whole.keys == {"encoder": "mini"}


def test_every_size_begins_from_the_same_source() -> None:
    made = settings("small")
    [best, *_, none] = chapter.curves(made, matrix(made, texts.DRUG), texts.DRUG)
    assert [row[0].training.epochs for row in none.values.values()] == [8, 2]
    [source] = [one for one in texts.texts("small") if one.label == best.train]
    assert {row[0].start for row in best.values.values()} == {chapter.source(made, source, texts.DRUG, 0)}
    assert none.values and all(value.start is None for row in none.values.values() for value in row)
    for row in best.values.values():
        assert [value.seed for value in row] == [value.train[0].draw for value in row] == [0, 1]


def test_abstracts_lose_what_the_other_abstracts_test_on() -> None:
    made = settings("real")
    without = {
        one.label: {
            (other.name, other.language) for other in chapter.labelled(made, one, one.types[0], most=5, seed=0).without
        }
        for one in texts.texts("real")
    }
    assert without["RU UGT"] == {("rudrec", "ru")}
    assert without["EN BC5CDR"] == without["RU abstracts"] == {("bc5cdr", "en"), ("bionne-r", "ru")}


def one(value: float, *, metric: str = "F1", **more: Any) -> Row:
    """A recorded row of drugs tested on A; what is no column is a key."""
    own = {name: more.pop(name) for name in list(more) if name in Row.model_fields}
    own = {"low": value, "high": value, "source": "recorded"} | own
    keys = {"type": "DRUG", "test": "A", "train": "B"} | {name: item for name, item in more.items() if item is not None}
    return Row(metric=metric, value=value, keys=keys, **own)


def framed(*made: Row) -> pd.DataFrame:
    """With all keys of the chapter."""
    every = Row(metric="none", value=0, keys=dict.fromkeys(("text", "type", "train", "test", "less_train"), "x"))
    numbers = every.model_copy(update={"keys": {**every.keys, "sentences": 1, "share": 0.5}})
    return frame([*made, numbers]).iloc[:-1]


def test_the_matrix_has_a_row_a_test_and_differences_stand_beside_it() -> None:
    texts = {"A": "RU reviews", "B": "EN BC5CDR", "C": "RU abstracts", "D": "EN notes"}
    found = framed(
        *(one(0.5, train=source) for source in "ABCD"),
        one(0.9, train="B", metric="P"),
        one(0.75, train="B", test="B"),
        one(0.2, train="A", less_train="B", metric="difference of F1", p=0.01),
        one(-0.2, train="C", less_train="B", metric="difference of F1", p=0.01),
        one(-0.1, train="D", less_train="B", metric="difference of F1", p=0.06, low=-0.25, high=0.0),
        one(0.25, train="B", sentences=50),
    )
    first, second = tables.zero_shot(found, "F1")
    assert first == {"test": "A", **dict.fromkeys("ABCD", "0.50 [0.50, 0.50]")}
    assert second["B"] == "0.75 [0.75, 0.75]" and second["A"] is None
    assert tables.zero_shot(found, "P") == [{"test": "A", "B": 0.9}]
    drawn = tables.matrix(found)
    assert drawn.loc["A"].tolist() == [0.5] * 4
    assert drawn.loc["B"].dropna().to_dict() == {"B": 0.75}
    assert tables.tests(found)["train"].tolist() == ["A", "C", "D"]
    [line] = tables.apart(found)
    assert list(line) == ["test", *"ABCD"] and line["B"] is None and line["C"] == "-0.20 [-0.20, -0.20]"
    named = found.replace({name: texts for name in ("test", "train", "less_train")})
    assert tables.shared(named) == [
        {"shared": "neither", "sources": 2, "the best": 1, "not told from it": 1, "clearly worse than it": 0},
        {"shared": "the language", "sources": 1, "the best": 0, "not told from it": 0, "clearly worse than it": 1},
    ]
    assert tables._shared("EN BC5CDR", "RU abstracts") == "the kind of text"
    assert tables.shared(found[:0]) == nothing("shared") and tables.apart(found[:0]) == nothing("test")


def drawn(made: chapter.Settings, right: dict[bool, list[int]]) -> list[rows.FewShotCurve]:
    """Curves of drugs with so many right mentions of ten by size, after a source or none."""
    curves = []
    for curve in chapter.curves(made, matrix(made, texts.DRUG), texts.DRUG):
        found: Any = [[Counted(n)] * 2 for n in right[curve.train != rows.NONE]]
        values = dict(zip(curve.values, found, strict=True))
        curves.append(rows.FewShotCurve(curve.test, curve.type, curve.train, values, found[-1]))
    return curves


def test_the_source_is_told_from_longer_training() -> None:
    made = settings("real", few_as_long=(10,))
    curves = drawn(made, {True: [7, 8], False: [3, 4]})
    controls: Any = {curve.test: {10: [Counted(4)] * 2} for curve in curves}
    found = rows.as_long(curves, controls)
    assert len(found) == len(curves) == 6 and {row.keys["less_train"] for row in found} == {rows.AS_LONG}
    for row in found:
        assert row.value == pytest.approx(-0.1 if row.keys["train"] == rows.NONE else 0.3) and row.p is not None


def test_areas_are_over_logarithms_of_sizes() -> None:
    made = settings("real", few=(10, 40, 200))
    found = rows.enough(drawn(made, {True: [6, 7, 8], False: [2, 5, 8]}))
    both = [(0.65 * np.log(4) + 0.75 * np.log(5)) / np.log(20), (0.35 * np.log(4) + 0.65 * np.log(5)) / np.log(20)]
    for row in found:
        alone = row.keys["train"] == rows.NONE
        if row.metric == "area":
            assert row.value == pytest.approx(both[alone], abs=1e-4)
        if row.metric == "scatter":
            assert row.value == 0
        if row.metric == "gained":
            assert row.value == pytest.approx(both[0] - both[1], abs=2e-4) and not alone


def test_every_text_is_tested_against_the_best_other() -> None:
    given: dict[str, dict[str, int]] = {"A": {"A": 9, "B": 6, "C": 2}, "B": {"A": 5, "B": 5, "C": 5}}
    cells = [
        Line({"train": train, "test": test}, [Counted(n)] * 2, list)
        for test, line in given.items()
        for train, n in line.items()
    ]
    found = {(row.keys["test"], row.keys["train"], row.keys["less_train"]): row for row in rows.tests(cells)}
    assert set(found) == {("A", "A", "B"), ("A", "C", "B"), ("B", "B", "A"), ("B", "C", "A")}
    own = found["A", "A", "B"]
    assert (own.value, own.low, own.high) == pytest.approx((0.3, 0.3, 0.3))
    assert found["A", "C", "B"].value == pytest.approx(-0.4)
    assert own.p is not None and own.p < 0.05 and found["B", "B", "A"].p == 1


def test_curves_and_lengths_come_from_rows() -> None:
    few = [one(0.1, train=train, sentences=n) for train in ("B", rows.NONE) for n in (50, 2000)]
    counts = [one(n * 2, train=rows.NONE, sentences=n, metric="sentences read") for n in (50, 2000)]
    counts.append(one(900, train=rows.AS_LONG, sentences=50, metric="sentences read"))
    counts.append(one(6500, train="A", metric="sentences read"))
    steps = [row.model_copy(update={"metric": "steps", "value": 7}) for row in counts]
    few.append(one(0.2, train=rows.AS_LONG, sentences=50))
    zero = [one(0.05, train=train, test=test) for train, test in (("B", "A"), ("C", "A"), ("A", "A"), ("B", "B"))]
    found = framed(*few, *counts, *steps, *zero)
    assert tables.lengths(found) == [
        {"labelled sentences": "50", "sentences read": "100", "steps": "7"},
        {"labelled sentences": "2,000", "sentences read": "4,000", "steps": "7"},
        {"labelled sentences": "50, as long", "sentences read": "900", "steps": "7"},
        {"labelled sentences": "full performance", "sentences read": "6,500", "steps": "7"},
    ]
    assert tables.lengths(found[found["metric"] == "F1"]) == nothing("labelled sentences")
    [(place, lines)] = tables.drawn(found).items()
    assert place == ("DRUG", "A")
    assert [(line.label, line.x) for line in lines] == [
        ("B", [0, 50, 2000]),
        ("no source", [50, 2000]),
        ("no source, trained as long", [50]),
    ]
    assert lines[0].runs == [[0.05, 0.1, 0.1]]


def test_curves_stand_beside_training_as_long() -> None:
    few = [one(0.5, sentences=50), one(0.375, train=rows.AS_LONG, sentences=50)]
    apart = one(0.125, sentences=50, less_train=rows.AS_LONG, metric="difference of F1", p=0.01)
    assert tables.as_long(framed(*few, apart)) == [
        {"type": "DRUG", "test": "A", "train": "B", "50": "0.125 [0.125, 0.125]"}
    ]
    assert tables.as_long(framed(*few)) == nothing("type")


def enough(train: str, metric: str, value: float, high: float, **more: Any) -> Row:
    return one(value, train=train, test="RU UGT", metric=metric, high=high, **{"scorer": rows.SENTENCES} | more)


def test_sentences_stand_beside_the_papers() -> None:
    infinite = float("inf")
    few = [one(0.1, train=rows.NONE, test="RU UGT", sentences=size) for size in (50, 2000)]
    due = [
        enough(train, "sentences needed", n, infinite, share=0.99)
        for train, n in (("B", 1134), ("C", 1500), (rows.NONE, infinite))
    ]
    due += [
        enough("B", "sentences needed", 50, 60, share=0.9),
        enough("B", "sentences saved", 866, infinite, share=0.99, bound="≥"),
        enough("B", "sentences saved", 800, 900, share=0.9, low=0.0),
        enough("B", "neither gets there", 0.25, 0.25, share=0.99),
        enough("B", "area", 0.5, 0.625, scorer="F1"),
        enough("B", "gained", 0.25, 0.5, scorer="F1", p=0.01),
    ]
    few += [one(value, train="B", test="RU UGT", sentences=n) for n, value in ((50, 0.5), (2000, 0.375))]
    found = framed(*few, *due)
    assert {name: item for name, item in tables.summary(found)[0].items() if item is not None} == {
        "type": "DRUG",
        "test": "RU UGT",
        "train": "B",
        "sentences needed": "≤ 50 [≤ 50, 60]",
        "sentences saved": "800 [0, 900]",
    }
    best, none = tables.heights(found)
    assert (best["area"], best["gained"]) == ("0.500 [0.500, 0.625]", "0.250 [0.250, 0.500]")
    assert (best["largest fall"], none["train"], none["largest fall"]) == (0.125, rows.NONE, 0)
    assert tables.heights(framed(*due[:1])) == tables.summary(framed(*few)) == nothing("type")
    _, recorded, reported = parts(frame([*few, *due, *records.papers(chapter.stem)]))
    assert tables.beside(recorded, reported) == [
        {
            "type": "DRUG",
            "test": "RU UGT",
            "by": "the paper",
            "best source": "700",
            "worst source": "650",
            "no source": "1,000",
        },
        {
            "type": "DRUG",
            "test": "RU UGT",
            "by": "this chapter",
            "best source": "B: 1,134 [1,134, > 2,000]",
            "worst source": "C: 1,500 [1,500, > 2,000]",
            "no source": "> 2,000 [> 2,000, > 2,000]",
        },
    ]
    assert tables.beside(recorded.iloc[:0], reported) == nothing("type")


def test_the_papers_numbers_fit_each_other() -> None:
    reported = frame(records.papers(chapter.stem))
    cells = reported[reported["train"].notna()].pivot(index=["type", "train", "test"], columns="metric", values="value")
    assert len(cells) == 2 * 4 * 4
    assert (2 * cells.P * cells.R / (cells.P + cells.R)).to_list() == pytest.approx(cells.F1.to_list(), abs=0.02)


def test_a_small_matrix_and_its_curves_are_computed_and_shown() -> None:
    made = settings("small", source_most=3, few=(1, 2), few_visits=2, few_as_long=(1,))
    found = frame(chapters.run(chapters.named(chapter.stem), made))
    assert len(tables.zero_shot(found[found["train"].notna()], "F1")) == 4
    assert len(tables.tests(found)) == 4 * 3
    assert len(tables.summary(found)) == len(tables.heights(found)) == 3 and len(tables.early(found)) == 1
    assert len(tables.learnt(found)) == len(tables.scored(found)) == len(tables.repeated(found)) == 4
    assert sum(int(str(line["sources"])) for line in tables.shared(found)) == 4 * 3
    read = {line["labelled sentences"]: line["sentences read"] for line in tables.lengths(found)}
    assert read == {"1": "2", "2": "2", "1, as long": "5", "full performance": "3"}
    curves = chapter.curves(made, chapters.run(chapters.named(chapter.stem), made), texts.DRUG)
    assert [curve.learning.counts.shape[:2] for curve in curves] == [(2, 2)] * 3
    assert curves[0].learning.full is not None and np.array_equal(curves[0].learning.full, curves[-1].learning.full)
    assert [line["train"] for line in tables.as_long(found)] == [curve.train for curve in curves]


def test_no_sentence_of_a_real_test_is_trained_on(real: Any) -> None:
    made = settings("real")
    here = [text for text in texts.texts("real") if corpora.available(text.corpus)]
    if not here:
        pytest.skip("no corpus of chapter 5 is on this machine: set CHEMXL_DATA")
    for text in here:
        type = text.types[-1]
        tested = text.held_out(type)
        scored = {s.id for s in text.tested(type).load()}
        assert scored <= {s.id for s in tested.load()} and len(scored) == min(text.scored, len(tested.load()))
        documents = {name.rpartition("~")[0] for name in scored}
        assert len(documents) > 0.7 * len(tested.whole()), text.label  # most are in the score, none with all of it
        learnt = chapter.labelled(made, text, type, most=10**6, seed=0).load()
        assert len(learnt) > 400 and len(tested.load()) > 200
        assert not {s.text for s in learnt} & {s.text for s in tested.load()}, text.label
        if not text.own:  # nor is a whole document of what is learnt from nearly one that is held out
            names = {name.rpartition("~")[0] for name in (s.id for s in learnt)}
            documents = Corpus(name=text.corpus, language=text.language, types=(type,)).load()
            train = [document for document in documents if document.id in names]
            assert train and not leaks(train, tested.whole()), text.label
