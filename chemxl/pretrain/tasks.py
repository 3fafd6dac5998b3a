"""The texts of chapter 3: what is read, what must not be, the pairs, and the texts whose perplexity is measured."""

from __future__ import annotations

from chemxl.collect.experiments import AlignedPairs, Gathering
from chemxl.corpora.texts import OneSide, PairSource, ParallelText, Texts, TextSource
from chemxl.experiments import Profile


def sources(profile: Profile) -> tuple[Texts, ...]:
    """Unlabelled Russian and English text. RuDReC and RuCCoN, which chapter 5 splits anew, are left out; what there is
    of DrugProt's text stands in ChemProt."""
    if profile == "small":
        return tuple(Texts(name="mini", split="train", language=language, sentences=800) for language in ("en", "ru"))
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
    """The test sets that models are chosen and tested on, in every chapter."""
    if profile == "small":
        return tuple(Texts(name="mini", split=split) for split in ("dev", "test"))
    both = ("bc5cdr", "bionne-r", "nerel-bio", "chemprot", "psytar", "rumedbench-top3")
    return (
        *(Texts(name=name, split=split) for name in both for split in ("dev", "test")),
        Texts(name="drugprot", split="dev"),
    )


def pairs(profile: Profile) -> tuple[PairSource, ...]:
    """Sentence pairs: general and medical ones, abstracts that chapter 1 aligned, and names of drugs and chemicals."""
    if profile == "small":
        return (ParallelText(name="mini"),)
    general = (ParallelText(name="tico19"), ParallelText(name="wmt-en-ru", part="first half"))
    names = (ParallelText(name="inn"), ParallelText(name="kalzium"))
    abstracts = Gathering(sources=(Texts(name="bionne-r", split="train"),), held_out=held_out(profile), query=False)
    return (*general, AlignedPairs(embedder="e5-small", gathering=abstracts), *names)


def probes(profile: Profile) -> dict[str, TextSource]:
    """The texts whose perplexity is measured, by kind."""
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
