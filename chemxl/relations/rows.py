"""The rows of chapter 8, from finished runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chemxl.evaluation import metrics, significance
from chemxl.models.learner import Evaluation
from chemxl.relations.data import Tails
from chemxl.relations.experiments import EntityTyping
from chemxl.relations.pipeline import EndToEnd
from chemxl.relations.scores import MACRO, SCORER
from chemxl.results.rows import Pair, Row, Scored, counted, differences, known, scored
from chemxl.results.rows import macro as macro_f1


def scores(values: Sequence[Scored]) -> list[Row]:
    """Rows with F1, precision and recall of all relations."""
    return scored(values, scores=metrics.SCORES, scorer=SCORER)


def by_type(values: Sequence[Scored]) -> list[Row]:
    """Rows with the scores of all relations, and F1 of each that gold has."""
    types = values[0].counts().due()
    return scores(values) + [row for type in types for row in scored(values, type=type, scorer=SCORER)]


def macro(values: Sequence[Scored]) -> list[Row]:
    """Rows with the mean F1 of the types that gold has, and with the scores of all together."""
    return [macro_f1(values, scorer=MACRO), *scores(values)]


def typed(values: Sequence[Evaluation]) -> list[Row]:
    """Rows that say how well fine types are told apart: micro F1 of the mentions that have one of several."""
    counts = [value.counts() for value in values]
    model = values[0].model
    assert isinstance(model, EntityTyping)
    fine = [name for kinds in model.scheme.finer().values() for name in kinds]

    def together(totals: np.ndarray) -> np.ndarray:
        """Micro F1 over types, (..., T, 3) -> (...)."""
        return metrics.f1(totals.sum(axis=-2))  # (..., T, 3) -> (...)

    found = significance.estimate([one.table(fine) for one in counts], score=together)
    return [known("F1 of fine types", found, values, n=len(counts[0].values), scorer="fine types of gold mentions")]


def chained(values: Sequence[EndToEnd]) -> list[Row]:
    """Rows with the scores of relations, and with how many of the mentions were found."""
    mentions = {"F1 of mentions": values[0].run().metrics["mentions.f1"]}
    return [*scores(values), *counted(mentions, scorer="exact character spans and types")]


def compared(pairs: Sequence[Pair]) -> list[Row]:
    """Rows with differences of F1, corrected over these pairs."""
    return differences(pairs, scorer=SCORER)


def tails(value: Tails) -> list[Row]:
    """Rows with the number of relations, by their type and the type of their tail."""
    return [
        row
        for (type, tail), count in value.tails().items()
        for row in counted({"relations": count}, keys={"type": type, "tail": tail})
    ]
