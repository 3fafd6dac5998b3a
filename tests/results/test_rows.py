"""Rows: made of counts, framed as one table, refused where keys would hide a column."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics, significance
from chemxl.results import rows, show, tables
from chemxl.results.rows import Pair, Row, frame
from tests.curves import Counted


class Typed(Counted):
    """Half of what it finds is of each of two types."""

    def counts(self) -> metrics.Counts:
        return metrics.Counts(("CHEM", "GENE"), np.tile([[self.right, 5, 5], [0, 5, 5]], (30, 1, 1)))


def test_scores_have_the_interval_of_the_one_rule() -> None:
    values = [Counted(4), Counted(6)]
    made = rows.scored(values, scores=metrics.SCORES, keys={"train": "a"})
    assert [(row.metric, row.value, row.keys) for row in made] == [(m, 0.5, {"train": "a"}) for m in metrics.SCORES]
    low, high = significance.estimate([value.counts().column() for value in values])[1:]
    assert (made[0].low, made[0].high) == (round(low, 4), round(high, 4)) and low < 0.5 < high
    assert {(row.rule, row.n, row.seeds) for row in made} == {(significance.RULE, 30, (0, 0))}


def test_a_type_is_a_key_and_an_absent_one_scores_nothing() -> None:
    [chem] = rows.scored([Typed(4)], type="CHEM")
    assert (chem.keys, chem.value) == ({"type": "CHEM"}, 0.8)
    [absent] = rows.scored([Typed(4)], type="SPECIES")
    assert (absent.value, absent.low, absent.high) == (0, 0, 0)


def test_differences_carry_p_and_their_keys() -> None:
    pairs = [
        Pair({"method": "a"}, [Counted(8)] * 2, [Counted(3)] * 2),
        Pair({"method": "b"}, [Counted(3)], [Counted(3)]),
    ]
    first, second = rows.differences(pairs)
    assert first.value == 0.5 and first.p == 0 and first.keys == {"method": "a"}
    assert second.value == 0 and second.p == 1


def test_sides_that_were_scored_on_other_documents_are_not_compared() -> None:
    class Fewer(Counted):
        """Of the last document nothing is due."""

        def counts(self) -> metrics.Counts:
            found = super().counts()
            found.values[-1] = 0
            return found

    with pytest.raises(ChemxlError, match="the test corpus has changed"):
        rows.differences([Pair({"method": "a"}, [Counted(8)], [Fewer(3)])])


@pytest.mark.parametrize("name", ["value", "of", "two words", "a-b"])
def test_a_key_is_a_column_of_its_own(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot be a key"):
        Row(metric="F1", value=1, keys={name: "x"})


def test_a_frame_has_a_column_a_key() -> None:
    made = [
        Row(metric="F1", value=0.5, low=0.4, high=0.6, keys={"train": "a", "sentences": 50}),
        Row(metric="documents", value=3, keys={"text": "b"}),
    ]
    table = frame(made)
    assert list(table.columns[:5]) == ["source", "chapter", "train", "sentences", "text"]
    assert table.query("sentences == 50").value.tolist() == [0.5]
    assert table.query("sentences.isna()").text.tolist() == ["b"]


def test_a_pivot_keeps_the_order_of_rows_and_refuses_two_in_a_cell() -> None:
    made = [
        Row(metric="F1", value=v, low=v, high=v, keys={"train": a, "test": b})
        for a, b, v in (("z", "y", 0.1), ("z", "x", 0.2), ("a", "x", 0.3))
    ]
    assert tables.pivot(frame(made), "train", "test") == [
        {"train": "z", "y": "0.100 [0.100, 0.100]", "x": "0.200 [0.200, 0.200]"},
        {"train": "a", "y": None, "x": "0.300 [0.300, 0.300]"},
    ]
    with pytest.raises(ValueError, match="two rows in one cell"):
        tables.pivot(frame([*made, made[0]]), "train", "test")
    assert tables.pivot(frame(made).iloc[:0], "train", "test") == [{"train": "nothing is recorded yet"}]
    without = tables.with_columns(frame(made), "documents")
    assert [list(line) for line in tables.pivot(without, ["train", "documents"], "test")] == [
        ["train", "documents", "y", "x"]
    ] * 2, "a key that no row has parts no lines"


def test_one_row_is_asked_for() -> None:
    made = frame([Row(metric="F1", value=0.5, low=0.4, high=0.6), Row(metric="perplexity", value=12.34)])
    assert tables.value(made.query("metric == 'F1'")) == "0.500 [0.400, 0.600]"
    assert tables.value(made.query("metric == 'perplexity'")) == "12.3"
    assert tables.value(made.iloc[:0]) == "—" and tables.bar(made.iloc[:0]) == (None, None, None)
    assert tables.bar(made.query("metric == 'F1'")) == (0.5, 0.4, 0.6)
    with pytest.raises(ValueError, match="2 rows where one was asked for"):
        tables.value(made)


def test_listed_differences_show_p_where_there_is_one() -> None:
    made = frame(
        [Row(metric="difference of F1", value=-0.1, low=-0.2, high=0.0, p=0.04, keys={"train": "a", "n_": 1000})]
    )
    assert tables.listed(made, ["train", "n_"]) == [
        {"train": "a", "n_": "1,000", "difference of F1": "-0.100 [-0.200, 0.000]", "p": 0.04}
    ]
    sure = made.assign(p=[0.0004])
    assert tables.listed(sure, ["train"])[0]["p"] == "<\N{NO-BREAK SPACE}0.001"
    page = show.table([*tables.listed(made, ["train"]), *tables.listed(sure, ["train"])], caption="c")._repr_html_()
    assert '<td class="number">&lt;\N{NO-BREAK SPACE}0.001</td>' in page and '<td class="number">0.040</td>' in page


def test_differences_say_what_was_taken_away_and_may_be_none() -> None:
    made = [
        Row(metric="F1", value=0.5, keys={"train": "a"}),
        Row(metric="difference of F1", value=0.1, keys={"train": "a", "less_train": "b", "less_method": "c"}),
        Row(metric="difference of F1", value=0.2, keys={"train": "a", "less_train": "d"}),
    ]
    assert [line["less"] for line in tables.differences(frame(made), ["train"])] == ["b c", "d"]
    assert tables.differences(frame(made[:1]), ["train"]) == tables.nothing("train")


def test_the_board_is_one_table_without_a_network() -> None:
    made = frame([Row(source="recorded", metric="F1", value=0.5, keys={"train": "<b>a</b>"}, of=("h1", "h2"))])
    html = tables.board([made]).html
    assert "&lt;b&gt;a&lt;" in html and "<b>a</b>" not in html and 'src="http' not in html
    assert tables.board([made]).html == html
    assert tables.tally({"04_ner": made}) == [{"chapter": "04_ner", "recorded": 1, "this build": 0, "papers": 0}]
