"""PubTator: a title line, an abstract line, and tab-separated annotation lines, blocks apart by an empty line.

https://www.ncbi.nlm.nih.gov/research/pubtator3/tutorial
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from chemxl.corpora.draft import Draft
from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document

_TEXT = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,9}")

Line = tuple[int, str]


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of PubTator files.

    The text is title, one space, abstract: the offsets count so. Mentions are numbered T1, T2, … in the file's
    order. A relation of the format (BC5CDR's CID) stands between two concepts; here it stands between the first
    mention of each, so that there is one relation a line.

    Args:
        paths: the files.
        log: takes the faults; wrong records are left out.
        root: not used; a PubTator file names its documents.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    documents: dict[str, Document] = {}
    for path in paths:
        for block in _blocks(path, log):
            document = _document(path, block, log)
            if document is None:
                continue
            if document.id in documents:
                log.add(path, block[0][0], f"the document id {document.id} stands twice; document left out")
            else:
                documents[document.id] = document
    return list(documents.values())


def _blocks(path: Path, log: Log) -> Iterator[list[Line]]:
    block: list[Line] = []
    for number, line in read_lines(path, log):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _document(path: Path, block: list[Line], log: Log) -> Document | None:
    first = block[0][0]
    title = _TEXT.fullmatch(block[0][1])
    if title is None or title[2] != "t":
        log.add(path, first, f"a title line (id|t|text) was due; its block of {len(block)} lines is left out")
        return None
    id, text, rest = title[1], title[3], block[1:]
    abstract = _TEXT.fullmatch(rest[0][1]) if rest else None
    if abstract is not None and abstract[1] == id and abstract[2] == "a":
        text, rest = f"{text} {abstract[3]}", rest[1:]
    else:
        log.add(
            path, rest[0][0] if rest else first, f"{id}: an abstract line (id|a|text) was due; the title alone is read"
        )
    draft = Draft(id, text, log)
    concepts: dict[str, str] = {}
    relations = []
    for number, line in rest:
        fields = line.split("\t")
        if fields[0] != id:
            log.add(path, number, f"a line of {id} was due, this begins with {fields[0][:40]!r}; line left out")
        elif len(fields) == 4 and not _NUMBER.fullmatch(fields[1]):
            relations.append((number, fields))
        else:
            _mention(path, number, fields, draft, concepts)
    for count, (number, fields) in enumerate(relations, 1):
        head, tail = (concepts.get(concept, concept) for concept in fields[2:])
        draft.relation(path, number, fields[1], head, tail, f"R{count}")
    return draft.document()


def _mention(path: Path, number: int, fields: list[str], draft: Draft, concepts: dict[str, str]) -> None:
    if len(fields) not in (5, 6, 7) or not (_NUMBER.fullmatch(fields[1]) and _NUMBER.fullmatch(fields[2])):
        draft.log.add(path, number, "neither a mention (id, start, end, text, type) nor a relation; line left out")
        return
    id = f"T{len(draft.mentions) + 1}"
    if draft.mention(path, number, fields[4], ((int(fields[1]), int(fields[2])),), fields[3], id) and len(fields) > 5:
        for concept in fields[5].split("|"):
            concepts.setdefault(concept, id)
