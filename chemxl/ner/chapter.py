"""What chapter 4 runs: rows of its tables as lists of values, one value per seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chemxl.corpora.corpus import Corpus
from chemxl.ner.experiments import BiLstmCrf, Evaluation, FineTune
from chemxl.training import Training

Profile = Literal["small", "real", "paper"]
BILSTM = "bilstm-crf"
TYPES = ("CHEM", "DISEASE", "GENE", "SPECIES")


@dataclass(frozen=True)
class Setting:
    """A way to train and the corpora that are tested on."""

    name: str
    train: tuple[Corpus, ...]
    tests: tuple[tuple[str, Corpus], ...]


def settings(profile: Profile, *, sentences: int = 1500) -> list[Setting]:
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
        return [
            Setting("EN", (english,), tests),
            Setting("RU", (russian,), tests),
            Setting("EN+RU", (english, russian), tests),
        ]
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
    setting: Setting,
    test: Corpus,
    *,
    encoder: str,
    head: Literal["softmax", "crf"] = "softmax",
    epochs: int,
    seeds: Sequence[int],
) -> list[Evaluation]:
    """One evaluation per seed; ``encoder`` may be ``bilstm-crf``."""
    if encoder == BILSTM:
        models: list[FineTune | BiLstmCrf] = [BiLstmCrf(train=setting.train, seed=seed) for seed in seeds]
    else:
        training = Training(epochs=epochs)
        models = [FineTune(encoder=encoder, head=head, train=setting.train, training=training, seed=s) for s in seeds]
    return [Evaluation(model=model, corpus=test) for model in models]
