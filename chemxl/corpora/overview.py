"""What the corpora hold, in numbers: rows of one table for documents, parallel text, facts and gold alignments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chemxl import corpora
from chemxl.documents import Document

HEAD = ("corpus", "split", "language", "documents", "pairs", "mentions", "relations", "by type")


def rows(name: str, *, strict: bool = False, faults: list[corpora.Fault]) -> list[tuple[str, ...]]:
    """One row for each split and language of a corpus, as long as what it has to say.

    Args:
        strict: make the first fault an error.
        faults: gets the faults.

    Raises:
        CorpusError: the corpus is unknown or not on this machine, or, with ``strict``, a file has a fault.
    """
    entry = corpora.catalog()[name]
    made = []
    for split, language in dict.fromkeys((part.split, part.language) for part in entry.parts):
        counts: tuple[str, ...]
        if entry.kind == "pairs":
            pairs = corpora.pairs(name, split=split, language=language, strict=strict, faults=faults)
            counts = ("", str(len(pairs)))
        elif entry.kind == "facts":
            facts = corpora.facts(name, language=language, strict=strict, faults=faults)
            counts = ("", "", "", str(len(facts)))
        elif entry.kind == "alignments":
            texts = corpora.alignments(name, split=split, strict=strict, faults=faults)
            counts = (str(len(texts)), str(sum(len(text.beads) for text in texts)))
        else:
            counts = _counts(corpora.load(name, split=split, language=language, strict=strict, faults=faults))
        made.append((name, split, language, *counts))
    return made


def _counts(documents: Sequence[Document]) -> tuple[str, ...]:
    types = Counter(mention.type for document in documents for mention in document.mentions)
    relations = sum(len(document.relations) for document in documents)
    listed = ", ".join(f"{type} {count}" for type, count in types.most_common())
    return str(len(documents)), "", str(types.total()), str(relations), listed
