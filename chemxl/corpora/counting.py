"""Offsets that do not count characters, but bytes, units of UTF-16, line ends as one or two, or escaped text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, combinations

_ESCAPED = {"'": 6, '"': 6, "&": 5, "<": 4, ">": 4}  # &apos; &quot; &amp; &lt; &gt;

# A pattern of the characters that do not count for one, and for how many they count.
Widths = tuple[re.Pattern[str], Callable[[str], int]]


def ways(text: str) -> Iterator[Widths | None]:
    """Ways to count that differ in this text, the likeliest first.

    Characters (None), the text as XML has it with some of the five signs escaped, units of UTF-16, bytes of UTF-8, and
    with line ends of one character where it has two, or of two where it has one.
    """
    yield None
    signs = [sign for sign in _ESCAPED if sign in text]
    for size in range(len(signs), 0, -1):
        for chosen in combinations(signs, size):
            yield re.compile(f"[{''.join(chosen)}]"), _ESCAPED.__getitem__
    if not text.isascii():
        yield re.compile("[\U00010000-\U0010ffff]"), lambda character: 2
        yield re.compile("[^\0-\x7f]"), lambda character: len(character.encode("utf-8", "surrogatepass"))
    if "\n" in text:
        crlf = "\r\n" in text
        yield re.compile(r"(?<=\r)\n" if crlf else r"\n"), lambda character: 0 if crlf else 2


class Counted:
    """A text whose characters count as one of :func:`ways` has it."""

    def __init__(self, text: str, widths: Widths | None) -> None:
        wide = [] if widths is None else list(widths[0].finditer(text))
        extra = [] if widths is None else [widths[1](match[0]) - 1 for match in wide]
        self._more = [0, *accumulate(extra)]
        self._ends = [match.end() + more for match, more in zip(wide, self._more[1:], strict=True)]
        self._extra = extra
        self.length = len(text) + self._more[-1]

    def place(self, offset: int) -> int:
        """The character at an offset, or the one that the offset is within; beyond the end they count one each."""
        passed = bisect_right(self._ends, offset)
        place = offset - self._more[passed]
        if passed < len(self._ends):
            start = self._ends[passed] - 1 - self._extra[passed]
            place -= max(offset - start, 0)
        return place
