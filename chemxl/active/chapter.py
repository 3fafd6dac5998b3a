"""What chapter 2 runs: loops of active learning that begin with the same sentences."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import torch

from chemxl.active.experiments import ActiveLearning
from chemxl.active.lengths import Lengths
from chemxl.active.oracle import Annotated
from chemxl.active.reading import AGGREGATIONS, Aggregation
from chemxl.active.rounds import Project
from chemxl.active.spectral import Norm, SpectralEvaluation, SpectralFineTune, power_iteration
from chemxl.annotate import Annotator
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.ner.chapter import TYPES, Profile
from chemxl.ner.experiments import Evaluation, FineTune
from chemxl.training import Training

HEADS = {
    "": "one layer",
    "none": "two layers",
    "always": "two layers, normalised",
    "bound": "two layers, normalised above the bound",
}


@dataclass(frozen=True)
class Task:
    """A pool to choose from and the corpus that is tested on."""

    name: str
    pool: Corpus
    test: Corpus


def tasks(profile: Profile, *, sentences: int) -> list[Task]:
    """Russian alone in ``small``, else chemicals in English and in Russian.

    Every pool loses the documents whose translation, or which themselves, stand in a test set, and repeated sentences.

    Args:
        sentences: for ``small``: how many the pool is expanded to.
    """
    if profile == "small":
        test = Corpus(name="mini", split="test", language="ru", types=TYPES)
        pool = Corpus(name="mini", language="ru", types=TYPES, sentences=sentences, without=(test,))
        return [Task("mini RU", pool, test)]
    english, russian = Corpus(name="bc5cdr", split="test"), Corpus(name="bionne-r", split="test", language="ru")
    tests = (english, russian)
    return [
        Task("BC5CDR", Corpus(name="bc5cdr", without=tests), english),
        Task("BioNNE-R RU", Corpus(name="bionne-r", language="ru", without=tests), russian),
    ]


def tables(profile: str) -> dict[str, str]:
    """The names of the chapter's tables, by metric."""
    of = "the mini corpus, four types (a demonstration)" if profile == "small" else "real text, chemicals"
    return {"F1": f"F1 after the last round: {of}", "area": f"Mean F1 over the learning curve: {of}"}


def overview(chosen: Sequence[Task]) -> list[dict[str, object]]:
    """Sentences, words and mentions of every pool and test set."""
    rows: list[dict[str, object]] = []
    for task in chosen:
        for part, corpus in (("pool", task.pool), ("test", task.test)):
            units = Annotated.of(corpus).load()
            empty = sum(not unit.mentions for unit in units)
            rows.append(
                {
                    "task": task.name,
                    "part": part,
                    "sentences": len(units),
                    "words a sentence": float(np.mean([len(unit.words) for unit in units])),
                    "mentions": sum(len(unit.mentions) for unit in units),
                    "sentences without one (%)": 100 * empty / len(units),
                    "types": ", ".join(corpus.types),
                }
            )
    return rows


def annotators(task: Task, *, publishable: bool) -> list[Annotator]:
    """The examples as a round that is given out, open to be annotated; none where nothing may be shown."""
    units = examples(task, publishable=publishable)
    if not units:
        return []
    project = Project(Path(tempfile.mkdtemp(prefix="chemxl-")))
    return [Annotator(project.give_out(units, types=task.pool.types, about={}), language=units[0].language)]


def examples(task: Task, *, publishable: bool, most: int = 3) -> list[Document]:
    """The first annotated sentences that hold mentions of two types.

    Args:
        publishable: whether the text may stand in a page; others' corpora may not, and nothing is shown then.
    """
    units = Annotated.of(task.pool).load() if publishable else []
    return [unit for unit in units if len({mention.type for mention in unit.mentions}) > 1][:most]


def parsed(method: str) -> tuple[str, str, Aggregation]:
    """Strategy, head and aggregation of a method such as ``entropy``, ``mahalanobis+always`` or ``entropy+sum``.

    Raises:
        ChemxlError: what stands after a ``+`` is neither a head nor an aggregation.
    """
    strategy, *parts = method.split("+")
    head, how = "", "mean"
    for part in parts:
        if part in get_args(Norm):
            head = part
        elif part in AGGREGATIONS:
            how = part
        else:
            known = ", ".join((*get_args(Norm), *AGGREGATIONS))
            raise ChemxlError(f"{method!r}: {part!r} is neither a head nor an aggregation; there are {known}")
    return strategy, head, cast("Aggregation", how)


def control(method: str) -> str:
    """What a method is compared with: random sentences, the same head."""
    head = parsed(method)[1]
    return f"random+{head}" if head else "random"


@dataclass(frozen=True)
class Loops:
    """How everything in the chapter is trained.

    Args:
        readings: see :class:`chemxl.active.experiments.ActiveLearning`.
        epochs: with everything annotated.
        rate: learning rate of the encoder.
        head_rate: of the head, which begins at random.
    """

    encoder: str
    rounds: int
    budget: int
    readings: int
    epochs: int
    rate: float
    head_rate: float
    tokens: int

    def learner(self, task: Task, head: str, *, seed: int) -> FineTune:
        """The model with the whole pool annotated."""
        training = Training(epochs=self.epochs, rate=self.rate, head_rate=self.head_rate, tokens=self.tokens)
        train = (Annotated.of(task.pool),)
        fields: dict[str, Any] = {"encoder": self.encoder, "train": train, "training": training, "seed": seed}
        return SpectralFineTune(norm=cast("Norm", head), **fields) if head else FineTune(**fields)

    def loop(self, task: Task, method: str, *, seed: int) -> ActiveLearning:
        """Rounds of one method; of one seed, all methods begin with the same sentences."""
        strategy, head, how = parsed(method)
        return ActiveLearning(
            learner=self.learner(task, head, seed=0),
            test=task.test,
            strategy=strategy,
            aggregate=how,
            rounds=self.rounds,
            budget=self.budget,
            readings=self.readings,
            seed=seed,
        )

    def whole(self, task: Task, head: str, *, seed: int) -> Evaluation:
        """The model with the whole pool annotated, on the test set."""
        model = self.learner(task, head, seed=seed)
        if isinstance(model, SpectralFineTune):
            return SpectralEvaluation(model=model, corpus=task.test)
        return Evaluation(model=model, corpus=task.test)

    def lengths(self, task: Task, *, seed: int) -> Lengths:
        """What a model asks for that was trained on a loop's random sentences, all rounds of them."""
        loop = self.loop(task, "random", seed=seed)
        ids = [unit.id for corpus in loop.pool() for unit in corpus.load()]
        first = loop.model_copy(update={"budget": self.budget * self.rounds}).first(ids)
        return Lengths(model=loop.model(first), pool=loop.pool(), budget=self.budget)

    def row(self, task: Task, method: str) -> str:
        """The name of a row."""
        return f"{self.encoder}, {method}: {task.name}"

    def lines(self, task: Task, methods: Sequence[str], *, seeds: Sequence[int]) -> dict[str, list[ActiveLearning]]:
        """By method, one loop a seed; what the methods are compared with is among them."""
        wanted = dict.fromkeys([*methods, *map(control, methods)])
        return {method: [self.loop(task, method, seed=seed) for seed in seeds] for method in wanted}

    def wholes(self, task: Task, methods: Sequence[str], *, seeds: Sequence[int]) -> dict[str, list[Evaluation]]:
        """By head, one evaluation a seed, for the heads that the methods have."""
        heads = dict.fromkeys(parsed(method)[1] for method in methods)
        return {head: [self.whole(task, head, seed=seed) for seed in seeds] for head in heads}


def worked(*, seed: int, steps: Sequence[int] = (1, 2, 5, 10, 100)) -> list[dict[str, object]]:
    """The spectral norm of a random matrix by power iteration, after so many steps, and as torch computes it."""
    generator = torch.Generator().manual_seed(seed)
    weight, u = torch.randn(64, 64, generator=generator), torch.randn(64, generator=generator)
    exact = float(torch.linalg.matrix_norm(weight, ord=2))
    rows: list[dict[str, object]] = []
    for count in steps:
        left, right = power_iteration(weight, u, steps=count)
        rows.append({"steps": count, "power iteration": float(left @ weight @ right), "torch": exact})
    return rows
