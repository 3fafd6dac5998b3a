"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# Before anything imports the hub's client: no test asks the network.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
import torch
from hypothesis import HealthCheck, settings

from chemxl import corpora
from chemxl.experiments import checkpoints
from chemxl.experiments.experiment import Experiment
from chemxl.models import training

torch.set_num_threads(1)
settings.register_profile("chemxl", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
settings.load_profile("chemxl")

# What takes longest starts first: a run in several processes is over when its last file is.
SLOWEST = (
    "test_whole_book.py",
    "active/test_experiments.py",
    "experiments/test_slurm.py",
    "own/test_walk.py",
    "test_benchmarks.py",
    "corpora/test_counts_all.py",
    "corpora/test_counts.py",
    "corpora/test_fuzz.py",
    "test_book.py",
    "models/test_training_processes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files of ``SLOWEST`` in their order, then all others in theirs; ``make test`` keeps xdist to it."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(autouse=True)
def runs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own: nothing is read from or written to the user's ``.runs``."""
    folder = tmp_path_factory.mktemp("runs")
    monkeypatch.setenv("CHEMXL_RUNS", str(folder))
    monkeypatch.delenv("CHEMXL_CLUSTER", raising=False)
    return folder


@pytest.fixture(autouse=True)
def untouched_generator() -> Iterator[None]:
    """What a test seeds or asks of torch ends with it."""
    state, strict = torch.get_rng_state(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_rng_state(state)
    torch.use_deterministic_algorithms(strict)


@pytest.fixture
def die_at() -> Callable[[int], None]:
    """``die_at(n)``, in a forked process: every step writes a checkpoint, and the n-th one begun kills."""

    def prepared(kill_at: int) -> None:
        clock = iter(range(0, 1_000_000, 100))
        training.time = type("Clock", (), {"monotonic": staticmethod(lambda: next(clock))})  # type: ignore[assignment]
        step, done = training._step, iter(range(1, 1_000))

        def dying(*args: Any) -> float:
            if next(done) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args)

        training._step = dying

    return prepared


@pytest.fixture
def killed_at(die_at: Callable[[int], None]) -> Callable[[int, Callable[[], object]], bool]:
    """``killed_at(n, run)``: run in a forked process that dies when its n-th step begins; whether it came to that."""
    if not hasattr(os, "fork") or torch.cuda.is_available():
        pytest.skip("forks after torch began")

    def forked(step: int, run: Callable[[], object]) -> bool:
        pid = os.fork()
        if pid == 0:
            die_at(step)
            run()
            os._exit(0)
        return os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    return forked


@pytest.fixture
def killed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: Callable[..., bool]
) -> Callable[[Callable[[], Experiment], Sequence[str]], None]:
    """``killed_twice(value, files)``: an experiment that dies in two steps, one after the other, and is run
    again ends in the same files as one that does not."""

    def compared(value: Callable[[], Experiment], files: Sequence[str]) -> None:
        whole = value().run().folder
        monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / "broken"))
        for step in (2, 3):
            assert killed_at(step, value().run)
            assert (value().folder / checkpoints.CHECKPOINT).exists()
            assert not value().finished()
        broken = value().run().folder
        tensors = [sorted(path.name for path in folder.glob("*.safetensors")) for folder in (whole, broken)]
        assert tensors[0] == tensors[1]
        for name in files:
            assert (whole / name).read_bytes() == (broken / name).read_bytes(), name

    return compared


@pytest.fixture
def real() -> Callable[[str], str]:
    """``real("bc5cdr")`` gives the name back, or skips where the corpus is not under ``CHEMXL_DATA``."""

    def named(name: str) -> str:
        if not corpora.available(name):
            pytest.skip(f"the corpus {name} is not on this machine: set CHEMXL_DATA")
        return name

    return named
