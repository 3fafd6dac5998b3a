"""What the corpora hold: relations by type of gene, what an interval of genes keeps, and genes with a finer type."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.experiments.experiment import Experiment
from chemxl.relations.candidates import Scheme, number, stretches


class Refined(Corpus):
    """A corpus whose mentions have the types that other corpora give the same stretches of the same documents.

    Args:
        by: these, read with their own types.
    """

    by: tuple[Corpus, ...]

    def load(self) -> list[Document]:
        """The documents; a mention that no other corpus has keeps its type."""
        known = {
            (document.id, mention.fragments): mention.type
            for corpus in self.by
            for document in corpus.load()
            for mention in document.mentions
        }
        return [
            replace(d, mentions=tuple(replace(m, type=known.get((d.id, m.fragments), m.type)) for m in d.mentions))
            for d in super().load()
        ]


class Related(Experiment):
    """Counts of a corpus: documents, pairs, relations, and what one label a pair cannot hold.

    Args:
        corpora: with their own types.
    """

    corpora: tuple[Corpus, ...]
    scheme: Scheme = Scheme()

    def compute(self, folder: Path) -> dict[str, float]:
        """Count; ``TYPE of FINE`` are relations of that type whose tail has that fine type (paper 2, table I)."""
        documents = [document for corpus in self.corpora for document in corpus.load()]
        signatures = self.scheme.signatures(documents)
        found = [(d, stretch) for d in documents for stretch in stretches(d, self.scheme, signatures)]
        related = [{(r.head, r.tail) for r in d.relations} for d in documents]
        inside = sum(
            (d.mentions[head].id, d.mentions[tail].id) in {(r.head, r.tail) for r in d.relations}
            for d, stretch in found
            for head, tail in stretch.pairs
        )
        tails = Counter[str]()
        for document in documents:
            types = {mention.id: mention.type for mention in document.mentions}
            tails.update(f"{r.type} of {types[r.tail]}" for r in document.relations)
        return {
            "documents": len(documents),
            "sentences with pairs": len(found),
            "pairs": sum(len(stretch.pairs) for _, stretch in found),
            "most of a sentence": max((len(stretch.pairs) for _, stretch in found), default=0),
            "relations": sum(len(d.relations) for d in documents),
            "related pairs": sum(map(len, related)),
            "of these in a sentence": inside,
            "second relations of a pair": sum(len(d.relations) for d in documents) - sum(map(len, related)),
            **dict(sorted(tails.items())),
        }


class Reach(Experiment):
    """What pairing a chemical with the nearest genes alone would keep (paper 2, section II.B).

    Args:
        scheme: its ``within`` is what is tried.
    """

    corpora: tuple[Corpus, ...]
    scheme: Scheme

    def compute(self, folder: Path) -> dict[str, float]:
        """The share of related pairs, and of all pairs, that the interval keeps."""
        whole = self.scheme.model_copy(update={"within": None})
        assert self.scheme.within is not None
        low, high = self.scheme.within
        kept, every, right, due = 0, 0, 0, 0
        for document in (document for corpus in self.corpora for document in corpus.load()):
            related = {(r.head, r.tail) for r in document.relations}
            for stretch in stretches(document, whole, whole.signatures([])):
                for head, tail in stretch.pairs:
                    inside = low <= number(document, whole, head, tail) <= high
                    own = (document.mentions[head].id, document.mentions[tail].id) in related
                    kept, every, right, due = kept + inside, every + 1, right + (inside and own), due + own
        return {"related pairs kept": right / max(1, due), "pairs kept": kept / max(1, every), "pairs": every}
