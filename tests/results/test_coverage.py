"""What the book says to have of each paper is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from chemxl.errors import ChemxlError
from chemxl.results import chapters, claims, coverage
from chemxl.results.coverage import Exhibit, Status
from chemxl.results.rows import Row, frame

ROOT = Path(__file__).parents[2]
ALL = coverage.read(ROOT / coverage.COVERAGE)
WHOLE = {
    "reproduced": {"chapter": "04_ner", "code": "chemxl.evaluation.metrics.f1"},
    "scaled": {"chapter": "04_ner", "rows": "method == 'a'", "here": "on a <small> corpus"},
    "demonstrated": {"chapter": "04_ner", "code": "chemxl.evaluation.metrics"},
    "not obtainable": {"why": "It's gone."},
    "not done": {"why": "No time."},
}


def exhibit(status: str, **more: Any) -> Exhibit:
    given = {"paper": "an-author-2020", "place": "table 1", "shows": "F1 < 1", "status": status}
    return Exhibit(**{**given, **WHOLE[status], **more})


def rows(*methods: str) -> Callable[[str], Any]:
    made = [Row(metric="F1", value=0.5, keys={"method": method}) for method in methods]
    return lambda chapter: frame(made)


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.paper}-{one.place}".replace(" ", "-"))
def test_every_exhibit_of_the_book_is_what_it_says(one: Exhibit) -> None:
    assert coverage.check(one) == one
    assert re.search(rf"@\w+{{{re.escape(one.paper)},", (ROOT / "book/references.bib").read_text("utf-8"))
    assert len(one.shows.split()) <= 15, "say it shorter"


def test_the_papers_are_those_with_claims() -> None:
    assert {one.paper for one in ALL} == {claim.paper for claim in claims.read(ROOT / claims.CLAIMS)}


@pytest.mark.parametrize("status", get_args(Status))
def test_a_status_that_holds(status: str) -> None:
    one = exhibit(status)
    assert coverage.check(one, rows("a")) == one


@pytest.mark.parametrize(
    ("status", "change", "found", "message"),
    [
        ("reproduced", {"chapter": "99_none"}, ["a"], "there is no chapter 99_none: choose from 01_"),
        ("reproduced", {"code": "chemxl.evaluation.metrics.f2"}, ["a"], "its code is not there.*f2"),
        ("reproduced", {"code": "chemxl.nowhere"}, ["a"], "its code is not there.*nowhere"),
        ("reproduced", {"rows": "method == 'b'"}, ["a"], "finds no recorded row that holds"),
        ("scaled", {}, ["b"], "finds no recorded row that holds"),
        ("scaled", {}, [], "finds no recorded row that holds"),
        ("scaled", {"rows": "way == 'a'"}, ["a"], "finds no recorded row that holds"),
        ("scaled", {"rows": "method =="}, ["a"], "its rows cannot be asked for"),
        ("demonstrated", {"rows": "method == 'a'"}, ["a"], "recorded rows by now: call it scaled or reproduced"),
    ],
)
def test_a_status_that_does_not_hold_is_named(status: str, change: Any, found: list[str], message: str) -> None:
    with pytest.raises(ChemxlError, match=rf"coverage.yaml, an-author-2020, table 1: .*{message}"):
        coverage.check(exhibit(status, **change), rows(*found))


def test_what_is_demonstrated_waits_for_its_rows() -> None:
    for query in ("method == 'a'", "way == 'a'"):
        coverage.check(exhibit("demonstrated", rows=query), rows("b"))
        coverage.check(exhibit("demonstrated", rows=query), rows())


@pytest.mark.parametrize(
    ("status", "change", "message"),
    [
        ("reproduced", {"code": ""}, "what is reproduced needs code"),
        ("reproduced", {"chapter": ""}, "what is reproduced needs chapter"),
        ("scaled", {"rows": "", "here": ""}, "what is scaled needs here and rows"),
        ("demonstrated", {"code": ""}, "what is demonstrated needs code"),
        ("not obtainable", {"why": ""}, "what is not obtainable needs why"),
        ("not done", {"why": ""}, "what is not done needs why"),
        ("not done", {"rows": "method == 'a'"}, "give either `why`"),
        ("scaled", {"why": "No."}, "give either `why`"),
        ("scaled", {"status": "done"}, "Input should be 'reproduced'"),
        ("scaled", {"verdict": "confirmed"}, "Extra inputs are not permitted"),
    ],
)
def test_an_exhibit_that_is_not_whole_is_named(status: str, change: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "coverage.yaml"
    whole = exhibit(status).model_dump(exclude={"paper"})
    path.write_text(yaml.safe_dump({"an-author-2020": [whole]}))
    assert coverage.read(path) == [exhibit(status)]
    path.write_text(yaml.safe_dump({"an-author-2020": [whole | change]}))
    with pytest.raises(ChemxlError, match=f"coverage.yaml, an-author-2020(.|\n)*{message}"):
        coverage.read(path)


def test_two_of_a_paper_have_two_places(tmp_path: Path) -> None:
    path = tmp_path / "coverage.yaml"
    one = exhibit("not done").model_dump(exclude={"paper"})
    path.write_text(yaml.safe_dump({"an-author-2020": [one], "another-2021": [one]}))
    assert len(coverage.read(path)) == 2
    path.write_text(yaml.safe_dump({"an-author-2020": [one, one]}))
    with pytest.raises(ChemxlError, match="an-author-2020: table 1 stands there twice"):
        coverage.read(path)


def test_the_page_shows_them_all() -> None:
    page = coverage.by_paper(ALL).html
    papers = {one.paper for one in ALL}
    assert page.count("<table>") == page.count("sd-tab-label") == len(papers)
    assert page.count('scope="row"') == len(ALL)
    assert set(re.findall(r'href="(\w+)\.html"', page)) == {one.chapter for one in ALL if one.chapter}
    assert set(chapters.find()) >= {one.chapter for one in ALL if one.chapter}


def test_what_a_table_says() -> None:
    found = [exhibit("scaled"), exhibit("demonstrated", place="figure <1>"), exhibit("not done", place="table 2")]
    page = coverage.by_paper(found).html
    for text in (
        "F1 &lt; 1<br><small>on a &lt;small&gt; corpus</small>",
        "figure &lt;1&gt;",
        "≈\N{NO-BREAK SPACE}scaled",
        '<td><a href="04_ner.html" title="04_ner">chapter\N{NO-BREAK SPACE}4</a></td>',
        'api/evaluation.html#module-chemxl.evaluation.metrics" title="chemxl.evaluation.metrics">code</a>',
        "F1 &lt; 1<br><small>No time.</small></td><td>–\N{NO-BREAK SPACE}not done</td><td></td>",
        "F1 &lt; 1</td><td>○\N{NO-BREAK SPACE}demonstrated</td>",
    ):
        assert text in page
    claim = claims.Claim(id="a", paper="an-author-2020", chapter="04_ner", place="table 1", claim="It helps.", why="-")
    line = coverage.summary(found, [claims.Tried(claim, [], [])]).html
    assert "3: 1 scaled, 1 demonstrated, 1 not done" in line and "1: 1 not tested" in line
