"""Texts as sets of shingles, runs of tokens, and pairs of texts that share many of them.

MinHash with banding finds pairs of a high Jaccard index in time that grows with the documents, not with their pairs.
An exact join of shingles also finds a short text that stands in a long one. Every candidate is compared by its shingles
themselves, so no hash makes a false positive.
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

_RECALL = 0.99  # of pairs that are just as similar as the threshold
_ROWS = 1024  # documents that are hashed, or joined, at once
_MIXERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # of splitmix64


class Shingling(NamedTuple):
    """How a text becomes a set.

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
        """The set itself."""
        cut = self.cut(text)
        return frozenset(zip(*(cut[i:] for i in range(self.size)), strict=False))


WORDS = Shingling()


class Match(NamedTuple):
    """Two texts that share shingles.

    Args:
        left, right: their places.
        jaccard: the shared shingles over all of both.
        containment: the shared shingles over those of the text that has fewer.
    """

    left: int
    right: int
    jaccard: float
    containment: float


def near_duplicates(
    left: Sequence[str],
    right: Sequence[str] | None = None,
    *,
    threshold: float = 0.5,
    shingling: Shingling = WORDS,
    permutations: int = 128,
    seed: int = 0,
) -> list[Match]:
    """Pairs of a Jaccard index of at least ``threshold``, by MinHash; ascending by place.

    Bands are laid out so that a pair just at the threshold is found with probability 0.99, a more similar one with
    more.

    Args:
        right: None compares the texts of ``left`` with each other, each pair once.
        permutations: minima in a signature.
        seed: draws the hash functions.

    Raises:
        ChemxlError: the threshold is not in (0, 1], or too few permutations are given to find it.
    """
    rows = _band_rows(_checked(threshold), permutations)
    generator = np.random.default_rng(seed)
    factors = generator.integers(0, 2**63, permutations, dtype=np.uint64) * np.uint64(2) + np.uint64(1)  # odd
    terms = generator.integers(0, 2**63, permutations, dtype=np.uint64)
    sides = [_Hashed.of(texts, shingling) for texts in ((left,) if right is None else (left, right))]
    signatures = [_signatures(side, factors, terms) for side in sides]  # (n, permutations) each
    bands = (slice(start, start + rows) for start in range(0, permutations - rows + 1, rows))
    pairs = {pair for band in bands for pair in _colliding([signature[:, band] for signature in signatures])}
    candidates = ((sides[0].places[i], sides[-1].places[j]) for i, j in pairs)
    verified = _verified(candidates, left, left if right is None else right, shingling)
    return sorted(match for match in verified if match.jaccard >= threshold)


def contained(
    left: Sequence[str], right: Sequence[str], *, threshold: float = 0.8, shingling: Shingling = WORDS
) -> list[Match]:
    """Pairs of which one text holds at least ``threshold`` of the other's shingles; ascending by place.

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
) -> list[Match]:
    """Pairs that are near duplicates, or of which one holds the other; ascending by place.

    Args:
        threshold: least Jaccard index of near duplicates.
        containment: least share of a text's shingles that the other holds.
    """
    matches = contained(left, right, threshold=min(threshold, containment), shingling=shingling)
    return [match for match in matches if match.jaccard >= threshold or match.containment >= containment]


def repeats(texts: Sequence[str]) -> set[int]:
    """Places of texts that nearly equal an earlier one, or are one text with it."""
    return {match.right for match in copies(texts, texts) if match.left < match.right}


@dataclass(frozen=True, slots=True)
class _Hashed:
    """Texts as rows of distinct 64-bit hashes of shingles; texts that are too short have none and no row.

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
        places, rows = [], []
        for place, text in enumerate(texts):
            row = np.unique(_hashes(shingling.cut(text), shingling.size))
            if len(row) >= max(1, shingling.shortest):
                places.append(place)
                rows.append(row)
        bounds = np.cumsum([0, *(len(row) for row in rows)])
        return cls(places, np.concatenate(rows) if rows else np.empty(0, np.uint64), bounds)


def _hashes(cut: list[str], size: int) -> np.ndarray:
    """(len(cut) - size + 1,) 64-bit hashes of the runs of ``size`` tokens."""
    tokens_ = np.array([_token_hash(token) for token in cut], dtype=np.uint64)
    total = np.zeros(max(0, len(cut) - size + 1), dtype=np.uint64)
    for i in range(size):  # a polynomial modulo 2^64, each step mixed
        total = (total ^ tokens_[i : i + len(total)]) * _MIXERS[0]
        total ^= total >> np.uint64(29)
    total *= _MIXERS[1]
    return total ^ (total >> np.uint64(31))


@lru_cache(maxsize=2**20)
def _token_hash(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _signatures(side: _Hashed, factors: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """(n, permutations) minima, 32 bits each."""
    signatures = np.empty((len(side.places), len(factors)), dtype=np.uint32)
    for start in range(0, len(side.places), _ROWS):
        bounds = side.bounds[start : start + _ROWS + 1]
        hashes = side.hashes[bounds[0] : bounds[-1]]
        for i, (factor, term) in enumerate(zip(factors, terms, strict=True)):
            drawn = (hashes * factor + term) >> np.uint64(32)
            signatures[start : start + _ROWS, i] = np.minimum.reduceat(drawn, bounds[:-1] - bounds[0])
    return signatures


def _band_rows(threshold: float, permutations: int) -> int:
    """The most rows in a band with which a pair at the threshold is still found with probability ``_RECALL``."""
    for rows in range(permutations, 0, -1):
        if 1 - (1 - threshold**rows) ** (permutations // rows) >= _RECALL:
            return rows
    raise ChemxlError(f"{permutations} permutations are too few for a threshold of {threshold}; give more")


def _colliding(bands: list[np.ndarray]) -> Iterator[tuple[int, int]]:
    """Pairs (i, j) of rows whose band is equal: of one side and the other, or i < j within the only side."""
    buckets: dict[bytes, tuple[list[int], list[int]]] = {}
    for side, band in enumerate(bands):
        for i, row in enumerate(np.ascontiguousarray(band)):
            buckets.setdefault(row.tobytes(), ([], []))[side].append(i)
    for first, second in buckets.values():
        if len(bands) == 1:
            yield from ((i, j) for n, i in enumerate(first) for j in first[n + 1 :])
        else:
            yield from ((i, j) for i in first for j in second)


def _verified(
    pairs: Iterable[tuple[int, int]],
    left: Sequence[str],
    right: Sequence[str],
    shingling: Shingling,
) -> Iterator[Match]:
    shingles = lru_cache(maxsize=4096)(shingling.shingles)
    for i, j in sorted(pairs):
        yield Match(i, j, *likeness(shingles(left[i]), shingles(right[j])))


def likeness(a: Shingles, b: Shingles) -> tuple[float, float]:
    """The Jaccard index, and the share of the smaller set that the other holds; 0 where a set is empty."""
    shared = len(a & b)
    return shared / max(1, len(a | b)), shared / max(1, min(len(a), len(b)))


def _checked(threshold: float) -> float:
    if not 0 < threshold <= 1:
        raise ChemxlError(f"a threshold of {threshold} is not in (0, 1]")
    return threshold
