"""A text with its mentions as HTML: escaped, complete, and the text unchanged."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError
from chemxl.results import show


class Reader(HTMLParser):
    """The text of the entities' ``<div>``, and each mark's attributes with the text within."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.inside, self.open, self.depth = "", False, [], 0
        self.marks: list[tuple[dict[str, str | None], str]] = []
        self.tags: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "div":
            self.inside = True
        if tag == "mark" and self.inside:
            self.open.append((dict(attrs), len(self.text)))
            self.depth = max(self.depth, len(self.open))

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            assert not self.open
            self.inside = False
        if tag == "mark" and self.inside:
            attributes, start = self.open.pop()
            self.marks.append((attributes, self.text[start:]))

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.text += data


def read(document: Document, *args: object, **kwargs: object) -> Reader:
    return Reader(show.entities(document, *args, **kwargs)._repr_html_())  # type: ignore[arg-type]


def surfaces(reader: Reader) -> list[tuple[str | None, str]]:
    return [(attributes.get("data-label"), text) for attributes, text in reader.marks]


HOSTILE = "<script>alert('x')</script> &amp; </div> \"q\" Хлорид\n🧪\r\n\tе\u0301"


def test_hostile_text_comes_back_as_it_is() -> None:
    document = Document("d", HOSTILE, (Mention.of("CHEM", 0, 8), Mention.of("DRUG", 5, 31)), language="ru")
    reader = read(document)
    assert reader.text == HOSTILE
    assert "script" not in reader.tags


def test_hostile_types_captions_and_languages_stay_in_their_attributes() -> None:
    evil = '"><script>alert(1)</script><b a="'
    document = Document("d", "aspirin", (Mention.of(evil, 0, 7),), language=evil)
    shown = show.entities(document, caption=evil)._repr_html_()
    reader = Reader(shown)
    assert "script" not in reader.tags and "b" not in reader.tags
    assert surfaces(reader) == [(evil, "aspirin")]
    assert "<script" not in show.page([show.entities(document)], title=evil)


def test_nested_mentions_are_drawn_one_inside_the_other() -> None:
    document = Document("d", "ацетат натрия в воде", (Mention.of("CHEM", 0, 13), Mention.of("DRUG", 7, 13)))
    reader = read(document)
    assert surfaces(reader) == [("DRUG", "натрия"), ("CHEM", "ацетат натрия")]
    assert reader.depth == 2


def test_crossing_mentions_are_cut_and_labelled_once() -> None:
    reader = read(Document("d", "abcdef", (Mention.of("A", 0, 4), Mention.of("B", 2, 6))))
    assert reader.text == "abcdef"
    assert surfaces(reader) == [(None, "cd"), ("A", "abcd"), ("B", "ef")]


def test_two_types_on_one_span_and_a_discontinuous_mention() -> None:
    same = read(Document("d", "zinc", (Mention.of("A", 0, 4), Mention.of("B", 0, 4))))
    assert sorted(surfaces(same)) == [("A", "zinc"), ("B", "zinc")]
    apart = read(Document("d", "left and right lung", (Mention("BODY", ((0, 4), (15, 19))),)))
    assert surfaces(apart) == [(None, "left"), ("BODY", "lung")]


def test_gold_marks_what_was_missed_and_what_is_spurious() -> None:
    document = Document("d", "aspirin, zinc, water", language="en")
    found = [Mention.of("CHEM", 0, 7), Mention.of("CHEM", 9, 13)]
    gold = [Mention.of("CHEM", 0, 7, id="T1"), Mention.of("CHEM", 15, 20, id="T2")]
    shown = show.entities(document, found, gold=gold)
    assert surfaces(Reader(shown.html)) == [("CHEM", "aspirin"), ("CHEM spurious", "zinc"), ("CHEM missed", "water")]
    assert ">missed</mark> 1" in shown.html and ">spurious</mark> 1" in shown.html
    assert shown.text == "d: 3 mentions"


def test_no_mentions_none_given_and_one_beyond_the_text() -> None:
    document = Document("d", "water", (Mention.of("CHEM", 0, 5),))
    assert surfaces(read(document)) == [("CHEM", "water")]
    assert read(document, []).marks == []
    assert read(Document("e", "")).text == ""
    with pytest.raises(ChemxlError, match="ends at 9"):
        show.entities(document, [Mention.of("CHEM", 0, 9)])


def test_language_type_colours_and_legend() -> None:
    types = ["CHEM", "Дженерик", "GENE", "x", "y", "z", "w", "v"]
    document = Document("d", "abcdefgh", tuple(Mention.of(t, i, i + 1) for i, t in enumerate(types)), language="ru")
    shown = show.entities(document, caption="A < B").html
    assert '<div class="chemxl-text" dir="auto" lang="ru">' in shown
    assert "<figcaption>A &lt; B · " in shown
    assert '<mark class="t1">CHEM</mark> 1' in shown
    assert shown == show.entities(document, caption="A < B").html


@st.composite
def annotated(draw: st.DrawFn) -> Document:
    text = draw(st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("<>&\"'\r\n🧪жé;#")), min_size=1))
    cuts = st.lists(st.integers(0, len(text)), min_size=2, max_size=6, unique=True).map(sorted)
    pairs = cuts.map(lambda c: tuple(zip(c[::2], c[1::2], strict=False)))
    drawn = (
        draw(st.lists(st.tuples(st.sampled_from(["CHEM", "<b>", "ген"]), pairs), max_size=8)) if len(text) > 1 else []
    )
    return Document("d", text, tuple(Mention(type_, fragments) for type_, fragments in drawn))


@given(annotated())
def test_markup_without_its_tags_is_the_text(document: Document) -> None:
    shown = show.entities(document).html
    body = shown[shown.index('<div class="chemxl-text"') : shown.index("</div><figcaption>")]
    assert html.unescape(re.sub(r"<[^>]*>", "", body)) == document.text
    if "\0" not in document.text:  # no HTML parser keeps it
        assert Reader(shown).text == document.text


@given(annotated())
def test_every_mention_is_labelled_once_and_its_marks_cover_it(document: Document) -> None:
    reader = read(document)
    labels = [attributes["data-label"] for attributes, _ in reader.marks if "data-label" in attributes]
    assert sorted(map(str, labels)) == sorted(m.type for m in document.mentions)
    covered = sum(len(text) for _, text in reader.marks)
    assert covered == sum(end - start for m in document.mentions for start, end in m.fragments)
