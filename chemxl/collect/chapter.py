"""What chapter 1 runs and shows: its rows as values, for each profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chemxl.collect import statistics
from chemxl.collect.experiments import (
    BM25,
    AlignedPairs,
    Alignment,
    Gathering,
    Leakage,
    Overlap,
    Sizes,
    TopicSearch,
    TwinSearch,
)
from chemxl.collect.queries import INTERACTIONS
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.texts import ParallelText, Texts
from chemxl.experiments import Profile
from chemxl.results import records

Rows = list[dict[str, object]]

ALIGNED, FOUND, LEAKS = "Sentence alignment", "Search", "Leaks"
SIZES, SHARED, GATHERED = "Corpora", "Sub-tokens that entities share", "Gathering"
TASKS = ("English to Russian twin, first hit", "Russian to English twin, first hit", "same topic, first five")

_HELD_AGAINST = (
    ("bionne-r/train/en", "bionne-r/dev/ru"),
    ("bionne-r/train/ru", "bionne-r/dev/en"),
    ("bionne-r/train/ru", "nerel-bio/test/ru"),
    ("bionne-r/dev/ru", "nerel-bio/test/ru"),
    ("chemprot/train/en", "drugprot/dev/en"),
    ("chemprot/dev/en", "drugprot/dev/en"),
    ("chemprot/test/en", "drugprot/dev/en"),
    ("bc5cdr/train/en", "chemprot/test/en"),
    ("bc5cdr/test/en", "kbioxlm-ade/test/en"),
    ("ruccon/train/ru", "ruccon/test/ru"),
    ("psytar/train/en", "psytar/test/en"),
    ("pharmaconer/train/es", "pharmaconer/test/es"),
    ("livingner/dev/es", "livingner/test/es"),
)

SCORERS = {
    ALIGNED: ("strict F1", "exact beads, those with an empty side left out, micro F1"),
    FOUND: ("share", "share of the first k that are right"),
}


def scored(
    profile: Profile, *, embedders: Sequence[str], rates: Sequence[float], seeds: Sequence[int] = (0, 1, 2)
) -> dict[str, dict[str, Any]]:
    """By table: lines of experiments that are scored per document, one a seed."""
    return {
        ALIGNED: alignments(profile, embedders=embedders, rates=rates, seeds=seeds),
        FOUND: searches(profile, embedders=embedders),
    }


def counted(profile: Profile) -> dict[str, dict[str, Any]]:
    """By table: experiments that count."""
    return {
        GATHERED: {"sources": gathering(profile)},
        LEAKS: leakages(profile),
        SIZES: sizes(profile),
        SHARED: overlaps(profile),
    }


def terms() -> Rows:
    """The interaction terms with every form that is searched for."""
    return [
        {"term": term.name, "English": ", ".join(term.english), "Russian": ", ".join(term.russian)}
        for term in INTERACTIONS
    ]


def gathering(profile: Profile, *, sentences: int = 600) -> Gathering:
    """The sources and what is held out of them.

    Args:
        sentences: for ``small``: how many the mini corpus is expanded to in each language, so that there are copies.
    """
    if profile == "small":
        mini = Texts(name="mini", split="train", sentences=sentences)
        return Gathering(sources=(mini,), held_out=(Texts(name="mini", split="test"),))
    trained = [Texts(name=name, split="train") for name in ("bc5cdr", "chemprot", "bionne-r", "nerel-bio")]
    others = [Texts(name=name) for name in ("pubmedqa", "ru-sci-papers-chemistry", "ru-sci-papers-medicine")]
    held_out = tuple(Texts(name=name, split="test") for name in ("bc5cdr", "chemprot", "bionne-r", "nerel-bio"))
    return Gathering(sources=(*others, *trained), held_out=held_out)


def funnel(made: Gathering) -> dict[str, dict[str, float]]:
    """Per language how many documents each step took out, and how many were kept."""
    metrics = made.run().metrics
    names = {"en": "English", "ru": "Russian"}
    steps = ("kept", "in a test set", "near duplicate", "no term of the query")
    return {names[code]: {step: metrics.get(f"{code}: {step}", 0) for step in steps} for code in names}


def steps(metrics: Mapping[str, object]) -> Rows:
    """A recorded gathering, a row a step and a column a language; clean-up is of both."""
    table: dict[str, dict[str, object]] = {}
    for name, n in metrics.items():
        language, _, step = name.partition(": ")
        if step and not language.startswith("of "):
            column = {"en": "English", "ru": "Russian"}.get(language, "both")
            label = name if column == "both" else step
            table.setdefault(label, {"step": label, "English": None, "Russian": None, "both": None})[column] = n
    return list(table.values()) or records.nothing("step")


def leaking(rows: Iterable[Mapping[str, object]]) -> Rows:
    """Rows of :func:`leakages`, the two parts apart, without the kinds."""
    made: Rows = []
    for row in rows:
        test, _, train = str(row["row"]).partition(" in ")
        made.append(
            {"tested on": test, "stands in": train} | {name: row.get(name) for name in ("documents", "by text", "of")}
        )
    return made


def turned(rows: Sequence[Mapping[str, object]]) -> Rows:
    """A row a measure and a column a corpus, for tables with more measures than corpora."""
    measures = dict.fromkeys(name for row in rows for name in row if name != "row")
    return [{"": name} | {str(row["row"]): row.get(name) for row in rows} for name in measures]


def card(made: Gathering) -> tuple[Rows, Rows]:
    """Languages and licences of what was gathered."""
    kept = {name[3:-6]: int(n) for name, n in made.run().metrics.items() if name.startswith("of ")}
    return statistics.languages(made.documents()), statistics.licences(kept)


def by_rate(lines: Mapping[str, Sequence[Alignment]], embedder: str) -> list[list[float]]:
    """Strict F1 of an embedder's alignments: per rate, one value a seed."""
    chosen = [values for name, values in lines.items() if name.startswith(f"{embedder}: ")]
    return [[value.run().metrics["f1"] for value in values] for values in chosen]


def cleaned(made: Gathering) -> Rows:
    """What the clean-up found, by kind."""
    found = {name.removeprefix("cleaned: "): n for name, n in made.run().metrics.items() if name.startswith("cleaned")}
    return [{"kind": kind, "places": int(n)} for kind, n in sorted(found.items())] or [{"kind": "none", "places": 0}]


def alignments(
    profile: Profile, *, embedders: Sequence[str], rates: Sequence[float], seeds: Sequence[int]
) -> dict[str, list[Alignment]]:
    """Rows ``embedder: text, damage``, one alignment a seed."""
    name, text = ("mini test", ParallelText(name="mini", split="test", block=50))
    if profile != "small":
        name, text = ("TICO-19", ParallelText(name="tico19"))
    return {
        f"{embedder}: {name}, {rate:.0%} each": [
            Alignment(embedder=embedder, text=text, rate=rate, seed=seed) for seed in seeds
        ]
        for embedder in embedders
        for rate in rates
    }


def searches(profile: Profile, *, embedders: Sequence[str]) -> dict[str, list[TwinSearch | TopicSearch]]:
    """Rows ``method: task``: a document's translation first, in both directions, and documents of the same topic."""
    name = "mini" if profile == "small" else "bionne-r"
    english, russian = (Texts(name=name, split="test", language=language) for language in ("en", "ru"))
    topics: tuple[Texts, ...] = (russian,)
    if profile != "small":
        topics = (Texts(name="ru-sci-papers-chemistry"), Texts(name="ru-sci-papers-medicine"))
    made: dict[str, list[TwinSearch | TopicSearch]] = {}
    for method in (BM25, *embedders):
        made[f"{method}: {TASKS[0]}"] = [TwinSearch(embedder=method, queries=english, pool=russian)]
        made[f"{method}: {TASKS[1]}"] = [TwinSearch(embedder=method, queries=russian, pool=english)]
        made[f"{method}: {TASKS[2]}"] = [TopicSearch(embedder=method, topics=topics)]
    return made


def leakages(profile: Profile) -> dict[str, Leakage]:
    """Which training part is held against which test part."""
    if profile == "small":
        parts = [
            (Texts(name="mini", split="train", sentences=600), Texts(name="mini", split=s)) for s in ("dev", "test")
        ]
        return {f"{test.label} in {train.label}": Leakage(train=train, test=test) for train, test in parts}
    made = {}
    for train, test in _HELD_AGAINST:
        first, second = _texts(train), _texts(test)
        # Ids such as train-1 mean nothing in another corpus, or in another part of the same.
        meaning = not {first.name, second.name} & {"psytar", "pharmaconer", "livingner", "kbioxlm-ade"}
        made[f"{second.label} in {first.label}"] = Leakage(train=first, test=second, same_ids=meaning)
    return made


def _texts(part: str) -> Texts:
    name, split, language = part.split("/")
    return Texts(name=name, split=split, language=language)


def sizes(profile: Profile) -> dict[str, Sizes]:
    """The corpora of paper 1, table 1, or what stands in their place."""
    if profile == "small":
        return {
            f"mini {language.upper()}": Sizes(corpus=Corpus(name="mini", language=language, types=("DRUG", "DISEASE")))
            for language in ("en", "ru")
        }
    both = ("DRUG", "DISEASE")
    return {
        "PsyTAR (EN UGT)": Sizes(corpus=Corpus(name="psytar", types=("DISEASE",))),
        "BC5CDR (EN abstracts)": Sizes(corpus=Corpus(name="bc5cdr", types=both)),
        "RuDReC (RU UGT)": Sizes(corpus=Corpus(name="rudrec", types=both)),
        "RuCCoN (RU EHR)": Sizes(corpus=Corpus(name="ruccon", types=both)),
        "BioNNE-R (RU abstracts)": Sizes(corpus=Corpus(name="bionne-r", language="ru", types=both)),
    }


def overlaps(profile: Profile) -> dict[str, Overlap]:
    """Pairs of corpora as in paper 1, table 4; rows are named by language, kind of text and type."""
    made = {}
    for type, name in (("DRUG", "drugs"), ("DISEASE", "diseases")):
        if profile == "small":
            first, second = (Corpus(name="mini", language=language, types=(type,)) for language in ("en", "ru"))
            made[f"mini EN, mini RU: {name}"] = Overlap(first=first, second=second)
            continue
        reviews, records = (Corpus(name=corpus, types=(type,)) for corpus in ("rudrec", "ruccon"))
        made[f"RU UGT, RU EHR: {name}"] = Overlap(first=reviews, second=records, encoder="e5-small")
        abstracts = Corpus(name="bc5cdr", types=(type,))
        made[f"EN abstracts, RU EHR: {name}"] = Overlap(first=abstracts, second=records, encoder="e5-small")
    return made


def aligned(profile: Profile, *, embedder: str, sentences: int = 600) -> AlignedPairs:
    """Sentence pairs of what was gathered in both languages."""
    return AlignedPairs(embedder=embedder, gathering=gathering(profile, sentences=sentences))
