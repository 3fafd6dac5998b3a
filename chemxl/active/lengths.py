"""How long the sentences are that a model asks for, by how its words' uncertainties become a sentence's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import Field

from chemxl.active.oracle import Annotated
from chemxl.active.reading import AGGREGATIONS, TaggerModel, aggregated
from chemxl.active.spectral import SpectralFineTune
from chemxl.active.strategies import word_scores
from chemxl.experiment import Experiment
from chemxl.ner.experiments import FineTune

COMPARED = ("mahalanobis", "probability", "entropy")


class Lengths(Experiment):
    """One choice from a pool by each of ``COMPARED`` and of ``AGGREGATIONS``.

    Args:
        model: what chooses; trained on a part of the pool.
        pool: all that may be chosen; what the model was trained on is not.
        budget: units to choose.
    """

    model: FineTune | SpectralFineTune = Field(discriminator="kind")
    pool: tuple[Annotated, ...]
    budget: int = Field(default=50, ge=1)

    @property
    def seed(self) -> int:
        """Of the training."""
        return self.model.seed

    def compute(self, folder: Path) -> dict[str, float]:
        """``pool`` is the mean number of words of what was left to choose from, ``<uncertainty>.<aggregation>`` of
        what was chosen."""
        labelled = [unit for corpus in self.model.train for unit in corpus.load()]
        known = {unit.id for unit in labelled}
        left = [unit for corpus in self.pool for unit in corpus.load() if unit.id not in known]
        lengths = np.array([len(unit.words) for unit in left])
        network, found = TaggerModel(self.model.tagger()), {"pool": float(lengths.mean())}
        for name in COMPARED:
            rng = np.random.default_rng(self.seed)
            pieces = list(word_scores(name, network, left, rng=rng, labelled=labelled))
            for how in AGGREGATIONS:
                scores = np.concatenate([aggregated(scored, words, how) for words, scored in pieces])  # (S,)
                chosen = np.argsort(-scores, kind="stable")[: self.budget]
                found[f"{name}.{how}"] = float(lengths[chosen].mean())
        return found
