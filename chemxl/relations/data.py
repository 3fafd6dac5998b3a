"""What the corpora hold: relations by type of gene, what an interval of genes keeps, and genes with finer types."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from chemxl.corpora import entries
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, Span
from chemxl.experiments.digests import sha256
from chemxl.experiments.experiment import Experiment
from chemxl.relations.candidates import Scheme, number, stretches
from chemxl.relations.scores import cells

COUNTS = "tails.json"


class Refined(Corpus):
    """A corpus whose mentions get the fine types that other corpora give to the same stretches of the same documents.

    Args:
        by: these, read with their own types.
        scheme: says what is finer than what.
    """

    by: tuple[Corpus, ...]
    scheme: Scheme

    def load(self) -> list[Document]:
        """The documents; a mention that is in no other corpus keeps its type."""
        known = {
            self._key(document, mention): mention.type
            for corpus in self.by
            for document in corpus.load()
            for mention in document.mentions
        }
        return [
            replace(d, mentions=tuple(replace(m, type=known.get(self._key(d, m), m.type)) for m in d.mentions))
            for d in super().load()
        ]

    def _key(self, document: Document, mention: Mention) -> tuple[str, str, tuple[Span, ...]]:
        """The document, the coarse type and the place of a mention."""
        return document.id, self.scheme.coarsened(mention.type), mention.fragments


class Tails(Experiment):
    """A count of relations by their type and the fine type of their tail (paper 2, table I)."""

    def counted(self) -> Counter[tuple[str, str]]:
        """The counts, by relation and type of the tail."""
        raise NotImplementedError

    def keep(self, folder: Path) -> None:
        """Write the counts."""
        rows = sorted([*key, count] for key, count in self.counted().items())
        (folder / COUNTS).write_text(json.dumps(rows), "utf-8")

    def tails(self) -> dict[tuple[str, str], int]:
        """The counts that were written."""
        rows = json.loads((self.run().folder / COUNTS).read_text("utf-8"))
        return {(type, tail): count for type, tail, count in rows}


class Related(Tails):
    """Counts over corpora: documents, pairs, relations, and relations that one label a pair cannot hold.

    Args:
        corpora: with their own types.
    """

    corpora: tuple[Corpus, ...]
    scheme: Scheme = Scheme()

    def documents(self) -> list[Document]:
        """The documents of all corpora."""
        return [document for corpus in self.corpora for document in corpus.load()]

    def counted(self) -> Counter[tuple[str, str]]:
        """The counts, by relation and type of the tail."""
        found = Counter[tuple[str, str]]()
        for document in self.documents():
            types = {mention.id: mention.type for mention in document.mentions}
            found.update((relation.type, types[relation.tail]) for relation in document.relations)
        return found

    def compute(self, folder: Path) -> dict[str, float]:
        """Count, and keep the counts."""
        self.keep(folder)
        documents = self.documents()
        signatures = self.scheme.signatures(documents)
        found = [(d, stretch) for d in documents for stretch in stretches(d, self.scheme, signatures)]
        related = {d.id: {(r.head, r.tail) for r in d.relations} for d in documents}
        inside = sum(
            (d.mentions[head].id, d.mentions[tail].id) in related[d.id]
            for d, stretch in found
            for head, tail in stretch.pairs
        )
        pairs, relations = sum(map(len, related.values())), sum(len(d.relations) for d in documents)
        return {
            "documents": len(documents),
            "sentences with pairs": len(found),
            "pairs": sum(len(stretch.pairs) for _, stretch in found),
            "most of a sentence": max((len(stretch.pairs) for _, stretch in found), default=0),
            "relations": relations,
            "related pairs": pairs,
            "of these in a sentence": inside,
            "second relations of a pair": relations - pairs,
        }


class Published(Tails):
    """Counts of all of DrugProt's training tables of entities and relations, also of documents whose text is
    missing."""

    def _tables(self) -> list[Path]:
        """The two files."""
        root = entries.folder("drugprot") / "drugprot-gs-training-development/training"
        return [root / f"drugprot_training_{name}.tsv" for name in ("entities", "relations")]

    def data_digest(self) -> str:
        """The names and sizes of the two files."""
        return sha256("".join(f"{path.name} {path.stat().st_size}" for path in self._tables()))

    def counted(self) -> Counter[tuple[str, str]]:
        """The counts, by relation and type of the gene."""
        entities, relations = self._tables()
        types = {(id, mention): type for id, mention, type, *_ in cells(entities, 6)}
        return Counter((type, types[id, tail.rpartition(":")[2]]) for id, type, _, tail in cells(relations, 4))

    def compute(self, folder: Path) -> dict[str, float]:
        """Count, and keep the counts."""
        self.keep(folder)
        return {"relations": self.counted().total()}


class Reach(Experiment):
    """The pairs that remain if a chemical is paired with the nearest genes alone (paper 2, section II.B).

    Args:
        scheme: a scheme whose ``within`` is tried.
    """

    corpora: tuple[Corpus, ...]
    scheme: Scheme

    def compute(self, folder: Path) -> dict[str, float]:
        """The shares of related pairs and of all pairs that the interval keeps."""
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
