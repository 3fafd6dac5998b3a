"""A grid of small trainings as local processes and as a Slurm job array, beside the same list in one process.

Every job starts Python and imports torch, which takes longer than one of these trainings: what is measured is what a
job costs. The Slurm is the tests' own, of one node; where it cannot be had, its row is missing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import Row
from chemxl.corpora.corpus import Corpus
from chemxl.experiments.provenance import hardware
from chemxl.experiments.schedule import run_all
from chemxl.models.training import Training
from chemxl.ner import FineTune
from tests.experiments.one_node import NoSlurm, one_node


def run(*, cells: int = 8, slurm: bool = True) -> Iterator[Row]:
    """Cells per hour, each way; ``agree`` is the share of cells with the very same metrics.

    Args:
        slurm: with the row of the one-node Slurm.
    """
    alone, expected = _timed(cells, "")
    yield _row("local processes", cells, alone, expected, *_timed(cells, "local"))
    if slurm:
        try:
            with one_node():
                yield _row("one-node Slurm", cells, alone, expected, *_timed(cells, "slurm"))
        except NoSlurm as reason:
            print(f"no row for Slurm: {reason}", file=sys.stderr)


def _timed(cells: int, cluster: str) -> tuple[float, list[dict[str, float]]]:
    """Seconds, and every cell's metrics."""
    corpora = (Corpus(name="mini", split="train"),)
    values = [FineTune(train=corpora, training=Training(epochs=1), seed=seed) for seed in range(cells)]
    with tempfile.TemporaryDirectory() as folder, _environment(CHEMXL_RUNS=folder, CHEMXL_CLUSTER=cluster):
        began = time.perf_counter()
        found = [run.metrics for run in run_all(values)]
        return time.perf_counter() - began, found


def _row(
    name: str, cells: int, alone: float, expected: list[dict[str, float]], took: float, found: list[dict[str, float]]
) -> Row:
    agree = sum(a == b for a, b in zip(expected, found, strict=True)) / cells
    title = f"a grid of {cells} small trainings: {name}"
    ours, theirs = 3600 * cells / took, 3600 * cells / alone
    return Row(title, "one process", "cells/hour", ours, theirs, ours / theirs, None, None, agree, hardware())


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    root = str(Path(__file__).parents[1])
    os.environ.update(variables, PYTHONPATH=root)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
