"""ChemProt and DrugProt: tables of abstracts, of entities and of relations.

https://biocreative.bioinformatics.udel.edu/tasks/biocreative-vi/track-5/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from chemxl.corpora.draft import Draft
from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document

_NUMBER = re.compile(r"[0-9]{1,9}")
_MENTION = re.compile(r"T[0-9]+")
_ARGUMENTS = re.compile(r"Arg1:(\S+)\tArg2:(\S+)")


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of a part.

    The text is title, one space, abstract: the offsets count so. Relations are those of the table of four columns:
    in ChemProt the gold standard, whose types are the evaluated groups (CPR:3, 4, 5, 6, 9), each pair of mentions
    once in a group; in DrugProt its 13 types. ChemProt's other table of relations, which has the single types and
    the groups that are not evaluated, has six columns and is not read.

    Args:
        paths: ``*abstra*.tsv`` (id, title, abstract), ``*entities*.tsv`` (id, mention, type, start, end, text),
            and ``*gold_standard*.tsv`` or ``*relations*.tsv`` (id, type, Arg1:mention, Arg2:mention).
    """
    drafts: dict[str, Draft] = {}
    kinds: dict[str, list[Path]] = {"abstra": [], "entities": [], "gold_standard": [], "relations": []}
    for path in paths:
        for kind in [kind for kind in kinds if kind in path.name][:1]:
            kinds[kind].append(path)
    for path in kinds["abstra"]:
        for number, (id, title, abstract) in _rows(path, log, 3):
            if id in drafts:
                log.add(path, number, f"the document id {id} stands twice; document left out")
            else:
                drafts[id] = Draft(id, f"{title} {abstract}", log)
    for path in kinds["entities"]:
        _entities(path, log, drafts)
    for path in kinds["gold_standard"] or kinds["relations"]:
        _relations(path, log, drafts)
    return [draft.document() for draft in drafts.values()]


def _rows(path: Path, log: Log, width: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in read_lines(path, log):
        fields = line.split("\t")
        if len(fields) == width and fields[0]:
            yield number, fields
        elif line:
            log.add(path, number, f"{len(fields)} columns where {width} were due; row left out")


def _known(path: Path, log: Log, drafts: dict[str, Draft], width: int) -> Iterator[tuple[int, Draft, list[str]]]:
    for number, (id, *fields) in _rows(path, log, width):
        if id in drafts:
            yield number, drafts[id], fields
        else:
            log.add(path, number, f"there is no abstract {id[:40]!r}; row left out")


def _entities(path: Path, log: Log, drafts: dict[str, Draft]) -> None:
    for number, draft, (id, type, start, end, surface) in _known(path, log, drafts, 6):
        if not _MENTION.fullmatch(id):
            log.add(path, number, f"{id[:40]!r} is not the id of a mention (T1, T2, ...); mention left out")
        elif _NUMBER.fullmatch(start) and _NUMBER.fullmatch(end):
            draft.mention(path, number, type, ((int(start), int(end)),), surface, id)
        else:
            log.add(path, number, f"{start[:40]!r} to {end[:40]!r} is not a span; mention left out")


def _relations(path: Path, log: Log, drafts: dict[str, Draft]) -> None:
    seen: set[tuple[str, ...]] = set()
    for number, draft, fields in _known(path, log, drafts, 4):
        type, *ends = fields
        match = _ARGUMENTS.fullmatch("\t".join(ends))
        if not match or not type:
            log.add(path, number, "not a relation (id, type, Arg1:T1, Arg2:T2); row left out")
        elif (draft.id, *fields) in seen:
            log.add(path, number, f"{type} of {match[1]} and {match[2]} stands twice; relation left out")
        else:
            seen.add((draft.id, *fields))
            draft.relation(path, number, type, match[1], match[2], f"R{len(draft.relations) + 1}")
