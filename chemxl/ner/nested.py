"""Training of taggers that find mentions inside mentions, as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from chemxl.documents import Document
from chemxl.models import encoders
from chemxl.models.learner import SavedLearner
from chemxl.models.spans import SpanNetwork, SpanTagger
from chemxl.models.tagger import SubwordReader


class NestedFineTune(SavedLearner, encoders.FromEncoder):
    """An encoder with a head that scores spans, trained on every gold mention."""

    predictor: ClassVar[type[SpanTagger]] = SpanTagger

    def untrained(self, documents: Sequence[Document]) -> SpanTagger:
        """The encoder under a fresh head; types that no corpus names are those that the documents have."""
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        had = sorted({mention.type for document in documents for mention in document.mentions})
        return SpanTagger(SpanNetwork(encoder, self.types or had), SubwordReader(tokenizer))
