"""The one family of errors that chemxl raises on bad input."""

from __future__ import annotations


class ChemxlError(Exception):
    """Bad input or a state that the reader can mend; the message says where and how."""


class CorpusError(ChemxlError):
    """A corpus that is missing, changed, or malformed (file and line are named)."""


class EncoderError(ChemxlError):
    """An encoder that cannot be had on this machine."""


class BookError(ChemxlError):
    """A notebook or a book that may not be run or published."""
