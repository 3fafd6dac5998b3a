"""The one training loop: batches of similar length under a token budget, bf16, resume, history.

A run that is killed at any moment and started again ends in the same weights as one that was never killed.

Several processes, started with ``accelerate launch``, share every batch (:mod:`chemxl.experiments.processes`) and
end in the weights of one process, up to rounding. Only dropout differs: each process draws its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from pydantic import Field
from torch import nn
from tqdm import tqdm

from chemxl.experiments import processes
from chemxl.experiments.checkpoints import State
from chemxl.experiments.experiment import Value, interactive, seed_everything

_POOL = 64  # batches whose members are sorted by length together: little padding, yet a new mixture every epoch
IGNORED = -100  # a label that nothing is learnt from

Batch = Mapping[str, torch.Tensor]
Evaluate = Callable[[], dict[str, float]]


class Training(Value):
    """How to train; every setting changes the result.

    Args:
        steps: how many there are, as many passes over the examples as they take; 0: as many as ``epochs`` have.
        tokens: budget of a batch, padding counted; several processes share it.
        head_rate: learning rate of parameters whose name holds ``head``, which begin at random.
        patience: epochs without a better evaluation before it stops and takes the best weights; 0 trains to the end.
        precision: ``auto`` is bf16 autocast where the processor or GPU computes in it.
    """

    epochs: int = Field(default=5, ge=1)
    steps: int = Field(default=0, ge=0)
    tokens: int = Field(default=1024, ge=1)
    rate: float = Field(default=1e-4, gt=0)
    head_rate: float = Field(default=1e-3, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    decay: Literal["linear", "polynomial"] = "linear"
    power: float = 2.0
    weight_decay: float = 0.01
    clip: float = 1.0
    patience: int = Field(default=0, ge=0)
    precision: Literal["auto", "bf16", "fp32"] = "auto"


class Task(Protocol):
    """What the training loop takes: examples of known length, a collator, and a module that returns the loss of a
    batch.

    For several processes the loss must be a mean over the batch's ``labels`` that are not ``IGNORED``. A model with
    more terms returns each of them by the name of the tensor whose labels it is a mean over; their sum is the loss.
    """

    @property
    def model(self) -> nn.Module:
        """The network to train."""

    @property
    def lengths(self) -> Sequence[int]:
        """The length of every example in tokens."""

    def collate(self, indices: Sequence[int]) -> Batch:
        """The tensors of a batch, as keyword arguments of ``model``; random choices use torch's own generator.

        For several processes see :func:`chemxl.experiments.processes.shard`.
        """


def token_batches(lengths: Sequence[int], *, tokens: int, generator: torch.Generator | None = None) -> list[list[int]]:
    """Indices of examples, in batches of similar length whose padded size stays within a budget.

    Args:
        generator: draws the order; without it, batches go from long to short, as for prediction.
    """
    order = list(range(len(lengths)))
    if generator is None:
        return _fill(sorted(order, key=lambda i: (-lengths[i], i)), lengths, tokens)
    order = torch.randperm(len(order), generator=generator).tolist()
    mean = max(1.0, sum(lengths) / max(1, len(lengths)))
    pool = max(1, int(_POOL * tokens / mean))
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        batches += _fill(sorted(order[start : start + pool], key=lambda i: -lengths[i]), lengths, tokens)
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def _fill(order: Sequence[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Batches of examples in their order, each filled up to the budget."""
    batches: list[list[int]] = []
    longest = 0
    for i in order:
        longest = max(longest, lengths[i])
        if not batches or (len(batches[-1]) + 1) * longest > tokens:
            batches.append([])
            longest = lengths[i]
        batches[-1].append(i)
    return batches


def bf16_pays(device: torch.device) -> bool:
    """Whether the processor (AMX or AVX-512 bf16) or the GPU computes faster in bf16 than in float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capability = torch.backends.cpu.get_cpu_capability()
    return capability == "AMX" or bool(torch.cpu._is_avx512_bf16_supported())


def accelerator(precision: str = "auto") -> Accelerator:
    """The device and the precision of this process."""
    bf16 = precision == "bf16" or (precision == "auto" and bf16_pays(processes.place().device))
    AcceleratorState._reset_state()  # one process may hold runs of both precisions
    return Accelerator(mixed_precision="bf16" if bf16 else "no")


def schedule(settings: Training, step: int, total: int) -> float:
    """The factor of the learning rate at a step: linear warm-up, then linear or polynomial decay to 0."""
    warm = int(settings.warmup * total)
    if step < warm:
        return (step + 1) / warm
    left = (total - step) / max(1, total - warm)
    return left if settings.decay == "linear" else left**settings.power


def optimiser(model: nn.Module, settings: Training) -> torch.optim.AdamW:
    """AdamW with a separate rate for heads; biases, norms and embeddings do not decay."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    embedded = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decays = parameter.ndim > 1 and id(parameter) not in embedded
            groups.setdefault(("head" in name, decays), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": settings.head_rate if head else settings.rate,
                "initial_lr": settings.head_rate if head else settings.rate,
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for (head, decays), parameters in groups.items()
        ],
        fused=True,
    )


def fit(
    task: Task,
    *,
    settings: Training,
    seed: int,
    folder: Path,
    evaluate: Evaluate | None = None,
    every: int = 0,
    checkpoint_seconds: float = 60.0,
    label: str = "training",
) -> None:
    """Train ``task.model`` in place; continue from the folder's checkpoint where there is one.

    Args:
        folder: gets ``history.jsonl`` and, while it runs, the checkpoint; of several processes, the main one's counts.
        evaluate: called after every epoch, in the main process; its ``score`` decides about early stopping.
        every: steps after which it is called, too, and once before the first.
    """
    engine = accelerator(settings.precision)
    seed_everything(seed)
    plan = _plan(task, settings, seed)
    stops = _stops([epoch for epoch, _ in plan], every) if evaluate is not None else []
    model = task.model.to(engine.device)
    optimizer = optimiser(model, settings)
    state = State(folder, model, optimizer)
    state.resume()
    judge = partial(_judged, state, stops, evaluate, settings.patience)
    done = bool(plan) and judge(plan[max(0, state.step - 1)][0])  # before all, or killed before an evaluation
    left = [] if done else plan[state.step :]
    shown = interactive() and engine.is_main_process
    bar = tqdm(left, label, len(plan), initial=state.step, unit="step", disable=not shown, leave=False)
    saved = time.monotonic()
    for epoch, batch in bar:
        rate = schedule(settings, state.step, len(plan))
        loss = _step(engine, model, optimizer, _collated(task, batch, seed, state.step), settings.clip, rate)
        state.step += 1
        state.record({"epoch": epoch, "loss": loss, "tokens": sum(task.lengths[j] for j in batch)})
        bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
        if time.monotonic() - saved >= checkpoint_seconds:
            state.save()
            saved = time.monotonic()
        if judge(epoch):
            break
    bar.close()
    state.finish(best=settings.patience > 0)


def _judged(state: State, stops: Sequence[int], evaluate: Evaluate | None, patience: int, epoch: int) -> bool:
    """Evaluate if it is due; returns whether to stop."""
    if evaluate is not None and stops[state.evaluated : state.evaluated + 1] == [state.step]:
        state.judge(processes.broadcast(evaluate), epoch, keep=patience > 0)
        state.save()
    return state.stale >= patience > 0


def _stops(epochs: Sequence[int], every: int) -> list[int]:
    """The steps after which to evaluate: the last of each epoch; with ``every``, 0 and its multiples."""
    last = {step for step, epoch in enumerate(epochs, 1) if epochs[step : step + 1] != [epoch]}
    return sorted(last | set(range(0, len(epochs), every) if every else ()))


def _plan(task: Task, settings: Training, seed: int) -> list[tuple[int, list[int]]]:
    """The batch of every step, and its epoch."""
    plan: list[tuple[int, list[int]]] = []
    for epoch in count() if settings.steps else range(settings.epochs):
        plan += [(epoch, batch) for batch in _epoch(task, settings, seed, epoch)]
        if not plan or len(plan) >= settings.steps > 0:
            break
    return plan[: settings.steps or None]


def _epoch(task: Task, settings: Training, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return token_batches(task.lengths, tokens=settings.tokens, generator=generator)


def _collated(task: Task, indices: Sequence[int], seed: int, step: int) -> Batch:
    """The tensors of a batch. Its random draws depend on seed and step alone, so that all processes draw alike.
    Dropout's stream then goes on as if nothing had been drawn; with several processes it begins anew at each step,
    differently in each."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_mixed(seed, step))
        batch = task.collate(indices)
    if processes.place().num_processes > 1:
        torch.manual_seed(_mixed(seed, step, 1 + processes.place().process_index))
    return batch


def _mixed(*numbers: int) -> int:
    """One seed made of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


def _step(
    engine: Accelerator, model: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, clip: float, factor: float
) -> float:
    """Do one step of training, and return the loss."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor
    model.train()
    loss = _loss(engine, model, batch)
    engine.backward(loss)
    loss = processes.all_reduce([p for p in model.parameters() if p.requires_grad], loss)
    engine.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss)


def _loss(engine: Accelerator, model: nn.Module, batch: Batch) -> torch.Tensor:
    """The loss of a batch, (); with several processes, the part that this one's rows add."""
    if engine.num_processes == 1:
        return torch.stack([*_terms(engine, model, batch).values()]).sum()
    part = processes.shard(batch, engine.process_index, engine.num_processes)
    loss = torch.zeros((), device=engine.device, requires_grad=True)
    terms = _terms(engine, model, part) if len(part["labels"]) else {}
    for name, term in terms.items():
        if here := _labelled(part[name]):  # a mean over no label is not a number
            loss = loss + term * (here / _labelled(batch[name]))
    return loss


def _terms(engine: Accelerator, model: nn.Module, batch: Batch) -> Mapping[str, torch.Tensor]:
    """The terms of the loss, by the names of their labels."""
    with engine.autocast():
        made = model(**{name: tensor.to(engine.device) for name, tensor in batch.items()})
    return made if isinstance(made, Mapping) else {"labels": made}


def _labelled(labels: torch.Tensor) -> int:
    """The number of labels that count."""
    return int((labels != IGNORED).sum())
