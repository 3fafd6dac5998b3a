"""XML as other programs write it: namespaces, elements within texts, characters that XML forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chemxl.corpora import bioc, tmx
from chemxl.corpora.paths import found
from tests.corpora.reading import reading
from tests.corpora.samples import BIOC, TMX

DEFAULT = (r"<(collection|tmx version=\"1.4\")>", r"<\1 xmlns='http://example.org/x'>")
PREFIX = (r"<(/?)(?=[a-z])", r"<\1b:")
DECLARED = (r"<b:(collection|tmx version=\"1.4\")>", r"<b:\1 xmlns:b='http://example.org/x'>")
OUTER = (r"(<collection|<tmx version=\"1.4\")>", r"\1 xmlns:xsi='http://example.org/i' xsi:schemaLocation='x y'>")


@pytest.mark.parametrize("changes", [[DEFAULT], [PREFIX, DECLARED], [OUTER]], ids=["default", "prefix", "attribute"])
@pytest.mark.parametrize("reader", [bioc, tmx])
def test_a_namespace_changes_nothing(changes: list[tuple[str, str]], reader: object, tmp_path: Path) -> None:
    name, content = next(iter((BIOC if reader is bioc else TMX).items()))
    options = {} if reader is bioc else {"languages": ("en", "ru")}
    changed = content
    for pattern, by in changes:
        changed = re.sub(pattern, by, changed)
    assert changed != content
    read = reader.read  # type: ignore[attr-defined]
    assert reading(read, tmp_path, {name: changed}, **options) == reading(read, tmp_path, {name: content}, **options)
    if reader is bioc:
        (tmp_path / name).write_text(changed, "utf-8")
        assert found(tmp_path / name).reader == "bioc"


FORBIDDEN = ["\0", "\x02", "\x0b", "\x1f", "&#2;", "&#x1F;", "&#031;", "&#x0b;", "&#0;"]


@pytest.mark.parametrize("character", FORBIDDEN)
def test_a_character_that_xml_forbids_costs_itself_and_no_more(character: str, tmp_path: Path) -> None:
    content = BIOC["a.xml"].replace("Pain of the", f"Pain{character}of the")
    documents, faults = reading(bioc.read, tmp_path, {"a.xml": content})
    clean, _ = reading(bioc.read, tmp_path, {"a.xml": BIOC["a.xml"]})
    assert [(d.id, d.mentions, d.relations) for d in documents] == [(d.id, d.mentions, d.relations) for d in clean]
    assert documents[0].text == clean[0].text.replace("Pain of the", "Pain\ufffdof the")
    assert faults == ["a.xml:8: a character that XML forbids, read as U+FFFD; spans of it do not match"]
    pairs, faults = reading(
        tmx.read, tmp_path, {"a.tmx": TMX["a.tmx"].replace("cough", f"c{character}gh")}, languages=("en", "ru")
    )
    assert [pair.source for pair in pairs] == ["a fever", "c\ufffdgh"] and len(faults) == 1


@pytest.mark.parametrize("character", ["&#9;", "&#10;", "&#13;", "&#32;", "&#x20;", "&#x2028;", "&#160;"])
def test_a_character_that_xml_allows_is_left(character: str, tmp_path: Path) -> None:
    content = TMX["a.tmx"].replace("cough", f"c{character}gh")
    pairs, faults = reading(tmx.read, tmp_path, {"a.tmx": content}, languages=("en", "ru"))
    code = character[2:-1]
    assert pairs[1].source == f"c{chr(int(code[1:], 16) if code[0] == 'x' else int(code))}gh" and faults == []


def test_elements_within_a_text_are_text(tmp_path: Path) -> None:
    content = BIOC["a.xml"].replace("<text>Naloxone", "<text><b>Nalo</b>xone").replace("of the", "of <i>the</i>")
    assert reading(bioc.read, tmp_path, {"a.xml": content}) == reading(bioc.read, tmp_path, BIOC)


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        ("take <bpt i='1'>&lt;b></bpt>two<ept i='1'>&lt;/b></ept><ph>{1}</ph>", "take two"),
        ("take <g id='1'>two <mrk mtype='x'>pills</mrk></g><x id='2'/> now", "take two pills now"),
        ("a <it pos='begin'>code</it>b<ut>code</ut>", "a b"),
        ("a <ph>code <sub>note</sub></ph>b", "a b"),
    ],
)
def test_codes_of_formats_are_no_text(inside: str, text: str, tmp_path: Path) -> None:
    content = TMX["a.tmx"].replace("cough", inside)
    pairs, faults = reading(tmx.read, tmp_path, {"a.tmx": content}, languages=("en", "ru"))
    assert (pairs[1].source, faults) == (text, [])


def test_what_broke_the_file_is_named(tmp_path: Path) -> None:
    content = "<collection>\n<document><id>1</id>\nx&nbsp;y</document></collection>"
    assert reading(bioc.read, tmp_path, {"a.xml": content}) == (
        [],
        ["a.xml:3: broken XML (Entity 'nbsp' not defined); the rest is left out"],
    )
