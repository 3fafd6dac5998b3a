"""The simulated annotator: a corpus's own annotation, sentence by sentence, with as many mistakes as are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import ALL, Sample
from chemxl.documents import Document, Mention
from chemxl.experiments.digests import sha256

Unit = Literal["sentence", "document"]


class Annotated(Corpus):
    """The documents of a corpus, or those units of it that the annotator has annotated.

    Args:
        unit: what is annotated at once; for sentences see :class:`chemxl.corpora.samples.Sample`.
        most: how many units there are at most, drawn at random, always the same ones; 0: all.
        ids: the ids of the annotated units; None means all.
        noise: the share of mentions that the annotator gets wrong: misses, gives another type where there is one, or
            ends a word too late or too early. A mention's fate depends on ``noise_seed`` and on the unit's id alone.
    """

    unit: Unit = "sentence"
    most: int = Field(default=0, ge=0)
    ids: tuple[str, ...] | None = None
    noise: float = Field(default=0.0, ge=0, le=1)
    noise_seed: int = 0

    def only(self, ids: Sequence[str]) -> Annotated:
        """The same with these units alone."""
        return self.to(Annotated, ids=tuple(sorted(ids)))

    def load(self) -> list[Document]:
        """The units, each text once, without those that have no word, since these cannot be annotated.

        Sentences come in a random order, always the same.
        """
        whole = self.to(Corpus) if self.unit == "document" else self.to(Corpus).to(Sample, most=ALL)
        units = list({unit.text: unit for unit in whole.load() if unit.words}.values())
        if 0 < self.most < len(units):
            units = [units[i] for i in np.random.default_rng(0).permutation(len(units))[: self.most]]
        if self.ids is not None:
            wanted = set(self.ids)
            units = [unit for unit in units if unit.id in wanted]
        return [noisy(unit, self.types, self.noise, self.noise_seed) for unit in units] if self.noise else units


def noisy(document: Document, types: Sequence[str], share: float, seed: int) -> Document:
    """A copy of a document in which a share of its mentions is wrong."""
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
    """A mention that ends one word too late or, at the end of the text, one word too early if it has several words."""
    later = [end for _, end in document.words if end > mention.end]
    earlier = [end for _, end in document.words if mention.start < end < mention.end]
    end = later[0] if later else earlier[-1] if earlier else mention.end
    return replace(mention, fragments=((mention.start, end),))
