"""Ratio margins: how much nearer two spans are than their neighbours (Artetxe and Schwenk 2019, arXiv:1811.01136).

Spans are a sentence, or two neighbouring ones embedded together as one text (as in vecalign, Thompson and Koehn 2019);
those of three are put together from these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Embed = Callable[[Sequence[str]], np.ndarray]  # texts -> (N, d) float32, rows of length 1, as Embedder gives

REACH = 1000  # sentences on both sides of the diagonal among which neighbours are sought
_BLOCK = 512


class Spans(NamedTuple):
    """Unit vectors of all spans of a text's sentences.

    Args:
        one: vectors of its sentences, (n, d).
        two: vectors of every two neighbouring sentences, (n - 1, d), or (0, d) for an empty text.
    """

    one: np.ndarray
    two: np.ndarray

    def halved(self) -> Spans:
        """The same text with half as many sentences: every two neighbours become one."""
        one = np.concatenate([self.two[::2], self.one[-1:]]) if len(self.one) % 2 else self.two[::2]
        return Spans(one, unit(one[:-1] + one[1:]))


class Centred:
    """Spans less the mean sentence, as if one more sentence stood at the origin, so that a single sentence keeps
    little.

    Vectors of one language share much that says nothing about what is said, those of E5 most of all.
    """

    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        self.mean = spans.one.sum(0) / (len(spans.one) + 1)  # (d,)
        self.one, self.two = (unit(vectors - self.mean) for vectors in spans)

    def vectors(self, width: int, first: np.ndarray) -> np.ndarray:
        """Unit vectors of the spans of so many sentences that begin at these places, (N,) to (N, d).

        A span of three is two of two less half of the sentence that they share: with an E5 that reads all three its
        cosine is 0.94, centred, and half of all reading is saved.
        """
        if width < 3:
            chosen: np.ndarray = (self.one, self.two)[width - 1][first]
            return chosen
        one, two = self.spans
        return unit(unit(two[first] + two[first + 1] - one[first + 1] / 2) - self.mean)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, (N, d); a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: np.ndarray = vectors / np.where(lengths > 0, lengths, 1)
    return scaled


def closeness(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(1 + cosine) / 2 of unit rows, (N, d) and (M, d) to (N, M); it is never negative, so that ratios make sense."""
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
    """Ratio margins between spans of one to three sentences of two texts.

    The margin of two spans is their closeness over the mean of their two neighbourhoods; the neighbours are sentences.
    The neighbourhood of three sentences is the mean of its two pairs'.

    Args:
        k: neighbours.
    """

    def __init__(self, x: Spans, y: Spans, *, k: int) -> None:
        self.x, self.y = Centred(x), Centred(y)
        self.near_x = _near(self.x, self.y.one, k)
        self.near_y = _near(self.y, self.x.one, k)

    def block(self, width: int, rows: np.ndarray, breadth: int, columns: np.ndarray) -> np.ndarray:
        """Margins of each span of the first text with each of the second, given by their first sentences: (rows,
        columns)."""
        x, y = self.x.vectors(width, rows), self.y.vectors(breadth, columns)
        return self._ratio(closeness(x, y), self.near_x[width - 1][rows, None] + self.near_y[breadth - 1][columns])

    def pairs(self, width: int, rows: np.ndarray, breadth: int, columns: np.ndarray) -> np.ndarray:
        """Margins of each span of the first text with the span of the second at its place: (N,)."""
        x, y = self.x.vectors(width, rows), self.y.vectors(breadth, columns)
        close = (1 + np.einsum("nd,nd->n", x, y)) / 2
        return self._ratio(close, self.near_x[width - 1][rows] + self.near_y[breadth - 1][columns])

    @staticmethod
    def _ratio(close: np.ndarray, near: np.ndarray) -> np.ndarray:
        """The margin from the closeness of two spans and that of their neighbours."""
        margins: np.ndarray = 2 * close / near
        return margins


def _near(spans: Centred, pool: np.ndarray, k: int) -> tuple[np.ndarray, ...]:
    """Mean closeness of spans of one, two and three sentences to their neighbours."""
    one, two = (neighbourhood(vectors, pool, k=k) for vectors in (spans.one, spans.two))
    return one, two, (two[:-1] + two[1:]) / 2
