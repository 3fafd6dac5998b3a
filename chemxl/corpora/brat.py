"""brat: ``<id>.txt`` beside ``<id>.ann``. What a document does not hold, :func:`parse` gives and keeps byte for byte.

https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.draft import Draft, visible
from chemxl.corpora.faults import Log, read_bytes, read_text
from chemxl.corpora.standoff import Line, Raw, Record, Related, TextBound, is_utf8, parse, parse_line, serialise
from chemxl.documents import Document
from chemxl.errors import CorpusError

__all__ = ["Line", "Record", "parse", "read", "serialise", "write"]


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, apart: str = "") -> list[Document]:
    """Documents of pairs of ``.txt`` and ``.ann`` files.

    A document holds the mentions and the binary relations; :func:`parse` gives all else that is in the file. Fragments
    are joined by a space, and line breaks inside a mention are shown as spaces, as brat does.

    Args:
        paths: both files of each pair.
        log: takes the faults; wrong records are left out.
        root: document ids are paths relative to it; names alone without it.
        apart: names of two sister folders, apart by a space, in which the texts and the annotations stand where they
            do not stand side by side (CADEC's ``text original``). They are no part of an id.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    documents: dict[str, Document] = {}
    given: dict[Path, dict[str, Path]] = {}
    for path in paths:
        if path.suffix in {".txt", ".ann"}:
            place = path.parent.parent if path.parent.name in apart.split() else path.parent
            given.setdefault(place / path.stem, {})[path.suffix] = path
    for base, pair in sorted(given.items()):
        if len(pair) < 2:
            missing = "txt" if ".ann" in pair else "ann"
            log.add(next(iter(pair.values())), 1, f"there is no {base.name}.{missing} beside it; document left out")
            continue
        text_path, ann_path = pair[".txt"], pair[".ann"]
        id = base.relative_to(root).as_posix() if root else base.name
        text, data = read_text(text_path, log), read_bytes(ann_path, log)
        if text is None or data is None:
            continue
        if id in documents:
            log.add(ann_path, 1, f"the document id {id} stands twice; document left out")
        else:
            documents[id] = _document(Draft(id, text, log), ann_path, parse(data))
    return list(documents.values())


def _document(draft: Draft, path: Path, lines: Sequence[Line]) -> Document:
    related = []
    for number, line in enumerate(lines, 1):
        match line.record:
            case TextBound(id, type, fragments, text):
                draft.mention(path, number, type, fragments, text, id)
            case Related() as record:
                related.append((number, record))
            case Raw(text) if text.strip():
                what = f"{text[:40]!r} is not a line of brat's format" if is_utf8(text) else "bytes that are not UTF-8"
                draft.log.add(path, number, f"{what}; line left out")
    for number, record in related:
        (_, head), (_, tail) = record.arguments
        draft.relation(path, number, record.type, head, tail, record.id)
    return draft.document()


def write(document: Document, folder: Path) -> Path:
    """Write ``<id>.txt`` and ``<id>.ann``; returns the latter's path.

    A mention or relation without an id gets the next free one. Each file appears whole or not at all; the text comes
    first, so that no annotation ever stands without it. Language, domain and scores are not in brat's format.

    Raises:
        CorpusError: the document's id leads out of the folder, an id or a type cannot be written, or the text is not
            Unicode.
    """
    parts = document.id.split("/")
    if any(part in {"", ".", ".."} or re.search(r"[\\\x00-\x1f]", part) for part in parts):
        raise CorpusError(f"{document.id!r} is not a relative path: a brat file cannot be named after it")
    ann = folder.joinpath(*parts[:-1], parts[-1] + ".ann")
    try:
        contents = document.text.encode("utf-8"), annotation(document).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CorpusError(f"{document.id}: the text holds a lone surrogate at {error.start}") from None
    ann.parent.mkdir(parents=True, exist_ok=True)
    _replace(ann.with_name(parts[-1] + ".txt"), contents[0])
    _replace(ann, contents[1])
    return ann


def annotation(document: Document) -> str:
    """The document's ``.ann`` as text.

    Raises:
        CorpusError: an id or a type cannot be written.
    """
    lines = [Line(record) for record in _records(document)]
    for line in lines:
        if parse_line(str(line.record)) != line.record or not is_utf8(str(line.record)):
            raise CorpusError(f"{document.id}: brat cannot hold {str(line.record)!r} (ids: T1, R1; types: one word)")
    return serialise(lines).decode("utf-8")


def _records(document: Document) -> list[Record]:
    names = _names("T", [mention.id for mention in document.mentions])
    records: list[Record] = [
        TextBound(name, m.type, m.fragments, visible(document.surface(m)))
        for name, m in zip(names, document.mentions, strict=True)
    ]
    for name, r in zip(_names("R", [relation.id for relation in document.relations]), document.relations, strict=True):
        records.append(Related(name, r.type, (("Arg1", r.head), ("Arg2", r.tail))))
    return records


def _names(prefix: str, ids: Sequence[str]) -> list[str]:
    taken, number, names = set(ids), 0, []
    for id in ids:
        while not id:
            number += 1
            id = f"{prefix}{number}" if f"{prefix}{number}" not in taken else ""
        names.append(id)
    return names


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
