"""What chapter 1 runs and shows: its rows as values, for each profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Literal

from chemxl import corpora
from chemxl.collect import cleanup, patents, statistics
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
from chemxl.collect.inputs import ParallelText, Texts
from chemxl.collect.queries import INTERACTIONS
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention

Profile = Literal["small", "real", "paper"]
Rows = list[dict[str, object]]

ALIGNED, FOUND, LEAKS = "Sentence alignment", "Search", "Leaks"
SIZES, SHARED, GATHERED = "Corpora", "Sub-tokens that entities share", "Gathering"


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


TASKS = ("English to Russian twin, first hit", "Russian to English twin, first hit", "same topic, first five")


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
    return list(table.values()) or [{"step": "nothing is recorded yet"}]


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


def traps() -> Document:
    """A sentence with the traps that texts from the web and from PDFs hold, and a mention of each name in it."""
    text = "Ингибитор \u0421OX-2 при \u0440\u041d 7,4: це\u00adле\u00adкоксиб, \ufb02uorouracil и токоферoл."
    names = ("\u0421OX-2", "це\u00adле\u00adкоксиб", "\ufb02uorouracil", "токоферoл")
    places = [(text.index(name), text.index(name) + len(name)) for name in names]
    types = ("GENE", "DRUG", "DRUG", "CHEM")
    return Document(
        "traps", text, tuple(Mention.of(t, *place) for t, place in zip(types, places, strict=True)), language="ru"
    )


def trapped() -> Rows:
    """Each name of :func:`traps` before and after the clean-up, letter by letter where it is not plain."""
    before = traps()
    after, _ = cleanup.clean(before)
    pairs = zip(before.mentions, after.mentions, strict=True)
    return [
        {"type": new.type, "before": spelt(before.surface(old)), "after": spelt(after.surface(new))}
        for old, new in pairs
    ]


def spelt(name: str) -> str:
    """A name with its script, and with what cannot be seen written out."""
    scripts = {script for letter in name if (script := statistics.script(letter))}
    seen = name.replace("\u00ad", "[soft hyphen]").replace("\ufb02", "[ligature fl]")
    return f"{seen} ({' and '.join(sorted(scripts))})"


def aligned(profile: Profile, *, embedder: str, sentences: int = 600) -> AlignedPairs:
    """Sentence pairs of what was gathered in both languages."""
    return AlignedPairs(embedder=embedder, gathering=gathering(profile, sentences=sentences))


def weekly_file(path: Path) -> int:
    """Write a file as the USPTO's weekly ones are: the mini corpus's English patents, every third of Russian priority.

    Returns:
        How many grants it holds.
    """
    documents = [d for d in corpora.load("mini", language="en", faults=[]) if d.domain == "patents"]
    grants = []
    for number, document in enumerate(documents):
        title, *body = document.text.splitlines()
        country = "RU" if number % 3 == 0 else "JP"
        claim = f"<priority-claims><priority-claim><country>{country}</country></priority-claim></priority-claims>"
        own = f"<document-id><doc-number>{9000000 + number}</doc-number><kind>B2</kind></document-id>"
        head = f"<publication-reference>{own}</publication-reference>{claim}"
        text = "".join(f"<p>{escape(line)}</p>" for line in body)
        grants.append(
            '<?xml version="1.0" encoding="UTF-8"?>\n<us-patent-grant><us-bibliographic-data-grant>'
            f"{head}<invention-title>{escape(title)}</invention-title></us-bibliographic-data-grant>"
            f"<description>{text}</description></us-patent-grant>\n"
        )
    path.write_text("".join(grants), "utf-8")
    return len(grants)


def russian_priority(path: Path) -> Rows:
    """The patents of a weekly file that claim a Russian priority."""
    return [
        {
            "number": p.number,
            "priority": ", ".join(x.country for x in p.priorities),
            "title": p.title,
            "characters": len(p.document().text),
        }
        for p in patents.read(path, countries=("RU",))
    ]
