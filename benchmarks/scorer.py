"""``chemxl.evaluation.chunks.seqeval_scores`` beside seqeval: micro and per-type scores of the same label sequences.

Seqeval's time is that of the two calls that give these numbers; ``classification_report`` averages in more ways and
takes longer.
"""

from __future__ import annotations

import random

from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

from benchmarks import Row, seconds, traced_mib
from chemxl.evaluation.chunks import seqeval_scores
from chemxl.evaluation.metrics import MICRO, Score
from chemxl.experiments.provenance import hardware

TYPES = ("CHEM", "DISEASE")
LABELS = ("O", *(f"{prefix}-{type_}" for type_ in TYPES for prefix in "BI"))
Labels = list[list[str]]


def sequences(count: int, length: int, *, noise: float = 0.1, seed: int = 0) -> tuple[Labels, Labels]:
    """Gold labels, about one unit in eight begins a mention, and the same with a share of labels drawn anew."""
    rng = random.Random(seed)
    gold: Labels = []
    for _ in range(count):
        labels: list[str] = []
        while len(labels) < length:
            if rng.random() < 0.12:
                type_, more = rng.choice(TYPES), rng.choice((0, 0, 1, 2))
                labels += [f"B-{type_}", *([f"I-{type_}"] * more)]
            else:
                labels.append("O")
        gold.append(labels[:length])
    return gold, [[rng.choice(LABELS) if rng.random() < noise else label for label in labels] for labels in gold]


def theirs(gold: Labels, predicted: Labels) -> dict[str, tuple[float, float, float]]:
    """Seqeval's precision, recall and F1, per type and ``micro``; every one of ``TYPES`` stands in the labels."""
    per_type = precision_recall_fscore_support(gold, predicted, average=None)[:3]
    micro = precision_recall_fscore_support(gold, predicted, average="micro")[:3]
    return dict(zip(TYPES, zip(*per_type, strict=True), strict=True)) | {MICRO: micro}


def agreement(mine: dict[str, Score], other: dict[str, tuple[float, float, float]]) -> float:
    """The share of numbers that differ by no more than 1e-12."""
    if mine.keys() != other.keys():
        return 0.0
    pairs = [
        pair
        for name, score in mine.items()
        for pair in zip((score.precision, score.recall, score.f1), other[name], strict=True)
    ]
    return sum(bool(abs(a - b) <= 1e-12) for a, b in pairs) / len(pairs)


def run(*, count: int = 5000, length: int = 25, repeats: int = 9) -> list[Row]:
    """One row: labels of both sequences per second."""
    gold, predicted = sequences(count, length)
    own, peer = seconds(lambda: seqeval_scores(gold, predicted), lambda: theirs(gold, predicted), repeats=repeats)
    labels = 2 * count * length
    return [
        Row(
            name=f"scorer: {count:,} sentences of {length} labels, {len(TYPES)} types",
            peer="seqeval precision_recall_fscore_support, per type and micro",
            unit="labels/s",
            ours=labels / own,
            theirs=labels / peer,
            ratio=peer / own,
            ours_mib=traced_mib(lambda: seqeval_scores(gold, predicted)),
            theirs_mib=traced_mib(lambda: theirs(gold, predicted)),
            agree=agreement(seqeval_scores(gold, predicted), theirs(gold, predicted)),
            hardware=hardware(),
        )
    ]
