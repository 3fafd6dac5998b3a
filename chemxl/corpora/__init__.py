"""Corpora: one catalogue, one ``load`` for documents, one ``pairs`` for parallel text, one reader per format."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

from chemxl.corpora import (
    bioc,
    brat,
    chemprot,
    concepts,
    conll,
    gad,
    jsonl,
    lexicon,
    lines,
    linked,
    livingner,
    po,
    pubmedqa,
    pubtator,
    rudrec,
    text,
    tmx,
    tsv,
)
from chemxl.corpora.entries import Entry, available, catalog, digest, entry, files, folder, parts, unified
from chemxl.corpora.faults import Fault, Log
from chemxl.documents import Document, Pair
from chemxl.errors import CorpusError

__all__ = ["Entry", "Fault", "Log", "available", "catalog", "digest", "files", "load", "pairs", "unified"]

_READERS: dict[str, Callable[..., list[Document]]] = {
    "bioc": bioc.read,
    "brat": brat.read,
    "chemprot": chemprot.read,
    "conll": conll.read,
    "gad": gad.read,
    "jsonl": jsonl.read,
    "livingner": livingner.read,
    "pubmedqa": pubmedqa.read,
    "pubtator": pubtator.read,
    "rudrec": rudrec.read,
    "text": text.read,
    "tsv": tsv.read,
}
_PAIR_READERS: dict[str, Callable[..., list[Pair]]] = {
    "concepts": concepts.read,
    "lexicon": lexicon.read,
    "lines": lines.read,
    "linked": linked.read,
    "po": po.read,
    "tmx": tmx.read,
}


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
        name: as in :func:`catalog`.
        split: one split; all of them by default.
        language: one language; all of them by default.
        types: unified types wanted (CHEM, DRUG, DISEASE, GENE, SPECIES, HUMAN), in order of preference: a mention is
            kept under its own type where that is one of them, otherwise under the first that it may stand for. By
            default all mentions, with the corpus's own types.
        strict: make the first fault an error.
        faults: gets the faults; without it, one warning says how many there are.

    Raises:
        CorpusError: the corpus, part or type is unknown, the corpus is pairs or is not on this machine, or, with
            ``strict``, a file has a fault.
    """
    known = entry(name)
    if known.paired:
        raise CorpusError(f"{name} is parallel text: read it with corpora.pairs({name!r})")
    renamed = None if types is None else unified(name, types)
    log = Log(strict=strict)
    documents = []
    for part in parts(name, split, language):
        read = _READERS[known.reader](files(name, part), log, root=folder(name) / part.folder, **known.options)
        for document in read:
            document = document if renamed is None else document.retyped(renamed)
            documents.append(replace(document, language=part.language, domain=part.domain or known.domain))
    _report(name, log, faults)
    return documents


def pairs(
    name: str,
    *,
    split: str | None = None,
    language: str | None = None,
    strict: bool = False,
    faults: list[Fault] | None = None,
) -> list[Pair]:
    """Pairs of a corpus of parallel text, or of a lexicon.

    Args:
        name: as in :func:`catalog`.
        split: one split; all of them by default.
        language: two languages, such as ``en-ru``; all that there are by default.
        strict: make the first fault an error.
        faults: gets the faults; without it, one warning says how many there are.

    Raises:
        CorpusError: the corpus or part is unknown, the corpus is documents or is not on this machine, or, with
            ``strict``, a file has a fault.
    """
    known = entry(name)
    if not known.paired:
        raise CorpusError(f"{name} is not parallel text: read it with corpora.load({name!r})")
    log = Log(strict=strict)
    found = []
    for part in parts(name, split, language):
        languages = tuple(part.language.split("-"))
        read = _PAIR_READERS[known.reader](
            files(name, part), log, root=folder(name) / part.folder, languages=languages, **known.options
        )
        found += [replace(pair, domain=part.domain or known.domain) for pair in read]
    _report(name, log, faults)
    return found


def _report(name: str, log: Log, faults: list[Fault] | None) -> None:
    if faults is not None:
        faults.extend(log.faults)
    elif log.faults:
        warnings.warn(f"{name}: {len(log.faults)} faults, the first: {log.faults[0]}", stacklevel=3)
