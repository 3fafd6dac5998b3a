"""Scores by type, and every error in its place."""

from __future__ import annotations

import csv
import io

import pytest

from chemxl.documents import Document, Mention
from chemxl.evaluation import metrics
from chemxl.evaluation.significance import estimate
from chemxl.own import report as reports
from chemxl.own.report import Report

TEXT = "Aspirin and zinc help <b>pain</b> and fever."
GOLD = (Mention.of("CHEM", 0, 7), Mention.of("CHEM", 12, 16), Mention.of("DIS", 25, 29), Mention.of("DIS", 38, 43))
FOUND = [
    Mention.of("CHEM", 0, 7),
    Mention.of("DIS", 12, 16, score=0.5),
    Mention.of("DIS", 25, 28),
    Mention.of("X", 17, 21),
]


@pytest.fixture
def report() -> Report:
    documents = [Document("a", TEXT, GOLD), Document("b", TEXT, GOLD), Document("c", "water")]
    return Report.of(documents, [FOUND, list(GOLD), []], ["DIS", "CHEM", "RARE"])


def test_rows_are_those_of_the_house(report: Report) -> None:
    rows = {row.type: row for row in report.rows()}
    assert [(row.type, row.gold, row.found, row.right) for row in rows.values()] == [
        ("CHEM", 4, 3, 3),
        ("DIS", 4, 4, 2),
        ("RARE", 0, 0, 0),
        ("all", 8, 7, 5),
    ]
    found = [[m for m in FOUND if m.type != "X"], list(GOLD), []]
    column = metrics.count([GOLD, GOLD, ()], found).column()
    assert rows["all"].f1 == estimate([column]) and rows["all"].recall == estimate([column], score=metrics.recall)
    assert rows["RARE"].f1 == (0.0, 0.0, 0.0)


def test_one_type_needs_no_sum() -> None:
    assert [row.type for row in Report.of([Document("a", TEXT, GOLD)], [FOUND], ["CHEM"]).rows()] == ["CHEM"]


def test_every_error_is_listed_and_marked(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report.listed()), delimiter="\t"))
    assert [(row["document"], row["start"], row["class"], row["gold text"], row["found text"]) for row in rows] == [
        ("a", "12", "wrong type", "zinc", "zinc"),
        ("a", "25", "wrong boundary", "pain", "pai"),
        ("a", "38", "missed", "fever", ""),
    ]
    assert rows[0]["score"] == "0.5000"
    assert report.errors() == dict(zip(metrics.ERROR_CLASSES, (5, 1, 1, 0, 1, 0), strict=True))
    page = report.page()
    assert "Errors in 1 of 3 texts" in page and "a: 3 errors" in page and "<b>pain" not in page


def test_a_table_for_programs_and_one_for_people(report: Report) -> None:
    head, rows = reports.table(report.rows(), apart=True)
    assert head[4:7] == ["precision", "precision low", "precision high"] and all(len(row) == 13 for row in rows)
    assert all(0 <= float(cell) <= 1 for row in rows for cell in row[4:])
    head, rows = reports.table(report.rows(), apart=False)
    assert len(head) == 7 and all(cell.endswith("]") for row in rows for cell in row[4:])


def test_types_break_no_table() -> None:
    document = Document("a", TEXT, (Mention.of("a|b<i>", 0, 7),))
    written = reports.markdown(Report.of([document], [[]], ["a|b<i>"]))
    assert r"| a\|b\<i\> |" in written
