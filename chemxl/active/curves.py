"""What loops of active learning say: learning curves, their areas, tests against random sentences, and calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from statsmodels.stats.multitest import multipletests

from chemxl import metrics
from chemxl.active.chapter import HEADS, control, parsed
from chemxl.active.experiments import SHARES, ActiveLearning
from chemxl.active.lengths import COMPARED, Lengths
from chemxl.active.reading import AGGREGATIONS
from chemxl.active.strategies import SCORERS
from chemxl.canvas import COLOURS
from chemxl.figures import Bar, Curve
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


def learning(lines: Lines, *, words: bool = False) -> list[Curve]:
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


def area(values: Sequence[ActiveLearning]) -> Interval:
    """Mean height of the learning curve over seeds, and its 95 % bootstrap interval over documents and seeds."""
    units = values[0].curve()[0]
    columns = [_stacked(value) for value in values]
    low, high = metrics.bootstrap(columns, rng=np.random.default_rng(0), score=_height(units))
    return float(np.mean([value.run().metrics["area"] for value in values])), low, high


def _stacked(value: ActiveLearning) -> np.ndarray:
    """Right, predicted and gold mentions of each test document after every round, (documents, 3 R)."""
    return np.concatenate([counts.column() for counts in value.every()], axis=1)


def _height(units: Sequence[int]) -> Callable[[np.ndarray], np.ndarray]:
    def height(totals: np.ndarray) -> np.ndarray:
        return metrics.mean_height(metrics.f1(totals.reshape(*totals.shape[:-1], len(units), 3)), units)

    return height


def to_reach(target: float, values: Sequence[ActiveLearning]) -> float | None:
    """Sentences at which the mean curve first has this F1, between rounds on a straight line; None if it never has."""
    units = values[0].curve()[0]
    f1 = np.mean([value.curve()[1] for value in values], axis=0)
    above = np.flatnonzero(f1 >= target)
    if not len(above):
        return None
    i = int(above[0])
    return float(units[0]) if i == 0 else float(np.interp(target, f1[i - 1 : i + 1], units[i - 1 : i + 1]))


def summary(lines: Lines, wholes: Mapping[str, Sequence[Evaluation]]) -> list[dict[str, object]]:
    """What every method reached, and what it was given to read."""
    rows: list[dict[str, object]] = []
    for method, values in lines.items():
        whole = float(np.mean([value.run().metrics["micro.f1"] for value in wholes[parsed(method)[1]]]))
        last = [value.history()[-1] for value in values]
        needed = to_reach(ENOUGH * whole, values)
        rows.append(
            {
                "method": method,
                "head": HEADS[parsed(method)[1]],
                "F1 of the last round": float(np.mean([value.run().metrics["micro.f1"] for value in values])),
                "area": float(np.mean([value.run().metrics["area"] for value in values])),
                "F1 with all annotated": whole,
                f"sentences to {ENOUGH:.0%} of it": f"over {last[0]['units']}" if needed is None else f"{needed:.0f}",
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
            raw.append(metrics.approximate_randomisation(a, b, rng=rng))
    corrected = multipletests(raw, method="holm")[1] if raw else []
    return [row | {"p": float(p)} for row, p in zip(rows, corrected, strict=True)]


def over_seeds(values: Sequence[float]) -> Interval:
    """See :func:`chemxl.metrics.t_interval`."""
    mean, low, high = metrics.t_interval(np.array(values))
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
