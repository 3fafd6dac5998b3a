"""Masked language modelling: ``training.fit`` on a ``MaskedLanguageModel`` beside transformers' ``Trainer`` with
``DataCollatorForLanguageModeling`` on ``BertForMaskedLM``: BERT's base shape, mBERT's and XLM-R's vocabulary.

Both read the same packed blocks with the same batch, precision, fused AdamW, clipping and schedule, without dropout.
The peer's attention is of the kind that is quicker for it: eager where a processor computes in bf16, else sdpa, its
default. Each side runs in processes of its own, in turns; its first steps are not timed.

The text is drawn: 4.3 million pieces, 30,000 of them distinct, with frequencies that fall with the rank r as
(r + 10)^-1.1. The Russian and English text of the real corpora has as many of XLM-R's pieces, 29,930 of them distinct,
and is as uneven: an entropy of 7.8 nats beside 7.9, 37 % of it in the 100 most frequent pieces beside 38 %.

They agree where losses in float32 differ by no more than 1e-5: (a) with the whole vocabulary kept, a batch's from that
of ``BertForMaskedLM``; (b) with the vocabulary cut, every step's from that of the ``Trainer`` on the same masks, with a
bias of minus infinity where a piece was cut. For this, two layers and two blocks a batch: it takes seconds.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer, models
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DataCollatorForLanguageModeling,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
)

from benchmarks import Row, resident_mib
from chemxl.experiments.provenance import hardware
from chemxl.models.training import Training, bf16_pays, fit
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder, Example, Masking, collate
from chemxl.pretrain.text import Pieces

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
PAD, UNKNOWN, FIRST, LAST, MASK = SPECIAL = range(5)
WARM = 2  # steps that are not timed
RATE = 0.15  # of pieces that are hidden
SAME = 1e-5  # how far losses may differ that are equal up to rounding

Made = TypeVar("Made")


@dataclass(frozen=True)
class Setup:
    """What both sides do.

    Args:
        batch: blocks a step.
        block: tokens a block, special ones counted.
        steps: that are timed.
        distinct, size: pieces of the text, different ones and all.
    """

    vocabulary: int
    batch: int
    layers: int = 12
    hidden: int = 768
    block: int = 128
    steps: int = 4
    distinct: int = 30_000
    size: int = 4_300_000

    @property
    def tokens(self) -> int:
        """Of a batch."""
        return self.batch * self.block

    @cached_property
    def text(self) -> np.ndarray:
        """(N,) ids without special ones."""
        generator = np.random.default_rng(0)
        ids = generator.permutation(np.arange(len(SPECIAL), self.vocabulary))[: self.distinct]
        weights = 1 / (np.arange(len(ids)) + 11) ** 1.1
        return generator.choice(ids, self.size, p=weights / weights.sum()).astype(np.int32)

    @property
    def blocks(self) -> np.ndarray:
        """(rows, block - 2) of the text: what one epoch reads."""
        rows, size = self.batch * (WARM + self.steps + 1), self.block - len((FIRST, LAST))
        return self.text[: rows * size].reshape(rows, size)

    @property
    def pieces(self) -> list[int]:
        """What the text uses, and special ones."""
        return [*SPECIAL, *np.unique(self.text).tolist()]

    def model(self) -> BertForMaskedLM:
        """Random weights, the same at every call."""
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=max(1, self.hidden // 64),
            intermediate_size=4 * self.hidden,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        config._attn_implementation = "eager" if DEVICE.type == "cpu" and bf16_pays(DEVICE) else "sdpa"
        return BertForMaskedLM(config)

    def flops(self, *, whole: bool) -> float:
        """What a step's matrices need, forward and backward: logits of ``whole`` batch and vocabulary, or of ours."""
        layer = 24 * self.hidden**2 + 4 * self.block * self.hidden
        asked, pieces = (1.0, self.vocabulary) if whole else (RATE, self.distinct)
        return 3 * self.tokens * (self.layers * layer + asked * 2 * self.hidden * (self.hidden + pieces))


class Blocks:
    """Ours: the task of the training loop, which notes when each batch was asked for, and the batches."""

    def __init__(self, setup: Setup, pieces: Sequence[int]) -> None:
        builder = Builder((FIRST, LAST), block=setup.block)
        words = np.arange(setup.block - 2)
        self.examples: list[Example] = [builder.single(Pieces(ids, words)) for ids in setup.blocks]
        self.lengths = [len(example) for example in self.examples]
        self.model = MaskedLanguageModel(setup.model(), pieces)
        self.masking = Masking(MASK, torch.tensor(setup.pieces[len(SPECIAL) :]), rate=RATE)
        self.asked: list[float] = []
        self.batches: list[dict[str, torch.Tensor]] = []

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """A batch with fresh masks."""
        self.asked.append(time.perf_counter())
        chosen = [self.examples[i] for i in indices]
        self.batches.append(collate(chosen, masking=self.masking, pad=PAD, generator=torch.default_generator))
        return self.batches[-1]


class Clock(TrainerCallback):
    """Theirs: when each step began."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Note the time."""
        self.asked.append(time.perf_counter())


def ours(setup: Setup) -> list[float]:
    """Seconds of every step but the last."""
    task = Blocks(setup, setup.pieces)
    run_ours(task, Training(epochs=1, tokens=setup.tokens))
    return np.diff(task.asked).tolist()


def run_ours(task: Blocks, settings: Training) -> list[float]:
    """Train; the loss of every step."""
    with tempfile.TemporaryDirectory() as folder:
        fit(task, settings=settings, seed=0, folder=Path(folder), checkpoint_seconds=float("inf"))
        return [json.loads(row)["loss"] for row in Path(folder, "history.jsonl").read_text("utf-8").splitlines()]


def theirs(setup: Setup) -> list[float]:
    """Seconds of every step but the last."""
    vocabulary = models.WordLevel({str(i): i for i in range(setup.vocabulary)}, unk_token=str(UNKNOWN))
    names = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), map(str, SPECIAL), strict=True)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(vocabulary), **names)
    special = [1, *[0] * (setup.block - 2), 1]  # the collator's documentation advises it for speed
    rows = [{"input_ids": [FIRST, *ids, LAST], "special_tokens_mask": special} for ids in setup.blocks.tolist()]
    clock = Clock()
    run_theirs(setup.batch, setup.model(), rows, DataCollatorForLanguageModeling(tokenizer), clock)
    return np.diff(clock.asked).tolist()


def run_theirs(
    batch: int, model: PreTrainedModel, rows: Any, collator: Any, *callbacks: TrainerCallback, **settings: Any
) -> list[float]:
    """Train; the loss of every step where the settings ask for it."""
    common: dict[str, Any] = {
        "per_device_train_batch_size": batch,
        "num_train_epochs": 1,
        "optim": "adamw_torch_fused",
        "learning_rate": 1e-4,
        "weight_decay": 0.01,
        "warmup_steps": 0.1,
        "max_grad_norm": 1.0,
        "bf16": bf16_pays(DEVICE),
        "use_cpu": DEVICE.type == "cpu",
        "dataloader_pin_memory": DEVICE.type == "cuda",
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
    }
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(folder, **(common | settings))
        trainer = Trainer(
            model=model, args=arguments, train_dataset=rows, data_collator=collator, callbacks=[*callbacks]
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return [row["loss"] for row in trainer.state.log_history if "loss" in row]


def measure(side: Callable[[Setup], list[float]], setup: Setup) -> tuple[float, float | None]:
    """Seconds of the median step behind the first, and the peak of memory in MiB."""
    found: list[float] = []
    mib = resident_mib(lambda: found.extend(side(setup)))
    if DEVICE.type == "cuda":
        mib = torch.cuda.max_memory_allocated() / (1 << 20)
    return statistics.median(found[WARM:]), mib


def agreement(setup: Setup) -> float:
    """The share of losses, one of (a) and one a step of (b), that differ by no more than the module says."""
    task = Blocks(setup, setup.pieces)
    mine = run_ours(
        task, Training(tokens=setup.tokens, epochs=1, head_rate=1e-4, warmup=0, weight_decay=0, precision="fp32")
    )
    batches = [{name: item for name, item in batch.items() if name != "follows"} for batch in task.batches]
    whole = setup.model()
    with torch.no_grad():
        exact = float(whole(**batches[0]).loss)
        sparse = MaskedLanguageModel(setup.model(), range(setup.vocabulary))
        found = [abs(float(sparse(**task.batches[0])["labels"]) - exact) <= SAME]
        cut = torch.ones(setup.vocabulary, dtype=torch.bool)
        cut[setup.pieces] = False
        whole.cls.predictions.bias[cut] = -torch.inf
    rows = [{name: item[i] for name, item in batch.items()} for batch in batches for i in range(setup.batch)]
    settings = {"weight_decay": 0.0, "warmup_steps": 0, "bf16": False, "logging_strategy": "steps", "logging_steps": 1}
    order = {"train_sampling_strategy": "sequential"}
    other = run_theirs(setup.batch, whole, rows, default_data_collator, Clock(), **settings, **order)
    found += [abs(a - b) <= SAME for a, b in zip(mine, other, strict=True)]
    return sum(found) / len(found)


def matmul_rate(size: int) -> float:
    """FLOP/s of a matrix product in the precision that is trained in, the best of some."""
    kind = torch.bfloat16 if bf16_pays(DEVICE) else torch.float32
    a, b = (torch.randn(size, size, device=DEVICE, dtype=kind) for _ in range(2))
    times = []
    for _ in range(10):
        began = time.perf_counter()
        (a @ b)[0, 0].item()  # waits for a GPU
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times)


def alone(task: Callable[..., Made], *arguments: Any) -> Made:
    """In a fresh process: what an earlier task left behind does not count."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(task, *arguments).result()


def run(*, repeats: int = 2, small: bool = False) -> Iterator[Row]:
    """Two rows a shape: tokens per second, and how much of the rate of a matrix product that is (MFU)."""
    if small:
        setups = [Setup(300, 2, layers=1, hidden=32, block=16, steps=1, distinct=100, size=1000)]
    else:
        shapes = ((119_547, 16), (250_002, 8))  # the peer needs up to 12 GB
        setups = [Setup(*shape, layers=layers) for shape in shapes for layers in (12, 6)]
    for setup in setups:
        yield from _rows(setup, repeats=repeats, small=small)


def _rows(setup: Setup, *, repeats: int, small: bool) -> list[Row]:
    apart: Callable[..., Any] = (lambda task, *arguments: task(*arguments)) if small else alone
    agree = apart(agreement, replace(setup, layers=min(2, setup.layers), batch=2))
    turns = [[apart(measure, side, setup) for side in (ours, theirs)] for _ in range(repeats)]
    peak = apart(matmul_rate, 64 if small else 4096)
    seconds = [min(turn[side][0] for turn in turns) for side in range(2)]
    rates = [setup.tokens / step for step in seconds]
    used = [100 * setup.flops(whole=whole) / step / peak for whole, step in zip((False, True), seconds, strict=True)]
    what = f"{setup.layers} x {setup.hidden}, {setup.vocabulary:,} pieces, {setup.batch} blocks of {setup.block}"
    return [
        Row(
            name=f"pretrain{kind}: {what}",
            peer="transformers Trainer, DataCollatorForLanguageModeling",
            unit=unit,
            ours=mine,
            theirs=other,
            ratio=mine / other,
            ours_mib=turns[0][0][1],
            theirs_mib=turns[0][1][1],
            agree=agree,
            hardware=hardware(),
        )
        for kind, unit, (mine, other) in (("", "tokens/s", rates), (", MFU", "% of a matmul's FLOP/s", used))
    ]
