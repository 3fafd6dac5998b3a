"""PubMedQA: one JSON object, PubMed ids with the parts of their abstracts.

https://github.com/pubmedqa/pubmedqa
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.faults import Log, read_text
from chemxl.corpora.jsonl import parse
from chemxl.documents import Document


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """A document an abstract: its contexts, a line each. The conclusion, which is the answer, is not among them.

    Args:
        paths: the files, ``{pmid: {"CONTEXTS": [text, …], …}}``.
    """
    documents: dict[str, Document] = {}
    for path in paths:
        content = read_text(path, log)
        if content is None:
            continue
        content = content.removeprefix("\ufeff")
        for id, abstract in (parse(path, 1, content, log) or {}).items():
            contexts = abstract.get("CONTEXTS") if isinstance(abstract, dict) else None
            texts = contexts if isinstance(contexts, list) else []
            whole = bool(texts) and all(isinstance(text, str) for text in texts)
            if whole and id not in documents:
                documents[id] = Document(id, "\n".join(texts))
                continue
            line = content.count("\n", 0, max(content.find(f'"{id}"'), 0)) + 1
            what = "stands twice" if whole else "has no list of texts under CONTEXTS"
            log.add(path, line, f"the abstract {id[:40]!r} {what}; abstract left out")
    return list(documents.values())
