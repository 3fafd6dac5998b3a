"""What chapter 7 runs: pretraining on text that is anchored to knowledge, its controls, and tests of both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from chemxl.collect.experiments import Sizes
from chemxl.corpora.corpus import Corpus
from chemxl.evaluation import metrics
from chemxl.experiments import Profile
from chemxl.knowledge import tasks
from chemxl.knowledge.downstream import ASSOCIATED, LexiconTagger, recalled
from chemxl.knowledge.entities import Names
from chemxl.knowledge.experiments import KnowledgePretraining
from chemxl.knowledge.methods import BASE, BESIDE, LEXICON, STEPS, Settings, anchored, base, lexicons
from chemxl.knowledge.retrieval import SCORER, Retrieval
from chemxl.knowledge.tasks import Task
from chemxl.models.classes import Classification
from chemxl.models.learner import Evaluation
from chemxl.models.training import Training
from chemxl.ner.experiments import FineTune
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Pair, Row, counted, differences, recall_of, scored

stem = "07_knowledge"
IN, OUT = "in the lexicons", "in no lexicon"
__all__ = ["Settings", "lines", "stem"]


def tagger(settings: Settings, method: str, seed: int, task: Task) -> FineTune:
    """A CRF tagger on a pretrained encoder (section 5.1.2)."""
    return FineTune(
        encoder=base(settings) if method == BASE else anchored(settings, method, seed),
        head="crf",
        train=task.train,
        training=Training(epochs=settings.epochs, rate=settings.rate, head_rate=settings.head_rate),
        seed=seed,
    )


def classifier(settings: Settings, method: str, name: str, seed: int, *, learnt: str, asked: str) -> Evaluation:
    """A classifier that learns from sentences or abstracts of one language and is tested on another."""
    train, test = tasks.classes(name, learnt=learnt, asked=asked)
    model = Classification(
        encoder=base(settings) if method == BASE else anchored(settings, method, seed),
        train=(train,),
        several=name == "HoC",
        training=Training(epochs=settings.epochs, rate=settings.rate, head_rate=settings.head_rate),
        seed=seed,
    )
    return Evaluation(model=model, corpus=test)


def sets(settings: Settings) -> list[Line]:
    """The lines of how many documents each of the paper's translated sets has, in both languages (table 2)."""
    made = []
    for name, corpus in tasks.SETS.items() if settings.profile != "small" else ():
        for language in ("en", "zh"):
            values = [
                Sizes(corpus=Corpus(name=corpus, split=split, language=language, types=())) for split in tasks.SPLITS
            ]
            keys: Keys = {"table": "sets", "text": name, "language": language.upper()}
            made.append(Line(keys, values, partial(_documents, values)))
    return made


def retrievals(settings: Settings) -> list[Line]:
    """The retrieval of held-out and of taught names in each language, by the base encoder and after every method."""
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
    """The taggers of the base encoder and of every tagged method, and the tagger that is a lexicon alone."""
    made = []
    for method in (BASE, *settings.tagged) if settings.tagged else ():
        for task in tasks.recognition(settings):
            for test in task.tests:
                values = [
                    Evaluation(model=tagger(settings, method, seed, task), corpus=test.corpus)
                    for seed in settings.seeds
                ]
                keys: Keys = {**settings.keys, "pretraining": method, **task.keys, "test": test.name}
                made.append(Line(keys, values, partial(_scores, values, test.language, settings.profile)))
    english = tasks.english(settings)
    for test in english.tests:
        for lexicon in lexicons(settings.profile):
            if lexicon.language == test.language:
                alone = [LexiconTagger(train=english.train, corpus=test.corpus, lexicon=lexicon)]
                keys = {"pretraining": LEXICON, **english.keys, "test": test.name}
                made.append(Line(keys, alone, partial(scored, alone, scores=metrics.SCORES)))
    return made


def classifying(settings: Settings) -> list[Line]:
    """The classifiers of relations and of documents, which learn in English and are tested in Chinese, and the other
    way round."""
    return [
        Line(
            {
                **settings.keys,
                "pretraining": method,
                "train": f"{name} {learnt.upper()}",
                "test": f"{name} {asked.upper()}",
            },
            values,
            partial(_class_scores, values, ASSOCIATED if name == "GAD" else metrics.MICRO),
        )
        for method in (BASE, *settings.classified)
        if settings.classified
        for learnt, asked in (("en", "zh"), ("zh", "en"))
        if learnt.upper() in settings.tasks
        for name in settings.classes
        for values in [
            [classifier(settings, method, name, seed, learnt=learnt, asked=asked) for seed in settings.seeds]
        ]
    ]


def _scores(values: Sequence[Evaluation], language: str, profile: Profile) -> list[Row]:
    """Rows with F1, precision and recall of all types together, and of chemicals alone if there are other types; and
    recall of mentions that are in the lexicons, and of those that are not."""
    types = values[0].counts().types
    kinds = [metrics.MICRO, *(type for type in types if type == "CHEM" and len(types) > 1)]
    made = [row for kind in kinds for row in scored(values, scores=metrics.SCORES, type=kind)]
    names = Names([pair for lexicon in lexicons(profile) for pair in lexicon.pairs()], language)
    for known in (True, False):
        columns = [recalled(value, names, known=known) for value in values]
        made.append(recall_of(columns, values, keys={"mentions": IN if known else OUT}))
    return made


def _class_scores(values: Sequence[Evaluation], type: str) -> list[Row]:
    """Rows with the scores of one class."""
    made = scored(values, type=type, scorer="F1 of labels")
    return [row.model_copy(update={"keys": {}}) for row in made]


def compared(table: Sequence[Line], metric: str, scorer: str) -> list[Row]:
    """For each test, rows that compare every level with the controls and with the level below it."""
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
    """Lines of the sets, of what was read, of retrieval, taggers and classifiers, and of differences between them."""
    read = [
        Line({"table": "read", "pretraining": method}, [value], partial(_read, value))
        for method in settings.methods
        for value in [anchored(settings, method, settings.seeds[0])]
    ]
    retrieved, tagged, classified = retrievals(settings), tagging(settings), classifying(settings)
    yield [*sets(settings), *read, *retrieved, *tagged, *classified]
    for table, metric, scorer in (
        (retrieved, "difference of top-1", SCORER),
        (tagged, "difference of F1", "exact character spans, micro F1"),
        (classified, "difference of F1", "F1 of labels"),
    ):
        methods = [line for line in table if line.keys["pretraining"] not in (BASE, LEXICON)]
        if values := [value for line in methods for value in line.experiments]:
            yield [Line({}, values, partial(compared, methods, metric, scorer), compared=True)]


def _documents(values: Sequence[Sizes]) -> list[Row]:
    """Rows with the number of documents of each split."""
    return counted({split: value.run().metrics["documents"] for split, value in zip(tasks.SPLITS, values, strict=True)})


def _read(value: KnowledgePretraining) -> list[Row]:
    """Rows with the number of tokens, names, facts and passages that a pretraining read."""
    names = ("tokens", "names switched", "facts said", "pairs of passages")
    found = value.run().metrics
    return counted({name: found[name] for name in names})
