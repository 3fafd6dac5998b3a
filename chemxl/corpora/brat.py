"""brat: ``<id>.txt`` beside ``<id>.ann``. What a document does not hold, :func:`parse` gives and keeps byte for byte.

In brat no fragment of a mention goes over a line break: :func:`text_bound` writes what brat loads, :func:`mentions`
reads what brat writes, and nothing else here writes or reads a mention.

https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chemxl.corpora.draft import BREAKS, Draft, in_order
from chemxl.corpora.faults import Log, is_foreign, read_text, read_utf8
from chemxl.corpora.standoff import Line, Raw, Record, Related, TextBound, is_utf8, parse, parse_line, serialise
from chemxl.documents import Document, Mention, Span
from chemxl.errors import CorpusError
from chemxl.files import replaced

__all__ = ["Line", "Record", "mentions", "parse", "places", "read", "serialise", "text_bound", "write"]

_WITHIN_A_LINE = re.compile(f"[^{BREAKS}]+")
# An id of brat's ends in a number, behind which it may have a suffix.
_ID = re.compile(r"[TR][A-Za-z]*[0-9]\S*")


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, apart: str = "") -> list[Document]:
    """Documents of pairs of ``.txt`` and ``.ann`` files.

    A document holds the mentions and the binary relations; :func:`parse` gives all else that is in the file. See
    :func:`mentions` for those that go over a line break. Offsets may count otherwise than by characters, see
    :meth:`~chemxl.corpora.draft.Draft.count`.

    Args:
        paths: both files of each pair.
        root: document ids are paths relative to it; names alone without it.
        apart: names of two sister folders, apart by a space, in which the texts and the annotations stand where they
            do not stand side by side (CADEC's ``text original``). They are no part of an id.
    """
    documents: dict[str, Document] = {}
    given: dict[Path, dict[str, Path]] = {}
    for path in paths:
        if path.suffix.lower() in {".txt", ".ann"}:
            place = path.parent.parent if path.parent.name in apart.split() else path.parent
            pair = given.setdefault(place / path.stem, {})
            if pair.setdefault(path.suffix.lower(), path) != path:
                log.add(path, 1, f"a second file beside {pair[path.suffix.lower()].name}; file left out")
        elif path.suffix.lower() == ".gz":
            log.add(path, 1, "brat's files are not read packed: unpack it; file left out")
    for base, pair in sorted(given.items()):
        if len(pair) < 2:
            missing = "txt" if ".ann" in pair else "ann"
            log.add(next(iter(pair.values())), 1, f"there is no {base.name}.{missing} beside it; document left out")
            continue
        text_path, ann_path = pair[".txt"], pair[".ann"]
        id = base.relative_to(root).as_posix() if root else base.name
        text, data = read_text(text_path, log), read_utf8(ann_path, log)
        if text is None or data is None or is_foreign(ann_path, data, log):
            continue
        if id in documents:
            log.add(ann_path, 1, f"the document id {id} stands twice; document left out")
        else:
            documents[id] = _document(Draft(id, text, log), ann_path, parse(data))
    return list(documents.values())


def mentions(draft: Draft, path: Path, lines: Sequence[Line]) -> dict[int, str]:
    """Take the mentions of an ``.ann`` into a draft, those that hold together.

    Fragments that nothing but line breaks keeps apart are one: brat writes a mention over a line break so. Files of
    other programs that show the break as a space, or have it in the line, are read too.

    Returns:
        For the place of each line that was taken, its mention's id; a text with line breaks takes several.
    """
    taken: dict[int, str] = {}
    for i, line in enumerate(lines):
        match line.record:
            case TextBound(id, type, fragments, surface):
                surface, end = _continued(draft.text, fragments, lines, i)
                if draft.mention(path, i + 1, type, fragments, surface, id):
                    mention = draft.mentions[id]
                    draft.mentions[id] = replace(mention, fragments=_joined(draft.text, mention.fragments))
                    taken |= dict.fromkeys(range(i, end), id)
    return taken


def _continued(text: str, fragments: Sequence[Span], lines: Sequence[Line], i: int) -> tuple[str, int]:
    """The recorded text of a line and where it ends, behind further lines if just these complete it."""
    (start, stop), first = fragments[0], lines[i]
    surface = first.record.text if isinstance(first.record, TextBound) else ""
    piece, end = surface + first.ending, i + 1
    if len(fragments) > 1 or len(piece) >= stop - start:
        return surface, i + 1
    at = start
    while text.startswith(piece, at) and end < len(lines) and isinstance(lines[end].record, Raw):
        at, piece, end = at + len(piece), str(lines[end].record), end + 1
        if at + len(piece) == stop and text.startswith(piece, at):
            return text[start:stop], end
        piece += lines[end - 1].ending
    return surface, i + 1


def _joined(text: str, fragments: Sequence[Span]) -> tuple[Span, ...]:
    joined = [fragments[0]]
    for start, end in fragments[1:]:
        gap = text[joined[-1][1] : start]
        if gap and not gap.strip(BREAKS):
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return tuple(joined)


def _document(draft: Draft, path: Path, lines: Sequence[Line]) -> Document:
    related = []
    bound = [line.record for line in lines if isinstance(line.record, TextBound)]
    draft.count([(record.fragments, record.text) for record in bound])
    taken = mentions(draft, path, lines)
    for i, line in enumerate(lines):
        match line.record:
            case Related() as record:
                related.append((i + 1, record))
            case Raw(text) if text.strip() and i not in taken:
                what = f"{text[:40]!r} is not a line of brat's format" if is_utf8(text) else "bytes that are not UTF-8"
                draft.log.add(path, i + 1, f"{what}; line left out")
    for number, record in related:
        head, tail = in_order(record.arguments)
        draft.relation(path, number, record.type, head, tail, record.id)
    return draft.document()


def write(document: Document, folder: Path) -> Path:
    """Write ``<id>.txt``, unless the very text is there, and ``<id>.ann``; returns the latter's path.

    A mention or relation without an id gets the next free one. Each file appears whole or not at all; the text comes
    first, so that no annotation ever stands without it. Language, domain and scores are not in brat's format, and a
    line break at the edge of a mention's fragment does not come back.

    Raises:
        CorpusError: the document's id leads out of the folder, an id, a type or a mention of line breaks alone cannot
            be written, or the text is not Unicode.
    """
    txt, ann = places(document, folder)
    try:
        contents = document.text.encode("utf-8"), annotation(document).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CorpusError(f"{document.id}: the text holds a lone surrogate at {error.start}") from None
    ann.parent.mkdir(parents=True, exist_ok=True)
    for path, content in zip((txt, ann), contents, strict=True):
        if path == txt and path.is_file() and path.read_bytes() == content:
            continue
        with replaced(path) as beside:
            beside.write_bytes(content)
    return ann


def places(document: Document, folder: Path) -> tuple[Path, Path]:
    """Where :func:`write` writes the text and the annotation.

    Raises:
        CorpusError: the document's id leads out of the folder.
    """
    parts = document.id.split("/")
    if any(part in {"", ".", ".."} or re.search(r"[\\\x00-\x1f]", part) for part in parts):
        raise CorpusError(f"{document.id!r} is not a relative path: a brat file cannot be named after it")
    base = folder.joinpath(*parts[:-1])
    return base / f"{parts[-1]}.txt", base / f"{parts[-1]}.ann"


def annotation(document: Document) -> str:
    """The document's ``.ann`` as text.

    Raises:
        CorpusError: an id or a type cannot be written.
    """
    records = _records(document)
    for record in records:
        if not _ID.fullmatch(record.id) or parse_line(str(record)) != record or not is_utf8(str(record)):
            raise CorpusError(f"{document.id}: brat cannot hold {str(record)!r} (ids: T1, R1; types: one word)")
    return serialise([Line(record) for record in records]).decode("utf-8")


def text_bound(text: str, mention: Mention, id: str) -> TextBound:
    """A mention as brat loads it: fragments end where a line does, and one space stands between them in the text.

    Raises:
        CorpusError: the mention is nothing but line breaks.
    """
    lines = [(start, m) for start, end in mention.fragments for m in _WITHIN_A_LINE.finditer(text[start:end])]
    if not lines:
        raise CorpusError(f"brat cannot hold {id}, which is nothing but a line break")
    fragments = tuple([(start + m.start(), start + m.end()) for start, m in lines])
    return TextBound(id, mention.type, fragments, " ".join([m[0] for _, m in lines]))


def _records(document: Document) -> list[TextBound | Related]:
    names = _names("T", [mention.id for mention in document.mentions])
    records: list[TextBound | Related] = [
        text_bound(document.text, mention, name) for name, mention in zip(names, document.mentions, strict=True)
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
