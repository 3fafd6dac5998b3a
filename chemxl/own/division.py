"""The portions of a corpus to learn from, to stop by and to test on: its own splits, or new ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from chemxl import corpora
from chemxl.corpora.corpus import Corpus, twin_key
from chemxl.documents import Document
from chemxl.errors import CorpusError

SHARES = 0.15, 0.2  # of the documents, to stop by and to test on
_COUNTED = {"annotated", "conll"}  # readers of formats whose documents are rows, which may have no names of their own


class Apart(Corpus):
    """A split without the documents of other splits. In JSON lines and CoNLL, where each file counts its rows from one,
    equal ids in two files do not mean equal documents."""

    def free(self, documents: Sequence[Document]) -> list[Document]:
        """The documents that are in no corpus of ``without``, neither themselves, nor translated, nor under another
        id."""
        if not (corpora.is_own(self.name) and corpora.entry(self.name).reader in _COUNTED):
            return super().free(documents)
        held_out = [document for corpus in self.without for document in corpus.load()]
        texts = {" ".join(document.text.split()) for document in held_out}
        twins: dict[str, set[tuple[str, str]]] = {}
        for document in held_out:
            twins.setdefault(twin_key(document.id), set()).add((document.id, document.language))
        return [
            document
            for document in documents
            if " ".join(document.text.split()) not in texts
            and not twins.get(twin_key(document.id), set()) - {(document.id, document.language)}
        ]


class Dealt(Apart):
    """One of three portions of a split's documents; parts, translations and copies of a document are in one portion.

    Args:
        portion: which of the three this is.
        shares: the shares of documents for dev and for test; at least one document, unless the share is 0.
        draw: the seed of the order in which they are dealt out.
    """

    portion: Literal["train", "dev", "test"] = "train"
    shares: tuple[float, float] = SHARES
    draw: int = 0

    def load(self) -> list[Document]:
        """The documents of the portion, in the order of the corpus."""
        documents = self.to(Apart).load()
        texts: dict[str, str] = {}
        keys = [texts.setdefault(document.text, twin_key(document.origin)) for document in documents]
        names = list(dict.fromkeys(keys))
        order = np.random.default_rng(self.draw).permutation(len(names)).tolist()
        dev, test = (math.ceil(share * len(names)) for share in self.shares)
        start, end = {"test": (0, test), "dev": (test, test + dev), "train": (test + dev, len(names))}[self.portion]
        chosen = {names[i] for i in order[start:end]}
        return [document for document, key in zip(documents, keys, strict=True) if key in chosen]


class Division(NamedTuple):
    """The three portions of a corpus."""

    train: Corpus
    dev: Corpus
    test: Corpus


def divided(name: str, *, types: Sequence[str], language: str | None = None, seed: int = 0) -> Division:
    """The three portions: the corpus's own splits; those that it lacks are taken out of train, by document.

    No document of dev or test is learnt from, in whatever language, under whatever id.

    Raises:
        CorpusError: the corpus is unknown or has no such type, or has too few documents.
    """
    splits = corpora.entry(name).splits
    whole = Corpus(name=name, split="train" if "train" in splits else splits[0], language=language, types=tuple(types))
    test = whole.to(Corpus, split="test") if {"train", "test"} <= set(splits) else None
    dev = whole.to(Apart, split="dev", without=(test,) if test else ()) if {"train", "dev"} <= set(splits) else None
    held_out = tuple(corpus for corpus in (dev, test) if corpus)
    shares = (0.0 if dev else SHARES[0], 0.0 if test else SHARES[1])
    train, *rest = (
        whole.to(Dealt, portion=portion, shares=shares, draw=seed, without=held_out)
        for portion in ("train", "dev", "test")
    )
    division = Division(train, dev or rest[0], test or rest[1])
    counts = [len(portion.load()) for portion in division]
    if not all(counts):
        raise CorpusError(
            f"{name} gives {counts[0]} documents to learn from, {counts[1]} to stop by and {counts[2]} to test on: "
            "each needs one, so three are the least"
        )
    return division


def left_out(division: Division) -> int:
    """How many documents of train and of dev are in no portion, since a later split also holds them."""
    splits = {portion.split: portion for portion in division[:2]}
    return sum(len(one.to(Corpus, without=()).load()) - len(one.to(Apart).load()) for one in splits.values())


def types_of(name: str, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The types of a corpus; of one in the catalogue, the unified types come first.

    Of two that one of its types may stand for, the one that fewer of them may stand for comes first, as DRUG before
    CHEM: so a mention is of the narrower one.

    Args:
        wanted: these, in that order.

    Raises:
        CorpusError: the corpus is unknown, or nothing is annotated in it.
    """
    known = corpora.types(name)
    if not known:
        raise CorpusError(f"{name} has no mentions: annotate some first")
    found = wanted or sorted({means[0] for means in known.values()})
    return tuple(sorted(found, key=lambda type: sum(type in means for means in known.values())))
