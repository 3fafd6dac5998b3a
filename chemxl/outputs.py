"""What is found, written text by text: to standard output, into one file, or as a folder of brat files.

A text's result is written whole or not at all. A file grows beside its place, as ``NAME.part``, and takes its place
when the last text is written or the run is stopped; what a run that was killed has left there can be gone on with.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO, Protocol

from tqdm import tqdm

from chemxl.corpora import brat
from chemxl.documents import Document
from chemxl.errors import ChemxlError, CorpusError
from chemxl.files import naming, unwritable
from chemxl.inputs.faults import Faults
from chemxl.inputs.files import STDIN, InputFile
from chemxl.inputs.texts import read_files
from chemxl.results import show

Format = Callable[[Iterable[Document]], Iterator[str]]
_MAX_NAME = 200  # bytes of a file's name, without what is put to it
_MEND = "name another place with --out, write over it with --force, or go on where a run ended with --skip-done"


class Destination(Protocol):
    """Where results go. Making one checks that they can be written there: before the tagging, not after it."""

    def wants(self, document: Document) -> bool:
        """Whether a text is to be tagged, asked once for each in their order; not where that is done.

        Raises:
            ChemxlError: its result would be written over something else.
        """

    def write(self, documents: Iterable[Document]) -> None:
        """Write the result of each document as it comes."""


def destination(
    out: Path | None,
    format: str,
    formats: Mapping[str, Format],
    files: Sequence[InputFile],
    faults: Faults,
    *,
    force: bool = False,
    skip_done: bool = False,
) -> Destination:
    """The destination for a place and a format.

    Args:
        out: a file, or a folder for ``brat``, whose texts have files of their own; standard output by default.
        format: the name of one of ``formats``.
        files: that the texts come from; results that are there of any of them are seen before the work begins.
        faults: takes texts of which no file can be named.
        force: write over what is there.
        skip_done: leave out texts whose results are there; results that a run left that was killed are gone on with.

    Raises:
        ChemxlError: there is no place or no right to write, or something is there that may not be written over.
    """
    if out is None and sys.stdout is None:
        raise ChemxlError("standard output is closed: name a place with --out")
    if skip_done and (out is None or format not in {"brat", "jsonl"}):
        raise ChemxlError("--skip-done goes on with brat files or JSON lines: name their place with --out")
    if out is None:
        return _Stream(formats[format])
    if format == "brat":
        if (other := out.suffix[1:]) in formats.keys() - {"brat"} and not out.exists():
            raise ChemxlError(f"{out} is called as a file, and brat takes a folder: add --format {other}, or rename it")
        return _Folder(out, files, faults, force=force, skip_done=skip_done)
    if out.exists() and (out.is_relative_to("/dev") or not (out.is_file() or out.is_dir())):  # a pipe or a device
        return _Stream(formats[format], out)
    return _File(out, formats[format], force=force, skip_done=skip_done)


class _Stream:
    """Standard output, or a pipe or device: everything is written, since no earlier result can be there."""

    def __init__(self, format: Format, out: Path | None = None) -> None:
        self.format, self.out = format, out

    def wants(self, document: Document) -> bool:
        """True for every text."""
        return True

    def write(self, documents: Iterable[Document]) -> None:
        """Write the results to the stream."""
        if self.out is not None:
            with naming(self.out), self.out.open("wb") as file:
                _written(self.format(documents), file)
        else:
            sys.stdout.flush()
            _written(self.format(documents), sys.stdout.buffer)


class _File:
    """One file of results, which grows as ``NAME.part`` until the last text is written."""

    def __init__(self, out: Path, format: Format, *, force: bool, skip_done: bool) -> None:
        self.out, self.format, self.force, self.part = out, format, force, out.with_name(f"{out.name}.part")
        if out.is_dir():
            raise ChemxlError(f"{out} is a folder: name a file in it")
        if not out.absolute().parent.exists():
            raise ChemxlError(f"{out} cannot be written: make the folder {out.parent} first")
        if reason := unwritable(out):
            raise ChemxlError(f"{out} cannot be written ({reason}): name another place with --out")
        begun = next((path for path in (self.part, out) if path.is_file()), None)
        if out.is_file() and not force and (begun == self.part or not skip_done):
            raise ChemxlError(f"{out} is there already: {_MEND}")
        if begun and not force and not skip_done:
            raise ChemxlError(f"{begun} is there, of a run that goes on or was killed: {_MEND}")
        self.done = _Lines(begun, format) if begun and skip_done else None

    def wants(self, document: Document) -> bool:
        """Whether a text's result is not in the file yet."""
        return self.done is None or not self.done.holds(document)

    def write(self, documents: Iterable[Document]) -> None:
        """Write the results to ``NAME.part``, which becomes the file at the end."""
        waiting = iter(documents)
        first = next(waiting, None)
        if first is None and (self.done is None or self.done.path == self.out):
            return  # nothing to write, or all is there
        if self.done is not None:
            self.done.close(self.part)
        with naming(self.out), self.part.open("wb" if self.done is None else "ab") as file:
            _written(self.format(chain([first] if first else [], waiting)), file)
        if self.out.exists():
            shutil.copymode(self.out, self.part)
        self.part.replace(self.out)


def _written(pieces: Iterable[str], file: IO[bytes]) -> None:
    """Write each piece at once, so that it can be read, and is there when the run is killed."""
    for piece in pieces:
        file.write(piece.encode("utf-8"))
        file.flush()


class _Lines:
    """The results, a line each, that an earlier run left, compared with the texts that come."""

    def __init__(self, path: Path, format: Format) -> None:
        self.path, self.whole, self.count, self.over = path, 0, 0, False
        self.keys = json.loads("".join(format([Document("", "")]))).keys()
        self.file = path.open("rb")

    def holds(self, document: Document) -> bool:
        """Whether the next line is the result of this text.

        Raises:
            ChemxlError: it is that of another.
        """
        line = b"" if self.over else self.file.readline()
        if not line.endswith(b"\n"):  # behind the last one, or the half of one, which is written anew
            self.over = True
            return False
        try:
            row = json.loads(line)
            same = (row["id"], row["text"], row.keys()) == (document.id, document.text, self.keys)
        except (ValueError, KeyError, TypeError):
            same = False
        self.count, self.whole = self.count + 1, self.whole + len(line)
        if not same:
            raise ChemxlError(
                f"{self.path}:{self.count}: not the result of {document.id}, which was due there: give the same texts "
                "in the same order, to the same command as before, or leave out --skip-done"
            )
        return True

    def close(self, part: Path) -> None:
        """Move the whole lines to a path, where more are to follow."""
        self.file.close()
        self.path.replace(part)
        os.truncate(part, self.whole)


class _Folder:
    """A folder with a ``.txt`` and an ``.ann`` for each text."""

    def __init__(self, out: Path, files: Sequence[InputFile], faults: Faults, *, force: bool, skip_done: bool) -> None:
        if reason := unwritable(out / "file"):
            raise ChemxlError(f"{out} cannot be written ({reason}): name another place with --out")
        self.out, self.faults, self.force, self.skip_done = out, faults, force, skip_done
        self.ids: set[str] = set()
        for file in files:
            if file.single and str(file.path) != STDIN and not force:
                with suppress(CorpusError):  # of what has no name for a file, which is said when it is its turn
                    self._check(file)

    def _check(self, file: InputFile) -> None:
        """Raise an error where the result of a file of one text would be written over something else."""
        if any(path.exists() for path in brat.places(Document(file.id, ""), self.out)):
            for document in read_files([file], Faults(lambda message: None)):
                self._is_done(document)

    def wants(self, document: Document) -> bool:
        """Whether a text's result is not in the folder yet; a text without a name for its file is reported."""
        try:
            if document.id in self.ids:
                raise CorpusError(f"two texts are called {document.id}: rename one; the second is left out")
            if any(len(part.encode()) > _MAX_NAME for part in document.id.split("/")):
                raise CorpusError(f"no file can be named {document.id[:40]!r}...: rename the text; it is left out")
            self.ids.add(document.id)
            return not self._is_done(document)
        except CorpusError as error:
            self.faults.say(str(error))
        return False

    def _is_done(self, document: Document) -> bool:
        """Whether a text's result is there.

        Raises:
            ChemxlError: something else is there, or what is there is not to be gone on with.
            CorpusError: a folder is there; only this text is left out.
        """
        text, annotation = brat.places(document, self.out)
        if folder := next((path for path in (text, annotation) if path.is_dir()), None):
            raise CorpusError(f"{folder} is a folder: rename the text; it is left out")
        if self.force and not self.skip_done:
            return False
        if text.exists() and text.read_bytes() != document.text.encode("utf-8"):
            if self.force:
                return False
            raise ChemxlError(f"{text} is there already and holds another text: {_MEND}")
        if annotation.exists() and not self.skip_done:
            raise ChemxlError(f"{annotation} is there already, perhaps a person's work: {_MEND}")
        return annotation.exists()

    def write(self, documents: Iterable[Document]) -> None:
        """Write the two files of each document, and print the path of its annotation."""
        for document in documents:
            try:
                written = brat.write(_in_words(document), self.out)
            except (CorpusError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
                reason = getattr(error, "strerror", None) or error
                self.faults.say(f"{document.id} cannot be written in {self.out} ({reason}): rename the text")
                continue
            if sys.stdout is not None:
                tqdm.write(str(written), file=sys.stdout)  # not into a bar
                sys.stdout.flush()


def as_brat(documents: Iterable[Document]) -> Iterator[str]:
    """The ``.ann`` of each document."""
    for document in documents:
        yield brat.annotation(_in_words(document))


def _in_words(document: Document) -> Document:
    """The document with types of one word, as brat has them: ``drug_name`` for ``drug name``."""
    mentions = tuple(replace(m, type="_".join(m.type.split())) for m in document.mentions)
    return replace(document, mentions=mentions)


def as_json_lines(documents: Iterable[Document]) -> Iterator[str]:
    """One line a document: ``id``, ``text``, ``mentions`` with ``type``, ``start``, ``end``, ``text``, ``score``."""
    for document in documents:
        yield line({"id": document.id, "text": document.text, "mentions": mentions(document)})


def mentions(document: Document) -> list[dict[str, str | int | float]]:
    """A document's mentions as JSON lines have them."""
    return [
        {"type": m.type, "start": m.start, "end": m.end, "text": document.surface(m), "score": round(m.score or 0.0, 4)}
        for m in document.mentions
    ]


def line(row: object) -> str:
    """A line of JSON lines."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def as_html(documents: Iterable[Document]) -> Iterator[str]:
    """One page with every document."""
    return show.pieces((show.entities(document, caption=document.id) for document in documents), title="Entities")


FORMATS: dict[str, Format] = {
    "brat": as_brat,
    "jsonl": as_json_lines,
    "html": as_html,
}
