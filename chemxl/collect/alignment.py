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

SHAPES = ((1, 1), (1, 2), (2, 1), (2, 2))
MOVES = (*SHAPES, (1, 0), (0, 1))  # of equally good ones the first is taken
NEIGHBOURS = 4
SKIP = 1.0
WHOLE = 1_000_000
RADIUS = 50

# Gains of beads of SHAPES that end before row i and before columns low to high - 1: (i, low, high) -> (4, high - low).
Gains = Callable[[int, int, int], np.ndarray]


@dataclass(frozen=True, slots=True)
class Bead:
    """Sentences that belong together, by their places; one side is empty where a sentence has no translation.

    Args:
        score: the ratio margin, about 1 for unrelated sentences and more for translations; 0 where a side is empty.
    """

    source: tuple[int, ...]
    target: tuple[int, ...]
    score: float = field(default=0.0, compare=False)


class Band(NamedTuple):
    """For each of the n + 1 rows the columns that are searched: (n + 1,) first, (n + 1,) one past the last."""

    low: np.ndarray
    high: np.ndarray


class Step(NamedTuple):
    """A move of the path: where it begins, and how many sentences of each side it takes."""

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
    skip: float = SKIP,
    whole: int = WHOLE,
    radius: int = RADIUS,
) -> list[Bead]:
    """The beads whose margins, each less ``skip``, have the largest sum; every sentence is in exactly one bead.

    Beads have the shapes 1-1, 1-2, 2-1, 2-2, 1-0 and 0-1. A bead counts once, however many sentences it holds.

    Args:
        source, target: the sentences of both texts in their order.
        embed: texts to unit vectors, (N, d); asked once, for all sentences and all neighbours joined by a space.
        neighbours: k of the margin.
        skip: what two beads with an empty side are worth. At 1 sentences are paired where they are nearer to each other
            than to their neighbours on average.
        whole: texts with at most so many cells (n times m) are searched without a band: the exact optimum.
        radius: of the band, in sentences.
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
        steps = search(margin_gains(margins, skip=skip), band)
    beads = []
    for i, j, width, breadth in steps:
        score = float(margins.row(width, i, breadth, j, j + 1)[0]) if width and breadth else 0.0
        beads.append(Bead(tuple(range(i, i + width)), tuple(range(j, j + breadth)), score))
    return beads


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
    """The band of an n by m search around a path that was found at half the length; everything where there is none."""
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


def margin_gains(margins: Margins, *, skip: float) -> Gains:
    """What beads are worth: their margin less ``skip``."""

    def gains(i: int, low: int, high: int) -> np.ndarray:
        made = np.full((len(SHAPES), high - low), -np.inf)
        for row, (width, breadth) in zip(made, SHAPES, strict=True):
            first = max(low, breadth)  # a bead before it would begin before the text
            if width <= i and first < high:
                row[first - low :] = margins.row(width, i - width, breadth, first - breadth, high - breadth) - skip
        return made

    return gains


def search(gains: Gains, band: Band) -> list[Step]:
    """The path from the first corner to the last of the largest sum of gains, a row at a time.

    Beads with an empty side gain 0, so the best way along a row is a running maximum and the sums are exactly those
    of a search cell by cell.

    Args:
        band: its first row holds column 0 and its last ends with the last column.
    """
    moves: list[np.ndarray] = []
    rows: list[tuple[int, np.ndarray]] = [(0, np.empty(0))] * 2  # the two above: first column, sums
    for i, (low, high) in enumerate(zip(band.low.tolist(), band.high.tolist(), strict=True)):
        reached = np.full((len(MOVES) - 1, high - low), -np.inf)
        if i == 0:
            reached[0, 0] = 0.0
        else:
            reached[:4] = gains(i, low, high)
            for sums, (width, breadth) in zip(reached[:4], SHAPES, strict=True):
                sums += _cut(rows[-width], low - breadth, high - breadth)
            reached[4] = _cut(rows[-1], low, high)
        best = reached.argmax(0).astype(np.int8)  # (high - low,)
        sums = reached.max(0)
        along = np.maximum.accumulate(sums)
        best[along > sums] = MOVES.index((0, 1))
        moves.append(best)
        rows = [rows[-1], (low, along)]
    return _traced(moves, band)


def _cut(row: tuple[int, np.ndarray], start: int, stop: int) -> np.ndarray:
    """Columns of a row, minus infinity where it has none."""
    first, sums = row
    made = np.full(stop - start, -np.inf)
    low, high = max(start, first), min(stop, first + len(sums))
    if low < high:
        made[low - start : high - start] = sums[low - first : high - first]
    return made


def _traced(moves: Sequence[np.ndarray], band: Band) -> list[Step]:
    i, j = len(moves) - 1, int(band.high[-1]) - 1
    steps = []
    while i or j:
        width, breadth = MOVES[moves[i][j - band.low[i]]]
        i, j = i - width, j - breadth
        steps.append(Step(i, j, width, breadth))
    return steps[::-1]
