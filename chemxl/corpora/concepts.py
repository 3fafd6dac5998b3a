"""BioNNE-L: tables of mentions with UMLS ids in two languages, as a lexicon of the ids that both have.

https://github.com/nerel-ds/NEREL-BIO/tree/master/BioNNE-L_Shared_Task
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora import table
from chemxl.corpora.faults import Log
from chemxl.corpora.paired import Languages, Pairs
from chemxl.documents import Pair

_CONCEPT = re.compile(r"C[0-9]{7}")
_COLUMNS = ("document_id", "text", "entity_type", "spans", "UMLS_CUI")
_NONE = "CUILESS"  # the annotators found no concept for it

_Names = defaultdict[str, Counter[str]]


def read(
    paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages, type: str = ""
) -> list[Pair]:
    """One pair a shared id, named by it: in each language the mention that most often stands for it.

    Of mentions that stand for it equally often the shortest is taken, and of equally short ones the first in the
    order of code points. The mentions are as they stood in the abstracts: Russian ones in whatever case.

    Args:
        paths: tables of document, text, type, spans and id; a document's name ends in ``_en`` or ``_ru``.
        type: mentions of this type alone.
    """
    names: dict[str, _Names] = {code: defaultdict(Counter) for code in languages}
    first: dict[str, tuple[Path, int]] = {}
    for path in paths:
        for number, row in table.rows(path, log, _COLUMNS, bare=True):
            fields = [row[name] for name in _COLUMNS]
            fault = _fault(fields, languages)
            if fault:
                log.add(path, number, f"{fault}; row left out")
            elif fields[4] != _NONE and type in ("", fields[2]):
                names[fields[0][-2:]][fields[4]][fields[1].strip()] += 1
                first.setdefault(fields[4], (path, number))
    pairs = Pairs(languages, log)
    source, target = (names[code] for code in languages)
    for id in sorted(source.keys() & target.keys()):
        pairs.add(*first[id], id, _commonest(source[id]), _commonest(target[id]))
    return pairs.list()


def _fault(fields: list[str], languages: Languages) -> str:
    if not _CONCEPT.fullmatch(fields[4]) and fields[4] != _NONE:
        return f"{fields[4][:40]!r} is not an id of UMLS (C and 7 digits)"
    if not fields[0].endswith(tuple(f"_{code}" for code in languages)):
        return f"the document {fields[0][:40]!r} names neither {' nor '.join(languages)}"
    return "" if fields[1].strip() else "an empty mention"


def _commonest(names: Counter[str]) -> str:
    return min(names, key=lambda name: (-names[name], len(name), name))
