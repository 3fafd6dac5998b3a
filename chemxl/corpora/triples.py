"""Facts of a knowledge base: a table of heads, relations and tails, with names in other languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.faults import Log
from chemxl.corpora.names import unseen
from chemxl.corpora.paired import Fact, Languages
from chemxl.corpora.table import rows, stem

Triple = tuple[str, str, str]


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages) -> list[Fact]:
    """Facts whose head and tail have a name in both languages, ``<file>-<line>``.

    The columns are ``head``, ``relation``, ``tail`` and ``source`` in the first language, and for each other one, here
    Russian, ``head_ru``, ``tail_ru``, ``head_ru_source`` and ``tail_ru_source``. Several sources are apart by ``|``. A
    row without both names in the second language is one of another language; one with a single name, an empty cell, a
    character that cannot be seen, or a fact that stands already, is a fault and is left out.

    Args:
        paths: the tables.
        languages: of ``head`` and ``tail``, and of the names beside them.
    """
    code = languages[1]
    ours = ("head", "relation", "tail", "source")
    theirs = tuple(f"{end}_{code}{what}" for what in ("", "_source") for end in ("head", "tail"))
    facts: list[Fact] = []
    seen: dict[Triple, int] = {}
    for path in paths:
        seen.clear()
        for number, row in rows(path, log, (*ours, *theirs)):
            head, relation, tail, source = (row[column] for column in ours)
            named = [row[column] for column in theirs]
            if not any(name.strip() for name in named):
                continue
            cells = [head, relation, tail, source, *named]
            if blank := [column for column, cell in zip((*ours, *theirs), cells, strict=True) if not cell.strip()]:
                log.add(path, number, f"nothing stands under {', '.join(blank)}; fact left out")
            elif wrong := unseen("".join(cells)):
                log.add(path, number, f"{wrong}; fact left out")
            elif seen.setdefault((head, relation, tail), number) != number:
                log.add(path, number, f"stands in line {seen[head, relation, tail]} already; fact left out")
            else:
                by, first, second = (tuple(cell.split("|")) for cell in (source, *named[2:]))
                names = ((head, tail), (named[0], named[1]))
                facts.append(Fact(f"{stem(path)}-{number}", relation, *names, languages, by, (first, second)))
    return facts
