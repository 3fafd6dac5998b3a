"""The BiLSTM-CRF with pretrained word vectors, as an experiment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from chemxl.documents import Document
from chemxl.experiments.digests import sha256
from chemxl.models.tagger import Tagger, bio_labels
from chemxl.models.vectors import VectorTagger, place, read
from chemxl.ner.experiments import BiLstmCrf


@cache
def _digest(path: Path, _changed: int) -> str:
    """The digest of a file, computed once until it changes."""
    return sha256(path.read_bytes())


class VectorBiLstmCrf(BiLstmCrf):
    """The baseline on pretrained word vectors (paper 1, table 2).

    Args:
        vectors: their name, see :func:`chemxl.models.vectors.place`.
    """

    predictor: ClassVar[type[Tagger]] = VectorTagger

    vectors: str = "navec-news"

    def data_digest(self) -> str:
        """The file of the vectors."""
        path = place(self.vectors)
        return super().data_digest() + _digest(path, path.stat().st_mtime_ns)

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The network with the file's vectors and random ones beside them."""
        found = read(place(self.vectors))
        return VectorTagger.untrained(bio_labels(self.labelled(documents)), documents, found)
