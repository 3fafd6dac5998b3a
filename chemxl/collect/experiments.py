"""The experiments of chapter 1 as values: gathering, search, alignment, and leaks between training and test sets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chemxl import corpora
from chemxl.collect import cleanup, disturbance, duplicates, export, similar, statistics
from chemxl.collect.alignment import align, align_documents
from chemxl.collect.embedders import LSI, embedder
from chemxl.collect.queries import Query
from chemxl.collect.shingles import repeats
from chemxl.corpora import aligned, tmx
from chemxl.corpora.corpus import Corpus, twin_key
from chemxl.corpora.faults import Log
from chemxl.corpora.texts import PairSource, ParallelText, Texts, twins
from chemxl.documents import Document, Pair
from chemxl.evaluation.metrics import Counts, Score, mean
from chemxl.experiments.experiment import Experiment, write_json
from chemxl.models import encoders

BM25 = "bm25"


class _Embedding(Experiment):
    """An experiment that embeds texts."""

    embedder: str = LSI

    def data_digest(self) -> str:
        """The encoder's files, or the pairs that the semantic index is learnt from."""
        if self.embedder == BM25:
            return ""
        if self.embedder == LSI:
            return corpora.read_digest("mini", split="train", expanded=True)
        return encoders.file_digest(self.embedder)


class _Tallied(_Embedding):
    """An experiment that counts what is right, found and due in each document."""

    def counts(self) -> Counts:
        """The counts by document, for intervals and paired tests."""
        values = np.loadtxt(self.run().folder / "counts.tsv", dtype=np.int64, delimiter="\t", ndmin=2)
        return Counts(("all",), values[:, None])


def _kept(folder: Path, rows: Sequence[tuple[int, int, int]]) -> dict[str, float]:
    """Write the counts of documents, and return their scores."""
    values = np.array(rows, dtype=np.int64)  # (documents, 3)
    np.savetxt(folder / "counts.tsv", values, fmt="%d", delimiter="\t")
    score = Score(*values.sum(axis=0).tolist())
    return {"precision": score.precision, "recall": score.recall, "f1": score.f1, "documents": len(rows)}


class Alignment(_Tallied):
    """Sentence alignment of documents with known damage, by strict F1 over beads.

    Args:
        rate: the probability that a sentence pair is merged; it is split and dropped as often, see
            :func:`disturbance.disturb`.
        seed: the seed of the damage.
    """

    text: ParallelText
    rate: float = 0.1
    seed: int = 0

    def compute(self, folder: Path) -> dict[str, float]:
        """Disturb, align, compare; counts per document the beads that are right, found and due."""
        rows = []
        for number, block in enumerate(self.text.load()):
            made = disturbance.disturb(
                block, seed=1000 * self.seed + number, merge=self.rate, split=self.rate, drop=self.rate
            )
            found = align(made.source, made.target, embed=embedder(self.embedder))
            rows.append(disturbance.tally(found, made.gold))
        return _kept(folder, rows)


class TwinSearch(_Tallied):
    """A search for a document's translation: is it among the first k hits?

    Args:
        embedder: ``bm25``, ``lsi`` or an encoder.
    """

    queries: Texts
    pool: Texts
    k: int = 1
    seed: int = 0

    def compute(self, folder: Path) -> dict[str, float]:
        """The share of queries whose twin is found; a query without a twin in the pool is not asked."""
        pool = self.pool.load()
        keys = [twin_key(document.id) for document in pool]
        asked = [document for document in self.queries.load() if twin_key(document.id) in set(keys)]
        hits = _index(self.embedder, pool).search([document.text for document in asked], self.k)
        rows = [
            (int(twin_key(document.id) in {keys[i] for i in row}), 1, 1)
            for document, row in zip(asked, hits.indices.tolist(), strict=True)
        ]
        return _kept(folder, rows)


class TopicSearch(_Tallied):
    """A search for documents like a seed: are they on the seed's topic?

    Args:
        topics: one corpus, or the domains of one, to a topic; each document in turn is the seed, the others the pool.
        most: documents of each topic that are read, the first of them.
    """

    topics: tuple[Texts, ...]
    k: int = 5
    most: int = 200
    seed: int = 0

    def compute(self, folder: Path) -> dict[str, float]:
        """Precision at k, averaged over seeds, against the topic labels, which the search does not see."""
        pool = [document for texts in self.topics for document in texts.load()[: self.most]]
        topics = [document.domain for document in pool]
        hits = _index(self.embedder, pool).search([document.text for document in pool], self.k + 1)
        rows = []
        for i, row in enumerate(hits.indices.tolist()):
            others = [j for j in row if j != i][: self.k]
            rows.append((sum(topics[j] == topics[i] for j in others), self.k, self.k))
        return _kept(folder, rows)


def _index(name: str, pool: Sequence[Document]) -> similar.Index:
    """The index of a pool, for the search of this name."""
    texts = [document.text for document in pool]
    if name == BM25:
        return similar.Bm25(texts, language=pool[0].language)
    return similar.Dense(embedder(name), texts)


class Leakage(Experiment):
    """Test documents that also stand in a training part, in whatever language."""

    train: Texts
    test: Texts
    same_ids: bool = True

    def compute(self, folder: Path) -> dict[str, float]:
        """The share of test documents that leak, by kind and in all; those that the text alone gives away are ``by
        text``."""
        train, test = self.train.load(), self.test.load()
        by_text = duplicates.leaks(train, test, key=None)
        found = duplicates.leaks(train, test) if self.same_ids else by_text
        kinds = Counter(leak.kind for leak in found)
        leaking, told = ({leak.right for leak in leaks} for leaks in (found, by_text))
        return dict(kinds) | {"documents": len(leaking), "by text": len(told), "of": len(test)}


class Gathering(Experiment):
    """The way from a query to a corpus: what came in, what each step left out and why, and what is left.

    Args:
        sources: where documents come from.
        held_out: what models will be tested on; nothing of it, in whatever language, may stay.
        query: keep only what holds a term of the query.
    """

    sources: tuple[Texts, ...]
    held_out: tuple[Texts, ...] = ()
    query: bool = True

    def compute(self, folder: Path) -> dict[str, float]:
        """Filter, clean, remove duplicates and leaks; writes ``corpus.parquet``.

        The metrics are named by what :meth:`steps` tells apart, such as ``en: no term of the query``.
        """
        steps: Counter[tuple[str, str]] = Counter()
        found = [(texts.name, document) for texts in self.sources for document in texts.load()]
        steps.update((document.language, "came in") for _, document in found)
        query = Query()
        asked = [not self.query or bool(query.matches(document.text)) for _, document in found]
        found = _filtered(found, asked, "no term of the query", steps)
        cleaned = [cleanup.clean(document) for _, document in found]
        for _, counts in cleaned:
            steps.update({("cleaned", kind): n for kind, n in counts.items()})
        found = [(name, document) for (name, _), (document, _) in zip(found, cleaned, strict=True)]
        again = repeats([document.text for _, document in found])
        found = _filtered(found, [i not in again for i in range(len(found))], "near duplicate", steps)
        held_out = [document for texts in self.held_out for document in texts.load()]
        leaking = {leak.left for leak in duplicates.leaks([document for _, document in found], held_out)}
        found = _filtered(found, [document.id not in leaking for _, document in found], "in a test set", steps)
        for name, document in found:
            steps.update([(document.language, "kept"), (name, "kept")])
            steps[document.language, "words"] += len(document.words)
        export.write_parquet(folder / "corpus.parquet", [document for _, document in found])
        write_json(folder / "steps.json", [[of, step, n] for (of, step), n in steps.items()])
        return {f"{of}: {step}": float(n) for (of, step), n in steps.items()}

    def steps(self) -> list[tuple[str, str, int]]:
        """For each language or corpus, how many documents a step took out or kept; under ``cleaned``, how many places
        of each kind."""
        return [(of, step, n) for of, step, n in json.loads((self.run().folder / "steps.json").read_text("utf-8"))]

    def documents(self) -> list[Document]:
        """The documents that were kept."""
        return export.read_parquet(self.run().folder / "corpus.parquet")


Named = tuple[str, Document]  # a document and the corpus that it is of


def _filtered(found: Sequence[Named], kept: Sequence[bool], why: str, steps: Counter[tuple[str, str]]) -> list[Named]:
    """The documents that stay; those that are taken out are counted under a reason."""
    # By place and not by id: two corpora may hold one abstract under one id.
    pairs = list(zip(found, kept, strict=True))
    steps.update((document.language, why) for (_, document), stays in pairs if not stays)
    return [named for named, stays in pairs if stays]


class AlignedPairs(_Embedding, PairSource):
    """Sentence pairs of the documents that were gathered in both languages."""

    gathering: Gathering
    minimum: float = 1.0

    def compute(self, folder: Path) -> dict[str, float]:
        """Align every pair of twins; writes ``aligned.tsv`` and ``aligned.tmx``."""
        both = twins(self.gathering.documents()).values()
        embed = embedder(self.embedder)
        made = [
            pair for twin in both for pair in align_documents(twin["en"], twin["ru"], embed=embed, minimum=self.minimum)
        ]
        aligned.write_tsv(folder / "pairs.tsv", made)
        tmx.write(folder / "pairs.tmx", made)
        return {"document pairs": len(both), "sentence pairs": len(made)}

    def pairs(self) -> list[Pair]:
        """The aligned sentence pairs."""
        return aligned.read_tsv(self.run().folder / "pairs.tsv", Log(strict=True))


class Sizes(Experiment):
    """Documents, sentences and entities of a corpus (paper 1, table 1)."""

    corpus: Corpus

    def compute(self, folder: Path) -> dict[str, float]:
        """The sizes, see :func:`chemxl.collect.statistics.sizes`; a size that the corpus does not have is left out."""
        row = statistics.sizes(self.corpus.name, self.corpus.load(), types=self.corpus.types)
        return _numbers(row)


class Lengths(Experiment):
    """Words of the mentions of each of a corpus's types (paper 1, table 1)."""

    corpus: Corpus

    def compute(self, folder: Path) -> dict[str, float]:
        """Mean words a mention; keeps the sums of every source document."""
        types = self.corpus.types
        counts = statistics.lengths(self.corpus.load(), types=types)  # (D, T, 2)
        np.save(folder / "lengths.npy", counts, allow_pickle=False)
        means = mean(counts.sum(axis=0))  # (T,)
        return {f"words a {type}": float(length) for type, length in zip(types, means, strict=True)}

    def counts(self, type: str) -> np.ndarray:
        """(D, 2): words of all mentions of a type, and the number of mentions, by source document."""
        made: np.ndarray = np.load(self.run().folder / "lengths.npy", allow_pickle=False)
        return made[:, self.corpus.types.index(type)]


def _numbers(row: statistics.Row) -> dict[str, float]:
    """The numbers of a row."""
    return {name: float(n) for name, n in row.items() if isinstance(n, int | float)}


class Overlap(Experiment):
    """Sub-tokens that the entities of two corpora share (paper 1, table 4)."""

    first: Corpus
    second: Corpus
    encoder: str = encoders.MINI

    def data_digest(self) -> str:
        """The encoder's files, its tokenizer among them."""
        return encoders.file_digest(self.encoder)

    def compute(self, folder: Path) -> dict[str, float]:
        """The overlap, see :func:`chemxl.collect.statistics.overlap`."""
        parts = [(corpus.name, corpus.load()) for corpus in (self.first, self.second)]
        tokenizer = encoders.load(self.encoder).tokenizer
        row = statistics.overlap(parts[0], parts[1], tokenizer, type=self.first.types[0])
        return _numbers(row)
