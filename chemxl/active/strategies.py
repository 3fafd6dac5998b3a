"""Query strategies behind one interface: a model and a pool in, the documents to annotate next out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from chemxl.active import diversity, uncertainty
from chemxl.active.diversity import Embeddings
from chemxl.active.reading import Aggregation, Model, Words, aggregated, gold_labels
from chemxl.active.uncertainty import Gaussian, Statistics, probabilities
from chemxl.documents import Document
from chemxl.errors import ChemxlError

Fit = Callable[[], Gaussian]  # to annotated words; made when it is first asked for
Scorer = Callable[[Words], np.ndarray]  # a piece of N words -> their uncertainties, (N,)
PASSES = 10  # of dropout
DISTANCES = ("mahalanobis", "centroid", "core-set")  # what looks at annotated documents


@dataclass(frozen=True)
class Asked:
    """What every strategy is asked; see :func:`query`."""

    model: Model
    pool: Sequence[Document]
    n: int
    rng: np.random.Generator
    labelled: Sequence[Document]
    aggregate: Aggregation


Strategy = Callable[[Asked], np.ndarray]
"""The indices of at most n documents of the pool, the first to be annotated first."""


def query(
    name: str,
    model: Model,
    pool: Sequence[Document],
    n: int,
    *,
    rng: np.random.Generator,
    labelled: Sequence[Document] = (),
    aggregate: Aggregation = "mean",
) -> np.ndarray:
    """The documents of the pool to annotate next: distinct indices, (min(n, len(pool)),); of equal ones the first.

    Args:
        name: one of ``STRATEGIES``.
        rng: the source of random numbers; the same state gives the same choice.
        labelled: annotated documents. Distances need them; ``core-set`` keeps away from them.
        aggregate: how words' uncertainties become a document's, see :func:`chemxl.active.reading.aggregated`; the
            strategies whose docstring does not name it do not ask.

    Raises:
        ChemxlError: no such strategy, n below 0, or nothing is annotated where distances need it.
    """
    if name not in STRATEGIES:
        raise ChemxlError(f"there is no strategy {name!r}; there are {', '.join(STRATEGIES)}")
    if n < 0:
        raise ChemxlError(f"{n} documents cannot be asked for: ask for 0 or more")
    if not pool or not n:
        return np.array([], dtype=np.int64)
    return STRATEGIES[name](Asked(model, pool, n, rng, labelled, aggregate))


def fitted(model: Model, labelled: Sequence[Document]) -> Statistics:
    """Statistics of annotated words by their gold labels. Those of other documents can be added with ``+`` as long as
    the model is the same, since a model that is trained again has another hidden space."""
    size = len(model.labels)
    total = Statistics.of(np.zeros((0, model.weight.shape[1])), np.zeros(0, dtype=np.int64), classes=size)
    done = 0
    for words in model.read(labelled):
        documents = labelled[done : done + len(words.counts)]
        total += Statistics.of(words.hidden, gold_labels(documents, model.labels), classes=size)
        done += len(documents)
    return total


def mahalanobis(model: Model, fit: Fit, rng: np.random.Generator) -> Scorer:
    """Squared Mahalanobis distance to the nearest class's centroid, by ``aggregate`` (paper 0, equation 1; Lee et al.
    2018; for transformers Vazhentsev et al. 2022)."""
    gaussian = fit()
    return lambda words: gaussian.nearest(words.hidden)


def centroid(model: Model, fit: Fit, rng: np.random.Generator) -> Scorer:
    """Euclidean distance to the assigned class's centroid, by ``aggregate`` (paper 0, section II)."""
    gaussian = fit()
    return lambda words: uncertainty.to_centroid(words.hidden, words.logits, gaussian)


def probability(model: Model, fit: Fit, rng: np.random.Generator) -> Scorer:
    """One less the probability of the assigned class, by ``aggregate`` (paper 0, section II; Lewis and Gale 1994)."""
    return lambda words: uncertainty.least_confidence(words.logits)


def margin(model: Model, fit: Fit, rng: np.random.Generator) -> Scorer:
    """One less the lead of the first class over the second, by ``aggregate`` (Scheffer et al. 2001)."""
    return lambda words: uncertainty.margin(words.logits)


def entropy(model: Model, fit: Fit, rng: np.random.Generator) -> Scorer:
    """Entropy of the classes, by ``aggregate`` (Shannon 1948; for sequences Settles and Craven 2008)."""
    return lambda words: uncertainty.entropy(words.logits)


def surprisal(model: Model, fit: Fit, rng: np.random.Generator) -> Scorer:
    """Minus the log-probability of the assigned class; see :func:`mnlp`."""
    return lambda words: uncertainty.surprisal(words.logits)


def bald(model: Model, fit: Fit, rng: np.random.Generator) -> Scorer:
    """Mutual information of class and model under dropout, by ``aggregate`` (Houlsby et al. 2011; Gal et al. 2017).

    Dropout in front of the last layer alone is drawn, which is all that fine-tuned encoders of this book have.
    """
    streams = rng.spawn(PASSES)  # one a pass, so that the draws do not depend on how the pool is cut

    def score(words: Words) -> np.ndarray:
        """The mutual information of each word, from ``PASSES`` draws of dropout, (N,)."""
        draws = np.empty((PASSES, *words.logits.shape))  # (T, N, L)
        for draw, stream in zip(draws, streams, strict=True):
            kept = stream.random(words.hidden.shape, dtype=np.float32) >= model.dropout  # (N, d)
            draw[:] = probabilities(words.hidden * kept @ model.weight.T / (1.0 - model.dropout) + model.bias)
        return uncertainty.mutual_information(draws)

    return score


SCORERS: dict[str, Callable[[Model, Fit, np.random.Generator], Scorer]] = {
    "mahalanobis": mahalanobis,
    "centroid": centroid,
    "probability": probability,
    "margin": margin,
    "entropy": entropy,
    "surprisal": surprisal,
    "bald": bald,
}


def word_scores(
    names: Sequence[str],
    model: Model,
    documents: Sequence[Document],
    *,
    rng: np.random.Generator,
    labelled: Sequence[Document],
) -> Iterator[tuple[Words, dict[str, np.ndarray]]]:
    """Pieces of the documents, each with the uncertainty of every word (N,) by each of these ``SCORERS``. Documents are
    read once, whatever the number of scorers, and annotated documents at most once."""
    fit = cache(lambda: fitted(model, labelled).gaussian())
    scorers = {name: SCORERS[name](model, fit, rng) for name in names}
    for words in model.read(documents):
        yield words, {name: score(words) for name, score in scorers.items()}


def _hardest(name: str) -> Strategy:
    """A strategy that asks for the documents with the highest score of a scorer."""

    def strategy(asked: Asked) -> np.ndarray:
        """The places of the highest scores, the highest first."""
        scored = word_scores([name], asked.model, asked.pool, rng=asked.rng, labelled=asked.labelled)
        scores = np.concatenate([aggregated(found[name], words, asked.aggregate) for words, found in scored])  # (S,)
        return np.argsort(-scores, kind="stable")[: asked.n]

    strategy.__doc__ = SCORERS[name].__doc__
    return strategy


def mnlp(asked: Asked) -> np.ndarray:
    """Least confidence in the best sequence, normalised by its length: the mean of its words' surprisals
    (Shen et al. 2018)."""
    return _hardest("surprisal")(replace(asked, aggregate="mean"))


def badge(asked: Asked) -> np.ndarray:
    """k-means++ seeds among the gradients that the model would have if it were right (Ash et al. 2020)."""
    with Embeddings(asked.model.weight.size) as points:
        for words in asked.model.read(asked.pool):
            points.append(diversity.gradients(words))
        return diversity.k_means_seeds(points, asked.n, rng=asked.rng)


def core_set(asked: Asked) -> np.ndarray:
    """Greedy k-centre on documents' mean hidden representation, away from annotated ones (Sener and Savarese 2018).

    Where nothing is annotated, the pool's mean is the first centre.
    """
    with Embeddings(asked.model.weight.shape[1]) as points, Embeddings(asked.model.weight.shape[1]) as centres:
        for words in asked.model.read(asked.pool):
            points.append(diversity.means(words.hidden, words))
        for words in asked.model.read(asked.labelled):
            centres.append(diversity.means(words.hidden, words))
        if not centres.length:
            centres.append(points.mean()[None])
        return diversity.k_centre(points, asked.n, diversity.to_nearest(points, centres))


def random(asked: Asked) -> np.ndarray:
    """Documents drawn at random without replacement: the baseline of all other strategies."""
    return asked.rng.permutation(len(asked.pool))[: asked.n]


STRATEGIES: dict[str, Strategy] = {
    **{name: _hardest(name) for name in SCORERS if name != "surprisal"},
    "mnlp": mnlp,
    "badge": badge,
    "core-set": core_set,
    "random": random,
}
