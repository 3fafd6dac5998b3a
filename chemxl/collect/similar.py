"""Search for similar documents: BM25 within a language, dense search across languages.

Both indexes rank in the same way: the higher score first, and of equal scores the lower index first, so that the same
texts give the same ranking on every machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol

import bm25s
import numpy as np
import snowballstemmer

from chemxl.collect.margin import Embed
from chemxl.documents import Document, words
from chemxl.errors import ChemxlError

# So many numbers one matrix product searches (1.5 GB in float32); a larger collection goes to faiss.
LIMIT = 10**6 * 384

_SNOWBALL = snowballstemmer.stemmer("russian")
_BLOCK = 2**24  # scores that are held at once
_NOISE = 1e-5  # more than a product of unit vectors in float32 can be off
_DAMPING = 60  # of reciprocal rank fusion, as Cormack et al. (2009) set it


class Hits(NamedTuple):
    """The hits of a search: (Q, k) indices into the indexed texts and their (Q, k) scores, best first."""

    indices: np.ndarray
    scores: np.ndarray


class Index(Protocol):
    """Texts that can be searched."""

    def __len__(self) -> int:
        """The number of texts."""

    def search(self, queries: Sequence[str], k: int) -> Hits:
        """The k best texts for each query; all texts in order if there are fewer."""


def tokens(text: str, language: str = "") -> list[str]:
    """The words and numbers of a text, lower-cased; Russian words are cut to their stems."""
    found = (text[start:end] for start, end in words(text))
    lowered = (token.lower() for token in found if token[0].isalnum())
    return [_russian_stem(token) for token in lowered] if language == "ru" else list(lowered)


@lru_cache(maxsize=2**18)
def _russian_stem(word: str) -> str:
    """The stem of a Russian word."""
    return str(_SNOWBALL.stemWord(word))


class Bm25:
    """Okapi BM25 (Lucene's variant, by bm25s); a text that shares no word with the query has score 0.

    Args:
        texts: texts in one language.
        language: ISO 639-1; "ru" for stemming.

    Raises:
        ChemxlError: no text has a word.
    """

    def __init__(self, texts: Sequence[str], *, language: str = "") -> None:
        cut = [tokens(text, language) for text in texts]
        if not any(cut):
            raise ChemxlError("BM25: not one of the texts has a word; give texts to search in")
        self._language, self._size = language, len(cut)
        self._bm25 = bm25s.BM25(method="lucene")
        self._bm25.index(cut, show_progress=False)

    def __len__(self) -> int:
        return self._size

    def search(self, queries: Sequence[str], k: int) -> Hits:
        """See :class:`Index`."""
        return _stacked(
            (_best(self._scores(query), _checked(k, self._size)) for query in queries), min(k, self._size), np.float32
        )

    def _scores(self, query: str) -> np.ndarray:  # (N,)
        """The scores of all texts for one query."""
        cut = tokens(query, self._language)
        return np.asarray(self._bm25.get_scores(cut)) if cut else np.zeros(self._size, np.float32)


class Dense:
    """Exact search by cosine similarity.

    The ranking is that of the float64 products of the vectors, whichever way the candidates were found.

    Args:
        embed: texts to unit vectors.
        texts: texts in any languages that the encoder knows.
        limit: numbers (texts times dimensions) beyond which faiss's flat index finds the candidates.

    Raises:
        ChemxlError: there are no texts, or a vector is not of length 1.
    """

    def __init__(self, embed: Embed, texts: Sequence[str], *, limit: int = LIMIT) -> None:
        if not texts:
            raise ChemxlError("dense search: no text to search in")
        self.embed = embed
        self.vectors = _unit(embed(texts), len(texts))  # (N, d)
        self._flat = _flat(self.vectors) if self.vectors.size > limit else None

    def __len__(self) -> int:
        return len(self.vectors)

    def search(self, queries: Sequence[str], k: int) -> Hits:
        """See :class:`Index`."""
        vectors = _unit(self.embed(queries), len(queries)) if queries else self.vectors[:0]
        return nearest(vectors, self.vectors, k, flat=self._flat)


def nearest(queries: np.ndarray, vectors: np.ndarray, k: int, *, flat: Any = None) -> Hits:
    """The k nearest of unit ``vectors`` (N, d) to each of unit ``queries`` (Q, d); all of them if N < k.

    Args:
        flat: a faiss ``IndexFlatIP`` of the vectors, which then finds the candidates.
    """
    k = _checked(k, len(vectors))
    find = _by_product(queries, vectors, k) if flat is None else _by_faiss(queries, flat, k)
    return _stacked(
        (
            # Row by row: a matrix product may round equal rows differently.
            _best((vectors[candidates] * query.astype(np.float64)).sum(axis=1), k, candidates)
            for query, candidates in zip(queries, find, strict=True)
        ),
        k,
        np.float64,
    )


def _by_product(queries: np.ndarray, vectors: np.ndarray, k: int) -> Iterator[np.ndarray]:
    """For each query, candidates in ascending order that hold all of its k nearest."""
    step = max(1, _BLOCK // len(vectors))
    for start in range(0, len(queries), step):
        scores = queries[start : start + step] @ vectors.T  # (q, N)
        least = -np.partition(-scores, k - 1, axis=1)[:, k - 1] - _NOISE  # (q,)
        for row, bound in zip(scores, least, strict=True):
            yield np.flatnonzero(row >= bound)


def _by_faiss(queries: np.ndarray, flat: Any, k: int) -> Iterator[np.ndarray]:
    """The same as :func:`_by_product`, searched deeper until further hits can only be worse than the k-th."""
    if not len(queries):
        return
    for query, scores, found in zip(queries, *flat.search(queries, min(2 * k, flat.ntotal)), strict=True):
        while len(found) < flat.ntotal and scores[-1] >= scores[k - 1] - _NOISE:
            (scores,), (found,) = flat.search(query[None], min(2 * len(found), flat.ntotal))
        yield np.sort(found[scores >= scores[k - 1] - _NOISE])


def _best(scores: np.ndarray, k: int, names: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Names in ascending order (places by default) and scores of the k best, equal ones in order."""
    bound = -np.partition(-scores, k - 1)[k - 1]
    kept = np.flatnonzero(scores >= bound)
    kept = kept[np.argsort(-scores[kept], kind="stable")[:k]]
    return (kept if names is None else names[kept]), scores[kept]


def _stacked(rows: Iterator[tuple[np.ndarray, np.ndarray]], k: int, dtype: type[np.floating[Any]]) -> Hits:
    """The hits of all queries in one table."""
    ranked = list(rows)
    indices = np.array([row[0] for row in ranked], dtype=np.int64).reshape(-1, k)
    return Hits(indices, np.array([row[1] for row in ranked], dtype=dtype).reshape(-1, k))


def _checked(k: int, size: int) -> int:
    """k, or the number of texts if that is smaller."""
    if k < 1:
        raise ChemxlError(f"k is {k}; the first k need k >= 1")
    return min(k, size)


def _unit(vectors: np.ndarray, count: int) -> np.ndarray:
    """The vectors, if they have length 1 and one stands for each text."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != count:
        raise ChemxlError(f"{count} texts gave vectors of shape {vectors.shape}; ({count}, d) was due")
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        raise ChemxlError("a vector is not of length 1; divide each by its norm")
    return vectors


def _flat(vectors: np.ndarray) -> Any:
    """An exact index of faiss over unit vectors."""
    import faiss  # here: only large collections need it, and it brings threads of its own

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


class Neighbour(NamedTuple):
    """A document that is added to the seed set."""

    document: Document
    score: float


def widen(
    seeds: Sequence[Document],
    pool: Sequence[Document],
    *,
    index: Index,
    k: int,
    depth: int = 100,
    join: Literal["rank", "best"] = "rank",
) -> list[Neighbour]:
    """The k documents of a pool that are most similar to the seeds.

    A seed itself, by id or by text, is not found again, and neither is a document of score 0 or less.

    Args:
        index: an index of the pool's texts, in their order.
        depth: how many documents each seed proposes.
        join: how the seeds' rankings become one. "rank" is reciprocal rank fusion, the sum over seeds of 1 / (60 +
            rank): for BM25, whose scores for two queries do not compare. "best" is the best score for any seed: better
            where they do, as cosines.

    Raises:
        ChemxlError: the index has not as many texts as the pool has documents.
    """
    if len(index) != len(pool):
        raise ChemxlError(f"the index has {len(index)} texts, the pool {len(pool)} documents; index the pool's texts")
    ids, texts = {seed.id for seed in seeds}, {seed.text for seed in seeds}
    known = {i for i, document in enumerate(pool) if document.id in ids or document.text in texts}
    joined: defaultdict[int, float] = defaultdict(float)
    for row, scores in zip(*index.search([seed.text for seed in seeds], depth + len(known)), strict=True):
        proposed = [(int(i), float(s)) for i, s in zip(row, scores, strict=True) if int(i) not in known and s > 0]
        for rank, (i, score) in enumerate(proposed[:depth], 1):
            joined[i] = joined[i] + 1 / (_DAMPING + rank) if join == "rank" else max(joined[i], score)
    ranked = sorted(joined.items(), key=lambda item: (-item[1], item[0]))
    return [Neighbour(pool[i], score) for i, score in ranked[:k]]
