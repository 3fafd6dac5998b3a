"""What loops of active learning say: learning curves, their areas, tests against random sentences, and calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from chemxl.active.calibration import RANKED
from chemxl.active.chapter import HEADS, control, parsed
from chemxl.active.experiments import SHARES, ActiveLearning
from chemxl.active.lengths import COMPARED
from chemxl.active.reading import AGGREGATIONS
from chemxl.evaluation import learning_curves, significance
from chemxl.evaluation.learning_curves import Learning
from chemxl.evaluation.metrics import Scorer
from chemxl.evaluation.significance import Interval
from chemxl.models.learner import Evaluation
from chemxl.results import show
from chemxl.results.canvas import COLOURS
from chemxl.results.figures import Bar, Curve
from chemxl.results.records import Row

Lines = Mapping[str, Sequence[ActiveLearning]]
V = TypeVar("V")
_PLACES = ("mahalanobis", "centroid", "core-set", "badge")


def families(lines: Mapping[str, V]) -> dict[str, Mapping[str, V]]:
    """The methods in groups that fit into a figure each, random sentences in all of them: those with the head of the
    first, in two groups, and all heads."""
    if len(lines) <= len(COLOURS):
        return {"": lines}
    base = parsed(next(iter(lines)))[1]
    groups: dict[str, dict[str, V]] = {"by place": {}, "by probability": {}, "heads": {}}
    for method, values in lines.items():
        strategy, head, _ = parsed(method)
        if head == base:
            for group in ("by place", "by probability"):
                if strategy == "random" or (group == "by place") == (strategy in _PLACES):
                    groups[group][method] = values
        if strategy in ("random", "mahalanobis"):
            groups["heads"][method] = values
    return {name: group for name, group in groups.items() if len(group) > 1}


def controls(lines: Lines) -> Lines:
    """The loops of random sentences, one a head."""
    return {method: values for method, values in lines.items() if method == control(method)}


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
    found = learning_curves.area(counted(values))
    return found.value, found.low, found.high


def by_words(lines: Lines) -> dict[str, Interval]:
    """The mean height of each curve over the annotated words that all of them come to, with intervals as of
    :func:`area`. A round has as many words as its mean over seeds."""
    read = {method: drawn({method: values}, words=True)[0].x for method, values in lines.items()}
    ends = max(at[0] for at in read.values()), min(at[-1] for at in read.values())
    return {
        method: significance.estimate(counted(values).columns(), score=height(read[method], *ends))
        for method, values in lines.items()
    }


def height(at: Sequence[float], low: float, high: float) -> Scorer:
    """From sums of counts (..., 3 R) after R rounds to the mean height of F1 between two places (...).

    Args:
        at: the place of each round, ascending, (R,).
        low, high: within these.
    """
    places = np.unique([low, *(place for place in at if low < place < high), high])  # (P,)
    drawn_to = np.array([np.interp(places, at, one) for one in np.eye(len(at))])  # (R, P)

    def score(totals: np.ndarray) -> np.ndarray:
        """(..., 3 R) -> (...)."""
        return learning_curves.mean_height(learning_curves.each(totals) @ drawn_to, places.tolist())

    return score


def reached(lines: Lines) -> list[dict[str, object]]:
    """What every method reached, and what it was given to read."""
    rows: list[dict[str, object]] = []
    for (method, values), height_by_words in zip(lines.items(), by_words(lines).values(), strict=True):
        rows.append(
            {
                "method": method,
                "head": HEADS[parsed(method)[1]],
                "F1 of the last round": float(np.mean([value.run().metrics["micro.f1"] for value in values])),
                "mean F1 by sentences": show.value(*area(values)),
                "mean F1 by words": show.value(*height_by_words),
                "words a sentence": f"{sentence_lengths(values)[0]:.1f}",
                "steps a training": int(values[0].history()[-1]["steps"]),
            }
        )
    return rows


def headline(rows: Sequence[Row]) -> list[Row]:
    """Rows of the F1 after the last round and of its mean over all of them, which are one a method."""
    return [row for row in rows if row.metric in ("F1", "area")]


def after(values: Sequence[ActiveLearning], *, number: int) -> Interval:
    """F1 after a round, with an interval over documents and seeds."""
    return significance.estimate([value.every()[number].column() for value in values])


def told(values: Sequence[ActiveLearning], *, name: str) -> Interval:
    """A metric of the loops, with an interval over seeds."""
    return over_seeds([value.run().metrics[name] for value in values])


def sentence_lengths(values: Sequence[ActiveLearning]) -> Interval:
    """Words that an annotated sentence has, with an interval over seeds."""
    return over_seeds([row["words"] / row["units"] for row in (value.history()[-1] for value in values)])


def over_seeds(values: Sequence[float]) -> Interval:
    """See :func:`chemxl.evaluation.significance.t_interval`."""
    mean, low, high = significance.t_interval(np.array(values))
    return float(mean), float(low), float(high)


def ranked(lines: Lines) -> list[Bar]:
    """How well each uncertainty finds the errors of models that were trained on random sentences: area under the ROC
    curve, a bar a head."""
    return [
        Bar(name, *told(values, name=f"auroc.{name}"), group=HEADS[parsed(method)[1]])
        for name in RANKED
        for method, values in controls(lines).items()
    ]


def risks(lines: Lines, names: Sequence[str]) -> list[Curve]:
    """The error rate among the surest words against their share, a curve an uncertainty, of the last models of the
    first loop of random sentences."""
    values, shares = next(iter(controls(lines).values())), [100 * share for share in SHARES]
    return [Curve(n, shares, [[100 * r for r in v.history()[-1]["risk"][n]] for v in values]) for n in names]


def lengths(lines: Lines) -> list[Bar]:
    """Words a sentence has that the same models would choose, a bar an uncertainty and a way from words to
    sentences."""
    values = next(iter(controls(lines).values()))
    return [
        Bar(name, *told(values, name=f"length.{name}.{how}"), group=how) for name in COMPARED for how in AGGREGATIONS
    ]


def left(lines: Lines) -> float:
    """Words that a sentence of the pool has, on average over what was left to choose from."""
    return told(next(iter(controls(lines).values())), name="length.pool")[0]
