"""Bilingual lexicons of names, one source a file: a table with a head, a column a language, and ids of concepts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.faults import Log
from chemxl.corpora.paired import Languages, Pairs
from chemxl.corpora.table import rows, stem
from chemxl.documents import Pair


def read(
    paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages, concept: str = ""
) -> list[Pair]:
    """Pairs of names, ``<file>-<line>``, that can be looked up as they are.

    A row is a fault and is left out where it has not as many cells as the head, has no name in one of the languages,
    repeats a pair of its file whatever the case, or holds a character that cannot be seen (control characters,
    zero-width spaces, soft hyphens) or U+FFFD: such a name is never found in a text.

    Args:
        paths: tables whose columns are apart by tabs; nothing is quoted.
        languages: of the source and of the target; the columns that hold their names.
        concept: the column of an id that all names of a thing share; an id that ends in a colon says nothing.
    """
    pairs = Pairs(languages, log)
    for path in paths:
        seen: dict[tuple[str, str], int] = {}
        for number, row in rows(path, log, (*languages, *filter(None, [concept]))):
            source, target = (row[code] for code in languages)
            known = (source.casefold(), target.casefold())
            if wrong := unseen(source + target):
                log.add(path, number, f"{wrong}; row left out")
            elif seen.setdefault(known, number) != number:
                log.add(path, number, f"stands in line {seen[known]} already; row left out")
            else:
                named = row.get(concept, "")
                same = "" if named.endswith(":") else named
                pairs.add(path, number, f"{stem(path)}-{number}", source, target, concept=same)
    return pairs.list()


def unseen(text: str) -> str:
    """What is wrong with a text that holds a character that nobody can see, or one that stands for lost bytes."""
    if text.isprintable() and "\ufffd" not in text:
        return ""
    # A no-break space is not printable either, but it is a space.
    wrong = [c for c in text if c == "\ufffd" or not (c.isprintable() or unicodedata.category(c) == "Zs")]
    return f"it holds U+{ord(wrong[0]):04X}, which cannot be seen" if wrong else ""
