"""Candidates: pairs of mentions that may be related, out of one sentence, nested and overlapping mentions included."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import model_validator

from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Mention, Span
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Value

Signature = tuple[str, str]  # the coarse types of head and tail
FAR = 2000  # characters between the begins of two mentions of a sentence that are paired at most: none is so long


class Scheme(Value):
    """The types of mentions that are paired, and the coarse names of types.

    Args:
        heads, tails: coarse types of a relation's two ends; where both are empty, every two that training relates.
        coarse: fine types, each with the coarse one that it is a part of; any other type is coarse itself.
        within: of the tails of a document, numbered from the head, 1 the next behind it and -1 the last before it, the
            first and the last one that is paired with it (paper 2, section II.B); None pairs all.
        sentence: pair within a sentence; else within the whole document.
    """

    heads: tuple[str, ...] = ("CHEM",)
    tails: tuple[str, ...] = ("GENE",)
    coarse: tuple[tuple[str, str], ...] = ()
    within: tuple[int, int] | None = None
    sentence: bool = True

    @model_validator(mode="after")
    def _sound(self) -> Scheme:
        """Check that the settings fit together."""
        if bool(self.heads) != bool(self.tails) or (self.within and not self.tails):
            raise ChemxlError("a scheme has both heads and tails, or neither and then no `within`")
        if self.within and self.within[0] > self.within[1]:
            raise ChemxlError(f"no number lies between {self.within[0]} and {self.within[1]}: give the smaller first")
        return self

    def coarsened(self, type: str) -> str:
        """The coarse type of a type."""
        return dict(self.coarse).get(type, type)

    def finer(self) -> dict[str, tuple[str, ...]]:
        """For each coarse type the fine types, if there are several."""
        made: dict[str, tuple[str, ...]] = {}
        for fine, coarse in self.coarse:
            made[coarse] = (*made.get(coarse, ()), fine)
        return {coarse: fine for coarse, fine in made.items() if len(fine) > 1}

    def signatures(self, documents: Sequence[Document]) -> tuple[Signature, ...]:
        """The pairs of types to consider: from ``heads`` and ``tails``, or from the relations in documents."""
        if self.heads:
            return tuple((head, tail) for head in self.heads for tail in self.tails)
        found = set[Signature]()
        for document in documents:
            types = {mention.id: self.coarsened(mention.type) for mention in document.mentions}
            found |= {(types[relation.head], types[relation.tail]) for relation in document.relations}
        return tuple(sorted(found))


class Stretch(NamedTuple):
    """A sentence, or several that a mention joins, with its candidate pairs.

    Args:
        span: its place in the document.
        pairs: places of head and tail among the document's mentions.
    """

    span: Span
    pairs: list[tuple[int, int]]


def stretches(document: Document, scheme: Scheme, signatures: Sequence[Signature]) -> Iterator[Stretch]:
    """The sentences of a document that have candidate pairs, in time linear in the text and in the pairs.

    A mention is paired with itself never, with one inside it like with any other. What has no full stop is no sentence:
    mentions that are ``FAR`` apart are no pair, so that a text of any length has few pairs a mention.
    """
    types = [scheme.coarsened(mention.type) for mention in document.mentions]
    tails: dict[str, list[str]] = {}
    for head, tail in signatures:
        tails.setdefault(head, []).append(tail)
    near, far = _Near(document, scheme, types), FAR if scheme.sentence else len(document.text)
    for span, own in parts(document, scheme):
        by_type: dict[str, list[int]] = {}
        for i in own:
            by_type.setdefault(types[i], []).append(i)
        pairs = [
            (head, tail)
            for head in own
            for type in tails.get(types[head], ())
            for tail in _within(document, head, by_type.get(type, []), far)
            if head != tail and near(head, tail)
        ]
        if pairs:
            yield Stretch(span, pairs)


def _within(document: Document, head: int, tails: list[int], far: int) -> list[int]:
    """The tails that are not too far from a head; tails are in ascending order."""

    def begin(i: int) -> int:
        """The place where a mention begins."""
        return document.mentions[i].start

    here = begin(head)
    return tails[bisect_left(tails, here - far, key=begin) : bisect_right(tails, here + far, key=begin)]


def parts(document: Document, scheme: Scheme) -> Iterator[tuple[Span, list[int]]]:
    """Sentences, joined if a mention crosses their boundary, with the places of their mentions, in ascending order."""
    order = sorted(range(len(document.mentions)), key=lambda i: document.mentions[i].span)
    spans = sentences(document.text, document.language or "en") if scheme.sentence else [(0, len(document.text))]
    mentions, at, upcoming = document.mentions, 0, 0
    while at < len(spans) and upcoming < len(order):
        start, end = spans[at]
        at += 1
        own: list[int] = []
        while upcoming < len(order) and mentions[order[upcoming]].start < end:
            own.append(order[upcoming])
            end = max(end, mentions[order[upcoming]].end)
            while at < len(spans) and spans[at][0] < end:  # the mention goes on into the next sentence
                end = max(end, spans[at][1])
                at += 1
            upcoming += 1
        yield (start, end), own


class _Near:
    """A test whether a tail is among those that the scheme pairs with a head."""

    def __init__(self, document: Document, scheme: Scheme, types: Sequence[str]) -> None:
        self.mentions: tuple[Mention, ...] = document.mentions
        self.within = scheme.within
        self.starts = sorted(m.start for m, type in zip(document.mentions, types, strict=True) if type in scheme.tails)

    def __call__(self, head: int, tail: int) -> bool:
        return self.within is None or self.within[0] <= self.number(head, tail) <= self.within[1]

    def number(self, head: int, tail: int) -> int:
        """The number of a tail, counted from the head."""
        here, there = self.mentions[head].start, self.mentions[tail].start
        if there >= here:
            return bisect_right(self.starts, there) - bisect_left(self.starts, here)
        return bisect_left(self.starts, there) - bisect_left(self.starts, here)


def number(document: Document, scheme: Scheme, head: int, tail: int) -> int:
    """The number of a tail among all tails of the document, counted from a head: 1 is the next one after it, -1 the
    last one before."""
    return _Near(document, scheme, [scheme.coarsened(m.type) for m in document.mentions]).number(head, tail)
