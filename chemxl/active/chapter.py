"""What chapter 2 runs: loops of active learning that begin with the same sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, cast

import numpy as np
import torch

from chemxl.active import rows
from chemxl.active.experiments import SHARES, ActiveLearning
from chemxl.active.methods import HEADS, NO_LAYER, Method
from chemxl.active.oracle import Annotated
from chemxl.active.spectral import Norm, SpectralFineTune, SpectralLabeller, evaluation, power_iteration
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.models.learner import Evaluation
from chemxl.models.tagger import gold
from chemxl.models.training import Training
from chemxl.ner.chapter import TYPES
from chemxl.ner.experiments import FineTune
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.figures import Curve
from chemxl.results.rows import Keys, scored
from chemxl.results.tables import Cells

stem = "02_active_learning"
ALL = "all"  # in a method's place: the whole pool is annotated


class Settings(chapters.EncoderSettings):
    """The notebook's parameters.

    Args:
        methods: see :meth:`chemxl.active.methods.Method.of`.
        rounds, budget: see :class:`chemxl.active.experiments.ActiveLearning`.
        sentences: how many the pool has; for ``small`` it is expanded to so many, else they are drawn, 0 being all.
        documents: how many at most are drawn for each test; 0: all.
        steps: the number of steps of every training in a loop.
        rate: learning rate of the encoder and of a normalised layer.
        head_rate: the learning rate of the layer that computes the scores, which begins at random.
        tokens: budget of a batch.
        whole_epochs: passes over the pool with everything annotated, which is the goal and may take more steps.
        bound: for ``+bound``, the spectral norm up to which weights stay as they are.
    """

    methods: tuple[str, ...] = ("random+none", "entropy+none", "mahalanobis+none", "mahalanobis+always")
    rounds: int = 3
    budget: int = 30
    sentences: int = 300
    documents: int = 0
    steps: int = 48
    rate: float = 0.0003
    head_rate: float = 0.01
    tokens: int = 128
    whole_epochs: int = 2
    bound: float = 1.25
    seeds: tuple[int, ...] = (0, 1, 2)


class Data(NamedTuple):
    """Sentences to choose from and the documents that are tested on, which give the name."""

    name: str
    pool: Annotated
    test: Corpus


def data(settings: Settings) -> list[Data]:
    """The data that loops run on: Russian alone in ``small``, else chemicals in English and in Russian.

    Every pool loses the documents whose translation, or which themselves, stand in a test set, and repeated sentences.
    """
    most, documents = settings.sentences, settings.documents
    if settings.profile == "small":
        test = Corpus(name="mini", split="test", language="ru", types=TYPES)
        pool = Corpus(name="mini", language="ru", types=TYPES, sentences=most, without=(test,))
        return [Data("mini RU", pool.to(Annotated), test)]
    tests = (Corpus(name="bc5cdr", split="test"), Corpus(name="bionne-r", split="test", language="ru"))
    pools = (Corpus(name="bc5cdr", without=tests), Corpus(name="bionne-r", language="ru", without=tests))
    return [
        Data(
            name,
            pool.to(Annotated, most=most),
            test.to(Annotated, unit="document", most=documents) if documents else test,
        )
        for name, pool, test in zip(("BC5CDR", "BioNNE-R RU"), pools, tests, strict=True)
    ]


def learner(settings: Settings, part: Data, norm: Norm | None, *, seed: int, epochs: int = 0) -> FineTune:
    """The model that is trained on the whole annotated pool, as in a loop, or for a given number of epochs."""
    length: dict[str, Any] = {"epochs": epochs} if epochs else {"steps": settings.steps}
    training = Training(**length, rate=settings.rate, head_rate=settings.head_rate, tokens=settings.tokens)
    fields: dict[str, Any] = {"encoder": settings.start, "train": (part.pool,), "training": training, "seed": seed}
    if norm == "bound":
        fields["bound"] = settings.bound
    return SpectralFineTune(norm=norm, **fields) if norm else FineTune(**fields)


def loops(settings: Settings, part: Data) -> dict[Method, list[ActiveLearning]]:
    """For each method its loops, one a seed, all beginning with the same sentences; the methods to compare with are
    among them."""
    chosen = [Method.of(setting) for setting in settings.methods]
    shared: dict[str, Any] = {"test": part.test, "rounds": settings.rounds, "budget": settings.budget}
    return {
        method: [
            ActiveLearning(
                learner=learner(settings, part, method.norm, seed=0),
                strategy=method.strategy,
                aggregate=method.aggregate,
                seed=seed,
                **shared,
            )
            for seed in settings.seeds
        ]
        for method in dict.fromkeys([*chosen, *(method.control for method in chosen)])
    }


def wholes(settings: Settings, part: Data) -> dict[Norm | None, list[Evaluation]]:
    """For each kind of head, models trained on the whole annotated pool for ``whole_epochs``, one a seed."""
    return {
        norm: [
            evaluation(learner(settings, part, norm, seed=seed, epochs=settings.whole_epochs), part.test)
            for seed in settings.seeds
        ]
        for norm in dict.fromkeys(Method.of(setting).norm for setting in settings.methods)
    }


def lines(settings: Settings) -> Lines:
    """What each method's loops reach, the F1 with the whole pool annotated, and how methods compare."""
    yield [line for part in data(settings) for line in _of_test(settings, part)]


def _of_test(settings: Settings, part: Data) -> list[Line]:
    """The lines of one test: every method's loops, the models of the whole pool, and how methods compare."""
    keys: Keys = {"test": part.name, **settings.keys}
    by_method, by_norm = loops(settings, part), wholes(settings, part)
    every = [*chain(*by_method.values()), *chain(*by_norm.values())]
    return [
        *(Line(keys | method.keys, own, partial(rows.of_loops, own)) for method, own in by_method.items()),
        *(Line(keys | Method(ALL, norm).keys, own, partial(scored, own)) for norm, own in by_norm.items()),
        Line(keys, every, partial(rows.compared, by_method, by_norm)),
    ]


def overview(chosen: Sequence[Data]) -> Cells:
    """Texts, words and mentions of every pool, by sentences, and of every test set, by documents."""
    made: Cells = []
    for one in chosen:
        for part, corpus, unit in (("pool", one.pool, "sentences"), ("test", one.test, "documents")):
            texts = corpus.load()
            empty = sum(not text.mentions for text in texts)
            made.append(
                {
                    "test": one.name,
                    "part": part,
                    "texts": f"{len(texts):,} {unit}",
                    "words a text": f"{np.mean([len(text.words) for text in texts]):.1f}",
                    "mentions": sum(len(layer.mentions) for layer in gold(texts)),
                    "texts without one (%)": 100 * empty / len(texts),
                    "types": ", ".join(corpus.types),
                }
            )
    return made


def examples(part: Data, *, publishable: bool, most: int = 3) -> list[Document]:
    """The first annotated sentences that hold mentions of two types.

    Args:
        publishable: whether the text may stand in a page; others' corpora may not, and nothing is shown then.
    """
    units = part.pool.load() if publishable else []
    return [unit for unit in units if len({mention.type for mention in unit.mentions}) > 1][:most]


def worked(*, seed: int, steps: Sequence[int] = (1, 2, 5, 10, 100)) -> Cells:
    """The spectral norm of a random matrix by power iteration, after so many steps, and as torch computes it."""
    generator = torch.Generator().manual_seed(seed)
    weight, u = torch.randn(64, 64, generator=generator), torch.randn(64, generator=generator)
    exact = float(torch.linalg.matrix_norm(weight, ord=2))
    made: Cells = []
    for count in steps:
        left, right = power_iteration(weight, u, steps=count)
        made.append({"steps": count, "power iteration": float(left @ weight @ right), "torch": exact})
    return made


def norms(by_norm: Mapping[Norm | None, Sequence[Evaluation]]) -> Cells:
    """The singular values of the layers that models were trained with, as means over seeds; a dash for a head without
    such a layer."""
    made: Cells = []
    for norm, values in by_norm.items():
        line: dict[str, object] = {"head": HEADS[norm or NO_LAYER], "spectral norm": None, "root mean square": None}
        if norm:
            weights = [cast("SpectralLabeller", v.model.load().model).dense.weight.detach() for v in values]
            singular = torch.stack([torch.linalg.svdvals(weight) for weight in weights])  # (S, d)
            line["spectral norm"] = float(singular[:, 0].mean())
            line["root mean square"] = float(singular.square().mean(dim=1).sqrt().mean())
        made.append(line)
    return made


def risks(settings: Settings, part: Data, names: Sequence[str]) -> list[Curve]:
    """The error rate among the surest words, by their share of all words: one curve for each uncertainty."""
    values = loops(settings, part)[Method.of(settings.methods[0]).control]
    shares, lasts = [100 * share for share in SHARES], [value.history()[-1]["risk"] for value in values]
    return [Curve(name, shares, [[100 * risk for risk in last[name]] for last in lasts]) for name in names]
