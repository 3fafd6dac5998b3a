"""Singular case forms of Russian names of substances, diseases and organisms.

The rules are those of A. A. Zaliznyak's grammatical dictionary (1977), cut down to what inanimate names need. A name
that they would get wrong (a fleeting vowel, an animate accusative) is given by its six forms, joined by ``/``.
"""

from __future__ import annotations

import re
from functools import cache

from chemxl.errors import CorpusError

CASES = ("nom", "gen", "dat", "acc", "ins", "prep")

# Gender, ending of the nominative, number of letters that go, endings in the order of CASES; the first row that fits.
_ROW = tuple[str, re.Pattern[str], int, tuple[str, ...]]


def _row(gender: str, ending: str, cut: int, endings: str) -> _ROW:
    return gender, re.compile(f"(?:{ending})$"), cut, tuple(e.strip("-") for e in endings.split())


_NOUNS = [
    _row("m", "ий", 1, "й я ю й ем и"),
    _row("m", "й", 1, "й я ю й ем е"),
    _row("m", "ь", 1, "ь я ю ь ем е"),
    _row("m", "[цжшчщ]", 0, "- а у - ем е"),
    _row("m", "[бвгдзклмнпрстфх]", 0, "- а у - ом е"),
    _row("f", "ия", 1, "я и и ю ей и"),
    _row("f", "я", 1, "я и е ю ей е"),
    _row("f", "ца", 1, "а ы е у ей е"),
    _row("f", "[жшчщ]а", 1, "а и е у ей е"),
    _row("f", "[гкх]а", 1, "а и е у ой е"),
    _row("f", "а", 1, "а ы е у ой е"),
    _row("f", "ь", 1, "ь и и ь ью и"),
    _row("n", "ие", 1, "е я ю е ем и"),
    _row("n", "о", 1, "о а у о ом е"),
]
_ADJECTIVES = [
    _row("m", "[гкх]ий", 2, "ий ого ому ий им ом"),
    _row("m", "ий", 2, "ий его ему ий им ем"),
    _row("m", "ый", 2, "ый ого ому ый ым ом"),
    _row("m", "ой", 2, "ой ого ому ой ым ом"),
    _row("f", "[жшчщ]ая", 2, "ая ей ей ую ей ей"),
    _row("f", "ая", 2, "ая ой ой ую ой ой"),
    _row("f", "яя", 2, "яя ей ей юю ей ей"),
    _row("n", "[гкх]ое", 2, "ое ого ому ое им ом"),
    _row("n", "ое", 2, "ое ого ому ое ым ом"),
    _row("n", "ее", 2, "ее его ему ее им ем"),
]


@cache
def forms(name: str, gender: str) -> tuple[str, ...]:
    """The six singular forms of a name, in the order of :data:`CASES`.

    Adjectives at the beginning are inflected, then one noun; what stands after it ("хлорид натрия", "диабет 2 типа")
    stays. A word with no row in the table (Latin names, abbreviations, "акне") does not change.

    Args:
        name: the nominative, or six forms joined by ``/``.
        gender: ``m``, ``f``, ``n``, or ``-`` for a name that is never inflected.

    Raises:
        CorpusError: there are slashes in the name, but not six forms.
    """
    if "/" in name:
        given = tuple(name.split("/"))
        if len(given) != len(CASES):
            raise CorpusError(f"{name!r}: six forms were due, as {'/'.join(CASES)}")
        return given
    words = name.split(" ")
    noun = next((i for i, word in enumerate(words[:-1]) if _found(_ADJECTIVES, word, gender) is None), len(words) - 1)
    columns = [_inflected(_ADJECTIVES, word, gender) for word in words[:noun]]
    columns += [_inflected(_NOUNS, words[noun], gender)]
    columns += [(word,) * len(CASES) for word in words[noun + 1 :]]
    return tuple(" ".join(row) for row in zip(*columns, strict=True))


def _found(table: list[_ROW], word: str, gender: str) -> _ROW | None:
    return next((row for row in table if row[0] == gender and row[1].search(word)), None)


def _inflected(table: list[_ROW], word: str, gender: str) -> tuple[str, ...]:
    row = _found(table, word, gender)
    if row is None:
        return (word,) * len(CASES)
    _, _, cut, endings = row
    stem = word[: len(word) - cut]
    return tuple(stem + ending for ending in endings)
