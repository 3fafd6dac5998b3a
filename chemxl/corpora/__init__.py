"""Corpora: one catalogue, one ``load``, one reader per format."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

from chemxl.corpora import brat, conll, pubtator, tsv
from chemxl.corpora.entries import Entry, available, catalog, digest, entry, files, folder, parts, unified
from chemxl.corpora.faults import Fault, Log
from chemxl.documents import Document

__all__ = ["Entry", "Fault", "Log", "available", "catalog", "digest", "files", "load", "unified"]

_READERS: dict[str, Callable[..., list[Document]]] = {
    "brat": brat.read,
    "conll": conll.read,
    "pubtator": pubtator.read,
    "tsv": tsv.read,
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
        types: unified types wanted (CHEM, DRUG, DISEASE, GENE, SPECIES), in order of preference: a mention is kept
            under the first that its own type may stand for. By default all mentions, with the corpus's own types.
        strict: make the first fault an error.
        faults: gets the faults; without it, one warning says how many there are.

    Raises:
        CorpusError: the corpus, part or type is unknown, the corpus is not on this machine, or, with ``strict``, a
            file has a fault.
    """
    known = entry(name)
    renamed = None if types is None else unified(name, types)
    log = Log(strict=strict)
    documents = []
    for part in parts(name, split, language):
        read = _READERS[known.reader](files(name, part), log, root=folder(name) / part.folder, **known.options)
        for document in read:
            document = document if renamed is None else document.retyped(renamed)
            documents.append(replace(document, language=part.language, domain=part.domain or known.domain))
    if faults is not None:
        faults.extend(log.faults)
    elif log.faults:
        warnings.warn(f"{name}: {len(log.faults)} faults, the first: {log.faults[0]}", stacklevel=2)
    return documents
