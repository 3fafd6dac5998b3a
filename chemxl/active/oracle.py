"""The simulated annotator: a corpus's own annotation, sentence by sentence, with as many mistakes as are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from chemxl.collect.sentences import sentences
from chemxl.corpora.corpus import Corpus
from chemxl.digests import sha256
from chemxl.documents import Document, Mention, Span

Unit = Literal["sentence", "document"]


class Annotated(Corpus):
    """What the annotator has done of a corpus.

    Args:
        unit: what is annotated at once; sentences are named ``<document>#<number>``.
        ids: of the units that are annotated; all where it is None.
        noise: the share of mentions that the annotator gets wrong: misses, gives another type where there is one, or
            ends a word too late or too early. A mention's fate depends on ``noise_seed`` and on the unit's id alone.
    """

    unit: Unit = "sentence"
    ids: tuple[str, ...] | None = None
    noise: float = Field(default=0.0, ge=0, le=1)
    noise_seed: int = 0

    @classmethod
    def of(cls, corpus: Corpus, *, unit: Unit = "sentence", noise: float = 0.0, noise_seed: int = 0) -> Annotated:
        """All of a corpus."""
        fields = {name: getattr(corpus, name) for name in Corpus.model_fields}
        return cls(**fields, unit=unit, noise=noise, noise_seed=noise_seed)

    def only(self, ids: Sequence[str]) -> Annotated:
        """These units of it."""
        fields = {name: getattr(self, name) for name in Annotated.model_fields}
        return Annotated(**fields | {"ids": tuple(sorted(ids))})

    def load(self) -> list[Document]:
        """The units, in the corpus's order; those without a word cannot be annotated and are left out."""
        corpus = Corpus(**{name: getattr(self, name) for name in Corpus.model_fields})
        units = [u for d in corpus.load() for u in (cut(d) if self.unit == "sentence" else [d]) if u.words]
        if self.ids is not None:
            wanted = set(self.ids)
            units = [unit for unit in units if unit.id in wanted]
        return [noisy(unit, self.types, self.noise, self.noise_seed) for unit in units] if self.noise else units


def cut(document: Document) -> list[Document]:
    """A document's sentences; one that ends inside a mention goes on to the end of the next.

    Relations are left out.
    """
    spans: list[Span] = []
    for start, end in sentences(document.text, document.language):
        if spans and any(m.start < spans[-1][1] < m.end for m in document.mentions):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return [_part(document, number, *span) for number, span in enumerate(spans)]


def _part(document: Document, number: int, start: int, end: int) -> Document:
    mentions = tuple(
        replace(m, fragments=tuple((a - start, b - start) for a, b in m.fragments))
        for m in document.mentions
        if start <= m.start and m.end <= end
    )
    return replace(
        document, id=f"{document.id}#{number}", text=document.text[start:end], mentions=mentions, relations=()
    )


def noisy(document: Document, types: Sequence[str], share: float, seed: int) -> Document:
    """A document with so many of its mentions wrong."""
    rng = np.random.default_rng([seed, int(sha256(document.id)[:15], 16)])
    kept = []
    for mention in document.mentions:
        wrong, how = rng.random() < share, int(rng.integers(3))
        others = [type_ for type_ in types if type_ != mention.type]
        if not wrong:
            kept.append(mention)
        elif how == 1 and others:
            kept.append(replace(mention, type=str(rng.choice(others))))
        elif how == 2:
            kept.append(_misjudged(mention, document))
    return replace(document, mentions=tuple(kept), relations=())


def _misjudged(mention: Mention, document: Document) -> Mention:
    """One that ends a word late, or, at the text's end, a word early where it has more than one."""
    later = [end for _, end in document.words if end > mention.end]
    earlier = [end for _, end in document.words if mention.start < end < mention.end]
    end = later[0] if later else earlier[-1] if earlier else mention.end
    return replace(mention, fragments=((mention.start, end),))
