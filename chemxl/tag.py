"""Text in, entities out: what a practitioner takes out of the book."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from chemxl.best import named
from chemxl.corpora import brat
from chemxl.corpora.faults import decoded
from chemxl.documents import Document
from chemxl.errors import ChemxlError, CorpusError
from chemxl.files import replaced, unwritable
from chemxl.models.tagger import Tagger
from chemxl.results import show

Format = Callable[[Sequence[Document]], Iterator[str]]
STDIN = "-"
_MEND = "name another place with --out, or write over it with --force"
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def read(files: Sequence[str]) -> list[Document]:
    """Texts of files, ``-`` being standard input; a document's id is its file's name without the ending.

    Raises:
        CorpusError: a file is missing or not UTF-8, or standard input is closed.
        ChemxlError: two files would have one id.
    """
    documents = []
    for name in files or [STDIN]:
        try:
            text = decoded(_standard_input() if name == STDIN else Path(name).read_bytes())
        except UnicodeError as error:
            raise CorpusError(f"{name}:{error}") from error
        except OSError as error:
            raise CorpusError(f"{name} cannot be read ({error.strerror}): name a file of text") from error
        language = "ru" if _CYRILLIC.search(text) else "en"
        documents.append(Document("stdin" if name == STDIN else Path(name).stem, text, language=language))
    ids = [document.id for document in documents]
    if repeated := sorted({id for id in ids if ids.count(id) > 1}):
        raise ChemxlError(f"two files are called {repeated[0]}: rename one, since results are named after their file")
    return documents


def _standard_input() -> bytes:
    if sys.stdin is None:  # as under cron or systemd
        raise CorpusError("standard input is closed: name a file of text")
    return sys.stdin.buffer.read()


def check_out(out: Path, documents: Sequence[Document], *, brat_files: bool, force: bool = False) -> None:
    """Pass if the results may be written: before the tagging, not after it.

    Args:
        out: the folder of brat files, or the one file.
        force: write over what is there.

    Raises:
        ChemxlError: a file that is there would be written over, or there is no place or no right to write.
    """
    if not brat_files and out.is_dir():
        raise ChemxlError(f"{out} is a folder: name a file in it")
    if not brat_files and not out.absolute().parent.exists():
        raise ChemxlError(f"{out} cannot be written: make the folder {out.parent} first")
    if reason := unwritable(out / "file" if brat_files else out):
        raise ChemxlError(f"{out} cannot be written ({reason}): name another place with --out")
    for document in documents if brat_files else ():
        text, annotation = brat.places(document, out)
        if not force and text.exists() and text.read_bytes() != document.text.encode("utf-8"):
            raise ChemxlError(f"{text} is there already and holds another text: {_MEND}")
        if not force and annotation.exists():
            raise ChemxlError(f"{annotation} is there already, perhaps a person's work: {_MEND}")
    if not brat_files and not force and out.is_file():
        raise ChemxlError(f"{out} is there already: {_MEND}")


def read_for(out: Path | None, files: Sequence[str], *, brat_files: bool, force: bool) -> list[Document]:
    """What :func:`read` reads, as long as what is found in it may be written, see :func:`check_out`.

    Raises:
        ChemxlError: it may not; or brat files, of which each text has its own, have no folder.
    """
    documents = read(files)
    if brat_files and out is None and len(documents) > 1:
        raise ChemxlError("brat keeps one file per text: name a folder with --out, or take --format jsonl")
    if out is not None:
        check_out(out, documents, brat_files=brat_files, force=force)
    elif sys.stdout is None:
        raise ChemxlError("standard output is closed: name a place with --out")
    return documents


def write(documents: Sequence[Document], out: Path | None, format: Format | None) -> None:
    """To standard output, into a file, or, without a format, as brat files into a folder, whose names are printed."""
    if out is not None and format is None:
        for document in documents:
            print(brat.write(document, out))
        return
    data = "".join(format(documents) if format else ()).encode("utf-8")
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    elif out.exists() and not out.is_file():  # a pipe or a device
        out.write_bytes(data)
    else:
        with replaced(out) as beside:
            beside.write_bytes(data)


def tag(documents: Sequence[Document], *, model: Path | None = None) -> list[Document]:
    """The documents with the mentions that a tagger finds.

    Args:
        model: the folder of a finished run, or ``in-the-box``, which is the default.

    Raises:
        EncoderError: the folder holds no tagger.
    """
    found = Tagger.load(named(model)).predict(documents)
    return [
        Document(d.id, d.text, tuple(mentions), language=d.language)
        for d, mentions in zip(documents, found, strict=True)
    ]


def as_brat(documents: Sequence[Document]) -> Iterator[str]:
    """The ``.ann`` of each document."""
    for document in documents:
        yield brat.annotation(document)


def as_json_lines(documents: Sequence[Document]) -> Iterator[str]:
    """One line a document: ``id``, ``text``, ``mentions`` with ``type``, ``start``, ``end``, ``text``, ``score``."""
    for d in documents:
        mentions = [
            {"type": m.type, "start": m.start, "end": m.end, "text": d.surface(m), "score": round(m.score or 0.0, 4)}
            for m in d.mentions
        ]
        yield json.dumps({"id": d.id, "text": d.text, "mentions": mentions}, ensure_ascii=False) + "\n"


def as_html(documents: Sequence[Document]) -> Iterator[str]:
    """One page with every document."""
    yield show.page([show.entities(document, caption=document.id) for document in documents], title="Entities")


FORMATS: dict[str, Format] = {
    "brat": as_brat,
    "jsonl": as_json_lines,
    "html": as_html,
}
