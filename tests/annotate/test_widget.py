"""The annotator: what the page may ask for, and the page itself in headless Chromium, down to the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.annotate.widget import Annotator
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.results.markup import STYLE, type_colours
from tests import chromium

ONE = "Аспирин 🧪 и ацетат натрия.\r\nе\u0301 👩‍🔬 end"
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
CONF = f"[entities]\nCHEM\nDRUG\n{EVIL.split()[0]}\n[relations]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "round-001"
    path.mkdir()
    (path / "annotation.conf").write_text(CONF)
    (path / "0001.txt").write_bytes(ONE.encode())
    (path / "0001.ann").write_bytes("T1\tCHEM 12 25\tацетат натрия\n#1\tNote T1\tx\n".encode())
    (path / "0002.txt").write_text(f"{EVIL} zinc")
    (path / "0002.ann").write_text(f"T1\tCHEM {len(EVIL) + 1} {len(EVIL) + 5}\tzinc\nT2\tCHEM 0 4\t{EVIL}\n")
    return path


def add(start: int, end: int, type: str = "DRUG", name: str = "0001") -> dict[str, object]:
    return {"do": "add", "name": name, "start": start, "end": end, "type": type}


def test_a_folder_is_annotated_text_by_text(folder: Path) -> None:
    annotator = Annotator(str(folder))
    assert annotator.names == ["0001", "0002"] and annotator.types == ("CHEM", "DRUG")
    state = annotator.receive(add(0, 8))
    assert state["chosen"] == "T2" and state["unsaved"] == ["0001"] and state["undo"] and not state["fault"]
    assert [m["fragments"] for m in state["mentions"]] == [[[0, 7]], [[12, 25]]]
    assert annotator.receive({"do": "go", "to": 1})["text"] == f"{EVIL} zinc"
    assert annotator.unsaved == ["0001"], "an edit waits where it was made"
    annotator.receive({"do": "retype", "name": "0002", "id": "T1", "type": "DRUG"})
    assert annotator.receive({"do": "save"})["said"] == "saved 0001, 0002"
    assert annotator.receive({"do": "save"})["said"] == "nothing to save"
    assert (folder / "0001.ann").read_text().endswith("#1\tNote T1\tx\nT2\tDRUG 0 7\tАспирин\n")
    back = annotator.receive({"do": "go", "to": 0})
    assert back["undo"] and back["unsaved"] == []
    assert annotator.receive({"do": "undo", "name": "0001"})["redo"]
    assert isinstance(annotator.document, Document) and [m.id for m in annotator.document.mentions] == ["T1"]
    json.dumps(back)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, "not understood: message"),
        ({"do": "format"}, "not understood: message"),
        ({"do": "go", "to": 2}, "there is no text 3 of 2"),
        ({"do": "go", "to": -1}, "there is no text 0 of 2"),
        ({"do": "go", "to": True}, "not understood: go.to"),
        ({"do": "show", "path": "/etc"}, "not understood: show.path: Extra"),
        (add(0, 99), "0 to 99 is not in the text"),
        (add(-1, 3), "-1 to 3 is not in the text"),
        (add(10**30, 10**30), "is not in the text"),
        (add(0, 3, "SPECIES"), "'SPECIES' cannot be annotated: types are CHEM, DRUG"),
        (add(0, 3) | {"start": "0"}, "not understood: add.start"),
        (add(0, 3) | {"start": 0.0}, "not understood: add.start"),
        (add(0, 3, name="0002"), "0002 is not shown any more, 0001 is: nothing was done"),
        ({"do": "retype", "name": "0001", "id": "T1", "type": "X Y"}, "'X Y' cannot be annotated"),
        ({"do": "retype", "name": "0001", "id": "T9", "type": "DRUG"}, "0001 has no mention T9"),
        ({"do": "remove", "name": "0001", "id": "../x"}, "0001 has no mention ../x"),
        ({"do": "remove", "name": "0001", "id": "T1"}, "T1 stays: line 2 of 0001.ann is about it"),
    ],
)
def test_a_bad_message_is_one_error_and_changes_nothing(folder: Path, message: Any, said: str) -> None:
    annotator = Annotator(folder)
    before = annotator.state()
    after = annotator.receive(message)
    assert after["fault"] and said in after["said"] and "\n" not in after["said"]
    assert after | {"said": "", "fault": False} == before
    assert not annotator.unsaved


def test_a_conflict_is_said_and_the_file_read_again(folder: Path) -> None:
    annotator = Annotator(folder)
    annotator.receive(add(0, 7))
    annotator.receive({"do": "go", "to": 1})
    annotator.receive({"do": "remove", "name": "0002", "id": "T1"})
    (folder / "0002.ann").write_text("")
    state = annotator.receive({"do": "save"})
    assert state["fault"] and state["stale"] and state["unsaved"] == ["0002"]
    assert "0002 was changed by somebody else" in state["said"] and state["said"].endswith("saved: 0001")
    assert (folder / "0002.ann").read_text() == ""
    state = annotator.receive({"do": "reload", "name": "0002"})
    assert state["unsaved"] == [] and state["mentions"] == [] and state["hidden"] == []
    (folder / "0001.ann").write_text("")
    assert annotator.receive({"do": "go", "to": 0})["mentions"] == [], "what I have not changed is shown as it is now"


def test_folders_that_cannot_be_annotated(tmp_path: Path) -> None:
    with pytest.raises(ChemxlError, match="holds no text"):
        Annotator(tmp_path / "nowhere")
    (tmp_path / "a.txt").write_text("zinc")
    (tmp_path / ".b.txt").write_text("hidden")
    with pytest.raises(ChemxlError, match=r"holds no annotation.conf: give types"):
        Annotator(tmp_path)
    with pytest.raises(ChemxlError, match="no type: give one or more"):
        Annotator(tmp_path, types=[])
    with pytest.raises(ChemxlError, match="each one word"):
        Annotator(tmp_path, types=["CHEM", "a b"])
    assert Annotator(tmp_path, types=["CHEM"]).names == ["a"]


def test_types_have_the_colours_of_the_static_view(folder: Path) -> None:
    state = Annotator(folder, types=["CHEM", "DISEASE", "Z"]).state()
    assert state["colours"] == type_colours(["CHEM", "DISEASE", "Z"])
    assert STYLE in Annotator(folder).widget._css


def test_without_a_kernel_it_is_the_static_view(folder: Path) -> None:
    shown = Annotator(folder)._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    assert '<mark class="t1" title="CHEM" data-label="CHEM">ацетат натрия</mark>' in shown["text/html"]


def test_the_widget_answers_through_the_annotator(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    annotator = Annotator(folder)
    assert annotator.widget is annotator.widget
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(annotator.widget, "send", sent.append)
    annotator.widget._handle_custom_msg(add(0, 7), [])
    assert [m["id"] for m in sent[0]["mentions"]] == ["T2", "T1"]
    assert "__import__" not in annotator.widget._esm and "innerHTML" not in annotator.widget._esm


def test_papermill_stores_the_static_view_and_no_widget(folder: Path, tmp_path: Path) -> None:
    import papermill

    code = f"from chemxl.annotate.widget import Annotator\nAnnotator({str(folder)!r})"
    cells = [nbformat.v4.new_code_cell(cell) for cell in (code, "import sys\n'anywidget' in sys.modules")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "a.ipynb")
    made = papermill.execute_notebook(
        str(tmp_path / "a.ipynb"), str(tmp_path / "b.ipynb"), progress_bar=False, kernel_name="python3"
    )
    [output], [loaded] = (cell.outputs for cell in made.cells[-2:])
    assert loaded.data["text/plain"] == "False", "what nobody uses costs nothing"
    assert set(output.data) == {"text/plain", "text/html"} and "widgets" not in made.metadata
    assert "ацетат натрия</mark>" in output.data["text/html"]


def test_a_front_end_that_can_be_asked_gets_the_widget(folder: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3")
    bundles: list[set[str]] = []

    def keep(message: dict[str, Any]) -> None:
        if message["msg_type"] == "execute_result":
            bundles.append(set(message["content"]["data"]))

    try:
        code = f"from chemxl.annotate.widget import Annotator\na = Annotator({str(folder)!r})\na"
        for able in (True, False):
            client.execute_interactive(code, allow_stdin=able, output_hook=keep, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    static = {"text/plain", "text/html"}
    assert bundles == [static | {"application/vnd.jupyter.widget-view+json"}, static]


PAGE = """<!doctype html><meta name=viewport content="width=device-width"><meta name=color-scheme content="light dark">
<meta http-equiv=Content-Security-Policy
 content="default-src 'none'; script-src blob:; style-src 'unsafe-inline'; require-trusted-types-for 'script'">
<style></style><p>before</p><main></main><p>after</p>"""
START = """
document.querySelector("style").textContent = given[1];
const url = URL.createObjectURL(new Blob([given[0]], {type: "text/javascript"}));
window.module = await import(url);
window.model = {heard: [], sent: [], send(message) { this.sent.push(message); }, on(_, f) { this.heard.push(f); },
  off(_, f) { this.heard = this.heard.filter(g => g !== f); }};
window.end = module.default.render({model, el: document.querySelector("main")});
window.text = document.querySelector(".chemxl-text");
"""
TAKE = """await new Promise(done => setTimeout(done, 20)); await new Promise(done => requestAnimationFrame(done));
return model.sent.splice(0)"""
SELECT = """const page = document.createTreeWalker(text, NodeFilter.SHOW_TEXT), found = [];
for (let at = 0, node = page.nextNode(); node; at += node.length, node = page.nextNode())
  while (found.length < 2 && given[found.length] <= at + node.length) found.push([node, given[found.length] - at]);
text.focus(); getSelection().setBaseAndExtent(...found[0], ...found[1])"""


class Driven:
    """The annotator's page with the real Python class behind it."""

    def __init__(self, browser: chromium.Chromium, annotator: Annotator) -> None:
        self.browser, self.annotator = browser, annotator
        browser.open(PAGE)
        browser.run(START, annotator.widget._esm, annotator.widget._css)
        self.settle()

    def settle(self) -> list[Any]:
        """Answer what the page sends until it is quiet; what it sent."""
        sent: list[Any] = []
        while messages := self.browser.run(TAKE):
            for message in messages:
                state = json.loads(json.dumps(self.annotator.receive(message)))
                self.browser.run("model.heard.forEach(hear => hear(given[0]))", state)
            sent += messages
        return sent

    def press(self, key: str, *modifiers: str, code: str = "") -> list[Any]:
        self.browser.press(key, *modifiers, code=code)
        return self.settle()

    def select(self, start: int, end: int) -> None:
        """Select code points of the text."""
        units = [len(self.annotator.document.text[:point].encode("utf-16-le")) // 2 for point in (start, end)]
        self.browser.run(SELECT, *units)
        self.settle()

    def click(self, name: str) -> list[Any]:
        """Click the button of this accessible name, where it stands on the page."""
        box = self.browser.run(
            "const node = document.querySelector(`button[aria-label=${JSON.stringify(given[0])}]`);"
            "node.scrollIntoView({block: 'center'}); const box = node.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]",
            name,
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.browser.mouse(kind, *box)
        return self.settle()

    def read(self, script: str) -> Any:
        return self.browser.run(f"return {script}")

    def marks(self) -> list[list[str]]:
        """Label and text of each mark."""
        marks: list[list[str]] = self.read("[...text.querySelectorAll('mark')].map(m => [m.title, m.textContent])")
        return marks


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Chromium]:
    if chromium.PATH is None:
        pytest.skip("there is no Chromium here")
    opened = chromium.Chromium(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.mark.browser
def test_select_press_save_with_the_mouse(browser: chromium.Chromium, folder: Path) -> None:
    page = Driven(browser, Annotator(folder))
    boxes = page.read(
        "[[0, 0], [0, 7]].map(([a, b]) => { const r = document.createRange(); const n = text.firstChild;"
        "r.setStart(n, b); r.setEnd(n, b); const box = r.getClientRects()[0];"
        "return [box.x + (b ? 1 : 0), box.y + box.height / 2] })"
    )
    browser.mouse("mousePressed", *boxes[0])
    browser.mouse("mouseMoved", *boxes[1])
    browser.mouse("mouseReleased", *boxes[1])
    page.settle()
    assert page.read("document.querySelector('.about').textContent") == "Selected: Аспирин"
    assert page.click("Annotate as DRUG") == [add(0, 7)]
    assert page.marks()[0] == ["DRUG", "Аспирин"]
    assert page.click("Save") == [{"do": "save"}]
    assert (folder / "0001.ann").read_text().endswith("#1\tNote T1\tx\nT2\tDRUG 0 7\tАспирин\n")
    assert page.read("document.querySelector('.said').textContent") == "saved 0001"
    assert page.click("Delete DRUG: Аспирин") == [{"do": "remove", "name": "0001", "id": "T2"}]
    assert page.click("Undo") and page.click("Redo") and page.click("Next text") == [{"do": "go", "to": 1}]


@pytest.mark.browser
def test_the_keyboard_alone(browser: chromium.Chromium, folder: Path) -> None:
    page = Driven(browser, Annotator(folder))
    for _ in range(20):
        if page.read("document.activeElement === text"):
            break
        page.press("Tab")
    for _ in range(8):
        page.press("ArrowRight")
    assert not page.read("document.querySelector('.cursor').hidden")
    page.press("ArrowRight", "Shift")
    assert page.press("2") == [add(8, 9)], "one step over an emoji is one code point, sent as such"
    assert page.press("1") == [{"do": "retype", "name": "0001", "id": "T2", "type": "CHEM"}]
    assert page.press("я", "Control", code="KeyZ") == [{"do": "undo", "name": "0001"}], "on a Cyrillic layout"
    page.press("z", "Control")
    page.press("z", "Control")
    assert page.marks() == [["CHEM", "ацетат натрия"]]
    page.press("y", "Control")
    assert page.marks() == [["DRUG", "🧪"], ["CHEM", "ацетат натрия"]]
    page.select(19, 25)
    page.press("2")
    assert page.marks()[1:] == [["CHEM", "ацетат натрия"], ["DRUG", "натрия"]], "nested"
    assert page.read("text.querySelector('mark mark').textContent") == "натрия"
    assert page.read("text.querySelector('.chosen').textContent") == "натрия"
    assert page.press("s", "Control") == [{"do": "save"}]
    assert (folder / "0001.ann").read_text().endswith("T2\tDRUG 8 9\t🧪\nT3\tDRUG 19 25\tнатрия\n")
    page.select(20, 20)
    assert page.press("Delete") == [{"do": "remove", "name": "0001", "id": "T3"}], "the innermost at the cursor"
    page.press("End")
    page.press("ArrowRight")
    assert page.press("n") == [{"do": "go", "to": 1}] and page.press("p") == [{"do": "go", "to": 0}]
    assert page.read("document.activeElement === text && text.contains(getSelection().anchorNode)")


@pytest.mark.browser
def test_hostile_texts_types_and_files_do_nothing(browser: chromium.Chromium, folder: Path) -> None:
    evil = "x<img/src=x/onerror=window.hacked=1>"
    (folder / "annotation.conf").write_text(f"[entities]\nCHEM\n{evil}\n")
    (folder / f"{evil.replace('/', ' ')}.txt").write_text(EVIL)
    page = Driven(browser, Annotator(folder))
    page.click("Next text")
    page.select(0, 4)
    page.press("2")
    assert page.marks()[0] == [evil, "<img"] and page.read("text.textContent") == f"{EVIL} zinc"
    assert "recorded as" in page.read("document.querySelector('details p').textContent")
    page.click("Next text")
    assert page.read("text.textContent") == EVIL
    assert page.read("[typeof window.hacked, document.querySelectorAll('main img, main script').length]") == [
        "undefined",
        0,
    ]
    page.browser.run("end()")
    assert page.read("model.heard.length") == 0


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_in_light_and_dark(browser: chromium.Chromium, folder: Path, scheme: str) -> None:
    (folder / "0000.txt").write_text("Аденозинтрифосфатдифосфогидролаза" * 6 + " is long. " * 30)
    browser.call("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=True)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        page = Driven(browser, Annotator(folder, types=[f"TYPE_{i}" for i in range(12)]))
        assert page.read("document.scrollingElement.scrollWidth") <= 320
        ink = "getComputedStyle(document.querySelector('.chemxl-annotator button')).color"
        assert page.read(ink) == {"light": "rgb(0, 0, 0)", "dark": "rgb(255, 255, 255)"}[scheme]
        unnamed = "[...document.querySelectorAll('main :is(button, select, [tabindex])')].filter(n => !n.ariaLabel)"
        assert page.read(f"{unnamed}.length") == 0
    finally:
        browser.call("Emulation.clearDeviceMetricsOverride")
        browser.call("Emulation.setEmulatedMedia", features=[])


@pytest.mark.browser
def test_a_long_text_stays_where_it_was_scrolled(browser: chromium.Chromium, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("zinc and water\n" * 500)
    page = Driven(browser, Annotator(tmp_path, types=["CHEM"]))
    page.browser.run("text.focus()")
    for _ in range(40):
        page.browser.press("ArrowDown")
    page.settle()
    before = page.read("text.scrollTop")
    assert before > 0 and not page.read("document.querySelector('.cursor').hidden")
    for _ in range(4):
        page.browser.press("ArrowRight", "Shift")
    [sent] = page.press("1")
    assert sent["start"] % 15 == 0 and sent["end"] - sent["start"] == 4
    assert page.read("text.scrollTop") == before
    page.browser.run("text.scrollTop = 0")
    page.click("Choose CHEM: zinc")
    assert abs(page.read("text.scrollTop") - before) < 300


ODD = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("🧪👩‍🔬\U0010ffffé\u0301\r\n\0ж<&")), max_size=30)


@pytest.mark.browser
def test_offsets_are_code_points_for_any_text(browser: chromium.Chromium, tmp_path: Path) -> None:
    browser.open(PAGE)
    (tmp_path / "a.txt").write_text("a")
    widget = Annotator(tmp_path, types=["A"]).widget
    browser.run(START, widget._esm, widget._css)
    script = """return given[0].map(text => { const offsets = new module.Offsets(text), n = offsets.starts.length;
  return [Array.from({length: n}, (_, i) => offsets.units(i)),
    Array.from({length: text.length + 1}, (_, i) => offsets.points(i))] })"""

    @settings(max_examples=15, deadline=None)
    @given(st.lists(ODD, min_size=5, max_size=20))
    def check(texts: list[str]) -> None:
        for text, (units, points) in zip(texts, browser.run(script, texts), strict=True):
            lengths = [len(text[:k].encode("utf-16-le")) // 2 for k in range(len(text) + 1)]
            assert units == lengths
            assert points == [max(k for k, at in enumerate(lengths) if at <= u) for u in range(lengths[-1] + 1)]

    check()


@pytest.mark.browser
def test_any_selection_arrives_as_the_same_text(browser: chromium.Chromium, tmp_path: Path) -> None:
    (tmp_path / "annotation.conf").write_text("[entities]\nCHEM\n")
    texts = ["👩‍🔬e\u0301🧪ж", "\U0010ffff a\r\nb 🧪🧪", "жж\u0301\tx🧪"]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.txt").write_bytes(text.encode())
    page = Driven(browser, Annotator(tmp_path))
    for i, text in enumerate(texts):
        for start in range(len(text)):
            for end in range(start + 1, len(text) + 1, 3):
                page.select(start, end)
                [sent] = page.press("1")
                assert (sent["start"], sent["end"]) == (start, end)
                assert page.read("text.textContent") == text
        page.browser.run("model.send({do: 'go', to: given[0]})", i + 1)
        page.settle()
