"""What the corpora hold, in numbers: rows of one table for documents, parallel text, facts and gold alignments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chemxl import corpora
from chemxl.documents import Document, flatten, to_bio

HEAD = ("corpus", "split", "language", "documents", "pairs", "mentions", "relations", "by type")


def rows(name: str, *, strict: bool = False, faults: list[corpora.Fault]) -> list[tuple[str, ...]]:
    """One row for each split and language of a corpus, as long as what it has to say.

    Args:
        strict: make the first fault an error.
        faults: gets the faults.

    Raises:
        CorpusError: the corpus is unknown or not on this machine, or, with ``strict``, a file has a fault.
    """
    entry = corpora.entry(name)
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
            documents = corpora.load(name, split=split, language=language or None, strict=strict, faults=faults)
            language = language or " ".join(sorted({document.language for document in documents}))
            counts = _counts(documents)
        made.append((name, split, language, *counts))
    return made


def _counts(documents: Sequence[Document]) -> tuple[str, ...]:
    types = Counter(mention.type for document in documents for mention in document.mentions)
    relations = sum(len(document.relations) for document in documents)
    listed = ", ".join(f"{type} {count}" for type, count in types.most_common())
    return str(len(documents)), "", str(types.total()), str(relations), listed


def notes(name: str) -> list[str]:
    """What a tagger cannot learn of the mentions of a corpus, and what looks like a slip; empty of other corpora.

    Raises:
        CorpusError: the corpus is unknown or not on this machine.
    """
    if corpora.entry(name).kind != "documents":
        return []
    documents = corpora.load(name, faults=[])
    layers = [flatten(document.mentions) for document in documents]
    within = sum(to_bio(layer.mentions, d.words)[1] for layer, d in zip(layers, documents, strict=True))
    copies = len(documents) - len({(document.text, document.language) for document in documents})
    counts = {
        "documents without a mention": sum(not document.mentions for document in documents),
        "documents with the text of another": copies,
        "mentions inside others or across them: a tagger learns the longer one": sum(
            layer.nested + layer.crossing for layer in layers
        ),
        "mentions in pieces: a tagger learns them with what stands between": sum(layer.joined for layer in layers),
        "mentions that begin or end within a word: a tagger learns the whole word": within,
    }
    return [f"{count} {what}" for what, count in counts.items() if count]
