"""The lines of brat's stand-off format, parsed so that each comes back in the very same characters.

https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chemxl.corpora.faults import old_endings
from chemxl.documents import Span

Arguments = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TextBound:
    """``T1<tab>Chemical 0 7;9 12<tab>text``"""

    id: str
    type: str
    fragments: tuple[Span, ...]
    text: str

    def __str__(self) -> str:
        spans = ";".join([f"{start} {end}" for start, end in self.fragments])
        return f"{self.id}\t{self.type} {spans}\t{self.text}"


@dataclass(frozen=True, slots=True)
class Related:
    """``R1<tab>INHIBITOR Arg1:T1 Arg2:T2``; ``tail`` is the white space that brat leaves at the end."""

    id: str
    type: str
    arguments: Arguments
    tail: str = ""

    def __str__(self) -> str:
        return f"{self.id}\t{self.type}{_written(self.arguments)}{self.tail}"


@dataclass(frozen=True, slots=True)
class Event:
    """``E1<tab>Binding:T3 Theme:T1``"""

    id: str
    type: str
    trigger: str
    arguments: Arguments
    tail: str = ""

    def __str__(self) -> str:
        return f"{self.id}\t{self.type}:{self.trigger}{_written(self.arguments)}{self.tail}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """``A1<tab>Negation T1`` or ``A2<tab>Confidence T1 High``; ``M`` in older files."""

    id: str
    type: str
    target: str
    value: str = ""
    tail: str = ""

    def __str__(self) -> str:
        return f"{self.id}\t{self.type} {self.target}{' ' if self.value else ''}{self.value}{self.tail}"


@dataclass(frozen=True, slots=True)
class Normalisation:
    """``N1<tab>Reference T1 UMLS:C0012265<tab>digoxin``; ``text`` is None where no tab stands before it."""

    id: str
    type: str
    target: str
    reference: str
    text: str | None

    def __str__(self) -> str:
        text = "" if self.text is None else f"\t{self.text}"
        return f"{self.id}\t{self.type} {self.target} {self.reference}{text}"


@dataclass(frozen=True, slots=True)
class Note:
    """``#1<tab>AnnotatorNotes T1<tab>free text``"""

    id: str
    type: str
    target: str
    text: str

    def __str__(self) -> str:
        return f"{self.id}\t{self.type} {self.target}\t{self.text}"


@dataclass(frozen=True, slots=True)
class Equivalence:
    """``*<tab>Equiv T1 T2``"""

    type: str
    members: tuple[str, ...]
    tail: str = ""

    def __str__(self) -> str:
        return f"*\t{self.type}{''.join([' ' + member for member in self.members])}{self.tail}"


@dataclass(frozen=True, slots=True)
class Raw:
    """A line that is none of these."""

    text: str

    def __str__(self) -> str:
        return self.text


Record = TextBound | Related | Event | Attribute | Normalisation | Note | Equivalence | Raw


@dataclass(frozen=True, slots=True)
class Line:
    """A record and what stands around it.

    Args:
        ending: ``\\n``, ``\\r\\n``, ``\\r`` where all lines end so, or nothing at the end of the file.
        mark: a byte order mark before it.
    """

    record: Record
    ending: str = "\n"
    mark: str = ""


def _written(arguments: Arguments) -> str:
    return "".join([f" {role}:{target}" for role, target in arguments])


# Only what a record can write back in the very same characters: one separator, no leading zero, ASCII digits.
_N = r"(?:0|[1-9][0-9]{0,8})"
_ROLE = r" [^\s:]+:[^\s:]+"
_TEXT_BOUND = re.compile(rf"(T\S+)\t(\S+) ({_N} {_N}(?:;{_N} {_N})*)\t(.*)", re.DOTALL)
_RELATED = re.compile(rf"(R\S+)\t(\S+)({_ROLE}{_ROLE})(\s*)")
_EVENT = re.compile(rf"(E\S+)\t([^\s:]+):([^\s:]+)((?:{_ROLE})*)(\s*)")
_ATTRIBUTE = re.compile(r"([AM]\S+)\t(\S+) (\S+)(?: (\S+))?(\s*)")
_NORMALISATION = re.compile(r"(N\S+)\t(\S+) (\S+) ([^\t]+)(?:\t(.*))?", re.DOTALL)
_NOTE = re.compile(r"(#\S+)\t(\S+) (\S+)\t(.*)", re.DOTALL)
_EQUIVALENCE = re.compile(r"\*\t(\S+)((?: \S+)+)(\s*)")
_ENDING, _OLD_ENDING = re.compile(rb"(\r?\n)"), re.compile(rb"(\r?\n|\r)")


def _arguments(written: str) -> Arguments:
    pairs = (item.partition(":") for item in written.split(" ")[1:])
    return tuple([(role, target) for role, _, target in pairs])


def _spans(written: str) -> tuple[Span, ...]:
    pairs = (item.split(" ") for item in written.split(";"))
    return tuple([(int(start), int(end)) for start, end in pairs])


def parse_line(text: str) -> Record:
    """The record of one line; ``str`` of it is the line again."""
    match text[:1]:
        case "T" if m := _TEXT_BOUND.fullmatch(text):
            return TextBound(m[1], m[2], _spans(m[3]), m[4])
        case "R" if m := _RELATED.fullmatch(text):
            return Related(m[1], m[2], _arguments(m[3]), m[4])
        case "E" if m := _EVENT.fullmatch(text):
            return Event(m[1], m[2], m[3], _arguments(m[4]), m[5])
        case "A" | "M" if m := _ATTRIBUTE.fullmatch(text):
            return Attribute(m[1], m[2], m[3], m[4] or "", m[5])
        case "N" if m := _NORMALISATION.fullmatch(text):
            return Normalisation(m[1], m[2], m[3], m[4], m[5])
        case "#" if m := _NOTE.fullmatch(text):
            return Note(m[1], m[2], m[3], m[4])
        case "*" if m := _EQUIVALENCE.fullmatch(text):
            return Equivalence(m[1], tuple(m[2].split(" ")[1:]), m[3])
    return Raw(text)


def parse(data: bytes) -> list[Line]:
    """The lines of an ``.ann`` file; bytes that are not UTF-8 are kept as surrogates in a raw record."""
    pieces = (_OLD_ENDING if old_endings(data) else _ENDING).split(data)
    lines = []
    for piece, ending in zip(pieces[::2], [*pieces[1::2], b""], strict=True):
        if not piece and not ending:
            break
        text = piece.decode("utf-8", errors="surrogateescape")
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        text = text.removeprefix(mark)
        lines.append(Line(parse_line(text) if is_utf8(text) else Raw(text), ending.decode(), mark))
    return lines


def serialise(lines: Sequence[Line]) -> bytes:
    """The inverse of :func:`parse`."""
    text = "".join([f"{line.mark}{line.record}{line.ending}" for line in lines])
    return text.encode("utf-8", errors="surrogateescape")


def is_utf8(text: str) -> bool:
    """Whether a raw record's bytes were UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
