"""Trains one network in one process and in several, killed and not. Started by test_training_processes.py.

Usage: together.py FOLDER. Imports once and forks each process, since torch takes seconds to import.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn
from torch.distributed import TCPStore

from chemxl.experiments import processes
from chemxl.experiments.checkpoints import CHECKPOINT, write_tensors
from chemxl.experiments.experiment import write_json
from chemxl.models.training import IGNORED, Training, accelerator, fit, optimiser

SETTINGS = Training(epochs=8, tokens=64, rate=1e-2, patience=2, precision="fp32")
LONGEST = 60  # alone in its batch, so that only one process has a row


class Network(nn.Module):
    """Two terms; the second one's head rests where no row of a batch asks for it."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        torch.manual_seed(int(os.environ.get("RANK", 0)))  # the main process's weights must count
        self.table = nn.Embedding(30, 16)
        self.kinds = nn.Linear(4, 16)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(16, 30)
        self.head_follows = nn.Linear(16, 2)
        self.head_idle = nn.Linear(16, 2)  # no process ever uses it
        self.drawn: list[float] = []

    def forward(
        self, ids: torch.Tensor, labels: torch.Tensor, follows: torch.Tensor, kinds: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        if self.training and self.dropout.p:
            self.drawn.append(float(torch.rand(())))  # of the stream that dropout draws from
        hidden = self.dropout(self.table(ids)) + self.kinds(kinds[0]).mean(0)  # (B, T, d)
        mean = nn.functional.cross_entropy
        terms = {"labels": mean(self.head(hidden).flatten(0, 1), labels.flatten(), ignore_index=IGNORED)}
        if (follows != IGNORED).any():
            terms["follows"] = mean(self.head_follows(hidden.mean(1)), follows, ignore_index=IGNORED)
        return terms


class Task:
    """Random sequences, masked anew each time; few rows have every label. ``alive`` gets a byte before every step."""

    def __init__(self, dropout: float, alive: int | None = None) -> None:
        generator = torch.Generator().manual_seed(1)
        self.lengths = [*torch.randint(3, 20, (40,), generator=generator).tolist(), LONGEST]
        self.rows = [torch.randint(1, 30, (n,), generator=generator) for n in self.lengths]
        self.asked = torch.rand(41, generator=generator) < 0.7
        self.follows = torch.where(torch.rand(41, generator=generator) < 0.3, self.asked.long(), IGNORED)
        self.model, self.alive, self.evaluated = Network(dropout), alive, 0

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        if self.alive is not None:
            os.write(self.alive, b".")
        ids = nn.utils.rnn.pad_sequence([self.rows[i] for i in indices], batch_first=True)
        hidden = (ids > 0) & (torch.rand(ids.shape) < 0.4) & self.asked[list(indices), None]
        hidden[-1, 0] = True
        return {
            "ids": ids.masked_fill(hidden, 0),
            "labels": torch.where(hidden, ids, IGNORED),
            "follows": self.follows[list(indices)],
            "kinds": torch.rand(1, 1 + len(indices), 4),  # of the batch, and not of its rows
        }

    def evaluate(self) -> dict[str, float]:
        self.evaluated += 1
        with torch.inference_mode(), torch.random.fork_rng():
            torch.manual_seed(0)
            self.model.to(accelerator().device).eval()  # as predictors do: what is in place must stay as it is
            loss = sum(self.model(**Task.collate(Task(0.0), range(41))).values())
        return {"score": -round(float(loss), 1)}  # coarse, so that some epochs are no better


def train(folder: Path, *, dropout: float = 0.0, seconds: float = 1000.0, alive: int | None = None) -> None:
    """One life of one process, to its end if nothing kills it."""
    rank = processes.place().process_index
    task = Task(dropout, alive)
    own = folder if rank == 0 else folder / f"unused-{rank}"
    # With dropout it ends in the last weights, which each process has made, and not in the best, which all have read.
    settings = SETTINGS.model_copy(update={"patience": 0, "epochs": 5}) if dropout else SETTINGS
    fit(task, settings=settings, seed=5, folder=own, evaluate=task.evaluate, checkpoint_seconds=seconds)
    write_tensors(folder / f"end-{rank}.safetensors", task.model.state_dict(), {})
    write_json(folder / f"own-{rank}.json", {"evaluated": task.evaluated, "drawn": task.model.drawn})


def launch(count: int, work: Callable[[], None]) -> list[int]:
    """Fork processes that find one another as torchrun's do, at a port that the system chooses."""
    store = TCPStore("localhost", 0, is_master=True, wait_for_workers=False)
    children = []
    for rank in range(count):
        child = os.fork()
        if child:
            children.append(child)
            continue
        if count > 1:
            place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count}
            os.environ.update({name: str(value) for name, value in place.items()})
            os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(store.port), TORCHELASTIC_USE_AGENT_STORE="True")
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _STORES.append(store)
    return children


_STORES: list[TCPStore] = []  # open as long as their processes may live


def ended(children: Sequence[int]) -> bool:
    """Wait for all; whether they were killed.

    Raises:
        SystemExit: one failed.
    """
    statuses = [os.waitpid(child, 0)[1] for child in children]
    if any(os.WIFEXITED(status) and os.WEXITSTATUS(status) for status in statuses):
        sys.exit("a process failed")
    return any(os.WIFSIGNALED(status) for status in statuses)


def killed(count: int, steps: int, seconds: float, work: Callable[..., None]) -> bool:
    """One life that is killed, all its processes at once, after some steps; whether it was."""
    read, write = os.pipe()
    children = launch(count, lambda: work(alive=write, seconds=seconds))
    os.close(write)
    for _ in range(steps * count):
        os.read(read, 1)
    time.sleep(random.uniform(0, 0.004))  # anywhere in a step or in the writing of a checkpoint
    for child in children:
        os.kill(child, signal.SIGKILL)
    os.close(read)
    return ended(children)


def main(root: Path) -> None:
    """Print how many lives were ended."""
    torch.set_num_threads(1)
    random.seed(0)
    optimiser(Network(0.0), SETTINGS)  # imports what each child would have to import
    for count in (1, 2, 3):
        ended(launch(count, lambda count=count: train(root / f"of-{count}")))  # type: ignore[misc]
    ended(launch(2, lambda: train(root / "whole", dropout=0.3)))
    kills = 0

    def again(**settings: float) -> None:
        train(root / "broken", dropout=0.3, **settings)  # type: ignore[arg-type]

    while kills < 6 and killed(2, random.randint(2, 12), random.choice([0.0, 0.0, 0.003, 1000.0]), again):
        kills += 1
    ended(launch(2, again))
    killed(2, 9, 0.0, lambda **settings: train(root / "moved", **settings))
    if not (root / "moved" / CHECKPOINT).exists():
        sys.exit("killed before its first checkpoint")
    ended(launch(3, lambda: train(root / "moved")))
    print(kills)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
