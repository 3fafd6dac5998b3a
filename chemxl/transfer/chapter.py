"""What chapter 5 runs, as lists of values: every text on every other, and few sentences of some texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import ALL, Labelled
from chemxl.errors import ChemxlError
from chemxl.models.training import Training
from chemxl.ner.experiments import FineTune
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Row, measured
from chemxl.transfer import rows
from chemxl.transfer.experiments import FewShot, Material, ZeroShot
from chemxl.transfer.rows import AS_LONG, NONE, FewShotCurve
from chemxl.transfer.texts import Text, targets, texts

stem = "05_transfer"


class Settings(chapters.EncoderSettings):
    """The notebook's parameters.

    Args:
        few: numbers of labelled sentences.
        few_visits: sentences that a training on few reads at least, those that come again counted; see :func:`epochs`.
        source_most: sentences of a source at most; 0 takes all.
        source_epochs: over a source, and over a few sentences at least.
        tokens: the number of tokens in a batch.
        rate: learning rate of the encoder.
        head_rate: the learning rate of the head.
        few_as_long: sizes at which a tagger without a source is also trained until it has read as many sentences as one
            with a source, that is those of the source, too.
    """

    few: tuple[int, ...] = (20, 60)
    few_visits: int = 320
    source_most: int = 320
    source_epochs: int = 1
    tokens: int = 256
    rate: float = 0.0005
    head_rate: float = 0.01
    few_as_long: tuple[int, ...] = (60,)
    seeds: tuple[int, ...] = (0, 1, 2)

    def training(self, epochs: int) -> Training:
        """The training for so many epochs."""
        return Training(epochs=epochs, tokens=self.tokens, rate=self.rate, head_rate=self.head_rate)

    def epochs(self, size: int) -> int:
        """The epochs for so many sentences. Few sentences are read often, and none less often than those of a source,
        so that a curve ends in the training that it is compared with."""
        return max(self.source_epochs, round(self.few_visits / size))


def labelled(settings: Settings, text: Text, type: str, *, most: int, seed: int) -> Labelled:
    """Sentences to learn from, without those that are tested on or whose translation is."""
    every = texts(settings.profile)
    tested = [other for other in every if other == text or (text.family and other.family == text.family)]
    without: tuple[Corpus, ...] = tuple(other.held_out(type) for other in tested)
    return Labelled(
        name=text.corpus,
        language=text.language,
        types=(type,),
        domain=text.domain,
        sentences=text.sentences[0],
        without=without,
        most=most,
        draw=seed,
    )


def source(settings: Settings, text: Text, type: str, seed: int) -> FineTune:
    """A tagger trained on a text, of which at most ``source_most`` sentences are read."""
    train = labelled(settings, text, type, most=settings.source_most or ALL, seed=seed)
    training = settings.training(settings.source_epochs)
    return FineTune(encoder=settings.start, train=(train,), training=training, seed=seed)


def zero_shot(settings: Settings, train: Text, test: Text, type: str) -> list[ZeroShot]:
    """That tagger on the test part of a text, one value a seed."""
    return [ZeroShot(model=source(settings, train, type, seed), test=test.tested(type)) for seed in settings.seeds]


def few_shot(
    settings: Settings, start: Text | None, test: Text, type: str, size: int, *, epochs: int = 0
) -> list[FewShot]:
    """A tagger trained on so many sentences of the target, from the source's tagger or from the encoder, one value a
    seed.

    Args:
        epochs: by default :meth:`Settings.epochs`.
    """
    return [
        FewShot(
            encoder=settings.start,
            start=source(settings, start, type, seed) if start else None,
            train=(labelled(settings, test, type, most=size, seed=seed),),
            test=test.tested(type),
            training=settings.training(epochs or settings.epochs(size)),
            seed=seed,
        )
        for seed in settings.seeds
    ]


def as_long(settings: Settings, test: Text, type: str) -> dict[int, list[FewShot]]:
    """For each size, a tagger trained without a source until it has read as many sentences as with one.

    Raises:
        ChemxlError: a size is not among ``few``, or how much a source reads is not known.
    """
    made = {}
    for size in settings.few_as_long:
        if not settings.source_most or size not in settings.few:
            missing = "give source_most" if not settings.source_most else f"few_as_long has {size}, few has not"
            raise ChemxlError(f"what is read as long as with a source is compared at a size of few: {missing}")
        read = settings.source_most * settings.source_epochs + size * settings.epochs(size)
        made[size] = few_shot(settings, None, test, type, size, epochs=round(read / size))
    return made


def material(settings: Settings) -> list[Line]:
    """The lines of what each text gives to learn from and to test on; what a source reads is that of the first seed."""
    made = []
    for text in texts(settings.profile):
        for type in text.types:
            train = labelled(settings, text, type, most=settings.source_most or ALL, seed=settings.seeds[0])
            value = Material(train=train, test=text.tested(type))
            keys: Keys = {"table": "texts", "text": text.label, "type": type}
            made.append(Line(keys, [value], partial(measured, value)))
    return made


def matrix(settings: Settings, type: str) -> list[Line]:
    """The lines of every text with a type on every other and on itself; those of one tagger stand together, since it is
    read once."""
    annotated = [text for text in texts(settings.profile) if type in text.types]
    return [
        Line(
            {**settings.keys, "type": type, "train": train.label, "test": test.label},
            values,
            partial(rows.zero_shot, values, lengths=train == test),
        )
        for train in annotated
        for test in annotated
        for values in [zero_shot(settings, train, test, type)]
    ]


def ends(settings: Settings, scores: Mapping[str, float], test: Text, type: str) -> tuple[Text, Text]:
    """The sources with the best and the worst zero-shot F1 on a target.

    Args:
        scores: F1 on it by what was trained on.

    Raises:
        ChemxlError: one has no score.
    """
    others = [text for text in texts(settings.profile) if type in text.types and text != test]
    if missing := [text.label for text in others if text.label not in scores]:
        raise ChemxlError(f"no zero-shot score of {missing[0]} on {test.label}: run the matrix first")
    others.sort(key=lambda text: -scores[text.label])
    return others[0], others[-1]


def curves(settings: Settings, found: Sequence[Row], type: str) -> list[FewShotCurve]:
    """The few-shot curves of each target, after the best source, the worst source and none; nothing if the matrix has a
    gap.

    Args:
        found: rows of the matrix.
    """
    scores: dict[str, dict[str, float]] = {}
    for row in found:
        if row.metric == "F1" and row.keys.get("type") == type and "sentences" not in row.keys:
            scores.setdefault(str(row.keys["test"]), {})[str(row.keys["train"])] = row.value
    if len(scores) ** 2 != sum(map(len, scores.values())) or not scores:
        return []
    made = []
    for text in texts(settings.profile):
        if type in text.types and text.label in targets(settings.profile):
            full = zero_shot(settings, text, text, type)
            for start in (*ends(settings, scores[text.label], text, type), None):
                values = {size: few_shot(settings, start, text, type, size) for size in settings.few}
                made.append(FewShotCurve(text.label, type, start.label if start else NONE, values, full))
    return made


def few(settings: Settings, found: Sequence[Row], type: str) -> list[Line]:
    """The lines of a type's few-shot curves, of controls that read as much without a source, and of what the curves say
    together."""
    made: list[Line] = []
    drawn = curves(settings, found, type)
    controls: dict[str, dict[int, list[FewShot]]] = {}
    for text in texts(settings.profile):
        if text.label in {curve.test for curve in drawn}:
            controls[text.label] = as_long(settings, text, type)
    named = [(curve.test, curve.train, curve.values) for curve in drawn]
    for test, train, sizes in [*named, *((test, AS_LONG, sizes) for test, sizes in controls.items())]:
        for size, values in sizes.items():
            keys: Keys = {**settings.keys, "type": type, "train": train, "test": test, "sentences": size}
            made.append(Line(keys, values, partial(rows.few_shot, values)))
    if drawn:
        held = list(dict.fromkeys(value for curve in drawn for value in curve.experiments))
        made.append(Line({**settings.keys, "type": type}, held, partial(rows.enough, drawn), compared=True))
        longer = [value for sizes in controls.values() for values in sizes.values() for value in values]
        if longer:
            keys = {**settings.keys, "type": type}
            made.append(Line(keys, [*held, *longer], partial(rows.as_long, drawn, controls), compared=True))
    return made


def lines(settings: Settings) -> Lines:
    """First the lines of the matrix, which tell the best and the worst source of each target; then the few-shot curves
    after these."""
    types = dict.fromkeys(type for text in texts(settings.profile) for type in text.types)
    crossed = {type: matrix(settings, type) for type in types}
    tests = [
        Line(
            {**settings.keys, "type": type},
            [value for cell in cells for value in cell.experiments],
            partial(rows.tests, cells),
            compared=True,
        )
        for type, cells in crossed.items()
    ]
    found = yield [*material(settings), *(cell for cells in crossed.values() for cell in cells), *tests]
    yield [line for type in types for line in few(settings, found, type)]
