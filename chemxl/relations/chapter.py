"""What chapter 8 runs: the systems of paper 2, what they depend on, and transfer of relations from English to
Russian."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import Portion
from chemxl.errors import ChemxlError
from chemxl.models.learner import Evaluation
from chemxl.models.training import Training
from chemxl.ner.experiments import FineTune
from chemxl.relations import rows
from chemxl.relations.candidates import Scheme
from chemxl.relations.data import Published, Reach, Related
from chemxl.relations.experiments import EntityTyping, RelationModel, Typed, Vote
from chemxl.relations.markers import Encoding
from chemxl.relations.pipeline import EndToEnd
from chemxl.relations.scores import SCORER
from chemxl.relations.tasks import COARSE, Languages, Task, languages, task
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Pair, Scored, measured, scored

stem = "08_relations"
CROSS, FOCAL, TWICE = "cross entropy", "focal loss", "focal loss, twice as long"
ATTENTION, MULTITASK, FINE = "relation attention", "multitask", "fine-grained markers"
GIVEN, VOTE, CHAIN = "fine-grained markers, types given", "vote", "end to end"
METHODS = (CROSS, FOCAL, ATTENTION, MULTITASK, FINE, TWICE)
INTERVALS = ((-1, 1), (-2, 2), (-3, 3), (-5, 5), (-8, 8), (-10, 16), (-20, 20))


class Settings(chapters.EncoderSettings):
    """The notebook's parameters.

    Args:
        methods: names of ``METHODS``, the systems to compare; the focal loss is one of them.
        encoding: the encoding of markers, ``packed`` or ``inline``; both are compared.
        epochs: the epochs of a training.
        tokens: the number of tokens in a batch.
        rate: learning rate of the encoder.
        head_rate: the learning rate of the heads.
        gamma: the exponent of the focal loss.
        weight: lambda, of the first task where there are two.
        gammas, weights: that are tried on a part of the training set, with the rest of it as the test.
        part: the part of the training set for these trials and for the comparison of the encodings.
        few: numbers of documents of the target language.
        steps: the steps of each training for transfer, however many documents it has.
        unrelated: pairs that are trained on for each related one, see
            :class:`chemxl.relations.experiments.RelationModel`.
        voters: models that vote; 0: none do.
    """

    layers: int = 2
    methods: tuple[str, ...] = (FOCAL, CROSS)
    encoding: Encoding = "packed"
    epochs: int = 2
    tokens: int = 256
    rate: float = 0.0006
    head_rate: float = 0.01
    gamma: float = 2.0
    weight: float = 0.1
    gammas: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    part: float = 0.5
    few: tuple[int, ...] = ()
    steps: int = 150
    unrelated: int = 1
    voters: int = 0
    seeds: tuple[int, ...] = (0, 1, 2)

    @property
    def keys(self) -> Keys:
        """The keys that all lines share."""
        return {**super().keys, "encoding": self.encoding}

    def training(self, epochs: int, *, steps: int = 0) -> Training:
        """The training for so many epochs or steps."""
        how: dict[str, Any] = {"tokens": self.tokens, "rate": self.rate, "head_rate": self.head_rate}
        return Training(epochs=epochs, steps=steps, **how)


def model(settings: Settings, task: Task, method: str, seed: int, **changed: Any) -> RelationModel:
    """A system of the paper. All except the first have the focal loss, as the paper's baseline does.

    Raises:
        ChemxlError: the method is none of ``METHODS``.
    """
    training = settings.training(settings.epochs * (2 if method == TWICE else 1))
    own: dict[str, dict[str, Any]] = {
        CROSS: {"gamma": 0.0},
        FOCAL: {},
        TWICE: {},
        ATTENTION: {"attention": "en"},
        MULTITASK: {"share": settings.weight},
        FINE: {"typer": typer(settings, task, seed)},
    }
    if method not in own:
        raise ChemxlError(f"{method!r} is no system: take one of {', '.join(METHODS)}")
    fields: dict[str, Any] = {
        **{"encoder": settings.start, "encoding": settings.encoding, "gamma": settings.gamma, "seed": seed},
        **{"train": task.train, "scheme": task.scheme, "training": training, "unrelated": settings.unrelated},
    }
    return RelationModel(**(fields | own[method] | changed))


def typer(settings: Settings, task: Task, seed: int) -> EntityTyping:
    """The model that gives genes or chemicals fine types."""
    return EntityTyping(
        encoder=settings.start,
        encoding=settings.encoding,
        train=task.train,
        scheme=task.scheme,
        training=settings.training(settings.epochs),
        seed=seed,
    )


def evaluations(
    settings: Settings, task: Task, method: str, corpus: Corpus, *, seeds: Sequence[int] = (), **changed: Any
) -> list[Evaluation]:
    """A system tested on a corpus, one value a seed.

    Args:
        seeds: other ones than the settings have.
        changed: settings of the model.
    """
    models = [model(settings, task, method, seed, **changed) for seed in seeds or settings.seeds]
    return [Evaluation(model=one, corpus=corpus) for one in models]


def systems(settings: Settings, task: Task) -> list[Line]:
    """The lines of table II: the systems, the vote, and fine markers with the types of the test given."""
    one = settings.seeds[:1]  # enough to see whether longer training turns the order round
    found: dict[str, Sequence[Scored]] = {
        name: evaluations(settings, task, name, task.test, seeds=one if name == TWICE else ())
        for name in settings.methods
    }
    if FINE in found:
        found[GIVEN] = [Typed(model=model(settings, task, FINE, seed), corpus=task.fine) for seed in settings.seeds]
    if settings.voters:
        voters = tuple(model(settings, task, FOCAL, seed) for seed in range(settings.voters))
        found[VOTE] = [Vote(models=voters, corpus=task.test)]
    keys: Keys = {**settings.keys, "train": task.name, "test": task.name}
    made = [
        Line({**keys, "method": name}, values, partial(rows.by_type if name in (FOCAL, VOTE) else rows.scores, values))
        for name, values in found.items()
    ]
    if FINE in found:
        typing = [Evaluation(model=typer(settings, task, seed), corpus=task.fine) for seed in settings.seeds]
        made.append(Line({**keys, "method": FINE}, typing, partial(rows.typed, typing)))
    pairs = [(FOCAL, CROSS), *((name, FOCAL) for name in (ATTENTION, MULTITASK, FINE, VOTE, TWICE)), (GIVEN, FINE)]
    compared = [
        Pair({"method": a, "less_method": b}, found[a], found[b]) for a, b in pairs if a in found and b in found
    ]
    every = list(dict.fromkeys(value for values in found.values() for value in values))
    return [*made, Line(keys, every, partial(rows.compared, compared), compared=True)]


def tuning(settings: Settings, task: Task) -> list[Line]:
    """The lines of figure 3, on a held-out part of the training set, with one seed."""
    one = settings.seeds[:1]
    keys: Keys = {**settings.keys, "table": "tuning", "test": f"{task.name}, held out"}
    tried: list[tuple[Keys, dict[str, float]]] = [
        ({"method": FOCAL, "gamma": gamma}, {"gamma": gamma}) for gamma in settings.gammas
    ]
    tried += [({"method": MULTITASK, "weight": weight}, {"share": weight}) for weight in settings.weights]
    made = []
    for own, changed in tried:
        values = evaluations(settings, task, str(own["method"]), task.rest, seeds=one, train=task.part, **changed)
        made.append(Line({**keys, **own}, values, partial(scored, values, scorer=SCORER)))
    return made


def encodings(settings: Settings, task: Task) -> list[Line]:
    """The lines of markers in the text and behind it, trained on the same part with one seed, since the first takes
    longest of all."""
    one = settings.seeds[:1]
    keys: Keys = {**settings.keys, "table": "encodings", "method": FOCAL, "test": task.name}
    names: tuple[Encoding, ...] = ("packed", "inline")
    found = {
        name: evaluations(settings, task, FOCAL, task.test, seeds=one, train=task.part, encoding=name) for name in names
    }
    made = [Line({**keys, "encoding": name}, values, partial(rows.scores, values)) for name, values in found.items()]
    pair = Pair({"encoding": "inline", "less_encoding": "packed"}, found["inline"], found["packed"])
    both = [value for values in found.values() for value in values]
    shared = {name: key for name, key in keys.items() if name != "encoding"}
    return [*made, Line(shared, both, partial(rows.compared, [pair]), compared=True)]


def transfer(settings: Settings) -> list[Line]:
    """The lines of English, Russian, and few Russian documents with and without English ones, tested in both
    languages."""
    chosen = languages(settings.profile)
    english, russian = chosen.train["en"], chosen.train["ru"]
    ways: list[tuple[Keys, tuple[Corpus, ...]]] = [({"train": "EN"}, (english,)), ({"train": "RU"}, (russian,))]
    for size in settings.few:
        some = _some(russian, size)
        ways += [
            ({"train": "RU", "documents": size}, (some,)),
            ({"train": "EN + RU", "documents": size}, (english, some)),
        ]
    found: dict[tuple[Any, ...], list[Evaluation]] = {}
    made = []
    for own, train in ways:
        for language, test in chosen.test.items():
            if len(own) == 1 or language == "ru":
                values = _crossed(settings, chosen, train, test)
                keys: Keys = {**settings.keys, "method": CROSS, **own, "test": f"{chosen.name} {language.upper()}"}
                made.append(Line(keys, values, partial(rows.macro, values)))
                found[own["train"], own.get("documents", 0), language] = values
    pairs = [
        Pair({"train": "EN + RU", "documents": n, "less_train": "RU"}, found["EN + RU", n, "ru"], found["RU", n, "ru"])
        for n in settings.few
    ]
    pairs.append(Pair({"train": "RU", "less_train": "EN"}, found["RU", 0, "ru"], found["EN", 0, "ru"]))
    every = list(dict.fromkeys(value for values in found.values() for value in values))
    shared: Keys = {**settings.keys, "test": f"{chosen.name} RU"}
    return [*made, Line(shared, every, partial(rows.compared, pairs), compared=True)]


def _some(corpus: Corpus, most: int) -> Portion:
    """Some documents of a corpus, those of fewer among those of more."""
    return corpus.to(Portion, most=most)


def _crossed(settings: Settings, chosen: Languages, train: tuple[Corpus, ...], test: Corpus) -> list[Evaluation]:
    """Models trained on these corpora and tested on one, one value a seed."""
    shared: dict[str, Any] = {"encoder": settings.start, "encoding": settings.encoding}  # cross entropy learns sooner
    shared |= {"train": train, "scheme": chosen.scheme, "unrelated": settings.unrelated}
    training = settings.training(1, steps=settings.steps)
    models = [RelationModel(training=training, seed=seed, **shared) for seed in settings.seeds]
    return [Evaluation(model=one, corpus=test) for one in models]


def end_to_end(settings: Settings, task: Task) -> list[Line]:
    """The lines of relations between mentions that a tagger finds, trained on the same documents with one seed."""
    seed = settings.seeds[0]
    train = tuple(corpus.model_copy(update={"types": COARSE}) for corpus in task.train)
    tagger = FineTune(encoder=settings.start, train=train, training=settings.training(settings.epochs), seed=seed)
    values = [EndToEnd(tagger=tagger, model=model(settings, task, FOCAL, seed), corpus=task.test)]
    keys: Keys = {**settings.keys, "train": task.name, "test": task.name, "method": CHAIN}
    return [Line(keys, values, partial(rows.chained, values))]


def material(settings: Settings, task: Task) -> list[Line]:
    """The lines of what there is to learn from and to test on, and of what an interval of genes would keep."""
    parts: dict[str, tuple[tuple[Corpus, ...], Scheme]] = {
        f"{task.name}, train": (task.train, task.scheme),
        f"{task.name}, test": ((task.test,), task.scheme),
    }
    crossed = languages(settings.profile)
    if settings.profile != "small":
        for language in crossed.train:
            parts[f"{crossed.name} {language.upper()}, train"] = ((crossed.train[language],), crossed.scheme)
            parts[f"{crossed.name} {language.upper()}, test"] = ((crossed.test[language],), crossed.scheme)
    made = []
    for name, (corpora, scheme) in parts.items():
        value = Related(corpora=corpora, scheme=scheme)
        made.append(Line({"table": "corpora", "text": name}, [value], partial(measured, value)))
        if scheme == task.scheme and name.endswith("train"):
            made.append(Line({"table": "tails", "text": name}, [value], partial(rows.tails, value)))
    if settings.profile != "small":
        tables = Published()
        made.append(Line({"table": "tails", "text": "DrugProt, all of train"}, [tables], partial(rows.tails, tables)))
    for first, last in INTERVALS:
        for scope in ("sentence", "document"):
            tried = task.scheme.model_copy(update={"within": (first, last), "sentence": scope == "sentence"})
            reach = Reach(corpora=task.train, scheme=tried)
            keys: Keys = {"table": "interval", "scope": scope, "first": first, "last": last, "text": task.name}
            made.append(Line(keys, [reach], partial(measured, reach)))
    return made


def lines(settings: Settings) -> Lines:
    """The lines of all tables; none depends on another's rows."""
    chosen = task(settings.profile, part=settings.part)
    yield [
        *material(settings, chosen),
        *systems(settings, chosen),
        *tuning(settings, chosen),
        *encodings(settings, chosen),
        *transfer(settings),
        *end_to_end(settings, chosen),
    ]
