"""A grid on a real Slurm: jobs, the call that waits for them and the node's daemon are killed; the results stay."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chemxl.errors import ChemxlError
from chemxl.experiments import jobs
from chemxl.experiments.experiment import Experiment
from chemxl.experiments.schedule import run_all
from tests.cells import Cell, Mean, Source, noted
from tests.experiments.one_node import Node, NoSlurm, one_node, until


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with ExitStack() as stack:
        try:
            started = stack.enter_context(one_node())
        except NoSlurm as reason:
            pytest.skip(f"no Slurm here: {reason}")
        yield started


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "cells.log"
    path.touch()
    monkeypatch.setenv("CELLS_LOG", str(path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # jobs import tests.cells
    yield path
    (tmp_path / "go").touch()  # so that nothing waits for ever, whatever failed


def values() -> list[Experiment]:
    cells = [Cell(number=n, start=Source()) for n in range(4)]
    return [*cells, Mean(of=cells[0])]


@contextmanager
def calling() -> Iterator[multiprocessing.process.BaseProcess]:
    """A call of ``run_all`` in a process of its own, killed in the end if it still runs."""
    process = multiprocessing.get_context("fork").Process(target=run_all, args=(values(),))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def begun(log: Path) -> list[tuple[str, str, int]]:
    """Name of the value, number of the job and of the process, in the order in which cells began."""
    lines = [line.split() for line in log.read_text("utf-8").splitlines()]
    return [(name, job, int(pid)) for word, name, job, pid in lines if word == "begin" and name.startswith("cell")]


def test_killed_jobs_call_and_node(
    node: Node, log: Path, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inline = [run.metrics for run in run_all(values())]
    log.write_text("")
    monkeypatch.setenv("CHEMXL_RUNS", str(runs / "slurm"))
    monkeypatch.setenv("CELLS_GO", str(tmp_path / "go"))  # until then, no cell ends
    monkeypatch.setenv("CHEMXL_CLUSTER", "slurm")
    with calling():
        assert until(lambda: len(begun(log)) == 2, 120), "two processors: two cells run"
        (killed, _, pid), (cancelled, job, other) = begun(log)
        os.kill(pid, signal.SIGKILL)
        subprocess.run(["scancel", job], check=True)
        # Here that ends the job's shell alone. A cluster has control groups, which end what is below it, too.
        assert until(lambda: job not in (jobs.queue("slurm") or ()), 30)
        os.kill(other, signal.SIGKILL)
        assert until(lambda: len(begun(log)) == 4, 120), "two others run"
    node.kill("slurmd")
    with calling() as call:
        (tmp_path / "go").touch()  # the two cells end while their node is silent
        assert until(lambda: noted("end").total() >= 2, 60)
        node.start("slurmd", "-D")
        call.join(180)
        assert call.exitcode == 0
    assert noted("begin") == {"source0": 1, **{f"cell{n}": 1 for n in range(4)}, killed: 2, cancelled: 2}
    assert set(noted("end").values()) == {1}
    monkeypatch.delenv("CHEMXL_CLUSTER")
    assert [run.metrics for run in run_all(values())] == inline
    assert noted("begin").total() == 7, "read, not computed"


def test_a_refused_request_and_a_failing_job(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEMXL_CLUSTER", "slurm")
    monkeypatch.setenv("CHEMXL_JOBS", '{"slurm_partition": "nowhere"}')
    with pytest.raises(ChemxlError, match=r"Slurm refuses the jobs: .*Invalid partition"):
        run_all([Cell()])
    monkeypatch.delenv("CHEMXL_JOBS")
    with pytest.raises(ChemxlError, match="cell 1 is broken"):
        run_all([Cell(number=1, broken=True)])
    assert noted("begin") == {"cell1": 1}
    assert until(lambda: jobs.queue("slurm") == set(), 30)
