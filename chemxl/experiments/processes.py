"""The processes of one launch (``accelerate launch``), usually one: they do the same work, and the main one writes.

How many there are belongs to the launch and never to a configuration: results are equal up to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar, cast

import torch
from accelerate import PartialState, utils
from torch import nn

from chemxl.errors import ChemxlError

# The others wait while the main one evaluates, or for another launch that computes the same. One that dies is the
# launcher's to notice, not the clock's.
_PATIENCE = timedelta(days=7)

Made = TypeVar("Made")


def place() -> PartialState:
    """The number of this process in the launch and the number of processes; the first call connects them."""
    launched = "LOCAL_RANK" in os.environ
    cpu = utils.parse_flag_from_env("ACCELERATE_USE_CPU") or (launched and not torch.cuda.is_available())
    state = PartialState(cpu=cpu, timeout=_PATIENCE)
    if state.device.type == "cpu":
        state.device = torch.device("cpu")  # not cpu:1, which would have every tensor copied to where it is
    return state


def broadcast(make: Callable[[], Made]) -> Made:
    """What the main process makes, given to all processes; the others make nothing."""
    made = [make() if place().is_main_process else None]
    return cast("Made", utils.broadcast_object_list(made)[0])


def wait() -> None:
    """Wait until all processes are here."""
    place().wait_for_everyone()


def align(model: nn.Module) -> None:
    """Copy the main process's weights to all processes, in place."""
    utils.broadcast(list(model.state_dict().values()))


def shard(batch: Mapping[str, torch.Tensor], rank: int, processes: int) -> dict[str, torch.Tensor]:
    """The rows of a batch that this process reads: every n-th row, so that all shards have similar lengths.

    A tensor has either one row for each row of ``labels``, or a single one, (1, ...) or (), that is read whole.

    Raises:
        ChemxlError: a tensor has another number of rows.
    """
    if "labels" not in batch:
        raise ChemxlError("a batch without `labels` cannot be sharded: train in one")
    rows, part = len(batch["labels"]), {}
    for name, tensor in batch.items():
        whole = tensor.ndim == 0 or (len(tensor) == 1 < rows)
        if not whole and len(tensor) != rows:
            raise ChemxlError(
                f"`{name}` has {len(tensor)} rows in a batch of {rows}, so it cannot be sharded: "
                "give it one row an example, or a leading dimension of 1 where it belongs to the batch"
            )
        part[name] = tensor if whole else tensor[rank::processes].contiguous()
    return part


def all_reduce(parameters: Sequence[nn.Parameter], loss: torch.Tensor) -> torch.Tensor:
    """Replace gradients by their sum over all processes, and return that of the losses, ().

    A parameter that no process used keeps no gradient, as in one process.
    """
    if place().num_processes == 1:
        return loss.detach()
    count = len(parameters)
    used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.float32, device=loss.device)
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    sums = torch.cat([loss.detach().float()[None], used, *(g.flatten().float() for g in gradients)])
    torch.distributed.all_reduce(sums)
    parts = sums[1 + count :].split([p.numel() for p in parameters])
    for parameter, part, users in zip(parameters, parts, sums[1 : 1 + count].tolist(), strict=True):
        parameter.grad = part.view_as(parameter).to(parameter.dtype) if users else None
    return sums[0]
