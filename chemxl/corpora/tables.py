"""Tab-separated tables whose first line may name the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines


def rows(path: Path, log: Log, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows, their fields in the order of ``columns``.

    Where a head names the columns, these may stand in any order and beside others; a table without a head has just
    these. A row of another width is a fault and is left out, as is the whole file where its head has not each column
    once.
    """
    places, width = list(range(len(columns))), len(columns)
    for number, line in read_lines(path, log):
        fields = line.split("\t")
        if number == 1 and set(fields) & set(columns):
            if any(fields.count(name) != 1 for name in columns):
                log.add(path, number, f"the columns {', '.join(columns)} were due, each once; file left out")
                return
            places, width = [fields.index(name) for name in columns], len(fields)
        elif line and len(fields) != width:
            log.add(path, number, f"{len(fields)} columns where {width} were due; row left out")
        elif line:
            yield number, [fields[place] for place in places]
