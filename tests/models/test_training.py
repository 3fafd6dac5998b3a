"""The loop: batches, schedule, parity with a plain loop, early stopping, and runs that are really killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import get_linear_schedule_with_warmup, get_polynomial_decay_schedule_with_warmup

from chemxl.experiments.checkpoints import BEST, CHECKPOINT, clear
from chemxl.models import training
from chemxl.models.training import Training, fit, optimiser, schedule, token_batches

LENGTHS = st.lists(st.integers(1, 60), max_size=80)


class Network(nn.Module):
    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(30, 16)
        self.inner = nn.Linear(16, 16)
        self.norm = nn.LayerNorm(16)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(16, 3)

    def forward(self, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        hidden = self.norm(self.inner(self.table(ids))).mean(1)  # (B, d)
        return nn.functional.cross_entropy(self.head(self.dropout(hidden)), labels)


class Task:
    """Random sequences of 3 to 20 ids."""

    def __init__(self, *, dropout: float = 0.0) -> None:
        generator = torch.Generator().manual_seed(1)
        self.lengths = torch.randint(3, 20, (40,), generator=generator).tolist()
        self.rows = [torch.randint(1, 30, (n,), generator=generator) for n in self.lengths]
        self.labels = torch.randint(3, (40,), generator=generator)
        self.model = Network(dropout)
        self.batches: list[list[int]] = []

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        self.batches.append(list(indices))
        ids = nn.utils.rnn.pad_sequence([self.rows[i] for i in indices], batch_first=True)
        return {"ids": ids, "labels": self.labels[list(indices)]}


def settings(**changed: object) -> Training:
    return Training.model_validate({"epochs": 3, "tokens": 100, "precision": "fp32"} | changed)


def history(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text("utf-8").splitlines()]


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def assert_same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


@given(LENGTHS, st.integers(1, 200), st.one_of(st.none(), st.integers(0, 9)))
def test_batches_hold_every_index_once_within_the_budget(lengths: list[int], tokens: int, seed: int | None) -> None:
    def made() -> list[list[int]]:
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return token_batches(lengths, tokens=tokens, generator=generator)

    batches = made()
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= tokens
    assert batches == made()


def test_batches_hold_what_is_of_similar_length_and_differ_by_epoch() -> None:
    lengths = torch.randint(1, 100, (2000,), generator=torch.Generator().manual_seed(0)).tolist()
    first, second = (token_batches(lengths, tokens=1000, generator=torch.Generator().manual_seed(i)) for i in (0, 1))
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in first)
    assert padded < 1.1 * sum(lengths)
    assert first != second
    ordered = token_batches(lengths, tokens=1000)
    tops = [max(lengths[i] for i in batch) for batch in ordered]
    assert tops == sorted(tops, reverse=True)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.25])
@pytest.mark.parametrize("decay", ["linear", "polynomial"])
def test_the_schedule_equals_transformers_one_step_on(warmup: float, decay: str) -> None:
    """Theirs begins warm-up at 0, a step without effect; ours at the first fraction."""
    total = 40
    warm = int(warmup * total)
    ours = settings(warmup=warmup, decay=decay, power=2.0)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    if decay == "linear":
        theirs = get_linear_schedule_with_warmup(optimizer, warm, total)
    else:
        theirs = get_polynomial_decay_schedule_with_warmup(optimizer, warm, total, lr_end=0.0, power=2.0)
    for step in range(total):
        factor = schedule(ours, step, total)
        expected = theirs.lr_lambdas[0](step + 1 if step < warm else step)
        assert factor == pytest.approx(expected)
        assert 0 < factor <= 1


def test_parity_with_a_plain_loop(tmp_path: Path) -> None:
    task, chosen = Task(), settings(rate=1e-2, head_rate=2e-2, clip=0.5, weight_decay=0.1, warmup=0.2)
    fit(task, settings=chosen, seed=3, folder=tmp_path)
    ours = [row["loss"] for row in history(tmp_path)]

    plain = Task()
    model = plain.model
    heads = [model.head.weight, model.head.bias]
    bare = [model.table.weight, model.inner.bias, model.norm.weight, model.norm.bias]
    optimizer = torch.optim.AdamW(
        [
            {"params": bare, "lr": 1e-2, "weight_decay": 0.0},
            {"params": [model.inner.weight], "lr": 1e-2, "weight_decay": 0.1},
            {"params": heads[:1], "lr": 2e-2, "weight_decay": 0.1},
            {"params": heads[1:], "lr": 2e-2, "weight_decay": 0.0},
        ],
        foreach=False,
    )
    total = len(task.batches)
    warm = int(0.2 * total)
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: (step + 1) / warm if step < warm else (total - step) / (total - warm)
    )
    theirs = []
    for batch in task.batches:
        loss = model(**plain.collate(batch))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        rates.step()
        optimizer.zero_grad()
        theirs.append(loss.item())
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert ours[-1] < ours[0]
    for name, tensor in weights(model).items():
        torch.testing.assert_close(weights(task.model)[name], tensor, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("steps", [2, 11])
def test_so_many_steps_as_asked_for(tmp_path: Path, steps: int) -> None:
    """Less than an epoch, and more: the same batches, and a schedule of that length."""
    task, longer = Task(), Task()
    fit(task, settings=settings(epochs=1, steps=steps), seed=3, folder=tmp_path / "a")
    fit(longer, settings=settings(epochs=9), seed=3, folder=tmp_path / "b")
    assert len(task.batches) == steps and task.batches == longer.batches[:steps]
    one, same = Task(), Task()  # a batch an epoch
    fit(one, settings=settings(epochs=steps, tokens=10_000), seed=3, folder=tmp_path / "c")
    fit(same, settings=settings(epochs=1, steps=steps, tokens=10_000), seed=3, folder=tmp_path / "d")
    assert_same_bits(weights(one.model), weights(same.model))
    assert history(tmp_path / "c") == history(tmp_path / "d")


def test_a_configuration_from_before_there_were_steps_holds() -> None:
    assert settings().config()["steps"] == 0 and settings(steps=5).config()["steps"] == 5
    assert Training.from_config(settings(steps=5).config()) == settings(steps=5) != settings()
    before = {name: item for name, item in settings().config().items() if name != "steps"}
    assert Training.from_config(before) == settings() != settings(steps=5)


def test_decay_spares_biases_norms_and_embeddings() -> None:
    groups = optimiser(Network(), settings()).param_groups
    decayed = {tuple(p.shape) for group in groups if group["weight_decay"] for p in group["params"]}
    assert decayed == {(16, 16), (3, 16)}
    assert {group["lr"] for group in groups} == {1e-4, 1e-3}


def test_the_same_seed_gives_the_same_bits(tmp_path: Path) -> None:
    tasks = [Task(dropout=0.2) for _ in range(3)]
    for i, (task, seed) in enumerate(zip(tasks, (4, 4, 5), strict=True)):
        fit(task, settings=settings(), seed=seed, folder=tmp_path / str(i))
    assert_same_bits(weights(tasks[0].model), weights(tasks[1].model))
    assert history(tmp_path / "0") == history(tmp_path / "1") != history(tmp_path / "2")


def test_early_stopping_takes_the_best_weights(tmp_path: Path) -> None:
    task, seen, scores = Task(), [], iter([0.1, 0.5, 0.4, 0.5, 0.9])

    def evaluate() -> dict[str, float]:
        seen.append(weights(task.model))
        return {"score": next(scores)}

    fit(task, settings=settings(epochs=5, patience=2), seed=0, folder=tmp_path, evaluate=evaluate)
    assert len(seen) == 4, "an equal score is no better one"
    assert_same_bits(weights(task.model), seen[1])
    rows = history(tmp_path)
    assert [row["score"] for row in rows if "score" in row] == [0.1, 0.5, 0.4, 0.5]
    clear(tmp_path)
    assert not (tmp_path / CHECKPOINT).exists() and not (tmp_path / BEST).exists()


def test_without_patience_the_last_weights_stay(tmp_path: Path) -> None:
    task, scores = Task(), iter([0.9, 0.1, 0.1])
    before: list[dict[str, torch.Tensor]] = []

    def evaluate() -> dict[str, float]:
        before.append(weights(task.model))
        return {"score": next(scores)}

    fit(task, settings=settings(), seed=0, folder=tmp_path, evaluate=evaluate)
    assert_same_bits(weights(task.model), before[-1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_killed_run_ends_in_the_same_bits(tmp_path: Path) -> None:
    script = Path(__file__).with_name("unbroken.py")
    environment = os.environ | {
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(script.parents[2]),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(script), str(tmp_path), "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 3, "it was hardly killed"
    for name in ("end.safetensors", BEST, "history.jsonl"):
        assert (tmp_path / "broken" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_precision() -> None:
    assert training.accelerator("fp32").mixed_precision == "no"
    assert training.accelerator("bf16").mixed_precision == "bf16"
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    assert (training.accelerator().mixed_precision == "bf16") == training.bf16_pays(device)
