"""Unicode clean-up: characters that look right and are not, mended and counted, mentions moved with the text.

Letters of another alphabet are brought home by :mod:`chemxl.collect.homoglyphs`. :func:`clean` is for a text that is to
be kept clean; :func:`mended` for one that is only read so, and is kept as it came.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from unicodedata import combining, is_normalized, normalize

from chemxl.collect import homoglyphs, line_ends
from chemxl.collect.homoglyphs import Edit
from chemxl.documents import Document, Span

LOST_MENTION = "mention of removed characters only, left out"
LOST_RELATION = "relation of a mention that was left out"


def clean(document: Document) -> tuple[Document, Counter[str]]:
    """A document without traps, its mentions over the same characters, and how many edits of each kind it took.

    Kinds: "control", "soft hyphen", "zero width", "no-break space", "ligature", "composition" (NFC), "homoglyph" (one a
    letter), and, for what was not mended or was lost, ``homoglyphs.MIXED``, ``LOST_MENTION`` and ``LOST_RELATION``. A
    mention that begins or ends inside characters that become one (a letter and its accent) covers the one.

    Cleaning twice changes nothing more.
    """
    counts: Counter[str] = Counter()
    text, fragments = document.text, [mention.fragments for mention in document.mentions]
    for step in _STEPS:
        edits = list(step(text))
        if edits:
            counts.update(edit.kind for edit in edits)
            moved = _Moved(edits)
            fragments = [moved(pieces) for pieces in fragments]
            text = _edited(text, edits)
    if not counts:
        return document, counts
    mentions = tuple(
        replace(mention, fragments=pieces)
        for mention, pieces in zip(document.mentions, fragments, strict=True)
        if pieces
    )
    kept = {mention.id for mention in mentions}
    relations = tuple(relation for relation in document.relations if {relation.head, relation.tail} <= kept)
    counts[LOST_MENTION] += len(document.mentions) - len(mentions)
    counts[LOST_RELATION] += len(document.relations) - len(relations)
    return replace(document, text=text, mentions=mentions, relations=relations), +counts


def _edited(text: str, edits: list[Edit]) -> str:
    pieces, done = [], 0
    for edit in edits:
        pieces += [text[done : edit.start], edit.new]
        done = edit.end
    return "".join([*pieces, text[done:]])


class Mended:
    """A text that is read in another's place.

    Args:
        came: the text as it came.
    """

    def __init__(self, came: str) -> None:
        self.text = came
        self._moves: list[_Moved] = []
        for step in (line_ends.joins, *_STEPS):
            edits = [edit for edit in step(self.text) if edit.kind != homoglyphs.MIXED]
            if edits:
                self._moves.append(_Moved(edits))
                self.text = _edited(self.text, edits)

    def back(self, span: Span) -> Span:
        """Where characters of this text are in the one that came: what became them, and nothing that went beside them.

        A span that begins or ends inside of characters that one was mended into covers the one.
        """
        for moved in reversed(self._moves):
            span = moved.back(span)
        return span


class _Moved:
    """Fragments of a text, after edits that ascend and do not overlap."""

    def __init__(self, edits: list[Edit]) -> None:
        self.edits = edits
        self.starts = [edit.start for edit in edits]
        self.spans: list[Span] = []  # of each edit's new characters, in the new text
        shift = 0
        for edit in edits:
            start = edit.start + shift
            self.spans.append((start, start + len(edit.new)))
            shift += len(edit.new) - (edit.end - edit.start)

    def __call__(self, fragments: tuple[Span, ...]) -> tuple[Span, ...]:
        """The fragments over the same characters; one that has none left is left out."""
        moved: list[Span] = []
        for start, end in fragments:
            # Two fragments that meet inside one new character: the first has it.
            begin = max(self._at(start, last=False), moved[-1][1] if moved else 0)
            finish = self._at(end, last=True)
            if begin < finish:
                moved.append((begin, finish))
        return tuple(moved)

    def _at(self, offset: int, *, last: bool) -> int:
        i = bisect_right(self.starts, offset) - 1
        if i < 0:
            return offset
        edit, (start, end) = self.edits[i], self.spans[i]
        if offset >= edit.end:
            return end + offset - edit.end
        return end if last and offset > edit.start else start

    def back(self, span: Span) -> Span:
        """Offsets in the old text, of at least one character in the new."""
        first, last = span[0], span[1] - 1
        return self._was(first)[0], self._was(last)[1]

    def _was(self, offset: int) -> Span:
        """What a character of the new text was in the old."""
        i = bisect_right(self.spans, offset, key=lambda new: new[0]) - 1
        if i < 0:
            return offset, offset + 1
        edit, (_, end) = self.edits[i], self.spans[i]
        behind = edit.end + offset - end
        return (edit.start, edit.end) if offset < end else (behind, behind + 1)


_SPACING_CONTROLS = "\x0b\x0c\x1c\x1d\x1e\x1f"
# What pages take the controls U+0080 to U+009F for; the five that it has nothing for go.
_WINDOWS = {chr(code): bytes([code]).decode("cp1252", errors="ignore") for code in range(0x80, 0xA0)}
_CONTROLS = {chr(code): "" for code in (*range(9), *range(0x0E, 0x1C), 0x7F)} | _WINDOWS
_CONTROLS |= dict.fromkeys(_SPACING_CONTROLS, " ") | dict.fromkeys("\u2028\u2029", "\n")
# Zero-width space, word joiner, byte order mark, and marks of writing direction.
_ZERO_WIDTH = "\u200b\u2060\ufeff\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_CHARACTERS = {
    **{old: (new, "control") for old, new in _CONTROLS.items()},
    **dict.fromkeys(_ZERO_WIDTH, ("", "zero width")),
    "\u00ad": ("", "soft hyphen"),
    **dict.fromkeys("\u00a0\u2007\u202f", (" ", "no-break space")),
    **{ligature: (normalize("NFKC", ligature), "ligature") for ligature in "ﬀﬁﬂﬃﬄﬅﬆ"},
}
_CHARACTER = re.compile(f"[{re.escape(''.join(_CHARACTERS))}]")

# A joiner holds an emoji together, and means something in some scripts of Asia; between other characters it is noise.
_JOINED = "\u0590-\u1dff\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff"
_JOINER = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]+(?![{_JOINED}\u200c\u200d])")


def _characters(text: str) -> Iterator[Edit]:
    for match in _CHARACTER.finditer(text):
        yield Edit(*match.span(), *_CHARACTERS[match[0]])


def _joiners(text: str) -> Iterator[Edit]:
    for match in _JOINER.finditer(text):
        yield Edit(*match.span(), "", "zero width")


def _composition(text: str) -> Iterator[Edit]:
    """The stretches that NFC changes, each as short as can be composed on its own."""
    if is_normalized("NFC", text):
        return
    start = 0
    for end in range(1, len(text) + 1):
        if end < len(text) and _joins(text[start:end], text[end]):
            continue
        composed = normalize("NFC", text[start:end])
        if composed != text[start:end]:
            yield Edit(start, end, composed, "composition")
        start = end


def _joins(stretch: str, character: str) -> bool:
    if combining(character):
        return True
    if character.isascii():
        return False
    return normalize("NFC", stretch + character) != normalize("NFC", stretch) + normalize("NFC", character)


def _told(text: str) -> Iterator[Edit]:
    """Words whose alphabet can be told at once; what they then tell of their neighbours a second reading finds."""
    return (edit for edit in homoglyphs.words(text) if edit.kind != homoglyphs.MIXED)


# Removed first, so that words are whole; composed before neighbours are looked at, and where a letter was changed.
_STEPS: tuple[Callable[[str], Iterator[Edit]], ...] = (
    *(_characters, _composition, _joiners, _composition),
    *(homoglyphs.signs, _told, _composition, homoglyphs.words, homoglyphs.prepositions, _composition),
)
