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
    """

    models: tuple[NerModel, ...]

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
        states = [one.model.state_dict() for one in taggers]
        mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
        made.model.load_state_dict(mean)
        made.save(folder)
        return {"taggers": len(taggers)}

    def tagger(self) -> Tagger:
        """The averaged tagger; it is made now if it is not in the cache."""
        return Tagger.load(self.run().folder)
