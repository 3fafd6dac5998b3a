"""Annotated texts as a person has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chemxl import corpora
from chemxl.corpora import brat

COUNT = 20


def lay_out(folder: Path, *, language: str = "ru", count: int = COUNT) -> Path:
    """A brat folder of texts, none the copy of another."""
    made = corpora.expand("mini", 400, seed=3, language=language)[:count]
    for number, document in enumerate(made, 1):
        brat.write(replace(document, id=f"text-{number:02}"), folder)
    return folder
