"""JSON lines: one object a line, its text under one key; or a list of such objects, over any number of lines.

https://jsonlines.org/
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document, Label

# Parsed JSON may take some 30 times the room of its text.
MAX_CHARACTERS = 2**22
Row = dict[str, Any]

_LIST = re.compile(r"\s*\[\s*(?:\{|$)")
# A string, whole or not, or a bracket. Possessive: a string without an end is looked through once.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+("?)|[][{}]', re.DOTALL)
_CLOSED = {"}": "{", "]": "["}
_DEEPEST = 64


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


def rows(
    path: Path, log: Log, *keys: str, read_as: Callable[[int, Row], Row] = lambda number, row: row
) -> Iterator[tuple[int, Row]]:
    """Numbered objects that have a text that is not blank under each of these keys; any other line is a fault.

    Args:
        read_as: gives, for an object and its line, the one that is read in its place.
    """
    for number, given in _rows(path, log):
        row = read_as(number, given)
        missing = [key for key in keys if not (isinstance(row.get(key), str) and row[key].strip())]
        if missing:
            log.add(path, number, f"no text under {' or '.join(missing)}; line left out")
        else:
            yield number, row


def _rows(path: Path, log: Log) -> Iterator[tuple[int, Row]]:
    """All objects of a file, each with the line that it begins in."""
    lines = ((number, line) for number, line in read_lines(path, log) if line.strip())
    for count, (number, line) in enumerate(lines):
        if count == 0 and _LIST.match(line):
            yield from _listed(path, [(number, line), *lines], log)
        elif (row := parse(path, number, line, log)) is not None:
            yield number, row


def _listed(path: Path, lines: Sequence[tuple[int, str]], log: Log) -> Iterator[tuple[int, Row]]:
    """The objects of a list."""
    numbers, text = [number for number, _ in lines], "\n".join([line for _, line in lines])
    for line, found, wrong in objects(text):
        number = numbers[line]
        if wrong:
            log.add(path, number, f"broken JSON ({wrong}); the rest is left out")
        elif (row := parse(path, number, found, log)) is not None:
            yield number, row


def objects(text: str, key: re.Pattern[str] | None = None) -> Iterator[tuple[int, str, str]]:
    """Objects, not parsed, of JSON that is not parsed as a whole: the number of line breaks before each, its text, and
    what is wrong with the brackets there, if anything: then it is the last.

    Args:
        key: matches the key, with what follows it, that an object has to have; none of those within it count. Without
            it, objects that stand by themselves or in a list that does.
    """
    line, reached = 0, 0
    for start, end, wrong in _places(text, key):
        line, reached = line + text.count("\n", reached, start), start
        yield line, text[start:end], wrong


def _places(text: str, key: re.Pattern[str] | None) -> Iterator[tuple[int, int, str]]:
    """Where these objects begin and end."""
    opened: list[int] = []
    depth, at = 0, 0  # how deep the object is that is read; 0: none is
    for token in _TOKEN.finditer(text):
        at, mark = token.start(), text[token.start()]
        if mark in "{[":
            opened.append(at)
            if len(opened) > _DEEPEST:
                yield at, at, f"more than {_DEEPEST} brackets are open"
                return
            if not depth and not key and mark == "{" and all(text[i] == "[" for i in opened[:-1]) and len(opened) < 3:
                depth = len(opened)
        elif mark == '"':
            if not token[1]:
                yield at, at, "a string has no end"
                return
            if not depth and key and opened and text[opened[-1]] == "{" and key.match(text, at):
                depth = len(opened)
        else:
            if not opened or text[opened[-1]] != _CLOSED[mark]:
                yield at, at, f"{mark} closes nothing"
                return
            start = opened.pop()
            if depth == len(opened) + 1:
                depth = 0
                yield start, at + 1, ""
    if opened:
        yield at, at, "it ends before all brackets are closed"


def parse(path: Path, number: int, text: str, log: Log) -> Row | None:
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
