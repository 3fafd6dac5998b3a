"""What chapter 6 runs: taggers trained on few or many sentences, with or without contrastive pretraining on the same
ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from chemxl.contrastive.clusters import Clusters, apart, silhouette
from chemxl.contrastive.experiments import ContrastivePretraining
from chemxl.contrastive.model import Distance
from chemxl.contrastive.tasks import Task, drawn_views, sample, tasks
from chemxl.corpora.samples import Portion
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.evaluation.learning_curves import Learning, saved
from chemxl.models import encoders
from chemxl.models.learner import Evaluation
from chemxl.models.training import Training
from chemxl.ner.experiments import FineTune
from chemxl.results import chapters, tallies
from chemxl.results.chapters import Line, Lines
from chemxl.results.figures import Curve
from chemxl.results.rows import Pair, Row, differences, known, scored

stem = "06_contrastive_pretraining"
NONE, TWICE, COSINE, GAUSSIAN = "none", "none, fine-tuned twice as long", "cosine", "Gaussian"
FIXED, VIEWS = "Gaussian, identity covariance", "Gaussian, with views"
METHODS = (NONE, TWICE, COSINE, FIXED, GAUSSIAN, VIEWS)
PRETRAINED: dict[str, Distance] = {COSINE: "cosine", FIXED: "identity", GAUSSIAN: "gaussian", VIEWS: "gaussian"}
_PAIRED = (  # the first less the second
    (GAUSSIAN, NONE),
    (GAUSSIAN, TWICE),
    (GAUSSIAN, COSINE),
    (GAUSSIAN, FIXED),
    (FIXED, NONE),
    (VIEWS, GAUSSIAN),
    (VIEWS, NONE),
    (VIEWS, TWICE),
)
_SEEN = 200  # documents whose words are looked at


class Settings(chapters.EncoderSettings):
    """The notebook's parameters.

    Args:
        methods: of ``METHODS``, ``none`` among them; the clusters of words are of Gaussians whatever stands here.
        sizes: numbers of labelled sentences.
        visits: sentences that a training reads, those that come again counted; it reads each of them at least twice.
        tokens: the number of tokens in a batch.
        rate: learning rate of the encoder, and of the projections 1e-3 at least.
        tagger_rate: the learning rate of a tagger's last layer, which begins at random and has few steps.
        temperature: the temperature of the cosine.
    """

    methods: tuple[str, ...] = (NONE, TWICE, COSINE, GAUSSIAN, VIEWS)
    sizes: tuple[int, ...] = (40, 120)
    visits: int = 240
    tokens: int = 256
    rate: float = 0.0005
    tagger_rate: float = 0.01
    temperature: float = 0.1
    seeds: tuple[int, ...] = (0, 1, 2)

    def visited(self, size: int) -> int:
        """How many sentences a training reads, by the number of labelled ones."""
        return max(self.visits, 2 * size)

    def training(self, sentences: int, visits: int, *, head_rate: float) -> Training:
        """The training on so many sentences, which are read again until there are enough visits.

        Raises:
            ChemxlError: the last epoch would not be whole.
        """
        if visits % sentences:
            raise ChemxlError(f"{visits} visits are not whole epochs of {sentences} sentences: take a multiple")
        epochs = visits // sentences
        return Training(epochs=epochs, tokens=self.tokens, rate=self.rate, head_rate=max(head_rate, self.rate))


def pretraining(settings: Settings, task: Task, method: str, *, size: int, seed: int) -> ContrastivePretraining:
    """Contrastive pretraining on the labelled sentences; with views, it reads as many of each for fewer epochs.

    Raises:
        ChemxlError: the method is none of ``PRETRAINED``.
    """
    if method not in PRETRAINED:
        raise ChemxlError(f"{method!r} is no contrastive pretraining: take {', '.join(PRETRAINED)}")
    views = drawn_views(task, size, seed) if method == VIEWS else ()
    own: dict[str, Any] = {"temperature": settings.temperature} if method == COSINE else {}
    return ContrastivePretraining(
        encoder=settings.start,
        train=(sample(task.train, size, seed),),
        views=views,
        probe=task.test if method == GAUSSIAN and size == max(settings.sizes) else None,
        distance=PRETRAINED[method],
        training=settings.training(size * (1 + len(views)), settings.visited(size), head_rate=1e-3),
        seed=seed,
        **own,
    )


def evaluation(settings: Settings, task: Task, method: str, *, size: int, seed: int) -> Evaluation:
    """A tagger trained on the labelled sentences, after that pretraining if there is one."""
    start: str | encoders.Pretrained = settings.start
    if method in PRETRAINED:
        start = pretraining(settings, task, method, size=size, seed=seed)
    visits = settings.visited(size) * (2 if method == TWICE else 1)
    training = settings.training(size, visits, head_rate=settings.tagger_rate)
    model = FineTune(encoder=start, train=(sample(task.train, size, seed),), training=training, seed=seed)
    return Evaluation(model=model, corpus=task.test)


def table(settings: Settings, task: Task) -> list[Line]:
    """The lines of every method with every number of labelled sentences; a task without views has no line with them.

    Raises:
        ChemxlError: a method is none of ``METHODS``, or ``none`` is missing.
    """
    if NONE not in settings.methods or not set(settings.methods) <= set(METHODS):
        raise ChemxlError(f"methods are {NONE!r} and some of {', '.join(METHODS)}, not {', '.join(settings.methods)}")
    return [
        Line(
            {**settings.keys, "test": task.name, "method": method, "sentences": size},
            values,
            partial(_scores, values),
        )
        for size in settings.sizes
        for method in settings.methods
        if method != VIEWS or task.views
        for values in [[evaluation(settings, task, method, size=size, seed=seed) for seed in settings.seeds]]
    ]


def clusters(settings: Settings, task: Task) -> list[Line]:
    """The lines of how well held-out words of one label lie together: as the encoder gives them before and after
    contrastive pretraining with the most sentences, and with views where these are translations."""
    size, corpus = max(settings.sizes), task.test.to(Portion, most=_SEEN)
    shared: dict[str, Any] = {**settings.keys, "table": "clusters", "test": task.name}
    found: dict[str, list[Clusters]] = {NONE: [Clusters(encoder=settings.start, corpus=corpus)]}
    for method in (GAUSSIAN, VIEWS) if task.translated else (GAUSSIAN,):
        starts = [pretraining(settings, task, method, size=size, seed=seed) for seed in settings.seeds]
        found[method] = [Clusters(encoder=start, corpus=corpus, seed=start.seed) for start in starts]
    made = [
        Line({**shared, "method": method, "sentences": size}, values, partial(silhouette, values))
        for method, values in found.items()
    ]
    pairs = [(a, b) for a, b in ((GAUSSIAN, NONE), (VIEWS, NONE), (VIEWS, GAUSSIAN)) if a in found]
    every = [value for values in found.values() for value in values]
    return [*made, Line({**shared, "sentences": size}, every, partial(apart, found, pairs))]


def lines(settings: Settings) -> Lines:
    """The table of each task and its clusters, and a line for what all lines of the table say together."""
    chosen = tasks(settings.profile)
    made = {task.name: table(settings, task) for task in chosen}
    yield [line for lines in made.values() for line in lines]
    yield [line for task in chosen for line in clusters(settings, task)]
    yield [
        Line(
            {**settings.keys, "test": name},
            [value for line in lines for value in line.experiments],
            partial(_over_sizes, lines),
            compared=True,
        )
        for name, lines in made.items()
    ]


def _scores(values: Sequence[Evaluation]) -> list[Row]:
    """Rows with F1, precision and recall, and F1 of each type if there are several."""
    types = values[0].counts().types
    made = scored(values, scores=metrics.SCORES)
    return made + [row for type in types if len(types) > 1 for row in scored(values, type=type)]


def _over_sizes(lines: Sequence[Line]) -> list[Row]:
    """Rows with differences between methods over all sizes, corrected over the task, and with how many sentences fewer
    a method needs for the F1 that training without pretraining has with the most."""
    found = {(str(line.keys["method"]), int(line.keys["sentences"])): line.experiments for line in lines}
    sizes = list(dict.fromkeys(size for _, size in found))
    pairs = [
        Pair({"method": a, "sentences": size, "less_method": b}, found[a, size], found[b, size])
        for size in sizes
        for a, b in _PAIRED
        if {(a, size), (b, size)} <= found.keys()
    ]
    curves = {
        method: Learning(sizes, np.array(counts).swapaxes(0, 1))
        for method in METHODS
        if (method, sizes[0]) in found
        for counts in [[[tallies.of(value).column() for value in found[method, size]] for size in sizes]]
    }
    made = differences(pairs)
    for method, curve in curves.items():
        if method != NONE:
            e = saved(curves[NONE], curve, rng=np.random.default_rng(0), share=1.0)
            how: dict[str, Any] = {"bound": e.bound, "scorer": "labelled sentences", "keys": {"method": method}}
            made.append(known("sentences saved", (e.value, e.low, e.high), found[method, sizes[0]], **how))
    return made


def drawn(rows: pd.DataFrame) -> dict[str, list[Curve]]:
    """For each task, curves of F1 against the number of labelled sentences, one for each method."""
    made: dict[str, list[Curve]] = {}
    for (test, method), group in rows.query("metric == 'F1' and type.isna()").groupby(["test", "method"], sort=False):
        points = {float(row.sentences): (row.value, row.low, row.high) for row in group.itertuples()}
        made.setdefault(str(test), []).append(Curve.of(str(method), points))
    return made
