"""What sentences say is held to recorded rows, and every number of an Answer is such a finding."""

from __future__ import annotations

import math
import re
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest
import yaml

from chemxl.errors import ChemxlError
from chemxl.results import chapters, claims, findings, show
from chemxl.results.findings import Finding
from chemxl.results.rows import Row, counted, frame

ROOT = Path(__file__).parents[2]
BOOK = findings.read(ROOT / findings.FINDINGS)
EVERY = [(stem, name) for stem, listed in BOOK.items() for name in listed]
PAGES = list(dict.fromkeys([*chapters.find(), *BOOK]))
STEM = "01_one"
PLACES: Any = ("above", "below", "across")
INTERVALS = list(combinations_with_replacement((-math.inf, -1.0, 0.0, 0.5, 1.0, math.inf), 2))


def row(low: float | None, high: float | None, *, metric: str = "F1", value: float = 0.25, **keys: Any) -> Row:
    return Row(metric=metric, value=value, low=low, high=high, keys={"method": "a", **keys})


def asked(one: Finding, *rows: Row) -> findings.Outcome:
    return findings.ask(STEM, "number", one, lambda chapter: frame(rows))


@pytest.mark.parametrize(("stem", "name"), EVERY)
def test_every_sentence_says_what_its_rows_say(stem: str, name: str) -> None:
    finding = BOOK[stem][name]
    found = findings.ask(stem, name, finding)
    ends = [(row["value"], row["low"], row["high"]) for row in found.rows]
    assert found.holds, f"{stem}, {name}: prose says {finding.lies}, rows are {ends}: write the sentence anew"
    compared = [row for row in found.rows if row["metric"].startswith(claims.DIFFERENCES)]
    assert finding.lies or not compared, f"{stem}, {name}: a difference has a direction: say where it lies"


def answer(stem: str) -> str:
    """The section, as a reader has it but for names of numbers."""
    cell = (ROOT / f"notebooks/{stem}.py").read_text("utf-8")
    [text] = re.findall(r"^# ## Answer\n(.*?)^# (?:## Claims|```\{glue\})", cell, re.DOTALL | re.MULTILINE)
    return re.sub(r"\]\(.*?\)|\bchapter \d+", "", text)


@pytest.mark.parametrize("stem", PAGES)
def test_every_number_of_an_answer_is_a_finding(stem: str) -> None:
    given = set(re.findall(r"\{glue:text\}`(\w+)`", answer(stem)))
    assert given <= set(BOOK.get(stem, {})), "a number that no row stands for: put it into book/findings.yaml"
    assert given or stem not in BOOK, "an Answer without a number, though rows are there"


@pytest.mark.parametrize("stem", PAGES)
def test_a_number_that_is_typed_into_an_answer_is_asked_for(stem: str) -> None:
    """As the 200 in "with 200 sentences", which must be a key of the rows."""
    asked = " ".join(f"{finding.rows} {finding.than}" for finding in BOOK.get(stem, {}).values())
    keys = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", asked)}
    typed = re.findall(r"(?<![\w.-])\d[\d,.]*\b(?![\w-])", re.sub(r"\{.*?\}`.*?`", "", answer(stem)))
    for number in typed:
        plain = float(number.replace(",", ""))
        assert plain in keys or plain / 100 in keys, f"{stem}: {number} is no key of a finding's rows"


@pytest.mark.parametrize("stem", BOOK)
def test_what_a_page_glues_is_there(stem: str) -> None:
    source = (ROOT / f"notebooks/{stem}.py").read_text("utf-8")
    assert ("chapter.stem" if stem in chapters.find() else f'"{stem}"') in re.findall(r"findings\.glue\((.*)\)", source)
    for name in BOOK[stem]:
        assert not re.search(rf'show\.glue\(f?"{name}"', source), f"{name} is glued twice"


@pytest.mark.parametrize("own", INTERVALS)
@pytest.mark.parametrize("other", INTERVALS)
def test_an_interval_lies_in_one_place(own: tuple[float, float], other: tuple[float, float]) -> None:
    said = {place: Finding(rows="method == 'a'", lies=place).holds([own], *other) for place in PLACES}
    place = "above" if own[0] > other[1] else "below" if own[1] < other[0] else "across"
    assert [name for name, holds in said.items() if holds] == [place]
    for name in ("above", "below"):
        negated: Any = f"not {name}"
        assert Finding(rows="method == 'a'", lies=negated).holds([own], *other) == (name != place)


def test_an_interval_is_held_beside_another_rows() -> None:
    one = Finding(rows="method == 'a'", lies="above", than="method == 'b'")
    assert [asked(one, row(0.5, 0.75), row(0.25, high, method="b")).holds for high in (0.375, 0.5)] == [True, False]
    elsewhere = one.model_copy(update={"chapter": "02_two", "than_chapter": STEM})
    tables = {"02_two": frame([row(0.5, 0.75)]), STEM: frame([row(0.25, 0.375, method="b")])}
    assert findings.ask(STEM, "number", elsewhere, tables.__getitem__).holds


def test_a_row_that_has_turned_no_longer_holds() -> None:
    one = Finding(rows="method == 'a'", lies="above")
    assert [asked(one, row(low, 0.5)).holds for low in (0.125, 0.0, -0.125)] == [True, False, False]
    assert asked(one, row(0.125, 0.5), row(-0.5, -0.25, method="b")).holds
    assert not asked(one, row(0.125, 0.5), row(-0.5, -0.25, test="B")).holds, "all rows must lie there"
    assert not asked(Finding(rows="method == 'a'", lies="not below"), row(0.1, 0.5), row(-0.5, -0.25, test="B")).holds
    assert asked(Finding(rows="method == 'a'", lies="above", than=0.1), row(0.125, 0.5)).holds


def test_how_prose_gives_a_number() -> None:
    one = Finding(rows="method == 'a'")
    several = [row(None, None, value=value, test=name) for name, value in {"A": 0.5, "B": -0.125, "C": 0.25}.items()]
    saved = row(0, math.inf, metric="sentences saved", value=866).model_copy(update={"bound": "≥"})
    few, most = (row(0.1, 0.2, sentences=size, method="b") for size in (50, 2000))
    assert asked(one, row(0.125, 0.5)).text == "0.250 [0.125, 0.500]"
    assert asked(one, *several).text == "between -0.125 and 0.500 in three comparisons"
    assert asked(one, *[row(None, None, seed=seed) for seed in range(13)]).text == "0.250 in 13 comparisons"
    assert asked(one, *counted({"documents": 12345.0}, keys={"method": "a"})).text == "12,345"
    assert asked(one, *counted({"share": 0.9997}, keys={"method": "a"})).text == "0.9997"
    assert asked(one, saved, most).text == "≥ 866 [0, ∞]"
    needed = row(100, math.inf, metric="sentences needed", value=math.inf)
    assert asked(one, needed, few, most).text == "> 2,000 [100, > 2,000]"


@pytest.mark.parametrize(
    ("one", "rows", "message"),
    [
        ({"rows": "method == 'b'"}, [row(0, 1)], "findings.yaml, 01_one, number: .* finds no recorded row"),
        ({"rows": "way == 'a'"}, [row(0, 1)], "cannot be asked: name 'way' is not defined"),
        ({"rows": "method == 'a'", "lies": "above"}, [row(None, None)], "F1 = 0.25 has no interval and lies nowhere"),
        (
            {"rows": "method == 'a'", "lies": "above", "than": "method == 'b'"},
            [row(0, 1), row(0, 1, method="b"), row(0, 1, method="b", test="B")],
            "2 rows to compare with",
        ),
    ],
)
def test_a_finding_that_cannot_be_asked_is_named(one: dict[str, Any], rows: list[Row], message: str) -> None:
    with pytest.raises(ChemxlError, match=message):
        asked(Finding(**one), *rows)


@pytest.mark.parametrize("change", [{"than": 3}, {"lies": "aside"}, {"rows": None}, {"verdict": "confirmed"}])
def test_a_finding_that_is_not_whole_is_named(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "findings.yaml"
    path.write_text(yaml.safe_dump({STEM: {"number": {"rows": "method == 'a'"}}}))
    assert findings.read(path) == {STEM: {"number": Finding(rows="method == 'a'")}}
    path.write_text(yaml.safe_dump({STEM: {"number": {"rows": "method == 'a'", **change}}}))
    with pytest.raises(ChemxlError, match=r"findings\.yaml, number: not a finding as the file"):
        findings.read(path)


def test_a_page_is_given_all_of_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    stem = next(iter(BOOK))
    kept: dict[str, object] = {}
    monkeypatch.setattr(show, "glue", kept.__setitem__)
    findings.glue(stem)
    assert list(kept) == list(BOOK[stem]) and all(kept.values())
