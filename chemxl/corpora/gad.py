"""GAD: JSON lines, a sentence in which a gene and a disease are masked, and whether it relates them.

https://github.com/ngwlh-gl/KBioXLM
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.faults import Log
from chemxl.corpora.jsonl import rows
from chemxl.documents import Document, Mention, Relation

MASKS = {"GENE": "@GENE$", "DISEASE": "@DISEASE$"}
RELATED = "ASSOCIATED"


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """A document a sentence, with a mention for the first mask of each kind; label 1 is a relation between them.

    The files name every mention ``@GENE$`` or ``@DISEASE$``: there is nothing to learn about names here. Documents are
    named ``<file>-<id>``, as each file counts from 0.

    Args:
        paths: the files, with ``id``, ``sentence`` and ``label`` ("0" or "1").
    """
    documents: dict[str, Document] = {}
    for path in paths:
        for number, row in rows(path, log, "id", "sentence", "label"):
            id, text = f"{path.stem}-{row['id']}", row["sentence"]
            starts = {type: text.find(mask) for type, mask in MASKS.items()}
            if row["label"] not in {"0", "1"} or -1 in starts.values():
                log.add(path, number, "a sentence with @GENE$, @DISEASE$ and a label 0 or 1 was due; line left out")
            elif id in documents:
                log.add(path, number, f"the document id {id} stands twice; document left out")
            else:
                mentions = tuple(
                    Mention.of(type, start, start + len(MASKS[type]), id=f"T{i}")
                    for i, (type, start) in enumerate(starts.items(), 1)
                )
                related = (Relation(RELATED, "T1", "T2", id="R1"),) if row["label"] == "1" else ()
                documents[id] = Document(id, text, mentions, related)
    return list(documents.values())
