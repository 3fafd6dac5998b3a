"""What chapter 4 runs: rows of its tables as lists of values, one value per seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, flatten, to_bio
from chemxl.evaluation import metrics, significance
from chemxl.experiments import Profile
from chemxl.models.learner import Evaluation
from chemxl.models.tagger import gold
from chemxl.models.training import Training
from chemxl.ner.experiments import BiLstmCrf, FineTune
from chemxl.pretrain import chapter as pretraining
from chemxl.results import show

BILSTM = "bilstm-crf"
TYPES = ("CHEM", "DISEASE", "GENE", "SPECIES")


def table(profile: str) -> str:
    """The name of the table that the chapter's own rows stand in."""
    return "Mini corpus, four types (a demonstration)" if profile == "small" else "Chemicals on real text"


@dataclass(frozen=True)
class Setting:
    """A way to train and the corpora that are tested on."""

    name: str
    train: tuple[Corpus, ...]
    tests: tuple[tuple[str, Corpus], ...]


def settings(profile: Profile, *, sentences: int = 800) -> list[Setting]:
    """English alone, English for zero-shot transfer to Russian, and Russian as the upper bound.

    Every training corpus loses the documents whose translation, or which themselves, stand in a test set.

    Args:
        sentences: for ``small``: how many each language's training part is expanded to.
    """
    if profile == "small":
        english, russian = (Corpus(name="mini", language=x, types=TYPES, sentences=sentences) for x in ("en", "ru"))
        tests = tuple(
            (f"mini {x.upper()}", Corpus(name="mini", split="test", language=x, types=TYPES)) for x in ("en", "ru")
        )
        return [Setting("EN", (english,), tests), Setting("RU", (russian,), tests)]
    bc5cdr = Corpus(name="bc5cdr", split="test")
    english, russian = (Corpus(name="bionne-r", split="test", language=x) for x in ("en", "ru"))
    held_out = (bc5cdr, english, russian)
    tests = (("BC5CDR", bc5cdr), ("BioNNE-R EN", english), ("BioNNE-R RU", russian))
    bc5cdr_train = Corpus(name="bc5cdr", without=held_out)
    english_train, russian_train = (Corpus(name="bionne-r", language=x, without=held_out) for x in ("en", "ru"))
    return [
        Setting("BC5CDR", (bc5cdr_train,), tests),
        Setting("BC5CDR + BioNNE-R EN", (bc5cdr_train, english_train), tests),
        Setting("BioNNE-R RU", (russian_train,), tests),
    ]


def evaluations(
    profile: Profile, setting: Setting, test: Corpus, *, model: str, epochs: int, rate: float, seeds: Sequence[int]
) -> list[Evaluation]:
    """One evaluation per seed.

    Args:
        model: ``bilstm-crf``, or an encoder's name, then ``+`` and a stage of :mod:`chemxl.pretrain.chapter` where it
            is pretrained further, then ``+crf`` where the head is not a softmax.
    """
    if model == BILSTM:
        models: list[FineTune | BiLstmCrf] = [BiLstmCrf(train=setting.train, seed=seed) for seed in seeds]
    else:
        head: Literal["softmax", "crf"] = "crf" if model.endswith("+crf") else "softmax"
        name = model.removesuffix("+crf")
        encoder = pretraining.stage(profile, name) if "+" in name else name
        training = Training(epochs=epochs, rate=rate)
        models = [FineTune(encoder=encoder, head=head, train=setting.train, training=training, seed=s) for s in seeds]
    return [Evaluation(model=model, corpus=test) for model in models]


def lines(
    profile: Profile, *, models: Sequence[str], epochs: int, rate: float, seeds: Sequence[int], sentences: int
) -> dict[str, list[Evaluation]]:
    """Every row of the chapter's table, ``model: training → test``, with one evaluation per seed."""
    made = {}
    for model in models:
        for setting in settings(profile, sentences=sentences):
            for test, corpus in setting.tests:
                name = f"{model}: {setting.name} → {test}"
                made[name] = evaluations(profile, setting, corpus, model=model, epochs=epochs, rate=rate, seeds=seeds)
    return made


def overview(chosen: Sequence[Setting]) -> list[dict[str, object]]:
    """Documents, words and mentions of every training and test part, and what one layer of labels loses."""
    parts = {f"train {s.name}": s.train for s in chosen} | {f"test {name}": (c,) for name, c in chosen[0].tests}
    rows: list[dict[str, object]] = []
    for name, corpora in parts.items():
        documents = [document for corpus in corpora for document in corpus.load()]
        layers = gold(documents)
        rows.append(
            {
                "part": name,
                "documents": len(documents),
                "words": sum(len(d.words) for d in documents),
                "mentions": sum(len(d.mentions) for d in documents),
                "after flattening": sum(len(layer.mentions) for layer in layers),
                "off word boundary": sum(
                    to_bio(layer.mentions, d.words)[1] for d, layer in zip(documents, layers, strict=True)
                ),
            }
        )
    return rows


def labelled(document: Document, *, first: int) -> list[dict[str, object]]:
    """The first words that hold a mention, and around them, with their labels."""
    labels, _ = to_bio(flatten(document.mentions).mentions, document.words)
    start = max(0, next((i for i, label in enumerate(labels) if label != "O"), 0) - 3)
    shown = list(zip(document.words, labels, strict=True))[start : start + first]
    return [{"word": document.text[s:e], "label": label} for (s, e), label in shown]


def types(chosen: dict[str, list[Evaluation]]) -> list[str]:
    """The types that the models of a table learn."""
    return list(dict.fromkeys(type_ for values in chosen.values() for type_ in values[0].model.types))


def by_type(chosen: dict[str, list[Evaluation]]) -> list[dict[str, object]]:
    """Mean precision, recall and F1 over seeds, a row per way of training and type."""
    rows: list[dict[str, object]] = []
    for name, values in chosen.items():
        runs = [value.run().metrics for value in values]
        for type_ in [*types(chosen), metrics.MICRO]:
            means = {
                k: float(np.mean([run.get(f"{type_}.{k}", 0.0) for run in runs])) for k in ("precision", "recall", "f1")
            }
            rows.append({"trained on": name, "type": type_, "gold": int(runs[0].get(f"{type_}.gold", 0)), **means})
    return rows


def loss_curve(
    label: str, values: Sequence[Evaluation], *, points: int = 12
) -> tuple[str, list[float], list[list[float]]]:
    """Label, epochs, and each seed's mean training loss in ``points`` equal parts of the run."""
    runs = []
    for value in values:
        losses = [row["loss"] for row in value.model.run().history() if "loss" in row]
        runs.append([float(np.mean(part)) for part in np.array_split(losses, points)])
    epochs = values[0].model.training.epochs
    return label, [epochs * (i + 0.5) / points for i in range(points)], runs


def paired(lines: Mapping[str, Sequence[Evaluation]]) -> list[dict[str, object]]:
    """Rows ``model: training → test`` that share the test, compared (:func:`chemxl.evaluation.significance.compare`).

    Models are compared where they were trained alike, ways of training for the first model.
    """
    first = next(iter(lines)).split(": ", 1)[0]
    pairs = [(a, b) for a, b in combinations(lines, 2) if _comparable(a, b, first)]
    columns = {name: [value.counts().column() for value in values] for name, values in lines.items()}
    found = significance.compare([(columns[a], columns[b]) for a, b in pairs])
    return [
        {"first": a, "second": b, "difference": show.value(*one[:3]), "p": one.p}
        for (a, b), one in zip(pairs, found, strict=True)
    ]


def _comparable(a: str, b: str, first: str) -> bool:
    (model_a, rest_a), (model_b, rest_b) = (name.split(": ", 1) for name in (a, b))
    same_test = rest_a.split(" → ")[-1] == rest_b.split(" → ")[-1]
    return same_test and (rest_a == rest_b or model_a == model_b == first)


def error_counts(value: Evaluation) -> dict[str, int]:
    """See :func:`chemxl.evaluation.metrics.errors`."""
    documents, found = value.outcome()
    return metrics.errors([layer.mentions for layer in gold(documents)], found)


def telling(
    documents: Sequence[Document], found: Sequence[list[Mention]], *, publishable: bool, most: int = 3
) -> list[tuple[Document, list[Mention]]]:
    """Documents with both right and wrong predictions, the first of each kind of text.

    Args:
        publishable: whether the text may stand in a page; others' corpora may not, and nothing is shown then.
    """
    chosen: dict[str, tuple[Document, list[Mention]]] = {}
    for document, mentions in zip(documents, found, strict=True):
        wanted = {(m.type, m.span) for m in gold([document])[0].mentions}
        given = {(m.type, m.span) for m in mentions}
        if publishable and wanted & given and wanted ^ given:
            chosen.setdefault(document.domain, (document, mentions))
    return list(chosen.values())[:most]
