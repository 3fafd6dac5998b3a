"""The state of a training run on disk, written as a whole or not at all, without pickle."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from chemxl.errors import ChemxlError
from chemxl.experiments import processes
from chemxl.files import replaced

CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"


class State:
    """The state of a training run: one safetensors file with weights, moments, random state and counters, and a history
    in JSON lines.

    Of several processes the main one writes, and all read what is in its folder.
    """

    def __init__(self, folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.folder, self.model, self.optimizer = processes.broadcast(lambda: folder), model, optimizer
        self.writes = processes.place().is_main_process
        self.step = self.evaluated = self.stale = 0
        self.best = -math.inf
        self.rows: list[str] = []
        if self.writes:
            folder.mkdir(parents=True, exist_ok=True)

    def record(self, row: dict[str, float]) -> None:
        """Add a row to the history."""
        self.rows.append(json.dumps({"step": self.step, **row}))

    def judge(self, scores: dict[str, float], epoch: int, *, keep: bool) -> None:
        """Note the score of an evaluation, and how many evaluations have passed since the best; ``keep`` writes the
        best weights."""
        self.record({"epoch": epoch, **scores})
        self.evaluated += 1
        self.stale += 1
        if scores["score"] > self.best:
            self.best, self.stale = scores["score"], 0
            if keep and self.writes:
                write_tensors(self.folder / BEST, self.model.state_dict(), {})

    def save(self) -> None:
        """Write the checkpoint and the history."""
        if not self.writes:
            return
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        for i, group in self._moments():
            tensors |= {f"optimizer.{i}.{name}": value for name, value in group.items()}
        tensors["rng"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["rng.cuda"] = torch.cuda.get_rng_state()
        counters = {"step": self.step, "evaluated": self.evaluated, "stale": self.stale, "best": self.best}
        write_tensors(
            self.folder / CHECKPOINT, tensors, {"counters": json.dumps(counters), "history": "\n".join(self.rows)}
        )
        self._write_history()

    def resume(self) -> None:
        """Continue from the checkpoint if there is one; all processes start from the same weights.

        Raises:
            ChemxlError: processes see different folders.
        """
        if (self.folder / CHECKPOINT).exists():
            self._read(self.folder / CHECKPOINT)
        read = (self.step, self.evaluated)
        if read != processes.broadcast(lambda: read):
            raise ChemxlError("processes read different checkpoints: keep CHEMXL_RUNS in a folder that all of them see")
        processes.align(self.model)
        processes.wait()  # before anyone writes

    def _read(self, path: Path) -> None:
        """Take weights, moments, random state, counters and history from a checkpoint."""
        with safe_open(path, "pt") as file:
            meta = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        self.model.load_state_dict({n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")})
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, i, key = name.split(".")
                parameter = parameters[int(i)]
                self.optimizer.state[parameter][key] = tensor.to(parameter.device)
        torch.set_rng_state(tensors["rng"])
        if "rng.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng.cuda"])
        for name, value in json.loads(meta["counters"]).items():
            setattr(self, name, value)
        self.rows = meta["history"].splitlines()

    def finish(self, *, best: bool) -> None:
        """Write the history; with ``best``, load the weights of the best evaluation."""
        processes.wait()  # for what the main process writes
        if best and (self.folder / BEST).exists():
            with safe_open(self.folder / BEST, "pt") as file:
                self.model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        if self.writes:
            self._write_history()
        processes.wait()  # before anyone clears it away

    def _moments(self) -> Iterator[tuple[int, dict[str, torch.Tensor]]]:
        """The optimiser's moments, by the number of the parameter."""
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        for i, parameter in enumerate(parameters):
            if parameter in self.optimizer.state:
                yield i, self.optimizer.state[parameter]

    def _write_history(self) -> None:
        """Write the history as JSON lines."""
        with replaced(self.folder / "history.jsonl") as beside:
            beside.write_text("".join(f"{row}\n" for row in self.rows), "utf-8")


def clear(folder: Path) -> None:
    """Remove what only a running experiment needs, once its result is written."""
    for name in (CHECKPOINT, BEST):
        (folder / name).unlink(missing_ok=True)


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file, which takes its place when it is whole."""
    with replaced(path) as beside:
        save_file({name: t.cpu().contiguous() for name, t in tensors.items()}, beside, metadata=metadata)
