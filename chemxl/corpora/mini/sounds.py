"""How a name begins, as far as the word before it cares."""

from __future__ import annotations

import re

_BEFORE = re.compile(r"(?<![^\W_])(\w{1,2})[ \u00a0]$")
# An initialism is read by its letters; of F, H, L, M, N, R, S, X and U some are read as a word ("an RNA", "a RAS").
_INITIALISM = re.compile(r"[A-Z][A-Z0-9-]")
_CONSONANTS = {
    "со": re.compile(r"[сзшж][бвгджзклмнпрстфхцчшщ]|щ|рт|мн|вс"),
    "во": re.compile(r"[вф][бвгджзклмнпрстфхцчшщ]"),
    "об": re.compile(r"[аэиоу]"),
}
_SHORT = {"с": "со", "в": "во", "о": "об"}


def agrees(before: str, name: str) -> bool:
    """Whether a name can follow this text: a or an, «с» or «со», «в» or «во», «о» or «об».

    A name of which that cannot be told by rule agrees with none of them.
    """
    found = _BEFORE.search(before)
    word = found[1].lower() if found else ""
    if word in {"a", "an"}:
        return _article(name) == word
    if word in _CONSONANTS:
        return _CONSONANTS[word].match(name.lower()) is not None
    return word not in _SHORT or _CONSONANTS[_SHORT[word]].match(name.lower()) is None


def _article(name: str) -> str:
    if _INITIALISM.match(name):
        return "an" if name[0] in "AEIO" else "a" if name[0] in "BCDGJKPQTUVWYZ" else ""
    first = name[:2].lower()
    if first in {"eu", "on", "ou"} or first[:1] == "u" or not first[:1].isascii() or not first[:1].isalpha():
        return ""
    return "an" if first[0] in "aeio" else "a"
