"""Named entity recognition: the experiments of chapter 4 as values."""

from chemxl.models.tagger import Tagger
from chemxl.ner.experiments import BiLstmCrf, Evaluation, FineTune, NerModel, gold

__all__ = ["BiLstmCrf", "Evaluation", "FineTune", "NerModel", "Tagger", "gold"]
