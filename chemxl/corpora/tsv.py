"""BioNNE-R: a folder of texts beside tab-separated tables of entities and relations.

https://github.com/nerel-ds/NEREL-BIO/tree/master/BioNNE-R
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from chemxl.corpora import table
from chemxl.corpora.draft import Draft, begun
from chemxl.corpora.faults import Log
from chemxl.documents import Document, Span

_SPANS = re.compile(r"[0-9]{1,9}-[0-9]{1,9}(?:,[0-9]{1,9}-[0-9]{1,9})*")

_ENTITIES = ("document_id", "entity_type", "entity_text", "entity_span")
_RELATIONS = ("document_id", "relation", "head_text", "head_span", "head_type", "tail_text", "tail_span", "tail_type")

# A relation names its ends by document, type, offsets and text: the table of entities has no ids.
Key = tuple[str, str, str, str]


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of a BioNNE-R part.

    About 1 % of the published spans do not hold the recorded text. Nearly all of them are discontinuous entities
    ("lung and left heart injuries" recorded as "lung injuries") of which the table kept one pair, from the first
    fragment's start to the last one's end, in 31 rows with fragments in the wrong order, so that the span ends before
    it begins; one row has a no-break space at its end. Which characters were meant is not in the file, so such a
    row is left out with a fault, and with it (one more fault each) the relations that name it. A row that repeats
    another of the same document, type, text and span is a fault and is left out too.

    Args:
        paths: ``<id>.txt`` texts, ``*-ent.tsv`` entities, and, where published, ``*-rel.tsv`` relations.
    """
    drafts = begun(paths, log)
    ids: dict[Key, str] = {}
    for path in paths:
        if path.name.endswith("-ent.tsv"):
            _entities(path, log, drafts, ids)
    for path in paths:
        if path.name.endswith("-rel.tsv"):
            _relations(path, log, drafts, ids)
    return [draft.document() for draft in drafts.values()]


def _rows(
    path: Path, log: Log, drafts: dict[str, Draft], columns: Sequence[str]
) -> Iterator[tuple[int, Draft, list[str]]]:
    for number, row in table.rows(path, log, columns, bare=True):
        fields = [row[name] for name in columns]
        if fields[0] in drafts:
            yield number, drafts[fields[0]], fields
        else:
            log.add(path, number, f"there is no text {fields[0][:40]!r}; row left out")


def _entities(path: Path, log: Log, drafts: dict[str, Draft], ids: dict[Key, str]) -> None:
    for number, draft, (document, type, surface, spans) in _rows(path, log, drafts, _ENTITIES):
        key = (document, type, spans, surface)
        fragments = _fragments(spans)
        if not fragments:
            log.add(path, number, f"{spans[:40]!r} is not a span (start-end, start-end); mention left out")
        elif key in ids:
            log.add(path, number, f"{type} {surface[:40]!r} at {spans} stands twice; mention left out")
        else:
            id = f"T{len(draft.mentions) + 1}"
            if draft.mention(path, number, type, fragments, surface, id):
                ids[key] = id


def _fragments(spans: str) -> tuple[Span, ...]:
    if not _SPANS.fullmatch(spans):
        return ()
    pairs = (span.split("-") for span in spans.split(","))
    return tuple((int(start), int(end)) for start, end in pairs)


def _relations(path: Path, log: Log, drafts: dict[str, Draft], ids: dict[Key, str]) -> None:
    seen: set[tuple[str, ...]] = set()
    for number, draft, fields in _rows(path, log, drafts, _RELATIONS):
        document, type, head, head_span, head_type, tail, tail_span, tail_type = fields
        if tuple(fields) in seen:
            log.add(path, number, f"{type} of {head[:40]!r} and {tail[:40]!r} stands twice; relation left out")
            continue
        seen.add(tuple(fields))
        ends = ((document, head_type, head_span, head), (document, tail_type, tail_span, tail))
        named = [ids.get(end, f"{end[1]} {end[3][:40]!r} at {end[2][:40]}") for end in ends]
        draft.relation(path, number, type, named[0], named[1], f"R{len(draft.relations) + 1}")
