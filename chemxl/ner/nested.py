"""Nested mentions: training as a value, and scores against all gold mentions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from chemxl.documents import Document
from chemxl.evaluation import metrics
from chemxl.models import encoders
from chemxl.models.learner import Evaluation, SavedLearner
from chemxl.models.readers import SubwordReader
from chemxl.models.spans import SpanNetwork, SpanTagger


class NestedFineTune(SavedLearner, encoders.FromEncoder):
    """An encoder with a head that scores spans, trained on every gold mention."""

    predictor: ClassVar[type[SpanTagger]] = SpanTagger

    def untrained(self, documents: Sequence[Document]) -> SpanTagger:
        """The encoder with a fresh head."""
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        return SpanTagger(SpanNetwork(encoder, self.labelled(documents)), SubwordReader(tokenizer))


class WholeEvaluation(Evaluation):
    """A tagger scored against every gold mention, nested ones included, whether it can find them or not."""

    def counts(self) -> metrics.Counts:
        """Counts by source document."""
        documents, found = self.outcome()
        return metrics.count([d.mentions for d in documents], found, sources=metrics.origins(documents))
