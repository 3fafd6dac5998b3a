"""CoNLL columns: a word and its IOB2 label a line, sentences apart by an empty line.

https://www.clips.uantwerpen.be/conll2003/ner/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document, Mention, Span, from_bio

_LABEL = re.compile(r"O|[BI]-\S+")
_START = "-DOCSTART-"


@dataclass(slots=True)
class _Sentence:
    line: int
    start: int  # how many -DOCSTART- lines stand before it
    id: str  # its document's
    words: list[str]
    labels: list[str]


def read(
    paths: Sequence[Path], log: Log, *, root: Path | None = None, word: int = 0, label: int = -1
) -> list[Document]:
    """Documents of CoNLL files.

    The text is the words joined by single spaces (Chinese characters too: each is a word in these files). A file with
    ``-DOCSTART-`` lines gives one document for each, its sentences a line each, named by what follows on that line;
    a file without gives one document a sentence, named ``<file>-<number>``. An ``I-`` that continues nothing
    begins a mention. Mentions are numbered T1, T2, ….

    Args:
        paths: the files.
        log: takes the faults: a line without a word and a label is left out, a word with a wrong label is read as O.
        root: not used; names come from the file.
        word, label: the columns, counted from 0, or from the end where negative; apart by a tab, or else by spaces.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    documents: dict[str, Document] = {}
    for path in paths:
        for (_, id), group in groupby(_sentences(path, log, word, label), key=lambda s: (s.start, s.id)):
            sentences = list(group)
            if id in documents:
                log.add(path, sentences[0].line, f"the document id {id} stands twice; document left out")
            else:
                documents[id] = _document(id, sentences)
    return list(documents.values())


def _sentences(path: Path, log: Log, word: int, label: int) -> list[_Sentence]:
    found: list[_Sentence] = []
    id, start, opened = "", 0, False
    for number, line in read_lines(path, log):
        if not line.strip():
            opened = False
            continue
        # Not split(): a no-break space may stand inside a word.
        fields = line.split("\t") if "\t" in line else [field for field in line.split(" ") if field]
        if fields[0] == _START:
            start, opened = start + 1, False
            named = len(fields) == 2 and fields[1] and not _LABEL.fullmatch(fields[1])
            id = fields[1] if named else f"{path.stem}-{start}"
            continue
        if not (-len(fields) <= word < len(fields) and -len(fields) <= label < len(fields) and len(fields) > 1):
            log.add(path, number, f"{len(fields)} columns, none of them the word's or the label's; line left out")
            continue
        if not fields[word].strip():
            log.add(path, number, "an empty word; line left out")
            continue
        if not opened:
            found.append(_Sentence(number, start, id or f"{path.stem}-{len(found) + 1}", [], []))
            opened = True
        if not _LABEL.fullmatch(fields[label]):
            log.add(path, number, f"{fields[label][:40]!r} is not a label (O, B-type, I-type); the word is read as O")
        found[-1].words.append(fields[word])
        found[-1].labels.append(fields[label] if _LABEL.fullmatch(fields[label]) else "O")
    return found


def _document(id: str, sentences: Sequence[_Sentence]) -> Document:
    mentions: list[Mention] = []
    offset = 0
    for sentence in sentences:
        units: list[Span] = []
        for word in sentence.words:
            units.append((offset, offset + len(word)))
            offset += len(word) + 1
        mentions += from_bio(sentence.labels, units)
    text = "\n".join([" ".join(sentence.words) for sentence in sentences])
    return Document(id, text, tuple(replace(m, id=f"T{i}") for i, m in enumerate(mentions, 1)))
