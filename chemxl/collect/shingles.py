"""Texts as sets of shingles (runs of tokens), and pairs of texts that share many of them.

An exact join of shingles finds near duplicates, and a short text that stands in a long one. Every candidate is compared
by its shingles themselves, so no hash makes a false positive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from chemxl.collect.similar import tokens
from chemxl.errors import ChemxlError

Shingles = frozenset[tuple[str, ...]]

_ROWS = 1024  # documents that are hashed, or joined, at once
_MIXERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # of splitmix64


class Shingling(NamedTuple):
    """How a text becomes a set of shingles.

    Args:
        size: tokens in a shingle.
        unit: "word", signs left out, or "character" (letters and digits), for scripts without spaces.
        shortest: a text of fewer shingles is left out: it is no evidence ("No side effects." stands everywhere).
    """

    size: int = 5
    unit: Literal["word", "character"] = "word"
    shortest: int = 4

    def cut(self, text: str) -> list[str]:
        """The tokens of a text, lower-cased."""
        found = tokens(text.replace("\u00ad", ""))
        return found if self.unit == "word" else list("".join(found))

    def shingles(self, text: str) -> Shingles:
        """The set of a text's shingles."""
        cut = self.cut(text)
        return frozenset(zip(*(cut[i:] for i in range(self.size)), strict=False))


WORDS = Shingling()


class SharedShingles(NamedTuple):
    """A pair of texts that share shingles.

    Args:
        left, right: their places.
        jaccard: the shared shingles over all of both.
        containment: the shared shingles over those of the text that has fewer.
    """

    left: int
    right: int
    jaccard: float
    containment: float


def contained(
    left: Sequence[str], right: Sequence[str], *, threshold: float = 0.8, shingling: Shingling = WORDS
) -> list[SharedShingles]:
    """Pairs in which one text holds at least ``threshold`` of the other's shingles, in ascending order.

    An exact join: nothing is missed, near duplicates of about equal length are found as well. Time grows with the
    pairs that share a shingle, memory with the shingles of both sides (some 40 bytes each).

    Raises:
        ChemxlError: the threshold is not in (0, 1].
    """
    _checked(threshold)
    sides = _Hashed.of(left, shingling), _Hashed.of(right, shingling)
    known = np.unique(np.concatenate([side.hashes for side in sides]))
    first, second = (
        csr_array(
            (np.ones(len(side.hashes), np.int32), np.searchsorted(known, side.hashes), side.bounds),
            shape=(len(side.places), len(known)),
        )
        for side in sides
    )
    sizes = np.diff(sides[0].bounds), np.diff(sides[1].bounds)
    columns, candidates = second.T.tocsr(), []
    for start in range(0, len(sides[0].places), _ROWS):
        shared = (first[start : start + _ROWS] @ columns).tocoo()  # (rows, n)
        i, j = shared.coords[0] + start, shared.coords[1]
        enough = shared.data >= threshold * np.minimum(sizes[0][i], sizes[1][j])
        candidates += [(sides[0].places[a], sides[1].places[b]) for a, b in zip(i[enough], j[enough], strict=True)]
    return sorted(m for m in _verified(candidates, left, right, shingling) if m.containment >= threshold)


def copies(
    left: Sequence[str],
    right: Sequence[str],
    *,
    threshold: float = 0.5,
    containment: float = 0.8,
    shingling: Shingling = WORDS,
) -> list[SharedShingles]:
    """Pairs that are near duplicates, or of which one holds the other, in ascending order.

    Args:
        threshold: least Jaccard index of near duplicates.
        containment: least share of a text's shingles that the other holds.
    """
    matches = contained(left, right, threshold=min(threshold, containment), shingling=shingling)
    return [match for match in matches if match.jaccard >= threshold or match.containment >= containment]


def repeats(texts: Sequence[str]) -> set[int]:
    """The places of texts that are nearly equal to an earlier one, or the same text."""
    return {match.right for match in copies(texts, texts) if match.left < match.right}


@dataclass(frozen=True, slots=True)
class _Hashed:
    """Texts as rows of distinct 64-bit hashes of their shingles; a text that is too short has no row.

    Args:
        places: (n,) of the rows' texts.
        hashes: (S,) of all rows, one after the other.
        bounds: (n + 1,) row i is ``hashes[bounds[i]:bounds[i + 1]]``.
    """

    places: list[int]
    hashes: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], shingling: Shingling) -> _Hashed:
        """The hashed rows of texts."""
        places, rows = [], []
        for place, text in enumerate(texts):
            row = np.unique(_hashes(shingling.cut(text), shingling.size))
            if len(row) >= max(1, shingling.shortest):
                places.append(place)
                rows.append(row)
        bounds = np.cumsum([0, *(len(row) for row in rows)])
        return cls(places, np.concatenate(rows) if rows else np.empty(0, np.uint64), bounds)


def _hashes(cut: list[str], size: int) -> np.ndarray:
    """Hashes of the runs of ``size`` tokens, (len(cut) - size + 1,), 64 bits each."""
    tokens_ = np.array([_token_hash(token) for token in cut], dtype=np.uint64)
    total = np.zeros(max(0, len(cut) - size + 1), dtype=np.uint64)
    for i in range(size):  # a polynomial modulo 2^64, each step mixed
        total = (total ^ tokens_[i : i + len(total)]) * _MIXERS[0]
        total ^= total >> np.uint64(29)
    total *= _MIXERS[1]
    return total ^ (total >> np.uint64(31))


@lru_cache(maxsize=2**20)
def _token_hash(token: str) -> int:
    """A hash of one token, 64 bits."""
    return int.from_bytes(hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _verified(
    pairs: Iterable[tuple[int, int]],
    left: Sequence[str],
    right: Sequence[str],
    shingling: Shingling,
) -> Iterator[SharedShingles]:
    """Candidate pairs with their true likeness."""
    shingles = lru_cache(maxsize=4096)(shingling.shingles)
    for i, j in sorted(pairs):
        yield SharedShingles(i, j, *likeness(shingles(left[i]), shingles(right[j])))


def likeness(a: Shingles, b: Shingles) -> tuple[float, float]:
    """The Jaccard index, and the share of the smaller set that the other holds; both 0 if a set is empty."""
    shared = len(a & b)
    return shared / max(1, len(a | b)), shared / max(1, min(len(a), len(b)))


def _checked(threshold: float) -> float:
    """The threshold, if it is in (0, 1]."""
    if not 0 < threshold <= 1:
        raise ChemxlError(f"a threshold of {threshold} is not in (0, 1]")
    return threshold
