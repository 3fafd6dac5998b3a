"""Encoders, heads, the one training loop, and models that are trained on documents."""

from pathlib import Path

# A small encoder and a tagger, which come with this package: see chemxl/models/box/README.md.
IN_THE_BOX = "in-the-box"
BOX = Path(__file__).parent / "box"
