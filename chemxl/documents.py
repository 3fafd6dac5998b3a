"""Text with stand-off annotation.

Offsets count Unicode code points of ``Document.text``, half open: ``text[start:end]``.
A ``score`` is the model's confidence in [0, 1] where there is one.
Nothing outside this module turns offsets into labels or labels into offsets.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter

from chemxl.errors import ChemxlError

Span = tuple[int, int]

# A run of letters with their combining marks, a run of digits, or any other single visible character:
# annotated names begin and end inside "Ca2+", "COX-2/5-LOX" and "(ASA)", so these are cut apart. What nobody sees (soft
# hyphen, zero-width space, byte order mark, variation selector) stays inside the word that it stands in, but never
# begins or ends one and is none by itself: annotators mark what they see. Chinese leaves no blank between words: there
# each character is a unit.
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_UNSEEN = r"\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
_CONTROL = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_WORD = re.compile(
    rf"[^\W\d_{HAN}]+(?:[{_UNSEEN}]*(?:[^\W\d_{HAN}]+|[\u0300-\u034e\u0350-\u036f]+))*"
    rf"|\d+|[{HAN}]|[^\w\s{_UNSEEN}{_CONTROL}]|_"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """An annotated stretch of text, with several fragments if it is discontinuous.

    Args:
        type: the corpus's own type, or the unified one after a type map.
        fragments: (start, end) pairs in code points, ascending and disjoint.
        id: unique in its document; empty for a prediction.
    """

    type: str
    fragments: tuple[Span, ...]
    id: str = ""
    score: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.fragments:
            raise ChemxlError(f"mention {self.id or self.type} has no fragment")
        previous = 0
        for start, end in self.fragments:
            if not previous <= start < end:
                raise ChemxlError(f"mention {self.id or self.type}: fragments {self.fragments} do not ascend")
            previous = end

    @classmethod
    def of(cls, type: str, start: int, end: int, *, id: str = "", score: float | None = None) -> Mention:
        """A mention of one fragment."""
        return cls(type, ((start, end),), id=id, score=score)

    @property
    def start(self) -> int:
        """The place of the first code point."""
        return self.fragments[0][0]

    @property
    def end(self) -> int:
        """One past the place of the last code point."""
        return self.fragments[-1][1]

    @property
    def span(self) -> Span:
        """From the first code point to the last, gaps included."""
        return self.start, self.end


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation between two mentions, which it names by their ids, with a type and a direction."""

    type: str
    head: str
    tail: str
    id: str = ""
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Label:
    """A label of a whole document, such as its topic or class."""

    type: str
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and its translation: sentences, or terms.

    Args:
        source, target: the two texts, in ``languages``.
        score: how sure an aligner is of it; None where people aligned or translated it.
        domain: as in the catalogue.
        concept: the id of what both terms name, such as UMLS's; empty where the lexicon gives none.
    """

    id: str
    source: str
    target: str
    languages: tuple[str, str] = ("en", "ru")
    score: float | None = field(default=None, compare=False)
    domain: str = ""
    concept: str = ""


@dataclass(frozen=True)
class Document:
    """A text and its annotation.

    Args:
        labels: labels of the whole document: one if it belongs to a class, any number if they name its topics.
        source: the id of the document that this is a part of, such as a sentence's abstract; empty where it is whole.

    Raises:
        ChemxlError: a mention lies outside the text, an id or a label stands twice, or a relation has no such mention.
    """

    id: str
    text: str
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    language: str = ""
    domain: str = ""
    labels: tuple[Label, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        seen: set[str] = set()
        if len({label.type for label in self.labels}) < len(self.labels):
            raise ChemxlError(f"{self.id}: a label stands twice among {', '.join(label.type for label in self.labels)}")
        for mention in self.mentions:
            if mention.end > len(self.text):
                raise ChemxlError(
                    f"{self.id}: {mention.id or mention.type} ends at {mention.end}, the text at {len(self.text)}"
                )
            if mention.id and mention.id in seen:
                raise ChemxlError(f"{self.id}: the mention id {mention.id} stands twice")
            seen.add(mention.id)
        for relation in self.relations:
            for end in (relation.head, relation.tail):
                if not end or end not in seen:
                    raise ChemxlError(
                        f"{self.id}: relation {relation.id or relation.type} names {end}, which is no mention"
                    )

    @property
    def origin(self) -> str:
        """The id of the whole document that this is a part of. Intervals resample by it, since parts of one document
        are alike."""
        return self.source or self.id

    def surface(self, mention: Mention) -> str:
        """The text of a mention, fragments joined by one space as in brat."""
        return " ".join(self.text[start:end] for start, end in mention.fragments)

    def retyped(self, types: dict[str, str]) -> Document:
        """A copy with the types renamed; mentions of other types, and their relations, are left out."""
        kept = tuple(replace(m, type=types[m.type]) for m in self.mentions if m.type in types)
        ids = {m.id for m in kept}
        return replace(self, mentions=kept, relations=tuple(r for r in self.relations if {r.head, r.tail} <= ids))

    @cached_property
    def words(self) -> tuple[Span, ...]:
        """The words that are labelled, see :func:`words`."""
        return tuple(words(self.text))


def words(text: str) -> list[Span]:
    """The offsets of the words that are labelled: runs of letters or of digits, single Chinese characters and other
    visible characters.

    They do not depend on a tokenizer, so that scores and label sequences of different encoders are comparable.
    """
    return [match.span() for match in _WORD.finditer(text)]


@dataclass(frozen=True, slots=True)
class Flattened:
    """What :func:`flatten` kept, and how many mentions it changed or lost."""

    mentions: tuple[Mention, ...]
    nested: int = 0
    crossing: int = 0
    joined: int = 0


def flatten(mentions: Sequence[Mention]) -> Flattened:
    """Mentions without overlaps, as one layer of BIO labels needs them.

    The rule: a discontinuous mention becomes its hull (counted as ``joined``); of nested mentions the outermost
    stays; of two that cross, the longer stays, and of two equally long the one that begins first; of two types on
    one span, the first given stays.
    """
    hulls = [m if len(m.fragments) == 1 else replace(m, fragments=(m.span,)) for m in mentions]
    joined = sum(len(m.fragments) > 1 for m in mentions)
    longest_first = sorted(range(len(hulls)), key=lambda i: (hulls[i].start - hulls[i].end, hulls[i].start, i))
    kept: list[Mention] = []  # disjoint and ascending
    nested = crossing = 0
    for i in longest_first:
        mention = hulls[i]
        first = bisect_right(kept, mention.start, key=attrgetter("end"))
        rivals = kept[first : bisect_left(kept, mention.end, lo=first, key=attrgetter("start"))]
        if not rivals:
            kept.insert(first, mention)
        elif any(k.start <= mention.start and mention.end <= k.end for k in rivals):
            nested += 1
        else:
            crossing += 1
    return Flattened(tuple(kept), nested, crossing, joined)


def to_bio(mentions: Sequence[Mention], units: Sequence[Span]) -> tuple[list[str], int]:
    """Labels of units (words or sub-tokens) from mentions that do not overlap.

    Args:
        mentions: as :func:`flatten` gives them.
        units: ascending (start, end) offsets; empty ones, such as special tokens, get ``O``.

    Returns:
        One of ``O``, ``B-type``, ``I-type`` per unit, and the number of mentions that the units cannot express
        exactly (a boundary inside a unit, or no unit at all).
    """
    labels = ["O"] * len(units)
    inexact = 0
    first = 0
    for mention in sorted(mentions, key=lambda m: m.start):
        while first < len(units) and units[first][1] <= mention.start:
            first += 1
        inside = []
        for i in range(first, len(units)):
            if units[i][0] >= mention.end:
                break
            if units[i][0] < units[i][1] and labels[i] == "O":
                inside.append(i)
        for i in inside:
            labels[i] = f"{'B' if i == inside[0] else 'I'}-{mention.type}"
        inexact += not inside or (units[inside[0]][0], units[inside[-1]][1]) != mention.span
    return labels, inexact


def from_bio(labels: Sequence[str], units: Sequence[Span], scores: Sequence[float] | None = None) -> list[Mention]:
    """Mentions from labels; the inverse of :func:`to_bio`.

    An ``I-`` that continues nothing of its type begins a mention, as in the CoNLL script and seqeval's default mode.

    Args:
        scores: one confidence per unit; a mention gets the least of its units'.
    """
    mentions: list[Mention] = []
    open_type, begin, last = "", 0, 0

    def close() -> None:
        """Add the mention that has ended."""
        if open_type:
            score = min(scores[begin : last + 1]) if scores is not None else None
            mentions.append(Mention.of(open_type, units[begin][0], units[last][1], score=score))

    for i, label in enumerate(labels):
        prefix, _, type_ = label.partition("-")
        if units[i][0] == units[i][1]:
            continue
        if prefix == "I" and type_ == open_type:
            last = i
            continue
        close()
        open_type, begin, last = (type_, i, i) if prefix in {"B", "I"} else ("", 0, 0)
    close()
    return mentions


def to_spans(mentions: Sequence[Mention], units: Sequence[Span]) -> tuple[list[tuple[str, int, int]], int]:
    """Mentions, also nested ones, as their type and their first and last unit.

    Returns:
        Each once, ascending, and the number of those that units cannot express: with a boundary inside a unit, or of
        several fragments.
    """
    first, last = ({unit[side]: i for i, unit in enumerate(units) if unit[0] < unit[1]} for side in (0, 1))
    exact = [m for m in mentions if len(m.fragments) == 1 and m.start in first and m.end in last]
    made = {(m.type, first[m.start], last[m.end]) for m in exact}
    return sorted(made, key=lambda span: (span[1], -span[2], span[0])), len(mentions) - len(exact)


def from_spans(spans: Iterable[tuple[str, int, int, float]], units: Sequence[Span]) -> list[Mention]:
    """Mentions from types, first and last units and scores, in the order of the text; of two with one beginning the
    longer first."""
    made = [Mention.of(type, units[i][0], units[j][1], score=score) for type, i, j, score in spans]
    return sorted(made, key=lambda m: (m.start, -m.end, m.type))
