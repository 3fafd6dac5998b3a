"""JSON lines: one object a line, its text under one key.

https://jsonlines.org/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document, Label

# Parsed JSON may take some 30 times the room of its text.
MAX_CHARACTERS = 2**22


def read(
    paths: Sequence[Path],
    log: Log,
    *,
    root: Path | None = None,
    text: str = "text",
    id: str = "",
    label: str = "",
    classes: str = "",
) -> list[Document]:
    """Documents with what is said of each as a whole.

    Args:
        text: the key of the text.
        id: the key of a document's id; without it, documents are named ``<file>-<line>``.
        label: the key of its label, a text, or of its labels, a list; without it, documents have none.
        classes: names apart by semicolons, where labels are a list that has a 1 for each class that the document
            belongs to, and a 0 for each other.
    """
    documents: dict[str, Document] = {}
    for path in paths:
        for number, row in rows(path, log, *filter(None, (text, id))):
            name = row[id] if id else f"{path.stem}-{number}"
            labels = _labels(row.get(label), [c.strip() for c in classes.split(";") if c.strip()]) if label else []
            if name in documents:
                log.add(path, number, f"the document id {name} stands twice; document left out")
            elif labels is None:
                log.add(path, number, f"under {label} stands {str(row.get(label))[:40]!r}, no label; line left out")
            else:
                documents[name] = Document(name, row[text], labels=tuple(map(Label, labels)))
    return list(documents.values())


def _labels(value: object, classes: Sequence[str]) -> list[str] | None:
    """The names of labels; None where there are none to read."""
    if classes:
        if not isinstance(value, list) or len(value) != len(classes) or any(item not in (0, 1) for item in value):
            return None
        return [name for name, item in zip(classes, value, strict=True) if item]
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not all(isinstance(name, str) and name.strip() for name in named):
        return None
    return list(dict.fromkeys(named))


def rows(path: Path, log: Log, *keys: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered objects that have a text that is not blank under each of these keys; any other line is a fault."""
    for number, line in read_lines(path, log):
        if not line.strip():
            continue
        row = parse(path, number, line, log)
        if row is None:
            continue
        missing = [key for key in keys if not (isinstance(row.get(key), str) and row[key].strip())]
        if missing:
            log.add(path, number, f"no text under {' or '.join(missing)}; line left out")
        else:
            yield number, row


def parse(path: Path, number: int, text: str, log: Log) -> dict[str, Any] | None:
    """The object that begins on a line; None, and a fault, where there is none."""
    if len(text) > MAX_CHARACTERS:
        log.add(path, number, f"{len(text)} characters are more than the {MAX_CHARACTERS} of one object; left out")
        return None
    try:
        row = json.loads(text, object_pairs_hook=_object)
        if "\\u" in text:
            json.dumps(row, ensure_ascii=False).encode()  # escapes can spell half a character, which is no text
    except (ValueError, RecursionError) as error:
        line = number + error.lineno - 1 if isinstance(error, json.JSONDecodeError) else number
        log.add(path, line, f"not JSON ({str(error)[:80]}); left out")
        return None
    if not isinstance(row, dict):
        log.add(path, number, "not a JSON object; left out")
        return None
    return row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return made
