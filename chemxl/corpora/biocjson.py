"""BioC as JSON, as elements of the same names: what PubTator 3 and PubMed Central give, and what the library ``bioc``
writes.

https://github.com/ncbi-nlp/BioC-JSON
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from chemxl.corpora.faults import Log, read_text
from chemxl.corpora.jsonl import objects, parse
from chemxl.corpora.markup import FORBIDDEN
from chemxl.corpora.paths import PASSAGES

_LISTS = {"passages", "sentences", "annotations", "relations", "locations", "nodes"}
_LINE = "{chemxl}line"  # lxml keeps line numbers up to 65,535
_VALUES = {"id", "offset", "length", "refid", "role"}
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def elements(path: Path, log: Log) -> Iterator[tuple[int, Any]]:
    """Each document as a ``document`` element, with the line that it begins in.

    A document is an object with ``passages``, wherever it stands: in a collection, in a list of these, in a list of
    its own, or on a line of its own. One that is no JSON is a fault; so is the rest of the file where brackets do not
    match. A character that XML forbids is read as U+FFFD, a fault.
    """
    text = read_text(path, log)
    if text is None:
        return
    found = False
    for breaks, written, wrong in objects(text, PASSAGES):
        line, found = 1 + breaks, True
        if wrong:
            log.add(path, line, f"broken JSON ({wrong}); the rest is left out")
            return
        given = parse(path, line, written, log)
        if given is not None:
            yield line, _element("document", given, path, line, log)
    if not found:
        log.add(path, 1, "there is no object with passages in it; file left out")


def line_of(element: Any) -> int:
    """The line of an element of a file in XML; in JSON, of its document."""
    given = element.get(_LINE, "")
    return int(given) if given.isdecimal() else int(element.sourceline)


def _element(tag: str, given: dict[str, Any], path: Path, line: int, log: Log) -> Any:
    """An object as the element that BioC has for it in XML."""

    def held(value: Any) -> str:
        """A value as text that XML allows."""
        text = "" if value is None else str(value)
        if _FORBIDDEN.search(text):
            log.add(path, line, FORBIDDEN)
        return _FORBIDDEN.sub("\ufffd", text)

    element = etree.Element(tag)
    element.set(_LINE, str(line))
    infons = given.get("infons")
    infons = infons if isinstance(infons, dict) else {}
    for key, value in infons.items():
        named = value.get("identifier") if isinstance(value, dict) else value
        etree.SubElement(element, "infon", key=held(key)).text = held(
            ",".join(map(str, named)) if isinstance(named, list) else named
        )
    for key, value in given.items():
        if key in _VALUES and value is not None:
            element.set(key, held(value))
        elif key == "text":
            etree.SubElement(element, "text").text = held(value)
        elif key in _LISTS and not (key == "nodes" and isinstance(infons.get("role1"), dict)):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict):
                    element.append(_element(key[:-1], one, path, line, log))
    return element
