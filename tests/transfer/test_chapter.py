"""What chapter 5 declares, in each profile, and how its rows become tables."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml

from chemxl import corpora
from chemxl.collect.duplicates import leaks
from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.experiments.experiment import Value
from chemxl.models import encoders
from chemxl.results import recording, records
from chemxl.results.records import Row
from chemxl.transfer import chapter, rows, tables, texts

PROFILES = get_args(chapter.Profile)


def given(changed: dict[str, Any]) -> dict[str, Any]:
    """Settings of a grid without its profile."""
    small = {"base_encoder": "mini", "few": (10, 40), "few_visits": 80, "source_most": 20, "source_epochs": 1}
    rates = {"batch_tokens": 512, "learning_rate": 1e-3, "head_learning_rate": 1e-3, "seeds": (0, 1)}
    return small | rates | changed


def grid(profile: chapter.Profile, **changed: Any) -> chapter.Grid:
    return chapter.Grid(profile, **given(changed))


def parameters(profile: str) -> dict[str, Any]:
    """As the book has them."""
    path = Path(__file__).parents[2] / f"book/params/{profile}.yaml"
    return dict(yaml.safe_load(path.read_text("utf-8"))[recording.TRANSFER])


def scores(made: chapter.Grid, type: str) -> dict[str, float]:
    return {name: i / 100 for i, name in enumerate(made.matrix(type))}


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_have_names_and_configurations_of_their_own(profile: chapter.Profile) -> None:
    made = grid(profile)
    names, hashes, values = [], [], 0
    for type in made.types:
        matrix = made.matrix(type)
        lines: list[tuple[str, Any]] = list(matrix.items())
        lines += [line for curve in made.curves(scores(made, type), type) for line in curve.values.items()]
        names += [name for name, _ in lines]
        hashes += [value.config_hash() for _, row in lines for value in row]
        values += 2 * len(lines)
        assert len(matrix) == len(made.annotated(type)) ** 2 >= 16
        evaluations = made.evaluations(type)
        assert set(evaluations) == {value for row in matrix.values() for value in row}
        changes = sum(a.model != b.model for a, b in pairwise(evaluations))
        assert changes == 2 * len(made.annotated(type)) - 1  # each tagger is read once
        for _, row in lines[:: len(lines) // 3]:
            assert Value.from_config(row[0].config()) == row[0]
    assert len(set(names)) == len(names) and len(set(hashes)) == len(hashes) == values


def test_the_ends_are_the_best_and_the_worst_other_text() -> None:
    made = grid("real")
    target = next(text for text in made.texts if text.label == "RU UGT")
    best, worst = made.ends(scores(made, texts.DRUG), target, texts.DRUG)
    assert (best.label, worst.label) == ("RU abstracts", "EN BC5CDR")
    assert {
        c.source.label if c.source else None for c in made.curves(scores(made, "DRUG"), "DRUG") if c.target == target
    } == {
        "RU abstracts",
        "EN BC5CDR",
        None,
    }
    with pytest.raises(ChemxlError, match="run the matrix first"):
        made.ends({}, target, texts.DRUG)


def test_few_sentences_are_read_often_and_many_as_often_as_a_source() -> None:
    assert [grid("real", source_epochs=2).epochs(size) for size in (10, 30, 40, 60)] == [8, 3, 2, 2]
    made = chapter.Grid("real", **parameters("real"))
    read = [size * made.epochs(size) for size in made.few]
    full = made.source_most * made.source_epochs
    assert all(made.few_visits * 0.9 <= number < full for number in read)
    assert made.epochs(made.few[-1]) == made.source_epochs and made.few[-1] < made.source_most
    paper = chapter.Grid("paper", **parameters("paper"))
    assert {paper.epochs(size) for size in paper.few} == {38} and not paper.controls(
        paper.curves(scores(paper, "DRUG"), "DRUG"), "DRUG"
    )


def test_without_a_source_as_much_is_read_as_with_one() -> None:
    made = chapter.Grid("real", **parameters("real"))
    target = next(text for text in made.texts if text.label == "RU EHR")
    longer = made.as_long(target, texts.DRUG)
    for size, (name, values) in zip(made.few_as_long, longer.items(), strict=True):
        assert chapter.Name.of(name) == (chapter.AS_LONG, str(size), "RU EHR", "drugs")
        due = made.source_most * made.source_epochs + size * made.epochs(size)
        for value, short in zip(values, made.few_shot(None, target, texts.DRUG, size), strict=True):
            assert abs(size * value.training.epochs - due) <= size / 2
            same = {"training": short.training.config()}
            assert value.config() | same == short.config() and value.training.rate == short.training.rate
    with pytest.raises(ChemxlError, match="give source_most"):
        grid("real", source_most=0, few_as_long=(10,)).as_long(target, texts.DRUG)
    with pytest.raises(ChemxlError, match="few_as_long has 11, few has not"):
        grid("real", few_as_long=(10, 11)).as_long(target, texts.DRUG)


def test_all_start_from_the_first_layers_where_so_many_are_kept() -> None:
    made, whole = grid("small", base_layers=1), grid("small")
    cut = encoders.FirstLayers(encoder="mini", layers=1)
    source, other = made.texts[:2]
    few = [value for start in (None, other) for value in made.few_shot(start, source, texts.DRUG, 10)]
    assert {value.encoder for value in (made.source(source, texts.DRUG, 0), *few)} == {cut}
    assert {value.encoder for value in whole.few_shot(None, source, texts.DRUG, 10)} == {"mini"}
    assert few[0].untrained([]).model.encoder.config.num_hidden_layers == 1
    assert made.row("none", source, texts.DRUG) == f"mini, depth 1: none → {source.label}, drugs"
    assert chapter.Name.of(made.row("none", source, texts.DRUG)).source == "none"


def test_every_size_begins_from_the_same_source() -> None:
    made = grid("small")
    [best, *_, none] = made.curves(scores(made, texts.DRUG), texts.DRUG)
    assert [row[0].training.epochs for row in none.values.values()] == [8, 2]
    assert best.source is not None
    assert {row[0].start for row in best.values.values()} == {made.source(best.source, texts.DRUG, 0)}
    assert none.values and all(value.start is None for row in none.values.values() for value in row)
    for row in best.values.values():
        assert [value.seed for value in row] == [value.train[0].draw for value in row] == [0, 1]


def test_abstracts_lose_what_the_other_abstracts_test_on() -> None:
    made = grid("real")
    without = {
        text.label: {
            (other.name, other.language) for other in made.labelled(text, text.types[0], most=5, seed=0).without
        }
        for text in made.texts
    }
    assert without["RU UGT"] == {("rudrec", "ru")}
    assert without["EN BC5CDR"] == without["RU abstracts"] == {("bc5cdr", "en"), ("bionne-r", "ru")}


def row(name: str, value: float, *, table: str = rows.ZERO, metric: str = "F1", **more: Any) -> Row:
    return Row(chapter="05", table=table, row=name, metric=metric, value=value, low=value, high=value, **more)


def test_the_matrix_has_a_row_a_test() -> None:
    made = [row("e: A → A, drugs", 0.5), row("e: B → A, drugs", 0.25), row("e: B → B, drugs", 0.75)]
    made.append(row("e: B → A, drugs", 0.9, metric="P"))
    assert tables.wide(made, rows.ZERO, "F1") == [
        {"tested on": "A", "A": "0.500 [0.500, 0.500]", "B": "0.250 [0.250, 0.250]"},
        {"tested on": "B", "A": None, "B": "0.750 [0.750, 0.750]"},
    ]
    assert tables.wide(made, rows.ZERO, "P") == [{"tested on": "A", "A": None, "B": "0.900"}]
    reported = [Row(chapter="05", table="p", row="A → B", metric="F1", paper=0.125)]
    assert tables.wide(reported, "p", "F1") == [{"tested on": "B", "A": "0.125", "B": None}]


def test_what_differs_from_the_best_other_text_is_marked() -> None:
    made = [row(f"e: {source} → A, drugs", 0.5) for source in "ABCD"]
    for source, difference, p in (("A", 0.2, 0.01), ("C", -0.2, 0.01), ("D", -0.1, 0.06)):
        name = f"e: {source} against B → A, drugs"
        made += [
            row(name, difference, table=rows.TESTS, metric="difference"),
            row(name, p, table=rows.TESTS, metric="p"),
        ]
    [line] = tables.wide(made, rows.ZERO, "F1")
    assert [str(line[source])[-1] for source in "ABCD"] == ["+", "]", "−", "]"]
    assert [(r["trained on"], r["best other text"], r["p"]) for r in tables.tested(made, rows.ZERO)] == [
        ("A", "B", 0.01),
        ("C", "B", 0.01),
        ("D", "B", 0.06),
    ]
    assert tables.tested(made, "Paper 1") == tables.tested([], rows.ZERO) == [{"row": "nothing is recorded yet"}]


class Counted:
    """A run that found so many of ten mentions in each of sixty documents."""

    def __init__(self, right: int) -> None:
        self.right, self.seed = right, 0

    def counts(self) -> metrics.Counts:
        """Per document."""
        return metrics.Counts(("micro",), np.tile([self.right, 10, 10], (60, 1, 1)))


@pytest.fixture
def unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows can be made of runs that are not there."""

    def known(*args: Any, metric: str, estimator: Any, **_: Any) -> Row:
        value, low, high = estimator(())
        return row(args[2], value, table=args[1], metric=metric).model_copy(update={"low": low, "high": high})

    monkeypatch.setattr(records, "row", known)


def counted(made: chapter.Grid, right: dict[bool, list[int]]) -> list[chapter.Curve]:
    """Curves of drugs with so many right mentions of ten by size, after a source or none."""
    curves = []
    for curve in made.curves(scores(made, texts.DRUG), texts.DRUG):
        found: Any = [[Counted(n)] * 2 for n in right[curve.source is not None]]
        curves.append(replace(curve, values=dict(zip(curve.values, found, strict=True)), full=found[-1]))
    return curves


@pytest.mark.usefixtures("unfinished")
def test_the_source_is_told_from_longer_training() -> None:
    made = grid("real", few_as_long=(10,))
    curves = counted(made, {True: [7, 8], False: [3, 4]})
    controls: Any = {name: [Counted(4)] * 2 for name in made.controls(curves, texts.DRUG)}
    found = {(r.row, r.metric): r for r in rows.as_long(made, curves, controls)}
    assert len(found) == 2 * len(curves) == 12 and {r.table for r in found.values()} == {"As long, drugs"}
    for curve in curves:
        apart = found[made.row_of_few(curve.start, 10, curve.target, texts.DRUG), "difference"].value
        assert apart == pytest.approx(-0.1 if curve.source is None else 0.3)


@pytest.mark.usefixtures("unfinished")
def test_areas_are_over_logarithms_of_sizes() -> None:
    made = grid("real", few=(10, 40, 200))
    curves = counted(made, {True: [6, 7, 8], False: [2, 5, 8]})
    found = {(chapter.Name.of(r.row), r.metric): r.value for r in rows.enough(curves, "real")}
    both = [(0.65 * np.log(4) + 0.75 * np.log(5)) / np.log(20), (0.35 * np.log(4) + 0.65 * np.log(5)) / np.log(20)]
    for curve in curves:
        name = chapter.Name.of(curve.name)
        assert found[name, "area"] == pytest.approx(both[curve.source is None]) and found[name, "scatter"] == 0
        if curve.source is not None:
            assert found[name, "gained"] == pytest.approx(both[0] - both[1])


@pytest.mark.usefixtures("unfinished")
def test_every_text_is_tested_against_the_best_other() -> None:
    given: dict[str, dict[str, int]] = {"A": {"A": 9, "B": 6, "C": 2}, "B": {"A": 5, "B": 5, "C": 5}}
    matrix: Any = {f"e: {s} → {t}, drugs": [Counted(n)] * 2 for t, line in given.items() for s, n in line.items()}
    found = {(r.row, r.metric): r for r in rows.tests(matrix, texts.DRUG, "real")}
    assert len(found) == 8 and {r.table for r in found.values()} == {"Tests, drugs"}
    own = found["e: A against B → A, drugs", "difference"]
    assert (own.value, own.low, own.high) == pytest.approx((0.3, 0.3, 0.3))
    assert found["e: C against B → A, drugs", "difference"].value == pytest.approx(-0.4)
    p = [found[f"e: {s} against B → A, drugs", "p"].value for s in "AC"]
    assert p == [0, 0]  # all documents and seeds are alike
    assert found["e: B against A → B, drugs", "p"].value == 1


def test_curves_and_sentences_come_from_rows() -> None:
    few = [row(f"e: {s} + {n} sentences → A, drugs", 0.1, table=rows.FEW) for s in ("B", "none") for n in (50, 2000)]
    counts = [
        row(f"e: none + {n} sentences → A, drugs", n * 2, table=rows.FEW, metric="sentences read") for n in (50, 2000)
    ]
    long = "e: none, as long + 50 sentences → A, drugs"
    counts.append(row(long, 900, table=rows.FEW, metric="sentences read"))
    counts += [r.model_copy(update={"metric": "steps", "value": 7}) for r in counts]
    few.append(row(long, 0.2, table=rows.FEW))
    whole = row("e: A → A, drugs", 6500, metric="sentences read")
    counts = [whole, whole.model_copy(update={"metric": "steps", "value": 1000}), *counts]
    assert tables.lengths([*few, *counts]) == [
        {
            "target": "A",
            "type": "drugs",
            "trained": "as in curves",
            "50 sentences": "100 (7)",
            "2,000 sentences": "4,000 (7)",
            "full performance": "6,500 (1,000)",
        },
        {"target": "A", "type": "drugs", "trained": "as long", "50 sentences": "900 (7)"},
    ]
    zero = [row(f"e: {s} → {t}, drugs", 0.05) for s, t in (("B", "A"), ("C", "A"), ("A", "A"), ("B", "B"))]
    [(name, target, lines)] = tables.drawn([*few, *counts, *zero])
    assert (name, target) == (rows.FEW, "A")
    assert [(line.label, line.x) for line in lines] == [
        ("B", [0, 50, 2000]),
        ("no pretraining", [50, 2000]),
        ("no pretraining, trained as long", [50]),
    ]
    assert lines[0].runs == [[0.05, 0.1, 0.1]]


def test_curves_stand_beside_training_as_long() -> None:
    few = [
        row(f"e: {s} + 50 sentences → A, drugs", f1, table=rows.FEW) for s, f1 in (("B", 0.5), ("none, as long", 0.375))
    ]
    name = "e: B + 50 sentences → A, drugs"
    apart = row(name, 0.125, table=rows.LONG, metric="difference"), row(name, 0.01, table=rows.LONG, metric="p")
    assert tables.as_long([*few, *apart]) == [
        {
            "target": "A, drugs",
            "sentences": 50,
            "start": "B",
            "F1": 0.5,
            "as long": 0.375,
            "difference": "0.125 [0.125, 0.125]",
            "p": 0.01,
        }
    ]
    assert tables.as_long(few) == records.nothing()


def enough(source: str, metric: str, value: float, high: float, **more: Any) -> Row:
    given = {"table": rows.ENOUGH, "metric": metric, "scorer": rows.COUNTED} | more
    return row(f"e: {source} + sentences → RU UGT, drugs", value, **given).model_copy(update={"high": high})


def test_sentences_stand_beside_the_papers() -> None:
    few = [row(f"e: none + {size} sentences → RU UGT, drugs", 0.1, table=rows.FEW) for size in (50, 2000)]
    due = [enough(s, "to 99 %", n, float("inf")) for s, n in (("B", 1134), ("C", 1500), ("none", float("inf")))]
    due += [
        enough("B", "to 90 %", 50, 60),
        enough("B", "saved to 99 %, at least", 866, float("inf")),
        enough("B", "neither to 99 %", 0.25, 0.25),
        enough("B", "area", 0.5, 0.625, scorer="F1"),
        enough("B", "p", 0.01, 0.01, scorer="test"),
    ]
    line = tables.summary([*few, *due], rows.ENOUGH)[0]
    assert line == {
        "target": "RU UGT",
        "type": "drugs",
        "pretrained on": "B",
        "to 99 %": "1,134 [1,134, > 2,000]",
        "to 90 %": "≤ 50 [≤ 50, 60]",
        "saved to 99 %": "≥ 866 [866, ∞]",
        "neither to 99 %": "25%",
    }
    assert tables.heights([*few, *due], rows.ENOUGH) == [
        {"target": "RU UGT", "type": "drugs", "pretrained on": "B", "area": "0.500 [0.500, 0.625]", "p": 0.01}
    ]
    assert tables.heights(few, rows.ENOUGH) == records.nothing()
    reported = records.papers(rows.CHAPTER)
    cells = tables.beside([], [*few, *due], reported)
    assert len(cells) == 18 and [c["paper"] for c in cells[:6]] == ["500", "900", "1,050", "700", "650", "1,000"]
    assert [(c["target"], c["pretraining"], c["recorded"]) for c in cells[3:6]] == [
        ("RU UGT", "best", "B: 1,134 [1,134, > 2,000]"),
        ("RU UGT", "worst", "C: 1,500 [1,500, > 2,000]"),
        ("RU UGT", "no", "> 2,000 [> 2,000, > 2,000]"),
    ]


def test_the_papers_numbers_have_a_cell_each() -> None:
    reported = records.papers(rows.CHAPTER)
    for type in (texts.DRUG, texts.DISEASE):
        cells = tables.wide(reported, tables.PAPERS[type], "F1")
        assert len(cells) == 4 and all(isinstance(cell, str) for line in cells for cell in line.values())
        for name in {r.row for r in reported if r.table == tables.PAPERS[type]}:
            p, r, f = (
                next(x.paper for x in reported if (x.table, x.row, x.metric) == (tables.PAPERS[type], name, m))
                for m in ("P", "R", "F1")
            )
            assert p and r and f == pytest.approx(2 * p * r / (p + r), abs=0.02), name


@pytest.mark.parametrize("profile", ["real", "paper"])
def test_every_profile_can_be_recorded(profile: str) -> None:
    rows, missing = recording.collect(recording.TRANSFER, profile=profile)
    assert missing or rows


def test_a_small_grid_is_computed_recorded_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"source_most": 3, "few": (1, 2), "few_visits": 2, "few_as_long": (1,)}
    made = grid("small", **settings)
    found = rows.everything(made)
    assert set(tables.board(found)) == {
        f"{chapter.table(what, texts.DRUG, 'small')}{more}"
        for what, more in ((rows.ZERO, ", F1"), (rows.FEW, ""), (rows.ENOUGH, ""), (rows.ENOUGH, ", areas"))
    }
    curves = made.curves(rows.scores(found, texts.DRUG, "small"), texts.DRUG)
    assert [curve.learning.counts.shape[:2] for curve in curves] == [(2, 2)] * 3
    assert np.array_equal(curves[0].learning.full, curves[-1].learning.full)
    assert len(tables.tested(found, chapter.table(rows.ZERO, texts.DRUG, "small"))) == 4 * 3
    assert len(tables.early(found)) == 1 and len(tables.material(found)) == len(tables.repeated(found)) == 4
    [read, long] = tables.lengths(found)
    assert str(read["1 sentences"]).startswith("2 (") and str(read["full performance"]).startswith("3 (")
    assert str(long["1 sentences"]).startswith("5 (") and [line["start"] for line in tables.as_long(found)] == [
        curve.start for curve in curves
    ]
    enough = [r for r in found if r.table == chapter.table(rows.ENOUGH, texts.DRUG, "small")]
    assert {r.config["train"][0]["most"] for r in enough if r.config} == {2}  # of the largest size

    due = list(recording._due_of_transfer("small", given(settings)))
    assert {r.row for d in due for r in d.rows()} == {r.row for r in found}

    # What rests on many runs is not kept where one of them is missing.
    monkeypatch.setattr(recording, "read", lambda _: found)
    gone = curves[0].largest[0]
    monkeypatch.setattr(recording, "_finished", lambda value: value != gone)
    monkeypatch.setattr(recording.yaml, "safe_load", lambda _: {rows.CHAPTER: given(settings)})
    kept, missing = recording.collect(rows.CHAPTER, profile="small")
    assert missing == ["curves, DRUG", "as long, DRUG"]
    owed = {chapter.table(what, texts.DRUG, "small") for what in (rows.ENOUGH, rows.EARLY, rows.LONG)}
    assert {r.table for r in found} - {r.table for r in kept} == owed
    named = [[(r.table, r.row, r.metric) for r in of if r.table not in owed] for of in (found, kept)]
    assert sorted(named[0]) == sorted(named[1]) and len(kept) == len(named[1])


def test_no_sentence_of_a_real_test_is_trained_on(real: Any) -> None:
    made = grid("real")
    here = [text for text in made.texts if corpora.available(text.corpus)]
    if not here:
        pytest.skip("no corpus of chapter 5 is on this machine: set CHEMXL_DATA")
    for text in here:
        type = text.types[-1]
        tested = text.held_out(type)
        scored = {s.id for s in text.tested(type).load()}
        assert scored <= {s.id for s in tested.load()} and len(scored) == min(text.scored, len(tested.load()))
        documents = {name.rpartition("~")[0] for name in scored}
        assert len(documents) > 0.7 * len(tested.whole()), text.label  # most are in the score, none with all of it
        learnt = made.labelled(text, type, most=10**6, seed=0).load()
        assert len(learnt) > 400 and len(tested.load()) > 200
        assert not {s.text for s in learnt} & {s.text for s in tested.load()}, text.label
        if not text.own:  # nor is a whole document of what is learnt from nearly one that is held out
            names = {name.rpartition("~")[0] for name in (s.id for s in learnt)}
            documents = Corpus(name=text.corpus, language=text.language, types=(type,)).load()
            train = [document for document in documents if document.id in names]
            assert train and not leaks(train, tested.whole()), text.label
