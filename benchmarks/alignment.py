"""``chemxl.collect.alignment.align`` after embedding, on texts whose sentences are vectors and whose damage is known.

The peer of the short pair is the same optimum searched cell by cell in Python over NumPy matrices of all margins, as
one would write it down: vecalign and Bertalign are in no package registry. The peer of the long pair is our own search
without the band. Agreement is the strict F1 of the beads of both; sentences are those of both texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from benchmarks import Row, seconds, traced_mib
from chemxl.collect.alignment import MOVES, NEIGHBOURS, SHAPES, SKIP, WHOLE, Bead, Embed, align, gain, usual
from chemxl.collect.disturbance import Parallel, disturb, strict_f1
from chemxl.collect.margin import unit
from chemxl.documents import Pair
from chemxl.experiments.provenance import hardware

SIZE = 384


def texts(count: int, *, seed: int = 0) -> tuple[Parallel, Embed]:
    """Two texts of about so many sentences, whose words are numbers, and what embeds them.

    A word's vector is random, its translation's the same with noise, both with much in common, as E5's have; a
    sentence's is the sum of its words'.
    """
    rng = np.random.default_rng(seed)
    meaning = rng.normal(size=(count, SIZE))
    vectors = np.concatenate([meaning, meaning + rng.normal(size=meaning.shape)]) + 2 * rng.normal(size=SIZE)
    pairs = [Pair(str(i), str(i), str(count + i)) for i in range(count)]

    def embed(sentences: Sequence[str]) -> np.ndarray:
        return unit(np.stack([vectors[[int(word) for word in s.split()]].sum(0) for s in sentences])).astype("f4")

    return disturb(pairs, seed=seed, merge=0.1, split=0.0, drop=0.1), embed


def known(text: Parallel, embed: Embed) -> Embed:
    """An embedder that has read the text, so that only the alignment is timed."""
    sides = (text.source, text.target)
    asked = [span for s in sides for span in (*s, *(f"{a} {b}" for a, b in pairwise(s)))]
    vectors = embed(asked)
    return lambda _: vectors


def by_cells(text: Parallel, embed: Embed) -> list[Bead]:
    """The same beads from loops over all cells, all but the first with the skip that the last one's margins tell."""
    margins = all_margins(text, embed)
    beads = path(margins, len(text.source), len(text.target), skip=SKIP)
    for _ in range(2):
        found = [margins[a, b][i, j] if a and b else 0.0 for i, j, a, b in beads]
        beads = path(margins, len(text.source), len(text.target), skip=usual(found))
    return [Bead(tuple(range(i, i + a)), tuple(range(j, j + b))) for i, j, a, b in beads]


def all_margins(text: Parallel, embed: Embed) -> dict[tuple[int, int], np.ndarray]:
    """By shape the margins of all spans, by their first sentences."""
    n, m = len(text.source), len(text.target)
    one_x, two_x, one_y, two_y = np.split(embed(()).astype(float), np.cumsum([n, n - 1, m]))
    x, y = ([one, two, unit(two[:-1] + two[1:] - one[1:-1] / 2)] for one, two in ((one_x, two_x), (one_y, two_y)))
    x, y = ([unit(v - side[0].sum(0) / (len(side[0]) + 1)) for v in side] for side in (x, y))
    close = {(a, b): (1 + x[a - 1] @ y[b - 1].T) / 2 for a, b in SHAPES}
    near_x = [np.sort(close[a, 1], axis=1)[:, -NEIGHBOURS:].mean(1) for a in (1, 2)]
    near_y = [np.sort(close[1, b], axis=0)[-NEIGHBOURS:].mean(0) for b in (1, 2)]
    near_x, near_y = ([*near, (near[1][:-1] + near[1][1:]) / 2] for near in (near_x, near_y))
    return {(a, b): 2 * close[a, b] / (near_x[a - 1][:, None] + near_y[b - 1]) for a, b in SHAPES}


def path(margins: dict[tuple[int, int], np.ndarray], n: int, m: int, *, skip: float) -> list[tuple[int, int, int, int]]:
    """The best path cell by cell: first sentences and shape of each bead."""
    gains = {(a, b): gain(values, a, b, skip=skip).tolist() for (a, b), values in margins.items()}
    sums = [[0.0] * (m + 1) for _ in range(n + 1)]
    moves = [[(0, 0)] * (m + 1) for _ in range(n + 1)]
    for i in range(n + 1):
        for j in range(m + 1):
            best = 0.0 if i == j == 0 else -np.inf
            for a, b in MOVES:
                if a <= i and b <= j:
                    worth = gains[a, b][i - a][j - b] if a and b else 0.0
                    if sums[i - a][j - b] + worth > best:
                        best, moves[i][j] = sums[i - a][j - b] + worth, (a, b)
            sums[i][j] = best
    beads = []
    i, j = n, m
    while i or j:
        a, b = moves[i][j]
        i, j = i - a, j - b
        beads.append((i, j, a, b))
    return beads[::-1]


def run(*, count: int = 500, long: int = 4000, whole: int = WHOLE, repeats: int = 3) -> Iterator[Row]:
    """Two rows: a pair of texts that is searched whole, and one that is searched in a band."""
    for size, peer in ((count, "exact search cell by cell, Python"), (long, "align without a band")):
        text, embed = texts(size)
        ready = known(text, embed)

        def ours(text: Parallel = text, ready: Embed = ready) -> list[Bead]:
            return align(text.source, text.target, embed=ready, whole=whole)

        def theirs(text: Parallel = text, ready: Embed = ready, cells: bool = size == count) -> list[Bead]:
            found = by_cells(text, ready) if cells else align(text.source, text.target, embed=ready, whole=2**62)
            return found

        own, other = seconds(ours, theirs, repeats=repeats)
        sentences = len(text.source) + len(text.target)
        yield Row(
            name=f"alignment: {len(text.source):,} x {len(text.target):,} sentences, {own:.2f} s after embedding",
            peer=f"{peer}, {other:.2f} s",
            unit="sentences/s",
            ours=sentences / own,
            theirs=sentences / other,
            ratio=other / own,
            ours_mib=traced_mib(ours),
            theirs_mib=traced_mib(theirs),
            agree=strict_f1(ours(), theirs()).f1,
            hardware=hardware(),
        )
