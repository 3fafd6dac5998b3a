"""What chapter 7 runs: pretraining on text that is anchored to knowledge, its controls, and what each is worth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from chemxl.corpora.corpus import Corpus
from chemxl.evaluation import metrics, significance
from chemxl.experiments import Profile
from chemxl.knowledge.downstream import ASSOCIATED, Associations, LexiconTagger, Unspaced, recalled
from chemxl.knowledge.entities import Names
from chemxl.knowledge.experiments import KnowledgePretraining
from chemxl.knowledge.lexicon import MINI
from chemxl.knowledge.methods import BASE, BESIDE, LEXICON, STEPS, Settings, anchored, base, lexicons
from chemxl.knowledge.retrieval import SCORER, Retrieval
from chemxl.models.classes import Classification
from chemxl.models.learner import Evaluation
from chemxl.models.training import Training
from chemxl.ner.chapter import TYPES
from chemxl.ner.experiments import FineTune
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Pair, Row, counted, differences, scored
from chemxl.results.rows import known as row_of

stem = "07_knowledge"
IN, OUT = "in the lexicons", "in no lexicon"
__all__ = ["Settings", "lines", "stem"]


class Target(NamedTuple):
    """A corpus that taggers are tested on, and the language of the names that are looked up in it."""

    name: str
    corpus: Corpus
    language: str


def train(settings: Settings) -> tuple[str, Corpus]:
    """What taggers learn from: English text alone."""
    tested = tuple(test.corpus for test in tests(settings.profile))
    if settings.profile == "small":
        return "mini EN", Corpus(name=MINI, language="en", types=TYPES, sentences=settings.sentences)
    return "BC5CDR", Corpus(name="bc5cdr", types=("CHEM", "DISEASE"), without=tested)


def tests(profile: Profile) -> tuple[Target, ...]:
    """The same kind of text in English, in translation, and in the other language."""
    if profile == "small":
        return tuple(
            Target(f"mini {x.upper()}", Corpus(name=MINI, split="test", language=x, types=TYPES), x)
            for x in ("en", "ru")
        )
    types = ("CHEM", "DISEASE")
    return (
        Target("BC5CDR", Corpus(name="bc5cdr", split="test", types=types), "en"),
        Target("BC5CDR ZH", Unspaced(name="kbioxlm-cdr", split="test", language="zh", types=types), "zh"),
        Target("BioNNE-R RU", Corpus(name="bionne-r", split="test", language="ru", types=types), "ru"),
    )


def tagger(settings: Settings, method: str, seed: int) -> FineTune:
    """A CRF tagger on a pretrained encoder (section 5.1.2)."""
    return FineTune(
        encoder=base(settings) if method == BASE else anchored(settings, method, seed),
        head="crf",
        train=(train(settings)[1],),
        training=Training(epochs=settings.epochs, rate=settings.rate, head_rate=settings.head_rate),
        seed=seed,
    )


def classifier(settings: Settings, method: str, name: str, seed: int) -> Evaluation:
    """A classifier that learnt from English sentences or abstracts, on Chinese ones."""
    several = name == "HoC"
    kind, corpus = (Corpus, "kbioxlm-hoc") if several else (Associations, "kbioxlm-gad")
    types: dict[str, Any] = {"name": corpus, "types": () if several else ("GENE", "DISEASE")}
    test = kind(split="test", language="zh", **types)
    model = Classification(
        encoder=base(settings) if method == BASE else anchored(settings, method, seed),
        train=(kind(language="en", without=(kind(split="test", language="en", **types), test), **types),),
        several=several,
        training=Training(epochs=settings.epochs, rate=settings.rate, head_rate=settings.head_rate),
        seed=seed,
    )
    return Evaluation(model=model, corpus=test)


def retrievals(settings: Settings) -> list[Line]:
    """Names, held out and taught, in each language, of the base and of every method."""
    return [
        Line(
            {**settings.keys, "pretraining": method, "language": lexicon.language.upper(), "names": names},
            values,
            partial(scored, values, scores={"top-1": metrics.f1}, scorer=SCORER),
        )
        for method in (BASE, *settings.methods)
        for lexicon in lexicons(settings.profile)
        for names in ("held out", "taught")
        for values in [
            [
                Retrieval(
                    encoder=base(settings) if method == BASE else anchored(settings, method, seed),
                    lexicon=lexicon,
                    taught=names == "taught",
                    seed=seed,
                )
                for seed in (settings.seeds[:1] if method == BASE else settings.seeds)
            ]
        ]
    ]


def tagging(settings: Settings) -> list[Line]:
    """Taggers of the base and of every method that is tagged with, and the lexicon alone."""
    name, corpus = train(settings)
    made = []
    for method in (BASE, *settings.tagged) if settings.tagged else ():
        for test in tests(settings.profile):
            values = [Evaluation(model=tagger(settings, method, s), corpus=test.corpus) for s in settings.seeds]
            keys: Keys = {**settings.keys, "pretraining": method, "train": name, "test": test.name}
            made.append(Line(keys, values, partial(_scores, values, test.language, settings.profile)))
    for test in tests(settings.profile):
        for lexicon in lexicons(settings.profile):
            if lexicon.language == test.language:
                alone = [LexiconTagger(train=(corpus,), corpus=test.corpus, lexicon=lexicon)]
                keys = {"pretraining": LEXICON, "train": name, "test": test.name}
                made.append(Line(keys, alone, partial(scored, alone, scores=metrics.SCORES)))
    return made


def classifying(settings: Settings) -> list[Line]:
    """Relations and classes of documents, learnt in English and asked in Chinese."""
    return [
        Line(
            {**settings.keys, "pretraining": method, "train": f"{name} EN", "test": f"{name} ZH"},
            values,
            partial(_class_scores, values, type),
        )
        for method in (BASE, *settings.classified)
        if settings.classified
        for name, type in (("GAD", ASSOCIATED), ("HoC", metrics.MICRO))
        for values in [[classifier(settings, method, name, seed) for seed in settings.seeds]]
    ]


def _scores(values: Sequence[Evaluation], language: str, profile: Profile) -> list[Row]:
    """F1, precision and recall of all types together, and of chemicals alone where there are others; recall of mentions
    that the lexicons have, and of those that they have not."""
    types = values[0].counts().types
    kinds = [metrics.MICRO, *(type for type in types if type == "CHEM" and len(types) > 1)]
    made = [row for kind in kinds for row in scored(values, scores=metrics.SCORES, type=kind)]
    names = Names([pair for lexicon in lexicons(profile) for pair in lexicon.pairs()], language)
    for known in (True, False):
        columns = [recalled(value, names, known=known) for value in values]
        keys: Keys = {"mentions": IN if known else OUT}
        found = significance.estimate(columns, score=metrics.recall)
        made.append(row_of("R", found, values, n=len(columns[0]), keys=keys))
    return made


def _class_scores(values: Sequence[Evaluation], type: str) -> list[Row]:
    made = scored(values, type=type, scorer="F1 of labels")
    return [row.model_copy(update={"keys": {}}) for row in made]


def compared(table: Sequence[Line], metric: str, scorer: str) -> list[Row]:
    """Of each test, every level against the controls and against the level below it."""
    made = []
    groups: dict[tuple[tuple[str, Any], ...], dict[str, Line]] = {}
    for line in table:
        rest = tuple(item for item in line.keys.items() if item[0] != "pretraining")
        groups.setdefault(rest, {})[str(line.keys["pretraining"])] = line
    for rest, own in groups.items():
        for method, below in STEPS.items():
            for other in dict.fromkeys((*BESIDE, below)):
                if {method, other} <= own.keys():
                    keys: Keys = {**dict(rest), "pretraining": method, "less_pretraining": other}
                    made.append(Pair(keys, own[method].experiments, own[other].experiments))
    return differences(made, metric=metric, scorer=scorer) if made else []


def lines(settings: Settings) -> Lines:
    """What was read, retrieval, taggers and classifiers; then differences."""
    read = [
        Line({"table": "read", "pretraining": method}, [value], partial(_read, value))
        for method in settings.methods
        for value in [anchored(settings, method, settings.seeds[0])]
    ]
    retrieved, tagged, classified = retrievals(settings), tagging(settings), classifying(settings)
    yield [*read, *retrieved, *tagged, *classified]
    for table, metric, scorer in (
        (retrieved, "difference of top-1", SCORER),
        (tagged, "difference of F1", "exact character spans, micro F1"),
        (classified, "difference of F1", "F1 of labels"),
    ):
        methods = [line for line in table if line.keys["pretraining"] not in (BASE, LEXICON)]
        if values := [value for line in methods for value in line.experiments]:
            yield [Line({}, values, partial(compared, methods, metric, scorer))]


def _read(value: KnowledgePretraining) -> list[Row]:
    names = ("tokens", "names switched", "facts said", "pairs of passages")
    found = value.run().metrics
    return counted({name: found[name] for name in names})
