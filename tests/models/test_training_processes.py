"""Several processes end where one does; they agree to the bit, killed or not; and what a process reads of a batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import nn

from chemxl.errors import ChemxlError
from chemxl.experiments import processes
from chemxl.experiments.checkpoints import CHECKPOINT, State
from chemxl.models.training import IGNORED, Training, fit, token_batches


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``together.py`` leaves: a folder for each way of training, with the weights of every process."""
    if not hasattr(os, "fork"):
        pytest.skip("forks")
    folder, script = tmp_path_factory.mktemp("together"), Path(__file__).with_name("together.py")
    environment = os.environ | {
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(script.parents[2]),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(script), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 4, "it was hardly killed"
    return folder


def ends(folder: Path) -> list[dict[str, torch.Tensor]]:
    """The weights of every process."""
    return [load_file(path) for path in sorted(folder.glob("end-*.safetensors"))]


def own(folder: Path) -> list[dict[str, Any]]:
    """What each process noted of itself."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("own-*.json"))]


def history(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("way", ["of-2", "of-3", "moved"])
def test_several_processes_end_where_one_does(trained: Path, way: str) -> None:
    """``moved`` was killed with two and finished with three. Batches of one row, odd ones, and shares without labels
    of either term are among them."""
    one, several = ends(trained / "of-1")[0], ends(trained / way)[0]
    for name in one:
        torch.testing.assert_close(several[name], one[name], atol=1e-5, rtol=0)
    before, after = history(trained / "of-1"), history(trained / way)
    assert [row.keys() for row in after] == [row.keys() for row in before]
    for row, other in zip(before, after, strict=True):
        assert other == pytest.approx(row, abs=1e-4)
    assert before[-2]["loss"] < before[0]["loss"]


@pytest.mark.parametrize("way", ["of-2", "of-3", "whole", "broken"])
def test_all_processes_end_in_the_same_bits_and_one_evaluates_and_writes(trained: Path, way: str) -> None:
    first, *others = ends(trained / way)
    assert others
    for other in others:
        assert all(torch.equal(other[name], first[name]) for name in first)
    first_only, *rest = own(trained / way)
    assert first_only["evaluated"] > 0
    assert all(other["evaluated"] == 0 for other in rest)
    assert not list(trained.glob("*/unused-*"))


def test_processes_that_are_killed_end_in_the_same_bits(trained: Path) -> None:
    """With dropout."""
    assert (trained / "broken" / "history.jsonl").read_bytes() == (trained / "whole" / "history.jsonl").read_bytes()
    for broken, whole in zip(ends(trained / "broken"), ends(trained / "whole"), strict=True):
        assert all(torch.equal(broken[name], whole[name]) for name in whole)


def test_dropout_differs_from_step_to_step_and_from_process_to_process(trained: Path) -> None:
    drawn = [number for process in own(trained / "whole") for number in process["drawn"]]
    assert len(drawn) > 60 and len(set(drawn)) == len(drawn)


@given(st.integers(1, 9), st.integers(1, 5))
def test_shares_hold_every_row_once(rows: int, count: int) -> None:
    batch = {
        "labels": torch.arange(rows),
        "ids": torch.arange(rows * 2).reshape(rows, 2),
        "table": torch.rand(1, 3),
        "scale": torch.tensor(2.0),
    }
    shares = [processes.shard(batch, rank, count) for rank in range(count)]
    read = [share for share in shares if len(share["labels"])]
    assert sorted(torch.cat([share["labels"] for share in shares]).tolist()) == list(range(rows))
    for share in read:
        assert torch.equal(share["ids"], batch["ids"][share["labels"]])
        assert torch.equal(share["table"], batch["table"]) and share["scale"] == 2
    assert max(len(s["labels"]) for s in shares) - min(len(s["labels"]) for s in shares) <= 1


def test_batches_that_cannot_be_shared() -> None:
    with pytest.raises(ChemxlError, match=r"`characters` has 5 rows in a batch of 2.*leading dimension of 1"):
        processes.shard({"labels": torch.zeros(2, 3), "characters": torch.zeros(5, 4)}, 0, 2)
    with pytest.raises(ChemxlError, match="without `labels`"):
        processes.shard({"ids": torch.zeros(2, 3)}, 0, 2)


def test_processes_that_do_not_see_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Linear(2, 1)
    state = State(tmp_path, model, torch.optim.SGD(model.parameters(), lr=1.0))
    state.step = 3
    state.save()
    state = State(tmp_path, model, torch.optim.SGD(model.parameters(), lr=1.0))
    (tmp_path / CHECKPOINT).unlink()
    monkeypatch.setattr(processes, "broadcast", lambda _: (3, 0))  # the main process has read it
    with pytest.raises(ChemxlError, match="a folder that all of them see"):
        state.resume()


class Noisy:
    """One process: dropout in the model, and a collator that draws."""

    lengths = (3,) * 12

    def __init__(self, *, drawn: int) -> None:
        torch.manual_seed(0)
        self.model = _Dropping()
        self.drawn = drawn
        self.noise: list[torch.Tensor] = []

    def collate(self, indices: list[int]) -> dict[str, torch.Tensor]:
        self.noise.append(torch.rand(self.drawn))
        return {"x": torch.tensor(indices)[:, None] / 12.0, "labels": torch.tensor(indices) % 2}


class _Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.dropout, self.head = nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(self.head(self.dropout(self.inner(x))), labels, ignore_index=IGNORED)


def test_what_a_collator_draws_leaves_dropout_alone(tmp_path: Path) -> None:
    chosen = Training(epochs=2, tokens=9, rate=1e-2, precision="fp32")
    tasks = [Noisy(drawn=n) for n in (0, 7)]
    for task in tasks:
        fit(task, settings=chosen, seed=3, folder=tmp_path / str(task.drawn))
    assert history(tmp_path / "0") == history(tmp_path / "7")
    noise = torch.stack(tasks[1].noise)
    assert len(noise) == 8 and len(noise.unique()) == noise.numel(), "every step draws anew"

    plain, generator = Noisy(drawn=0), torch.Generator().manual_seed(3 * 1_000_003)
    batches = token_batches(plain.lengths, tokens=9, generator=generator)
    torch.manual_seed(3)
    loss = plain.model(**plain.collate(batches[0]))
    assert history(tmp_path / "0")[0]["loss"] == loss.item(), "the stream of dropout is that of the seed"
