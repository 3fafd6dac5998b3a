"""Results that a reader came for: rows of ``book/recorded``, and what stands beside them in this build.

A recorded row is written from finished runs only and carries the configuration that a test re-creates.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from chemxl import metrics
from chemxl.errors import ChemxlError
from chemxl.experiment import Value, write_json
from chemxl.ner import Evaluation

RECORDED = Path("book/recorded")
SCORER = "exact character spans, micro F1"


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
    evaluations: Sequence[Evaluation],
    *,
    profile: str,
    type: str = metrics.MICRO,
    paper: float | None = None,
    paper_source: str | None = None,
) -> Row:
    """Mean F1 over seeds with a 95 % bootstrap interval over documents and seeds.

    Raises:
        ChemxlError: an evaluation is not finished.
    """
    for evaluation in evaluations:
        if not evaluation.finished():
            raise ChemxlError(
                f"{name}: {evaluation.model.kind} seed {evaluation.model.seed} is not finished: run the chapter first"
            )
    runs = [evaluation.run() for evaluation in evaluations]
    columns = [evaluation.counts().column(type) for evaluation in evaluations]
    low, high = metrics.bootstrap(columns, rng=np.random.default_rng(0))
    trained = [evaluation.model.run().provenance() for evaluation in evaluations]
    provenance = runs[0].provenance()
    return Row(
        chapter=chapter,
        table=table,
        row=name,
        metric="F1" if type == metrics.MICRO else f"{type} F1",
        value=round(float(np.mean([run.metrics[f"{type}.f1"] for run in runs])), 4),
        low=round(low, 4),
        high=round(high, 4),
        seeds=tuple(evaluation.model.seed for evaluation in evaluations),
        n=len(columns[0]),
        profile=profile,
        paper=paper,
        paper_source=paper_source,
        config=evaluations[0].config(),
        config_hash=evaluations[0].config_hash(),
        commit=provenance["commit"],
        hardware=provenance["hardware"],
        date=provenance["date"],
        seconds=round(float(np.mean([p["seconds"] for p in trained])), 1),
    )


def read(chapter: str, *, root: Path = RECORDED) -> list[Row]:
    """The recorded rows of a chapter; none where nothing was recorded.

    Raises:
        ChemxlError: the file is not a list of rows.
    """
    path = root / f"{chapter}.json"
    if not path.exists():
        return []
    try:
        return [Row(**fields) for fields in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError) as error:
        raise ChemxlError(f"{path} is no list of rows: write it with `chemxl record {chapter}` ({error})") from error


def write(chapter: str, rows: Sequence[Row], *, root: Path = RECORDED) -> Path:
    """Write a chapter's rows beside and rename."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / f"{chapter}.json"
    write_json(path, [r.model_dump() for r in rows])
    return path
