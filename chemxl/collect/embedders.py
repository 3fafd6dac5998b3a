"""Functions that embed sentences, by name; each text is embedded once in a process."""

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
    """Texts to unit vectors: ``lsi``, learnt from the mini corpus's training pairs, or an encoder of that name."""
    if name == LSI:
        return LatentSemantic(twin_sentences("train", expanded=2000))
    return _Remembered(Embedder(name, prefix=PREFIXES.get(name, "")))


class _Remembered:
    """Each text is embedded once in a process: experiments with other damage share nearly all of their sentences."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: dict[str, np.ndarray] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(N, d)"""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._embed(new), strict=True))
        return np.stack([self._known[text] for text in texts])
