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
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_AS_LOST, _LOST = bytes.maketrans(_CONTROLS, bytes(len(_CONTROLS))), "\ufffd".encode()
_REFERENCE = re.compile(rb"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|[xX]0*(?:[0-8BCEFbcef]|1[\dA-Fa-f]));")
FORBIDDEN = "a character that XML forbids, read as U+FFFD; spans of it do not match"
_CHUNK = 2**16
# How far the parser goes without such an element's end. A tree takes some 30 times the room of its XML at worst.
MAX_ELEMENT = 2**24


def elements(path: Path, log: Log, tag: str) -> Iterator[tuple[int, Any]]:
    """Each element of that name, whatever its namespace, with its line; it is emptied once the next is asked for.

    Its names, and those of what is in it, are without namespaces. A character that XML forbids, control characters
    in exported translation memories, is read as U+FFFD, a fault. A file that declares entities is left out, and
    one that is in another character set than it says. Where the XML breaks, or goes on for ``MAX_ELEMENT`` bytes
    without the end of such an element, what stood before is given and the rest is a fault; so is an element in
    which an undeclared entity stands, and a file without any such element.
    """
    data = read_bytes(path, log)
    if data is None or not (data.startswith(MARKS) or _ENCODING.match(data) or not is_foreign(path, data, log)):
        return
    data = _allowed(path, data, log)
    parser = etree.XMLPullParser(events=("start", "end"), tag=f"{{*}}{tag}", **SAFE)
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
                yield element.sourceline, local(element)
            _forget(element)
    except etree.XMLSyntaxError as error:
        last = data.count(b"\n") + 1
        line, said = next(((e.line, e.message) for e in parser.feed_error_log), (error.lineno or 1, error.msg))
        log.add(path, min(max(line, 1), last), f"broken XML ({said}); the rest is left out")
        return
    except OverflowError as error:
        log.add(path, data.count(b"\n", 0, error.args[0]) + 1, f"no end of a <{tag}> up to here; the rest is left out")
        return
    if not found:
        log.add(path, 1, f"there is no <{tag}> in it; file left out")


def local(root: Any) -> Any:
    """The element itself, its name and those of all in it without their namespaces."""
    for element in root.iter("{*}*"):
        element.tag = element.tag.rpartition("}")[2]
    return root


def text(element: Any) -> str:
    """All text in an element, also that in elements of it; none where there is no element."""
    return "" if element is None else "".join(element.itertext())


def _allowed(path: Path, data: bytes, log: Log) -> bytes:
    """The file, if it is in UTF-8, with U+FFFD for characters that XML forbids; each line with one is a fault."""
    clean = len(data.translate(None, _CONTROLS)) == len(data) and not _REFERENCE.search(data)
    if clean or b"\0" in data[:4] or _ENCODING.match(data):
        return data
    lines = []
    for number, line in enumerate(data.split(b"\n"), 1):
        lines.append(_REFERENCE.sub(_LOST, line.translate(_AS_LOST).replace(b"\0", _LOST)))
        if lines[-1] != line:
            log.add(path, number, FORBIDDEN)
    return b"\n".join(lines)


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
