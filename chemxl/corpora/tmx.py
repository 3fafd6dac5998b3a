"""TMX 1.4: translation units with a text in each language.

https://www.gala-global.org/tmx-14b
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from lxml import etree

import chemxl
from chemxl.corpora.faults import Log
from chemxl.corpora.markup import elements
from chemxl.corpora.paired import Languages, Pairs, language
from chemxl.documents import Pair
from chemxl.errors import CorpusError
from chemxl.files import replaced

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SCORE = "x-score"
_CODES = {"bpt", "ept", "it", "ph", "ut", "bx", "ex", "x"}  # the last three are XLIFF's
_MOST = 16  # pairs that the variants of one unit may make
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:e[+-]?[0-9]{1,2})?")
# What XML 1.0 has no way to write; lone surrogates among it.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages) -> list[Pair]:
    """Pairs of the units that have a text in each of two languages.

    A text's inline elements that are the codes of some format, such as ``bpt``, are left out; what is in others
    (``hi``, or ``g`` and ``mrk`` of XLIFF) is text. Units are
    named by their ``tuid``, or else ``<file>-<number>``; a ``tuid`` need not be unique, see :class:`Pairs`. A unit with
    several texts in a language (``en-US`` and ``en-GB``) is a pair for each of them. The property ``x-score`` is the
    pairs' score.

    Args:
        languages: of the source and of the target; ``ru`` stands for ``ru-RU`` too.
    """
    pairs = Pairs(languages, log)
    for path in paths:
        for number, (line, unit) in enumerate(elements(path, log, "tu"), 1):
            id = unit.get("tuid") or f"{path.stem}-{number}"
            texts: dict[str, list[str]] = {code: [] for code in languages}
            for variant in unit.findall("tuv"):
                code, segment = language(variant.get(_LANG) or variant.get("lang", "")), variant.find("seg")
                text = "" if segment is None else _text(segment)
                if code in texts and text.strip() and text not in texts[code]:
                    texts[code].append(text)
            sources, targets = texts.values()
            if not (sources and targets):
                sources, targets = [*sources, ""][:1], [*targets, ""][:1]
            if len(sources) * len(targets) > _MOST:
                log.add(path, line, f"{id} has {len(sources)} by {len(targets)} texts; pairs left out")
                continue
            score = _score(path, line, id, unit, log)
            for source, target in product(sources, targets):
                pairs.add(path, line, id, source, target, score)
    return pairs.list()


def _text(segment: Any) -> str:
    pieces = [segment.text or ""]
    for child in segment:
        if child.tag not in _CODES:
            pieces.append(_text(child))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _score(path: Path, line: int, id: str, unit: Any, log: Log) -> float | None:
    written = [prop.text or "" for prop in unit.findall("prop") if prop.get("type") == _SCORE]
    if not written:
        return None
    if len(written) == 1 and _NUMBER.fullmatch(written[0]):
        return float(written[0])
    log.add(path, line, f"{id}: {' '.join(written)[:40]!r} is not a score; pair read without one")
    return None


def write(path: Path, pairs: Sequence[Pair]) -> None:
    """Write pairs as TMX 1.4; the file appears whole or not at all.

    The domain is not in the format. Texts, ids, languages and scores come back from :func:`read` as they are.

    Raises:
        CorpusError: there is no pair, a text is blank, an id stands twice or is empty, a score is not finite, or XML
            cannot hold a character.
    """
    _check(pairs)
    sources = {pair.languages[0] for pair in pairs}
    header = {
        "creationtool": "chemxl",
        "creationtoolversion": getattr(chemxl, "__version__", "0"),
        "segtype": "sentence",
        "o-tmf": "chemxl",
        "adminlang": "en",
        "srclang": sources.pop() if len(sources) == 1 else "*all*",
        "datatype": "plaintext",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as beside, etree.xmlfile(str(beside), encoding="utf-8") as out:
        out.write_declaration(doctype='<!DOCTYPE tmx SYSTEM "tmx14.dtd">')
        with out.element("tmx", version="1.4"):
            out.write("\n", etree.Element("header", header), "\n")
            with out.element("body"):
                for pair in pairs:
                    out.write("\n", _unit(pair))
                out.write("\n")


def _unit(pair: Pair) -> Any:
    unit = etree.Element("tu", tuid=pair.id)
    if pair.score is not None:
        etree.SubElement(unit, "prop", type=_SCORE).text = repr(float(pair.score))
    for code, text in zip(pair.languages, (pair.source, pair.target), strict=True):
        variant = etree.SubElement(unit, "tuv", {_LANG: code})
        etree.SubElement(variant, "seg").text = text
    return unit


def _check(pairs: Sequence[Pair]) -> None:
    if not pairs:
        raise CorpusError("there is no pair to write: a TMX file has at least one unit")
    seen: set[str] = set()
    for pair in pairs:
        bad = next(
            (_UNWRITABLE.search(text) for text in (pair.id, pair.source, pair.target) if _UNWRITABLE.search(text)), None
        )
        if bad:
            raise CorpusError(f"pair {pair.id!r}: XML cannot hold the character {bad[0]!r}")
        if not pair.id or pair.id in seen:
            raise CorpusError(f"pair {pair.id!r}: an id has to stand, and to stand once")
        if not pair.source.strip() or not pair.target.strip():
            raise CorpusError(f"pair {pair.id!r}: a text is blank")
        if pair.score is not None and not _NUMBER.fullmatch(repr(float(pair.score))):
            raise CorpusError(f"pair {pair.id!r}: {pair.score} is no score")
        if pair.languages[0] == pair.languages[1]:
            raise CorpusError(f"pair {pair.id!r}: both texts are {pair.languages[0]}")
        seen.add(pair.id)
