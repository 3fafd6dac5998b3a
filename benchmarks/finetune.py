"""NER fine-tuning: ``training.fit`` on ``FineTune``'s tagger beside transformers' ``Trainer`` on
``BertForTokenClassification`` with ``DataCollatorForTokenClassification``.

Both begin from the same encoder and read the same sentences, cut into the same pieces with the same labels, as often
and about as many a step, with the same precision, rate, fused AdamW, clipping and schedule. The Trainer runs once as it
comes (sentences in random order, dropout in the encoder) and once as quick as it can be made: sentences of similar
length together, and no dropout. Padding is no work done: speed is in tokens of the text.

Each side runs in a process of its own, in turn, on one core; a second is one of the processor, which others on the same
machine do not lengthen. MFU is the share of a large product's FLOP/s that the tokens' products make up.

They agree where the interval of the difference in F1 on held-out sentences includes zero: exact spans, one seed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import BertForTokenClassification, DataCollatorForTokenClassification

from benchmarks import Row, resident_mib
from benchmarks.pretrain import DEVICE, alone, run_theirs
from chemxl import corpora
from chemxl.corpora.samples import Sample
from chemxl.evaluation.metrics import f1
from chemxl.evaluation.significance import compare
from chemxl.experiments.provenance import hardware
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Labelling, Tagger
from chemxl.models.training import IGNORED, Training, bf16_pays, fit, token_batches
from chemxl.ner.experiments import FineTune

clock = time.perf_counter if DEVICE.type == "cuda" else time.process_time


class Setup(NamedTuple):
    """What both sides do.

    Args:
        size: of the product whose FLOP/s are the machine's.
    """

    encoder: str
    train: Sample
    test: Sample
    epochs: int = 3
    tokens: int = 256
    rate: float = 2e-4
    size: int = 2048

    @property
    def value(self) -> FineTune:
        """Ours."""
        training = Training(epochs=self.epochs, tokens=self.tokens, rate=self.rate, head_rate=self.rate)
        return FineTune(train=(self.train,), encoder=self.encoder, training=training)

    def start(self) -> tuple[Tagger, Labelling]:
        """The tagger before its first step, and its task."""
        documents = self.train.load()
        tagger = self.value.untrained(documents)
        return tagger, tagger.task(documents)


class Outcome(NamedTuple):
    """What a side did.

    Args:
        counts: correct, predicted and gold mentions of every held-out sentence, (D, 3).
    """

    seconds: float
    counts: np.ndarray
    mib: float | None = None


def ours(setup: Setup) -> Outcome:
    """Train, tag."""
    tagger, task = setup.start()
    with tagger.trimmed(setup.train.load()), tempfile.TemporaryDirectory() as folder:
        began = clock()
        fit(task, settings=setup.value.training, seed=0, folder=Path(folder), checkpoint_seconds=float("inf"))
        seconds = clock() - began
    return Outcome(seconds, counted(setup, tagger))


def as_it_comes(setup: Setup) -> Outcome:
    """The Trainer."""
    return theirs(setup, dropout=0.1)


def tuned(setup: Setup) -> Outcome:
    """The Trainer as quick as it can be made."""
    return theirs(setup, dropout=0.0, train_sampling_strategy="group_by_length")


def theirs(setup: Setup, *, dropout: float, **settings: Any) -> Outcome:
    """Train, put the weights into our tagger, tag."""
    tagger, task = setup.start()
    model, reader = tagger.model, tagger.reader
    assert isinstance(model, EncoderLabeller) and isinstance(reader, SubwordReader)
    config = type(model.encoder.config).from_dict(model.encoder.config.to_dict())
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = dropout
    config.id2label = dict(enumerate(model.labels))
    twin = BertForTokenClassification(config)
    twin.bert.load_state_dict(model.encoder.state_dict())
    rows: list[dict[str, list[int]]] = []
    for window, labels in zip(task.windows, task.labels, strict=True):
        at = dict(zip(window.units, labels, strict=True))
        rows.append({"input_ids": window.ids, "labels": [at.get(i, IGNORED) for i in range(len(window.ids))]})
    batches = token_batches(task.lengths, tokens=setup.tokens)
    common = {"num_train_epochs": setup.epochs, "learning_rate": setup.rate, "bf16": bf16_pays(DEVICE)}
    collator = DataCollatorForTokenClassification(reader.tokenizer)
    began = clock()
    run_theirs(round(len(rows) / len(batches)), twin, rows, collator, **common, **settings)
    seconds = clock() - began
    model.encoder.load_state_dict(twin.bert.state_dict())
    model.head.load_state_dict(twin.classifier.state_dict())
    return Outcome(seconds, counted(setup, tagger))


def counted(setup: Setup, tagger: Tagger) -> np.ndarray:
    """What a tagger finds in the held-out sentences."""
    documents = setup.test.load()
    return tagger.count(documents, tagger.predict(documents)).column()


def measure(side: Callable[[Setup], Outcome], setup: Setup) -> Outcome:
    """A side on one core, and the peak of its memory in MiB."""
    torch.set_num_threads(1)
    found: list[Outcome] = []
    mib = resident_mib(lambda: found.append(side(setup)))
    if DEVICE.type == "cuda":
        mib = torch.cuda.max_memory_allocated() / (1 << 20)
    return found[0]._replace(mib=mib)


def product_rate(size: int) -> float:
    """FLOP/s of a matrix product on one core in the precision that is trained in, the best of some."""
    torch.set_num_threads(1)
    kind = torch.bfloat16 if bf16_pays(DEVICE) else torch.float32
    a, b = (torch.randn(size, size, device=DEVICE, dtype=kind) for _ in range(2))
    times = []
    for _ in range(10):
        began = clock()
        (a @ b)[0, 0].item()  # waits for a GPU
        times.append(clock() - began)
    return 2 * size**3 / min(times)


def needed(encoder: Any, lengths: Sequence[int]) -> float:
    """FLOP of an epoch's matrix products, forward and backward, without padding."""
    size, n = encoder.config.hidden_size, np.array(lengths, dtype=float)
    inner = 4 * size * (2 * size + encoder.config.intermediate_size)  # of a token and layer
    return float(3 * encoder.config.num_hidden_layers * (inner * n + 4 * size * n**2).sum())


def run(*, small: bool = False) -> list[Row]:
    """Two rows a peer: tokens per second, and how much of the rate of a matrix product that is (MFU)."""
    real = not small and corpora.available("bc5cdr")
    encoder = "e5-small" if not small and encoders.available("e5-small") else encoders.MINI
    name, types = ("bc5cdr", ("CHEM", "DISEASE")) if real else ("mini", ("CHEM",))
    train, test = (
        Sample(name=name, split=split, language="en", types=types, most=60 if small else 200)
        for split in ("train", "test")
    )
    longer = {"epochs": 12, "rate": 2e-3} if encoder == encoders.MINI else {}  # it begins at random
    setup = Setup(encoder, train, test, size=64 if small else 2048, **longer)
    sides = (ours, as_it_comes, tuned)
    outcomes = [measure(side, setup) if small else alone(measure, side, setup) for side in sides]
    peak = product_rate(setup.size) if small else alone(product_rate, setup.size)
    tagger, task = setup.start()
    work = {
        ("", "tokens/s"): setup.epochs * sum(task.lengths),
        (", MFU", "% of a matmul's FLOP/s"): 100 * setup.epochs * needed(tagger.model.encoder, task.lengths) / peak,
    }
    mine, *others = outcomes
    same = [not c.clear for c in compare([([mine.counts], [other.counts]) for other in others])]
    scores = [float(f1(outcome.counts.sum(axis=0))) for outcome in outcomes]
    return [
        Row(
            name=f"fine-tune{kind}: {encoder}, {train.most} sentences of {name}, F1 {scores[0]:.3f}",
            peer=f"transformers Trainer, {how}, F1 {score:.3f}",
            unit=unit,
            ours=amount / mine.seconds,
            theirs=amount / other.seconds,
            ratio=other.seconds / mine.seconds,
            ours_mib=mine.mib,
            theirs_mib=other.mib,
            agree=float(agrees),
            hardware=hardware(),
        )
        for how, other, score, agrees in zip(
            ("as it comes", "by length, without dropout"), others, scores[1:], same, strict=True
        )
        for (kind, unit), amount in work.items()
    ]
