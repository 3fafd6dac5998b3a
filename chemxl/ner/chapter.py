"""What chapter 4 runs: taggers trained in three ways and tested on three corpora, one value a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, flatten, to_bio
from chemxl.experiments import Profile
from chemxl.models import encoders
from chemxl.models.box import IN_THE_BOX
from chemxl.models.learner import Evaluation
from chemxl.models.tagger import gold
from chemxl.models.training import Training
from chemxl.ner import scores, whole
from chemxl.ner.experiments import BiLstmCrf, FineTune, NerModel
from chemxl.ner.gazetteer import Gazetteer
from chemxl.ner.scores import BILSTM, GAZETTEER, LONGER, VECTORS, Tagged
from chemxl.ner.vectors import VectorBiLstmCrf
from chemxl.results import chapters, figures
from chemxl.results.canvas import Figure
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys
from chemxl.results.tables import Cells

stem = "04_ner"
TYPES = ("CHEM", "DISEASE", "GENE", "SPECIES")


class Settings(chapters.Settings):
    """The notebook's parameters.

    Args:
        models: ``bilstm-crf``, which may have ``, word vectors``; ``gazetteer``; or an encoder's name, then ``+crf``
            where the head is not a softmax, then ``, twice the epochs``. The first one is an
            encoder.
        english: those of the models that learn from English alone, since their subwords cut Russian into letters.
        tokens: the number of tokens in a batch; ``bilstm-crf`` has a size of its own.
        rate: learning rate of an encoder.
        head_rate: the learning rate of the head.
        layers: the first layers of every encoder that are kept; 0: all.
        nested: encoders whose taggers find mentions inside mentions, too, and are scored against all of them, with the
            eight types of BioNNE; none in ``small``, whose corpus has no nested mention.
        nested_epochs: the epochs of these trainings.
        sentences: for ``small``: how many each language's training part is expanded to.
    """

    models: tuple[str, ...] = (IN_THE_BOX, "mini", BILSTM, GAZETTEER)
    english: tuple[str, ...] = ()
    epochs: int = 2
    tokens: int = 256
    rate: float = 0.0005
    head_rate: float = 0.01
    layers: int = 0
    nested: tuple[str, ...] = ()
    nested_epochs: int = 6
    sentences: int = 800
    seeds: tuple[int, ...] = (0, 1, 2)

    def training(self, epochs: int, *, head_rate: float) -> Training:
        """The training of a tagger on an encoder."""
        return Training(epochs=epochs, tokens=self.tokens, rate=self.rate, head_rate=head_rate)

    def start(self, encoder: str, *, seed: int) -> str | encoders.Pretrained:
        """What a tagger with this seed starts from: the encoder with so many layers."""
        return self.cut(encoder).start

    def cut(self, encoder: str) -> chapters.EncoderSettings:
        """An encoder with so many layers."""
        return chapters.EncoderSettings(encoder=encoder, layers=self.layers)

    def learns(self, model: str, way: Way) -> bool:
        """Whether a model is trained in this way."""
        return model not in self.english or all(corpus.language != "ru" for corpus in way.train)

    def keys(self, model: str) -> Keys:
        """The keys of a model, and how many layers its encoder has if that was set."""
        given = named(model)
        return given | ({"layers": self.layers} if self.layers and given["encoder"] != "none" else {})


@dataclass(frozen=True)
class Way:
    """A way to train, and the corpora to test on."""

    name: str
    train: tuple[Corpus, ...]
    tests: tuple[tuple[str, Corpus], ...]


def ways(profile: Profile, *, sentences: int) -> list[Way]:
    """English alone, English for zero-shot transfer to Russian, and Russian as the upper bound.

    Every training corpus loses the documents whose translation, or which themselves, stand in a test set.
    """
    if profile == "small":
        english, russian = (Corpus(name="mini", language=x, types=TYPES, sentences=sentences) for x in ("en", "ru"))
        tests = tuple(
            (f"mini {x.upper()}", Corpus(name="mini", split="test", language=x, types=TYPES)) for x in ("en", "ru")
        )
        return [Way("EN", (english,), tests), Way("RU", (russian,), tests)]
    bc5cdr = Corpus(name="bc5cdr", split="test")
    english, russian = (Corpus(name="bionne-r", split="test", language=x) for x in ("en", "ru"))
    held_out = (bc5cdr, english, russian)
    tests = (("BC5CDR", bc5cdr), ("BioNNE-R EN", english), ("BioNNE-R RU", russian))
    bc5cdr_train = Corpus(name="bc5cdr", without=held_out)
    english_train, russian_train = (Corpus(name="bionne-r", language=x, without=held_out) for x in ("en", "ru"))
    return [
        Way("BC5CDR", (bc5cdr_train,), tests),
        Way("BC5CDR + BioNNE-R EN", (bc5cdr_train, english_train), tests),
        Way("BioNNE-R RU", (russian_train,), tests),
    ]


def named(model: str) -> Keys:
    """The keys of a model of the settings: its encoder and its method."""
    if model in (BILSTM, VECTORS, GAZETTEER):
        return {"encoder": "none", "method": model}
    name = model.removesuffix(LONGER)
    head = "crf" if name.endswith("+crf") else "softmax"
    return {"encoder": name.removesuffix("+crf"), "method": head + model[len(name) :]}


def evaluations(settings: Settings, model: str, way: Way, test: Corpus) -> list[Evaluation]:
    """A model trained in one way and tested on one corpus, one value a seed; with twice the epochs, one seed."""
    if model in (BILSTM, VECTORS):
        kind = VectorBiLstmCrf if model == VECTORS else BiLstmCrf
        models: list[NerModel] = [kind(train=way.train, seed=seed) for seed in settings.seeds]
    else:
        name, method = (str(part) for part in named(model).values())
        longer = method.endswith(LONGER)
        training = settings.training(settings.epochs * (2 if longer else 1), head_rate=settings.head_rate)
        fields: dict[str, Any] = {"head": method.removesuffix(LONGER), "train": way.train, "training": training}
        seeds = settings.seeds[:1] if longer else settings.seeds
        models = [FineTune(encoder=settings.start(name, seed=seed), seed=seed, **fields) for seed in seeds]
    return [Evaluation(model=model, corpus=test) for model in models]


def with_model(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the name that their model has in the settings."""
    heads = {"softmax": "", "crf": "+crf"} | {"softmax" + LONGER: LONGER, "crf" + LONGER: f"+crf{LONGER}"}
    pairs = zip(rows["encoder"], rows["method"], strict=True)
    return rows.assign(model=[method if encoder == "none" else encoder + heads[method] for encoder, method in pairs])


def predictions(settings: Settings, model: str, way: Way, test: Corpus) -> Sequence[Tagged]:
    """As :func:`evaluations`; a gazetteer is one value, since nothing is drawn."""
    return [Gazetteer(train=way.train, corpus=test)] if model == GAZETTEER else evaluations(settings, model, way, test)


def table(settings: Settings) -> list[Line]:
    """The lines of every model, trained in every way, on every test."""
    return [
        Line({**settings.keys(model), "train": way.name, "test": name}, values, partial(scores.rows, values, way.train))
        for model in settings.models
        for way in ways(settings.profile, sentences=settings.sentences)
        if settings.learns(model, way)
        for name, corpus in way.tests
        for values in [predictions(settings, model, way, corpus)]
    ]


def lines(settings: Settings) -> Lines:
    """The lines of the table, and of tests between them."""
    made = table(settings)
    yield [*made, *nested(settings)]
    every = [value for line in made for value in line.experiments]
    yield [Line({}, every, partial(scores.paired, made), compared=True)]


def nested(settings: Settings) -> list[Line]:
    """The lines of a softmax and a span head, against every gold mention."""
    training = settings.training(settings.nested_epochs, head_rate=1e-3)
    made = []
    for name in settings.nested:
        cut = settings.cut(name)
        made += whole.lines(cut.start, cut.keys, training, settings.seeds)
    return made


def overview(chosen: Sequence[Way]) -> Cells:
    """Documents, words and mentions of every training and test part, and what one layer of labels leaves out."""
    parts = {f"train {s.name}": s.train for s in chosen} | {f"test {name}": (c,) for name, c in chosen[0].tests}
    rows: Cells = []
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


def labelled(document: Document, *, first: int) -> Cells:
    """The first words with a mention, and some around them, with their labels."""
    labels, _ = to_bio(flatten(document.mentions).mentions, document.words)
    start = max(0, next((i for i, label in enumerate(labels) if label != "O"), 0) - 3)
    shown = list(zip(document.words, labels, strict=True))[start : start + first]
    return [{"word": document.text[s:e], "label": label} for (s, e), label in shown]


def loss_curve(
    label: str, values: Sequence[Evaluation], *, points: int = 12
) -> tuple[str, list[float], list[list[float]]]:
    """For each label, the epochs and each seed's mean training loss, in ``points`` equal parts of the run."""
    runs = []
    for value in values:
        losses = [row["loss"] for row in value.model.run().history() if "loss" in row]
        runs.append([float(np.mean(part)) for part in np.array_split(losses, points)])
    epochs = values[0].model.training.epochs
    return label, [epochs * (i + 0.5) / points for i in range(points)], runs


def errors(found: pd.DataFrame) -> list[Figure]:
    """A figure for each test, a bar for each training set, of the errors of the rows' first model."""
    wrong = with_model(found[found["error"].notna() & (found["error"] != "correct")])
    wrong = wrong[wrong.groupby("error")["value"].transform("max") > 0]  # with one type, no type is wrong
    if wrong.empty:
        return []
    name = wrong["model"].iloc[0]
    return [
        figures.stacked(
            {
                str(train): dict(zip(bar["error"], bar["value"].round(), strict=True))
                for train, bar in group.groupby("train", sort=False)
            },
            xlabel="mentions, mean over seeds",
            caption=f"Errors of {name} on {test}, by what it was trained on.",
            alt=f"Stacked bars of errors on {test}: missed, spurious and wrongly bounded or typed mentions for each "
            "training set.",
        )
        for test, group in wrong[wrong["model"] == name].groupby("test", sort=False)
    ]


def telling(
    documents: Sequence[Document], found: Sequence[list[Mention]], *, publishable: bool, most: int = 3
) -> list[tuple[Document, list[Mention]]]:
    """Documents with right and wrong predictions, the first of each kind of text.

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
