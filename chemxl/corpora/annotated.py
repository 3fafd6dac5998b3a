"""JSON lines with annotation: what ``chemxl tag`` and ``chemxl extract`` write, and what annotation tools give.

https://jsonlines.org/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from chemxl.corpora.draft import Draft
from chemxl.corpora.faults import Log
from chemxl.corpora.jsonl import Row, rows
from chemxl.documents import Document, Label, Span

_KEYS = ("mentions", "entities", "spans", "labels", "label")
# As this project's commands, spaCy and Prodigy, doccano, transformers and Label Studio write them.
_TYPES, _STARTS, _ENDS = ("type", "label", "entity_group", "labels"), ("start", "start_offset"), ("end", "end_offset")
_HEADS, _TAILS = ("head_span", "head", "from_id"), ("child_span", "tail", "to_id")
_DIGITS = re.compile("[0-9]{1,9}")


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of lines that have a ``text`` and what is in it.

    The first of the keys ``mentions``, ``entities``, ``spans``, ``labels`` and ``label`` that has one holds a list. A
    mention is an object with ``type``, ``start`` and ``end``, and perhaps with ``id``, with ``text``, which is then
    compared, and with ``fragments``, pairs in the place of start and end; or it is a list ``[start, end, type]``. Texts
    in the place of mentions are labels of the document. ``relations`` are objects with ``type``, ``head`` and ``tail``,
    which are ids of mentions, or as Prodigy has them. Other programs' names of these are known, too. Offsets count
    characters, or as most texts of mentions say, see :meth:`~chemxl.corpora.draft.Draft.count`. A document without
    ``id`` is named ``<file>-<line>``. One that Prodigy's annotator rejected or passed over (``answer``) is a fault.

    Args:
        root: documents without an id are named by the path of their file relative to it, else by its name alone.
    """
    documents: dict[str, Document] = {}
    for path in paths:
        for number, row in rows(path, log, "text", read_as=partial(_task, path, log)):
            place = path.relative_to(root) if root else Path(path.name)
            name = _name(row.get("id")) or f"{(place.parent / path.name.partition('.')[0]).as_posix()}-{number}"
            there = [key for key in _KEYS if row.get(key) is not None]
            key = next((key for key in there if row[key]), next(iter(there), ""))
            given = [row[key]] if key and isinstance(row[key], str) else row.get(key)
            for other in there:
                if row[other] and row[other] != row[key]:
                    log.add(path, number, f"{name}: what stands under {other} is not read, as {key} is there, too")
            if row.get("answer") in ("reject", "ignore"):
                log.add(path, number, f"{name}: the annotator's answer is {row['answer']!r}; document left out")
            elif name in documents:
                log.add(path, number, f"the document id {name} stands twice; document left out")
            elif not isinstance(given, list):
                log.add(path, number, f"{name}: no list under {' or '.join(_KEYS)}; document left out")
            else:
                related = row.get("relations") or []
                draft = Draft(name, row["text"], log)
                documents[name] = _document(path, number, draft, given, related if isinstance(related, list) else [0])
    return list(documents.values())


def _task(path: Path, log: Log, number: int, row: Row) -> Row:
    """A task as Label Studio exports it whole: its text, and the first of its annotations; any other row as it is."""
    data, each = row.get("data"), row.get("annotations")
    if "text" in row or not isinstance(data, dict) or not isinstance(each, list):
        return row
    done = [one for one in each if isinstance(one, dict) and not one.get("was_cancelled")]
    if len(done) > 1:
        log.add(path, number, f"{len(done)} annotations of one text: the first is read, the others are left out")
    given = done[0].get("result") if done else []
    results = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    texts = [value for value in data.values() if isinstance(value, str)]
    made: Row = {"id": row.get("id"), "text": data.get("text", texts[0] if len(texts) == 1 else None)}
    made["entities"], made["relations"] = [], []
    for one in results:
        value = one["value"] if isinstance(one.get("value"), dict) else {}
        if one.get("type") == "relation":
            ends = [one.get("from_id"), one.get("to_id")][:: -1 if one.get("direction") == "left" else 1]
            type = next(iter(one.get("labels") or []), None)
            made["relations"].append(dict(zip(("head", "tail"), ends, strict=True)) | {"type": type})
        elif "start" in value:
            made["entities"].append({"id": one.get("id"), **value})
        else:
            made["entities"] += value.get("choices") or []
    return made


def _name(id: Any) -> str:
    return str(id) if isinstance(id, str | int) and not isinstance(id, bool) else ""


def _document(path: Path, number: int, draft: Draft, given: Sequence[Any], related: Sequence[Any]) -> Document:
    labels = [one for one in given if _is_label(one)]
    taken = {_name(one.get("id")) for one in given if isinstance(one, dict)}
    free = (f"T{count}" for count in range(1, 2 * len(given) + 1) if f"T{count}" not in taken)
    found = [(place, *_mention(one)) for place, one in enumerate(given, 1) if not _is_label(one)]
    draft.count([(fragments, surface) for _, _, fragments, surface, _ in found if fragments and surface is not None])
    spans: dict[Span, str] = {}  # as the file counts
    for place, type, fragments, surface, id in found:
        if not fragments:
            said = "neither an object with type, start and end nor a list of start, end and type"
            draft.log.add(path, number, f"{draft.id}: entry {place} is {said}; left out")
            continue
        shown = " ".join(draft.text[a:b] for a, b in draft.placed(fragments)) if surface is None else surface
        id = id or next(free)
        if draft.mention(path, number, type, fragments, shown, id):
            spans[fragments[0][0], fragments[-1][1]] = id
    for place, one in enumerate(related, 1):
        one = one if isinstance(one, dict) else {}
        type, (head, tail) = _given(one, _TYPES), [_end(_given(one, keys), spans) for keys in (_HEADS, _TAILS)]
        if isinstance(type, str) and type and head and tail:
            draft.relation(path, number, type, head, tail, _name(one.get("id")) or f"R{place}")
        else:
            draft.log.add(path, number, f"{draft.id}: relation {place} has no type, head and tail; left out")
    return replace(draft.document(), labels=tuple(map(Label, dict.fromkeys(labels))))


def _is_label(one: Any) -> bool:
    """Whether an entry is a label of the document, which has no place in it."""
    return isinstance(one, str) and bool(one.strip())


def _mention(one: Any) -> tuple[str, tuple[Span, ...], str | None, str]:
    """Type, fragments, the recorded text and the id; no fragments where it is no mention."""
    if isinstance(one, list) and len(one) == 3:
        one = dict(zip(("start", "end", "type"), one, strict=True))
    if not isinstance(one, dict):
        return "", (), None, ""
    type = _given(one, _TYPES)
    type = type[0] if isinstance(type, list) and len(type) == 1 else type
    type = type.strip() if isinstance(type, str) else ""
    one = {**one, "start": _given(one, _STARTS), "end": _given(one, _ENDS)}
    pairs = one["fragments"] if isinstance(one.get("fragments"), list) else [[one["start"], one["end"]]]
    pairs = [[_number(at) for at in pair] if isinstance(pair, list) else pair for pair in pairs]
    whole = bool(type) and all(isinstance(pair, list) and len(pair) == 2 and _ascends(*pair) for pair in pairs)
    spans: list[Span] = [(pair[0], pair[1]) for pair in pairs] if whole else []
    surface = one.get("text")
    return type, tuple(spans), surface if isinstance(surface, str) else None, _name(one.get("id"))


def _given(one: dict[str, Any], keys: Sequence[str]) -> Any:
    """What stands under the first of some keys that is there."""
    return next((one[key] for key in keys if one.get(key) is not None), None)


def _end(end: Any, spans: dict[Span, str]) -> str:
    """The id of a relation's end, which Prodigy names by its span."""
    if not isinstance(end, dict):
        return _name(end)
    start, finish = _number(end.get("start")), _number(end.get("end"))
    return spans.get((start, finish), "") if _ascends(start, finish) else ""


def _number(at: Any) -> Any:
    """An offset that is written as text, or with a point."""
    text = isinstance(at, str) and _DIGITS.fullmatch(at)
    return int(at) if text or (isinstance(at, float) and at.is_integer()) else at


def _ascends(start: Any, end: Any) -> bool:
    return all(isinstance(at, int) and not isinstance(at, bool) for at in (start, end)) and 0 <= start < end
