"""The tests of encoders from language to language: names in texts, relations, classes of documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.knowledge.downstream import Associations, Unspaced
from chemxl.knowledge.lexicon import MINI
from chemxl.knowledge.methods import Settings
from chemxl.knowledge.shots import Shots
from chemxl.ner.chapter import TYPES
from chemxl.results.rows import Keys

KINDS = ("CHEM", "DISEASE")
ENGLISH = "EN"
SETS = {"BC5CDR": "kbioxlm-cdr", "ADE": "kbioxlm-ade", "GAD": "kbioxlm-gad", "HoC": "kbioxlm-hoc"}  # table 2
SPLITS = ("train", "dev", "test")


class Target(NamedTuple):
    """A corpus to test on, and the language in which its names are looked up."""

    name: str
    corpus: Corpus
    language: str


class Task(NamedTuple):
    """What a tagger learns from, and what it is tested on.

    Args:
        keys: ``train``, and ``documents`` of the target language where there are few.
    """

    keys: Keys
    train: tuple[Corpus, ...]
    tests: tuple[Target, ...]


def tests(profile: Profile) -> tuple[Target, ...]:
    """The same kind of text in English, in translation, and in the other language."""
    if profile == "small":
        return tuple(
            Target(f"mini {x.upper()}", Corpus(name=MINI, split="test", language=x, types=TYPES), x)
            for x in ("en", "ru")
        )
    return (
        Target("BC5CDR", Corpus(name="bc5cdr", split="test", types=KINDS), "en"),
        Target("BC5CDR ZH", Unspaced(name=SETS["BC5CDR"], split="test", language="zh", types=KINDS), "zh"),
        Target("BioNNE-R RU", Corpus(name="bionne-r", split="test", language="ru", types=KINDS), "ru"),
    )


def recognition(settings: Settings) -> Iterator[Task]:
    """The tasks of ``settings.tasks``, and English with a few documents of each other language, which is then tested.

    Raises:
        ChemxlError: the profile has no such task.
    """
    known = _tasks(settings)
    for name in settings.tasks:
        if name not in known:
            raise ChemxlError(f"{name!r} is no task of chapter 7: take one of {', '.join(known)}")
        yield known[name]
    english = known[ENGLISH]
    for target in english.tests:
        for most in settings.shots if target.language != "en" else ():
            few = _few(settings.profile, target, most, without=tuple(test.corpus for test in english.tests))
            keys: Keys = {"train": f"{english.keys['train']} + {target.language.upper()}", "documents": most}
            yield Task(keys, (*english.train, few), (target,))


def english(settings: Settings) -> Task:
    """The task that taggers learn first of all, from English text alone."""
    return _tasks(settings)[ENGLISH]


def _tasks(settings: Settings) -> dict[str, Task]:
    """All tasks by their names."""
    profile, asked = settings.profile, tests(settings.profile)
    without = tuple(test.corpus for test in asked)
    if profile == "small":
        made: dict[str, Any] = {"name": MINI, "types": TYPES, "sentences": settings.sentences}
        return {
            x.upper(): Task({"train": f"mini {x.upper()}"}, (Corpus(language=x, **made),), asked) for x in ("en", "ru")
        }
    english, chinese, russian = asked
    ade: dict[str, Any] = {"name": SETS["ADE"], "types": KINDS}
    effects = (
        Target("ADE", Corpus(split="test", language="en", **ade), "en"),
        Target("ADE ZH", Unspaced(split="test", language="zh", **ade), "zh"),
    )
    return {
        ENGLISH: Task({"train": "BC5CDR"}, (Corpus(name="bc5cdr", types=KINDS, without=without),), asked),
        "ADE": Task(
            {"train": "ADE"}, (Corpus(language="en", without=tuple(test.corpus for test in effects), **ade),), effects
        ),
        "ZH": Task(
            {"train": "BC5CDR ZH"},
            (Unspaced(name=SETS["BC5CDR"], language="zh", types=KINDS, without=without),),
            (english, chinese),
        ),
        "RU": Task(
            {"train": "BioNNE-R RU"},
            (Corpus(name="bionne-r", language="ru", types=KINDS, without=without),),
            (english, russian),
        ),
    }


def _few(profile: Profile, target: Target, most: int, *, without: tuple[Corpus, ...]) -> Shots:
    """A few annotated documents of a test's language, from the same corpus."""
    return Shots(
        name=target.corpus.name,
        language=target.language,
        types=target.corpus.types,
        without=() if profile == "small" else without,
        most=most,
    )


def classes(name: str, *, learnt: str, asked: str) -> tuple[Corpus, Corpus]:
    """What a classifier learns in one language and what it is tested on in another: sentences of GAD, or abstracts of
    HoC.

    Documents of the test, in both languages, are not learnt from.
    """
    kind = Corpus if name == "HoC" else Associations
    types: dict[str, Any] = {"name": SETS[name], "types": () if name == "HoC" else ("GENE", "DISEASE")}
    twin, test = (kind(split="test", language=language, **types) for language in (learnt, asked))
    return kind(language=learnt, without=(twin, test), **types), test
