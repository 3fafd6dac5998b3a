"""How commands show tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Column, Table


def on_terminal() -> bool:
    """Whether a person sees standard output directly."""
    return sys.stdout is not None and sys.stdout.isatty()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: on a terminal with rules and nothing cut off, otherwise as tab-separated values."""
    rows = [[_printable(cell) for cell in row] for row in rows]
    if not on_terminal():
        for row in (head, *rows):
            typer.echo("\t".join([*row, *[""] * (len(head) - len(row))]))
        return
    shown = Table(*[Column(name, overflow="fold") for name in head])
    for row in rows:
        shown.add_row(*row)
    Console(markup=False, emoji=False).print(shown)  # what a person's files say is no markup


def _printable(cell: str) -> str:
    """A cell in one line, without what a terminal would obey: types have any names."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in cell)
