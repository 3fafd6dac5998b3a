"""Named entity recognition: the experiments of chapter 4 as values."""

from chemxl.ner.experiments import BiLstmCrf, Evaluation, FineTune, NerModel, gold
from chemxl.ner.tagger import Tagger

__all__ = ["BiLstmCrf", "Evaluation", "FineTune", "NerModel", "Tagger", "gold"]
