"""Corpora: one catalogue, one reader per format, and a call for each kind of what is read.

``load`` gives documents, ``pairs`` parallel text and lexicons, ``facts`` those of a knowledge base, ``alignments``
texts whose sentences a person aligned. Where the name of a corpus goes, the path of a person's own goes, too.

A reader is a module of this package with a function ``read``; the catalogue's entry names it. Nothing else does.
``read(paths, log, *, root)`` reads these files. What is wrong is a fault in ``log`` and is left out; if the log is
strict, the first fault is a :class:`~chemxl.errors.CorpusError`. Ids that come from names of files are relative to
``root``, or the names alone without it; most readers find the ids in the files and do not look at it. Those of two
languages also take ``languages``, of the source and of the target. A reader's own docstring says what is particular to
it; its further arguments are the ``options`` of an entry.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from chemxl.corpora.entries import (
    Entry,
    Kind,
    absent,
    available,
    catalog,
    digest,
    entry,
    files,
    folder,
    is_own,
    meanings,
    parts,
    renamed,
)
from chemxl.corpora.faults import Fault, Log
from chemxl.corpora.paired import AlignedTexts, Fact
from chemxl.corpora.paths import language as spoken
from chemxl.documents import Document, Pair, Span
from chemxl.errors import CorpusError
from chemxl.experiments.digests import sha256, source_digest

__all__ = [
    "AlignedTexts",
    "Entry",
    "Fact",
    "Fault",
    "Log",
    "absent",
    "alignments",
    "available",
    "catalog",
    "digest",
    "entry",
    "expand",
    "facts",
    "files",
    "is_own",
    "load",
    "pairs",
    "read_digest",
    "types",
    "unified",
]

_SAID: dict[Kind, str] = {"pairs": "parallel text", "facts": "facts", "alignments": "a gold alignment"}


def load(
    name: str,
    *,
    split: str | None = None,
    language: str | None = None,
    types: Sequence[str] | None = None,
    strict: bool = False,
    faults: list[Fault] | None = None,
) -> list[Document]:
    """Documents of a corpus.

    Args:
        name: as in :func:`catalog`, or the path of a person's own corpus, of whose mentions white space at the edges is
            no part.
        split: one split; all of them by default.
        language: one language; all of them by default.
        types: unified types wanted (CHEM, DRUG, DISEASE, GENE, SPECIES, HUMAN), in order of preference, or, of a
            person's own corpus, its types: a mention is kept under the first that it may stand for. By default all
            mentions, with the corpus's own types.
        strict: make the first fault an error.
        faults: gets the faults; without it, one warning says how many there are.

    Raises:
        CorpusError: the corpus, part, language or type is unknown, the corpus is pairs or is not on this machine, or,
            with ``strict``, a file has a fault.
    """
    known = entry(name)
    if known.paired:
        raise CorpusError(f"{name} is {_SAID[known.kind]}: read it with corpora.{known.kind}({name!r})")
    names = None if types is None else unified(name, types)
    log = Log(strict=strict)
    documents = []
    for part in parts(name, split, language):
        read = _reader(name)(files(name, part), log, root=folder(name) / part.folder, **known.options)
        for i, document in enumerate(read):
            document = document if names is None else document.retyped(names)
            document = _tidied(document) if is_own(name) else document
            source = f"{part.split}-block-{i // part.block + 1}" if part.block else document.source
            domain, code = part.domain or known.domain, part.language or spoken(document.text)
            documents.append(replace(document, language=code, domain=domain, source=source))
    _report(name, log, faults)
    spoken_in = sorted({document.language for document in documents})
    if language is not None and documents and language not in spoken_in:
        where = f"{name}, {split}," if split else name
        raise CorpusError(f"{where} has no text in {language!r}; it has {', '.join(spoken_in)}")
    return [document for document in documents if language in (None, document.language)]


def _tidied(document: Document) -> Document:
    """With mentions that neither begin nor end with white space: tools for annotation leave it, no tagger finds it.

    An id can be written in UTF-8, also one of a file whose name is in another character set.
    """

    def trimmed(start: int, end: int) -> Span:
        """Without white space at its edges; as it is where there is nothing else."""
        piece = document.text[start:end]
        return (end - len(piece.lstrip()), start + len(piece.rstrip())) if piece.strip() else (start, end)

    mentions = [replace(m, fragments=tuple([trimmed(*span) for span in m.fragments])) for m in document.mentions]
    return replace(document, id=document.id.encode("utf-8", "backslashreplace").decode(), mentions=tuple(mentions))


def types(name: str) -> dict[str, tuple[str, ...]]:
    """The corpus's own types, each with what it may stand for: unified types and, of a person's own corpus, itself.

    Raises:
        CorpusError: the corpus is unknown.
    """
    return _own_types(name, digest(name)) if is_own(name) else {**entry(name).types}


@lru_cache(maxsize=32)
def _own_types(name: str, digest: str) -> dict[str, tuple[str, ...]]:
    return meanings(sorted({mention.type for document in load(name, faults=[]) for mention in document.mentions}))


def unified(name: str, wanted: Sequence[str]) -> dict[str, str]:
    """The corpus's own types, each with the first of those wanted that it may stand for; those with none are left out.

    A type of a person's own corpus that is wanted itself stands for nothing else.

    Raises:
        CorpusError: the corpus is unknown, or has nothing of one of the types.
    """
    known = types(name)
    return renamed(name, known, wanted) | {type: type for type in wanted if is_own(name) and type in known}


def pairs(
    name: str,
    *,
    split: str | None = None,
    language: str | None = None,
    strict: bool = False,
    faults: list[Fault] | None = None,
) -> list[Pair]:
    """Pairs of a corpus of parallel text, or of a lexicon; other arguments as for :func:`load`.

    Args:
        language: two languages, such as ``en-ru``; all that there are by default.

    Raises:
        CorpusError: the corpus or part is unknown, the corpus is documents or is not on this machine, or, with
            ``strict``, a file has a fault.
    """
    return _of_two("pairs", name, split, language, strict, faults)


def facts(
    name: str,
    *,
    language: str | None = None,
    strict: bool = False,
    faults: list[Fault] | None = None,
) -> list[Fact]:
    """Facts of a knowledge base, with the names of both ends in two languages; arguments and errors as for
    :func:`pairs`."""
    return _of_two("facts", name, None, language, strict, faults)


def alignments(
    name: str,
    *,
    split: str | None = None,
    strict: bool = False,
    faults: list[Fault] | None = None,
) -> list[AlignedTexts]:
    """Texts with their translations, whose sentences a person aligned; arguments and errors as for :func:`pairs`."""
    return _of_two("alignments", name, split, None, strict, faults)


def _of_two(
    kind: Kind, name: str, split: str | None, language: str | None, strict: bool, faults: list[Fault] | None
) -> list[Any]:
    known = entry(name)
    if known.kind != kind:
        call = "load" if known.kind == "documents" else known.kind
        raise CorpusError(f"{name} is not {_SAID[kind]}: read it with corpora.{call}({name!r})")
    log = Log(strict=strict)
    found = []
    for part in parts(name, split, language):
        read = _reader(name)(
            files(name, part),
            log,
            root=folder(name) / part.folder,
            languages=tuple(part.language.split("-")),
            **known.options,
        )
        found += [replace(one, domain=part.domain or known.domain) for one in read]
    _report(name, log, faults, depth=4)
    return found


def expand(
    name: str, sentences: int, *, seed: int = 0, split: str = "train", language: str | None = None
) -> list[Document]:
    """Documents that the module of a shipped corpus makes of its own, see :func:`chemxl.corpora.mini.expansion.expand`.

    Raises:
        CorpusError: the corpus is unknown, is not shipped, or has no such split or language.
    """
    if not entry(name).shipped:
        raise CorpusError(f"no sentences are made of {name}: leave out how many there shall be")
    made: list[Document] = import_module(f"{__name__}.{name}").expand(sentences, seed, split=split, language=language)
    return made


def read_digest(name: str, *, split: str | None = None, language: str | None = None, expanded: bool = False) -> str:
    """A digest of all that a load depends on: the files, what the catalogue says about them, and the reader.

    Args:
        name, split, language: as for :func:`load` and :func:`pairs`.
        expanded: of what :func:`expand` makes: of both languages, and by the corpus's own module and tables.

    Raises:
        CorpusError: the corpus or part is unknown, or is not on this machine.
    """
    known = entry(name)
    language = None if expanded else language
    said = [part.model_dump_json(exclude={"sha256"}, exclude_defaults=True) for part in parts(name, split, language)]
    said.append(known.model_dump_json(include={"reader", "options", "types", "domain"}))
    made = [path.read_text("utf-8") for path in sorted(folder(name).glob("*.tsv"))] if expanded else []
    module = f"{__name__}.{name if expanded else known.reader}"
    return sha256("".join([*said, *made, digest(name, split=split, language=language), source_digest(module)]))


def _reader(name: str) -> Callable[..., list[Any]]:
    module = f"{__name__}.{entry(name).reader}"
    if find_spec(module) is None:
        raise CorpusError(f"{name}: there is no module {module}: write one with a function `read`")
    read: Callable[..., list[Any]] = import_module(module).read
    return read


def _report(name: str, log: Log, faults: list[Fault] | None, *, depth: int = 3) -> None:
    """Give the faults, or warn of them at the line that asked, so many calls above."""
    if faults is not None:
        faults.extend(log.faults)
    elif log.faults:
        warnings.warn(f"{name}: {len(log.faults)} faults, the first: {log.faults[0]}", stacklevel=depth)
