"""Experiments as values: computed once, read from a cache afterwards, here or on a cluster."""
