"""Seqeval's default (CoNLL) score over label sequences, computed without loops over tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from chemxl.errors import ChemxlError
from chemxl.evaluation.metrics import MICRO, Score


def seqeval_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, Score]:
    """Seqeval's default score of BIO sequences: the CoNLL script's rule for chunks, per type and ``micro``.

    Raises:
        ChemxlError: sequences of unequal length.
    """
    lengths = [len(labels) for labels in gold]
    if lengths != [len(labels) for labels in predicted]:
        raise ChemxlError("gold and predicted label sequences differ in length: label the same units")
    ends = np.cumsum(lengths, dtype=np.int64)
    names: dict[str, int] = {}
    codes = [_codes(labels, names) for labels in (gold, predicted)]
    types = list(names)
    (gold_keys, gold_types), (pred_keys, pred_types) = (_chunks(*code, ends, len(types)) for code in codes)
    hits = gold_types[np.isin(gold_keys, pred_keys, assume_unique=True)]
    columns = [np.bincount(t, minlength=len(types)) for t in (hits, pred_types, gold_types)]
    scores = {
        name: Score(*(int(column[i]) for column in columns)) for i, name in sorted(enumerate(types), key=lambda x: x[1])
    }
    return scores | {MICRO: Score(len(hits), len(pred_types), len(gold_types))}


class _Code(dict[str, str]):
    """From a label to the character with the number type * 4 + prefix (O 0, I 1, B 2), made when a label is first
    met."""

    def __init__(self, names: dict[str, int]) -> None:
        super().__init__(O="\0")
        self.names = names

    def __missing__(self, label: str) -> str:
        prefix, _, type_ = label.partition("-")
        if prefix not in {"B", "I"} or not type_:
            raise ChemxlError(f"{label!r} is no BIO label: O, B-type or I-type is")
        self[label] = chr(self.names.setdefault(type_, len(self.names)) * 4 + (2 if prefix == "B" else 1))
        return self[label]


def _codes(labels: Sequence[Sequence[str]], names: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The prefix and the type of every label, as integers."""
    text = "".join(map(_Code(names).__getitem__, chain.from_iterable(labels)))  # faster than an array of integers
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<i4")
    return codes & 3, codes >> 2


def _chunks(prefix: np.ndarray, type_: np.ndarray, ends: np.ndarray, types: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys that are unique for (start, end, type), and the types, of all chunks."""
    total = len(prefix)
    inside = prefix > 0
    breaks = np.zeros(total + 1, dtype=bool)  # breaks[i]: a sequence begins at i
    breaks[0] = True
    breaks[ends] = True
    follows = np.zeros(total, dtype=bool)  # continues the chunk of the unit before it
    follows[1:] = (prefix[1:] == 1) & inside[:-1] & (type_[1:] == type_[:-1])
    follows &= ~breaks[:total]
    starts = np.flatnonzero(inside & ~follows)
    ended = inside.copy()
    ended[:-1] &= ~follows[1:]
    stops = np.flatnonzero(ended)
    kinds = type_[starts]
    return (starts * total + stops) * types + kinds, kinds
