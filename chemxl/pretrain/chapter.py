"""What chapter 3 runs: stages of pretraining by name, and the perplexity of each on texts of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from chemxl.collect.experiments import AlignedPairs, Gathering
from chemxl.collect.inputs import ParallelText, Texts
from chemxl.encoders import MINI, Pretrained
from chemxl.pretrain.experiments import ContinualPretraining, Paired, Perplexity
from chemxl.pretrain.objectives import Mixture
from chemxl.pretrain.stream import Reading
from chemxl.pretrain.text import OneSide, Probe
from chemxl.training import Training

Profile = Literal["small", "real", "paper"]

HEAD = "head"  # the encoder as it is: only a language model's head has learnt
MIXTURES = {
    "mlm": Mixture(),
    "mlm+nsp": Mixture(mlm=0.5, nsp=0.5),
    "mlm+tlm": Mixture(mlm=0.5, tlm=0.5),
    "mlm+shuffled": Mixture(mlm=0.5, tlm=0.5),
}
TRANSFERRED = "new"  # before a mixture's name: with new pieces, such as new-mlm+tlm
NEW_PIECES = {"small": 0, "real": 8000, "paper": 8000}
AMOUNTS = {"small": 300_000, "real": 2_000_000, "paper": 200_000_000}
_HEAD_AMOUNTS = {"small": 30_000, "real": 300_000, "paper": 10_000_000}


def sources(profile: Profile) -> tuple[Texts, ...]:
    """Russian and English text without labels. RuDReC and RuCCoN, which chapter 5 splits anew, are left out; what there
    is of DrugProt's text stands in ChemProt."""
    if profile == "small":
        return tuple(Texts(name="mini", split="train", language=language, sentences=1200) for language in ("en", "ru"))
    english = ("bc5cdr", "chemprot", "psytar")
    russian = ("rumedbench-top3", "rumedbench-symptomrec", "rumedbench-danet")
    return (
        *(Texts(name=name, split="train") for name in english),
        Texts(name="pubmedqa"),
        *(Texts(name="bionne-r", split="train", language=language) for language in ("en", "ru")),
        *(Texts(name=name) for name in ("ru-sci-papers-chemistry", "ru-sci-papers-medicine")),
        *(Texts(name=name, split="train") for name in russian),
    )


def held_out(profile: Profile) -> tuple[Texts, ...]:
    """What models are chosen and tested on, in every chapter."""
    if profile == "small":
        return tuple(Texts(name="mini", split=split) for split in ("dev", "test"))
    both = ("bc5cdr", "bionne-r", "nerel-bio", "chemprot", "psytar", "rumedbench-top3")
    return (
        *(Texts(name=name, split=split) for name in both for split in ("dev", "test")),
        Texts(name="drugprot", split="dev"),
    )


def pairs(profile: Profile) -> tuple[Paired, ...]:
    """Sentence pairs: general and medical ones, abstracts that chapter 1 aligned, and names of drugs and chemicals."""
    if profile == "small":
        return (ParallelText(name="mini"),)
    general = (ParallelText(name="tico19"), ParallelText(name="wmt-en-ru", part="first half"))
    names = (ParallelText(name="inn"), ParallelText(name="kalzium"))
    abstracts = Gathering(sources=(Texts(name="bionne-r", split="train"),), held_out=held_out(profile), query=False)
    return (*general, AlignedPairs(embedder="e5-small", gathering=abstracts), *names)


def probes(profile: Profile) -> dict[str, Probe]:
    """Texts whose perplexity is measured, by kind."""
    if profile == "small":
        return {f"{x.upper()} all kinds": Texts(name="mini", split="test", language=x) for x in ("en", "ru")}
    general = ParallelText(name="wmt-en-ru", part="last half")
    return {
        "EN abstracts": Texts(name="bc5cdr", split="test"),
        "RU abstracts": Texts(name="bionne-r", split="test", language="ru"),
        "EN drug reviews": Texts(name="psytar", split="test"),
        "RU health records": Texts(name="rumedbench-top3", split="test"),
        "EN general": OneSide(text=general, language="en"),
        "RU general": OneSide(text=general, language="ru"),
    }


def stage(
    profile: Profile, encoder: str, name: str, *, amount: int | None = None, share: float = 1.0, seed: int = 0
) -> ContinualPretraining:
    """One way to pretrain an encoder further.

    Args:
        name: ``head``, a name of ``MIXTURES``, or such a name behind ``new-``. All but ``head`` start from it.
        amount: of tokens that are read, by default the profile's.
        share: of the text that there is.
    """
    mixture = name.removeprefix(f"{TRANSFERRED}-")
    new_pieces = NEW_PIECES[profile] if mixture != name else 0
    shared: dict[str, Any] = {
        "text": sources(profile),
        "pairs": pairs(profile),
        "held_out": held_out(profile),
        "probes": tuple(probes(profile).values()),
        "seed": seed,
    }
    training = Training(epochs=1, tokens=2048, rate=1e-3 if encoder == MINI else 2e-4, head_rate=1e-3)
    if name == HEAD or new_pieces:
        head = ContinualPretraining(
            encoder=encoder,
            reading=Reading(amount=_HEAD_AMOUNTS[profile]),
            training=training,
            frozen=True,
            new_pieces=new_pieces,
            **shared,
        )
        if name == HEAD:
            return head
    start: str | Pretrained = head if new_pieces else stage(profile, encoder, HEAD, seed=seed)
    reading = Reading(
        mixture=MIXTURES[mixture], amount=amount or AMOUNTS[profile], share=share, shuffled=mixture.endswith("shuffled")
    )
    return ContinualPretraining(encoder=start, reading=reading, training=training, **shared)


def perplexities(
    profile: Profile, encoder: str, names: Sequence[str], *, seeds: Sequence[int]
) -> dict[str, list[Perplexity]]:
    """Rows ``encoder+stage: text``, one value a seed."""
    return {
        f"{encoder}+{name}: {label}": [
            Perplexity(model=stage(profile, encoder, name, seed=s), text=text) for s in seeds
        ]
        for name in names
        for label, text in probes(profile).items()
    }
