"""Sentence alignment by context: ratio margins of embedded spans, then exact dynamic programming.

Long texts are searched in a band around the path of the same texts at half their length, again and again until they
are short, as in FastDTW (Salvador and Chan 2007) and vecalign (Thompson and Koehn 2019, D19-1136): linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from chemxl.collect.margin import Embed, Margins, Spans
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Pair

SHAPES = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1))
MOVES = (*SHAPES, (1, 0), (0, 1))  # of equally good ones the first is taken
NEIGHBOURS = 4
SKIP, LEAST, MOST = 0.88, 0.8, 1.05
DEVIATIONS = 4.0  # beyond which a value is an outlier (Iglewicz and Hoaglin 1993 take 3.5); see :func:`usual`
SIZE = 0.2  # the power of a bead's size that its gain counts with
CROSSED = 0.03  # what a bead of two sentences a side must be better by
WHOLE = 1_000_000
RADIUS = 50
_CELLS = 2**14  # of one product of spans

# Gains of beads of SHAPES that end before row i and before columns low to high - 1: (i, low, high) -> (6, high - low).
Gains = Callable[[int, int, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class Bead:
    """Sentences that are translations of each other, by their places; one side is empty if a sentence has no
    translation.

    Args:
        score: the ratio margin, about 1 for unrelated sentences and more for translations; 0 where a side is empty.
    """

    source: tuple[int, ...]
    target: tuple[int, ...]
    score: float = field(default=0.0, compare=False)


class Band(NamedTuple):
    """The columns to search in each of the n + 1 rows: the first (n + 1,), and one past the last (n + 1,)."""

    low: np.ndarray
    high: np.ndarray


class Step(NamedTuple):
    """One move of the path: where it begins, and how many sentences of each side it takes."""

    i: int
    j: int
    width: int
    breadth: int


def align(
    source: Sequence[str],
    target: Sequence[str],
    *,
    embed: Embed,
    neighbours: int = NEIGHBOURS,
    skip: float | None = None,
    whole: int = WHOLE,
    radius: int = RADIUS,
) -> list[Bead]:
    """The beads with the largest sum of gains (see :func:`gain`); every sentence is in exactly one bead.

    Beads have the shapes 1-1, 1-2, 2-1, 2-2, 1-3, 3-1, 1-0 and 0-1.

    Args:
        source, target: the sentences of both texts in their order.
        embed: texts to unit vectors, (N, d); asked once, for all sentences and all neighbours joined by a space.
        neighbours: k of the margin.
        skip: what two beads with an empty side are worth. By default it is found for the texts, see :func:`usual`.
        whole: texts with at most so many cells (n times m) are searched without a band: the exact optimum.
        radius: half the width of the band, in sentences.
    """
    joined = [[f"{left} {right}" for left, right in pairwise(side)] for side in (source, target)]
    vectors = embed([*source, *joined[0], *target, *joined[1]])
    parts = np.split(vectors, np.cumsum([len(source), len(joined[0]), len(target)]))
    levels = [(Spans(parts[0], parts[1]), Spans(parts[2], parts[3]))]
    while len(levels[-1][0].one) * len(levels[-1][1].one) > max(whole, 1):
        levels.append((levels[-1][0].halved(), levels[-1][1].halved()))
    steps: list[Step] = []
    for x, y in reversed(levels):
        margins = Margins(x, y, k=neighbours)
        band = around(steps, len(x.one), len(y.one), radius=radius)
        steps = search(margin_gains(margins, band, skip=SKIP if skip is None else skip), band)
    for _ in range(2 if skip is None else 0):  # the second time without what the first one has thrown out
        steps = search(margin_gains(margins, band, skip=usual(scores(margins, steps))), band)
    found = zip(steps, scores(margins, steps), strict=True)
    return [Bead(tuple(range(i, i + a)), tuple(range(j, j + b)), score) for (i, j, a, b), score in found]


def scores(margins: Margins, steps: Sequence[Step]) -> list[float]:
    """The margin of each bead; 0 if a side is empty."""
    path = np.array(steps, dtype=int).reshape(-1, 4)  # (N, 4)
    found = np.zeros(len(path))
    for width, breadth in SHAPES:
        these = (path[:, 2] == width) & (path[:, 3] == breadth)
        found[these] = margins.pairs(width, path[these, 0], breadth, path[these, 1])
    made: list[float] = found.tolist()
    return made


def gain(margin: np.ndarray, width: int, breadth: int, *, skip: float) -> np.ndarray:
    """The gain of a bead with so many sentences on each side: its margin less ``skip``.

    It counts with its size to the power of ``SIZE``, since what it leaves out counts nothing. Two sentences a side give
    up ``CROSSED``: two right neighbours, joined, look nearly as near as each alone.
    """
    due = CROSSED if width == breadth == 2 else 0.0
    weight: float = ((width + breadth) / 2) ** SIZE
    return weight * (margin - skip) - due


def usual(found: Sequence[float]) -> float:
    """The margin below which a bead is an outlier among the beads found with ``SKIP``.

    ``DEVIATIONS`` robust standard deviations (1.4826 times the median absolute deviation) below the median, between
    ``LEAST``, the mean margin of sentences that have nothing to do with each other, and ``MOST``, a little more than
    that of neighbours. How near a translation is to its source depends on the encoder and on the translator.
    Constants were chosen on damaged TICO-19 and on ParaMed's gold alignment, also with noise in its vectors and with
    three sentences of a side joined.
    """
    values = np.array([score for score in found if score])
    if len(values) < 4:
        return SKIP
    middle = np.median(values)
    deviation = 1.4826 * np.median(np.abs(values - middle))
    return float(np.clip(middle - DEVIATIONS * deviation, LEAST, MOST))


def align_documents(a: Document, b: Document, *, embed: Embed, minimum: float = 0.0, **settings: Any) -> list[Pair]:
    """Sentence pairs of a document and its translation, sentences of one side joined by a space.

    Args:
        minimum: pairs with a smaller score are left out, and always those with an empty side.
        settings: as for :func:`align`.

    Raises:
        ChemxlError: a document's language is empty or has no sentence rules.
    """
    sides = [[d.text[start:end] for start, end in sentences(d.text, d.language)] for d in (a, b)]
    beads = align(sides[0], sides[1], embed=embed, **settings)
    found = [bead for bead in beads if bead.source and bead.target and bead.score >= minimum]
    name = a.id if a.id == b.id else f"{a.id}|{b.id}"
    return [
        Pair(
            id=f"{name}:{number}",
            source=" ".join(sides[0][i] for i in bead.source),
            target=" ".join(sides[1][j] for j in bead.target),
            languages=(a.language, b.language),
            score=bead.score,
            domain=a.domain,
        )
        for number, bead in enumerate(found, 1)
    ]


def around(coarse: Sequence[Step], n: int, m: int, *, radius: int) -> Band:
    """The band to search around a path that was found at half the length; the whole n by m table if there is none."""
    if not coarse:
        return Band(np.zeros(n + 1, dtype=int), np.full(n + 1, m + 1))
    low, high = np.full(n + 1, m + 1), np.zeros(n + 1, dtype=int)
    for i, j, width, breadth in coarse:
        # An odd text's last sentence was halved to one of its own, so twice its end lies beyond the text.
        crossed = slice(min(2 * i, n), min(2 * (i + width), n) + 1)
        low[crossed] = np.minimum(low[crossed], min(2 * j, m))
        high[crossed] = np.maximum(high[crossed], min(2 * (j + breadth), m) + 1)
    # Neither shrinks from row to row, so the rows radius above and below reach furthest.
    rows = np.arange(n + 1)
    low = np.maximum(low[np.maximum(rows - radius, 0)] - radius, 0)
    high = np.minimum(high[np.minimum(rows + radius, n)] + radius, m + 1)
    return Band(low, high)


def margin_gains(margins: Margins, band: Band, *, skip: float) -> Gains:
    """The gains of beads inside a band, row by row; some rows are computed at once."""
    first, left, held = 0, 0, np.empty((len(SHAPES), 0, 0))

    def gains(i: int, low: int, high: int) -> np.ndarray:
        """The gains of one row; its block of rows is computed when the first of them is asked for."""
        nonlocal first, left, held
        if i >= first + held.shape[1]:
            first, left = i, low
            last = min(i + max(1, _CELLS // (high - low)), len(band.low))
            held = _block(margins, i, last, low, int(band.high[last - 1]), skip=skip)
        return held[:, i - first, low - left : high - left]

    return gains


def _block(margins: Margins, top: int, bottom: int, left: int, right: int, *, skip: float) -> np.ndarray:
    """The gains of beads that end before these rows and columns, (6, rows, columns); minus infinity where no bead can
    end."""
    made = np.full((len(SHAPES), bottom - top, right - left), -np.inf)
    for table, (width, breadth) in zip(made, SHAPES, strict=True):
        rows, columns = np.arange(max(top, width), bottom), np.arange(max(left, breadth), right)
        if len(rows) and len(columns):
            found = margins.block(width, rows - width, breadth, columns - breadth)
            table[-len(rows) :, -len(columns) :] = gain(found, width, breadth, skip=skip)
    return made


def search(gains: Gains, band: Band) -> list[Step]:
    """The path from the first corner to the last with the largest sum of gains, found row by row.

    Beads with an empty side gain 0, so the best way along a row is a running maximum and the sums are exactly those
    of a search cell by cell.

    Args:
        band: its first row holds column 0 and its last ends with the last column.
    """
    moves: list[np.ndarray] = []
    # The rows above, with three columns more before the first, and what of each is filled.
    above = [np.full(int(band.high[-1]) + 3, -np.inf) for _ in range(4)]
    filled = [slice(0, 0)] * 4
    for i, (low, high) in enumerate(zip(band.low.tolist(), band.high.tolist(), strict=True)):
        reached = np.empty((len(MOVES) - 1, high - low))
        if i == 0:
            reached[:] = -np.inf
            reached[0, 0] = 0.0
        else:
            for sums, gain, (width, breadth) in zip(reached, gains(i, low, high), SHAPES, strict=False):
                np.add(gain, above[(i - width) % 4][low + 3 - breadth : high + 3 - breadth], out=sums)
            reached[-1] = above[(i - 1) % 4][low + 3 : high + 3]
        best = reached.argmax(0).astype(np.int8)  # (high - low,)
        sums = reached.max(0)
        along = np.maximum.accumulate(sums)
        best[along > sums] = MOVES.index((0, 1))
        moves.append(best)
        above[i % 4][filled[i % 4]] = -np.inf
        filled[i % 4] = slice(low + 3, high + 3)
        above[i % 4][filled[i % 4]] = along
    return _traced(moves, band)


def _traced(moves: Sequence[np.ndarray], band: Band) -> list[Step]:
    """The steps of the best path, traced from its end to its beginning."""
    i, j = len(moves) - 1, int(band.high[-1]) - 1
    steps = []
    while i or j:
        width, breadth = MOVES[moves[i][j - band.low[i]]]
        i, j = i - width, j - breadth
        steps.append(Step(i, j, width, breadth))
    return steps[::-1]
