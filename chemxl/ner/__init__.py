"""Named entity recognition: the experiments of chapter 4 as values."""

from chemxl.models.learner import Evaluation
from chemxl.models.tagger import Tagger, gold
from chemxl.ner.experiments import BiLstmCrf, FineTune, NerModel

__all__ = ["BiLstmCrf", "Evaluation", "FineTune", "NerModel", "Tagger", "gold"]
