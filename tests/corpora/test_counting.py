"""Offsets that count something else than characters: each place comes back."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.corpora.counting import Counted, ways

TEXT = st.text(st.sampled_from("ab'\"&<>бж€😀\u0301 "), max_size=30)


def test_the_ways_are_those_that_differ() -> None:
    assert list(ways("abc")) == [None]
    assert len(list(ways("a'b"))) == 2
    assert len(list(ways("a'b & c"))) == 4
    assert len(list(ways("бок"))) == 3


@given(TEXT, st.data())
def test_a_place_comes_back_whatever_is_counted(text: str, data: st.DataObject) -> None:
    widths = data.draw(st.sampled_from(list(ways(text))))
    counted = Counted(text, widths)

    def measure(piece: str) -> int:
        return sum(1 if widths is None or not widths[0].match(c) else widths[1](c) for c in piece)

    assert counted.length == measure(text)
    for place in range(len(text) + 1):
        assert counted.place(measure(text[:place])) == place
    assert counted.place(counted.length + 3) == len(text) + 3
    offsets = [counted.place(offset) for offset in range(counted.length + 1)]
    assert offsets == sorted(offsets)


@pytest.mark.parametrize("text", ['patients\' <b>"A" & B</b>', "no sign"])
def test_all_signs_are_counted_as_xml_writes_them(text: str) -> None:
    escaped = html.escape(text).replace("&#x27;", "&apos;")
    assert len(escaped) in {Counted(text, way).length for way in ways(text)}
    assert max(Counted(text, way).length for way in ways(text)) == len(escaped)


def test_bytes_and_units_of_utf_16() -> None:
    text = "боль 😀 €"
    lengths = [Counted(text, way).length for way in ways(text)]
    assert lengths == [len(text), len(text.encode("utf-16-le")) // 2, len(text.encode())]
