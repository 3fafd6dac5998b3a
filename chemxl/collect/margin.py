"""Ratio margins: how much nearer two spans are than their neighbours (Artetxe and Schwenk 2019, arXiv:1811.01136).

Spans are a sentence, or two neighbouring ones embedded together as one text (as in vecalign, Thompson and Koehn 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Embed = Callable[[Sequence[str]], np.ndarray]  # texts -> (N, d) float32, rows of length 1, as Embedder gives

REACH = 1000  # sentences on both sides of the diagonal among which neighbours are sought
_BLOCK = 512


class Spans(NamedTuple):
    """Unit vectors of a text's spans.

    Args:
        one: of its sentences, (n, d).
        two: of every two neighbouring sentences, (n - 1, d), or (0, d) for an empty text.
    """

    one: np.ndarray
    two: np.ndarray

    def centred(self) -> Spans:
        """Less the mean sentence, as though one more stood at the origin, so that little remains of one sentence alone.

        Vectors of one language share much that says nothing about what is said, those of E5 most of all.
        """
        mean = self.one.sum(0) / (len(self.one) + 1)  # (d,)
        return Spans(unit(self.one - mean), unit(self.two - mean))

    def halved(self) -> Spans:
        """Half as many sentences: every two neighbours become one."""
        one = np.concatenate([self.two[::2], self.one[-1:]]) if len(self.one) % 2 else self.two[::2]
        return Spans(one, unit(one[:-1] + one[1:]))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1, (N, d); a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: np.ndarray = vectors / np.where(lengths > 0, lengths, 1)
    return scaled


def closeness(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(1 + cosine) / 2 of unit rows, (N, d) and (M, d) to (N, M): never negative, so that a ratio means something."""
    close: np.ndarray = (1 + x @ y.T) / 2
    return close


def neighbourhood(x: np.ndarray, y: np.ndarray, *, k: int, reach: int = REACH) -> np.ndarray:
    """Mean closeness of every row of ``x`` to the nearest ``k`` of the rows of ``y``, (N, d) and (M, d) to (N,).

    Neighbours of a row are sought up to about ``reach`` rows from its place on the diagonal: all rows of a short text,
    linear time for a long one. Without rows in ``y`` it is 1.
    """
    if not len(y):
        return np.ones(len(x))
    means = np.empty(len(x))
    scale = len(y) / max(1, len(x))
    for start in range(0, len(x), _BLOCK):
        stop = min(start + _BLOCK, len(x))
        pool = y[max(0, int(start * scale) - reach) : int(stop * scale) + 1 + reach]
        close = closeness(x[start:stop], pool)
        least = max(0, len(pool) - k)
        means[start:stop] = np.partition(close, least, axis=1)[:, least:].mean(1)
    return means


class Margins:
    """Ratio margins of the spans of two texts, a row at a time.

    The margin of two spans is their closeness over the mean of their two neighbourhoods; the neighbours are sentences.

    Args:
        k: neighbours.
    """

    def __init__(self, x: Spans, y: Spans, *, k: int) -> None:
        self.x, self.y = x.centred(), y.centred()
        near_x = [neighbourhood(spans, self.y.one, k=k) for spans in self.x]
        near_y = [neighbourhood(spans, self.x.one, k=k) for spans in self.y]
        self._near = near_x, near_y

    def row(self, width: int, i: int, breadth: int, start: int, stop: int) -> np.ndarray:
        """Margins of one span of the first text with spans of the second.

        Args:
            width, i: sentences of the span (1 or 2), and the first of them.
            breadth, start, stop: sentences of the other spans, and the range of their first ones.

        Returns:
            (stop - start,) float64.
        """
        near_x, near_y = self._near
        close = closeness(self.x[width - 1][i : i + 1], self.y[breadth - 1][start:stop])[0]
        margins: np.ndarray = 2 * close / (near_x[width - 1][i] + near_y[breadth - 1][start:stop])
        return margins
