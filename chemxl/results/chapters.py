"""What a chapter is, and what is done in the same way with every chapter: run it, record it, show it beside recorded
rows.

A chapter is the module ``chemxl.<room>.chapter``. It is found there and listed nowhere.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol, Self, cast

import pandas as pd
from pydantic import ValidationError

import chemxl
from chemxl import files
from chemxl.corpora.entries import unchanging
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.experiments.experiment import Experiment, Value
from chemxl.experiments.plain import read_yaml
from chemxl.experiments.schedule import run_all
from chemxl.models import encoders
from chemxl.models.box import IN_THE_BOX
from chemxl.results import tallies
from chemxl.results.records import Origin, Recorded, book_root, papers, read
from chemxl.results.rows import Keys, Row, frame


class Settings(Value):
    """The parameters of a chapter's notebook, exactly; subclasses add theirs.

    Args:
        profile: which corpora are read: ``small``, ``real`` or ``paper``.
    """

    profile: Profile = "small"

    @classmethod
    def given(cls, namespace: Mapping[str, Any]) -> Self:
        """The settings, from the variables of a notebook."""
        return cls(**{name: namespace[name] for name in cls.model_fields})


class EncoderSettings(Settings):
    """The settings of a chapter whose models all start from one encoder.

    Args:
        encoder: what all start from.
        layers: how many of its layers are kept, the first ones; 0: all.
    """

    encoder: str = IN_THE_BOX
    layers: int = 0

    @property
    def start(self) -> str | encoders.Pretrained:
        """The encoder, cut to so many layers if that is asked for."""
        return encoders.FirstLayers(encoder=self.encoder, layers=self.layers) if self.layers else self.encoder

    @property
    def keys(self) -> Keys:
        """The keys that all lines share."""
        return {"encoder": self.encoder} | ({"layers": self.layers} if self.layers else {})


class Line(NamedTuple):
    """A line of a chapter's tables: its keys, the experiments that its rows rest on, and the function that makes these
    rows.

    ``rows`` need not fill in what is known here: the line's keys, chapter, profile and experiments.

    Args:
        compared: the rows are tests between the experiments and need nothing but their counts by document, so that
            recorded counts do, too.
    """

    keys: Keys
    experiments: Sequence[Any]
    rows: Callable[[], list[Row]]
    compared: bool = False


# Batches of lines, whose experiments do not depend on each other's results; what is sent back are the batch's rows.
Lines = Generator[Sequence[Line], list[Row], None]


class Chapter(Protocol):
    """The contents of a module ``chemxl.<room>.chapter``."""

    stem: str
    Settings: type[Settings]

    def lines(self, settings: Any) -> Lines:
        """All lines of the chapter's tables; later ones may depend on the rows of earlier ones."""


@cache
def find() -> dict[str, Chapter]:
    """All chapters by their stems, such as ``04_ner``.

    Raises:
        ChemxlError: two chapters have one stem.
    """
    rooms = [f"chemxl.{room.name}.chapter" for room in pkgutil.iter_modules(chemxl.__path__) if room.ispkg]
    made: dict[str, Chapter] = {}
    for module in (importlib.import_module(room) for room in rooms if importlib.util.find_spec(room)):
        chapter = cast("Chapter", module)
        if made.setdefault(chapter.stem, chapter) is not chapter:
            raise ChemxlError(f"two chapters are called {chapter.stem}: {made[chapter.stem]} and {module}")
    return dict(sorted(made.items()))


def named(name: str) -> Chapter:
    """The chapter with this number, stem or file.

    Raises:
        ChemxlError: there is none of that name.
    """
    if (stem := files.stem(name, list(find()))) is None:
        raise ChemxlError(f"there is no chapter {name}: choose from {', '.join(find())}")
    return find()[stem]


def settled(chapter: Chapter, profile: str) -> Settings:
    """A chapter's settings in a profile: those of ``book/params``, otherwise the defaults.

    Raises:
        ChemxlError: ``book/params`` has no such profile, or other parameters than the chapter.
    """
    path = book_root() / f"book/params/{profile}.yaml"
    given = read_yaml(path).get(chapter.stem) or {}
    try:
        return chapter.Settings.model_validate({"profile": profile, **given})
    except (TypeError, ValueError) as error:
        raise ChemxlError(f"{path}: {chapter.stem}: {refusal(error)}") from error


def refusal(error: Exception) -> str:
    """The first reason why a configuration is refused, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    wrong = error.errors()[0]
    return f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}, not {wrong['input']!r}"


def drive(lines: Lines, answer: Callable[[Sequence[Line]], list[Row]]) -> list[Row]:
    """All rows of a chapter's lines; the rows of each batch are given back to the chapter.

    Args:
        answer: gives the rows of a batch, those of earlier batches already known.
    """
    rows: list[Row] = []
    with unchanging():
        try:
            batch = next(lines)
            while True:
                found = answer(batch)
                rows += found
                batch = lines.send(found)
        except StopIteration:
            return rows


def run(chapter: Chapter, settings: Settings) -> list[Row]:
    """Compute what is not in the cache, and return all rows."""

    def computed(batch: Sequence[Line]) -> list[Row]:
        """Compute a batch, and return its rows."""
        run_all([experiment for line in batch for experiment in line.experiments])
        return [row for line in batch for row in _stamped(chapter, settings, line)]

    return drive(chapter.lines(settings), computed)


def results(chapter: Chapter, settings: Settings) -> pd.DataFrame:
    """One table of what this build computes, what was recorded and what the papers report."""
    return frame([*run(chapter, settings), *read(chapter.stem).rows, *papers(chapter.stem)])


def holding(chapter: Chapter) -> list[Row]:
    """The recorded rows whose experiments are still those of their line, with the settings of the profile that they
    belong to."""
    recorded = read(chapter.stem)

    def of(profile: str) -> list[Row]:
        """The recorded rows of a profile that hold."""

        def vouched(batch: Sequence[Line]) -> list[Row]:
            """The recorded rows of a batch that hold."""
            return [row for line in batch for row in kept(recorded, line, profile=profile)]

        return drive(chapter.lines(settled(chapter, profile)), vouched)

    return [row for profile in dict.fromkeys(row.profile for row in recorded.rows) for row in of(profile)]


class Recording(NamedTuple):
    """The outcome of :func:`record`.

    Args:
        recorded: what is to be written.
        fresh: how many rows were computed now, from finished runs of this machine (tests: of at least one side).
        owed: lines that are neither finished here nor recorded.
        loose: rows of this profile that no line vouches for: their settings have changed, or they are gone.
    """

    recorded: Recorded
    fresh: int
    owed: list[Keys]
    loose: list[Row]


def record(chapter: Chapter, *, profile: str, drop: bool = False) -> Recording:
    """A chapter's rows: new ones for finished lines, recorded ones for all others.

    A line of tests is new where an experiment is finished here and has no recorded counts, or a line of its own that is
    new; those that are not finished here have their recorded counts.

    Args:
        drop: leave out loose rows. By default nothing that was recorded is lost.
    """
    before, settings = read(chapter.stem), settled(chapter, profile)
    fresh: list[Row] = []
    origins: dict[str, Origin] = {}
    owed: list[Keys] = []
    counts, renewed = dict(before.counts), set[str]()

    def answer(batch: Sequence[Line]) -> list[Row]:
        """The rows of a batch; notes which are new and which are missing."""
        found: list[Row] = []
        for line in batch:
            wanted = {e.config_hash() for e in line.experiments}
            finished = {e.config_hash(): e for e in line.experiments if _finished(e)}
            rows = kept(before, line, profile=profile)
            if line.compared:
                new = finished.keys() - (counts.keys() - renewed)  # others stay those that the kept rows have
                counts.update({name: finished[name].counts() for name in new})
                ready = wanted <= counts.keys() and not (rows and new.isdisjoint(wanted))
            else:
                ready = wanted <= finished.keys()
                renewed.update(wanted if ready else ())
            if ready:
                with tallies.given(counts if line.compared else {}):
                    rows = _stamped(chapter, settings, line)
                fresh.extend(rows)
                origins.update({name: Origin.of(e) for name, e in finished.items()})
            elif not rows:
                owed.append(line.keys)
            found += rows
        return found

    rows = drive(chapter.lines(settings), answer)
    vouched = {row.identity for row in rows}
    rest = [row for row in before.rows if row.identity not in vouched]
    loose = [row for row in rest if row.profile == profile]
    if drop:
        rest = [row for row in rest if row.profile != profile]
    return Recording(Recorded([*rows, *rest], before.origins | origins, counts), len(fresh), owed, loose)


def kept(recorded: Recorded, line: Line, *, profile: str) -> list[Row]:
    """The recorded rows of a line, if the experiments that they rest on are still those of the line."""
    wanted = {experiment.config_hash() for experiment in line.experiments}
    return [
        row
        for row in recorded.rows
        if row.profile == profile
        and line.keys.items() <= row.keys.items()
        and {recorded.hashes[name] for name in row.of} == wanted
    ]


def _stamped(chapter: Chapter, settings: Settings, line: Line) -> list[Row]:
    """The rows of a line, with what all of them share."""
    of = tuple(dict.fromkeys(experiment.config_hash() for experiment in line.experiments))
    shared = {"source": "this build", "chapter": chapter.stem, "profile": settings.profile, "of": of}
    return [row.model_copy(update={**shared, "keys": line.keys | row.keys}) for row in line.rows()]


def _finished(experiment: Experiment) -> bool:
    """Whether an experiment is in the cache."""
    try:
        return experiment.finished()
    except ChemxlError:  # its data are not on this machine
        return False
