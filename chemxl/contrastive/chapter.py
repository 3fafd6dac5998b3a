"""What chapter 6 runs: taggers trained on few or many sentences, after contrastive pretraining on the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch.distributions import Independent, Normal, kl_divergence

from chemxl.contrastive.experiments import ContrastivePretraining
from chemxl.contrastive.loss import distances, gaussian, variance
from chemxl.contrastive.views import Translated
from chemxl.contrastive.words import Words
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import ALL, Sample, split
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.models.learner import Evaluation
from chemxl.models.training import Training
from chemxl.ner.chapter import TYPES
from chemxl.ner.experiments import FineTune
from chemxl.results.figures import Cloud

NONE, TWICE, COSINE, GAUSSIAN, VIEWS = "", "+twice", "+cosine", "+gaussian", "+gaussian+views"
LABELS = {
    NONE: "none",
    TWICE: "none, fine-tuned twice as long",
    COSINE: "cosine",
    GAUSSIAN: "Gaussian",
    VIEWS: "Gaussian, with views",
}
PRETRAINED = (COSINE, GAUSSIAN, VIEWS)


@dataclass(frozen=True)
class Task:
    """A corpus to learn from, the one that is tested on, and views: what else is read in contrastive pretraining.

    Args:
        views: text in another language with labels of the same types.
        translated: that text is a translation of the documents to learn from.
    """

    name: str
    train: Corpus
    test: Corpus
    views: tuple[Corpus, ...] = ()
    translated: bool = False


def tasks(profile: Profile) -> list[Task]:
    """Corpora in Spanish, English and Russian.

    Only BC5CDR has a translation with labels, by machine, into Chinese. PharmaCoNER is read beside ChemProt, which has
    its types, and the Russian abstracts of BioNNE-R beside its English ones, of which few are of the same articles:
    more labelled text, in another language. Nothing here has LivingNER's humans apart.
    """
    if profile == "small":
        test = Corpus(name="mini", split="test", language="ru", types=TYPES)
        views = Corpus(name="mini", language="en", types=TYPES, sentences=800, without=(test,))
        train = Corpus(name="mini", language="ru", types=TYPES, sentences=800, without=(test,))
        return [Task("mini RU", train, test, (views,), translated=True)]

    def own(name: str, types: tuple[str, ...], *, split: str = "train", **part: Any) -> tuple[Corpus, Corpus]:
        test = Corpus(name=name, split="test", types=types, **part)
        return Corpus(name=name, split=split, types=types, without=(test,), **part), test

    whole = profile == "paper"  # of LivingNER what the task gave out, else the part that anyone can have
    living = own("livingner-task" if whole else "livingner", ("HUMAN", "SPECIES"), split="train" if whole else "dev")
    pharma = own("pharmaconer", ("CHEM", "GENE"))
    bc5cdr = own("bc5cdr", ("CHEM",))
    chinese = Corpus(name="kbioxlm-cdr", language="zh", types=("CHEM",), without=(bc5cdr[1],))
    bionne = own("bionne-r", ("CHEM",), language="ru")
    return [
        Task("LivingNER", *living),
        Task("PharmaCoNER", *pharma, (Corpus(name="chemprot", types=("CHEM", "GENE")),)),
        Task("BC5CDR", *bc5cdr, (chinese,), translated=True),
        Task("BioNNE-R RU", *bionne, (Corpus(name="bionne-r", language="en", types=("CHEM",), without=(bionne[1],)),)),
    ]


def overview(chosen: Sequence[Task]) -> list[dict[str, object]]:
    """Sentences that can be drawn, those that are tested on, and the units that intervals draw."""
    rows: list[dict[str, object]] = []
    for task in chosen:
        parts = {"train": (task.train,), "view": task.views, "test": (task.test,)}
        for part, corpus in ((part, corpus) for part, corpora in parts.items() for corpus in corpora):
            whole = corpus.load()
            drawable = sample(corpus, ALL, 0).load()
            sentences = [s for document in whole for s in split(document)] if part == "test" else drawable
            rows.append(
                {
                    "task": task.name,
                    "part": part,
                    "corpus": f"{corpus.name} {corpus.language or ''}".strip(),
                    "documents": len(whole),
                    "sentences": len(sentences),
                    "words": sum(len(s.words) for s in sentences),
                    "mentions": sum(len(s.mentions) for s in sentences),
                    "types": ", ".join(corpus.types),
                }
            )
    return rows


def worked(*, seed: int) -> list[dict[str, object]]:
    """The distance of four random Gaussians: torch's divergences, and :func:`chemxl.contrastive.loss.gaussian`."""
    generator = torch.Generator().manual_seed(seed)
    mean, spread = torch.randn(4, 8, generator=generator), variance(torch.randn(4, 8, generator=generator))  # (4, 8)
    products = distances(gaussian(mean, spread))  # (4, 4)
    normal = [Independent(Normal(m, v.sqrt()), 1) for m, v in zip(mean, spread, strict=True)]
    rows: list[dict[str, object]] = []
    for a, b in combinations(range(4), 2):
        both = (kl_divergence(normal[a], normal[b]) + kl_divergence(normal[b], normal[a])) / 2
        rows.append({"a": a + 1, "b": b + 1, "divergences": float(both), "products": float(products[a, b])})
    return rows


def sample(corpus: Corpus, size: int, seed: int) -> Sample:
    """So many sentences; those of one seed are nested."""
    return Sample(**dict(corpus), most=size, draw=seed)


@dataclass(frozen=True)
class Grid:
    """How everything in the chapter is trained.

    Args:
        encoder: what all start from.
        sizes: numbers of labelled sentences.
        visits: sentences that a training reads, those that come again counted; it reads each of them at least twice.
        tokens: of a batch.
        rate: learning rate of the encoder, and of the projections 1e-3 at least.
        tagger_rate: of a tagger's last layer, which has few steps to begin from nothing.
    """

    encoder: str
    sizes: Sequence[int]
    visits: int
    tokens: int
    rate: float
    tagger_rate: float

    def visited(self, size: int) -> int:
        """Sentences that a training reads, by the number of labelled ones."""
        return max(self.visits, 2 * size)

    def training(self, sentences: int, visits: int, *, head_rate: float) -> Training:
        """So many sentences, read again until there are so many visits.

        Raises:
            ChemxlError: the last epoch would not be whole.
        """
        if visits % sentences:
            raise ChemxlError(f"{visits} visits are not whole epochs of {sentences} sentences: take a multiple")
        epochs = visits // sentences
        return Training(epochs=epochs, tokens=self.tokens, rate=self.rate, head_rate=max(head_rate, self.rate))

    def views(self, task: Task, size: int, seed: int) -> tuple[Corpus, ...]:
        """As many sentences of each: the translations of those that are labelled, or drawn like them."""
        if not task.translated:
            return tuple(sample(view, size, seed) for view in task.views)
        return tuple(Translated(**dict(view), of=sample(task.train, size, seed)) for view in task.views)

    def pretraining(self, task: Task, method: str, *, size: int, seed: int) -> ContrastivePretraining:
        """Contrastive pretraining on the labelled sentences, with views on as many of each for as many fewer epochs.

        Raises:
            ChemxlError: the method is none of ``PRETRAINED``.
        """
        if method not in PRETRAINED:
            raise ChemxlError(f"{method!r} is no contrastive pretraining: take {', '.join(PRETRAINED)}")
        views = self.views(task, size, seed) if method == VIEWS else ()
        return ContrastivePretraining(
            encoder=self.encoder,
            train=(sample(task.train, size, seed),),
            views=views,
            probe=task.test if method == GAUSSIAN and size == max(self.sizes) else None,
            distance="cosine" if method == COSINE else "gaussian",
            training=self.training(size * (1 + len(views)), self.visited(size), head_rate=1e-3),
            seed=seed,
        )

    def evaluation(self, task: Task, method: str, *, size: int, seed: int) -> Evaluation:
        """A tagger trained on the labelled sentences, after that."""
        start = self.pretraining(task, method, size=size, seed=seed) if method in PRETRAINED else self.encoder
        visits = self.visited(size) * (2 if method == TWICE else 1)
        training = self.training(size, visits, head_rate=self.tagger_rate)
        model = FineTune(encoder=start, train=(sample(task.train, size, seed),), training=training, seed=seed)
        return Evaluation(model=model, corpus=task.test)

    def row(self, task: Task, method: str, size: int) -> str:
        """The name of a row."""
        return f"{self.encoder}{method}: {size:,} sentences of {task.name} → {task.name}"

    def lines(self, chosen: Sequence[Task], *, seeds: Sequence[int]) -> dict[str, list[Evaluation]]:
        """Every row of the chapter's table, one value a seed; a task without views has no row with them."""
        return {
            self.row(task, method, size): [self.evaluation(task, method, size=size, seed=seed) for seed in seeds]
            for task in chosen
            for size in self.sizes
            for method in LABELS
            if method != VIEWS or task.views
        }


def followed(values: Sequence[ContrastivePretraining]) -> dict[str, tuple[list[float], list[list[float]]]]:
    """Sentences read and each run's mean distance on held-out words, within a label and between labels."""
    made = {}
    for measure in ("within", "between"):
        runs, steps = [], 0
        for value in values:
            history = value.run().history()
            steps = sum("loss" in row for row in history)
            measured = {row["step"] / steps: row[measure] for row in history if "score" in row}
            runs.append(np.interp(np.linspace(0, 1, 9), list(measured), list(measured.values())).tolist())
        made[measure] = (np.linspace(0, 100, 9).tolist(), runs)
    return made


@dataclass(frozen=True)
class Plane:
    """Of points (n, d), the two directions in which they differ most."""

    points: np.ndarray

    @cached_property
    def _fitted(self) -> PCA:
        return PCA(2, svd_solver="full").fit(self.points)

    @property
    def share(self) -> str:
        """Of the variance, what the plane holds."""
        return f"{self._fitted.explained_variance_ratio_.sum():.0%}"

    def clouds(self, words: Words, names: Sequence[str], *, gaussians: bool, each: int) -> list[Cloud]:
        """The first words of each type in the plane; ``O`` is called outside.

        Args:
            names: of the labels.
            gaussians: the means of the Gaussians with their covariances, not the encoder's output.
            each: words of a type.
        """
        kinds = np.array(["outside" if name == "O" else name.partition("-")[2] for name in names])[words.labels]  # (n,)
        points = self._fitted.transform(words.mean if gaussians else words.hidden)  # (n, 2)
        axes = self._fitted.components_  # (2, d)
        made = []
        for kind in sorted(set(kinds.tolist())):
            rows = np.flatnonzero(kinds == kind)[:each]
            spread = np.einsum("id,nd,jd->nij", axes, words.variance[rows], axes) if gaussians else None
            made.append(Cloud(f"{kind} ({len(rows)} words)", points[rows], spread))
        return made
