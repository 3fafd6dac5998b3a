"""Sentence embedders by name; each text is embedded once in a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from chemxl.collect.lsi import LatentSemantic
from chemxl.collect.margin import Embed
from chemxl.corpora.texts import twin_sentences
from chemxl.models.embeddings import Embedder

LSI = "lsi"
PREFIXES = {"e5-small": "query: "}  # what an encoder was trained to see before a text


@lru_cache(maxsize=4)
def embedder(name: str) -> Embed:
    """The function from texts to unit vectors that a name means: ``lsi``, learnt from the mini corpus's training pairs,
    or an encoder."""
    if name == LSI:
        return LatentSemantic(twin_sentences("train", expanded=2000))
    return _Remembered(Embedder(name, prefix=PREFIXES.get(name, "")))


class _Remembered:
    """An embedder that remembers its vectors, since experiments with other damage share nearly all sentences."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(N, d)"""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])
