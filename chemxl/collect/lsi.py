"""Cross-language latent semantic indexing (Dumais et al. 1997): vectors for two languages from sentence pairs alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from chemxl.documents import Pair
from chemxl.errors import ChemxlError


class LatentSemantic:
    """A function from texts to unit vectors, for two languages that need not share a word.

    A sentence and its translation are read as one text. Its letter sequences of 2 to 5, weighted by tf-idf, are cut to
    the ``size`` directions that hold most of the collection; what stands in each other's translations then points the
    same way. Parts of words rather than words, since Russian inflects and names of substances are made of parts.

    Args:
        pairs: what is learnt from.
        seed: the seed of the truncated singular value decomposition.

    Raises:
        ChemxlError: fewer pairs than directions.
    """

    def __init__(self, pairs: Sequence[Pair], *, size: int = 256, seed: int = 0) -> None:
        if len(pairs) <= size:
            raise ChemxlError(f"{len(pairs)} sentence pairs for {size} directions: give more pairs, or a smaller size")
        self._weights = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
        table = self._weights.fit_transform([f"{pair.source} {pair.target}" for pair in pairs])  # (P, V)
        self._axes = TruncatedSVD(size, random_state=seed).fit(table)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors of texts, (N, d) float32; a text without a known word gets the first direction."""
        if not texts:
            return np.zeros((0, self._axes.n_components), dtype=np.float32)
        vectors = self._axes.transform(self._weights.transform(texts))  # (N, d)
        vectors[~vectors.any(axis=1), 0] = 1
        return np.asarray(normalize(vectors), dtype=np.float32)
