"""Sentence alignment by hand: two texts a document, a sentence a line, and a table of the lines that belong together.

The layout is that of ParaMed's gold set: https://github.com/boxiangliu/ParaMed
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.corpora.paired import AlignedTexts, Languages, Places, Sides
from chemxl.corpora.table import rows

_SIDE = re.compile(r"omitted|[0-9]{1,6}(?:,[0-9]{1,6})*")


def read(
    paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages, left: str = ""
) -> list[AlignedTexts]:
    """A document for each pair ``<id>.<language>.txt`` that the table, ``*.tsv``, aligns.

    The table has the columns ``document`` and ``alignment``, ``3,4 <=> 5`` or ``6 <=> omitted``: lines, from 1. Where a
    ``verdict`` stands it has to be OK. A row that names a line that is not there, or is in another row, is a fault and
    is left out.

    Args:
        paths: the texts and the table.
        left: the language of the table's left side; that of the source by default.
    """
    texts: dict[str, dict[str, tuple[str, ...]]] = {}
    for path in paths:
        name, _, code = path.name.removesuffix(".txt").rpartition(".")
        if path.suffix == ".txt" and code in languages:
            texts.setdefault(name, {})[code] = _sentences(path, log)
        elif path.suffix == ".txt":
            log.add(path, 1, f"the name does not end in .{' or .'.join(languages)}; file left out")
    whole = {name: [sides.get(code, ()) for code in languages] for name, sides in texts.items()}
    for path in paths:
        name = path.name.removesuffix(".txt").rpartition(".")[0]
        if path.suffix == ".txt" and not all(whole.get(name, [True])):
            log.add(path, 1, f"{name} has no whole text in each of {' and '.join(languages)}; document left out")
            del whole[name]
    beads: dict[str, list[Sides]] = {name: [] for name in whole}
    for path in paths:
        if path.suffix == ".tsv":
            for name, bead in _beads(path, log, whole, turned=left == languages[1]):
                beads[name].append(bead)
    return [AlignedTexts(name, whole[name][0], whole[name][1], tuple(beads[name]), languages) for name in whole]


def _sentences(path: Path, log: Log) -> tuple[str, ...]:
    """None at all where a line could not be read: the places of all behind it would be others."""
    lines = list(read_lines(path, log))
    if lines and not lines[-1][1]:
        lines.pop()  # the last line break begins no other
    return tuple(line for _, line in lines) if lines and lines[-1][0] == len(lines) else ()


def _beads(
    path: Path, log: Log, texts: Mapping[str, Sequence[tuple[str, ...]]], *, turned: bool
) -> Iterator[tuple[str, Sides]]:
    """Beads with their documents; ``turned``: the table has the target on its left."""
    taken: set[tuple[str, int, int]] = set()
    for number, row in rows(path, log, ("document", "alignment")):
        name, halves = row["document"], row["alignment"].split(" <=> ")
        if name not in texts:
            log.add(path, number, f"there are no texts {name[:40]!r}; row left out")
        elif len(halves) != 2 or not all(map(_SIDE.fullmatch, halves)) or halves == ["omitted"] * 2:
            log.add(path, number, f"{row['alignment'][:40]!r} is not lines <=> lines; row left out")
        elif row.get("verdict", "OK") != "OK":
            log.add(path, number, f"the verdict is {row['verdict'][:40]!r}; row left out")
        else:
            source, target = map(_places, reversed(halves) if turned else halves)
            named = [(name, 0, place) for place in source] + [(name, 1, place) for place in target]
            if not all(0 <= place < len(texts[name][side]) for _, side, place in named):
                log.add(path, number, f"{row['alignment'][:40]} names a line that {name} has not; row left out")
            elif len(set(named)) < len(named) or not taken.isdisjoint(named):
                log.add(path, number, f"{row['alignment'][:40]} names a line that has a bead; row left out")
            else:
                taken.update(named)
                yield name, (source, target)


def _places(half: str) -> Places:
    return () if half == "omitted" else tuple(int(line) - 1 for line in half.split(","))
