"""Scores of mentions, relations and document labels; for intervals and tests see :mod:`chemxl.evaluation.significance`.

They are exact: a prediction counts when document, type and both character offsets are those of a gold mention.
Seqeval's score of label sequences, which stands beside it, is in :mod:`chemxl.evaluation.chunks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Any

import numpy as np

from chemxl.documents import Document, Label, Mention, Span
from chemxl.errors import ChemxlError

MICRO = "micro"
Scorer = Callable[[np.ndarray], np.ndarray]  # from sums of counts (..., K) to scores (...)
_Key = tuple[Any, ...]  # the type, and what else two have in common that are the same


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of correct, predicted and gold items, and the scores that follow."""

    correct: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """The share of predictions that are correct; 0 without predictions."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of gold items that were found; 0 without gold."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.correct / (self.predicted + self.gold) if self.predicted + self.gold else 0.0


@dataclass(frozen=True)
class Counts:
    """Counts by source document, so that documents can be resampled.

    Args:
        types: the types of mentions, relations or labels, sorted.
        values: correct, predicted and gold ones, integers of shape (documents, types, 3).
    """

    types: tuple[str, ...]
    values: np.ndarray

    def scores(self) -> dict[str, Score]:
        """A score for each type, and ``micro`` over all."""
        totals = self.values.sum(axis=0)  # (types, 3)
        rows = dict(zip(self.types, totals, strict=True)) | {MICRO: totals.sum(axis=0)}
        return {name: Score(*(int(n) for n in row)) for name, row in rows.items()}

    def column(self, type: str = MICRO) -> np.ndarray:
        """Counts of one type or of all, shape (documents, 3)."""
        return self.values.sum(axis=1) if type == MICRO else self.values[:, self.types.index(type)]

    def due(self) -> list[str]:
        """The types that gold has."""
        return [type for type in self.types if self.column(type)[:, 2].any()]

    def table(self, types: Sequence[str]) -> np.ndarray:
        """Counts of these types, zeros where one is absent, for :func:`macro_f1`, shape (documents, types, 3)."""
        made = np.zeros((len(self.values), len(types), 3), dtype=self.values.dtype)
        for i, type in enumerate(types):
            if type in self.types:
                made[:, i] = self.column(type)
        return made


def count(
    gold: Sequence[Sequence[Mention]], predicted: Sequence[Sequence[Mention]], *, sources: Sequence[str] | None = None
) -> Counts:
    """Exact character-span matches per document and type.

    Args:
        sources: the source document of each text (``Document.origin``), whose counts are summed; without it, each text
            is one of its own.

    Raises:
        ChemxlError: the two do not cover the same documents.
    """
    return count_keys(_mentions(gold), _mentions(predicted), sources)


def count_relations(gold: Sequence[Document], predicted: Sequence[Document]) -> Counts:
    """Relations that match in type and direction, and in type and fragments of both mentions, per source document.

    Args:
        predicted: the same documents with what was found: with the gold mentions where only relations were asked for.

    Raises:
        ChemxlError: the two do not cover the same documents.
    """
    return count_keys([_relations(d) for d in gold], [_relations(d) for d in predicted], origins(gold))


def count_labels(
    gold: Sequence[Sequence[Label]], predicted: Sequence[Sequence[Label]], *, sources: Sequence[str] | None = None
) -> Counts:
    """Labels of documents that match, per document and type, arguments and errors as for :func:`count`; where each has
    one label, micro F1 is the accuracy."""
    wanted, given = ([[(label.type,) for label in labels] for labels in side] for side in (gold, predicted))
    return count_keys(wanted, given, sources)


def origins(documents: Iterable[Document]) -> list[str]:
    """The ids of the documents' source documents."""
    return [document.origin for document in documents]


def _mention(mention: Mention) -> _Key:
    """The key of a mention: type and fragments."""
    return mention.type, mention.fragments


def _mentions(texts: Iterable[Iterable[Mention]]) -> list[list[_Key]]:
    """The keys of the mentions of each text."""
    return [[_mention(mention) for mention in mentions] for mentions in texts]


def _relations(document: Document) -> list[_Key]:
    """The keys of a document's relations: type, head and tail."""
    mentions = {mention.id: _mention(mention) for mention in document.mentions}
    return [(relation.type, mentions[relation.head], mentions[relation.tail]) for relation in document.relations]


def count_keys(
    gold: Sequence[Iterable[_Key]], predicted: Sequence[Iterable[_Key]], sources: Sequence[str] | None
) -> Counts:
    """Matches of any kind, by document and type; arguments and errors as for :func:`count`.

    Args:
        gold, predicted: for each document, tuples that begin with a type; equal tuples match.
    """
    names = [str(i) for i in range(len(gold))] if sources is None else sources
    if not len(gold) == len(predicted) == len(names):
        raise ChemxlError(
            f"{len(gold)} documents of gold, {len(predicted)} of predictions, {len(names)} sources: "
            "score the same documents"
        )
    keys = [[set(items) for items in side] for side in (gold, predicted)]  # what stands twice counts once
    types = {name: i for i, name in enumerate(sorted({key[0] for items in chain(*keys) for key in items}))}
    rows = {source: i for i, source in enumerate(dict.fromkeys(names))}
    values = np.zeros((len(rows), len(types), 3), dtype=np.int64)
    for source, wanted, given in zip(names, *keys, strict=True):
        for column, found in enumerate((wanted & given, given, wanted)):
            for key in found:
                values[rows[source], types[key[0]], column] += 1
    return Counts(tuple(types), values)


def f1(totals: np.ndarray) -> np.ndarray:
    """F1 of counts, shape (..., 3) -> (...)."""
    found = totals[..., 1] + totals[..., 2]
    scores: np.ndarray = np.divide(2.0 * totals[..., 0], found, out=np.zeros(found.shape), where=found > 0)
    return scores


def precision(totals: np.ndarray) -> np.ndarray:
    """Precision from counts, shape (..., 3) -> (...); 0 without predictions."""
    return _share(totals, 1)


def recall(totals: np.ndarray) -> np.ndarray:
    """Recall from counts, shape (..., 3) -> (...); 0 without gold."""
    return _share(totals, 2)


def macro_f1(totals: np.ndarray) -> np.ndarray:
    """The mean of T types' F1 from counts, shape (..., T, 3) -> (...); types with nothing due or found are left out."""
    there = totals[..., 1:].sum(axis=-1) > 0  # (..., T)
    among = there.sum(axis=-1)
    scores: np.ndarray = np.divide(f1(totals).sum(axis=-1), among, out=np.zeros(among.shape), where=among > 0)
    return scores


def mean(totals: np.ndarray) -> np.ndarray:
    """The mean from sums and numbers, shape (..., 2) -> (...); 0 of nothing."""
    return _share(totals, 1)


def _share(totals: np.ndarray, of: int) -> np.ndarray:
    """Column 0 over another one, predicted (1) or gold (2) items or a number; 0 where that is 0."""
    right, among = totals[..., 0], totals[..., of]
    shares: np.ndarray = np.divide(right, among, out=np.zeros(among.shape), where=among > 0)
    return shares


SCORES: dict[str, Scorer] = {"F1": f1, "P": precision, "R": recall}


ERROR_CLASSES = ("correct", "wrong type", "wrong boundary", "wrong type and boundary", "missed", "spurious")


def errors(gold: Sequence[Sequence[Mention]], predicted: Sequence[Sequence[Mention]]) -> dict[str, int]:
    """How many mentions fall into each of ``ERROR_CLASSES``, see :func:`paired`, so that

        gold = correct + wrong type + wrong boundary + wrong type and boundary + missed
        predicted = correct + wrong type + wrong boundary + wrong type and boundary + spurious

    where a mention that is given twice counts once.
    """
    tally = dict.fromkeys(ERROR_CLASSES, 0)
    for wanted, given in zip(gold, predicted, strict=True):
        for name, _, _ in paired(wanted, given):
            tally[name] += 1
    return tally


def paired(gold: Sequence[Mention], predicted: Sequence[Mention]) -> list[tuple[str, Mention | None, Mention | None]]:
    """All mentions of a document, each once: the class out of ``ERROR_CLASSES``, the gold mention, the prediction.

    A gold mention and a prediction make a pair where they have a character in common, each in one pair at most. Pairs
    are made in this order, of one kind those first that have most characters in common: all is right (correct), the
    same characters (wrong type), the same type (wrong boundary), or neither (wrong type and boundary). A gold mention
    that is left is missed, a prediction that is left is spurious, such as all but one of three pieces of a name.
    """
    wanted, given = ({_mention(mention): mention for mention in side} for side in (gold, predicted))
    pairs = [
        ((a[0] != b[0]) + 2 * (a[1] != b[1]), -common, a, b)
        for a, b in product(wanted, given)
        if (common := _common(a[1], b[1]))
    ]
    made: list[tuple[str, Mention | None, Mention | None]] = []
    for kind, _, a, b in sorted(pairs):
        if a in wanted and b in given:
            made.append((ERROR_CLASSES[kind], wanted.pop(a), given.pop(b)))
    made += [("missed", mention, None) for mention in wanted.values()]
    return made + [("spurious", None, mention) for mention in given.values()]


def _common(a: Sequence[Span], b: Sequence[Span]) -> int:
    """The number of characters that two mentions share."""
    return sum(max(0, min(end, stop) - max(start, begin)) for (start, end), (begin, stop) in product(a, b))
