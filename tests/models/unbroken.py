"""Trains one network twice: in one life, and in many that are killed at random. Started by test_training.py.

Usage: unbroken.py FOLDER SEED. Imports once and forks each life, since torch takes seconds to import.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from chemxl.experiments.checkpoints import write_tensors
from chemxl.models.training import Training, fit

SETTINGS = Training(epochs=6, tokens=64, rate=1e-2, patience=3, precision="fp32")


class Network(nn.Module):
    """Dropout, so that the random state counts too."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(30, 16)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(16, 3)

    def forward(self, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(self.head(self.dropout(self.table(ids)).mean(1)), labels)


class Task:
    """Random sequences; ``alive`` gets a byte before every step."""

    def __init__(self, alive: int | None = None) -> None:
        generator = torch.Generator().manual_seed(1)
        self.lengths = torch.randint(3, 20, (40,), generator=generator).tolist()
        self.rows = [torch.randint(1, 30, (n,), generator=generator) for n in self.lengths]
        self.labels = torch.randint(3, (40,), generator=generator)
        self.model, self.alive = Network(), alive

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        if self.alive is not None:
            os.write(self.alive, b".")
        ids = nn.utils.rnn.pad_sequence([self.rows[i] for i in indices], batch_first=True)
        return {"ids": ids, "labels": self.labels[list(indices)]}

    def evaluate(self) -> dict[str, float]:
        self.model.eval()
        with torch.no_grad():
            loss = self.model(**Task.collate(Task(), range(40)))
        return {"score": -round(float(loss), 1)}  # coarse, so that some epochs are no better


def live(folder: Path, seconds: float, alive: int | None = None) -> None:
    """One life, to its end if nothing kills it."""
    task = Task(alive)
    fit(task, settings=SETTINGS, seed=5, folder=folder, evaluate=task.evaluate, checkpoint_seconds=seconds)
    write_tensors(folder / "end.safetensors", task.model.state_dict(), {})


def killed(folder: Path, rng: random.Random) -> bool:
    """One life that is killed after some steps; whether it was."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        live(folder, rng.choice([0.0, 0.0, 0.003, 1000.0]), write)
        os._exit(0)
    os.close(write)
    for _ in range(rng.randint(1, 14)):
        os.read(read, 1)
    time.sleep(rng.uniform(0, 0.004))  # anywhere in a step or in the writing of a checkpoint
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(read)
    return os.WIFSIGNALED(status)


def main(root: Path, seed: int) -> None:
    """Print how many lives were ended."""
    torch.set_num_threads(1)
    rng = random.Random(seed)
    live(root / "whole", 1000.0)
    kills = 0
    while kills < 40 and killed(root / "broken", rng):
        kills += 1
    live(root / "broken", 1000.0)
    print(kills)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
