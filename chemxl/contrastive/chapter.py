"""What chapter 6 runs: taggers trained on few or many sentences, after contrastive pretraining on the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch.distributions import Independent, Normal, kl_divergence

from chemxl.contrastive.experiments import ContrastivePretraining
from chemxl.contrastive.loss import distances, gaussian, variance
from chemxl.contrastive.words import Words
from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.figures import Cloud, Curve
from chemxl.ner.chapter import TYPES, Profile
from chemxl.ner.experiments import Evaluation, FineTune
from chemxl.ner.samples import Sample, split
from chemxl.training import Training

NONE, COSINE, GAUSSIAN, VIEWS = "", "+cosine", "+gaussian", "+gaussian+views"
LABELS = {NONE: "none", COSINE: "cosine", GAUSSIAN: "Gaussian", VIEWS: "Gaussian, with views"}


@dataclass(frozen=True)
class Task:
    """A corpus to learn from, the one that is tested on, and views: what else is read in contrastive pretraining.

    Args:
        views: the same text in another language, or other text of the same types.
    """

    name: str
    train: Corpus
    test: Corpus
    views: tuple[Corpus, ...] = ()


def table(profile: str) -> str:
    """The name of the table that the chapter's own rows stand in."""
    return "Mini corpus, four types (a demonstration)" if profile == "small" else "Contrastive pretraining on real text"


def tasks(profile: Profile) -> list[Task]:
    """Corpora in Spanish, English and Russian.

    Only BC5CDR (machine-translated to Chinese) and BioNNE-R (256 abstracts in both languages) have translations with
    labels. PharmaCoNER is read beside ChemProt, which has its types. Nothing here has LivingNER's humans apart.
    """
    if profile == "small":
        test = Corpus(name="mini", split="test", language="ru", types=TYPES)
        views = Corpus(name="mini", language="en", types=TYPES, sentences=800, without=(test,))
        train = Corpus(name="mini", language="ru", types=TYPES, sentences=800, without=(test,))
        return [Task("mini RU", train, test, (views,))]

    def own(name: str, types: tuple[str, ...], *, split: str = "train", **part: Any) -> tuple[Corpus, Corpus]:
        test = Corpus(name=name, split="test", types=types, **part)
        return Corpus(name=name, split=split, types=types, without=(test,), **part), test

    whole = profile == "paper"  # of LivingNER what the task gave out, else the part that anyone can have
    living = own("livingner-task" if whole else "livingner", ("HUMAN", "SPECIES"), split="train" if whole else "dev")
    pharma = own("pharmaconer", ("CHEM", "GENE"))
    bc5cdr = own("bc5cdr", ("CHEM",))
    bionne = own("bionne-r", ("CHEM",), language="ru")
    return [
        Task("LivingNER", *living),
        Task("PharmaCoNER", *pharma, (Corpus(name="chemprot", types=("CHEM", "GENE")),)),
        Task("BC5CDR", *bc5cdr, (Corpus(name="kbioxlm-cdr", language="zh", types=("CHEM",), without=(bc5cdr[1],)),)),
        Task("BioNNE-R RU", *bionne, (Corpus(name="bionne-r", language="en", types=("CHEM",), without=(bionne[1],)),)),
    ]


def overview(chosen: Sequence[Task]) -> list[dict[str, object]]:
    """Sentences, words and mentions of every part."""
    rows: list[dict[str, object]] = []
    for task in chosen:
        parts = {"train": (task.train,), "view": task.views, "test": (task.test,)}
        for part, corpus in ((part, corpus) for part, corpora in parts.items() for corpus in corpora):
            documents = [sentence for document in corpus.load() for sentence in split(document)]
            rows.append(
                {
                    "task": task.name,
                    "part": part,
                    "corpus": f"{corpus.name} {corpus.language or ''}".strip(),
                    "sentences": len(documents),
                    "words": sum(len(d.words) for d in documents),
                    "mentions": sum(len(d.mentions) for d in documents),
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
        visits: sentences that a training reads, those that come again counted; epochs follow from it.
        tokens: of a batch.
        rate: learning rate of the encoder; heads learn at 1e-3 at least.
    """

    encoder: str
    sizes: Sequence[int]
    visits: int
    tokens: int
    rate: float

    def training(self, size: int) -> Training:
        """The same number of sentences, however many are labelled."""
        epochs = max(1, round(self.visits / size))
        return Training(epochs=epochs, tokens=self.tokens, rate=self.rate, head_rate=max(1e-3, self.rate))

    def pretraining(self, task: Task, method: str, *, size: int, seed: int) -> ContrastivePretraining:
        """Contrastive pretraining on the labelled sentences, and with views on as many of each.

        Raises:
            ChemxlError: the method is none of ``LABELS``, or does no pretraining.
        """
        if method not in (COSINE, GAUSSIAN, VIEWS):
            raise ChemxlError(f"{method!r} is no contrastive pretraining: take {COSINE}, {GAUSSIAN} or {VIEWS}")
        return ContrastivePretraining(
            encoder=self.encoder,
            train=(sample(task.train, size, seed),),
            views=tuple(sample(view, size, seed) for view in task.views) if method == VIEWS else (),
            probe=task.test if size == max(self.sizes) else None,
            distance="cosine" if method == COSINE else "gaussian",
            training=self.training(size),
            seed=seed,
        )

    def evaluation(self, task: Task, method: str, *, size: int, seed: int) -> Evaluation:
        """A tagger trained on the labelled sentences, after that."""
        start = self.pretraining(task, method, size=size, seed=seed) if method else self.encoder
        train = (sample(task.train, size, seed),)
        return Evaluation(
            model=FineTune(encoder=start, train=train, training=self.training(size), seed=seed), corpus=task.test
        )

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

    def curves(self, task: Task, lines: Mapping[str, Sequence[Evaluation]]) -> list[Curve]:
        """F1 against the number of labelled sentences, a curve a method."""
        made = []
        for method, label in LABELS.items():
            rows = [lines[name] for size in self.sizes if (name := self.row(task, method, size)) in lines]
            if rows:
                scores = [[value.run().metrics["micro.f1"] for value in values] for values in rows]  # (sizes, S)
                made.append(Curve(label, list(self.sizes), [list(run) for run in zip(*scores, strict=True)]))
        return made


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


def clouds(words: Words, names: Sequence[str], *, gaussians: bool, each: int = 60) -> list[Cloud]:
    """Words in the plane of most variance, by type; ``O`` is called outside.

    Args:
        names: of the labels.
        gaussians: the means of the Gaussians with their covariances, not the encoder's output.
        each: words of a type, the first.
    """
    kinds = np.array(["outside" if name == "O" else name.partition("-")[2] for name in names])[words.labels]  # (n,)
    points = words.mean if gaussians else words.hidden  # (n, d)
    kept = {kind: np.flatnonzero(kinds == kind)[:each] for kind in sorted(set(kinds.tolist()))}
    plane = PCA(2, svd_solver="full").fit(points[np.concatenate([*kept.values()])])
    axes = plane.components_  # (2, d)
    return [
        Cloud(
            kind,
            plane.transform(points[rows]),
            np.einsum("id,nd,jd->nij", axes, words.variance[rows], axes) if gaussians else None,
        )
        for kind, rows in kept.items()
    ]
