"""What chapter 5 runs: every text on every other, and on a few sentences of some, as lists of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import ALL, Labelled
from chemxl.errors import ChemxlError
from chemxl.evaluation.learning_curves import Learning
from chemxl.experiments import Profile
from chemxl.models import encoders
from chemxl.models.training import Training
from chemxl.ner.experiments import FineTune
from chemxl.transfer.experiments import FewShot, Material, ZeroShot
from chemxl.transfer.texts import Text, targets, texts

NONE = "none"
AS_LONG = "none, as long"  # trained without a source until as much was read as with one


def table(what: str, type: str, profile: str) -> str:
    """The name of a table.

    Args:
        what: see :mod:`chemxl.transfer.rows`.
    """
    return f"{what}, {type.lower()}s" + demonstration(profile)


def demonstration(profile: str) -> str:
    """What names of tables end in where nothing real is in them."""
    return " (a demonstration)" if profile == "small" else ""


class Name(NamedTuple):
    """What the name of a row says: ``encoder: source + 50 sentences → target, drugs``."""

    source: str
    sentences: str
    target: str
    types: str

    @classmethod
    def of(cls, row: str) -> Name:
        """Of rows with or without an encoder, a number of sentences, types."""
        source, _, target = row.rpartition(": ")[2].partition(" → ")
        source, _, sentences = source.partition(" + ")
        target, _, types = target.partition(", ")
        return cls(source, sentences.partition(" ")[0], target, types)


@dataclass(frozen=True)
class Curve:
    """Taggers of one target, trained on more and more sentences, after one source or none.

    Args:
        name: of its rows that are about all sizes.
        values: by row, a row a size, one a seed.
        full: the target's own tagger of the matrix, one a seed.
    """

    target: Text
    type: str
    source: Text | None
    name: str
    sizes: Sequence[int]
    values: dict[str, list[FewShot]]
    full: Sequence[ZeroShot]

    @property
    def start(self) -> str:
        """What all taggers of it begin from."""
        return self.source.label if self.source else NONE

    @property
    def largest(self) -> Sequence[FewShot]:
        """With the most sentences: what rows about all sizes name as their configuration."""
        return self.values[next(reversed(self.values))]

    @property
    def experiments(self) -> list[FewShot | ZeroShot]:
        """All of them, the fewest sentences first."""
        return [*(value for values in self.values.values() for value in values), *self.full]

    @cached_property
    def learning(self) -> Learning:
        """Counts of all sizes and seeds."""
        runs = [[value.counts().column() for value in values] for values in zip(*self.values.values(), strict=True)]
        return Learning(self.sizes, np.array(runs), np.array([value.counts().column() for value in self.full]))


@dataclass(frozen=True)
class Grid:
    """How everything in the chapter is trained.

    Args:
        base_encoder: what all start from.
        base_layers: how many of its layers are kept, the first ones; 0: all.
        few: numbers of labelled sentences.
        few_visits: sentences that a training on few reads at least, those that come again counted; see :meth:`epochs`.
        source_most: sentences of a source at most; 0 takes all.
        source_epochs: over a source, and over a few sentences at least.
        batch_tokens: of a batch.
        learning_rate: of the encoder.
        head_learning_rate: of the head.
        few_as_long: sizes at which a tagger without a source is also trained until it has read as many sentences as one
            with a source, that is those of the source, too.
    """

    profile: Profile
    base_encoder: str
    few: Sequence[int]
    few_visits: int
    source_most: int
    source_epochs: int
    batch_tokens: int
    learning_rate: float
    head_learning_rate: float
    seeds: Sequence[int] = (0, 1, 2)
    base_layers: int = 0
    few_as_long: Sequence[int] = ()

    @property
    def encoder(self) -> str | encoders.Pretrained:
        """What all start from, cut."""
        if not self.base_layers:
            return self.base_encoder
        return encoders.FirstLayers(encoder=self.base_encoder, layers=self.base_layers)

    @property
    def name(self) -> str:
        """Of that, in rows."""
        return self.base_encoder + (f", depth {self.base_layers}" if self.base_layers else "")

    @cached_property
    def texts(self) -> list[Text]:
        """See :func:`texts`."""
        return texts(self.profile)

    @property
    def types(self) -> list[str]:
        """The entity types, each with models of its own."""
        return list(dict.fromkeys(type for text in self.texts for type in text.types))

    def training(self, epochs: int) -> Training:
        """So many epochs."""
        return Training(
            epochs=epochs,
            tokens=self.batch_tokens,
            rate=self.learning_rate,
            head_rate=self.head_learning_rate,
        )

    def epochs(self, size: int) -> int:
        """Over so many sentences: few are read often, and none less often than those of a source, so that a curve ends
        in the way of training of what it is compared with."""
        return max(self.source_epochs, round(self.few_visits / size))

    def labelled(self, text: Text, type: str, *, most: int, seed: int) -> Labelled:
        """Sentences to learn from, without any that is tested on, or whose translation is."""
        tested = [other for other in self.texts if other == text or (text.family and other.family == text.family)]
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

    def source(self, text: Text, type: str, seed: int) -> FineTune:
        """A tagger trained on a text, cut to ``source_most`` sentences."""
        train = self.labelled(text, type, most=self.source_most or ALL, seed=seed)
        return FineTune(encoder=self.encoder, train=(train,), training=self.training(self.source_epochs), seed=seed)

    def zero_shot(self, source: Text, target: Text, type: str) -> list[ZeroShot]:
        """That tagger on a test part, one a seed."""
        return [ZeroShot(model=self.source(source, type, seed), test=target.tested(type)) for seed in self.seeds]

    def few_shot(
        self, source: Text | None, target: Text, type: str, size: int, *, epochs: int | None = None
    ) -> list[FewShot]:
        """Trained on so many sentences of the target, from the source's tagger or from the encoder, one a seed.

        Args:
            epochs: see :meth:`epochs`.
        """
        return [
            FewShot(
                encoder=self.encoder,
                start=self.source(source, type, seed) if source else None,
                train=(self.labelled(target, type, most=size, seed=seed),),
                test=target.tested(type),
                training=self.training(epochs or self.epochs(size)),
                seed=seed,
            )
            for seed in self.seeds
        ]

    def as_long(self, target: Text, type: str) -> dict[str, list[FewShot]]:
        """Without a source, until as many sentences were read as source and target have together, by row.

        Raises:
            ChemxlError: sources are not cut, so that each is of another length, or a size is not one of ``few``.
        """
        if self.few_as_long and not self.source_most:
            raise ChemxlError("few_as_long needs sources of one length: give source_most, or leave few_as_long empty")
        if other := set(self.few_as_long) - set(self.few):
            raise ChemxlError(f"few_as_long has {min(other)}, few has not: take sizes of few")
        made = {}
        for size in self.few_as_long:
            read = self.source_most * self.source_epochs + size * self.epochs(size)
            name = self.row_of_few(AS_LONG, size, target, type)
            made[name] = self.few_shot(None, target, type, size, epochs=round(read / size))
        return made

    def controls(self, curves: Sequence[Curve], type: str) -> dict[str, list[FewShot]]:
        """:meth:`as_long` of the targets of curves."""
        targets = dict.fromkeys(curve.target for curve in curves)
        return {name: values for target in targets for name, values in self.as_long(target, type).items()}

    def row(self, source: str, target: Text, type: str) -> str:
        """The name of a row."""
        return f"{self.name}: {source} → {target.label}, {type.lower()}s"

    def row_of_few(self, start: str, size: int, target: Text, type: str) -> str:
        """The name of a row with so many sentences of the target."""
        return self.row(f"{start} + {size} sentences", target, type)

    def material(self) -> dict[str, Material]:
        """What each text gives to learn from and is tested on; what a source reads is that of the first seed."""
        most, seed = self.source_most or ALL, self.seeds[0]
        return {
            f"{text.label}, {type.lower()}s": Material(
                train=self.labelled(text, type, most=most, seed=seed), test=text.tested(type)
            )
            for text in self.texts
            for type in text.types
        }

    def annotated(self, type: str) -> list[Text]:
        """The texts with a type."""
        return [text for text in self.texts if type in text.types]

    def matrix(self, type: str) -> dict[str, list[ZeroShot]]:
        """Every text on every other and on itself, one value a seed."""
        pairs = [(source, target) for source in self.annotated(type) for target in self.annotated(type)]
        return {self.row(a.label, b, type): self.zero_shot(a, b, type) for a, b in pairs}

    def evaluations(self, type: str) -> list[ZeroShot]:
        """All of the matrix, those of one tagger side by side, so that it is read once."""
        values = [value for line in self.matrix(type).values() for value in line]
        return sorted(values, key=lambda value: value.model.config_hash())

    def ends(self, scores: Mapping[str, float], target: Text, type: str) -> tuple[Text, Text]:
        """The sources with the best and the worst zero-shot F1 on a target.

        Args:
            scores: F1 by row.

        Raises:
            ChemxlError: a row has no score.
        """
        others = [text for text in self.annotated(type) if text != target]
        names = {text.label: self.row(text.label, target, type) for text in others}
        if missing := [name for name in names.values() if name not in scores]:
            raise ChemxlError(f"no zero-shot score of {missing[0]}: run the matrix first")
        others.sort(key=lambda text: -scores[names[text.label]])
        return others[0], others[-1]

    def curves(self, scores: Mapping[str, float], type: str) -> list[Curve]:
        """Few-shot curves of each target: best source, worst source, none."""
        made = []
        for target in (text for text in self.annotated(type) if text.label in targets(self.profile)):
            for source in (*self.ends(scores, target, type), None):
                start = source.label if source else NONE
                values = {
                    self.row_of_few(start, size, target, type): self.few_shot(source, target, type, size)
                    for size in self.few
                }
                full, name = self.zero_shot(target, target, type), self.row(f"{start} + sentences", target, type)
                made.append(Curve(target, type, source, name, self.few, values, full))
        return made
