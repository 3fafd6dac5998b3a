"""Annotating: an editor for a notebook, and rounds of texts as brat folders."""
