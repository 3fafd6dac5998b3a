"""Rows of tables as spreadsheets, pandas and R write them: cells between tabs, commas or semicolons, perhaps in quotes.

A cell in quotes may hold what separates cells, line breaks, and quotes, each twice (RFC 4180). In a table with tabs
quotes may also be mere characters: they are taken for quotes around a cell where all cells of the head have them, as R
writes it, and where the cell holds what needs them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

SEPARATORS = {"tsv": "\t", "csv": ",;\t"}
_CELL = {
    one: re.compile(rf'(?:\A|{one})(?:"(?P<inner>[^"]*+(?:""[^"]*+)*+)"(?={one}|\Z)|(?P<bare>[^{one}]*+))')
    for one in SEPARATORS["csv"]
}
_LONGEST = 2**22  # characters of a row

Cells = Sequence[re.Match[str]]
Lines = Iterator[tuple[int, str]]


def rows(lines: Lines, may: str, column: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row that is not blank, with the number of its first line; the first row is the head.

    A row of which a quote is not closed has no cells; in a table with tabs that quote is a character.

    Args:
        may: what may separate cells: that by which the head has the column, or else the first.
    """
    held: deque[tuple[int, str]] = deque()
    between, quoted, width = "", False, 0
    while held or (held := deque(islice(lines, 1))):
        number, row = held.popleft()
        if not row.strip(f"{between} \t"):
            continue
        if not between:
            between = next((one for one in may if column in _values(_cells(row, one), one, quoted=True)), may[0])
            quoted = between != "\t" or all(cell["bare"] is None for cell in _cells(row, between))
        cells = _cells(row, between)
        if row.count('"') % 2 and any((cell["bare"] or "").startswith('"') for cell in cells):
            if whole := _completed(row, held, lines, between, width):
                cells = _cells(whole, between)
                for _ in range(whole.count("\n")):
                    held.popleft()
            elif between != "\t":
                cells = []
        width = width or len(cells)
        yield number, _values(cells, between, quoted=quoted)


def _completed(row: str, held: deque[tuple[int, str]], lines: Lines, between: str, width: int) -> str:
    """The row with the lines that close its quotes; empty where they do not, or where one in them is a row by itself.

    Args:
        held: lines that were read ahead, which stay there.
    """
    pieces, size = [row], len(row)
    while size < _LONGEST:
        held.extend(islice(lines, max(0, len(pieces) - len(held))))
        if len(held) < len(pieces):
            break
        line = held[len(pieces) - 1][1]
        pieces.append(line)
        size += len(line)
        if line.count('"') % 2:
            whole = "\n".join(pieces)
            cells = _cells(whole, between)
            ends = [line for cell in cells for line in cell[0].removeprefix(between).split("\n")[1:]]
            rows = between == "\t" and width > 1 and any(line.count("\t") == width - 1 for line in ends)
            return "" if rows or width not in (0, len(cells)) else whole
    return ""


def _cells(row: str, between: str) -> Cells:
    return [*_CELL[between].finditer(row)]


def _values(cells: Cells, between: str, *, quoted: bool) -> list[str]:
    """What cells hold.

    Args:
        quoted: whether quotes around a cell are no part of it, also where nothing in it needs them.
    """
    values = []
    for cell in cells:
        inner, needs = cell["inner"], ('""', "\n", between)
        plain = inner is None or not (quoted or any(sign in inner for sign in needs))
        values.append(cell[0].removeprefix(between) if plain else inner.replace('""', '"'))
    return values
