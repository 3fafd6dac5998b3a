"""RuDReC: JSON lines, a sentence of a drug review with its entities a line.

https://github.com/cimm-kzn/RuDReC
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chemxl.corpora.draft import Draft
from chemxl.corpora.faults import Log
from chemxl.corpora.jsonl import rows
from chemxl.documents import Document, Span


@dataclass(slots=True)
class _Review:
    sentences: list[str] = field(default_factory=list)
    length: int = 0
    entities: list[tuple[Path, int, str, Span, str]] = field(default_factory=list)  # file, line, type, span, surface


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """A document a review: its sentences in the file's order, each with the line break that it ends in.

    The ids are the file names that the sentences give, without ``.tsv``. Mentions are numbered T1, T2, …. The concept
    ids are not read.
    """
    reviews: dict[str, _Review] = {}
    for path in paths:
        for number, row in rows(path, log, "file_name", "text"):
            review = reviews.setdefault(row["file_name"].removesuffix(".tsv"), _Review())
            _sentence(path, number, row, review, log)
    documents = []
    for id, review in reviews.items():
        draft = Draft(id, "".join(review.sentences), log)
        for path, number, type, span, surface in review.entities:
            draft.mention(path, number, type, (span,), surface, f"T{len(draft.mentions) + 1}")
        documents.append(draft.document())
    return documents


def _sentence(path: Path, number: int, row: dict[str, Any], review: _Review, log: Log) -> None:
    sentence = row["text"].removesuffix("\n") + "\n"
    entities = row.get("entities")
    if not isinstance(entities, list):
        log.add(path, number, "no list of entities; the sentence is read without any")
        entities = []
    for entity in entities:
        match entity:
            # Offsets are held against the sentence, or a wrong one would point into its neighbour.
            case {"start": int(start), "end": int(end), "entity_type": str(type), "entity_text": str(surface)} if (
                0 <= start < end <= len(sentence)
            ):
                span = review.length + start, review.length + end
                review.entities.append((path, number, type, span, surface))
            case _:
                log.add(path, number, "no entity (start, end, entity_type, entity_text) of the sentence; left out")
    review.sentences.append(sentence)
    review.length += len(sentence)
