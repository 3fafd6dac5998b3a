"""One US patent document in XML: its kind, the priorities that it claims, and its text.

Three layouts are known: grants of 2002 to 2004 (ST.32, v2.5, root ``PATDOC``), applications of 2001 to 2004 (v1.5,
v1.6, root ``patent-application-publication``), and both from 2005 on (v4.0 to v4.x, roots ``us-patent-grant`` and
``us-patent-application``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from chemxl.collect.patent_text import paragraphs, resolve
from chemxl.corpora.markup import SAFE, local
from chemxl.documents import Document, Span
from chemxl.errors import CorpusError

# Tags of one document. A grant of 600 kB has 7,000; one whose tree would not fit into memory has millions.
MAX_TAGS = 2_000_000


class MalformedPatent(CorpusError):
    """A document that is not well formed or is refused; ``line`` counts from 1 in the document."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Priority:
    """An earlier application that a patent claims; number and date (YYYYMMDD) as recorded, empty if missing."""

    country: str
    number: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Patent:
    """A patent or a published application.

    Args:
        number: the number of the publication, such as US1234567B2, without leading zeros, with the kind code at the
            end.
        date: the date of the publication, YYYYMMDD as recorded.
        title, abstract, claims, description: paragraphs on lines of their own; empty where there are none.
        priorities: foreign priorities, in the order of the file.
    """

    number: str
    date: str
    title: str
    abstract: str
    claims: str
    description: str
    priorities: tuple[Priority, ...] = ()

    @property
    def sections(self) -> dict[str, Span]:
        """The name and the offsets in ``document().text`` of each section that is not empty, in order."""
        spans: dict[str, Span] = {}
        start = 0
        for name in ("title", "abstract", "claims", "description"):
            if length := len(getattr(self, name)):
                spans[name] = (start, start + length)
                start += length + 1
        return spans

    def document(self) -> Document:
        """Title, abstract, claims and description as one document, a paragraph a line."""
        text = "\n".join([getattr(self, name) for name in self.sections])
        return Document(self.number, text, language="en", domain="patents")


@dataclass(frozen=True)
class Layout:
    """Where things stand in one kind of document: paths from the root, and those of a priority's parts from
    ``priority``.

    Args:
        front: the bibliographic data, first in the root; the first of that name counts.
        enclosing: the element that all priorities lie in, or each in one.
    """

    front: bytes
    enclosing: bytes
    priority: str
    country: str
    priority_number: str
    priority_date: str
    number: str
    kind: str
    date: str
    title: str
    abstract: str
    claim: str
    description: str


def _v4(kind: str) -> Layout:
    """The layout of documents of version 4."""
    data = f"us-bibliographic-data-{kind}"
    publication = f"{data}/publication-reference/document-id"
    return Layout(
        *(data.encode(), b"priority-claims", f"{data}[1]/priority-claims/priority-claim"),
        *("country", "doc-number", "date"),
        *(f"{publication}/doc-number", f"{publication}/kind", f"{publication}/date", f"{data}/invention-title"),
        *("abstract", "claims/claim", "description"),
    )


_DATA = "subdoc-bibliographic-information"
LAYOUTS = {
    b"us-patent-grant": _v4("grant"),
    b"us-patent-application": _v4("application"),
    b"PATDOC": Layout(
        # A priority is three siblings in a row: number, date, country.
        *(b"SDOBI", b"B300", "SDOBI[1]/B300/B330", "CTRY/PDAT"),
        *("preceding-sibling::*[2][self::B310]/DNUM/PDAT", "preceding-sibling::*[1][self::B320]/DATE/PDAT"),
        *("SDOBI/B100/B110/DNUM/PDAT", "SDOBI/B100/B130/PDAT", "SDOBI/B100/B140/DATE/PDAT", "SDOBI/B500/B540"),
        *("SDOAB", "SDOCL/CL/CLM", "SDODE"),
    ),
    b"patent-application-publication": Layout(
        *(_DATA.encode(), b"foreign-priority-data", f"{_DATA}[1]/foreign-priority-data", "country-code"),
        *("priority-application-number/doc-number", "filing-date"),
        *(f"{_DATA}/document-id/doc-number", f"{_DATA}/document-id/kind-code", f"{_DATA}/document-id/document-date"),
        *(f"{_DATA}/technical-information/title-of-invention", "subdoc-abstract", "subdoc-claims/claim"),
        "subdoc-description",
    ),
}
# Documents of their own in a weekly file that are no patents: sequence lists.
OTHER_ROOTS = frozenset({b"sequence-cwu"})

_NAME = rb"[^\s<>\[\]\"'&%;]++"
_FROM = rb"(?:SYSTEM|PUBLIC)(?:\s++(?:\"[^\"<>]*+\"|'[^'<>]*+')){1,2}+"
_MISC = rb"(?:[ \t\r\n]++|<!--.*?-->|<\?.*?\?>)*+"
# The only declarations that are let through name pictures (NDATA), which are never replaced by anything.
_SUBSET = rb"(?:\s++|<!--.*?-->|<!ENTITY\s++%b\s++%b\s++NDATA\s++%b\s*+>|<!NOTATION\s++%b\s++%b\s*+>)*+"
_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?+[ \t\r\n]*+(?:<\?xml(?P<declaration>\s[^>]*+)>)?+"
    + (_MISC + rb"(?:<!DOCTYPE\s++%b(?:\s++%b)?+\s*+(?:\[%b\]\s*+)?+>)?+" + _MISC)
    % (_NAME, _FROM, _SUBSET % (_NAME, _FROM, _NAME, _NAME, _FROM))
    + rb"<(?P<root>[A-Za-z_:][^\s/<>]*+)",
    re.DOTALL,
)
_FIRST_CHILD = re.compile(rb"<[^<>]*+>\s*+<([^\s/<>]++)")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)")


def head(data: bytes) -> tuple[bytes, int]:
    """The name of the root element, without a prefix, and where it begins.

    Nothing before it, such as a DOCTYPE, ever reaches a parser.

    Raises:
        MalformedPatent: no document begins here, it is not in UTF-8, or it declares entities.
    """
    match = _PROLOG.match(data)
    if match is None:
        if declared := re.search(rb"<!(?:ENTITY|ELEMENT|ATTLIST)\b", data):
            line = data.count(b"\n", 0, declared.start()) + 1
            raise MalformedPatent(line, "its DOCTYPE declares more than pictures; refused, as entities can do harm")
        raise MalformedPatent(1, "no XML document begins here")
    encoding = _ENCODING.search(match["declaration"] or b"")
    if encoding is not None and encoding[1].lower() not in {b"utf-8", b"us-ascii", b"ascii"}:
        raise MalformedPatent(1, f"the encoding {encoding[1][:40].decode('latin-1')} where UTF-8 was due")
    return match["root"].rpartition(b":")[2], match.start("root") - 1


def wanted_pattern(countries: Iterable[str]) -> re.Pattern[bytes]:
    """A pattern that the priorities of a wanted document match: the country's code, or something that may hide it.

    Character references, comments, CDATA and processing instructions can break a code up; nothing else can.
    """
    return re.compile("|".join([*countries, "&", "<[!?]"]).encode())


def may_claim(data: bytes, start: int, root: bytes, layout: Layout, wanted: re.Pattern[bytes]) -> bool:
    """Whether :func:`parse` may find a wanted priority or a fault; False only if it surely finds neither.

    A document that does not end with its root's tag is cut off, or ends in a comment: that is for the parser to see.
    """
    end = _front_end(data, start, layout)
    last = data.rfind(b"</" + layout.enclosing, start, end)
    if last >= 0 and wanted.search(data, data.find(b"<" + layout.enclosing, start, last), last):
        return True
    return not data[-256:].rstrip().endswith(b"</" + root + b">")


def _front_end(data: bytes, start: int, layout: Layout) -> int:
    """Where the bibliographic data ends; the end of the document if that cannot be told."""
    first = _FIRST_CHILD.match(data, start)
    end = data.find(b"</" + layout.front, start)
    if first is None or first[1] != layout.front or end < 0:
        return len(data)
    hidden = data.count(b"<" + layout.front, start, end) > 1 or b"<!" in (front := data[start:end]) or b"<?" in front
    return len(data) if hidden else end


def parse(
    data: bytes, start: int, layout: Layout, *, countries: frozenset[str] | None, report: Callable[[str], None]
) -> Patent | None:
    """The patent; None if it claims no priority of these countries.

    Args:
        data: one document, whose root begins at ``start``, as :func:`head` says.
        countries: two-letter codes; None takes every patent.
        report: told of characters whose names are unknown; they are shown as U+FFFD.

    Raises:
        MalformedPatent: not well formed, too many elements, or no publication number.
    """
    above = data.count(b"\n", 0, start)
    if data.count(b"<") > MAX_TAGS:
        raise MalformedPatent(1, f"more than {MAX_TAGS:,} tags")
    content, unknown = resolve(data[start:])
    parser = etree.XMLParser(**SAFE)
    try:
        root = local(etree.fromstring(content, parser))
    except etree.XMLSyntaxError as error:
        raise MalformedPatent(above + (error.lineno or 1), f"not well formed ({error.msg})") from None
    priorities = tuple(_priorities(root, layout))
    if countries is not None and countries.isdisjoint(priority.country for priority in priorities):
        return None
    if unknown:
        report(f"unknown characters {', '.join(sorted(unknown))}, shown as U+FFFD")
    number = _value(root, layout.number)
    if not number:
        raise MalformedPatent(above + 1, "it has no publication number")
    return Patent(
        "US" + re.sub(r"^([A-Z]*)0+", r"\1", number) + _value(root, layout.kind),
        _value(root, layout.date),
        " ".join(paragraphs(root.iterfind(layout.title), whole=True)),
        "\n".join(paragraphs(root.iterfind(layout.abstract))),
        "\n".join(paragraphs(root.iterfind(layout.claim), whole=True)),
        "\n".join(paragraphs(root.iterfind(layout.description))),
        priorities,
    )


def _value(node: Any, path: str) -> str:
    """The text of the first of the path's elements, up to an element in it."""
    return str(node.xpath(f"normalize-space({path}/text())"))


def _priorities(root: Any, layout: Layout) -> Iterator[Priority]:
    """The priorities that a document claims."""
    for node in root.iterfind(layout.priority):
        number, date = _value(node, layout.priority_number), _value(node, layout.priority_date)
        yield Priority(_value(node, layout.country), number, date)
