"""The length of the sentences that a model would ask for, by how the uncertainties of words are aggregated for a
sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chemxl.active.reading import AGGREGATIONS, Model, aggregated
from chemxl.active.strategies import word_scores
from chemxl.documents import Document

COMPARED = ("mahalanobis", "probability", "entropy")


def lengths(
    model: Model, pool: Sequence[Document], n: int, *, labelled: Sequence[Document], rng: np.random.Generator
) -> dict[str, float]:
    """Mean number of words of the n sentences that would be chosen by each of ``COMPARED`` and of ``AGGREGATIONS``,
    ``<uncertainty>.<aggregation>``, and of all of the pool, ``pool``. The pool is read once."""
    scores: dict[str, list[np.ndarray]] = {f"{name}.{how}": [] for name in COMPARED for how in AGGREGATIONS}
    for words, found in word_scores(COMPARED, model, pool, rng=rng, labelled=labelled):
        for name in COMPARED:
            for how in AGGREGATIONS:
                scores[f"{name}.{how}"].append(aggregated(found[name], words, how))
    long = np.array([len(unit.words) for unit in pool])
    chosen = {name: np.argsort(-np.concatenate(parts), kind="stable")[:n] for name, parts in scores.items()}
    return {"pool": float(long.mean()), **{name: float(long[places].mean()) for name, places in chosen.items()}}
