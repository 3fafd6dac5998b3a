"""Tests of sentence alignment from sentence pairs: documents with known damage, and strict precision and recall."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from chemxl.collect.alignment import Bead
from chemxl.documents import Pair
from chemxl.errors import ChemxlError
from chemxl.evaluation.metrics import Score

_PLACE = re.compile(r"[,;:](?=\s)")
_WORDS_A_HALF = 3


@dataclass(frozen=True, slots=True)
class Parallel:
    """The sentences of a text and of its translation, and which of them belong together."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    gold: tuple[Bead, ...]


class Ratios(NamedTuple):
    """The shares of beads that are right."""

    precision: float
    recall: float
    f1: float


def strict_f1(found: Iterable[Bead], gold: Iterable[Bead]) -> Ratios:
    """Precision, recall and F1 over exact beads; beads with an empty side are left out.

    A ratio without beads is 0. See :func:`strict_and_lax` for what papers on alignment report.
    """
    score = Score(*tally(found, gold))
    return Ratios(score.precision, score.recall, score.f1)


def strict_and_lax(documents: Iterable[tuple[Sequence[Bead], Sequence[Bead]]]) -> tuple[Ratios, Ratios]:
    """Strict and lax scores over documents, as papers on alignment report them.

    A bead is strictly right if it is a gold one, and laxly also if a source and a target sentence of it are in one gold
    bead. Beads with an empty side count for precision and not for recall. So counts vecalign's own ``score.py``
    (Thompson and Koehn 2019).
    """
    counts = np.zeros((2, 3))  # of precision and of recall: right strictly, right laxly, all
    for found, gold in documents:
        of_both = ([bead for bead in beads if bead.source and bead.target] for beads in (gold, found))
        counts += _right(found, gold), _right(*of_both)
    precision, recall = counts[:, :2] / np.maximum(counts[:, 2:], 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    strict, lax = np.stack([precision, recall, f1], axis=1).tolist()
    return Ratios(*strict), Ratios(*lax)


def _right(tried: Sequence[Bead], key: Sequence[Bead]) -> tuple[int, int, int]:
    """How many beads are right strictly, how many laxly, and how many there are."""
    known, pairs = set(key), {(s, t) for bead in key for s in bead.source for t in bead.target}
    near = [bead in known or any(pair in pairs for pair in product(bead.source, bead.target)) for bead in tried]
    return sum(bead in known for bead in tried), sum(near), len(tried)


def tally(found: Iterable[Bead], gold: Iterable[Bead]) -> tuple[int, int, int]:
    """How many beads are right on both sides, how many were found, and how many are due; those with an empty side are
    left out."""
    a, b = ({(bead.source, bead.target) for bead in beads if bead.source and bead.target} for beads in (found, gold))
    return len(a & b), len(a), len(b)


def disturb(
    pairs: Sequence[Pair], *, seed: int, merge: float = 0.1, split: float = 0.1, drop: float = 0.1, swap: float = 0.0
) -> Parallel:
    """A document and its translation, made from sentence pairs with some merged, split, swapped or dropped.

    Each pair in turn meets at most one disturbance, drawn with the probabilities given, on a side drawn evenly:

    - ``merge``: its sentence and the next pair's, on that side, become one, joined by a space (bead 1-2 or 2-1, both
      pairs are used up; the last pair is left as it is);
    - ``split``: its sentence on that side is cut behind the comma, semicolon or colon, one with a space after it, that
      is nearest the middle (the first of two equally near; bead 1-2 or 2-1). Where a half would have fewer than 3
      words, or there is no such sign, the pair is left as it is;
    - ``drop``: its sentence on that side is left out (bead 1-0 or 0-1);
    - ``swap``: its sentence and the next pair's, on that side, change places (bead 2-2, both pairs are used up; the
      last pair is left as it is).

    So 0.1 is 5 % of the sentences of each side. Two disturbances never meet in one bead.

    Raises:
        ChemxlError: a probability below 0, or all together above 1.
    """
    rates = (merge, split, drop, swap)
    if min(rates) < 0 or sum(rates) > 1:
        raise ChemxlError(f"merge, split, drop and swap are {rates}: each must be 0 or more, and their sum at most 1")
    rng = random.Random(seed)
    names = ("merge", "split", "drop", "swap", "")
    sides: tuple[list[str], list[str]] = ([], [])
    gold: list[Bead] = []
    i = 0
    while i < len(pairs):
        (kind,) = rng.choices(names, (*rates, 1 - sum(rates)))
        changed = rng.randrange(2)
        texts = [[pair.source for pair in pairs[i : i + 2]], [pair.target for pair in pairs[i : i + 2]]]
        used = 2 if kind in {"merge", "swap"} and len(texts[0]) == 2 else 1
        made = [side[:used] for side in texts]
        made[changed] = _changed(kind, made[changed])
        beads = tuple(tuple(range(len(side), len(side) + len(new))) for side, new in zip(sides, made, strict=True))
        gold.append(Bead(beads[0], beads[1]))
        for side, new in zip(sides, made, strict=True):
            side += new
        i += used
    return Parallel(tuple(sides[0]), tuple(sides[1]), tuple(gold))


def _changed(kind: str, texts: list[str]) -> list[str]:
    """The sentences after one kind of damage."""
    if kind == "merge":
        return [" ".join(texts)]
    if kind == "swap":
        return texts[::-1]
    if kind == "drop":
        return []
    return _halves(texts[0]) if kind == "split" else texts


def _halves(text: str) -> list[str]:
    """A sentence cut in two near its middle; the whole sentence if no good place is found."""
    places = [match.end() for match in _PLACE.finditer(text)]
    if places:
        cut = min(places, key=lambda place: abs(2 * place - len(text)))
        halves = [text[:cut].strip(), text[cut:].strip()]
        if all(len(half.split()) >= _WORDS_A_HALF for half in halves):
            return halves
    return [text]
