"""Sentences of corpora: few to learn from, as a person has annotated after a day, and those that are held out."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from pydantic import Field

from chemxl.corpora.corpus import Corpus, translation_key
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Span

ALL = 1_000_000  # more sentences than any corpus has


class Sample(Corpus):
    """Sentences drawn from a corpus, each a document; of one ``draw``, a larger sample holds every smaller one.

    A sentence that also stands in a document of ``without`` is left out.

    Args:
        most: how many; fewer where the corpus has fewer.
        draw: the seed of the order in which they are taken.
    """

    most: int = Field(ge=1)
    draw: int = 0

    def whole(self) -> Corpus:
        """What is drawn from."""
        return self.to(Corpus)

    def load(self) -> list[Document]:
        """The sentences, in the order in which they were drawn."""
        whole = self.whole()
        found = _sentences(whole, "".join(part.data_digest() for part in whole.parts()))
        order = np.random.default_rng(self.draw).permutation(len(found))[: self.most]
        return [found[i] for i in order.tolist()]


@lru_cache(maxsize=8)
def _sentences(corpus: Corpus, digest: str) -> list[Document]:
    held_out = {part.text for other in corpus.without for document in other.load() for part in split(document)}
    return [part for document in corpus.load() for part in split(document) if part.text not in held_out]


class Labelled(Sample):
    """A sample of one kind of text, where a corpus has several.

    Args:
        domain: the only kind that is taken.
    """

    domain: str = ""

    def load(self) -> list[Document]:
        """The sentences, in the order in which they were drawn."""
        drawn = self.to(Sample, most=ALL).load()
        return [sentence for sentence in drawn if self.domain in ("", sentence.domain)][: self.most]


class HeldOut(Corpus):
    """Documents to test on, sentence by sentence, as models are trained.

    Given in ``without`` of what is trained on, it takes out of there its documents, their translations, and every
    sentence that stands in it.

    Args:
        share: of the documents, drawn with ``draw``; for a corpus that has no test part.
        most: of their sentences at most, drawn from all documents alike.
        domain: the only kind of text taken, where a corpus has several.
    """

    share: float = Field(default=1.0, gt=0, le=1)
    draw: int = 0
    most: int = Field(default=ALL, ge=1)
    domain: str = ""

    def load(self) -> list[Document]:
        """The sentences, those of a document together."""
        return list(_held_out(self, self.data_digest()))

    def whole(self) -> list[Document]:
        """The documents, uncut."""
        documents = [document for document in super().load() if self.domain in ("", document.domain)]
        return _some(documents, round(self.share * len(documents)), self.draw)


class Portion(Corpus):
    """Some whole documents of a corpus.

    Args:
        splits: that are read as one, where they are several; ``split`` is not read then.
        twins: only the translations of these.
        related: leave out documents that have mentions and no relation: where a corpus has relations, nobody annotated
            them there.
        share: from which to which part of the documents, in the order of ``draw``.
        most: so many of these at most.
        draw: the seed of that order.
    """

    splits: tuple[str, ...] = ()
    twins: Corpus | None = None
    related: bool = False
    share: tuple[float, float] = (0.0, 1.0)
    most: int = Field(default=ALL, ge=1)
    draw: int = 0

    def whole(self) -> list[Corpus]:
        """What it is a part of, one corpus a split."""
        return [self.to(Corpus, split=split) for split in self.splits or (self.split,)]

    def load(self) -> list[Document]:
        """The documents, in the order in which they stand."""
        documents = [document for corpus in self.whole() for document in corpus.load()]
        if self.twins is not None:
            keys = {translation_key(document.id) for document in self.twins.load()}
            documents = [document for document in documents if translation_key(document.id) in keys]
        if self.related:
            documents = [document for document in documents if document.relations or not document.mentions]
        order = np.random.default_rng(self.draw).permutation(len(documents))
        low, high = (round(edge * len(documents)) for edge in self.share)
        return [documents[i] for i in sorted(order[low:high][: self.most].tolist())]

    def data_digest(self) -> str:
        """Of all splits."""
        return "".join(corpus.data_digest() for corpus in self.whole())


@lru_cache(maxsize=32)
def _held_out(corpus: HeldOut, digest: str) -> list[Document]:
    sentences = [sentence for document in corpus.whole() for sentence in split(document)]
    return _some(sentences, corpus.most, corpus.draw)


def _some(items: list[Document], count: int, draw: int) -> list[Document]:
    """So many, drawn, in the order in which they stand."""
    order = np.random.default_rng(draw).permutation(len(items))
    return [items[i] for i in sorted(order[:count].tolist())]


def split(document: Document) -> list[Document]:
    """The sentences of a document with their mentions and the relations between these.

    Sentences that a mention joins stay together; a relation between mentions of two sentences is left out, and so are
    labels of the document.
    """
    parts: list[Span] = []
    for start, end in sentences(document.text, document.language):
        if parts and any(m.start < parts[-1][1] and m.end > start for m in document.mentions):
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((start, end))
    return [_part(document, span, number) for number, span in enumerate(parts, 1)]


def _part(document: Document, span: Span, number: int) -> Document:
    start, end = span
    inside = (m for m in document.mentions if start <= m.start and m.end <= end)
    mentions = tuple(replace(m, fragments=tuple((a - start, b - start) for a, b in m.fragments)) for m in inside)
    ids = {mention.id for mention in mentions}
    return replace(
        document,
        id=f"{document.id}~{number}",
        text=document.text[start:end],
        mentions=mentions,
        relations=tuple(relation for relation in document.relations if {relation.head, relation.tail} <= ids),
        labels=(),
        source=document.origin,
    )
