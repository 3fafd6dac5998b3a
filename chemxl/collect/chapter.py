"""What chapter 1 runs and shows, as values for each profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from chemxl.collect import statistics
from chemxl.collect.experiments import (
    BM25,
    AlignedPairs,
    Alignment,
    Gathering,
    Leakage,
    Lengths,
    Overlap,
    Sizes,
    TopicSearch,
    TwinSearch,
)
from chemxl.collect.queries import INTERACTIONS
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.texts import ParallelText, Texts
from chemxl.evaluation import metrics
from chemxl.experiments import Profile
from chemxl.models.encoders import MINI
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Row, Scored, Sides, counted, differences_of, measured, scored
from chemxl.results.tables import Cells

stem = "01_data_collection"
ALIGNED, FOUND, LEAKS = "alignment", "search", "leaks"
SIZES, SHARED, GATHERED, LENGTHS = "sizes", "shared sub-tokens", "gathering", "lengths"
BOTH = ("DRUG", "DISEASE")
TASKS = ("English to Russian twin, first hit", "Russian to English twin, first hit", "same topic, first five")
LANGUAGES = {"en": "English", "ru": "Russian"}
STEPS = ("kept", "in a test set", "near duplicate", "no term of the query")


class Settings(chapters.Settings):
    """The notebook's parameters.

    Args:
        embedders: ``lsi``, or an encoder's name.
        rates: probabilities that a sentence pair is merged; it is split and dropped as often.
        seeds: the seeds of the damage.
    """

    embedders: tuple[str, ...] = ("lsi",)
    rates: tuple[float, ...] = (0.05, 0.1, 0.2, 0.3)
    seeds: tuple[int, ...] = (0, 1, 2)


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


def lines(settings: Settings) -> Lines:
    """The lines of alignment and search, which are scored, and of all that is counted."""
    profile = settings.profile
    made = [*alignments(settings), *searches(profile, embedders=settings.embedders), _gathered(gathering(profile))]
    yield [*made, *leakages(profile), *sizes(profile), longer(profile), *overlaps(profile)]


def _scored(metric: str, scorer: str, values: Sequence[Scored]) -> list[Row]:
    """A row with the F1 of these experiments, under the name of a metric."""
    return scored(values, scores={metric: metrics.f1}, scorer=scorer)


def _gathered(value: Gathering) -> Line:
    """The line of a gathering: documents that each step took out, by language; documents kept, by corpus; places
    cleaned, by kind."""

    def rows() -> list[Row]:
        """One row for each step and each language, corpus or kind of clean-up."""
        made = []
        for of, step, n in value.steps():
            key = "language" if of in LANGUAGES else "cleaned" if of == "cleaned" else "corpus"
            made += counted({"places" if key == "cleaned" else step: n}, keys={key: step if key == "cleaned" else of})
        return made

    return Line({"table": GATHERED}, [value], rows)


def terms() -> Cells:
    """The interaction terms, with every form that is searched for."""
    return [
        {"term": term.name, "English": ", ".join(term.english), "Russian": ", ".join(term.russian)}
        for term in INTERACTIONS
    ]


def gathering(profile: Profile, *, sentences: int = 600) -> Gathering:
    """The sources that are gathered, and the test sets that are kept out.

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


def funnel(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    """For each language, how many documents each step took out, and how many were kept.

    Args:
        rows: the rows of one gathering.
    """
    found = rows[rows["language"].notna()].set_index(["language", "metric"])["value"].to_dict()
    return {name: {step: found.get((code, step), 0) for step in STEPS} for code, name in LANGUAGES.items()}


def cleaned(rows: pd.DataFrame) -> Cells:
    """What the clean-up found, by kind."""
    found = rows[(rows["table"] == GATHERED) & (rows["metric"] == "places")]
    found = found.sort_values("cleaned") if len(found) else found
    return [{"kind": row.cleaned, "places": int(row.value)} for row in found.itertuples()] or [
        {"kind": "none", "places": 0}
    ]


def card(made: Gathering) -> tuple[Cells, Cells]:
    """Languages and licences of what was gathered."""
    kept = {of: n for of, step, n in made.steps() if step == "kept" and of not in LANGUAGES}
    return statistics.languages(made.documents()), statistics.licences(kept)


def by_rate(settings: Settings, embedder: str) -> list[list[float]]:
    """Strict F1 of an embedder's alignments by rate of damage, one value a seed."""
    chosen = [line for line in alignments(settings) if line.keys["encoder"] == embedder]
    return [[value.run().metrics["f1"] for value in line.experiments] for line in chosen]


def alignments(settings: Settings) -> list[Line]:
    """The alignments of every embedder on text with this rate of damage, one a seed."""
    name, text = ("mini test", ParallelText(name="mini", split="test", block=50))
    if settings.profile != "small":
        name, text = ("TICO-19", ParallelText(name="tico19"))
    scorer = "exact beads, those with an empty side left out, micro F1"
    return [
        Line(
            {"table": ALIGNED, "encoder": embedder, "text": name, "damage": rate},
            values,
            partial(_scored, "strict F1", scorer, values),
        )
        for embedder in settings.embedders
        for rate in settings.rates
        for values in [[Alignment(embedder=embedder, text=text, rate=rate, seed=seed) for seed in settings.seeds]]
    ]


def searches(profile: Profile, *, embedders: Sequence[str]) -> list[Line]:
    """The searches: a document's translation first, in both directions, and documents on the same topic."""
    name = "mini" if profile == "small" else "bionne-r"
    english, russian = (Texts(name=name, split="test", language=language) for language in ("en", "ru"))
    topics: tuple[Texts, ...] = (russian,)
    if profile != "small":
        topics = (Texts(name="ru-sci-papers-chemistry"), Texts(name="ru-sci-papers-medicine"))
    made = []
    for method in (BM25, *embedders):
        values: list[TwinSearch | TopicSearch] = [
            TwinSearch(embedder=method, queries=english, pool=russian),
            TwinSearch(embedder=method, queries=russian, pool=english),
            TopicSearch(embedder=method, topics=topics),
        ]
        for task, value in zip(TASKS, values, strict=True):
            rows = partial(_scored, "share", "share of the first k that are right", [value])
            made.append(Line({"table": FOUND, "method": method, "task": task}, [value], rows))
    return made


def leakages(profile: Profile) -> list[Line]:
    """The pairs of a training part and a test part between which leaks are looked for."""
    if profile == "small":
        train = Texts(name="mini", split="train", sentences=600)
        values = [Leakage(train=train, test=Texts(name="mini", split=split)) for split in ("dev", "test")]
    else:
        values = []
        for first, second in ((_texts(train), _texts(test)) for train, test in _HELD_AGAINST):
            # Ids such as train-1 mean nothing in another corpus, or in another part of the same.
            meaning = not {first.name, second.name} & {"psytar", "pharmaconer", "livingner", "kbioxlm-ade"}
            values.append(Leakage(train=first, test=second, same_ids=meaning))
    return [
        Line({"table": LEAKS, "train": one.train.label, "test": one.test.label}, [one], partial(measured, one))
        for one in values
    ]


def _texts(part: str) -> Texts:
    """The part of a corpus that ``name/split/language`` names."""
    name, split, language = part.split("/")
    return Texts(name=name, split=split, language=language)


def labelled(profile: Profile) -> dict[str, Corpus]:
    """The corpora of paper 1, table 1, or those that take their place."""
    if profile == "small":
        return {f"mini {x.upper()}": Corpus(name="mini", language=x, types=BOTH) for x in ("en", "ru")}
    return {
        "PsyTAR (EN UGT)": Corpus(name="psytar", types=("DISEASE",)),
        "BC5CDR (EN abstracts)": Corpus(name="bc5cdr", types=BOTH),
        "RuDReC (RU UGT)": Corpus(name="rudrec", types=BOTH),
        "RuCCoN (RU EHR)": Corpus(name="ruccon", types=BOTH),
        "BioNNE-R (RU abstracts)": Corpus(name="bionne-r", language="ru", types=BOTH),
    }


def sizes(profile: Profile) -> list[Line]:
    """The lines of the size of each corpus."""
    return [
        Line({"table": SIZES, "corpus": name}, [value], partial(measured, value))
        for name, value in ((name, Sizes(corpus=corpus)) for name, corpus in labelled(profile).items())
    ]


def longer(profile: Profile) -> Line:
    """The line of words in a mention of a disease, less those of a drug, in every corpus that has both."""
    found = {name: Lengths(corpus=corpus) for name, corpus in labelled(profile).items() if corpus.types == BOTH}
    return Line({"table": LENGTHS}, list(found.values()), partial(_longer, found))


def _longer(found: Mapping[str, Lengths]) -> list[Row]:
    """Rows with these differences, corrected over all corpora."""
    drug, disease = BOTH
    sides = [
        Sides({"corpus": name, "type": disease, "less_type": drug}, [one.counts(disease)], [one.counts(drug)])
        for name, one in found.items()
    ]
    return differences_of(
        sides,
        metric="difference of words a mention",
        score=metrics.mean,
        scorer="runs of letters or digits, and signs",
    )


def overlaps(profile: Profile) -> list[Line]:
    """Pairs of corpora as in paper 1, table 4, named by language and kind of text."""
    if profile == "small":
        pairs = [("mini EN", "mini RU")]
        parts: dict[str, tuple[str, str | None]] = {f"mini {x.upper()}": ("mini", x) for x in ("en", "ru")}
        encoder = MINI
    else:
        pairs = [("RU UGT", "RU EHR"), ("EN abstracts", "RU EHR")]
        parts = {"RU UGT": ("rudrec", None), "RU EHR": ("ruccon", None), "EN abstracts": ("bc5cdr", None)}
        encoder = "e5-small"
    made = []
    for type in BOTH:
        for first, second in pairs:
            named = (parts[first], parts[second])
            a, b = (Corpus(name=name, language=language, types=(type,)) for name, language in named)
            value = Overlap(first=a, second=b, encoder=encoder)
            keys: Keys = {"table": SHARED, "first": first, "second": second, "type": type}
            made.append(Line(keys, [value], partial(measured, value)))
    return made


def aligned(profile: Profile, *, embedder: str, sentences: int = 600) -> AlignedPairs:
    """The sentence pairs of documents that were gathered in both languages."""
    return AlignedPairs(embedder=embedder, gathering=gathering(profile, sentences=sentences))
