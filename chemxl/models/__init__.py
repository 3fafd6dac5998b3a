"""Encoders, heads, the one training loop, and models that are trained on documents."""
