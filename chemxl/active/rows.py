"""The rows of chapter 2 from its loops: learning curves, errors found, differences, sentences to a goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from chemxl.active.calibration import RANKED
from chemxl.active.experiments import ActiveLearning
from chemxl.active.lengths import COMPARED
from chemxl.active.methods import Method
from chemxl.active.reading import AGGREGATIONS
from chemxl.active.spectral import Norm
from chemxl.evaluation import learning_curves, significance
from chemxl.evaluation.learning_curves import Estimate, Learning, Saving
from chemxl.evaluation.metrics import Scorer
from chemxl.models.learner import Evaluation
from chemxl.results.rows import SCORER, Keys, Row, counted, known, scored

ByMethod = Mapping[Method, Sequence[ActiveLearning]]
ByNorm = Mapping[Norm | None, Sequence[Evaluation]]

AREA, BY_WORDS = "area", "area by words"  # mean F1 over annotated sentences, and over annotated words
ANNOTATED = "annotated words"
LENGTH, CHOSEN, POOL = "words a sentence", "words a chosen sentence", "words a sentence of the pool"
NEEDED, SAVED = "sentences needed", "sentences saved"
WHOLE, RANDOM = "whole pool", "random sentences"  # whose F1 is the goal
LAST, EVERY = "last round", "all rounds"
WORDS = "counted words"  # a scorer
ENOUGH = 0.95  # of the F1 with the whole pool annotated
_ALL = 1 - 1e-9  # of a curve's own end, which rounding may put above the curve


def learning(values: Sequence[ActiveLearning], wholes: Sequence[Evaluation] | None = None) -> Learning:
    """The counts of all rounds and seeds, as learning curves.

    Args:
        wholes: with everything annotated, what is to be reached.
    """
    runs = [[counts.column() for counts in value.every()] for value in values]
    full = None if wholes is None else np.array([value.counts().column() for value in wholes])
    return Learning(values[0].curve()[0], np.array(runs), full)


def of_loops(values: Sequence[ActiveLearning]) -> list[Row]:
    """F1 after the last round and after each, the mean over the curve, and what was annotated, from loops that differ
    in the seed alone."""
    curve, histories = learning(values), [value.history() for value in values]
    made = [*scored(values), _mean_height(AREA, values, learning_curves.height(curve.sizes))]
    rounds = zip(*significance.estimates(curve.columns(), score=learning_curves.each), strict=True)
    for i, (units, found) in enumerate(zip(curve.sizes, rounds, strict=True)):
        keys: Keys = {"sentences": units}
        made.append(known("F1", found, values, n=curve.counts.shape[2], keys=keys))
        made += counted({ANNOTATED: np.mean([history[i]["words"] for history in histories])}, keys=keys)
    lasts = [history[-1] for history in histories]
    made.append(over_seeds(LENGTH, [last["words"] / last["units"] for last in lasts], values, scorer=WORDS))
    return [*made, *at_random(values)]


def at_random(values: Sequence[ActiveLearning]) -> list[Row]:
    """For models that were trained on random sentences, how well each uncertainty finds their errors, and how long the
    sentences are that it would choose. Other models are left out, since an uncertainty has chosen their training data.
    """
    metrics = [value.run().metrics for value in values]
    asked: dict[str, tuple[str, str, Keys]] = {  # by the name of the runs' metric
        **{f"auroc.{name}": ("AUROC", "wrong words", {"uncertainty": name}) for name in RANKED},
        **{
            f"length.{name}.{how}": (CHOSEN, WORDS, {"uncertainty": name, "aggregation": how})
            for name in COMPARED
            for how in AGGREGATIONS
        },
        "length.pool": (POOL, WORDS, {}),
    }
    return [
        over_seeds(metric, [one[name] for one in metrics], values, scorer=scorer, keys=keys)
        for name, (metric, scorer, keys) in asked.items()
        if name in metrics[0]
    ]


def over_seeds(
    metric: str, found: Sequence[float], values: Sequence[ActiveLearning], *, scorer: str, keys: Keys | None = None
) -> Row:
    """A row for what varies over seeds alone, see :func:`chemxl.evaluation.significance.t_interval`."""
    mean, low, high = (float(number) for number in significance.t_interval(np.array(found)))
    return known(metric, (mean, low, high), values, rule=significance.SEEDS_RULE, scorer=scorer, keys=keys)


def compared(loops: ByMethod, wholes: ByNorm) -> list[Row]:
    """All rows that compare the loops of one test."""
    return [*differences(loops), *goals(loops, wholes), *by_words(loops)]


def rivals(loops: ByMethod, method: Method) -> list[Method]:
    """The methods that a method is compared with: random sentences with the same head, and the same strategy with the
    first method's head."""
    others = dict.fromkeys((method.control, method._replace(norm=next(iter(loops)).norm)))
    return [other for other in others if other != method and other in loops]


def differences(loops: ByMethod) -> list[Row]:
    """Every method less its :func:`rivals`: F1 after the last round, and its mean over all of them; intervals and p are
    corrected over all rows (:func:`chemxl.evaluation.learning_curves.gained`)."""
    curves = {method: learning(values) for method, values in loops.items()}
    parts = {LAST: {method: _last(curve) for method, curve in curves.items()}, EVERY: curves}
    pairs = [(m, other, part) for m in loops for other in rivals(loops, m) for part in parts]
    found = learning_curves.gained([(parts[part][other], parts[part][method]) for method, other, part in pairs])
    made = []
    for (method, other, part), one in zip(pairs, found, strict=True):
        less = {f"less_{key}": value for key, value in other.keys.items() if method.keys[key] != value}
        n, keys = curves[method].counts.shape[2], {**method.keys, **less, "part": part}
        made.append(known("difference of F1", one[:3], loops[method], n=n, p=round(one.p, 4), keys=keys))
    return made


def _last(curve: Learning) -> Learning:
    """Counts as if every round had been like the last, so that one score serves for the last round and for all."""
    return Learning(curve.sizes, np.repeat(curve.counts[:, -1:], len(curve.sizes), axis=1))


def goals(loops: ByMethod, wholes: ByNorm) -> list[Row]:
    """How many sentences each method needs to reach two goals, and how many fewer than random sentences. The goals are
    a share of the F1 with everything annotated, and the final F1 of random sentences with the same head."""
    made = []
    rng = partial(np.random.default_rng, 0)
    for method, values in loops.items():
        random, far = learning(loops[method.control]), learning(values, wholes[method.norm])
        near = Learning(far.sizes, far.counts, random.whole)
        found: list[tuple[str, Estimate, Keys]] = [
            (NEEDED, learning_curves.needed(far, rng=rng(), share=ENOUGH), {"goal": WHOLE, "share": ENOUGH}),
            (NEEDED, learning_curves.needed(near, rng=rng(), share=_ALL), {"goal": RANDOM}),
        ]
        if method != method.control:
            found.append((SAVED, learning_curves.saved(random, near, rng=rng(), share=_ALL), {"goal": RANDOM}))
        for metric, one, keys in found:
            bound, ends = one.bound if isinstance(one, Saving) else "", (one.value, one.low, one.high)
            how = {"n": far.counts.shape[2], "bound": bound, "scorer": "annotated sentences"}
            made.append(known(metric, ends, values, keys=method.keys | keys, **how))
    return made


def by_words(loops: ByMethod) -> list[Row]:
    """The mean height of each curve over annotated words, up to the number that all curves reach. A round has as many
    words as its mean over seeds."""
    read = {
        method: np.mean([[row["words"] for row in value.history()] for value in values], axis=0).tolist()
        for method, values in loops.items()
    }
    ends = max(at[0] for at in read.values()), min(at[-1] for at in read.values())
    scorer = f"mean over annotated words, {SCORER}"
    return [
        _mean_height(BY_WORDS, values, height(read[method], *ends), scorer=scorer, keys=method.keys)
        for method, values in loops.items()
    ]


def height(at: Sequence[float], low: float, high: float) -> Scorer:
    """A function from the sums of counts after R rounds (..., 3 R) to the mean height of F1 between two places (...).

    Args:
        at: the place of each round, ascending, (R,).
        low, high: within these.
    """
    places = np.unique(np.clip(at, low, high))  # (P,)
    drawn_to = np.array([np.interp(places, at, one) for one in np.eye(len(at))])  # (R, P)
    return lambda totals: learning_curves.mean_height(learning_curves.each(totals) @ drawn_to, places.tolist())


def _mean_height(
    metric: str, values: Sequence[ActiveLearning], score: Scorer, *, scorer: str = SCORER, keys: Keys | None = None
) -> Row:
    """A row with the mean height of the learning curve of these loops."""
    curve = learning(values)
    found = significance.estimate(curve.columns(), score=score)
    return known(metric, found, values, n=curve.counts.shape[2], scorer=scorer, keys=keys)
