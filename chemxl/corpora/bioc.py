"""BioC: documents of passages with offsets, annotations of one or more locations, and relations, as XML.

https://bioc.sourceforge.net/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chemxl.corpora.draft import Draft
from chemxl.corpora.faults import Log
from chemxl.corpora.markup import elements
from chemxl.documents import Document, Span

_NUMBER = re.compile(r"[0-9]{1,9}")
# Passages are apart by as many spaces as their offsets say; a wider gap is a wrong offset.
_GAP = 1000

Names = dict[str, str]


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of BioC files.

    The text is every passage (or every sentence, where a passage has those) at its offset. Mentions are numbered T1,
    T2, … in the file's order. A relation names its ends by annotation (``node``), or, as BC5CDR does, by concept:
    then it stands between the first mention of each.

    Args:
        paths: the files.
        log: takes the faults; wrong records are left out.
        root: not used; a BioC file names its documents.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    documents: dict[str, Document] = {}
    for path in paths:
        for line, element in elements(path, log, "document"):
            id = (element.findtext("id") or "").strip()
            if not id:
                log.add(path, line, "a document without an id; document left out")
            elif id in documents:
                log.add(path, line, f"the document id {id} stands twice; document left out")
            else:
                documents[id] = _document(path, id, element, log)
    return list(documents.values())


def _document(path: Path, id: str, element: Any, log: Log) -> Document:
    draft = Draft(id, _text(path, id, element, log), log)
    ids: Names = {}
    concepts: Names = {}
    for annotation in element.iter("annotation"):
        _mention(path, annotation, draft, ids, concepts)
    for count, relation in enumerate(element.iter("relation"), 1):
        infons = _infons(relation)
        type = infons.pop("type", "") or infons.pop("relation", "")
        nodes = [node.get("refid", "") for node in relation.findall("node")]
        ends = [ids.get(node, node) for node in nodes] or [concepts.get(value, value) for value in infons.values()]
        if len(ends) != 2 or not type:
            log.add(path, relation.sourceline, f"{type or 'a relation'} with {len(ends)} ends; relation left out")
        else:
            draft.relation(path, relation.sourceline, type, ends[0], ends[1], f"R{count}")
    return draft.document()


def _text(path: Path, id: str, element: Any, log: Log) -> str:
    pieces, length = [], 0
    for passage in element.iter("passage"):
        for block in passage.findall("sentence") or [passage]:
            text, offset = block.findtext("text") or "", block.findtext("offset") or ""
            gap = int(offset) - length if _NUMBER.fullmatch(offset) else -1
            if 0 <= gap <= _GAP:
                pieces.append(" " * gap + text)
                length += gap + len(text)
            else:
                log.add(
                    path,
                    block.sourceline,
                    f"{id}: the offset {offset[:40]!r} does not follow a text of {length} characters; "
                    f"<{block.tag}> left out",
                )
    return "".join(pieces)


def _mention(path: Path, annotation: Any, draft: Draft, ids: Names, concepts: Names) -> None:
    line, name = annotation.sourceline, annotation.get("id", "")
    infons = _infons(annotation)
    spans = [_span(location) for location in annotation.findall("location")]
    fragments = tuple(span for span in spans if span)
    if not spans or len(fragments) < len(spans):
        draft.log.add(path, line, f"annotation {name!r} without a location, or with a wrong one; mention left out")
        return
    if name in ids:
        draft.log.add(path, line, f"the annotation id {name!r} stands twice; mention left out")
        return
    id = f"T{len(draft.mentions) + 1}"
    if not draft.mention(path, line, infons.pop("type", ""), fragments, annotation.findtext("text") or "", id):
        return
    if name:
        ids[name] = id
    for value in infons.values():
        for concept in value.split("|"):
            concepts.setdefault(concept, id)


def _span(location: Any) -> Span | None:
    offset, length = location.get("offset", ""), location.get("length", "")
    if not (_NUMBER.fullmatch(offset) and _NUMBER.fullmatch(length)):
        return None
    return int(offset), int(offset) + int(length)


def _infons(element: Any) -> dict[str, str]:
    return {infon.get("key", ""): infon.text or "" for infon in element.findall("infon")}
