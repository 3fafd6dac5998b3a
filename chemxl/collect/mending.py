"""Repair of answers that are nearly XML: forbidden characters, wrong bytes, bare ampersands.

What a repository holds was typed, pasted or taken from PDF files, and what it sends is often put together as text. A
harvest must get past such a page: it is mended where that loses nothing that can be read, and else its records are
read one at a time and the broken ones named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from html import unescape
from html.entities import html5
from typing import TypeVar

from chemxl.collect.http import Garbled
from chemxl.experiments.digests import sha256

T = TypeVar("T")

# Encodings in which mark-up has the bytes that it has in ASCII.
_DECLARED = re.compile(
    rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"'](iso-8859-\d{1,2}|windows-12\d\d|cp12\d\d|koi8-[ru])[\"']", re.IGNORECASE
)
_FOREIGN = re.compile("\ufffd{8}")  # a word in another encoding; what is wrong in one place is shorter
# Java and older databases write a character beyond U+FFFF as two halves of three bytes each.
_SURROGATE = re.compile(rb"\xed([\xa0-\xbf])([\x80-\xbf])")
# A comment, CDATA or an instruction, in which an ampersand stands for itself; else a reference or what looks like one.
_REFERENCE = re.compile(
    r"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|&(#x[0-9A-Fa-f]{1,6};|#[0-9]{1,7};|[A-Za-z0-9]+;)?",
    re.DOTALL,
)
_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2
_ROOT = re.compile(r"(?>\s+|<\?.*?\?>|<!--.*?-->|<!(?!--)[^>]*>)*+<([\w.:-]+)", re.DOTALL)
_DECLARES, _TAG = re.compile(r"xmlns:([\w.-]+)\s*="), re.compile(r"""<(?:[^<>!?"']|"[^"<]*"|'[^'<]*')*+>""")
# A value in quotes, or the prefix of a name.
_PREFIX = re.compile(r""""[^"]*"|'[^']*'|(?<=[<\s/])([^\W\d][\w.-]*):(?=[^\W\d])""")
_SPACING = "\x0b\x0c\x1c\x1d\x1e\x1f"
_FRAME = 2**16  # what stands around the records of an answer is some hundred bytes


def mended(body: bytes) -> bytes:
    """The answer in UTF-8, repaired so that an XML parser may take it.

    Controls and noncharacters go, those that space text become a space, also where they stand as references; halves of
    a character become one; HTML's names become characters, other ampersands ``&amp;``; bytes that are no UTF-8 become
    U+FFFD, where they are few; prefixes of names that nothing declares go, and what stands behind the document.

    Raises:
        Garbled: it is in another encoding than it says.
    """
    text = _decoded(body)
    text = _REFERENCE.sub(_reference, text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _FORBIDDEN.sub(lambda match: " " if match[0] in _SPACING else "", text)
    text = text[max(text.find("<?xml"), 0) :].lstrip("\ufeff \t\r\n")
    text = _TAG.sub(partial(_bare, {"xml", "xmlns", *_DECLARES.findall(text)}), text)
    root = _ROOT.match(text)
    end = f"</{root[1]}>" if root else ""
    return (text[: text.rfind(end) + len(end)] if end and end in text else text).encode()


def _decoded(body: bytes) -> str:
    """The text of an answer, whose wrong bytes are replaced."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:4]:
        raise Garbled("malformed XML (not in UTF-8)")
    with suppress(UnicodeDecodeError):
        return body.decode("utf-8")
    if declared := _DECLARED.match(body):
        return body.decode(declared[1].decode("ascii"), "replace")
    text = _SURROGATE.sub(_half, body).decode("utf-8", "replace")
    if _FOREIGN.search(text):
        raise Garbled("malformed XML (not in UTF-8)")
    return text


def _bare(declared: set[str], tag: re.Match[str]) -> str:
    return _PREFIX.sub(lambda found: found[0] if found[1] is None or found[1] in declared else "", tag[0])


def _half(match: re.Match[bytes]) -> bytes:
    """Half of a surrogate pair that was encoded as UTF-8, as a numeric reference."""
    return b"&#%d;" % (0xD000 | (match[1][0] & 0x3F) << 6 | match[2][0] & 0x3F)


def _reference(match: re.Match[str]) -> str:
    """A reference that XML allows, for one that HTML allows or a bare ampersand."""
    name = match[1]
    if not match[0].startswith("&") or name in _XML:
        return match[0]
    if name is None:
        return "&amp;"
    if name.startswith("#"):
        code = int(name[2:-1], 16) if name[1] == "x" else int(name[1:-1])
        allowed = code <= 0x10FFFF and not _FORBIDDEN.match(chr(code))
        return match[0] if allowed else chr(code) if code <= 0x10FFFF else "\ufffd"
    return "".join(f"&#{ord(character)};" for character in html5[name]) if name in html5 else f"&amp;{name}"


def salvaged(body: bytes, read: Callable[[bytes], T], *, record: str, id: str) -> tuple[T, dict[str, str]]:
    """What ``read`` makes of an answer without its broken records, and by their ids why these cannot be read.

    Args:
        body: an answer, of which ``read`` may say that it is garbled.
        record, id: patterns of a record's tag, and of the beginning of one up to its id, which is a group.

    Raises:
        Garbled: there is no record in it, it is cut off, or what is broken lies around the records.
    """
    try:
        return read(body), {}
    except Garbled as garbled:
        whole = Garbled(str(garbled))
    name = rf"(?:[\w.-]+:)?(?:{record})".encode()
    starts = [match.start() for match in re.finditer(rb"<%s[\s>]" % name, body)]
    ends = [match.end() for match in re.finditer(rb"</%s\s*>" % name, body)]
    if not starts or not ends or ends[-1] < starts[-1]:
        raise whole
    head, tail = body[: starts[0]], body[ends[-1] :]
    if len(head) + len(tail) > _FRAME:
        raise whole
    read(head + tail)
    good, bad = [], {}
    for named, piece in _pieces(body[: ends[-1]], starts, re.compile(id.encode(), re.DOTALL)):
        try:
            read(head + piece + tail)
            good.append(piece)
        except Garbled as garbled:
            bad[named] = str(garbled)
    return read(b"".join([head, *good, tail])), bad


def _pieces(body: bytes, starts: list[int], id: re.Pattern[bytes]) -> Iterator[tuple[str, bytes]]:
    """The records of an answer, as ids and bytes."""
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        piece = body[start:end]
        found = id.match(piece)
        named = unescape(found[1].decode("utf-8", "replace")).strip() if found else ""
        yield named or f"no id, {sha256(piece)[:12]}", piece
