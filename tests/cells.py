"""Cheap values that log when they begin and end, for tests of grids. Jobs import this module by its name."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import torch

from chemxl.experiments.experiment import Experiment, seed_everything


def note(text: str) -> None:
    """Append a line to the file that ``CELLS_LOG`` names; it is no part of a configuration."""
    job = "{SLURM_ARRAY_JOB_ID}_{SLURM_ARRAY_TASK_ID}" if "SLURM_ARRAY_JOB_ID" in os.environ else "-"
    with Path(os.environ["CELLS_LOG"]).open("a") as file:
        file.write(f"{text} {job.format_map(os.environ)} {os.getpid()}\n")


def noted(word: str) -> Counter[str]:
    """How often each value has logged a word."""
    lines = [line.split() for line in Path(os.environ["CELLS_LOG"]).read_text("utf-8").splitlines()]
    return Counter(line[1] for line in lines if line[0] == word)


class Source(Experiment):
    """What cells share."""

    number: int = 0

    def compute(self, folder: Path) -> dict[str, float]:
        note(f"begin source{self.number}")
        return {"drawn": float(torch.rand((), generator=seed_everything(self.number)))}


class Cell(Experiment):
    """Waits, after its first of two steps, for the file that ``CELLS_GO`` names, where it names one."""

    start: Source | None = None
    number: int = 0
    broken: bool = False

    def compute(self, folder: Path) -> dict[str, float]:
        note(f"begin cell{self.number}")
        if self.broken:
            raise ValueError(f"cell {self.number} is broken")
        before = self.start.run().metrics["drawn"] if self.start else 0.0
        (folder / "step").write_text("1")
        while (go := os.environ.get("CELLS_GO")) and not Path(go).exists():
            time.sleep(0.05)
        note(f"end cell{self.number}")
        return {"cell": before + float(torch.rand((), generator=seed_everything(self.number)))}


class Mean(Experiment):
    """Holds a cell, which holds a source."""

    of: Cell

    def compute(self, folder: Path) -> dict[str, float]:
        return {"mean": self.of.run().metrics["cell"] / 2}
