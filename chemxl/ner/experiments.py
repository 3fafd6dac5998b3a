"""The training of taggers as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from chemxl.documents import Document
from chemxl.models import encoders
from chemxl.models.labellers import BiLstmLabeller, EncoderLabeller, Vocabulary
from chemxl.models.learner import SavedLearner
from chemxl.models.readers import SubwordReader, WordReader
from chemxl.models.tagger import Tagger, bio_labels
from chemxl.models.training import Training


class NerModel(SavedLearner):
    """A tagger as an experiment."""

    predictor: ClassVar[type[Tagger]] = Tagger

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The tagger before its first step."""
        raise NotImplementedError

    def tagger(self) -> Tagger:
        """The trained tagger; it is trained now if it is not in the cache."""
        tagger: Tagger = self.load()
        return tagger


class FineTune(NerModel, encoders.FromEncoder):
    """An encoder with a softmax head (paper 0, section V; paper 1, section 3) or a CRF (paper 3, section 5.1.2)."""

    head: Literal["softmax", "crf"] = "softmax"

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The encoder with a fresh head."""
        # Only the head has dropout.
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        model = EncoderLabeller(encoder, bio_labels(self.labelled(documents)), crf=self.head == "crf")
        return Tagger(model, SubwordReader(tokenizer))


class BiLstmCrf(NerModel):
    """The baseline without pretraining (paper 1, table 2), as an experiment."""

    training: Training = Training(epochs=10, tokens=2048, rate=2e-3, head_rate=2e-3, clip=5.0)

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The network with random embeddings of the words and characters of the training texts."""
        vocabulary = Vocabulary.of([d.text[s:e] for s, e in d.words] for d in documents)
        words, characters = len(vocabulary.words) + 2, len(vocabulary.characters) + 2
        labels = bio_labels(self.labelled(documents))
        return Tagger(BiLstmLabeller(labels, words=words, characters=characters), WordReader(vocabulary))
