"""Counts by document of recorded experiments, ``book/recorded/CHAPTER.counts.npz``.

From them intervals and tests of F1 can be computed again by anyone, without a corpus and without a training; and what
is recorded later, on another machine, can be compared with them.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from chemxl.evaluation.metrics import Counts
from chemxl.experiments.experiment import Experiment
from chemxl.files import replaced

ByHash = Mapping[str, Counts]  # of the experiments' configurations
_TYPES = ".types"  # behind the hash, the name of the list of types
_given: ContextVar[ByHash] = ContextVar("recorded counts", default=MappingProxyType({}))


@contextmanager
def given(recorded: ByHash) -> Iterator[None]:
    """Inside, :func:`of` takes recorded counts."""
    before = _given.set(recorded)
    try:
        yield
    finally:
        _given.reset(before)


def of(value: Any) -> Counts:
    """An experiment's counts: those that are given for its configuration, or else its own.

    What only wraps an experiment counts in a way of its own.
    """
    recorded = _given.get() if isinstance(value, Experiment) else None
    found = recorded.get(value.config_hash()) if recorded else None
    return found or value.counts()


def read(path: Path) -> dict[str, Counts]:
    """The counts in a file; none if it is not there.

    Raises:
        ValueError: it is not as :func:`write` makes it.
    """
    if not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as file:
            hashes = [name for name in file.files if not name.endswith(_TYPES)]
            found = {name: Counts(tuple(map(str, file[name + _TYPES])), file[name]) for name in hashes}
    except (AttributeError, EOFError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(repr(error)) from error
    for name, one in found.items():
        if one.values.shape[1:] != (len(one.types), 3):
            raise ValueError(f"{path}: {name} has counts of the shape {one.values.shape}")
    return found


def write(path: Path, recorded: ByHash) -> None:
    """Write counts, the same bytes for the same counts; the file takes its place when it is whole. No counts, no
    file."""
    arrays = dict[str, np.ndarray]()
    for name, one in sorted(recorded.items()):
        arrays |= {name: one.values.astype(np.int32), name + _TYPES: np.array(one.types, dtype=np.str_)}
    if not arrays:
        path.unlink(missing_ok=True)
        return
    with replaced(path) as beside, beside.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # its stub takes names for its own options
