"""The errors that chemxl raises on bad input."""

from __future__ import annotations


class ChemxlError(Exception):
    """Bad input, or a state that a person can mend; the message says where and how."""


class CorpusError(ChemxlError):
    """A corpus that is missing, changed or malformed; the message names file and line."""


class EncoderError(ChemxlError):
    """An encoder that is not to be had on this machine."""


class BookError(ChemxlError):
    """A notebook or book that must not be run or published."""
