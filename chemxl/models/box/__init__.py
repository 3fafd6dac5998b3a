"""What comes with the package, as README.md beside this file says; :mod:`chemxl.box` makes it."""

from pathlib import Path

IN_THE_BOX = "in-the-box"  # what the encoder, and the tagger, is called where one is named
FOLDER = Path(__file__).parent
ENCODER, TAGGER = FOLDER / "encoder", FOLDER / "tagger"
