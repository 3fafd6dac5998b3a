"""Cross-language latent semantic indexing: what stands in each other's translations points the same way."""

from __future__ import annotations

import numpy as np
import pytest

from chemxl.collect.lsi import LatentSemantic
from chemxl.documents import Pair
from chemxl.errors import ChemxlError

WORDS = {
    "aspirin": "аспирин",
    "water": "вода",
    "kidney": "почка",
    "heart": "сердце",
    "enzyme": "фермент",
    "salt": "соль",
}


@pytest.fixture(scope="module")
def embed() -> LatentSemantic:
    pairs = [Pair(f"{a}-{b}", f"{a} and {b}", f"{WORDS[a]} и {WORDS[b]}") for a in WORDS for b in WORDS if a != b]
    return LatentSemantic(pairs, size=6)


def test_a_word_is_nearest_to_its_translation(embed: LatentSemantic) -> None:
    cosines = embed(list(WORDS)) @ embed(list(WORDS.values())).T
    assert cosines.argmax(axis=1).tolist() == list(range(len(WORDS)))


def test_vectors_have_length_one_even_of_what_is_unknown(embed: LatentSemantic) -> None:
    vectors = embed(["aspirin", "中", ""])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    assert embed([]).shape == (0, 6)


def test_more_directions_than_pairs_are_refused() -> None:
    with pytest.raises(ChemxlError, match="1 sentence pairs for 6 directions"):
        LatentSemantic([Pair("1", "a", "б")], size=6)
