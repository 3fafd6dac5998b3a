"""A page of relations: nothing of a text is markup, and an arc is drawn by keyboard and by pointer."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.documents import Document, Mention, Relation
from chemxl.results import show
from chemxl.results.arcs import relations
from tests import chromium

TEXT = "😀 <b>aspirin</b> blocks\nCOX-1."
DOCUMENT = Document(
    "<i>",
    TEXT,
    (Mention.of("CHEM", 5, 12, id="T1"), Mention.of("GENE", 24, 29, id="T2")),
    (Relation("INHIBITOR", "T1", "T2", score=0.875), Relation("A&B", "T2", "T1")),
)


def test_what_comes_from_data_is_escaped() -> None:
    shown = relations(DOCUMENT, caption="<script>x</script>").html
    assert "<b>" not in shown and "<script>x" not in shown and "A&amp;B" in shown
    assert 'data-head="6 13" data-tail="25 30"' in shown, "JavaScript counts the emoji as two"
    assert "aspirin → COX-1: <strong>INHIBITOR</strong> 0.88" in shown
    assert "<ol></ol>" in relations(Document("d", "No relation.")).html


@pytest.mark.browser
def test_an_arc_goes_from_head_to_tail(tmp_path: Path) -> None:
    if chromium.PATH is None:
        pytest.skip("there is no Chromium here")
    browser = chromium.Chromium(tmp_path)
    try:
        browser.open(show.page([relations(DOCUMENT)], title="Relations"))
        arcs = "document.querySelectorAll('.chemxl-relations path').length"
        assert browser.run(f"return {arcs}") == 0
        browser.press("Tab")
        assert browser.run("return document.activeElement.dataset.head") == "6 13"
        path = browser.run("return document.querySelector('.chemxl-relations path').getAttribute('d')")
        ends = browser.run(
            "const base = document.querySelector('.chemxl-relations').getBoundingClientRect();"
            "return [...document.querySelectorAll('mark')].map(mark => {"
            "const range = document.createRange(); range.selectNodeContents(mark);"
            "const box = range.getClientRects()[0]; return [box.left + box.width / 2 - base.left, box.top - base.top]})"
        )
        numbers = [float(word.strip("MC")) for word in path.partition("m")[0].replace("C", " ").split()]
        assert numbers[:2] == pytest.approx(ends[0], abs=0.6) and numbers[-2:] == pytest.approx(ends[1], abs=0.6)
        browser.press("Tab")
        assert (
            browser.run("return document.activeElement.dataset.head") == "25 30" and browser.run(f"return {arcs}") == 1
        )
        browser.run("document.activeElement.blur()")
        assert browser.run(f"return {arcs}") == 0
    finally:
        browser.close()
