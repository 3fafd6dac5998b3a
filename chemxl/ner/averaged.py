"""One tagger from several: the mean of their weights, which costs no more to use than one of them."""

from __future__ import annotations

from pathlib import Path

import torch

from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Experiment
from chemxl.models.tagger import Tagger
from chemxl.ner.experiments import NerModel


class AveragedTagger(Experiment):
    """The mean of the weights of taggers that began from the same weights (a uniform model soup: Wortsman et al. 2022,
    arXiv:2203.05482, section 2).

    Args:
        models: one seed for all, so that their heads begin alike; what they read differs.
        joins: see :class:`chemxl.models.tagger.Tagger`.
    """

    models: tuple[NerModel, ...]
    joins: bool = False

    def trained(self) -> tuple[Experiment, ...]:
        """The trainings of the taggers."""
        return self.models

    def compute(self, folder: Path) -> dict[str, float]:
        """Average, and save the tagger.

        Raises:
            ChemxlError: they began from different heads, or have different labels.
        """
        taggers = [model.tagger() for model in self.models]
        made = taggers[0]
        if len({model.seed for model in self.models}) > 1 or len({one.model.labels for one in taggers}) > 1:
            raise ChemxlError("taggers can be averaged if they have one seed and the same labels")
        first, *others = (one.model.state_dict() for one in taggers)
        for name, weights in first.items():  # what is the same in all stays the same to the bit
            first[name] = weights + sum((other[name] - weights for other in others), torch.zeros(())) / len(taggers)
        made.model.load_state_dict(first)
        made.joins = self.joins
        made.save(folder)
        return {"taggers": len(taggers)}

    def tagger(self) -> Tagger:
        """The averaged tagger; it is made now if it is not in the cache."""
        return Tagger.load(self.run().folder)
