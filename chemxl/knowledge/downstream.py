"""What encoders are tested on: text as taggers and classifiers read it, and a tagger that is only a lexicon."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.matcher import folded
from chemxl.documents import HAN, Document, Label, Mention
from chemxl.evaluation.metrics import MICRO, Counts, count, origins
from chemxl.experiments.experiment import Experiment
from chemxl.knowledge.entities import Names
from chemxl.knowledge.lexicon import Lexicon
from chemxl.models.learner import Evaluation
from chemxl.models.tagger import Tagger, gold

ASSOCIATED, NEITHER = "ASSOCIATED", "NEITHER"
# Between a Chinese character or sign and anything else there is no blank.
_WIDE = rf"[{HAN}\u3000-\u303f\uff00-\uffef]"
_BLANK = re.compile(rf"(?<={_WIDE}) | (?={_WIDE})")


class Unspaced(Corpus):
    """Chinese text without the blanks that a CoNLL file puts between its characters."""

    def load(self) -> list[Document]:
        """The documents without these blanks, their mentions moved."""
        return [unspaced(document) for document in super().load()]


def unspaced(document: Document) -> Document:
    """The document without blanks beside Chinese characters; every mention still covers the same characters."""
    gone = np.zeros(len(document.text) + 1, dtype=np.int64)
    for blank in _BLANK.finditer(document.text):
        gone[blank.end() :] += 1

    def moved(mention: Mention) -> Mention:
        """A mention at its new place."""
        return replace(mention, fragments=tuple((a - int(gone[a]), b - int(gone[b])) for a, b in mention.fragments))

    return replace(document, text=_BLANK.sub("", document.text), mentions=tuple(map(moved, document.mentions)))


class Associations(Corpus):
    """Sentences with a masked gene and a masked disease, each with the class whether it relates them, as in paper 3."""

    def load(self) -> list[Document]:
        """The sentences, with one label each."""
        return [
            replace(document, labels=(Label(ASSOCIATED if document.relations else NEITHER),))
            for document in super().load()
        ]


class LexiconTagger(Experiment):
    """A tagger that learns nothing: it marks the translations of names that were annotated in another language.

    Args:
        train: annotated English text.
        corpus: what is tagged, in the lexicon's other language.
    """

    train: tuple[Corpus, ...]
    corpus: Corpus
    lexicon: Lexicon

    @property
    def seed(self) -> int:
        """0, since nothing is drawn."""
        return 0

    def predict(self, documents: Sequence[Document]) -> list[list[Mention]]:
        """The names whose translation was annotated, with its most frequent type."""
        types: dict[str, list[str]] = {}
        for corpus in self.train:
            for document in corpus.load():
                for mention in document.mentions:
                    types.setdefault(folded(document.surface(mention)), []).append(mention.type)
        names = Names([pair for pair in self.lexicon.pairs() if folded(pair.source) in types], self.lexicon.language)
        usual: dict[str, str] = {}
        for key, others in names.translations.items():
            had = Counter(type for name in others for type in types[folded(name)])
            usual[key] = min(had, key=lambda type: (-had[type], type))
        return [
            [Mention.of(usual[match.key], match.start, match.end) for match in names.find(document.text)]
            for document in documents
        ]

    def compute(self, folder: Path) -> dict[str, float]:
        """Predict, score, and keep the counts."""
        documents = self.corpus.load()
        found = Tagger.count(documents, self.predict(documents))
        np.savetxt(folder / "counts.tsv", found.column(), "%d", delimiter="\t")
        return {"F1": found.scores()[MICRO].f1, "documents": len(documents)}

    def counts(self) -> Counts:
        """Counts by document, of all types together."""
        rows = np.loadtxt(self.run().folder / "counts.tsv", dtype=np.int64, ndmin=2)  # (D, 3)
        return Counts((MICRO,), rows[:, None])


def recalled(value: Evaluation, names: Names, *, known: bool) -> np.ndarray:
    """For each document, right, found and due mentions, (D, 3); only mentions that a lexicon has are due, or only those
    that none has.

    Only recall can be read from it: what was found counts whole.
    """
    documents, found = value.outcome()
    due = [
        [m for m in layer.mentions if (names.matcher.key(document.surface(m)) in names.translations) is known]
        for document, layer in zip(documents, gold(documents), strict=True)
    ]
    return count(due, found, sources=origins(documents)).column()
