"""A matcher that finds all names in a text at once: whole words, the longest first, with offsets in code points.

An automaton finds every name wherever it stands (Aho and Corasick 1975); what begins or ends inside a word goes, and of
two that overlap the longer one stays. So no text is lost, «боль» is not found in «больной», and what is found
does not depend on the order of the names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import ahocorasick_rs
import numpy as np
import pymorphy3

from chemxl.documents import Span

_ALIKE = dict(zip("ё‐‑–—−\u00a0\u2009\u202f", "е-----   ", strict=True))
_LETTERS = re.compile(r"[^\W\d_]+")
_RUSSIAN = re.compile(r"[а-я]+")
# Scripts that write words without a blank between them: kana, Han, and what stands beside them.
_UNSPACED = ((0x2E80, 0x31FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


class Match(NamedTuple):
    """The place of a name in a text, and the name's key (:meth:`Matcher.key`)."""

    start: int
    end: int
    key: str


class Matcher:
    """Finds names in texts of one language.

    Whatever the case, with ё as е and every dash and blank alike. A name that is all capitals, such as AIDS or ALL, is
    found only as it is written.

    Args:
        names: as they are written; names with the same key are one.
        lemmas: compare Russian words by their lemmas, so that every case form of a name is found.
    """

    def __init__(self, names: Sequence[str], *, lemmas: bool = False) -> None:
        self.lemmas = lemmas
        written: dict[str, set[str]] = {}
        for name in names:
            written.setdefault(self.key(name), set()).add(name)
        written.pop("", None)
        self.keys = sorted(written)
        # Of these, only what is written like the name itself is a name.
        self._capitals = {i: written[key] for i, key in enumerate(self.keys) if all(map(_capitals, written[key]))}
        self._automaton = ahocorasick_rs.AhoCorasick(self.keys)

    def key(self, name: str) -> str:
        """The form of a name by which it is compared."""
        small = folded(name.strip())
        return _lemmatised(small)[0] if self.lemmas else small

    def find(self, text: str) -> list[Match]:
        """Names that do not overlap, in their order; of two that do, the longer is taken, and of equal ones the
        first."""
        searched, places = folded(text), None
        if self.lemmas:
            searched, places = _lemmatised(searched)
        found = self._automaton.find_matches_as_indexes(searched, overlapping=True)
        if not found:
            return []
        inside = _inside(searched)
        whole = [(start - end, start, end, number) for number, start, end in found if not inside[start] | inside[end]]
        taken, kept = bytearray(len(searched)), []
        for _, start, end, number in sorted(whole):
            if taken.find(1, start, end) < 0 and self._as_written(number, text, places, start, end):
                taken[start:end] = b"\1" * (end - start)
                kept.append((start, end, number))
        kept.sort()
        if places is None:
            return [Match(start, end, self.keys[number]) for start, end, number in kept]
        return [Match(*_back(places, start, end), self.keys[number]) for start, end, number in kept]

    def _as_written(self, number: int, text: str, places: _Places | None, start: int, end: int) -> bool:
        """Whether a name that must be in capitals is."""
        written = self._capitals.get(number)
        return written is None or text[slice(*(_back(places, start, end) if places else (start, end)))] in written


def folded(text: str) -> str:
    """A text for comparison: small letters, one form each of ё, dashes and blanks; as long as it was."""
    small = text.lower()
    if len(small) != len(text):  # İ becomes two characters: such a letter stays as it is
        small = "".join(letter if len(letter := sign.lower()) == 1 else sign for sign in text)
    for sign, other in _ALIKE.items():  # far faster than str.translate
        small = small.replace(sign, other)
    return small


def _capitals(name: str) -> bool:
    """Whether a name is written in capitals, such as an abbreviation."""
    return name.isupper() and len(name) > 1 and name[0].lower() != name[0]


class _Places(NamedTuple):
    """The beginnings of segments in a lemmatised text and in the original; both end with the texts' lengths."""

    there: np.ndarray
    here: np.ndarray


def _lemmatised(text: str) -> tuple[str, _Places]:
    """The text with each Russian word replaced by its lemma."""
    parts: list[str] = []
    there, here, end, at = [0], [0], 0, 0
    for word in _LETTERS.finditer(text):
        made = lemma(word[0]) if _RUSSIAN.fullmatch(word[0]) else word[0]
        between = text[end : word.start()]
        parts += (between, made)
        there += (at + len(between), at := at + len(between) + len(made))
        here += (word.start(), end := word.end())
    parts.append(text[end:])
    return "".join(parts), _Places(np.array(there), np.array(here))


def _back(places: _Places, start: int, end: int) -> Span:
    """The place in the original of a span of the lemmatised text that begins and ends at no place inside a word."""
    first, last = (int(np.searchsorted(places.there, place, "right")) - 1 for place in (start, end))
    return tuple(int(places.here[i] + place - places.there[i]) for i, place in ((first, start), (last, end)))  # type: ignore[return-value]


@cache
def lemma(word: str) -> str:
    """The dictionary form of a Russian word in small letters; the likeliest of several."""
    return str(_morphology().parse(word)[0].normal_form).replace("ё", "е")


@cache
def _morphology() -> pymorphy3.MorphAnalyzer:
    """The analyser of Russian words, loaded once."""
    return pymorphy3.MorphAnalyzer()


def _inside(text: str) -> bytes:
    """For each place whether it is inside a word, with letters or digits on both sides, (T + 1,); only in scripts that
    put blanks between words."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)  # (T,)
    wordy = _wordy()[codes]
    within: bytes = (wordy[:-1] & wordy[1:]).tobytes()
    return b"\0" + within + b"\0"


@cache
def _wordy() -> np.ndarray:
    """For each code point, whether it is a letter or digit of a script that puts blanks between words."""
    table = np.array([chr(code).isalnum() for code in range(0x110000)])
    for first, last in _UNSPACED:
        table[first : last + 1] = False
    return table
