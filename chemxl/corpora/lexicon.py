"""Lexicons as tables with a head: a term and its translation a row, apart by tabs, or by commas in a ``.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.corpora.paired import Languages, Pairs, language
from chemxl.documents import Pair

_TERMS = ("sourceLang", "targetLang", "sourceString", "targetString")

Row = tuple[int, list[str]]


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages) -> list[Pair]:
    """Pairs of terms, named ``<file>-<line>``.

    Either a column a language, named by its code (``en``, ``ru``, ``la``), or the columns of TICO-19's terminologies,
    ``sourceLang``, ``targetLang``, ``sourceString`` and ``targetString``, where a row may run either way. A row
    without a term in either language is an empty row; one with a term in one of them is a fault.
    """
    pairs = Pairs(languages, log)
    for path in paths:
        _table(path, (_comma if path.suffix == ".csv" else _tab)(path, log), pairs)
    return pairs.list()


def _tab(path: Path, log: Log) -> Iterator[Row]:
    for number, line in read_lines(path, log):
        if line:
            yield number, line.split("\t")


def _comma(path: Path, log: Log) -> Iterator[Row]:
    """A row may go over several lines: its number is that of the last."""
    at = 1

    def lines() -> Iterator[str]:
        """The lines of the file; ``at`` is the number of the last one that was read."""
        nonlocal at
        for number, line in read_lines(path, log):
            at = number
            yield line + "\n"

    rows = csv.reader(lines(), strict=True)
    while True:
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            log.add(path, at, f"not a row of a CSV table ({error}); row left out")
            continue
        if fields:
            yield at, fields


def _table(path: Path, rows: Iterator[Row], pairs: Pairs) -> None:
    _, head = next(rows, (1, []))
    terms = set(_TERMS) <= set(head)
    wanted = _TERMS if terms else pairs.languages
    if any(head.count(name) != 1 for name in wanted):
        pairs.log.add(path, 1, f"the columns {', '.join(wanted)} were due, each once; file left out")
        return
    columns = [head.index(name) for name in wanted]
    for number, fields in rows:
        if len(fields) != len(head):
            pairs.log.add(path, number, f"{len(fields)} columns where {len(head)} were due; row left out")
            continue
        if fields == head:
            pairs.log.add(path, number, "the head stands again, as in a table that was put together; row left out")
            continue
        *codes, source, target = (fields[column] for column in columns)
        if not source.strip() and not target.strip():
            continue
        direction = tuple(map(language, codes)) if terms else pairs.languages
        if direction == pairs.languages[::-1]:
            source, target = target, source
        elif direction != pairs.languages:
            pairs.log.add(
                path, number, f"{'-'.join(codes)[:40]} where {'-'.join(pairs.languages)} was due; row left out"
            )
            continue
        pairs.add(path, number, f"{path.stem}-{number}", source, target)
