"""Tables, tabs, values and pages as HTML: escaped and complete."""

from __future__ import annotations

import math
import re

import pytest

from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.results import show


def test_table_escapes_aligns_and_dashes() -> None:
    rows = [
        {"model": "mBERT <b>", "F1": 0.84213, "n": 12, "paper": None},
        {"model": "e5", "F1": math.nan, "note": show.Html("<a href='x'>run</a>"), "ok": True},
    ]
    shown = show.table(rows, caption='F1 "exact" & <i>', note="Scorer: <exact spans>")._repr_html_()
    assert "mBERT &lt;b&gt;" in shown and "<b>" not in shown and "<i>" not in shown
    assert '<td class="number">0.842</td><td class="number">12</td><td>—</td>' in shown
    intervals = show.table([{"a": "x", "F1": "0.8 [0.7, 0.9]"}, {"a": "y", "F1": None}], caption="c").html
    assert '<td class="number">0.8 <span class="chemxl-interval">[0.7, 0.9]</span></td>' in intervals
    assert '<td class="number">—</td>' in intervals
    assert "<a href='x'>run</a>" in shown and "<td>True</td>" in shown
    assert '<th scope="row">e5</th><td class="number">—</td>' in shown
    assert 'role="region" aria-label="F1 &quot;exact&quot; &amp; &lt;i&gt;" tabindex="0"' in shown
    assert "Scorer: &lt;exact spans&gt;" in shown
    assert [cell for cell in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', shown)] == [
        "model",
        "F1",
        "n",
        "paper",
        "note",
        "ok",
    ]
    assert shown == show.table(rows, caption='F1 "exact" & <i>', note="Scorer: <exact spans>").html


def test_table_needs_rows_and_a_caption() -> None:
    for rows, caption in (([], "x"), ([{"a": 1}], " ")):
        with pytest.raises(ChemxlError, match="rows and a caption"):
            show.table(rows, caption=caption)


def test_tabs_show_the_first_part_and_hold_all() -> None:
    def draw(rows: list[dict[str, object]]) -> list[show.Html]:
        return [show.table([row], caption="F1") for row in rows]

    parts: dict[str, list[dict[str, object]]] = {"Recorded <1>": [{"a": 0.5}], "This build": [{"a": 0.25}, {"a": 1}]}
    made = show.tabs(parts, draw).html
    groups = re.findall(r'<input id="(.+?)-(\d)" name="(.+?)" type="radio"( checked)?>', made)
    assert [(number, checked) for _, number, _, checked in groups] == [("0", " checked"), ("1", "")]
    assert len({name for group in groups for name in (group[0], group[2])}) == 1  # the buttons are of one group
    assert re.findall('sd-tab-label" for=".+?-(.)">(.+?)<', made) == [("0", "Recorded &lt;1&gt;"), ("1", "This build")]
    assert made.index("0.500") < made.index("This build") < made.index("0.250") and made.count("<table>") == 3
    assert show.tabs({**parts, "Paper": []}, draw).html == made
    assert show.tabs({"Paper": [], "Recorded": [1]}, lambda rows: show.Html(f"<i>{len(rows)}</i>")).text == "Recorded"
    assert show.tabs({"Paper": [], "Recorded": []}, lambda rows: show.Html("none")).text == "Paper | Recorded"
    with pytest.raises(ChemxlError, match="something to show"):
        show.tabs({"Paper": []}, draw)


def test_value() -> None:
    assert show.value(0.8421, 0.831, 0.8519) == "0.842 [0.831, 0.852]"
    assert show.value(0.8421, digits=2) == "0.84"
    assert show.value(None, 0.1, 0.2) == "—"


def test_what_is_folded_is_there_behind_its_title() -> None:
    inner = [show.table([{"a": n}], caption=f"table {n}") for n in (1, 2)]
    found = show.folded("By <type>", inner).html
    assert found.startswith('<details class="chemxl-folded"><summary>By &lt;type&gt;</summary>')
    assert all(part.html in found for part in inner) and found.endswith("</details>")
    assert show.folded("one", inner[0]).html.count("<table>") == 1


def test_glue_is_kept_and_not_displayed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[tuple[dict[str, str], dict[str, object]]] = []
    monkeypatch.setattr("myst_nb.ext.glue.ipy_display", lambda data, metadata, **_: kept.append((data, metadata)))
    show.glue("f1", "0.84 [0.83, 0.85]")
    [(data, metadata)] = kept
    assert data == {"application/papermill.record/text/plain": "'0.84 [0.83, 0.85]'"}
    assert metadata["scrapbook"]["name"] == "f1"  # type: ignore[index]


def test_page_is_whole_and_needs_no_other_file() -> None:
    page = show.page([show.entities(Document("d", "<b>"))], title="a & b")
    assert page.startswith("<!DOCTYPE html>") and "<title>a &amp; b</title>" in page
    assert "&lt;b&gt;" in page and "http" not in page
