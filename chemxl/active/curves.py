"""What loops of active learning say: learning curves, their areas, tests against random sentences, and calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from statsmodels.stats.multitest import multipletests

from chemxl import learning, significance
from chemxl.active.chapter import HEADS, control, parsed
from chemxl.active.experiments import SHARES, ActiveLearning
from chemxl.active.lengths import COMPARED, Lengths
from chemxl.active.reading import AGGREGATIONS
from chemxl.active.strategies import SCORERS
from chemxl.canvas import COLOURS
from chemxl.figures import Bar, Curve
from chemxl.learning import Learning
from chemxl.ner.experiments import Evaluation

Lines = Mapping[str, Sequence[ActiveLearning]]
Interval = tuple[float, float, float]
ENOUGH = 0.95  # of the F1 with everything annotated
_PLACES = ("mahalanobis", "centroid", "core-set", "badge")


def families(lines: Lines) -> dict[str, Lines]:
    """The methods in groups that fit into a figure each, random sentences in all of them."""
    if len(lines) <= len(COLOURS):
        return {"": lines}
    groups: dict[str, dict[str, Sequence[ActiveLearning]]] = {"by place": {}, "by probability": {}, "heads": {}}
    for method, values in lines.items():
        strategy, head, _ = parsed(method)
        if not head:
            for group in ("by place", "by probability"):
                if strategy == "random" or (group == "by place") == (strategy in _PLACES):
                    groups[group][method] = values
        if strategy in ("random", "mahalanobis"):
            groups["heads"][method] = values
    return {name: group for name, group in groups.items() if len(group) > 1}


def drawn(lines: Lines, *, words: bool = False) -> list[Curve]:
    """F1 against the number of annotated sentences, a curve a method.

    Args:
        words: against the number of annotated words; its mean over seeds.
    """
    made = []
    for method, values in lines.items():
        rows = [value.history() for value in values]
        read = np.mean([[row["words" if words else "units"] for row in run] for run in rows], axis=0)
        made.append(Curve(method, read.tolist(), [value.curve()[1] for value in values]))
    return made


def counted(values: Sequence[ActiveLearning], wholes: Sequence[Evaluation] | None = None) -> Learning:
    """Counts of all rounds and seeds.

    Args:
        wholes: with everything annotated, what is to be reached.
    """
    runs = [[counts.column() for counts in value.every()] for value in values]
    full = None if wholes is None else np.array([value.counts().column() for value in wholes])
    return Learning(values[0].curve()[0], np.array(runs), full)


def area(values: Sequence[ActiveLearning]) -> Interval:
    """Mean height of the learning curve over seeds, and its 95 % bootstrap interval over documents and seeds."""
    found = learning.area(counted(values), rng=np.random.default_rng(0))
    return found.value, found.low, found.high


def summary(lines: Lines, wholes: Mapping[str, Sequence[Evaluation]]) -> list[dict[str, object]]:
    """What every method reached, and what it was given to read."""
    rows: list[dict[str, object]] = []
    for method, values in lines.items():
        whole = wholes[parsed(method)[1]]
        curve, random = (counted(part, whole) for part in (values, lines[control(method)]))
        rng, most = partial(np.random.default_rng, 0), int(curve.sizes[-1])
        needed = learning.needed(curve, rng=rng(), share=ENOUGH)
        saved = learning.saved(random, curve, rng=rng(), share=ENOUGH)
        last = [value.history()[-1] for value in values]
        rows.append(
            {
                "method": method,
                "head": HEADS[parsed(method)[1]],
                "F1 of the last round": float(np.mean([value.run().metrics["micro.f1"] for value in values])),
                "area": float(np.mean([value.run().metrics["area"] for value in values])),
                "F1 with all annotated": float(np.mean([value.run().metrics["micro.f1"] for value in whole])),
                f"sentences to {ENOUGH:.0%} of it": needed.sentences(most),
                "saved against random": "" if method == control(method) else saved.sentences(most),
                "words a sentence": float(np.mean([row["words"] / row["units"] for row in last])),
            }
        )
    return rows


def against_random(lines: Lines) -> list[dict[str, object]]:
    """Paired tests of every method against random sentences with the same head, after the last round and over all.

    Counts of all seeds, and over all rounds of these, too, are pooled per document before systems are swapped; p-values
    are corrected by Holm's method over the whole table.
    """
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    raw = []
    for method in (method for method in lines if method != control(method)):
        pair = (lines[method], lines[control(method)])
        for part, rounds in (("last round", slice(-1, None)), ("all rounds", slice(None))):
            a, b = (np.sum([c.column() for v in values for c in v.every()[rounds]], axis=0) for values in pair)
            metric = "micro.f1" if part == "last round" else "area"
            means = [float(np.mean([v.run().metrics[metric] for v in values])) for values in pair]
            rows.append({"method": method, "against": control(method), "over": part, "difference": means[0] - means[1]})
            raw.append(significance.approximate_randomisation(a, b, rng=rng))
    corrected = multipletests(raw, method="holm")[1] if raw else []
    return [row | {"p": float(p)} for row, p in zip(rows, corrected, strict=True)]


def over_seeds(values: Sequence[float]) -> Interval:
    """See :func:`chemxl.significance.t_interval`."""
    mean, low, high = significance.t_interval(np.array(values))
    return float(mean), float(low), float(high)


def ranked(lines: Lines) -> list[Bar]:
    """How well each uncertainty finds the errors of models that were trained on random sentences: area under the ROC
    curve, a bar a head."""
    return [
        Bar(name, *over_seeds([v.run().metrics[f"auroc.{name}"] for v in values]), group=HEADS[parsed(method)[1]])
        for name in SCORERS
        for method, values in lines.items()
        if method == control(method)
    ]


def risks(values: Sequence[ActiveLearning], names: Sequence[str]) -> list[Curve]:
    """The error rate among the surest words against their share, a curve an uncertainty, of the last round's models."""
    shares = [100 * share for share in SHARES]
    return [Curve(n, shares, [[100 * r for r in v.history()[-1]["risk"][n]] for v in values]) for n in names]


def lengths(values: Sequence[Lengths]) -> list[Bar]:
    """Words a chosen sentence has, a bar an uncertainty and a way from words to sentences."""
    runs = [value.run().metrics for value in values]
    return [
        Bar(name, *over_seeds([run[f"{name}.{how}"] for run in runs]), group=how)
        for name in COMPARED
        for how in AGGREGATIONS
    ]


def left(values: Sequence[Lengths]) -> float:
    """Words that a sentence of the pool has, on average over what was left to choose from."""
    return float(np.mean([value.run().metrics["pool"] for value in values]))
