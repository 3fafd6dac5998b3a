"""A trained tagger on any corpus, by its name or its path."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from chemxl import corpora
from chemxl.best import named as named_model
from chemxl.documents import Document
from chemxl.errors import ChemxlError, CorpusError
from chemxl.models.tagger import Tagger
from chemxl.own.division import types_of
from chemxl.own.report import Report
from chemxl.own.train import LEARNT, digest_of


def evaluate(
    model: Path, corpus: str, *, split: str | None = None, language: str | None = None, types: Sequence[str] = ()
) -> Report:
    """A report on a tagger's predictions on a corpus. Documents that ``chemxl train`` let it learn from are left out,
    which is said.

    Args:
        model: its folder, or ``in-the-box``.
        corpus: a name of the catalogue, or a path.
        split: test by default where there is one, otherwise all.
        types: what is scored, as the tagger names it; ``THEIRS=OURS`` where the corpus names a type otherwise, and
            ``THEIRS=OURS+OURS`` where it has one type for two of the tagger's. By default all that both have.

    Raises:
        ChemxlError: the tagger or the corpus cannot be had, or they have no type in common.
    """
    faults: list[corpora.Fault] = []
    split = split or ("test" if "test" in corpora.entry(corpus).splits else None)
    read = corpora.load(corpus, split=split, language=language, faults=faults)
    if faults:
        print(f"{len(faults)} faults in it are left out: chemxl corpora check {corpus}", file=sys.stderr)
    model = named_model(model)
    tagger = Tagger.load(model)
    names, same = named(corpus, tagger.model.types, types), joined(types)
    documents = unseen(model, [replace(document.retyped(names), relations=()) for document in read])
    said = f"{corpus} {split or 'all'}"
    if not documents:
        raise CorpusError(f"{said}: no document is left that the model did not learn from: give others")
    print(f"{said}: {len(documents)} documents", file=sys.stderr)
    found = [[replace(m, type=same.get(m.type, m.type)) for m in mentions] for mentions in tagger.predict(documents)]
    return Report.of(documents, found, list(dict.fromkeys(names.values())))


def joined(types: Sequence[str]) -> dict[str, str]:
    """The tagger's types that count as another one of them: ``GENE`` as ``CHEM`` in ``THEIRS=CHEM+GENE``."""
    parts = [type.partition("=")[2].split("+") for type in types]
    return {other: first for first, *others in parts for other in others}


def named(corpus: str, finds: Sequence[str], types: Sequence[str]) -> dict[str, str]:
    """For each type of a corpus, the type of the tagger that stands for it.

    Raises:
        ChemxlError: there is none, or one that was asked for is unknown, or counts as another one.
    """
    known, same = corpora.types(corpus), joined(types)
    given = {theirs: ours.split("+")[0] for theirs, equal, ours in (type.partition("=") for type in types) if equal}
    plain = [type for type in types if "=" not in type]
    if strange := [type for type in [*given.values(), *same, *plain] if type not in finds]:
        raise ChemxlError(f"the model finds no {strange[0]!r}; it finds {', '.join(finds)}")
    if twice := [type for type in [*given.values(), *plain] if type in same]:
        raise ChemxlError(f"{twice[0]} is counted as {same[twice[0]]}: do not ask for it by itself, too")
    if strange := [type for type in given if type not in known]:
        raise ChemxlError(f"{corpus} has no {strange[0]!r}; it has {', '.join(known)}")
    offered = {type for means in known.values() for type in means}
    both = plain if types else [type for type in finds if type in offered]
    if not both and not given:
        has, mend = ", ".join(known) or "no mentions", f"--types {next(iter(known), 'THEIRS')}={finds[0]}"
        raise ChemxlError(f"the model finds {', '.join(finds)}, and {corpus} has {has}: say which are the same, {mend}")
    return (corpora.unified(corpus, types_of(corpus, both)) if both else {}) | given


def unseen(model: Path, documents: Sequence[Document]) -> list[Document]:
    """The documents that a model of ``chemxl train`` did not learn from; all documents for another model."""
    path = model / LEARNT
    learnt = set(json.loads(path.read_text("utf-8"))) if path.exists() else set()
    left = [document for document in documents if digest_of(document) not in learnt]
    if len(left) < len(documents):
        count = len(documents) - len(left)
        print(f"{count} of {len(documents)} documents are left out: the model learnt from them", file=sys.stderr)
    return left
