"""A person's own corpus: a tagger trained on it, its scores, and the way to transformers."""
