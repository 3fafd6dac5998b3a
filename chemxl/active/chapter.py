"""What chapter 2 runs: loops of active learning that begin with the same sentences."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
import torch

from chemxl.active.experiments import ActiveLearning
from chemxl.active.oracle import Annotated
from chemxl.active.reading import AGGREGATIONS, Aggregation
from chemxl.active.spectral import Norm, SpectralFineTune, SpectralLabeller, evaluation, power_iteration
from chemxl.annotate.rounds import Project, give_out
from chemxl.annotate.widget import Annotator
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.models.learner import Evaluation
from chemxl.models.tagger import gold
from chemxl.models.training import Training
from chemxl.ner.chapter import TYPES
from chemxl.ner.experiments import FineTune

HEADS = {
    "": "one layer",
    "none": "two layers",
    "always": "two layers, normalised",
    "bound": "two layers, normalised above the bound",
}


@dataclass(frozen=True)
class Task:
    """Sentences to choose from and the documents that are tested on."""

    name: str
    pool: Annotated
    test: Corpus


def tasks(profile: Profile, *, sentences: int, documents: int = 0) -> list[Task]:
    """Russian alone in ``small``, else chemicals in English and in Russian.

    Every pool loses the documents whose translation, or which themselves, stand in a test set, and repeated sentences.

    Args:
        sentences: how many the pool has; for ``small`` it is expanded to so many, else they are drawn, 0 being all.
        documents: how many at most are drawn for each test; 0: all.
    """
    if profile == "small":
        test = Corpus(name="mini", split="test", language="ru", types=TYPES)
        pool = Corpus(name="mini", language="ru", types=TYPES, sentences=sentences, without=(test,))
        return [Task("mini RU", Annotated.of(pool), test)]
    english, russian = Corpus(name="bc5cdr", split="test"), Corpus(name="bionne-r", split="test", language="ru")
    tests = (english, russian)
    pools = Corpus(name="bc5cdr", without=tests), Corpus(name="bionne-r", language="ru", without=tests)
    return [
        Task(
            name,
            Annotated.of(pool, most=sentences),
            Annotated.of(test, unit="document", most=documents) if documents else test,
        )
        for name, pool, test in zip(("BC5CDR", "BioNNE-R RU"), pools, tests, strict=True)
    ]


def tables(profile: str) -> dict[str, str]:
    """The names of the chapter's tables."""
    of = "the mini corpus, four types (a demonstration)" if profile == "small" else "real text, chemicals"
    titles = {
        "F1": "F1 after the last round",
        "area": "Mean F1 over the learning curve",
        "sentences": "F1 by annotated sentences",
        "less": "Differences of F1",
        "needed": "Annotated sentences that are needed",
        "by words": "Mean F1 by annotated words",
        "words": "Words a sentence",
        "errors": "Area under the ROC curve, errors of words",
    }
    return {name: f"{title}: {of}" for name, title in titles.items()}


def overview(chosen: Sequence[Task]) -> list[dict[str, object]]:
    """Texts, words and mentions of every pool, by sentences, and of every test set, by documents."""
    rows: list[dict[str, object]] = []
    for task in chosen:
        for part, corpus, unit in (("pool", task.pool, "sentences"), ("test", task.test, "documents")):
            texts = corpus.load()
            empty = sum(not text.mentions for text in texts)
            rows.append(
                {
                    "task": task.name,
                    "part": part,
                    "texts": f"{len(texts):,} {unit}",
                    "words a text": f"{np.mean([len(text.words) for text in texts]):.1f}",
                    "mentions": sum(len(layer.mentions) for layer in gold(texts)),
                    "texts without one (%)": 100 * empty / len(texts),
                    "types": ", ".join(corpus.types),
                }
            )
    return rows


def annotators(loop: ActiveLearning, *, publishable: bool, most: int = 2) -> list[Annotator]:
    """What the loop's first model asks for next, with the mentions that it finds, open to be corrected; none where
    nothing may be shown."""
    if not publishable:
        return []
    done = loop.history()[0]["added"]
    pool = [unit for corpus in loop.pool() for unit in corpus.load() if unit.id not in set(done)]
    project = Project(Path(tempfile.mkdtemp(prefix="chemxl-")))
    folder = give_out(project, pool, model=loop.model(done).run().folder, count=most, strategy=loop.strategy)
    return [Annotator(folder, language=pool[0].language)]


def examples(task: Task, *, publishable: bool, most: int = 3) -> list[Document]:
    """The first annotated sentences that hold mentions of two types.

    Args:
        publishable: whether the text may stand in a page; others' corpora may not, and nothing is shown then.
    """
    units = task.pool.load() if publishable else []
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
    return with_head("random", parsed(method)[1])


def with_head(method: str, head: str) -> str:
    """The same method with another head."""
    strategy, _, how = parsed(method)
    return "+".join(filter(None, (strategy, head, "" if how == "mean" else how)))


@dataclass(frozen=True)
class Loops:
    """How everything in the chapter is trained.

    Args:
        rounds, budget: see :class:`chemxl.active.experiments.ActiveLearning`.
        steps: of every training in a loop.
        whole_epochs: passes over the pool with everything annotated, which is the goal and may take more steps.
        rate: learning rate of the encoder and of a normalised layer.
        head_rate: of the layer that gives the scores, which begins at random.
        tokens: budget of a batch.
        bound: of ``+bound``: the spectral norm that is let be.
    """

    encoder: str
    rounds: int
    budget: int
    steps: int
    rate: float
    head_rate: float
    tokens: int
    whole_epochs: int
    bound: float = 1.25

    def learner(self, task: Task, head: str, *, seed: int, epochs: int = 0) -> FineTune:
        """The model with the whole pool annotated, trained as in a loop, or for so many epochs."""
        length: dict[str, Any] = {"epochs": epochs} if epochs else {"steps": self.steps}
        training = Training(**length, rate=self.rate, head_rate=self.head_rate, tokens=self.tokens)
        fields: dict[str, Any] = {"encoder": self.encoder, "train": (task.pool,), "training": training, "seed": seed}
        if head == "bound":
            fields["bound"] = self.bound
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
            seed=seed,
        )

    def whole(self, task: Task, head: str, *, seed: int) -> Evaluation:
        """The model with the whole pool annotated and read ``whole_epochs`` times, on the test set."""
        return evaluation(self.learner(task, head, seed=seed, epochs=self.whole_epochs), task.test)

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


def norms(wholes: Mapping[str, Sequence[Evaluation]]) -> list[dict[str, object]]:
    """The singular values of the layers that models were trained with, as they compute, means over seeds; a dash for
    the head without such a layer."""
    rows: list[dict[str, object]] = []
    for head, values in wholes.items():
        row: dict[str, object] = {"head": HEADS[head], "spectral norm": None, "root mean square": None}
        if head:
            weights = [cast("SpectralLabeller", v.model.load().model).dense.weight.detach() for v in values]
            singular = torch.stack([torch.linalg.svdvals(weight) for weight in weights])  # (S, d)
            row["spectral norm"] = float(singular[:, 0].mean())
            row["root mean square"] = float(singular.square().mean(dim=1).sqrt().mean())
        rows.append(row)
    return rows


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
