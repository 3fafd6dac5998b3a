"""Texts as people have them: files, folders, globs, gzip, JSON lines, tables, one text a line. One is held at a time.

What cannot be read is said at once, with file and line, and left out; the texts behind it are read.
"""

from __future__ import annotations

import glob
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

from chemxl.corpora import jsonl
from chemxl.corpora.faults import MARKS, Log, decoded
from chemxl.corpora.paths import language
from chemxl.documents import Document
from chemxl.errors import ChemxlError, CorpusError

Kind = Literal["auto", "text", "lines", "jsonl", "tsv"]
STDIN = "-"
_ID = "id"  # where an id is looked for if nobody says where
MAX_BYTES = 2**23  # of one text, which takes two hundred times the room while it is tagged
MAX_RATIO = 200  # of a file of many texts that is packed: text packs to a tenth, a bomb to a thousandth
_MAX_WRONG = 100  # lines in a row, after which a file is not what it was taken for
_ENDINGS: dict[str, Kind] = {".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".tsv": "tsv"}
_NO_TEXT = {b"%PDF": "a PDF file", b"PK\3\4": "an archive, as Word files are", b"\xd0\xcf\x11\xe0": "an old Word file"}
_NO_TEXT |= {b"{\\rtf": "an RTF file", b"\x1f\x8b": "a packed file that is not named .gz"}
_NO_TEXT |= dict.fromkeys((b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd"), "an archive")


class Faults(Log):
    """Says each fault at once and counts them; none is kept.

    Args:
        say: what is done with a message, such as to print it or to raise it.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self.say_it, self.count = say, 0

    def add(self, path: Path, line: int, message: str) -> None:
        """A fault in a line of a file."""
        super().add(path, line, message)
        self.say(str(self.faults.pop()))

    def say(self, message: str) -> None:
        """A fault that no line is to blame for."""
        self.count += 1
        self.say_it("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))  # names are others', too


def strict() -> Faults:
    """The first fault is an error."""

    def stop(message: str) -> None:
        """Raise it."""
        raise CorpusError(message)

    return Faults(stop)


class Source(NamedTuple):
    """A file, or standard input.

    Args:
        path: ``-`` is standard input.
        id: of its text, or what the ids of its texts begin with.
        kind: what it holds.
    """

    path: Path
    id: str
    kind: Kind

    @property
    def single(self) -> bool:
        """Whether it is one text."""
        return self.kind == "text"

    def opened(self) -> AbstractContextManager[IO[bytes]]:
        """Its bytes, those of a ``.gz`` unpacked.

        Raises:
            CorpusError: it is standard input, which is closed.
        """
        if str(self.path) == STDIN:
            if sys.stdin is None:  # as under cron or systemd
                raise CorpusError("standard input is closed: name a file of text")
            return nullcontext(sys.stdin.buffer)
        if self.path.suffix == ".gz":
            return cast("IO[bytes]", gzip.open(self.path, "rb"))
        return self.path.open("rb")


def sources(names: Sequence[str], faults: Faults, *, kind: Kind = "auto", out: Path | None = None) -> list[Source]:
    """The files that are meant by names of files, folders and globs; standard input where there is no name, or ``-``.

    A file's texts are named after it, those of a folder or a glob after their path in there. Of a folder, files with a
    known ending are read, those of its folders, too; what is hidden is not, nor a link that leads out of it, which is
    a fault.

    Args:
        kind: what all of them hold; told by their endings by default. Standard input is one text by default.
        out: where results go: in a folder or a glob of texts, what stands there is not read.

    Raises:
        ChemxlError: a name is empty, two texts would have one name, or one that is named is to be written over.
    """
    found: list[Source] = []
    for name in names or [STDIN]:
        if not name:
            raise ChemxlError("an empty name, as of a variable that is not set: name a file of text")
        if name == STDIN:
            found.append(Source(Path(STDIN), "stdin", "text" if kind == "auto" else kind))
        elif os.path.isdir(name):
            paths = [path for path in _within(Path(name), faults) if _ending(path) in _ENDINGS]
            found += [_source(path, Path(name), kind) for path in paths]
            if not paths:
                known = ", ".join(_ENDINGS)
                faults.say(f"{name} holds no text ({known}, or one of these with .gz): name a file of text")
        elif os.path.exists(name) or not glob.has_magic(name):
            found.append(_source(Path(name), Path(name).parent, kind))
        else:
            found += _matching(name, kind, faults)
    found = _texts(found, names, out) if out else found
    ids = [source.id for source in found]
    if len(set(ids)) < len(ids):
        twice = min(id for id in ids if ids.count(id) > 1)
        raise ChemxlError(f"two files are called {twice}: rename one, since results are named after their file")
    return found


def _texts(found: list[Source], names: Sequence[str], out: Path) -> list[Source]:
    """The sources without those that are earlier results."""
    place = out.resolve()
    within = [source for source in found if source.path.resolve().is_relative_to(place)]
    # In a folder that is read itself, texts and results stand side by side.
    own = {s for s in within if not s.path.parents[s.id.count("/")].resolve().is_relative_to(place)}
    paths = {source.path for source in own}
    if named := next((name for name in names if Path(name) in paths), None):
        raise ChemxlError(f"{named} would be written over: name another place with --out")
    if own and sys.stderr is not None:
        print(f"{len(own)} files of results in {out} are not read", file=sys.stderr)
    return [source for source in found if source not in own]


def _source(path: Path, base: Path, kind: Kind) -> Source:
    *folders, name = path.relative_to(base).parts
    id = "/".join([*folders, Path(name.removesuffix(".gz")).stem])
    own = _ENDINGS.get(_ending(path), "text") if kind == "auto" else kind
    return Source(path, id.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), own)


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _within(folder: Path, faults: Faults) -> Iterator[Path]:
    """The files of a folder and of those in it, by name; links that lead out of it are said."""

    def unread(error: OSError) -> None:
        """Say which folder is closed."""
        faults.say(f"{error.filename} cannot be read ({error.strerror}): its texts are left out")

    found = []
    for above, folders, files in os.walk(folder, onerror=unread):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(above, name) for name in files if not name.startswith(".")]
        found += [path for path in (Path(above, name) for name in folders) if path.is_symlink()]  # not walked into
    return (path for path in sorted(found, key=lambda path: path.parts) if _stays(path, folder, faults))


def _stays(path: Path, folder: Path, faults: Faults) -> bool:
    """Whether a path is a file, and no link that leads out of a folder, which is said."""
    out = path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
    if out and (path.is_dir() or _ending(path) in _ENDINGS):
        mend = "put it there, or name it in the place of the folder"
        faults.say(f"{path} is a link that leads out of {folder}, and is not followed: {mend}")
    return path.is_file() and not out


def _matching(pattern: str, kind: Kind, faults: Faults) -> list[Source]:
    """The files that a glob means."""
    fixed = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    base = Path(*fixed)
    paths = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
    found = [_source(path, base, kind) for path in paths if _stays(path, base, faults)]
    if not found:
        faults.say(f"{pattern} fits no file: name a file of text")
    return found


def read(sources: Sequence[Source], faults: Faults, *, field: str = "text", id: str = _ID) -> Iterator[Document]:
    """The texts of files, one after the other.

    Args:
        field: the key or column of the text, in JSON lines and tables.
        id: the key or column of the id; where there is none, a text is named ``<file>-<line>``.
    """
    for source in sources:
        try:
            with source.opened() as stream:
                if source.single:
                    yield from _one(source, stream, faults)
                else:
                    rows = {"lines": _lines, "jsonl": _objects, "tsv": _rows}[source.kind]
                    yield from rows(source, _numbered(source, stream, faults), faults, field, id)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or error
            faults.say(f"{source.path} cannot be read ({reason}): name a file of text")


def _one(source: Source, stream: IO[bytes], faults: Faults) -> Iterator[Document]:
    data = stream.read(MAX_BYTES + 1)  # a bomb is unpacked no further
    if len(data) > MAX_BYTES:
        faults.say(f"{source.path} is larger than the {MAX_BYTES} bytes that one text may have: cut it into parts")
        return
    archive = "an archive" if data[257:262] == b"ustar" else ""
    if what := next((what for mark, what in _NO_TEXT.items() if data.startswith(mark)), archive):
        faults.say(f"{source.path} is {what}, and no text: save it as plain text first")
        return
    try:
        yield document(source.id, decoded(data))
    except UnicodeError as error:
        faults.say(f"{source.path}:{error}")


def document(id: str, text: str) -> Document:
    """A text, with the language that its letters show."""
    return Document(id, text, language=language(text))


def _numbered(source: Source, stream: IO[bytes], faults: Faults) -> Iterator[tuple[int, str]]:
    """Numbered lines without their endings; of a file of which most is wrong, only the beginning.

    They are in UTF-8, or as a byte order mark says.
    """
    limit = jsonl.MAX_CHARACTERS
    packed = source.path.stat().st_size if source.path.suffix == ".gz" else None
    codec = _codec(stream)
    escaped = "surrogateescape" if codec == "utf-8-sig" else "strict"
    text = io.TextIOWrapper(stream, codec, errors=escaped, newline=None)
    try:
        number = size = wrong = 0
        while line := text.readline(limit + 1):
            number, size = number + 1, size + len(line)
            if packed is not None and size > max(MAX_BYTES, MAX_RATIO * packed):
                faults.add(source.path, number, f"unpacks to over {MAX_RATIO} times its size: what follows is left out")
                return
            if len(line) > limit:
                faults.add(source.path, number, f"a line of over {limit} characters; what follows is left out")
                return
            said = faults.count
            if _SURROGATE.search(line) or line.count("\0") > len(line) // 20:
                faults.add(source.path, number, "not UTF-8: convert the file with iconv; line left out")
            else:
                yield number, line.removesuffix("\n")
            wrong = wrong + 1 if faults.count > said else 0
            if wrong == _MAX_WRONG:
                faults.add(source.path, number, f"{wrong} wrong lines in a row: what follows is left out")
                return
    except UnicodeError as error:
        faults.add(source.path, number + 1, f"broken {codec} ({error}): what follows is left out")
    finally:
        with suppress(ValueError):  # of a stream that is closed: whoever opened it closes it
            text.detach()


def _codec(stream: IO[bytes]) -> str:
    """What a byte order mark says, or else UTF-8."""
    begun = cast("io.BufferedReader", stream).peek(4)[:4] if hasattr(stream, "peek") else b""
    mark = next((mark for mark in MARKS if begun.startswith(mark)), b"")
    return {4: "utf-32", 2: "utf-16"}.get(len(mark), "utf-8-sig")


_SURROGATE = re.compile("[\ud800-\udfff]")
_Numbered = Iterator[tuple[int, str]]


def _lines(source: Source, lines: _Numbered, faults: Faults, field: str, id: str) -> Iterator[Document]:
    for number, line in lines:
        if line.strip():
            yield document(f"{source.id}-{number}", line)


def _objects(source: Source, lines: _Numbered, faults: Faults, field: str, id: str) -> Iterator[Document]:
    said = id == _ID  # which nobody asked for
    for number, line in lines:
        row = jsonl.parse(source.path, number, line, faults) if line.strip() else None
        if row is None:
            continue
        text, name = row.get(field), row.get(id)
        if not isinstance(text, str):
            strings = ", ".join(key for key, value in row.items() if isinstance(value, str)) or "nothing"
            faults.add(source.path, number, f"no text under {field!r}: name its key with --field (texts: {strings})")
        elif name is not None and (isinstance(name, bool) or not isinstance(name, str | int) or name == ""):
            faults.add(source.path, number, f"under {id!r} is no id but {name!r}: name another key with --id")
        else:
            if name is None and not said:
                faults.add(source.path, number, f"no id under {id!r}: texts without one are called {source.id}-LINE")
                said = True
            yield document(f"{source.id}-{number}" if name is None else str(name), text)


def _rows(source: Source, lines: _Numbered, faults: Faults, field: str, id: str) -> Iterator[Document]:
    head = next(lines, (1, ""))[1].split("\t")
    if head.count(field) != 1:
        faults.add(source.path, 1, f"not one column {field!r}: name it with --field (columns: {', '.join(head)})")
        return
    if head.count(id) != 1 and (id != _ID or id in head):
        faults.add(source.path, 1, f"not one column {id!r}: name it with --id (columns: {', '.join(head)})")
        return
    text, name = head.index(field), head.index(id) if id in head else -1
    for number, line in lines:
        cells = line.split("\t")
        if not line:
            continue
        if len(cells) != len(head):
            faults.add(source.path, number, f"{len(cells)} columns where {len(head)} were due; row left out")
        elif name >= 0 and not cells[name].strip():
            faults.add(source.path, number, f"no id under {id!r}; row left out")
        else:
            yield document(cells[name] if name >= 0 else f"{source.id}-{number}", cells[text])
