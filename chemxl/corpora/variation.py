"""Annotated texts as people have them: other names, capitals, broken lines, letters of another alphabet, misreadings.

Every change keeps the annotation where it belongs. What is drawn depends on the generator alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import Field

from chemxl.corpora.coined import drawn, traded
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Mention, flatten
from chemxl.experiments.experiment import Value

Edit = tuple[int, int, str]  # text[start:end] becomes the string

_ALIKE = dict(zip("АВЕКМНОРСТХаеорсху", "ABEKMHOPCTXaeopcxy", strict=True))
_ALIKE |= {latin: cyrillic for cyrillic, latin in _ALIKE.items()}
_MISREAD = {"l": "1", "1": "l", "O": "0", "0": "O", "e": "c", "n": "ri", "m": "rn", "I": "l", "i": "l", "c": "e"}
_MISREAD |= {"п": "н", "н": "п", "и": "н", "о": "0", "е": "с", "с": "е", "ш": "щ", "щ": "ш", "в": "а", "л": "п"}
_SHORT = 6  # letters of an abbreviation, at most


class Variation(Value):
    """How often a document meets each change; at most one of the changes of its letters.

    Args:
        apart: it is cut into its sentences, each a document by itself.
        names: some of its names of substances give way to others.
        foreign: of these, in the other language.
        capitals, small: all letters.
        hyphens: words are broken at line ends, with a hyphen.
        lines: lines end where a page's would.
        alike: letters of another alphabet that look the same.
        misread: as by a scanner.
        joined: blanks are gone.
    """

    apart: float = Field(default=0.3, ge=0, le=1)
    names: float = Field(default=0.35, ge=0, le=1)
    foreign: float = Field(default=0.1, ge=0, le=1)
    capitals: float = Field(default=0.06, ge=0, le=1)
    small: float = Field(default=0.04, ge=0, le=1)
    hyphens: float = Field(default=0.06, ge=0, le=1)
    lines: float = Field(default=0.05, ge=0, le=1)
    alike: float = Field(default=0.05, ge=0, le=1)
    misread: float = Field(default=0.04, ge=0, le=1)
    joined: float = Field(default=0.04, ge=0, le=1)

    def of(self, document: Document, rng: random.Random, names: Mapping[str, Sequence[str]]) -> list[Document]:
        """The document, changed; several where it was cut.

        Args:
            names: of substances by language, beside those that are made by rule.
        """
        document = replace(document, mentions=flatten(document.mentions).mentions, relations=())
        if rng.random() < self.names:
            document = renamed(document, rng, names, foreign=self.foreign)
        parts = _sentences(document) if rng.random() < self.apart else [document]
        return [self._rewritten(part, rng) for part in parts]

    def _rewritten(self, document: Document, rng: random.Random) -> Document:
        ways: list[tuple[float, Callable[[Document, random.Random], Document]]] = [
            (self.capitals, lambda d, _: cased(d, str.upper)),
            (self.small, lambda d, _: cased(d, str.lower)),
            (self.hyphens, hyphenated),
            (self.lines, broken),
            (self.alike, lambda d, r: spelt(d, r, _ALIKE, words=0.3, letters=0.5)),
            (self.misread, lambda d, r: spelt(d, r, _MISREAD, words=0.15, letters=0.25)),
            (self.joined, joined),
        ]
        draw = rng.random()
        for rate, way in ways:
            if draw < rate:
                return way(document, rng)
            draw -= rate
        return document


def edited(document: Document, edits: Sequence[Edit]) -> Document:
    """The document after changes that do not overlap; one that begins or ends inside a mention lies in it whole.

    A mention whose first or last character is taken away begins or ends where that was.
    """
    parts, moves, end, shift = list[str](), list[tuple[int, int, int]](), 0, 0
    for start, stop, new in sorted(edits):
        parts += (document.text[end:start], new)
        moves.append((start, stop, shift))
        end, shift = stop, shift + len(new) - (stop - start)
    moves.append((len(document.text) + 1, len(document.text) + 1, shift))

    def moved(offsets: Sequence[int]) -> list[int]:
        """Ascending offsets of the old text, in the new one."""
        found, at = [], 0
        for offset in offsets:
            while moves[at][1] <= offset:
                at += 1
            found.append(min(offset, max(moves[at][0], 0)) + moves[at][2])
        return found

    mentions = sorted(document.mentions, key=lambda m: m.start)
    spans = zip(moved([m.start for m in mentions]), moved([m.end for m in mentions]), strict=True)
    kept = tuple(Mention.of(m.type, a, b, id=m.id) for m, (a, b) in zip(mentions, spans, strict=True) if a < b)
    return replace(document, text="".join(parts) + document.text[end:], mentions=kept, relations=())


def renamed(document: Document, rng: random.Random, names: Mapping[str, Sequence[str]], *, foreign: float) -> Document:
    """Half of the distinct names of substances, but for abbreviations, replaced wherever they stand."""
    other = {"en": "ru", "ru": "en"}
    chosen: dict[str, str] = {}
    for surface in dict.fromkeys(document.surface(m) for m in document.mentions if m.type == "CHEM"):
        short = len(surface) <= _SHORT and surface.upper() == surface
        if not short and rng.random() < 0.5:
            away = rng.random() < foreign
            language = other.get(document.language, "en") if away else document.language or "en"
            chosen[surface] = _name(rng, language, names)
    return edited(
        document,
        [
            (m.start, m.end, _as(chosen[s], s))
            for m in document.mentions
            if (s := document.surface(m)) in chosen and m.type == "CHEM"
        ],
    )


def _name(rng: random.Random, language: str, names: Mapping[str, Sequence[str]]) -> str:
    draw = rng.random()
    if draw < 0.55 and names.get(language):
        return rng.choice(names[language])
    return (traded(rng, language) if draw < 0.65 else drawn(rng)).form(language)


def _as(name: str, other: str) -> str:
    """The name with a capital where the other has one and it is a word."""
    return name[0].upper() + name[1:] if other[:1].isupper() and name.islower() else name


def cased(document: Document, change: Callable[[str], str]) -> Document:
    """Every letter in capitals or small, but for those that would become two."""
    letters = (new if len(new := change(letter)) == 1 else letter for letter in document.text)
    return replace(document, text="".join(letters))


def hyphenated(document: Document, rng: random.Random) -> Document:
    """One word in ten broken, with a hyphen and a new line."""
    edits = []
    for start, end in document.words:
        if end - start >= 6 and document.text[start:end].isalpha() and rng.random() < 0.1:
            place = rng.randrange(start + 2, end - 2)
            if not any(place in m.span for m in document.mentions):
                edits.append((place, place, "-\n"))
    return edited(document, edits)


def broken(document: Document, rng: random.Random) -> Document:
    """Lines of 60 to 80 characters."""
    letters, width, used = list(document.text), rng.randrange(60, 81), 0
    for i, letter in enumerate(letters):
        used += 1
        if letter == "\n":
            used = 0
        elif letter == " " and used >= width:
            letters[i], used = "\n", 0
    return replace(document, text="".join(letters))


def spelt(
    document: Document, rng: random.Random, table: Mapping[str, str], *, words: float, letters: float
) -> Document:
    """Letters of some words written as others that look the same."""
    edits = []
    for start, end in document.words:
        if rng.random() < words:
            edits += [
                (i, i + 1, table[letter])
                for i, letter in enumerate(document.text[start:end], start)
                if letter in table and rng.random() < letters
            ]
    return edited(document, edits)


def joined(document: Document, rng: random.Random) -> Document:
    """One blank in ten gone, but for those at a mention's edge, where no word would begin there any more."""
    edges = {place for m in document.mentions for place in m.span}
    gone = [
        (i, i + 1, "")
        for i, letter in enumerate(document.text)
        if letter == " " and not {i, i + 1} & edges and rng.random() < 0.1
    ]
    return edited(document, gone)


def _sentences(document: Document) -> list[Document]:
    return list(_parts(document)) or [document]


def _parts(document: Document) -> Iterator[Document]:
    for number, (start, end) in enumerate(sentences(document.text, document.language or "en")):
        inside = tuple(
            Mention.of(m.type, m.start - start, m.end - start, id=m.id)
            for m in document.mentions
            if start <= m.start and m.end <= end
        )
        yield replace(
            document,
            id=f"{document.id}#{number}",
            text=document.text[start:end],
            mentions=inside,
            source=document.origin,
        )
