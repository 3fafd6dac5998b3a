"""An experiment is a value: a frozen model that says everything its result depends on.

``run()`` computes it once and then reads the cache, which is keyed by the configuration, by a digest of the
source that the experiment runs through, and by a digest of its data (execution and caching: exca).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, TypeVar, cast

import exca
import numpy as np
import pydantic
import torch
from filelock import BaseFileLock, FileLock

from chemxl.errors import ChemxlError
from chemxl.experiments import processes
from chemxl.experiments.digests import sha256, source_digest
from chemxl.experiments.provenance import provenance
from chemxl.files import replaced

Other = TypeVar("Other", bound="Value")


class Value(pydantic.BaseModel):
    """A frozen part of a configuration; an unknown setting is an error.

    A field of a base class takes a value of any class that is derived from it, and keeps it as it is.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", polymorphic_serialization=True)

    def config(self) -> dict[str, Any]:
        """The configuration as plain data, with the class's name, without settings of how to execute it."""
        fields = {name: _plain(getattr(self, name)) for name in type(self).model_fields if name != "infra"}
        return {"kind": type(self).__name__, **fields}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The value that a configuration describes; the module of its class must have been imported.

        What the configuration does not say is at its default, at every depth: the setting came later.

        Raises:
            ChemxlError: no class has that name, two have it, or it is no ``cls``.
            pydantic.ValidationError: the class has no such setting, or not that value of it.
        """
        made = _named(str(config.get("kind")))
        if not issubclass(made, cls):
            raise ChemxlError(f"{made.__name__} is no {cls.__name__}: give the configuration of one")
        return made(**{name: _revived(item) for name, item in config.items() if name != "kind"})

    def to(self, kind: type[Other], **changed: Any) -> Other:
        """A value of this or another class with the same fields, as far as that class has them, and those in
        ``changed``."""
        shared = type(self).model_fields.keys() & kind.model_fields.keys() - {"infra"}
        return kind(**{name: getattr(self, name) for name in shared} | changed)

    def config_hash(self) -> str:
        """Sixteen hexadecimal digits of the configuration alone, by which ``book/recorded`` is checked."""
        return sha256(json.dumps(self.config(), sort_keys=True, ensure_ascii=False))[:16]

    def __hash__(self) -> int:
        return hash(self.config_hash())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and self.config() == other.config()

    def parts(self) -> Iterator[Value]:
        """This value and every value that it holds."""
        yield self
        for name in type(self).model_fields:
            held = getattr(self, name)
            for item in held if isinstance(held, tuple) else (held,):
                if isinstance(item, Value):
                    yield from item.parts()

    def data_digest(self) -> str:
        """A digest of the files that the value reads; empty if it reads none."""
        return ""


class Experiment(Value):
    """A value with a result. Subclasses write :meth:`compute`."""

    infra: exca.TaskInfra = exca.TaskInfra(mode="retry")

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """All fields but ``infra``, which holds a path of this machine, so that a notebook may show the value."""
        return ((name, value) for name, value in super().__repr_args__() if name != "infra")

    def compute(self, folder: Path) -> dict[str, float]:
        """Do the work, write files into ``folder``, and return the metrics. Must continue from what it finds there."""
        raise NotImplementedError

    def trained(self) -> tuple[Experiment, ...]:
        """The experiments that took the time: this one, or the trainings that it evaluates."""
        return (self,)

    @infra.apply
    def _cached(self) -> dict[str, float]:
        """The metrics, computed now unless another process has computed them while this one waited."""
        folder = self.folder
        with self.lock():
            if self.finished():  # by another job while this one waited
                return self._metrics()
            if in_job() and self._version() != self.infra.version:
                raise ChemxlError(
                    f"source or data of {type(self).__name__} changed while its job was queued: run again"
                )
            write_json(folder / "experiment.json", self.config())
            began = time.perf_counter()
            metrics = self.compute(folder)
            write_json(folder / "provenance.json", provenance() | {"seconds": round(time.perf_counter() - began, 1)})
            write_json(folder / "metrics.json", metrics)  # last: says that all is there
        return metrics

    def _metrics(self) -> dict[str, float]:
        """The metrics in the cache."""
        return cast("dict[str, float]", json.loads((self.folder / "metrics.json").read_text("utf-8")))

    def run(self) -> Run:
        """The result, from the cache if it is there; two launches never compute it twice.

        It is computed here; :func:`chemxl.experiments.schedule.run_all` sends a list of values to a cluster.
        """
        main = processes.place().is_main_process
        with self.lock() if main else nullcontext():
            if not processes.broadcast(self.finished):
                if main:
                    self.infra.clear_job()  # one that is queued somewhere: it would wait for the lock
                    processes.wait()
                else:
                    self._beside()
            metrics = processes.broadcast(lambda: self._metrics() if self.finished() else self._cached())
        return Run(self, self.folder, metrics)

    def lock(self) -> BaseFileLock:
        """A lock that is held while the value is computed, by any process on any machine that sees the cache."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / ".lock", is_singleton=True)

    def _beside(self) -> None:
        """Compute the same in a copy of the folder that is thrown away: what the other processes of a launch do, since
        all of them train together."""
        with TemporaryDirectory() as copy:
            shutil.copytree(self.folder, copy, dirs_exist_ok=True)
            processes.wait()  # before the main one writes
            self.compute(Path(copy))

    def finished(self) -> bool:
        """Whether the result is in the cache."""
        return (self.folder / "metrics.json").exists()

    @property
    def folder(self) -> Path:
        """The folder of the run, with its configuration, history, metrics, weights and provenance."""
        folder = self._prepared().infra.uid_folder()
        assert folder is not None
        return folder

    def digest(self) -> str:
        """Twelve hexadecimal digits of the configuration, the source code that it runs, and its data."""
        return str(self._prepared().infra.version)

    def _prepared(self) -> Experiment:
        """The value, which knows the cache folder and its version, as do all experiments that it holds."""
        for part in self.parts():
            if isinstance(part, Experiment) and part.infra.folder is None:
                part.infra._update(folder=runs(), version=part._version())
        return self

    def _version(self) -> str:
        """A digest of the configuration, the source code and the data, for exca's cache."""
        modules = sorted({type(p).__module__ for p in self.parts()})
        digests = [*map(source_digest, modules), *(p.data_digest() for p in self.parts())]
        # The configuration, too: exca's own name of a run leaves out what a subclass adds to a field's class.
        return sha256("".join([*digests, self.config_hash()]))[:12]


@dataclass(frozen=True)
class Run:
    """A finished experiment with its folder and metrics."""

    experiment: Experiment
    folder: Path = field(repr=False)
    metrics: dict[str, float]

    def history(self) -> list[dict[str, float]]:
        """The rows of the history, one for each training step or evaluation, as written while it ran."""
        path = self.folder / "history.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def provenance(self) -> dict[str, Any]:
        """Commit, versions, hardware, date and seconds of this run."""
        return cast("dict[str, Any]", json.loads((self.folder / "provenance.json").read_text("utf-8")))


def project() -> Path | None:
    """The nearest folder above the working directory, or itself, that holds a ``_config.yml``; None if there is
    none."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "_config.yml").exists()), None)


def runs() -> Path:
    """The cache folder: ``CHEMXL_RUNS``, or else ``.runs`` in the project's folder or in the working directory."""
    given = os.environ.get("CHEMXL_RUNS")
    return Path(given).resolve() if given else (project() or Path.cwd()) / ".runs"


def in_job() -> bool:
    """Whether this process is a job that :func:`chemxl.experiments.schedule.run_all` sent."""
    return "SUBMITIT_EXECUTOR" in os.environ


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and torch, ask torch for deterministic kernels, and return a generator of this seed."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Filling fresh memory costs 7 % of a step and only serves debugging; torch's stubs do not know the switch.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return torch.Generator().manual_seed(seed)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, which takes its place when it is whole."""
    with replaced(path) as beside:
        beside.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


def interactive() -> bool:
    """Whether a person watches: a terminal, or Jupyter with a live front end (papermill has none)."""
    return "CHEMXL_QUIET" not in os.environ and (sys.stderr.isatty() or "JPY_SESSION_NAME" in os.environ)


def _named(name: str) -> type[Value]:
    """The class of values with this name."""
    found = {f"{c.__module__}.{c.__qualname__}": c for c in _subclasses(Value) if c.__name__ == name}
    if not found:
        raise ChemxlError(f"no experiment is called {name!r}: import its chapter's module first")
    if len(found) > 1:  # of one that a notebook's cell defines again, the last is taken
        raise ChemxlError(f"several classes are called {name}: {' and '.join(sorted(found))}; rename all but one")
    return next(iter(found.values()))


def _subclasses(base: type[Value]) -> Iterator[type[Value]]:
    """All classes derived from a class."""
    for derived in base.__subclasses__():
        yield derived
        yield from _subclasses(derived)


def _revived(item: Any) -> Any:
    """Values again, from plain data."""
    if isinstance(item, dict) and "kind" in item:
        return Value.from_config(item)
    return tuple(_revived(part) for part in item) if isinstance(item, list) else item


def _plain(value: Any) -> Any:
    """Plain data, from values."""
    if isinstance(value, Value):
        return value.config()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
