"""Verdicts follow from rows by one rule, and every claim of the book can be judged."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from chemxl.errors import ChemxlError
from chemxl.results import chapters, claims, records
from chemxl.results.claims import Claim, Verdict
from chemxl.results.rows import Row, counted, frame

ROOT = Path(__file__).parents[2]
ALL = claims.read(ROOT / claims.CLAIMS)
NUMBERS = st.one_of(st.just(0.0), st.sampled_from([-math.inf, math.inf]), st.floats(-3, 3))
INTERVALS = st.tuples(NUMBERS, NUMBERS).map(lambda ends: (min(ends), max(ends)))
MIRROR = {"positive": "negative", "negative": "positive"}


def claim(**more: Any) -> Claim:
    given = {"id": "a", "paper": "an-author-2020", "chapter": "01_one", "place": "table 1", "claim": "It helps."}
    tried = {} if "why" in more else {"here": "first less second", "rows": "method == 'a'"}
    return Claim(**{**given, **tried, **more})


def row(low: float | None, high: float | None, **more: Any) -> Row:
    how: dict[str, Any] = {"metric": "difference of F1", "rule": "t", "keys": {"method": "a"}}
    return Row(value=0 if low is None else low, low=low, high=high, **how | more)


def judged(one: Claim, *rows: Row) -> claims.Tried:
    return claims.judge(one, lambda chapter: frame(rows))


@given(INTERVALS, st.none() | st.floats(0.01, 3))
def test_a_direction_is_read_from_the_side_on_which_an_interval_lies(
    ends: tuple[float, float], size: float | None
) -> None:
    low, high = ends
    found = claim(sign="positive", size=size).verdict(low, high)
    cases: dict[Verdict, bool] = {
        "confirmed": low > 0,
        "refuted": high < 0,
        "bounded": low <= 0 <= high and size is not None and high < size,
        "undecided": low <= 0 <= high and (size is None or high >= size),
    }
    assert [verdict for verdict, holds in cases.items() if holds] == [found]


@given(INTERVALS, st.none() | st.floats(0.01, 3), st.sampled_from(["positive", "negative"]))
def test_the_rule_is_symmetric(ends: tuple[float, float], size: float | None, sign: str) -> None:
    low, high = ends
    mirrored = claim(sign=MIRROR[sign], size=size).verdict(-high, -low)
    assert claim(sign=sign, size=size).verdict(low, high) == mirrored


@given(INTERVALS, st.sampled_from(["positive", "negative"]), st.floats(0.01, 3), st.floats(0, 2))
def test_a_narrower_interval_never_turns_a_verdict_round(
    ends: tuple[float, float], sign: str, size: float, cut: float
) -> None:
    low, high = ends
    assume(low + cut <= high)
    before, after = (claim(sign=sign, size=size).verdict(at, high) for at in (low, low + cut))
    assert after == before or before in ("undecided", "bounded")


@given(INTERVALS, st.none() | st.floats(-2, 2), st.none() | st.floats(-2, 2))
def test_a_value_is_held_against_its_bounds(
    ends: tuple[float, float], above: float | None, below: float | None
) -> None:
    assume((above is not None or below is not None) and (above is None or below is None or above < below))
    low, high = ends
    least = -math.inf if above is None else above
    most = math.inf if below is None else below
    inside = (above is None or least < low) and (below is None or high < most)
    outside = high < least or most < low
    wanted = "confirmed" if inside else "refuted" if outside else "undecided"
    assert claim(above=above, below=below).verdict(low, high) == wanted


@given(st.lists(st.sampled_from(get_args(Verdict)[:4]), min_size=1, max_size=5))
def test_several_comparisons_decide_only_together(verdicts: list[Verdict]) -> None:
    for alone in get_args(Verdict)[:4]:
        if all(verdict == alone for verdict in verdicts):
            assert claims.weakest(verdicts) == alone
            return
    bounded = all(verdict in ("bounded", "refuted") for verdict in verdicts)
    assert claims.weakest(verdicts) == ("bounded" if bounded else "undecided")
    assert claims.weakest(reversed(verdicts)) == claims.weakest(verdicts)


def test_a_changed_row_changes_the_verdict() -> None:
    one = claim(sign="positive", size=0.1)
    seen = [
        judged(one, row(low, high)).verdict for low, high in [(0.01, 0.2), (-0.01, 0.2), (-0.1, 0.05), (-0.2, -0.1)]
    ]
    assert seen == ["confirmed", "undecided", "bounded", "refuted"]
    both = judged(one, row(-0.2, -0.1), row(-0.1, 0.05), row(0.5, 0.6, keys={"method": "another"}))
    assert both.verdicts == ["refuted", "bounded"] and both.verdict == "bounded"


def test_what_is_not_tested_says_why() -> None:
    assert judged(claim(why="Not here.")).verdict == "not tested"


def test_a_count_of_a_whole_corpus_is_exact() -> None:
    rows = counted({"% of D1": 52.9}, keys={"method": "a"})
    assert judged(claim(above=50), *rows).verdict == "confirmed"
    assert judged(claim(above=53), *rows).verdict == "refuted"


@pytest.mark.parametrize(
    ("more", "rows", "message"),
    [
        ({"sign": "positive"}, [row(0.1, 0.2, keys={"method": "b"})], "claims.yaml, a: .* finds no recorded row"),
        ({"sign": "positive"}, [], "claims.yaml, a: .*cannot be asked|finds no recorded row"),
        ({"sign": "positive", "rows": "way == 'a'"}, [row(0.1, 0.2)], "cannot be asked: name 'way' is not defined"),
        ({"sign": "positive", "rows": "method =="}, [row(0.1, 0.2)], "claims.yaml, a: .* cannot be asked"),
        ({"sign": "positive"}, [row(0.1, 0.2, metric="F1")], "a: F1 is no difference and has no direction"),
        ({"sign": "positive"}, [row(None, None)], "a: difference of F1 = 0.0 has no interval and decides nothing"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_named(more: dict[str, Any], rows: list[Row], message: str) -> None:
    with pytest.raises(ChemxlError, match=message):
        judged(claim(**more), *rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one | {"why": "No."}, "give either `rows`, or `why`"),
        (lambda one: one | {"rows": ""}, "give either `rows`, or `why`"),
        (lambda one: one | {"here": ""}, "`rows` need `here`"),
        (lambda one: one | {"above": 1}, "either a `sign` or a bound"),
        (lambda one: one | {"sign": None}, "either a `sign` or a bound"),
        (lambda one: one | {"size": -1}, "more than 0"),
        (lambda one: one | {"verdict": "confirmed"}, "Extra inputs are not permitted"),
        (lambda one: {name: item for name, item in one.items() if name != "place"}, "place\n *Field required"),
        (lambda one: "text", "it is not as the file's head says"),
    ],
)
def test_a_claim_that_is_not_whole_is_named(
    change: Callable[[dict[str, Any]], Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "claims.yaml"
    whole = claim(sign="positive").model_dump(exclude={"paper"}, exclude_none=True)
    path.write_text(yaml.safe_dump({"an-author-2020": [whole]}))
    assert claims.read(path) == [claim(sign="positive")]
    path.write_text(yaml.safe_dump({"an-author-2020": [change(whole)]}))
    with pytest.raises(ChemxlError, match=f"claims.yaml, an-author-2020(.|\n)*{message}"):
        claims.read(path)
    path.write_text(yaml.safe_dump({"an-author-2020": [whole, whole]}))
    with pytest.raises(ChemxlError, match="two claims are called a: rename one"):
        claims.read(path)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_every_claim_of_the_book_can_be_judged(one: Claim) -> None:
    assert re.search(rf"@\w+{{{re.escape(one.paper)},", (ROOT / "book/references.bib").read_text("utf-8"))
    assert one.chapter in chapters.find()
    found = claims.judge(one)
    assert bool(found.rows) == bool(one.rows) and len(found.rows) == len(found.verdicts)
    for tried in found.rows:
        assert tried["profile"] != "small" and tried["of"], "a demonstration decides nothing"


def test_every_chapter_shows_its_claims_and_the_page_shows_all() -> None:
    found = claims.tried()
    pages = "".join(part.html for part in claims.by_paper(found))
    for stem in chapters.find():
        own = [one for one in found if one.claim.chapter == stem]
        shown = claims.table(stem).html
        assert shown.count('scope="row"') == len(own) > 0 and f'"{stem}.html"' in pages
        assert f'claims.table("{stem}")' in (ROOT / f"notebooks/{stem}.py").read_text("utf-8")
    assert pages.count('scope="row"') == len(found)
    assert sum(sum(of.values()) for of in claims.counts(found).values()) == len(found)
    for text in re.split("<table>", pages)[1:]:
        assert text.count('scope="row"') <= 14, "a table that a person reads: split it"


def test_what_a_table_says_of_a_comparison() -> None:
    one = claim(sign="positive", here="<first> less second", note="Mind.")
    rows = [
        row(0.1, 0.2, keys={"method": "a", "less_method": less, "test": test}, rule="an older rule; p: another")
        for less in ("none", "random")
        for test in ("EN", "RU")
    ]
    [page] = claims.by_paper([judged(one, *rows)])
    for text in (
        "&lt;first&gt; less second",
        "✓ less method none, test EN: 0.100 [0.100, 0.200]",
        "<small>an older rule</small>",
        "<small>Mind.</small>",
        '<a href="01_one.html"><small>chapter 1</small></a>',
        "An 2020, chapter 1",
    ):
        assert text in page.html
    many = claims.by_paper([judged(one, *rows, row(-math.inf, math.inf, keys={"method": "a", "test": "ZH"}))])
    assert "<summary>5 comparisons: 4 confirmed, 1 undecided</summary>" in many[0].html
    assert "? test ZH: -∞ [-∞, ∞]" in many[0].html


def test_a_row_that_no_longer_holds_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stem = next(one.chapter for one in ALL if one.rows)
    chapter, recorded = chapters.named(stem), records.read(stem)
    assert {row.identity for row in chapters.holding(chapter)} == {row.identity for row in recorded.rows}
    origins = {**recorded.origins, "gone": next(iter(recorded.origins.values()))}
    for change in ({"of": ("gone",)}, {"profile": "paper"}):
        stale = recorded.rows[0].model_copy(update=change)
        given = records.Recorded([stale, *recorded.rows[1:]], origins)
        monkeypatch.setattr(chapters, "read", lambda name, given=given: given)
        assert chapters.holding(chapter) == recorded.rows[1:]


def test_demonstrations_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(0.1, 0.2, profile="real"), row(-0.2, -0.1, profile="small")]
    monkeypatch.setattr(chapters, "holding", lambda chapter: rows)
    claims.recorded.cache_clear()
    assert claims.judge(claim(sign="positive", chapter="01_data_collection")).verdicts == ["confirmed"]
    claims.recorded.cache_clear()


def test_figure() -> None:
    found = [judged(claim(sign="positive"), row(0.1, 0.2)), judged(claim(why="No.", paper="another-2021-b"))]
    assert claims.counts(found)["An 2020"]["confirmed"] == 1 and claims.counts(found)["Another 2021"]["not tested"] == 1
    figure = claims.figure(found)
    assert "1 confirmed, 0 refuted, 0 bounded, 0 undecided, 1 not tested" in figure.alt
