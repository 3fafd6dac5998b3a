"""Results that a reader came for: rows of ``book/recorded``, and what stands beside them in this build.

A recorded row is written from finished runs only and carries the configuration that a test re-creates.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics, significance
from chemxl.evaluation.significance import Interval
from chemxl.experiments.experiment import Experiment, Run, Value, write_json
from chemxl.results import show

RECORDED = Path("book/recorded")
PAPERS = Path("book/papers.yaml")
SCORER = "exact character spans, micro F1"


class Scored(Protocol):
    """An experiment that counts, per document, what is right, found and due."""

    @property
    def seed(self) -> int:
        """What the rows of one name differ in."""

    def counts(self) -> metrics.Counts:
        """Per document, for intervals and paired tests."""

    def run(self) -> Run:
        """The result."""

    def finished(self) -> bool:
        """Whether there is one."""

    def trained(self) -> tuple[Experiment, ...]:
        """What took the time."""


class Row(BaseModel):
    """One number of a table, or, with ``value`` null, a number that is still owed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chapter: str
    table: str
    row: str
    metric: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    seeds: tuple[int, ...] = ()
    n: int | None = None
    profile: str = ""
    scorer: str = SCORER
    paper: float | None = None
    paper_source: str | None = None
    config: dict[str, Any] | None = None
    config_hash: str | None = None
    commit: str | None = None
    hardware: str | None = None
    date: str | None = None
    seconds: float | None = None

    def interval(self) -> Interval:
        """Value, low and high, nan where one is owed."""
        value, low, high = (math.nan if number is None else number for number in (self.value, self.low, self.high))
        return value, low, high

    def recreated(self) -> Value:
        """The experiment of the first seed, from the recorded configuration.

        Raises:
            ChemxlError: its hash is not the recorded one: the code no longer describes this experiment.
        """
        if self.config is None:
            raise ChemxlError(f"{self.chapter}, {self.row}: no configuration was recorded")
        value = Value.from_config(self.config)
        if value.config_hash() != self.config_hash:
            raise ChemxlError(
                f"{self.chapter}, {self.row}: the configuration now hashes to {value.config_hash()}; record it again"
            )
        return value


def row(
    chapter: str,
    table: str,
    name: str,
    experiments: Sequence[Any],
    *,
    profile: str,
    type: str = metrics.MICRO,
    metric: str = "F1",
    scorer: str = SCORER,
    score: metrics.Scorer = metrics.f1,
    estimator: Callable[[Sequence[Any]], Interval] | None = None,
) -> Row:
    """Mean over seeds with a 95 % bootstrap interval over documents and seeds.

    Args:
        experiments: one a seed, :class:`Scored` unless there is an ``estimator``.
        metric: what the measure is called.
        score: the measure, of sums of counts; see ``chemxl.evaluation.metrics.SCORES``.
        estimator: of a measure that is no such score: its mean over seeds, and the ends of an interval.

    Raises:
        ChemxlError: an experiment is not finished.
    """
    for experiment in experiments:
        if not experiment.finished():
            raise ChemxlError(f"{name}: seed {experiment.seed} is not finished: run the chapter first")
    value, low, high = estimator(experiments) if estimator else estimate(experiments, type=type, score=score)
    return Row(
        chapter=chapter,
        table=table,
        row=name,
        metric=metric if type == metrics.MICRO else f"{type} {metric}",
        value=round(value, 4),
        low=round(low, 4),
        high=round(high, 4),
        seeds=tuple(experiment.seed for experiment in experiments),
        n=int(experiments[0].run().metrics["documents"]),
        profile=profile,
        scorer=scorer,
        **_provenance([e.run() for e in experiments], [t.run() for e in experiments for t in e.trained()]),
    )


def known(
    chapter: str,
    table: str,
    name: str,
    experiments: Sequence[Any],
    *,
    profile: str,
    metric: str,
    scorer: str,
    found: Interval,
) -> Row:
    """What was estimated of several rows together, such as a difference, under the name of one of them.

    Args:
        found: value, low and high; draws are rougher than what they are drawn from, which may lie beyond theirs.
    """
    value, low, high = found
    ends = (value, min(low, value), max(high, value))
    how: dict[str, Any] = {"profile": profile, "metric": metric, "scorer": scorer}
    return row(chapter, table, name, experiments, estimator=lambda _: ends, **how)


def _provenance(runs: Sequence[Run], trained: Sequence[Run]) -> dict[str, Any]:
    provenance = runs[0].provenance()
    return {
        "config": runs[0].experiment.config(),
        "config_hash": runs[0].experiment.config_hash(),
        "commit": provenance["commit"],
        "hardware": provenance["hardware"],
        "date": provenance["date"],
        "seconds": round(float(np.mean([run.provenance()["seconds"] for run in trained])), 1),
    }


def measured(chapter: str, table: str, name: str, experiment: Experiment, *, profile: str) -> list[Row]:
    """Every metric of an experiment without a seed, a row each: counts and shares, which have no interval."""
    run = experiment.run()
    shared: dict[str, Any] = {"chapter": chapter, "table": table, "row": name, "profile": profile, "scorer": "counted"}
    origin = _provenance([run], [run])
    return [Row(metric=key, value=round(value, 4), **shared, **origin) for key, value in run.metrics.items()]


def book_root() -> Path:
    """The nearest folder, from the working directory up, that holds a ``_config.yml``.

    Raises:
        ChemxlError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "_config.yml").exists():
            return folder
    raise ChemxlError(f"{here} is in no book: go to the folder with _config.yml, or into one below it")


def estimate(
    evaluations: Sequence[Scored], *, type: str = metrics.MICRO, score: metrics.Scorer = metrics.f1
) -> Interval:
    """Mean over seeds and its 95 % bootstrap interval over documents and seeds; zeros for a type that is absent."""
    counts = [evaluation.counts() for evaluation in evaluations]
    if type != metrics.MICRO and any(type not in c.types for c in counts):
        return 0.0, 0.0, 0.0
    return significance.estimate([c.column(type) for c in counts], score=score)


def read(chapter: str, *, root: Path | None = None) -> list[Row]:
    """The recorded rows of a chapter; none where nothing was recorded.

    Raises:
        ChemxlError: the file is not a list of rows.
    """
    path = (root or book_root() / RECORDED) / f"{chapter}.json"
    if not path.exists():
        return []
    try:
        return [Row(**fields) for fields in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError) as error:
        raise ChemxlError(f"{path} is no list of rows: write it with `chemxl record {chapter}` ({error})") from error


def papers(chapter: str, *, path: Path | None = None) -> list[Row]:
    """What the papers report and nobody here has run: rows with the paper's number alone."""
    listed = yaml.safe_load((path or book_root() / PAPERS).read_text("utf-8"))
    rows = []
    for table in listed.get(chapter, []):
        shared = {"chapter": chapter, "table": table["table"], "scorer": table["scorer"]}
        for name, numbers in table["rows"].items():
            for metric, number in (numbers if isinstance(numbers, dict) else {"F1": numbers}).items():
                rows.append(Row(row=name, metric=metric, paper=number, paper_source=table["source"], **shared))
    return rows


def tables(
    built: Sequence[Row], recorded: Sequence[Row], reported: Sequence[Row]
) -> dict[str, list[dict[str, object]]]:
    """By table: rows with paper, recorded, this build. A number that nobody has is an empty cell."""
    groups: dict[str, dict[str, dict[str, object]]] = {}
    for column, rows in (("recorded", recorded), ("this build", built), ("paper", reported)):
        for r in rows:
            empty: dict[str, object] = {"row": r.row, "paper": None, "recorded": None, "this build": None}
            cell = groups.setdefault(r.table, {}).setdefault(r.row, empty)
            if r.paper is not None:
                cell["paper"] = show.value(r.paper, digits=_digits(r.paper))
            if r.value is not None:
                cell[column] = interval(r)
    return {name: list(group.values()) for name, group in groups.items()}


def wide(rows: Sequence[Row], table: str) -> list[dict[str, object]]:
    """Rows of one table, a column a metric, the paper's number where it was not run; one line where there are none."""
    lines: dict[str, dict[str, object]] = {}
    for r in rows:
        if r.table == table:
            value = r.paper if r.value is None else r.value
            whole = value is not None and float(value).is_integer()
            lines.setdefault(r.row, {"row": r.row})[r.metric] = int(value or 0) if whole else value
    return list(lines.values()) or nothing()


def interval(r: Row | None) -> str:
    """A row's value with its interval, a dash where there is no row."""
    return show.value(None) if r is None else show.value(r.value, r.low, r.high, digits=_digits(r.value))


def _digits(value: float | None) -> int:
    """Three of a share, one of what is larger, such as a perplexity."""
    return 3 if value is None or abs(value) <= 1 else 1


def find(recorded: Sequence[Row], name: str, *, metric: str = "") -> Row | None:
    """The first recorded row of a name, if there is one.

    Args:
        metric: the only one that is asked for, where a row has several.
    """
    return next((r for r in recorded if r.row == name and metric in ("", r.metric)), None)


def bar(recorded: Sequence[Row], name: str) -> tuple[float | None, float | None, float | None]:
    """Value, low and high of a recorded row, all None where there is none."""
    r = find(recorded, name)
    return (None, None, None) if r is None else (r.value, r.low, r.high)


def origin(recorded: Sequence[Row]) -> list[dict[str, object]]:
    """Where recorded rows come from, one line an experiment; one line that says so where there are none."""
    by_experiment = {(r.row, r.config_hash): r for r in recorded}
    return [
        {
            "row": r.row,
            "seeds": ", ".join(map(str, r.seeds)),
            "test documents": r.n,
            "configuration": r.config_hash,
            "commit": (r.commit or "")[:10],
            "hardware": r.hardware,
            "date": r.date,
            "seconds a run": r.seconds,
        }
        for r in by_experiment.values()
    ] or nothing()


def nothing(column: str = "row") -> list[dict[str, object]]:
    """The one line of a table that has none."""
    return [{column: "nothing is recorded yet"}]


def write(chapter: str, rows: Sequence[Row], *, root: Path | None = None) -> Path:
    """Write a chapter's rows beside and rename."""
    folder = root or book_root() / RECORDED
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{chapter}.json"
    write_json(path, [r.model_dump() for r in rows])
    return path
