"""Whether an uncertainty ranks a model's errors: area under the ROC curve, and risk by coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from chemxl.active.reading import Model, gold_labels
from chemxl.active.strategies import SCORERS, word_scores
from chemxl.documents import Document

RANKED = tuple(name for name in SCORERS if name != "surprisal")  # which orders words as ``probability`` does


def auroc(wrong: np.ndarray, uncertainty: np.ndarray) -> float:
    """The area under the ROC curve: how often a wrong word is less sure than a right one, from (N,) and (N,); 0.5 if
    all words are right or all wrong."""
    return float(roc_auc_score(wrong, uncertainty)) if 0 < wrong.sum() < len(wrong) else 0.5


def risk_coverage(wrong: np.ndarray, uncertainty: np.ndarray) -> np.ndarray:
    """The error rate among the k surest words, for k = 1 ... N: (N,). Its mean is the area under the curve
    (Geifman and El-Yaniv 2017)."""
    ordered = wrong[np.argsort(uncertainty, kind="stable")]
    return np.asarray(np.cumsum(ordered) / np.arange(1, len(ordered) + 1))


@dataclass(frozen=True)
class Ranking:
    """How an uncertainty orders words.

    Args:
        auroc: see :func:`auroc`.
        risk: see :func:`risk_coverage`.
    """

    auroc: float
    risk: np.ndarray

    def at(self, shares: Sequence[float]) -> list[float]:
        """The error rates among the surest words, for these shares of all words, each above 0 and at most 1."""
        return [float(self.risk[max(0, round(share * len(self.risk)) - 1)]) for share in shares]


def rankings(
    model: Model, documents: Sequence[Document], *, labelled: Sequence[Document], rng: np.random.Generator
) -> dict[str, Ranking]:
    """For each uncertainty of ``RANKED``, how it ranks the words of annotated documents, which are read once.

    Raises:
        ChemxlError: nothing is labelled, so that there are no centroids.
    """
    predicted: list[np.ndarray] = []
    scores: dict[str, list[np.ndarray]] = {name: [] for name in RANKED}
    for words, found in word_scores(RANKED, model, documents, rng=rng, labelled=labelled):
        predicted.append(words.predicted)
        for name, scored in found.items():
            scores[name].append(scored)
    wrong = np.concatenate(predicted) != gold_labels(documents, model.labels)
    whole = {name: np.concatenate(parts) for name, parts in scores.items()}
    return {name: Ranking(auroc(wrong, scored), risk_coverage(wrong, scored)) for name, scored in whole.items()}
