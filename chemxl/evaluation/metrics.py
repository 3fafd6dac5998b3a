"""Scores of mention recognition; for intervals and tests see :mod:`chemxl.evaluation.significance`.

Ours is exact: a prediction counts when document, type and both character offsets are those of a gold mention.
Seqeval's default (CoNLL) score over label sequences stands beside it, computed without loops over tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError

MICRO = "micro"
Scorer = Callable[[np.ndarray], np.ndarray]  # from sums of counts (..., K) to scores (...)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts and what follows from them."""

    correct: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Correct predictions among all predictions; 0 where there are none."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Gold mentions found; 0 where there are none."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.correct / (self.predicted + self.gold) if self.predicted + self.gold else 0.0


@dataclass(frozen=True)
class Counts:
    """Per document, so that documents can be drawn again.

    Args:
        types: the entity types, sorted.
        values: correct, predicted and gold mentions, integers of shape (documents, types, 3).
    """

    types: tuple[str, ...]
    values: np.ndarray

    def scores(self) -> dict[str, Score]:
        """One score per type, and ``micro`` over all."""
        totals = self.values.sum(axis=0)  # (types, 3)
        rows = dict(zip(self.types, totals, strict=True)) | {MICRO: totals.sum(axis=0)}
        return {name: Score(*(int(n) for n in row)) for name, row in rows.items()}

    def column(self, type: str = MICRO) -> np.ndarray:
        """Counts of one type or of all, shape (documents, 3)."""
        return self.values.sum(axis=1) if type == MICRO else self.values[:, self.types.index(type)]


def count(gold: Sequence[Sequence[Mention]], predicted: Sequence[Sequence[Mention]]) -> Counts:
    """Exact character-span matches per document and type.

    Raises:
        ChemxlError: the two do not cover the same documents.
    """
    if len(gold) != len(predicted):
        raise ChemxlError(
            f"{len(gold)} documents of gold mentions, {len(predicted)} of predictions: score the same documents"
        )
    types = tuple(sorted({m.type for document in chain(gold, predicted) for m in document}))
    index = {name: i for i, name in enumerate(types)}
    values = np.zeros((len(gold), len(types), 3), dtype=np.int64)
    for row, wanted, given in zip(values, gold, predicted, strict=True):
        wanted_keys = {(m.type, m.fragments) for m in wanted}
        given_keys = {(m.type, m.fragments) for m in given}
        for column, keys in enumerate((wanted_keys & given_keys, given_keys, wanted_keys)):
            for type_, _ in keys:
                row[index[type_], column] += 1
    return Counts(types, values)


def f1(totals: np.ndarray) -> np.ndarray:
    """F1 of counts, shape (..., 3) -> (...)."""
    found = totals[..., 1] + totals[..., 2]
    scores: np.ndarray = np.divide(2.0 * totals[..., 0], found, out=np.zeros(found.shape), where=found > 0)
    return scores


def precision(totals: np.ndarray) -> np.ndarray:
    """Of counts, shape (..., 3) -> (...); 0 where nothing was found."""
    return _share(totals, 1)


def recall(totals: np.ndarray) -> np.ndarray:
    """Of counts, shape (..., 3) -> (...); 0 where nothing was due."""
    return _share(totals, 2)


def _share(totals: np.ndarray, of: int) -> np.ndarray:
    right, among = totals[..., 0], totals[..., of]
    shares: np.ndarray = np.divide(right, among, out=np.zeros(among.shape), where=among > 0)
    return shares


SCORES: dict[str, Scorer] = {"F1": f1, "P": precision, "R": recall}


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
    """Label -> the character of number type * 4 + prefix (O 0, I 1, B 2), made as labels are met."""

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
    text = "".join(map(_Code(names).__getitem__, chain.from_iterable(labels)))  # faster than an array of integers
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<i4")
    return codes & 3, codes >> 2


def _chunks(prefix: np.ndarray, type_: np.ndarray, ends: np.ndarray, types: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys that are unique to (start, end, type), and the types, of all chunks."""
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


ERROR_CLASSES = ("correct", "wrong type", "wrong boundary", "wrong type and boundary", "missed", "spurious")


def errors(gold: Sequence[Sequence[Mention]], predicted: Sequence[Sequence[Mention]]) -> dict[str, int]:
    """How many mentions fall into each of ``ERROR_CLASSES``.

    A gold mention is correct, has the wrong type (same span), the wrong boundary (overlap, same type), both wrong
    (overlap only), or is missed; a prediction that overlaps no gold mention is spurious.
    """
    tally = dict.fromkeys(ERROR_CLASSES, 0)
    for wanted, given in zip(gold, predicted, strict=True):
        for mention in wanted:
            tally[_error_class(mention, given)] += 1
        tally["spurious"] += sum(not any(_overlap(g, m) for g in wanted) for m in given)
    return tally


def _error_class(mention: Mention, given: Iterable[Mention]) -> str:
    touching = [m for m in given if _overlap(mention, m)]
    if not touching:
        return "missed"
    same_span = [m for m in touching if m.fragments == mention.fragments]
    if any(m.type == mention.type for m in same_span):
        return "correct"
    if same_span:
        return "wrong type"
    return "wrong boundary" if any(m.type == mention.type for m in touching) else "wrong type and boundary"


def _overlap(a: Mention, b: Mention) -> bool:
    return a.start < b.end and b.start < a.end


def select(documents: Iterable[Document], mentions: Mapping[str, Sequence[Mention]]) -> list[Sequence[Mention]]:
    """Predictions in the order of documents, empty where a document has none."""
    return [mentions.get(document.id, ()) for document in documents]
