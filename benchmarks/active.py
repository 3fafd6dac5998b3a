"""Mahalanobis distances beside the published code's loop over words, and choosing from a large pool beside all at once.

The first peer is the formulation of the code that paper 0's group published: an outer product a word, added up, and
for every tested word the products with the inverse; its agreement is the share of distances that differ by no more
than a hundred-millionth. The others are BADGE and core-set with every embedding in one array, and agree on the share
of the chosen sentences, in their order. The hidden states are drawn anew whenever they are read, by both sides alike,
so that memory is what the strategies hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from benchmarks import Row, resident_mib, seconds
from chemxl.active.reading import Words, pieces
from chemxl.active.strategies import query
from chemxl.active.uncertainty import Statistics, probabilities
from chemxl.documents import Document
from chemxl.experiments.provenance import hardware

LABELS = ("O", "B-CHEM", "I-CHEM", "B-DISEASE", "I-DISEASE")


def features(count: int, size: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hidden states of unequal spread around a centroid a class, (count, size), and their labels."""
    labels = np.random.default_rng(seed).integers(len(LABELS), size=count)
    mixing = np.random.default_rng(0).standard_normal((size, size)) / np.sqrt(size)
    centroids = np.random.default_rng(1).standard_normal((len(LABELS), size))
    drawn = np.random.default_rng(seed + 2).standard_normal((count, size))
    return (drawn @ mixing + drawn + centroids[labels]).astype(np.float32), labels


def ours(x: np.ndarray, y: np.ndarray, tested: np.ndarray) -> np.ndarray:
    """Fit and score; nothing is shrunk, as the peer shrinks nothing."""
    return Statistics.of(x, y, classes=len(LABELS)).gaussian(shrinkage=0.0).nearest(tested)


def theirs(x: np.ndarray, y: np.ndarray, tested: np.ndarray) -> np.ndarray:
    """The same, word by word."""
    x, tested = x.astype(np.float64), tested.astype(np.float64)
    centroids = np.array([x[y == c].mean(axis=0) for c in range(len(LABELS))])  # (C, d)
    covariance = np.zeros((x.shape[1], x.shape[1]))
    for c, centre in enumerate(centroids):
        for row in x[y == c]:
            apart = (row - centre)[:, None]
            covariance += apart @ apart.T
    inverse = np.linalg.inv(covariance / len(x))
    found = []
    for row in tested:
        apart = row - centroids
        found.append(np.diag(apart @ inverse @ apart.T).min())
    return np.array(found)


class Drawn:
    """A model whose hidden states are random numbers, the same ones for the same documents."""

    def __init__(self, size: int) -> None:
        rng = np.random.default_rng(0)
        self.labels: Sequence[str] = LABELS
        self.weight = (rng.standard_normal((len(LABELS), size)) / np.sqrt(size)).astype(np.float32)
        self.bias = np.zeros(len(LABELS), dtype=np.float32)
        self.dropout = 0.1

    def read(self, documents: Sequence[Document]) -> Iterator[Words]:
        """See :class:`chemxl.active.reading.Model`."""
        for piece in pieces(documents):
            counts = np.array([len(d.words) for d in piece], dtype=np.int64)
            rng = np.random.default_rng(int(piece[0].id))
            hidden = rng.standard_normal((int(counts.sum()), self.weight.shape[1]), dtype=np.float32)
            yield Words(hidden, hidden @ self.weight.T + self.bias, counts)


def sentences(count: int) -> list[Document]:
    """Texts of 10 to 30 words."""
    rng = np.random.default_rng(3)
    return [Document(str(i), "w " * int(rng.integers(10, 31))) for i in range(count)]


def _spans(words: Words) -> Iterator[slice]:
    ends = np.cumsum(words.counts)
    return (slice(end - n, end) for end, n in zip(ends, words.counts, strict=True))


def badge_at_once(model: Drawn, pool: Sequence[Document], n: int) -> list[int]:
    """BADGE with all gradients in one array, (S, L * d), and draws as in its paper."""
    rows = []
    for words in model.read(pool):
        error = probabilities(words.logits).astype(np.float32)
        error[np.arange(len(error)), words.predicted] -= 1.0
        rows += [(error[s].T @ words.hidden[s] / max(1, s.stop - s.start)).ravel() for s in _spans(words)]
    points = np.stack(rows)
    rng = np.random.default_rng(0)
    chosen = [int((points**2).sum(axis=1).argmax())]
    apart = ((points - points[chosen[0]]) ** 2).sum(axis=1).astype(np.float64)
    while len(chosen) < n:
        apart[chosen] = 0.0
        share = apart.cumsum()
        chosen.append(int(np.searchsorted(share, rng.random() * share[-1], side="right")))
        apart = np.minimum(apart, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return chosen


def core_set_at_once(model: Drawn, pool: Sequence[Document], n: int) -> list[int]:
    """Greedy k-centre with all sentences in one array, (S, d)."""
    points = np.stack([words.hidden[s].mean(axis=0) for words in model.read(pool) for s in _spans(words)])
    apart = ((points - points.mean(axis=0)) ** 2).sum(axis=1)
    chosen: list[int] = []
    while len(chosen) < n:
        chosen.append(int(apart.argmax()))
        apart = np.minimum(apart, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        apart[chosen] = -1.0
    return chosen


def distances(*, count: int, size: int, repeats: int) -> Row:
    """Fitting on so many words and scoring as many others."""
    x, y = features(count, size, seed=0)
    tested, _ = features(count, size, seed=10)
    own, peer = seconds(lambda: ours(x, y, tested), lambda: theirs(x, y, tested), repeats=repeats)
    a, b = ours(x, y, tested), theirs(x, y, tested)
    return Row(
        name=f"active: Mahalanobis distance, fitted and scored on {count:,} words of {size} numbers",
        peer="an outer product a word, as published",
        unit="words/s",
        ours=2 * count / own,
        theirs=2 * count / peer,
        ratio=peer / own,
        ours_mib=resident_mib(lambda: ours(x, y, tested)),
        theirs_mib=resident_mib(lambda: theirs(x, y, tested)),
        agree=float(np.mean(np.abs(a - b) <= 1e-8 * b)),
        hardware=hardware(),
    )


def choice(
    name: str, at_once: Callable[[Drawn, Sequence[Document], int], list[int]], *, pool: int, size: int, n: int
) -> Row:
    """Choosing n sentences."""
    model, documents = Drawn(size), sentences(pool)
    found: dict[str, list[int]] = {}

    def own() -> None:
        found["ours"] = query(name, model, documents, n, rng=np.random.default_rng(0)).tolist()

    def peer() -> None:
        found["theirs"] = at_once(model, documents, n)

    times = seconds(own, peer, repeats=1)
    return Row(
        name=f"active: {name}, {n} of {pool:,} sentences, {len(LABELS)} labels, hidden size {size}",
        peer="every embedding in one array",
        unit="sentences/s",
        ours=pool / times[0],
        theirs=pool / times[1],
        ratio=times[1] / times[0],
        ours_mib=resident_mib(own),
        theirs_mib=resident_mib(peer),
        agree=float(np.mean(np.array(found["ours"]) == np.array(found["theirs"]))),
        hardware=hardware(),
    )


def run(*, count: int = 20_000, pool: int = 50_000, size: int = 768, n: int = 50, repeats: int = 1) -> Iterator[Row]:
    """Three rows: distances, BADGE, core-set."""
    yield distances(count=count, size=size, repeats=repeats)
    yield choice("badge", badge_at_once, pool=pool, size=size, n=n)
    yield choice("core-set", core_set_at_once, pool=pool, size=size, n=n)
