"""A result is a row of one tidy table: what was measured, on what, how sure it is, and what it rests on.

Keys (encoder, train, test, sentences, ...) are columns with plain values; no name is ever put together and taken apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, field_validator

from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics, significance
from chemxl.evaluation.significance import RULE, Interval
from chemxl.experiments.experiment import Experiment, Run
from chemxl.results import tallies

Key = str | int | float
Keys = dict[str, Key]
Bound = Literal["", "≥", "≤"]

SCORER = "exact character spans, micro F1"
COUNTED = "counted"


class Row(BaseModel):
    """One number with its interval and its keys.

    Args:
        source: who says so: ``this build``, ``recorded``, or a place in a paper.
        chapter, profile, of: are filled in by :mod:`chemxl.results.chapters`.
        keys: what the number is of.
        p: the p-value of a difference, corrected over its table; from the same statistic as the interval.
        bound: the value itself is only known to be at least, or at most, so large.
        n: documents that are drawn again.
        rule: how the interval was made; empty where there is none.
        of: hashes of the configurations of all experiments that the number rests on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    chapter: str = ""
    keys: Keys = {}
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    bound: Bound = ""
    seeds: tuple[int, ...] = ()
    n: int | None = None
    rule: str = ""
    scorer: str = SCORER
    profile: str = ""
    of: tuple[str, ...] = ()

    @field_validator("keys")
    @classmethod
    def _columns(cls, keys: Keys) -> Keys:
        """Check that no key has the name of a column."""
        for name in keys:
            if not name.isidentifier() or name in cls.model_fields:
                raise ValueError(f"{name!r} cannot be a key: take a word that is no other column's name")
        return keys

    @property
    def identity(self) -> tuple[object, ...]:
        """What identifies a row in its chapter."""
        return self.profile, self.metric, *sorted(self.keys.items())


class Scored(Protocol):
    """An experiment that counts, for each document, what is right, found and due."""

    @property
    def seed(self) -> int:
        """The only setting in which the experiments of one row differ."""

    def counts(self) -> metrics.Counts:
        """The counts by document, for intervals and paired tests."""

    def run(self) -> Run:
        """The result."""


def scored(
    values: Sequence[Scored],
    *,
    scores: Mapping[str, metrics.Scorer] | None = None,
    type: str = metrics.MICRO,
    scorer: str = SCORER,
    keys: Keys | None = None,
) -> list[Row]:
    """Rows of mean scores over seeds, with intervals by the one rule; one row for each score.

    Args:
        values: one a seed.
        scores: by the metric's name; F1 alone by default.
        type: the entity type, which is a key then, or ``micro``: all of them. The score of an absent type is 0.
        keys: the keys of the row beside those of its line.
    """
    counts = [tallies.of(value) for value in values]
    columns = None if any(type not in (metrics.MICRO, *c.types) for c in counts) else [c.column(type) for c in counts]
    if type != metrics.MICRO:
        keys = {"type": type, **(keys or {})}
    made = []
    for metric, score in (scores or {"F1": metrics.f1}).items():
        found = significance.estimate(columns, score=score) if columns else (0.0, 0.0, 0.0)
        made.append(known(metric, found, values, n=len(counts[0].values), scorer=scorer, keys=keys))
    return made


def macro(values: Sequence[Scored], *, scorer: str) -> Row:
    """The mean F1 of the types that gold has."""
    counts = [tallies.of(value) for value in values]
    types = counts[0].due()
    found = significance.estimate([one.table(types) for one in counts], score=metrics.macro_f1)
    return known("macro F1", found, values, n=len(counts[0].values), scorer=scorer)


def known(
    metric: str,
    found: Interval,
    values: Sequence[Any] = (),
    *,
    n: int | None = None,
    p: float | None = None,
    bound: Bound = "",
    rule: str = RULE,
    scorer: str = SCORER,
    keys: Keys | None = None,
) -> Row:
    """A row of a number that was estimated elsewhere, with four decimals.

    Args:
        found: value, low and high.
        values: experiments, one a seed.
    """
    value, low, high = (round(number, 4) for number in found)
    seeds = tuple(int(one.seed) for one in values)
    how: dict[str, Any] = {"seeds": seeds, "n": n, "p": p, "bound": bound, "rule": rule, "scorer": scorer}
    return Row(keys=keys or {}, metric=metric, value=value, low=low, high=high, **how)


def recall_of(
    columns: Sequence[np.ndarray], values: Sequence[Any], *, scorer: str = SCORER, keys: Keys | None = None
) -> Row:
    """A row of the mean recall of some gold items, from counts of which those items alone are due, (documents, 3) a
    seed."""
    found = significance.estimate(columns, score=metrics.recall)
    return known("R", found, values, n=len(columns[0]), scorer=scorer, keys=keys)


def counted(found: Mapping[str, float], *, scorer: str = COUNTED, keys: Keys | None = None) -> list[Row]:
    """Rows of counts and shares, which have no interval; one row for each metric."""
    return [
        Row(keys=keys or {}, metric=metric, value=round(float(value), 4), scorer=scorer)
        for metric, value in found.items()
    ]


def measured(value: Experiment) -> list[Row]:
    """A row for each count of an experiment."""
    return counted(value.run().metrics)


class Pair(NamedTuple):
    """Two ways of training whose scores are compared, the first less the second."""

    keys: Keys
    first: Sequence[Scored]
    second: Sequence[Scored]


def differences(
    pairs: Sequence[Pair], *, metric: str = "difference of F1", score: metrics.Scorer = metrics.f1, scorer: str = SCORER
) -> list[Row]:
    """One row for each pair; intervals and p are corrected over all of them
    (:func:`chemxl.evaluation.significance.compare`).

    Raises:
        ChemxlError: the two sides were not scored on the same documents.
    """
    sides = []
    for pair in pairs:
        first, second = ([tallies.of(one).column() for one in side] for side in (pair.first, pair.second))
        if not all(np.array_equal(one[:, 2], first[0][:, 2]) for one in (*first, *second)):
            raise ChemxlError(f"{pair.keys}: gold differs by document, so the test corpus has changed: run both again")
        sides.append(Sides(pair.keys, first, second, pair.first))
    return differences_of(sides, metric=metric, score=score, scorer=scorer)


class Sides(NamedTuple):
    """Counts of the same documents on two sides, (documents, K) a seed, and the experiments whose seeds a row names."""

    keys: Keys
    first: Sequence[np.ndarray]
    second: Sequence[np.ndarray]
    values: Sequence[Any] = ()


def differences_of(sides: Sequence[Sides], *, metric: str, score: metrics.Scorer, scorer: str) -> list[Row]:
    """As :func:`differences`, of any counts that a score is made of."""
    found = significance.compare([(one.first, one.second) for one in sides], score=score)
    return [
        known(metric, d[:3], one.values, n=len(one.first[0]), p=round(d.p, 4), scorer=scorer, keys=one.keys)
        for one, d in zip(sides, found, strict=True)
    ]


COLUMNS = tuple(name for name in Row.model_fields if name != "keys")
_BEFORE = ("source", "chapter")  # keys stand behind these


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """A table of rows with a column for each key; a key that a row does not have is missing there."""
    keys = list(dict.fromkeys(key for row in rows for key in row.keys))
    table = pd.DataFrame.from_records([{**row.model_dump(exclude={"keys"}), **row.keys} for row in rows])
    table = table.reindex(columns=[*_BEFORE, *keys, *(name for name in COLUMNS if name not in _BEFORE)])
    whole = {key: table[key].convert_dtypes() for key in (*keys, "n")}  # whole numbers stay whole beside missing ones
    return table.assign(**whole).astype({"low": float, "high": float, "p": float})
