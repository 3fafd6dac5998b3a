"""XML that is safe to read, and the languages of records."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.collect.answers import language_code, language_of, parse_xml, plain
from chemxl.collect.http import Garbled, SourceError
from tests.collect.servers import BOMB


def test_entities_are_refused_in_every_encoding() -> None:
    with pytest.raises(SourceError, match="declares XML entities"):
        parse_xml(BOMB)
    with pytest.raises(SourceError, match="declares XML entities"):
        parse_xml(b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>')
    for encoding in ("utf-16", "utf-32", "utf-7"):
        with pytest.raises((Garbled, SourceError)):
            parse_xml(f'<?xml version="1.0" encoding="{encoding}"?>{BOMB.decode()[21:]}'.encode(encoding))


def test_an_external_dtd_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.dtd").write_text('<!ENTITY nbsp "read"><!ENTITY own "read">')
    root = parse_xml(f'<!DOCTYPE a SYSTEM "{tmp_path.as_uri()}/a.dtd"><a>te&nbsp;xt &own;</a>'.encode())
    assert plain(root) == "te\u00a0xt &own;"
    root = parse_xml(b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a>te&nbsp;xt</a>')
    assert plain(root) == "te\u00a0xt"


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(Garbled):
        parse_xml(b"<a>" * 100_000)


@given(st.binary(max_size=80))
def test_any_bytes_are_xml_or_garbled(body: bytes) -> None:
    with contextlib.suppress(Garbled, SourceError):
        parse_xml(body)


def test_plain_text() -> None:
    root = parse_xml("<a>\n  Ca<sup>2+</sup><!-- x --> and\u00a0β\n  <i>in vitro</i>\n</a>".encode())
    assert plain(root) == "Ca2+ and\u00a0β in vitro"
    assert plain(None) == ""


@pytest.mark.parametrize(
    ("name", "code"),
    [("rus", "ru"), ("ru-RU", "ru"), ("Russian", "ru"), ("русский", "ru"), (" ENG ", "en"), ("en_US", "en"),
     ("ger", "de"), ("deu", "de"), ("chi", "zh"), ("vie", "vie"), ("", "")],
)  # fmt: skip
def test_language_codes(name: str, code: str) -> None:
    assert language_code(name) == code


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [("Ингибитор COX", "ru", "ru"), ("An inhibitor", "ru", "en"), ("Ингибитор", "en", "ru"), ("Ингибитор", "", "ru"),
     ("Інгібітор", "uk", "uk"), ("Ein Hemmstoff", "de", "de"), ("Inhibitor enzima", "sr", "sr"), ("2020", "", "en")],
)  # fmt: skip
def test_the_script_decides_where_the_declared_language_cannot_be(text: str, declared: str, language: str) -> None:
    assert language_of(text, declared) == language
