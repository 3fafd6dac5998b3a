"""A tagger for texts as they come: several corpora that annotate different types, read in ever other forms."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from chemxl import corpora
from chemxl.corpora import carriers
from chemxl.corpora.variation import Variation
from chemxl.documents import Document
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.tagger import Tagger
from chemxl.ner.experiments import FineTune


class VariedFineTune(FineTune):
    """An encoder under a softmax, on corpora of which each is read several times, every time in another form.

    What a corpus does not annotate, it says nothing of: a word without a label may be of a type that it lacks.

    Args:
        copies: how often each corpus is read in an epoch.
        carriers: sentences with names in their places, of each language so many documents.
        names: a corpus of English and Russian names of substances that are put in; none: those made by rule alone.
        draw: other forms of the texts, and other carriers, of the same seed.
        frozen: the vectors of subwords stay the encoder's, so that one that no text uses does not lose its neighbours.
    """

    copies: tuple[int, ...]
    carriers: int = 0
    names: str = ""
    draw: int = 0
    frozen: bool = False
    variation: Variation = Variation()

    def documents(self) -> list[Document]:
        """Every copy of every corpus, and the carriers; the same each time."""
        rng = random.Random(self.seed + 1000 * self.draw)
        pairs = corpora.pairs(self.names, split="train", language="en-ru", faults=[]) if self.names else []
        medicines = carriers.named([(pair.source, pair.target) for pair in pairs])
        given = {language: [name.form(language) for name in medicines] for language in ("en", "ru")}
        made = []
        for place, (corpus, copies) in enumerate(zip(self.train, self.copies, strict=True)):
            for copy in range(copies):
                for document in corpus.load():
                    apart = replace(document, id=f"{place}/{document.id}~{copy}", source=document.origin)
                    made += self.variation.of(apart, rng, given)
        for language in ("en", "ru") if self.carriers else ():
            for document in carriers.carried(self.carriers, rng, language, medicines):
                made += self.variation.of(document.retyped({type: type for type in self.types}), rng, given)
        return made

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The encoder under a fresh head; it knows which types each document lacks."""
        tagger = super().untrained(documents)
        if self.frozen and isinstance(tagger.model, EncoderLabeller):
            tagger.model.encoder.get_input_embeddings().requires_grad_(False)
        lacking = {str(place): frozenset(self.types) - set(corpus.types) for place, corpus in enumerate(self.train)}
        tagger.lacking = {d.id: lacking.get(d.id.partition("/")[0], frozenset()) for d in documents}
        return tagger

    def data_digest(self) -> str:
        """The encoder's files, the names, and what sentences and other names are made of."""
        names = corpora.read_digest(self.names, split="train", language="en-ru") if self.names else ""
        return super().data_digest() + names + carriers.digest()
