"""Functions that read the answers of all sources: safe XML, plain text, language codes."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from lxml import etree

from chemxl.collect.http import Garbled, SourceError
from chemxl.collect.mending import mended
from chemxl.corpora.markup import SAFE, local, text

# ISO 639-2 (both of its codes) and English names as catalogues write them, to ISO 639-1.
_CODES = {
    code: short
    for short, codes in {
        "ar": "ara arabic", "be": "bel", "bg": "bul bulgarian", "cs": "cze ces czech", "da": "dan",
        "de": "ger deu german",
        "el": "gre ell greek", "en": "eng english", "es": "spa spanish", "et": "est", "fa": "per fas", "fi": "fin",
        "fr": "fre fra french", "he": "heb", "hr": "hrv", "hu": "hun", "hy": "arm hye", "it": "ita italian",
        "ja": "jpn japanese", "ka": "geo kat", "kk": "kaz", "ko": "kor korean", "ky": "kir", "lt": "lit", "lv": "lav",
        "mk": "mac mkd", "nl": "dut nld dutch", "no": "nor", "pl": "pol polish", "pt": "por portuguese",
        "ro": "rum ron", "ru": "rus russian русский", "sk": "slo slk", "sl": "slv", "sr": "srp", "sv": "swe swedish",
        "tr": "tur turkish", "uk": "ukr ukrainian", "uz": "uzb", "zh": "chi zho chinese",
    }.items()
    for code in codes.split()
}  # fmt: skip
_CYRILLIC_LANGUAGES = frozenset({"be", "bg", "kk", "ky", "mk", "ru", "uk"})
_LETTER = re.compile(r"[^\W\d_]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_SPACE = re.compile("[ \t\r\n]+")


def parse_xml(body: bytes) -> Any:
    """The root element of an answer, repaired by :func:`~chemxl.collect.mending.mended` if it is no valid XML.

    Names are without namespaces. Nothing outside the answer is read, and no entity of its own is ever replaced.

    Raises:
        Garbled: it is not well-formed UTF-8 XML and cannot be mended.
        SourceError: it declares entities of its own.
    """
    with suppress(etree.XMLSyntaxError):
        root = _parsed(body)
        if next(root.iter(etree.Entity), None) is None:
            return local(root)
    try:
        return local(_parsed(mended(body)))
    except etree.XMLSyntaxError as error:
        raise Garbled(f"malformed XML ({error.msg})") from None


def _parsed(body: bytes) -> Any:
    """The root element; XML entities are refused."""
    # Both protocols prescribe UTF-8, and with the encoding fixed the search for declarations cannot be got round.
    if b"<!ENTITY" in body:
        raise SourceError("the answer declares XML entities, which no source here needs: refused")
    return etree.fromstring(body, etree.XMLParser(encoding="utf-8", **SAFE))


def plain(element: Any) -> str:
    """An element's text without mark-up; line breaks and indentation become one space, no-break spaces stay."""
    return _SPACE.sub(" ", text(element)).strip(" ")


def language_code(name: str) -> str:
    """The ISO 639-1 code of a language as catalogues write it (``rus``, ``ru-RU``, ``Russian``); an unknown one stays
    as it is."""
    code = name.strip().lower()
    code = re.split("[-_]", code)[0] if re.fullmatch("[a-z]{2,3}[-_].*", code) else code
    return _CODES.get(code, code)


def language_of(text: str, declared: str) -> str:
    """The declared language, or Russian or English if the script shows that the declared one is wrong."""
    cyrillic = 2 * len(_CYRILLIC.findall(text)) > len(_LETTER.findall(text))
    if declared and (declared == "sr" or cyrillic == (declared in _CYRILLIC_LANGUAGES)):  # Serbian has both scripts
        return declared
    return "ru" if cyrillic else "en"
