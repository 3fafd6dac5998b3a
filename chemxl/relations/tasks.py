"""The corpora of chapter 8, to train on, to test on, and to make choices on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import Portion
from chemxl.experiments import Profile
from chemxl.relations.candidates import Scheme
from chemxl.relations.data import Refined

COARSE = ("CHEM", "GENE")
MINI = Scheme(coarse=(("CHEM", "CHEM"), ("DRUG", "CHEM")))
DRUGPROT = Scheme(coarse=(("CHEMICAL", "CHEM"), ("GENE-Y", "GENE"), ("GENE-N", "GENE")))


@dataclass(frozen=True)
class Task:
    """The corpora of relations between chemicals and genes.

    Args:
        train: with fine types.
        test: with coarse ones; ``fine``: with fine ones, for what a typer is worth.
        part, rest: a part of the training set, and another that choices are made on.
    """

    name: str
    train: tuple[Corpus, ...]
    test: Corpus
    fine: Corpus
    part: tuple[Corpus, ...]
    rest: Corpus
    scheme: Scheme


def task(profile: Profile, *, part: float) -> Task:
    """In ``small`` the mini corpus in both languages; otherwise DrugProt, with the training documents whose text can be
    had.

    Args:
        part: the part of the training set.
    """
    if profile == "small":
        whole = Corpus(name="mini", types=())
        some = Portion(name="mini", types=(), share=(0.0, part))
        test, rest = (Corpus(name="mini", split=split, types=COARSE) for split in ("test", "dev"))
        fine = Corpus(name="mini", split="test", types=())
        return Task("mini", (whole,), test, fine, (some,), rest, MINI)
    test = Corpus(name="drugprot", split="dev", types=COARSE)
    names = ("drugprot", "drugprot-extra")
    some = Portion(name="drugprot", types=(), without=(test,), share=(0.0, part))
    rest = Portion(name="drugprot", types=COARSE, without=(test,), share=(0.85, 1.0))
    other = tuple(Corpus(name="chemprot", split=split, types=()) for split in ("train", "dev", "test"))
    return Task(
        "DrugProt",
        tuple(Corpus(name=name, types=(), without=(test,)) for name in names),
        test,
        Refined(name="drugprot", split="dev", types=(), by=other, scheme=DRUGPROT),
        (some,),
        rest,
        DRUGPROT,
    )


@dataclass(frozen=True)
class Languages:
    """One corpus in two languages, a training and a test part of each; no document's translation is on the other
    side."""

    name: str
    train: dict[str, Corpus]
    test: dict[str, Corpus]
    scheme: Scheme


def languages(profile: Profile) -> Languages:
    """In ``small`` the mini corpus; otherwise BioNNE-R with all its types, since no Russian text has relations of
    chemicals and genes.

    Both sides of the 50 Russian development abstracts are tested on. Abstracts with mentions and no relation, of which
    Russian has 56, are not trained on.
    """
    both = ("en", "ru")
    if profile == "small":
        train = {x: Corpus(name="mini", language=x, types=()) for x in both}
        tests = {x: Corpus(name="mini", language=x, split="test", types=COARSE) for x in both}
        return Languages("mini", dict(train), tests, MINI)
    russian = Corpus(name="bionne-r", language="ru", split="dev", types=())
    of: dict[str, Any] = {"name": "bionne-r", "types": (), "splits": ("train", "dev")}
    return Languages(
        "BioNNE-R",
        {x: Portion(language=x, without=(russian,), related=True, **of) for x in both},
        {"en": Portion(language="en", twins=russian, **of), "ru": russian},
        Scheme(heads=(), tails=()),
    )
