"""Continual pretraining: the experiments of chapter 3 as values."""
