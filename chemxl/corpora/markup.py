"""XML that nobody vouches for: elements one at a time, each with its line, and nothing fetched or expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from chemxl.corpora.faults import MARKS, Log, is_foreign, read_bytes

# A DTD may be named, as in BioC and TMX, but is not looked for; what declares entities is not read at all. Without
# huge_tree libxml2 keeps its own limits: 256 levels, 10 MB of text in one piece.
# Not collect_ids=False: with lxml 6.1 that makes it load an external DTD.
SAFE = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_ENCODING = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*['\"](?!utf-?8['\"])", re.IGNORECASE)
_CHUNK = 2**16
# How far the parser goes without such an element's end. A tree takes some 30 times the room of its XML at worst.
MAX_ELEMENT = 2**24


def elements(path: Path, log: Log, tag: str) -> Iterator[tuple[int, Any]]:
    """Each element of that name with its line; it is emptied once the next is asked for.

    A file that declares entities is left out, and one that is in another character set than it says. Where the XML
    breaks, or goes on for ``MAX_ELEMENT`` bytes without the end of such an element, what stood before is given and the
    rest is a fault; so is an element in which an undeclared entity stands, and a file without any such element.
    """
    data = read_bytes(path, log)
    if data is None or not (data.startswith(MARKS) or _ENCODING.match(data) or not is_foreign(path, data, log)):
        return
    parser = etree.XMLPullParser(events=("start", "end"), tag=tag, **SAFE)
    found = 0
    try:
        for event, element in _events(parser, data):
            if event == "start":
                dtd = element.getroottree().docinfo.internalDTD
                if not found and dtd is not None and next(dtd.iterentities(), None) is not None:
                    log.add(path, 1, "the file declares entities, which are never read; file left out")
                    return
                found += 1
                continue
            if next(element.iter(etree.Entity), None) is not None:
                log.add(path, element.sourceline, f"an entity that nothing declares; <{tag}> left out")
            else:
                yield element.sourceline, element
            _forget(element)
    except etree.XMLSyntaxError as error:
        last = data.count(b"\n") + 1
        log.add(path, min(max(error.lineno or 1, 1), last), f"broken XML ({error.msg}); the rest is left out")
        return
    except OverflowError as error:
        log.add(path, data.count(b"\n", 0, error.args[0]) + 1, f"no end of a <{tag}> up to here; the rest is left out")
        return
    if not found:
        log.add(path, 1, f"there is no <{tag}> in it; file left out")


def _events(parser: Any, data: bytes) -> Iterator[tuple[str, Any]]:
    """The parser's events, and what it says of broken XML after those that came before."""
    ended = 0
    for start in range(0, len(data), _CHUNK):
        broken = None
        try:
            parser.feed(data[start : start + _CHUNK])
        except etree.XMLSyntaxError as error:
            broken = error
        for event, element in parser.read_events():
            ended = start if event == "end" else ended
            yield event, element
        if broken is not None:
            raise broken
        if start - ended > MAX_ELEMENT:
            raise OverflowError(start)
    parser.close()


def _forget(element: Any) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
