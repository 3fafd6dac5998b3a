"""Ratios against the peer that a user would pick instead, both in one process, with the same input and threads.

Every module here has ``run() -> Iterable[Row]``, a row as soon as it is measured; ``python -m benchmarks [name ...]``
runs them.
"""

from __future__ import annotations

import ctypes
import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Args:
        unit: of ``ours`` and ``theirs``; more is better, so that ``ratio`` is ours over theirs.
        ours_mib, theirs_mib: peak memory beyond what the process held before; None where it cannot be measured.
        agree: how far both give the same results, 1 for the same.
    """

    name: str
    peer: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    ours_mib: float | None
    theirs_mib: float | None
    agree: float
    hardware: str


def seconds(*tasks: Callable[[], object], repeats: int) -> list[float]:
    """The median time of each task, after one call to warm up; they take turns, so that a busy spell hits all."""
    for task in tasks:
        task()
    times: list[list[float]] = [[] for _ in tasks]
    for _ in range(repeats):
        for row, task in zip(times, tasks, strict=True):
            began = time.perf_counter()
            task()
            row.append(time.perf_counter() - began)
    return [statistics.median(row) for row in times]


def traced_mib(task: Callable[[], object]) -> float:
    """Peak of what Python and NumPy allocate while a task runs."""
    gc.collect()
    tracemalloc.start()
    try:
        task()
        return tracemalloc.get_traced_memory()[1] / _MIB
    finally:
        tracemalloc.stop()


def resident_mib(task: Callable[[], object]) -> float | None:
    """Growth of the process's resident memory at its peak, torch's own allocations counted.

    None where the peak cannot be set back, which only Linux offers (proc(5), ``clear_refs``).
    """
    if sys.platform != "linux":
        return None
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # or what an earlier task freed would be used again unseen
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    before = _status("VmRSS")
    task()
    return (_status("VmHWM") - before) / 1024


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))
