"""CoNLL columns: a word and its label a line, sentences apart by an empty line.

https://www.clips.uantwerpen.be/conll2003/ner/
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document, Mention, Span, from_bio

# Of IOB1 and IOB2, IOBES, BILOU and BMEWO: these begin a mention, these go on with one, these end one.
_BEGIN, _GO_ON, _END = "BSUW", "IMEL", "SUWEL"
_LABEL = re.compile(rf"O|[{_BEGIN}{_GO_ON}][-_](\S+)")
_BARE = re.compile(rf"[O{_BEGIN}{_GO_ON}]")
_START, _NEWDOC = "-DOCSTART-", re.compile(r"#\s*newdoc(?:\s+id\s*=\s*(.*))?")
_ID = re.compile(r"([0-9]+)(?:[-.][0-9]+)?")

_SAMPLE = 20_000  # lines that say what the columns are

Row = tuple[int, str]  # a line and its number


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns there are.

    Args:
        word, label: their places.
        width: how many columns a word's line has.
        numbered: whether the first column counts the words of a sentence, as in CoNLL-U.
        bare: whether labels have no type.
    """

    word: int
    label: int
    width: int
    numbered: bool
    bare: bool

    def fits(self, fields: Sequence[str]) -> bool:
        """Whether these are a word and its label."""
        label = _BARE if self.bare else _LABEL
        return len(fields) == self.width and bool(fields[self.word].strip() and label.fullmatch(fields[self.label]))


@dataclass(slots=True)
class _Sentence:
    line: int
    start: int  # how many documents begin before it
    id: str  # its document's
    words: list[str]
    labels: list[str]


def read(
    paths: Sequence[Path],
    log: Log,
    *,
    root: Path | None = None,
    word: int | None = None,
    label: int | None = None,
    type: str = "",
) -> list[Document]:
    """Documents of CoNLL files.

    The text is the words joined by single spaces (Chinese characters too: each is a word in these files). A file with
    ``-DOCSTART-`` lines, or ``# newdoc`` ones, gives one document for each, and for what stands before the first, its
    sentences a line each; a file without gives one document a sentence. Documents are named by what follows on the
    line, or else ``<file>-<number>``. Mentions are numbered T1, T2, ….

    Labels may be of IOB1, IOB2, IOBES, BILOU or BMEWO; what goes on with nothing begins a mention. Lines that begin
    with ``#`` are comments, unless they are a word ``#`` with its label. Of CoNLL-U, where the first column counts the
    words, the ranges (``3-4``) and the empty nodes (``5.1``) are no words.

    Args:
        log: takes the faults: a line that has not as many columns as the others is left out, a word with a wrong label
            is read as O, and a file is left out in which no column, or more than one, could be the labels, or in which
            a further one has labels of the same types.
        word, label: the columns, counted from 0, or from the end where negative; apart by a tab, or else by spaces. By
            default the first that is no number, and the last, or else the only one, of labels.
        type: of the mentions, for a file whose labels have none (B, I and O alone).
    """
    documents: dict[str, Document] = {}
    for path in paths:
        rows = list(read_lines(path, log))
        layout = _layout(path, rows, log, word, label, type)
        sentences = _sentences(path, rows, log, layout, type) if layout else []
        for (_, id), group in groupby(sentences, key=lambda s: (s.start, s.id)):
            found = list(group)
            if id in documents:
                log.add(path, found[0].line, f"the document id {id} stands twice; document left out")
            else:
                documents[id] = _document(id, found)
    return list(documents.values())


def _fields(line: str) -> list[str]:
    """Not split(): a no-break space may stand inside a word."""
    line = line.rstrip(" \t")
    return line.split("\t") if "\t" in line else [field for field in line.split(" ") if field]


def _layout(
    path: Path, rows: Sequence[Row], log: Log, word: int | None, label: int | None, type: str
) -> _Layout | None:
    """What the columns are; None where there are none, and a fault where they cannot be told."""
    sample = [(number, _fields(line)) for number, line in rows[:_SAMPLE] if not line.startswith("#")]
    held = [fields for _, fields in sample if fields and _START not in fields]
    if not held:
        return None
    width = Counter(map(len, held)).most_common(1)[0][0]
    columns = list(zip(*(fields for fields in held if len(fields) == width), strict=True))
    first = next(number for number, fields in sample if fields is held[0])
    place = _place(label, width)
    may = [i for i, column in enumerate(columns) if _labels(column)]
    if place is None:
        place = width - 1 if width - 1 in may else may[0] if len(may) == 1 else None
    if width < 2 or place is None or not _labels(columns[place]):
        log.add(path, first, "which column the labels (O, B-type, I-type) are cannot be told; file left out")
        return None
    twins = [i for i in may if i != place and _types(columns[i]) & _types(columns[place])]
    if label is None and twins:
        said = f"columns {twins[0] + 1} and {place + 1} both hold labels, as of layers, or gold and predicted ones"
        log.add(path, first, f"{said}: say which with the option label, or leave one out; file left out")
        return None
    bare = all(map(_BARE.fullmatch, columns[place])) and set(columns[place]) > {"O"}
    if bare and not type:
        log.add(path, first, "the labels have no type (B, I, O): say which with the option type; file left out")
        return None
    numbered = width > 2 and place != 0 and word is None and all(map(_ID.fullmatch, columns[0]))
    chosen = _place(word, width)
    if chosen is None:
        chosen = next(i for i in range(numbered, width) if i != place)
    return _Layout(chosen, place, width, numbered, bare)


def _place(column: int | None, width: int) -> int | None:
    return None if column is None or not -width <= column < width else column % width


def _labels(column: Sequence[str]) -> bool:
    """Whether a column holds labels: of what is not O, at most half is something else."""
    named = [value for value in column if value != "O"]
    right = sum(1 for value in named if _LABEL.fullmatch(value))
    return 2 * right >= len(named) or all(map(_BARE.fullmatch, named))


def _types(column: Sequence[str]) -> set[str]:
    """Types of a column's labels; an empty one of labels without a type."""
    named = {match[1] for value in column if (match := _LABEL.fullmatch(value)) and match[1]}
    return named | {"" for value in column if value != "O" and _BARE.fullmatch(value)}


def _sentences(path: Path, rows: Sequence[Row], log: Log, layout: _Layout, type: str) -> list[_Sentence]:
    found: list[_Sentence] = []
    id, start, opened = "", 0, False
    for number, line in rows:
        fields = _fields(line)
        if not fields:
            opened = False
        elif _START in fields or (line.startswith("#") and not layout.fits(fields)):
            newdoc = _NEWDOC.fullmatch(line.strip())
            if newdoc or _START in fields:
                start, opened = start + 1, False
                others = [field for field in fields if field not in ("", _START)]
                named = newdoc[1] if newdoc else others[0] if len(others) == 1 else ""
                id = named if named and not _LABEL.fullmatch(named) else f"{path.stem}-{start}"
        elif len(fields) != layout.width:
            log.add(path, number, f"{len(fields)} columns where {layout.width} were due; line left out")
        elif not fields[layout.word].strip():
            log.add(path, number, "an empty word; line left out")
        elif not layout.numbered or fields[0].isdecimal():
            if not opened:
                found.append(_Sentence(number, start, id, [], []))
                opened = True
            label = fields[layout.label]
            if not layout.fits(fields):
                log.add(path, number, f"{label[:40]!r} is not a label (O, B-type, I-type); the word is read as O")
                label = "O"
            found[-1].words.append(fields[layout.word])
            found[-1].labels.append(f"{label}-{type}" if layout.bare and label != "O" else label)
    for count, sentence in enumerate(found, 1):  # words before the first document that is marked are one, too
        sentence.id = sentence.id or f"{path.stem}-{0 if start else count}"
    return found


def _bio(labels: Sequence[str]) -> list[str]:
    """The same mentions in IOB2, but for an ``I-`` that goes on with nothing."""
    made, ended = [], False
    for label in labels:
        begins = label[0] in _BEGIN or ended
        made.append(label if label == "O" else f"{'B' if begins else 'I'}-{label[2:]}")
        ended = label[0] in _END
    return made


def _document(id: str, sentences: Sequence[_Sentence]) -> Document:
    mentions: list[Mention] = []
    offset = 0
    for sentence in sentences:
        units: list[Span] = []
        for word in sentence.words:
            units.append((offset, offset + len(word)))
            offset += len(word) + 1
        mentions += from_bio(_bio(sentence.labels), units)
    text = "\n".join([" ".join(sentence.words) for sentence in sentences])
    return Document(id, text, tuple(replace(m, id=f"T{i}") for i, m in enumerate(mentions, 1)))
