"""Tables as spreadsheets, pandas and R write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.inputs import tables
from tests.inputs.given import given_back, put

LINES = ["id\ttext", '1\t"He said ""aspirin"", twice"', '2\t"one', 'two"', "", "3\tplain"]
DUE = {"1": 'He said "aspirin", twice', "2": "one\ntwo", "3": "plain"}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("between", ["\t", ",", ";"])
def test_cells_in_quotes(tmp_path: Path, between: str, ending: str) -> None:
    name = "a.tsv" if between == "\t" else "a.csv"
    put(tmp_path, {name: "\ufeff" + ending.join(LINES).replace("\t", between), "b.csv.gz": "id,text\n9,x"})
    assert given_back(tmp_path) == (DUE | {"9": "x"}, [])


def test_quotes_of_a_table_with_tabs_may_be_characters(tmp_path: Path) -> None:
    cells = ['"Aspirin helped', 'a 5" tube', '"A" and "B"', '"all of it"', 'and "']
    put(tmp_path, {"a.tsv": "id\ttext\n" + "".join(f"{i}\t{cell}\n" for i, cell in enumerate(cells))})
    assert given_back(tmp_path) == ({str(i): cell for i, cell in enumerate(cells)}, [])
    put(tmp_path, {"a.tsv": 'id\ttext\n1\t"Aspirin helped.\n2\tIt was good."\n'})  # a quotation over two rows
    assert given_back(tmp_path) == ({"1": '"Aspirin helped.', "2": 'It was good."'}, [])
    put(tmp_path, {"a.tsv": 'text\tlabel\n"Aspirin\nhelped"\tyes\n'})
    assert given_back(tmp_path) == ({"a-2": "Aspirin\nhelped"}, [])
    put(tmp_path, {"a.tsv": '"id"\t"text"\n"1"\t"all of it"\n2\tall of it\n'})  # as R has it
    assert given_back(tmp_path) == ({"1": "all of it", "2": "all of it"}, [])


def test_a_quote_that_is_not_closed_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    put(tmp_path, {"a.csv": 'id,text\n1,"one\n2,two\n3,three\n'})
    read, said = given_back(tmp_path)
    assert read == {"2": "two", "3": "three"}
    assert said == [f"{tmp_path}/a.csv:2: a quote in it is not closed; row left out"]


def test_what_is_no_row(tmp_path: Path) -> None:
    put(tmp_path, {"b.csv": "id;text\n1;x\n;;\n;\n"})  # as where a spreadsheet was cleared
    assert given_back(tmp_path) == ({"1": "x"}, [])
    (tmp_path / "b.csv").unlink()
    put(tmp_path, {"a.tsv": "\n \nid\ttext\n1\tx\n\t\n  \n\ufeffid\ttext\n\ufeff2\ty\n"})
    read, said = given_back(tmp_path)
    assert read == {"1": "x", "2": "y"}
    assert said == [f"{tmp_path}/a.tsv:7: the head stands again, as in a table that was put together; row left out"]


CELLS = st.text(st.sampled_from('ab";,\t\n '), max_size=12).map(lambda text: f"x{text}")
CELLS = CELLS.filter(lambda text: not {"\t", "\n"} <= set(text))  # in a table with tabs that may be two rows


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("between", ["\t", ",", ";"])
@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_what_is_written_comes_back(between: str, quoting: int, written: Sequence[tuple[str, str]]) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=between, quoting=quoting, lineterminator="\n").writerows([("id", "text"), *written])
    lines = enumerate(file.getvalue().splitlines(), 1)
    kind = "tsv" if between == "\t" else "csv"
    (_, head), *found = tables.rows(iter(lines), tables.SEPARATORS[kind], "text")
    assert head == ["id", "text"] and [tuple(cells) for _, cells in found] == written


def test_a_quote_holds_no_more_than_a_row_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LONGEST", 100)
    read = 0

    def lines() -> tables.Lines:
        nonlocal read
        for line in ["text", '"open', *["x" * 10] * 1000]:
            read += 1
            yield read, line

    found = tables.rows(lines(), "\t", "text")
    assert [next(found)[1], next(found)[1]] == [["text"], ['"open']] and read < 20
    assert sum(1 for _ in found) == 1000
