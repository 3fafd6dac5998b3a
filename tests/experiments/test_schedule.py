"""A list of values gives the same wherever it is computed, whatever dies, and nothing finished is computed again."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import platform
import random
import re
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from chemxl.errors import ChemxlError
from chemxl.experiments import jobs, schedule
from chemxl.experiments.experiment import Experiment
from chemxl.experiments.schedule import overview, run_all
from tests.cells import Cell, Mean, Source, noted

processes = pytest.mark.skipif(platform.system() == "Windows", reason="submitit")


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cells.log"
    path.touch()
    monkeypatch.setenv("CELLS_LOG", str(path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # jobs import tests.cells
    return path


def cells(number: int) -> list[Cell]:
    return [Cell(number=n, start=Source(number=n % 2)) for n in range(number)]


def shown(values: Sequence[Experiment]) -> dict[str, tuple[str, ...]]:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(overview(values))
    rows = [re.split(r"\s{2,}", line.strip()) for line in console.export_text().splitlines() if line.strip()]
    assert rows[0] == list(schedule.STATES)
    return {kind: tuple(counts) for kind, *counts in rows[1:]}


def test_inline_keeps_the_order_and_computes_repeats_once() -> None:
    values = [Cell(number=n) for n in (3, 1, 3, 2)]
    found = run_all(values)
    assert [run.experiment for run in found] == values
    assert found[0].metrics == found[2].metrics != found[1].metrics
    assert set(noted("end").values()) == {1}


def test_shared_parts_are_jobs_before_their_holders() -> None:
    a, b, source = Cell(number=1, start=Source()), Cell(number=2, start=Source()), Source()
    assert schedule._jobs([a, b]) == [source, a, b]
    assert schedule._jobs([a]) == [a], "a part with one holder is computed in the holder's job"
    assert schedule._jobs([Mean(of=a)]) == [Mean(of=a)], "also where the holder is itself held"
    assert schedule._jobs([Mean(of=a), a]) == [a, Mean(of=a)]
    assert schedule._jobs([Mean(of=a), Mean(of=b)]) == [source, Mean(of=a), Mean(of=b)]
    source.run()
    assert schedule._jobs([a, b]) == [a, b]
    a.run()
    assert schedule._jobs([Mean(of=a), a, b]) == [Mean(of=a), b]


def test_the_overview_counts() -> None:
    values = [*cells(4), Mean(of=Cell(number=9))]
    values[0].run()
    with values[1].lock():
        context = multiprocessing.get_context("fork")
        with context.Pool(1) as pool:  # the lock is another process's
            found = pool.apply(shown, (values,))
    assert found == {"Source": ("·", "·", "1", "·"), "Cell": ("1", "1", "2", "·"), "Mean": ("·", "·", "1", "·")}
    assert not values[2].folder.exists(), "looking leaves nothing"


def ended(screen: int) -> bytes:
    """All that was written to a terminal that is closed; one read may give a part of it."""
    shown = b""
    with suppress(OSError):  # Linux's end of a closed terminal; elsewhere it is an empty read
        while part := os.read(screen, 100_000):
            shown += part
    os.close(screen)
    return shown


def test_a_terminal_shows_the_table_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pty = pytest.importorskip("pty", reason="terminals of Unix")
    monkeypatch.delenv("CHEMXL_QUIET", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    screen, keyboard = pty.openpty()
    with os.fdopen(keyboard, "w") as terminal, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal)
        run_all([Cell()])
    shown = ended(screen).decode()
    erase = "\x1b[2K"
    *drawn, left = shown.split(erase)
    assert "Cell" in shown and all(state in shown for state in schedule.STATES)
    assert len(drawn) >= 3 and not re.search(r"\w{3}", re.sub(r"\x1b\S*", "", left)), "the last lines are erased"


def test_jupyter_shows_the_table_and_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: list[object] = []

    class Handle:
        def display(self, table: object) -> None:
            outputs.append(table)

        def update(self, table: object, raw: bool = False) -> None:
            outputs.append(table)

    monkeypatch.setattr(schedule.display, "DisplayHandle", Handle)
    monkeypatch.delenv("CHEMXL_QUIET", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook")
    run_all([Cell()])
    assert [type(output) for output in outputs] == [Table, Table, dict] and outputs[-1] == {}
    monkeypatch.setenv("CHEMXL_QUIET", "1")
    run_all([Cell(number=1)])
    assert len(outputs) == 3


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CHEMXL_CLUSTER", "slrum", "CHEMXL_CLUSTER is 'slrum': unset it, or set it to local or slurm"),
        ("CHEMXL_CLUSTER", "slurm", "sbatch and squeue are not here"),
        ("CHEMXL_JOBS", '{"partition": "gpu"}', "partition: Extra inputs are not permitted. Known settings: .*mem_gb"),
        ("CHEMXL_JOBS", '{"timeout_min": "long"}', "timeout_min: Input should be a valid integer"),
        ("CHEMXL_JOBS", "{gpu}", "CHEMXL_JOBS: Invalid JSON"),
    ],
)
def test_a_wrong_setting_is_an_error(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, message: str) -> None:
    monkeypatch.setenv("CHEMXL_CLUSTER", "local")
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ChemxlError, match=message):
        run_all([Cell()])
    assert not noted("begin")


def test_what_a_job_asks_for_reaches_exca(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"slurm_partition": "gpu", "mem_gb": 8, "slurm_additional_parameters": {"nice": 10}, "timeout_min": 60}
    monkeypatch.setenv("CHEMXL_JOBS", json.dumps(asked))
    value = Cell(start=Source())
    there = jobs._elsewhere(value, jobs.Resources.given().infra("slurm"))
    assert {name: getattr(there.infra, name) for name in asked} == asked
    assert there.infra.cluster == "slurm" and there.folder == value.folder and there.digest() == value.digest()
    assert there.start is value.start and there.start.infra.cluster is None, "a part is computed in its holder's job"
    fields = type(there.infra).model_fields
    assert set(jobs.Resources.model_fields) - {"max_workers"} <= set(fields)


@processes
def test_local_jobs_share_parts_and_one_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch, runs: Path) -> None:
    monkeypatch.setenv("CHEMXL_CLUSTER", "local")
    monkeypatch.setenv("CHEMXL_JOBS", '{"max_workers": 2}')
    good = [Cell(number=n, start=Source(number=5)) for n in (1, 2)]
    bad = Cell(number=3, broken=True)
    with pytest.raises(ChemxlError, match=r"2 of 5 jobs failed(.|\n)*cell 3 is broken"):
        run_all([bad, Mean(of=bad), *good])
    assert all(value.finished() for value in good)
    assert noted("begin") == {"source5": 1, "cell1": 1, "cell2": 1, "cell3": 1}
    monkeypatch.delenv("CHEMXL_CLUSTER")
    monkeypatch.setenv("CHEMXL_RUNS", str(runs / "inline"))
    inline = [Cell(number=n, start=Source(number=5)).run().metrics for n in (1, 2)]
    assert [value.run().metrics for value in good] == inline


@processes
def test_a_job_whose_source_has_changed_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    value = jobs._elsewhere(Cell(number=1), jobs.Resources().infra("local"))
    value.infra._update(version="0123456789ab")
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "local")
    with pytest.raises(ChemxlError, match="changed while its job was queued"):
        value.infra._run_method()
    assert not noted("begin")


def test_a_job_that_was_sent_twice_reads_what_the_other_computed() -> None:
    value = jobs._elsewhere(Cell(number=1), jobs.Resources().infra("local"))
    assert value.infra._run_method() == value.infra._run_method() == Cell(number=1).run().metrics
    assert noted("begin") == {"cell1": 1}


def _grid() -> None:
    os.setpgid(0, 0)
    run_all(cells(4))


def _lines_more(number: int, process: multiprocessing.process.BaseProcess) -> None:
    log = Path(os.environ["CELLS_LOG"])
    wanted = len(log.read_text().splitlines()) + number
    while process.is_alive() and len(log.read_text().splitlines()) < wanted:
        time.sleep(0.02)


@processes
def test_a_grid_killed_ten_times_computes_nothing_twice(monkeypatch: pytest.MonkeyPatch, runs: Path) -> None:
    inline = [run.metrics for run in run_all(cells(4))]
    monkeypatch.setenv("CHEMXL_RUNS", str(runs / "killed"))
    monkeypatch.setenv("CHEMXL_CLUSTER", "local")
    monkeypatch.setenv("CHEMXL_JOBS", '{"max_workers": 2}')
    Path(os.environ["CELLS_LOG"]).write_text("")
    chance, groups = random.Random(), []
    begun: dict[str, int] = {}  # how often, when a value was first seen to be finished
    for attempt in range(11):
        process = multiprocessing.get_context("fork").Process(target=_grid)
        process.start()
        with suppress(OSError):  # the child does the same: whoever comes first
            os.setpgid(process.pid, process.pid)
        groups.append(process.pid)
        if attempt < 10:
            _lines_more(chance.choice([0, 0, 1, 2]), process)
            time.sleep(chance.uniform(0, 0.5))
            with suppress(ProcessLookupError):  # it was faster
                # With its jobs, or alone: then they go on unseen.
                chance.choice([os.killpg, os.kill])(process.pid, signal.SIGKILL)
        process.join()
        for value in {part for cell in cells(4) for part in cell.parts() if part.finished()}:
            name = f"{type(value).__name__.lower()}{value.number}"
            begun.setdefault(name, noted("begin")[name])
    for group in groups:  # a job that came too late for anything
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    assert process.exitcode == 0 and begun == noted("begin") and len(begun) == 6
    monkeypatch.delenv("CHEMXL_CLUSTER")
    assert [run.metrics for run in run_all(cells(4))] == inline and begun == noted("begin")
