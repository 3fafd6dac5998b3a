"""Runs the notebooks, refuses what may not be published, builds the pages."""

from chemxl.book.gate import build, check
from chemxl.book.running import run

__all__ = ["build", "check", "run"]
