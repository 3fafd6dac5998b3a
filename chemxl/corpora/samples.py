"""Few labelled sentences: what a person has annotated after an hour, or a day."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from pydantic import Field

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Mention, Span

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


def split(document: Document) -> list[Document]:
    """The sentences of a document with their mentions. Sentences that a mention joins stay together; relations and
    labels of the document go."""
    parts: list[Span] = []
    for start, end in sentences(document.text, document.language):
        if parts and any(m.start < parts[-1][1] and m.end > start for m in document.mentions):
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((start, end))
    return [
        replace(
            document,
            id=f"{document.id}~{i}",
            text=document.text[start:end],
            mentions=tuple(_moved(m, start) for m in document.mentions if start <= m.start and m.end <= end),
            relations=(),
            labels=(),
            source=document.origin,
        )
        for i, (start, end) in enumerate(parts, 1)
    ]


def _moved(mention: Mention, start: int) -> Mention:
    return replace(mention, fragments=tuple((a - start, b - start) for a, b in mention.fragments))
