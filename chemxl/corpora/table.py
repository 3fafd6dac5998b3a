"""Tables with a head, columns apart by tabs and nothing quoted: a document a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, text: str = "text") -> list[Document]:
    """Documents without annotation, named ``<file>-<line>``.

    Args:
        text: the columns of a document's text in their order, apart by spaces; each is a line of it.
    """
    documents = []
    for path in paths:
        for number, row in rows(path, log, text.split()):
            cells = [row[column] for column in text.split()]
            if all(cell.strip() for cell in cells):
                documents.append(Document(f"{stem(path)}-{number}", "\n".join(cells)))
            else:
                log.add(path, number, f"no text under {' or '.join(text.split())}; row left out")
    return documents


def rows(path: Path, log: Log, columns: Sequence[str], *, bare: bool = False) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered rows by the names of their columns, which have to hold ``columns``; any other is a fault.

    Args:
        bare: a table without a head is read, too: it has just these columns, in their order.
    """
    lines = read_lines(path, log)
    first = next(lines, None)
    if first is None:
        return  # the file could not be read, which is a fault already
    head = first[1].split("\t")
    if bare and not set(head) & set(columns):
        head, lines = list(columns), chain([first], lines)
    elif first[0] != 1 or len(head) != len(set(head)) or not set(columns) <= set(head):
        log.add(path, 1, f"the columns {', '.join(columns)} were due, each once; file left out")
        return
    for number, line in lines:
        cells = line.split("\t")
        if not line:
            continue
        if cells == head:
            log.add(path, number, "the head stands again, as in a table that was put together; row left out")
        elif len(cells) == len(head):
            yield number, dict(zip(head, cells, strict=True))
        else:
            log.add(path, number, f"{len(cells)} columns where {len(head)} were due; row left out")


def stem(path: Path) -> str:
    """A file's name without its endings: ``icd10`` of ``icd10.tsv.gz``."""
    return path.name.partition(".")[0]
