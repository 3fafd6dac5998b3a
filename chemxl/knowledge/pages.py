"""What the page of chapter 7 shows beside its rows: replaced names, facts, and bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chemxl.corpora.matcher import folded
from chemxl.corpora.texts import Texts
from chemxl.documents import Document, Mention
from chemxl.knowledge.entities import Names
from chemxl.knowledge.facts import FactFinder, Facts
from chemxl.knowledge.lexicon import MINI
from chemxl.knowledge.methods import BASE, METHODS, Settings, lexicons
from chemxl.knowledge.tasks import english
from chemxl.results import figures
from chemxl.results.canvas import Figure
from chemxl.results.figures import Bar
from chemxl.results.tables import Cells, bar, with_columns

FIRST = ("mini EN", "BC5CDR")  # what taggers learn from first of all, in ``small`` and with real corpora


def card(settings: Settings) -> Cells:
    """For each lexicon, its sources, its names, how many are held out, and how many mentions of the training part it
    has as they are written."""
    mentions = [
        folded(document.surface(mention))
        for document in english(settings).train[0].load()
        for mention in document.mentions
    ]
    return [
        {
            "language": lexicon.language.upper(),
            "sources": ", ".join(lexicon.sources),
            "pairs": len(lexicon.pairs()),
            "taught": len(lexicon.taught()),
            "held out and asked for": len(lexicon.tested(most=10**6)),
            "% of mentions known": 100 * float(np.mean([mention in known for mention in mentions])),
        }
        for lexicon in lexicons(settings.profile)
        for known in [{folded(pair.source) for pair in lexicon.pairs()}]
    ]


def example(language: str, *, seed: int = 0) -> Document:
    """A passage of the mini corpus with names in the other language; its mentions say what was put in and what it
    replaced."""
    names = Names(lexicons("small")[0].taught(), language)
    texts = [document.text for document in Texts(name=MINI, split="train", language=language).load()]
    text = max((text for text in texts if len(text) < 700), key=lambda text: len(names.find(text)))
    matches, rng = names.find(text), np.random.default_rng(seed)
    chosen = rng.choice(len(matches), min(10, len(matches)) // 2 + 1, replace=False).tolist()
    made = names.switch(text, matches, chosen, rng)
    mentions = [Mention.of("put in" if span in made.switched else "as it was", *span) for span in made.spans]
    return Document(f"mini {language}", made.text, tuple(mentions), language=language)


def fact_examples() -> Cells:
    """Sentences of the mini corpus, the facts behind them, and which part of these is hidden."""
    made: Cells = []
    for language in ("en", "ru"):
        finder = FactFinder(Facts(language="ru", name=MINI).load(), language, lexicons("small"))
        for document in Texts(name=MINI, split="train", language=language).load():
            for sentence in document.text.splitlines():
                if len(made) < (3 if language == "en" else 6) and (found := finder.find(sentence)):
                    fact = finder.verbalised(found[0])
                    hidden = fact.text[slice(*fact.spans[1])]
                    made.append({"sentence": sentence, "behind it": fact.text, "hidden": hidden})
    return made


def recognised(rows: pd.DataFrame) -> pd.DataFrame:
    """F1 of taggers that learnt from the first source alone."""
    rows = with_columns(rows, "train", "documents", "type")
    return rows[(rows["metric"] == "F1") & rows["train"].isin(FIRST) & rows["documents"].isna()]


def others(rows: pd.DataFrame) -> pd.DataFrame:
    """F1 of all types of taggers that learnt from other sources, and of classifiers."""
    rows = with_columns(rows, "train", "documents", "type")
    together = rows["type"].isna() | (rows["type"] != "CHEM")
    own = (rows["metric"] == "F1") & rows["train"].notna() & together
    return rows[own & ~(rows["train"].isin(FIRST) & rows["documents"].isna())]


def nearest(rows: pd.DataFrame, caption: str = "Russian and English names.") -> Figure:
    """The figure of the share of Russian and English names whose nearest name is the translation."""
    own = rows[rows["language"] == "RU"]
    methods = [name for name in (BASE, *METHODS) if name in set(own["pretraining"])]
    return figures.bars(
        bars(own, "top-1", methods, group="names"),
        xlabel="share of names whose translation is the nearest",
        interval="95 % interval over names and seeds",
        caption=caption,
        alt="Bars of the share of names whose translation is nearest, for each way of pretraining; the numbers are in "
        "the table.",
    )


def bars(rows: pd.DataFrame, metric: str, methods: Sequence[str], *, group: str) -> list[Bar]:
    """A bar for each method and each value of ``group``; a method that was not run is marked so."""
    own = with_columns(rows[rows["metric"] == metric], "pretraining", group)
    groups = list(dict.fromkeys(own[group].dropna())) if group in own else []
    return [
        Bar(method, *bar(own[(own["pretraining"] == method) & (own[group] == name)]), group=str(name))
        for method in methods
        for name in groups
    ] or [Bar(method, None) for method in methods]
