"""What chapter 5 declares, in each profile, and how its rows become tables."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml

from chemxl import corpora, recording, records
from chemxl.errors import ChemxlError
from chemxl.experiment import Value
from chemxl.records import Row
from chemxl.transfer import chapter, tables

PROFILES = get_args(chapter.Profile)


def grid(profile: chapter.Profile, **changed: Any) -> chapter.Grid:
    given: dict[str, Any] = {"base_encoder": "mini", "few": (10, 40), "few_visits": 80, "source_most": 20}
    given |= {"source_epochs": 1, "head_learning_rate": 1e-3, "seeds": (0, 1)}
    return chapter.Grid(profile, **given | {"batch_tokens": 512, "learning_rate": 1e-3} | changed)


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
    best, worst = made.ends(scores(made, chapter.DRUG), target, chapter.DRUG)
    assert (best.label, worst.label) == ("RU abstracts", "EN BC5CDR")
    assert {
        c.source.label if c.source else None for c in made.curves(scores(made, "DRUG"), "DRUG") if c.target == target
    } == {
        "RU abstracts",
        "EN BC5CDR",
        None,
    }
    with pytest.raises(ChemxlError, match="run the matrix first"):
        made.ends({}, target, chapter.DRUG)


def test_few_sentences_are_read_often_and_many_as_often_as_a_source() -> None:
    assert [grid("real", source_epochs=2).epochs(size) for size in (10, 30, 40, 60)] == [8, 3, 2, 2]
    made = chapter.Grid("real", **parameters("real"))
    read = [size * made.epochs(size) for size in made.few]
    full = made.source_most * made.source_epochs
    assert all(made.few_visits * 0.9 <= number < full for number in read)
    assert made.epochs(made.few[-1]) == made.source_epochs and made.few[-1] < made.source_most
    paper = chapter.Grid("paper", **parameters("paper"))
    assert {paper.epochs(size) for size in paper.few} == {38}


def test_every_size_begins_from_the_same_source() -> None:
    made = grid("small")
    [best, *_, none] = made.curves(scores(made, chapter.DRUG), chapter.DRUG)
    assert [row[0].training.epochs for row in none.values.values()] == [8, 2]
    assert best.source is not None
    assert {row[0].start for row in best.values.values()} == {made.source(best.source, chapter.DRUG, 0)}
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


def row(name: str, value: float, *, table: str = tables.ZERO, metric: str = "F1", **more: Any) -> Row:
    return Row(chapter="05", table=table, row=name, metric=metric, value=value, low=value, high=value, **more)


def test_the_matrix_has_a_row_a_test() -> None:
    made = [row("e: A → A, drugs", 0.5), row("e: B → A, drugs", 0.25), row("e: B → B, drugs", 0.75)]
    made.append(row("e: B → A, drugs", 0.9, metric="P"))
    assert tables.wide(made, tables.ZERO, "F1", marked={"e: B → A, drugs"}) == [
        {"tested on": "A", "A": "0.500", "B": "0.250*"},
        {"tested on": "B", "A": None, "B": "0.750"},
    ]
    reported = [Row(chapter="05", table="p", row="A → B", metric="F1", paper=0.125)]
    assert tables.wide(reported, "p", "F1") == [{"tested on": "B", "A": "0.125", "B": None}]


def test_curves_and_sentences_come_from_rows() -> None:
    few = [row(f"e: {s} + {n} sentences → A, drugs", 0.1, table=tables.FEW) for s in ("B", "none") for n in (50, 2000)]
    [(name, target, lines)] = tables.drawn(few)
    assert (name, target) == (tables.FEW, "A")
    assert [(line.label, line.x) for line in lines] == [("B", [50, 2000]), ("no pretraining", [50, 2000])]
    due = [
        row("e: B + sentences → A, drugs", 1200.0, table=tables.ENOUGH, metric="to 99 %").model_copy(
            update={"low": 800.0, "high": float("inf")}
        )
    ]
    assert tables.summary([*few, *due], tables.ENOUGH) == [
        {"target": "A", "pretrained on": "B", "to 99 %": "1,200 [800, > 2,000]"}
    ]


def test_the_papers_numbers_have_a_cell_each() -> None:
    reported = records.papers(tables.CHAPTER)
    for type in (chapter.DRUG, chapter.DISEASE):
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


def test_a_small_grid_is_computed_recorded_and_shown() -> None:
    made = grid("small", source_most=3, few=(1, 2), few_visits=2)
    found = tables.rows(made)
    board = tables.board(found)
    assert set(board) == {
        f"{chapter.table(what, chapter.DRUG, 'small')}{more}"
        for what, more in ((tables.ZERO, ", F1"), (tables.FEW, ""), (tables.ENOUGH, ""))
    }
    curves = made.curves(tables.scores(found, chapter.DRUG, "small"), chapter.DRUG)
    assert [curve.learning.counts.shape[:2] for curve in curves] == [(2, 2)] * 3
    assert np.array_equal(curves[0].learning.full, curves[-1].learning.full)
    assert tables.differing(made.matrix(chapter.DRUG)) <= set(made.matrix(chapter.DRUG))
    [line] = tables.bias(curves, seed=0, runs=50)
    assert line["target"] == "RU reviews"


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
