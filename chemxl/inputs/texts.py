"""What is in a file: one text, one text a line, JSON lines, a table; packed or not. One text is held at a time.

What cannot be read is said at once, with file and line, and left out; the texts behind it are read.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import IO, cast

from chemxl.corpora import jsonl
from chemxl.corpora.faults import MARKS, decoded
from chemxl.corpora.paths import language
from chemxl.documents import Document
from chemxl.inputs import tables
from chemxl.inputs.faults import Faults
from chemxl.inputs.files import InputFile

_ID = "id"  # where an id is looked for if nobody says where
MAX_BYTES = 2**23  # of one text, which takes two hundred times the room while it is tagged
MAX_RATIO = 200  # of a file of many texts that is packed: text packs to a tenth, a bomb to a thousandth
_MAX_WRONG = 100  # lines in a row, after which a file is not what it was taken for
_POINTER = "a pointer of Git LFS"
_NO_TEXT = {b"%PDF": "a PDF file", b"PK\3\4": "an archive, as Word files are", b"\xd0\xcf\x11\xe0": "an old Word file"}
_NO_TEXT |= {b"{\\rtf": "an RTF file", b"\x1f\x8b": "a packed file that is not named .gz"}
_NO_TEXT |= {b"version https://git-lfs": _POINTER}
_NO_TEXT |= dict.fromkeys((b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd"), "an archive")


def read_files(files: Sequence[InputFile], faults: Faults, *, field: str = "text", id: str = _ID) -> Iterator[Document]:
    """The texts of files, one after the other.

    Args:
        field: the key or column of the text, in JSON lines and tables.
        id: the key or column of the id; where there is none, a text is named ``<file>-<line>``.
    """
    for file in files:
        try:
            with file.opened() as stream:
                if what := _no_text(stream):
                    mend = "fetch it with git lfs pull" if what == _POINTER else "save it as plain text first"
                    faults.say(f"{file.path} is {what}, and no text: {mend}")
                elif file.single:
                    yield from _whole(file, stream, faults)
                else:
                    rows = {"lines": _lines, "jsonl": _objects, "tsv": _rows, "csv": _rows}[file.kind]
                    yield from rows(file, _numbered_lines(file, stream, faults), faults, field, id)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error
            faults.say(f"{file.path} cannot be read ({reason}): name a file of text")


def _no_text(stream: IO[bytes]) -> str:
    """What a file is by how it begins; empty for what may be a text."""
    begun = _begun(stream)
    archive = "an archive" if begun[257:262] == b"ustar" else ""
    return next((what for mark, what in _NO_TEXT.items() if begun.startswith(mark)), archive)


def _begun(stream: IO[bytes]) -> bytes:
    """How a stream begins, which stays to be read."""
    return cast("io.BufferedReader", stream).peek(512) if hasattr(stream, "peek") else b""


def _whole(file: InputFile, stream: IO[bytes], faults: Faults) -> Iterator[Document]:
    """The one text that a file is."""
    data = stream.read(MAX_BYTES + 1)  # a bomb is unpacked no further
    if len(data) > MAX_BYTES:
        faults.say(f"{file.path} is larger than the {MAX_BYTES} bytes that one text may have: cut it into parts")
        return
    try:
        yield document(file.id, decoded(data))
    except UnicodeError as error:
        faults.say(f"{file.path}:{error}")


def document(id: str, text: str) -> Document:
    """A text, with the language that its letters show."""
    return Document(id, text, language=language(text))


def _numbered_lines(file: InputFile, stream: IO[bytes], faults: Faults) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without their endings, in UTF-8 or as a byte order mark says.

    A file is left where it unpacks to too much, where a line is too long, and after many wrong lines in a row.
    """
    limit = jsonl.MAX_CHARACTERS
    packed = file.path.stat().st_size if file.packed else None
    codec = _codec(stream)
    escaped = "surrogateescape" if codec == "utf-8-sig" else "strict"
    text = io.TextIOWrapper(stream, codec, errors=escaped, newline=None)
    try:
        number = size = wrong = 0
        while line := text.readline(limit + 1):
            number, size = number + 1, size + len(line)
            if packed is not None and size > max(MAX_BYTES, MAX_RATIO * packed):
                faults.add(file.path, number, f"unpacks to over {MAX_RATIO} times its size: what follows is left out")
                return
            if len(line) > limit:
                faults.add(file.path, number, f"a line of over {limit} characters; what follows is left out")
                return
            said = faults.count
            if _SURROGATE.search(line) or line.count("\0") > len(line) // 20:
                faults.add(file.path, number, "not UTF-8: convert the file with iconv; line left out")
            else:
                yield number, line.removesuffix("\n").removeprefix("\ufeff")  # of a file appended to another
            wrong = wrong + 1 if faults.count > said else 0
            if wrong == _MAX_WRONG:
                faults.add(file.path, number, f"{wrong} wrong lines in a row: what follows is left out")
                return
    except UnicodeError as error:
        faults.add(file.path, number + 1, f"broken {codec} ({error}): what follows is left out")
    finally:
        with suppress(ValueError):  # of a stream that is closed: whoever opened it closes it
            text.detach()


def _codec(stream: IO[bytes]) -> str:
    """The codec that a byte order mark names, or else UTF-8."""
    begun = _begun(stream)
    mark = next((mark for mark in MARKS if begun.startswith(mark)), b"")
    return {4: "utf-32", 2: "utf-16"}.get(len(mark), "utf-8-sig")


_SURROGATE = re.compile("[\ud800-\udfff]")
_Numbered = Iterator[tuple[int, str]]


def _lines(file: InputFile, lines: _Numbered, faults: Faults, field: str, id: str) -> Iterator[Document]:
    """Each line that is not blank, as a text."""
    for number, line in lines:
        if line.strip():
            yield document(f"{file.id}-{number}", line)


def _objects(file: InputFile, lines: _Numbered, faults: Faults, field: str, id: str) -> Iterator[Document]:
    """The texts of JSON objects, one a line."""
    said = id == _ID  # which nobody asked for
    for place, (number, line) in enumerate((number, line) for number, line in lines if line.strip()):
        if place == 0 and (line.lstrip()[0] == "[" or line.strip() == "{"):
            mend = "jq -c '.[]'" if line.lstrip()[0] == "[" else "jq -c ."
            faults.add(file.path, number, f"JSON, but not an object a line: convert it ({mend}); file left out")
            return
        row = jsonl.parse(file.path, number, line, faults)
        if row is None:
            continue
        text, name = row.get(field), row.get(id)
        if not isinstance(text, str):
            strings = ", ".join(key for key, value in row.items() if isinstance(value, str)) or "nothing"
            faults.add(file.path, number, f"no text under {field!r}: name its key with --field (texts: {strings})")
        elif name is not None and not (
            isinstance(name, str | int) and not isinstance(name, bool) and str(name).strip()
        ):
            faults.add(file.path, number, f"under {id!r} is no id but {name!r}: name another key with --id")
        else:
            if name is None and not said:
                faults.add(file.path, number, f"no id under {id!r}: texts without one are called {file.id}-LINE")
                said = True
            yield document(f"{file.id}-{number}" if name is None else str(name), text)


def _rows(file: InputFile, lines: _Numbered, faults: Faults, field: str, id: str) -> Iterator[Document]:
    """The texts of a table's rows, of which the first names the columns."""
    table = tables.rows(lines, tables.SEPARATORS[file.kind], field)
    first, head = next(table, (1, [""]))
    for column, option in ((field, "field"), *([(id, "id")] if id != _ID or id in head else [])):
        if head.count(column) != 1:
            said = f"not one column {column!r}: name it with --{option} (columns: {', '.join(head)})"
            faults.add(file.path, first, said)
            return
    text, name = head.index(field), head.index(id) if id in head else -1
    for number, cells in table:
        if len(cells) != len(head):
            wrong = f"{len(cells)} columns where {len(head)} were due" if cells else "a quote in it is not closed"
            faults.add(file.path, number, f"{wrong}; row left out")
        elif cells == head:
            faults.add(file.path, number, "the head stands again, as in a table that was put together; row left out")
        elif name >= 0 and not cells[name].strip():
            faults.add(file.path, number, f"no id under {id!r}; row left out")
        else:
            yield document(cells[name] if name >= 0 else f"{file.id}-{number}", cells[text])
