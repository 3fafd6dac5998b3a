"""LivingNER as the task gives it out: one text a clinical case, and one tab-separated table of mentions.

https://temu.bsc.es/livingner/2022/01/28/corpus-description/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from chemxl.corpora.draft import Draft, begun
from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document, Mention, Span
from chemxl.errors import CorpusError
from chemxl.files import replaced

# The official scorer takes no notice of a row with another label.
LABELS = ("SPECIES", "HUMAN")
COLUMNS = ("filename", "mark", "label", "off0", "off1", "span")

# As the scorer compares them, by their characters: no sign, no leading zero.
_OFFSET = re.compile(r"0|[1-9][0-9]{0,8}")
_MARK = re.compile(r"[A-Za-z]+[0-9]+")
_SPACES = str.maketrans("\t\n\r", "   ")  # what would end a field or a line


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of texts and the tables of their mentions.

    The columns behind the sixth (subtask 2 has codes there) are not read, nor are rows with a label that the task does
    not score. A text that no row names is a document without mentions.

    Args:
        paths: ``<filename>.txt`` texts and ``*.tsv`` tables.
    """
    drafts = begun(paths, log)
    texts = sorted(path for path in paths if path.suffix == ".txt")
    tables = [path for path in paths if path.suffix == ".tsv"]
    if texts and not tables:
        log.add(texts[0], 1, "there is no table of mentions (.tsv) for the texts; they are read without any")
    seen: set[tuple[str, str, Span]] = set()
    for path in tables:
        for number, filename, mention, span in _rows(path, log, seen):
            if filename not in drafts:
                log.add(path, number, f"there is no text {filename[:40]!r}; row left out")
            elif not _MARK.fullmatch(mention.id):
                log.add(path, number, "the row has no mark (T1, T2, ...); row left out")
            else:
                _take(drafts[filename], path, number, mention, span)
    return [draft.document() for draft in drafts.values()]


def _take(draft: Draft, path: Path, number: int, mention: Mention, span: str) -> None:
    found = draft.text[mention.start : mention.end]
    draft.mention(
        path,
        number,
        mention.type,
        mention.fragments,
        found if found.translate(_SPACES) == span else span,  # a table shows tabs and line breaks as spaces
        mention.id,
    )


def mentions(path: Path, log: Log) -> dict[str, list[Mention]]:
    """Mentions by document of a table without its texts: a gold standard or a system's predictions.

    A document without mentions is not in a table, and so not in what is returned; the recorded spans are not read.
    Labels that the task does not score are left out, as by the official scorer.

    Args:
        path: the table.
        log: takes the faults; wrong rows are left out.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    found: dict[str, list[Mention]] = {}
    for _, filename, mention, _ in _rows(path, log, set()):
        found.setdefault(filename, []).append(mention)
    return found


def _rows(path: Path, log: Log, seen: set[tuple[str, str, Span]]) -> Iterator[tuple[int, str, Mention, str]]:
    """Line, document, mention and recorded span of each row that holds together and that was not seen."""
    width = 0
    for number, line in read_lines(path, log):
        fields = line.split("\t")
        if not width:
            if tuple(fields[: len(COLUMNS)]) != COLUMNS:
                log.add(path, number, f"the columns {' '.join(COLUMNS)} were due; file left out")
                return
            width = len(fields)
            continue
        if not line:
            continue
        if len(fields) != width:
            log.add(path, number, f"{len(fields)} columns where {width} were due; row left out")
            continue
        filename, mark, label, off0, off1, span = fields[: len(COLUMNS)]
        if not filename or not label:
            log.add(path, number, "the row has no filename or no label; row left out")
        elif label not in LABELS:
            log.add(path, number, f"the task does not score the label {label[:40]!r}; row left out")
        elif not (_OFFSET.fullmatch(off0) and _OFFSET.fullmatch(off1) and int(off0) < int(off1)):
            log.add(path, number, f"{off0[:40]!r} to {off1[:40]!r} is not a span; row left out")
        elif (key := (filename, label, (int(off0), int(off1)))) in seen:
            log.add(path, number, f"{label[:40]} at {off0}-{off1} of {filename[:40]} stands twice; row left out")
        else:
            seen.add(key)
            yield number, filename, Mention(label, (key[2],), id=mark), span


def write(documents: Iterable[Document], path: Path) -> None:
    """Write the table that the task's scorer reads; marks are T1, T2, ... in each document.

    Tabs and line breaks in a mention are written as spaces. The file appears whole or not at all. A document without
    mentions leaves no trace in it.

    Raises:
        CorpusError: an id or a type is empty or has a tab or a line break in it, an id stands twice, a mention is
            discontinuous, or a text is not Unicode.
    """
    rows: list[tuple[str, ...]] = [COLUMNS]
    ids: set[str] = set()
    for document in documents:
        if document.id in ids:
            raise CorpusError(f"the document id {document.id} stands twice: the table knows documents by their ids")
        ids.add(document.id)
        rows += [_row(document, number, mention) for number, mention in enumerate(document.mentions, 1)]
    try:
        content = "".join("\t".join(row) + "\n" for row in rows).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CorpusError(f"{path.name}: a mention holds the lone surrogate {error.object[error.start]!a}") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as beside:
        beside.write_bytes(content)


def _row(document: Document, number: int, mention: Mention) -> tuple[str, ...]:
    surface = document.surface(mention).translate(_SPACES)
    if len(mention.fragments) > 1:
        raise CorpusError(f"{document.id}: {surface[:40]!r} is discontinuous, a row has one span: flatten the mentions")
    for name in (document.id, mention.type):
        if not name or name != name.translate(_SPACES):
            raise CorpusError(f"{document.id!r}: {name!r} cannot stand in a table: ids and types are one visible line")
    return document.id, f"T{number}", mention.type, str(mention.start), str(mention.end), surface
