"""Annotating: an editor for a notebook, and rounds of texts as brat folders."""

from chemxl.annotate.widget import Annotator

__all__ = ["Annotator"]
