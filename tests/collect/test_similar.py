"""BM25 and dense search: the ranking, its ties, and how seeds are widened."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.collect.similar import Bm25, Dense, Index, nearest, tokens, widen
from chemxl.documents import Document
from chemxl.errors import ChemxlError

TEXTS = [
    "Aspirin inhibits cyclooxygenase.",
    "Ibuprofen inhibits cyclooxygenase, too.",
    "The weather was fine.",
    "Aspirin inhibits cyclooxygenase.",
    "",
]


def embed(texts: Sequence[str]) -> np.ndarray:
    """Bags of hashed words: equal texts have equal vectors, texts that share words near ones."""
    vectors = np.full((len(texts), 64), 1e-3, dtype=np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for token in tokens(text):
            vector[hashlib.sha256(token.encode()).digest()[0] % 64] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def indexed() -> list[Index]:
    return [Bm25(TEXTS), Dense(embed, TEXTS), Dense(embed, TEXTS, limit=0)]


@pytest.mark.parametrize("index", indexed(), ids=["bm25", "dense", "faiss"])
def test_every_index_keeps_the_contract(index: Index) -> None:
    indices, scores = index.search(["aspirin and cyclooxygenase", "fine weather"], 3)
    assert indices.shape == scores.shape == (2, 3)
    assert indices[0].tolist() == [0, 3, 1], "equal texts in their order, then the one that shares less"
    assert indices[1, 0] == 2
    assert (np.diff(scores, axis=1) <= 0).all()
    assert scores[0, 0] == scores[0, 1]
    assert len(index) == 5
    assert index.search(["aspirin"], 99).indices.shape == (1, 5), "all, where there are fewer than k"
    assert sorted(index.search([""], 5).indices[0].tolist()) == [0, 1, 2, 3, 4]
    assert index.search([], 3).indices.shape == (0, 3)
    with pytest.raises(ChemxlError, match="k is 0"):
        index.search(["aspirin"], 0)


def test_bm25_gives_nothing_to_what_shares_no_word() -> None:
    assert Bm25(TEXTS).search(["heparin", "?!"], 5).scores.tolist() == [[0.0] * 5] * 2
    assert Bm25(TEXTS).search(["heparin"], 5).indices[0].tolist() == [0, 1, 2, 3, 4]


def test_russian_words_are_found_in_every_case() -> None:
    texts = ["Погода была хорошей.", "Действие ингибиторами циклооксигеназы ослаблено."]
    assert Bm25(texts, language="ru").search(["ингибитор"], 1).indices.tolist() == [[1]]
    assert Bm25(texts).search(["ингибитор"], 2).scores.tolist() == [[0.0, 0.0]]
    assert tokens("Ингибитором, 2,4-D", "ru") == ["ингибитор", "2", "4", "d"]


@given(st.data())
def test_nearest_is_the_full_sort_with_ties_by_index(data: st.DataObject) -> None:
    size, count, k = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 4)), data.draw(st.integers(1, 40))
    draw = st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3).filter(any), min_size=size, max_size=size)
    vectors = np.array(data.draw(draw), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    queries = vectors[:count]
    products = np.array([(vectors.astype(np.float64) * query).sum(axis=1) for query in queries.astype(np.float64)])
    expected = [sorted(range(size), key=lambda i: (-row[i], i))[:k] for row in products]
    assert nearest(queries, vectors, k).indices.tolist() == expected
    faiss = pytest.importorskip("faiss")
    flat = faiss.IndexFlatIP(3)
    flat.add(vectors)
    assert nearest(queries, vectors, k, flat=flat).indices.tolist() == expected


def test_faiss_gives_the_same_as_the_matrix_product() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(5000, 48)).astype(np.float32)
    vectors[2500:] = vectors[:2500]  # every one twice: ties everywhere
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    def given_vectors(texts: Sequence[str]) -> np.ndarray:
        return vectors[[int(text) for text in texts]]

    names = [str(i) for i in range(len(vectors))]
    product, flat = (Dense(given_vectors, names, limit=limit) for limit in (10**9, 0))
    for mine, other in zip(product.search(names[::100], 25), flat.search(names[::100], 25), strict=True):
        assert np.array_equal(mine, other)


def test_vectors_that_are_not_of_length_one_are_refused() -> None:
    with pytest.raises(ChemxlError, match="length 1"):
        Dense(lambda texts: np.ones((len(texts), 3)), TEXTS)
    with pytest.raises(ChemxlError, match=r"5 texts gave vectors of shape \(4, 3\)"):
        Dense(lambda texts: np.ones((len(texts) - 1, 3)), TEXTS)
    for empty in (lambda: Dense(embed, []), lambda: Bm25([]), lambda: Bm25(["", "?"])):
        with pytest.raises(ChemxlError):
            empty()


class Ranked:
    """An index whose answer to each query is given."""

    def __init__(self, size: int, answers: dict[str, list[tuple[int, float]]]) -> None:
        self.size, self.answers = size, answers

    def __len__(self) -> int:
        return self.size

    def search(self, queries: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        rows = [self.answers[query][:k] for query in queries]
        return np.array([[i for i, _ in row] for row in rows]), np.array([[score for _, score in row] for row in rows])


def test_rankings_of_seeds_are_joined() -> None:
    pool = [Document(f"p{i}", f"text {i}") for i in range(5)]
    seeds = [Document("s1", "a"), Document("p4", "b")]
    index = Ranked(5, {"a": [(4, 9.0), (0, 5.0), (1, 2.0), (2, 0.0)], "b": [(4, 9.0), (2, 4.0), (1, 3.0), (0, -1.0)]})
    by_rank = widen(seeds, pool, index=index, k=9)
    # p4 is a seed and takes no rank; p1 is second for both; p0 and p2 are first for one, tied, and 0 or less elsewhere.
    assert [found.document.id for found in by_rank] == ["p1", "p0", "p2"]
    assert [found.score for found in by_rank] == pytest.approx([2 / 62, 1 / 61, 1 / 61])
    best = widen(seeds, pool, index=index, k=2, join="best")
    assert [(found.document.id, found.score) for found in best] == [("p0", 5.0), ("p2", 4.0)]
    assert [found.document.id for found in widen(seeds, pool, index=index, k=9, depth=1)] == ["p0", "p2"]


def test_a_seed_is_not_found_again_by_id_or_by_text() -> None:
    pool = [Document(str(i), text) for i, text in enumerate(TEXTS)]
    found = widen([pool[0]], pool, index=Bm25(TEXTS), k=5)
    assert [document.id for document, _ in found] == ["1"], "3 has the seed's text, 2 and 4 share no word"
    with pytest.raises(ChemxlError, match="the index has 5 texts, the pool 2"):
        widen([pool[0]], pool[:2], index=Bm25(TEXTS), k=1)
