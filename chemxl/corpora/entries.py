"""The catalogue: what each corpus is, where its files are, and how to see that they are the ones that were read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from chemxl.corpora import paths
from chemxl.errors import ChemxlError, CorpusError
from chemxl.experiments.plain import read_yaml

Unified = Literal["CHEM", "DRUG", "DISEASE", "GENE", "SPECIES", "HUMAN"]
Kind = Literal["documents", "pairs", "facts", "alignments"]

_HERE = Path(__file__).parent
_seen: ContextVar[dict[tuple[str, Path, str | None, str | None], str]] = ContextVar("digests by what was asked for")


class Part(BaseModel):
    """One split of a corpus in one language.

    Attributes:
        files: globs below ``folder``; document ids that come from file names are relative to ``folder``.
        listed: a YAML file {split: [passage ids]} beside them; of the files, those of this split's passages are read.
        block: so many sentences that follow each other have one ``Document.source``, where a file has them in the order
            of its documents but does not say where one begins; about as many as a document has (Carlstein 1986).
        language: an ISO 639-1 code; of parallel text, two of them: ``en-ru``; none where each text says it itself.
        sha256: :func:`digest` of the part as it was counted and tested; none for a corpus that the project ships, or
            that every user obtains from its owner.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str
    language: str
    files: tuple[str, ...]
    folder: str = "."
    domain: str | None = None
    listed: str | None = None
    block: int = Field(default=0, ge=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class Entry(BaseModel):
    """What is known of a corpus.

    Attributes:
        reader: the module of this package that reads it.
        types: the corpus's own types, each with the unified types that it may stand for.
        folder: its folder in ``CHEMXL_DATA``, where that is not its name; ``shipped`` ones stand in the package.
        options: keyword arguments for the reader.
        gives: what the reader of two languages gives, if not pairs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    domain: str
    licence: str
    citation: str
    url: str
    reader: str = Field(pattern=r"^[a-z_]+$")
    types: dict[str, tuple[Unified, ...]] = {}
    parts: tuple[Part, ...]
    options: dict[str, int | str] = {}
    gives: Literal["facts", "alignments"] | None = None
    folder: str | None = None
    shipped: bool = False
    note: str = ""

    @property
    def paired(self) -> bool:
        """Whether its parts are in two languages each."""
        return any("-" in part.language for part in self.parts)

    @property
    def kind(self) -> Kind:
        """What it holds, and so what reads it: ``corpora.load``, ``pairs``, ``facts`` or ``alignments``."""
        return self.gives or ("pairs" if self.paired else "documents")

    @property
    def languages(self) -> tuple[str, ...]:
        """As the parts have them, in their order."""
        return tuple(dict.fromkeys(part.language for part in self.parts))

    @property
    def splits(self) -> tuple[str, ...]:
        """In the order of the parts."""
        return tuple(dict.fromkeys(part.split for part in self.parts))


@cache
def _entries() -> dict[str, Entry]:
    raw = yaml.safe_load((_HERE / "catalog.yaml").read_text(encoding="utf-8"))
    return {name: Entry.model_validate(fields) for name, fields in raw.items()}


def catalog() -> dict[str, Entry]:
    """All corpora that :func:`chemxl.corpora.load` and :func:`chemxl.corpora.pairs` know, by name."""
    return dict(_entries())


def entry(name: str) -> Entry:
    """One corpus of the catalogue, or what is known of a person's own by its path, see :mod:`chemxl.corpora.paths`.

    Raises:
        CorpusError: there is none of that name, or nothing that can be read at that path.
    """
    if name in _entries():
        return _entries()[name]
    there = _there(name)
    return Entry(
        title=f"a corpus of your own, {paths.FORMATS[there.reader]}",
        domain="",
        licence="yours",
        citation="",
        url="",
        reader=there.reader,
        parts=tuple(Part(split=split, language="", files=()) for split in there.splits),
    )


def is_own(name: str) -> bool:
    """Whether this is no name of the catalogue's, but a path."""
    return name not in _entries()


def _there(name: str) -> paths.Found:
    if not name or not Path(name).exists():
        raise CorpusError(
            f"there is no corpus {name!r}; the catalogue has {', '.join(_entries())}, and there is no such path"
        )
    if not name.isascii() and name != name.encode("utf-8", "replace").decode():
        raise CorpusError(f"{name!a} is not UTF-8, as of an archive that was packed elsewhere: rename it")
    return paths.found(Path(name))


def folder(name: str) -> Path:
    """Where the corpus's files are.

    Raises:
        CorpusError: the corpus is unknown, or is not on this machine.
    """
    if is_own(name):
        return _there(name).root
    known = entry(name)
    if known.shipped:
        return _HERE / name
    data = os.environ.get("CHEMXL_DATA")
    place = Path(data) / (known.folder or name) if data else None
    if place is None or not place.is_dir():
        raise CorpusError(
            f"{name} is not on this machine: set CHEMXL_DATA to the folder that holds {known.folder or name}/ "
            f"(from {known.url}; licence: {known.licence})"
        )
    return place


def parts(name: str, split: str | None, language: str | None) -> list[Part]:
    """The parts of one split and language, or of all.

    Raises:
        CorpusError: the corpus has no such part.
    """
    known = entry(name)
    chosen = [p for p in known.parts if split in (None, p.split) and (language in (None, p.language) or not p.language)]
    if not chosen:
        has = ", ".join(dict.fromkeys(f"{p.split}/{p.language or '*'}" for p in known.parts))
        raise CorpusError(f"{name} has no part {split or '*'}/{language or '*'}; it has {has}")
    return chosen


def files(name: str, part: Part) -> list[Path]:
    """The files of one part, sorted.

    Raises:
        CorpusError: the corpus or the part is not on this machine.
    """
    if is_own(name):
        return list(_there(name).splits[part.split])
    base = folder(name) / part.folder
    found = sorted({path for pattern in part.files for path in base.glob(pattern) if path.is_file()})
    if part.listed:
        listed = base / part.listed
        wanted = set(_passages(listed, listed.stat().st_mtime_ns, part.split)) if listed.is_file() else set()
        found = [path for path in found if path.name.partition(".")[0] in wanted]
    if not found:
        raise CorpusError(f"{name} {part.split}/{part.language}: no file {' or '.join(part.files)} in {base}")
    return found


@lru_cache
def _passages(listed: Path, changed: int, split: str) -> list[str]:
    """Read once for every time that the file was changed."""
    try:
        return [str(id) for id in TypeAdapter(dict[str, list[Any]]).validate_python(read_yaml(listed)).get(split, [])]
    except (ChemxlError, ValidationError) as error:
        raise CorpusError(f"{listed}: a list of passage ids for each split was due") from error


def renamed(name: str, known: Mapping[str, Sequence[str]], types: Sequence[str]) -> dict[str, str]:
    """A corpus's types, each with the first of ``types`` that it may stand for; those with none are left out.

    Args:
        known: for each of its types, what it may stand for.

    Raises:
        CorpusError: it has nothing of one of the types.
    """
    offered = sorted({type for means in known.values() for type in means})
    for type in types:
        if type not in offered:
            raise CorpusError(f"{name} has no type {type!r}; it can give {', '.join(offered) or 'none'}")
    wanted = {type: [one for one in types if one in means] for type, means in known.items()}
    return {type: matching[0] for type, matching in wanted.items() if matching}


def meanings(types: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Types of a person's own corpus: each stands for itself, and for what one of its name in the catalogue may."""
    known: dict[str, dict[str, None]] = {}
    for one in _entries().values():
        for type, means in one.types.items():
            known.setdefault(type.casefold(), {}).update(dict.fromkeys(means))
    return {type: (type, *(one for one in known.get(type.casefold(), ()) if one != type)) for type in types}


def digest(name: str, *, split: str | None = None, language: str | None = None) -> str:
    """SHA-256 over path and bytes of the files that a load would read; the key of anything computed from them.

    Args:
        name: the corpus.
        split: one split; all of them by default.
        language: one language; all of them by default.

    Raises:
        CorpusError: the corpus is unknown or is not on this machine.
    """
    seen = _seen.get({})  # outside of unchanging() a new one each time
    home = folder(name)
    place = name, home, split, language  # several corpora may lie in one folder
    if place not in seen:
        chosen = [(path, path.stat()) for part in parts(name, split, language) for path in files(name, part)]
        seen[place] = _digest(home, tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in chosen))
    return seen[place]


@contextmanager
def unchanging() -> Iterator[None]:
    """Within it the files of corpora are taken to stay as they are, and each is looked at once.

    The experiments of a chapter ask for the digests of the same files some ten thousand times.
    """
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


@lru_cache
def _digest(home: Path, stamped: tuple[tuple[Path, int, int], ...]) -> str:
    """Read once for every time that a file was changed."""
    total = hashlib.sha256()
    for path, _, _ in stamped:
        content = path.read_bytes()
        total.update(f"{path.relative_to(home).as_posix()}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        total.update(content)
    return total.hexdigest()


def available(name: str) -> bool:
    """Whether every part of the corpus is on this machine.

    Raises:
        CorpusError: there is no corpus of that name.
    """
    return absent(name) is None


def absent(name: str) -> str | None:
    """Why a corpus cannot be read here, and the mend; None where every part of it is on this machine.

    Raises:
        CorpusError: there is no corpus of that name.
    """
    entry(name)
    try:
        return None if all(files(name, part) for part in parts(name, None, None)) else f"{name} has no parts"
    except ChemxlError as error:
        return str(error)
