"""Choosing points that lie apart, for pools whose embeddings need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import cast

import numpy as np
from scipy.sparse import csr_array

from chemxl.active.reading import Words
from chemxl.active.uncertainty import probabilities

MEMORY = 256 * 2**20  # bytes of embeddings; what is beyond lies in a file without a name
_BLOCK = 2**20  # numbers that are compared at once


class Embeddings:
    """Rows of float32, kept in memory up to a limit and in a temporary file beyond it; the numbers are the same.

    Args:
        width: D, of a row.
        memory: bytes.
    """

    def __init__(self, width: int, *, memory: int = MEMORY) -> None:
        self.width, self.length = width, 0
        self.rows = max(1, _BLOCK // max(1, width))
        self.file = SpooledTemporaryFile(max_size=memory)  # noqa: SIM115

    def __enter__(self) -> Embeddings:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.file.close()

    def append(self, rows: np.ndarray) -> None:
        """Add rows, (n, D)."""
        self.file.seek(0, 2)
        self.file.write(np.ascontiguousarray(rows, dtype=np.float32).tobytes())
        self.length += len(rows)

    def row(self, i: int) -> np.ndarray:
        """One row, (D,)."""
        return cast("np.ndarray", self._read(i, 1)[0])

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """The blocks of rows one after the other, each with the slice where it stands."""
        for start in range(0, self.length, self.rows):
            count = min(self.rows, self.length - start)
            yield slice(start, start + count), self._read(start, count)

    def mean(self) -> np.ndarray:
        """The mean of all rows, (D,)."""
        total = np.zeros(self.width)
        for _, block in self.blocks():
            total += block.sum(axis=0, dtype=np.float64)
        return total / self.length

    def distances(self, point: np.ndarray) -> np.ndarray:
        """Squared Euclidean distance of every row from a point: (D,) -> (S,)."""
        found = np.empty(self.length)
        for where, block in self.blocks():
            block = block - point
            found[where] = np.einsum("sd,sd->s", block, block)
        return found

    def _read(self, start: int, count: int) -> np.ndarray:
        """Rows of the temporary file, (count, D)."""
        self.file.seek(4 * self.width * start)
        return np.frombuffer(self.file.read(4 * self.width * count), dtype=np.float32).reshape(count, self.width)


def means(values: np.ndarray, words: Words) -> np.ndarray:
    """The mean of each document's words, (N, D) -> (S, D); zeros where there is no word."""
    share = np.repeat(1.0 / np.maximum(1, words.counts), words.counts)
    return _summed(share, values, words.counts)


def gradients(words: Words) -> np.ndarray:
    """The gradients of the loss by the last layer's weights, if each word's predicted label were right: (S, L * d),
    float32.

    It is the mean over a document's words of ``(p - y) h``: a label at a time, so that the product of labels and
    hidden size is held for each document of a piece and not for each word.
    """
    error = probabilities(words.logits)  # (N, L)
    error[np.arange(len(error)), words.predicted] -= 1.0
    error /= np.repeat(np.maximum(1, words.counts), words.counts)[:, None]
    return np.concatenate([_summed(column, words.hidden, words.counts) for column in error.T], axis=1)


def _summed(weights: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Weighted sums of each document's words: (N,), (N, D), (S,) -> (S, D), float32."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    places = csr_array((weights.astype(np.float32), np.arange(len(weights)), ends), shape=(len(counts), len(weights)))
    return np.asarray(places @ values.astype(np.float32, copy=False))


def spread(
    points: Embeddings, n: int, apart: np.ndarray, choose: Callable[[np.ndarray], int], chosen: list[int]
) -> np.ndarray:
    """Up to n indices, each chosen by its distance from all that were chosen before.

    Args:
        apart: squared distance of each point from what is there already, (S,); changed in place.
        choose: gives the next index from these distances; that of a chosen point is negative.
        chosen: taken already, with their distances in ``apart``.
    """
    apart[chosen] = -1.0
    while len(chosen) < min(n, points.length):
        i = choose(apart)
        chosen.append(i)
        if len(chosen) < n:
            np.minimum(apart, points.distances(points.row(i)), out=apart)
            apart[i] = -1.0
    return np.array(chosen, dtype=np.int64)


def to_nearest(points: Embeddings, centres: Embeddings) -> np.ndarray:
    """Squared Euclidean distance of every point from the nearest centre: (S,)."""
    found = np.full(points.length, np.inf)
    for where, block in points.blocks():
        lengths = np.einsum("sd,sd->s", block, block, dtype=np.float64)  # (s,)
        for _, others in centres.blocks():
            squares = np.einsum("md,md->m", others, others, dtype=np.float64)
            apart = lengths[:, None] + squares - 2.0 * (block @ others.T)  # (s, m)
            np.minimum(found[where], apart.min(axis=1), out=found[where])
    return cast("np.ndarray", np.maximum(0.0, found))


def k_centre(points: Embeddings, n: int, apart: np.ndarray) -> np.ndarray:
    """Greedy k-centre (Sener and Savarese 2018): each time the point farthest from all centres; of equal ones the
    first."""
    return spread(points, n, apart.copy(), lambda left: int(left.argmax()), [])


def k_means_seeds(points: Embeddings, n: int, *, rng: np.random.Generator) -> np.ndarray:
    """k-means++ (Arthur and Vassilvitskii 2007): each point is drawn in proportion to its squared distance from those
    drawn before.

    The first is the longest, as in BADGE's code. Where all that is left lies on what is drawn, the first of it is next.
    """
    if not n or not points.length:
        return np.array([], dtype=np.int64)

    def draw(left: np.ndarray) -> int:
        """An index, drawn in proportion to what is left of the squared distances."""
        share = np.maximum(0.0, left).cumsum()
        if share[-1] <= 0:
            return int(left.argmax())
        drawn = int(np.searchsorted(share, rng.random() * share[-1], side="right"))
        return min(drawn, int(np.flatnonzero(left > 0)[-1]))  # where the product was rounded up to the end

    first = int(points.distances(np.zeros(points.width, dtype=np.float32)).argmax())
    return spread(points, n, points.distances(points.row(first)), draw, [first])
