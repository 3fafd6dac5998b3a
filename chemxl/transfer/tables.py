"""Tables and curves of chapter 5 from rows: recorded ones, those of this build, or the paper's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from chemxl.evaluation.learning_curves import SHARE
from chemxl.evaluation.significance import Interval
from chemxl.results.figures import Curve as Line
from chemxl.results.tables import Cells, interval, nothing, number, pivot, sentences, short
from chemxl.transfer.rows import AS_LONG, NONE, SENTENCES

_LABELS = {NONE: "no source", AS_LONG: "no source, trained as long"}  # in figures
_STARTS = {"best": "best source", "worst": "worst source", "no": "no source"}  # the order of a target's curves
_SAVED = ["sentences needed", "sentences saved"]
_REACHED = 0.9  # of full performance: a goal that curves of few sentences come to
_FALL = "largest fall"
_EARLY = ["simulated curve crosses", "simulated runs cross", "too early", "scatter of a run", "correlation"]
_LEARNT = ["to learn from", "mentions in these", "read as a source"]
_SCORED = ["held-out documents", "scored sentences", "annotated mentions", "scored mentions"]
_REPEATED = ["sentences", "left out", "of these with a mention", "mentions per 100, all", "mentions per 100, left"]
_KINDS = {"BC5CDR": "abstracts"}  # of text, by labels that do not say it


def learnt(rows: pd.DataFrame) -> Cells:
    """A table of what each text gives to learn from."""
    return _texts(rows, _LEARNT)


def scored(rows: pd.DataFrame) -> Cells:
    """A table of what is scored of each text."""
    return _texts(rows, _SCORED)


def repeated(rows: pd.DataFrame) -> Cells:
    """A table of sentences that are left out because they also stand in a held-out document, and of the mentions that
    remain."""
    return _texts(rows, _REPEATED)


def _texts(rows: pd.DataFrame, metrics: list[str]) -> Cells:
    """A table of these metrics, a line for each text and type."""
    found = rows[rows["metric"].isin(metrics)].sort_values(
        "metric", key=lambda of: of.map(metrics.index), kind="stable"
    )
    return pivot(found, ["text", "type"], "metric", cell=number)


def matrix(rows: pd.DataFrame) -> pd.DataFrame:
    """For a figure, F1 of a type without a sentence of the target: a row for each test, a column for each source."""
    return _cells(rows, "F1").pivot(index="test", columns="train", values="value")


def zero_shot(rows: pd.DataFrame, metric: str) -> Cells:
    """A table of one metric of a type: a row for each test, a column for each source; F1 with its interval."""
    return pivot(_cells(rows, metric), "test", "train", cell=short if metric == "F1" else number)


def _cells(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of the matrix with this metric."""
    return rows[rows["sentences"].isna() & rows["less_train"].isna() & (rows["metric"] == metric)]


def tests(rows: pd.DataFrame) -> pd.DataFrame:
    """A table of differences between texts and the best other text."""
    return rows[(rows["metric"] == "difference of F1") & rows["sentences"].isna()]


def apart(rows: pd.DataFrame) -> Cells:
    """For one type, F1 less that of the best text other than the one tested, which has none itself: a row for each
    test, a column for each source."""
    found = tests(rows)
    columns = ["test", *dict.fromkeys(_cells(rows, "F1")["train"])]
    made = pivot(found, "test", "train", cell=short) if len(found) else []
    return [{name: line.get(name) for name in columns} for line in made] or nothing("test")


def shared(rows: pd.DataFrame) -> Cells:
    """Sources by what they share with the tested text: how many are the best, and how many clearly worse."""
    found: dict[str, dict[str, int]] = {}
    for row in tests(rows).to_dict("records"):
        if row["train"] == row["test"]:  # stands beside the best of its row, once
            place, column = _shared(row["less_train"], row["test"]), "the best"
        else:
            place = _shared(row["train"], row["test"])
            column = "clearly worse than it" if row["high"] < 0 else "not told from it"
        line = found.setdefault(place, {"the best": 0, "not told from it": 0, "clearly worse than it": 0})
        line[column] += 1
    made: Cells = [{"shared": place, "sources": sum(line.values()), **line} for place, line in sorted(found.items())]
    return made or nothing("shared")


def _shared(source: str, test: str) -> str:
    """What a source shares with a test: the language, the kind of text, or neither."""
    (language, kind), (other, tested) = (label.split() for label in (source, test))
    if language == other:
        return "the language"
    return "the kind of text" if _KINDS.get(kind, kind) == _KINDS.get(tested, tested) else "neither"


def drawn(rows: pd.DataFrame) -> dict[tuple[str, str], list[Line]]:
    """For each type and target, curves of mean F1 with intervals by size, one for each start; zero-shot transfer is the
    point at 0."""
    scores = rows[rows["metric"] == "F1"].sort_values("sentences", kind="stable", na_position="first")
    made: dict[tuple[str, str], list[Line]] = {}
    for (type, test), group in scores.groupby(["type", "test"], sort=False):
        few = group[group["sentences"].notna()]
        for start in few.sort_index()["train"].unique():
            line = group[(group["train"] == start)].fillna({"sentences": 0}).itertuples()
            points: dict[float, Interval] = {int(row.sentences): (row.value, row.low, row.high) for row in line}
            made.setdefault((str(type), str(test)), []).append(Line.of(_LABELS.get(start, start), points))
    return made


def lengths(rows: pd.DataFrame) -> Cells:
    """Sentences read at each size without a source, and steps: the least and the most over all targets."""
    read = rows[rows["metric"].isin(["sentences read", "steps"])]
    few = read[read["sentences"].notna()].sort_values("sentences", kind="stable")
    whole = read[read["sentences"].isna() & read["test"].isin(few["test"])]
    groups = [
        *few[few["train"] == NONE].groupby("sentences", sort=False),
        *((f"{size:,}, as long", own) for size, own in few[few["train"] == AS_LONG].groupby("sentences", sort=False)),
        ("full performance", whole),
    ]
    made: Cells = []
    for name, own in groups:
        label = name if isinstance(name, str) else f"{name:,}"
        found = {metric: _range(of["value"]) for metric, of in own.groupby("metric", sort=False)}
        made.append({"labelled sentences": label, **found})
    return made if len(few) else nothing("labelled sentences")


def _range(values: pd.Series[float]) -> str:
    """The smallest and the largest value."""
    return "–".join(dict.fromkeys(f"{value:,.0f}" for value in (values.min(), values.max())))


def summary(rows: pd.DataFrame) -> Cells:
    """A table of sentences to 90 % of full performance, and of those saved."""
    return _by_curve(rows[rows["metric"].isin(_SAVED) & (rows["share"] == _REACHED)], rows["sentences"].dropna())


def heights(rows: pd.DataFrame) -> Cells:
    """A table of the heights of curves, how much of it is gained, and how F1 varies: over seeds, and as the largest
    fall of the mean from size to size."""
    found = rows[rows["metric"].isin(["area", "gained", "scatter"])]
    return _by_curve(pd.concat([found, _falls(rows)]), rows["sentences"].dropna())


def _falls(rows: pd.DataFrame) -> pd.DataFrame:
    """The largest fall of mean F1 from one number of sentences to the next, by curve."""
    few = rows[(rows["metric"] == "F1") & rows["sentences"].notna() & (rows["train"] != AS_LONG)]
    made = few.sort_values("sentences", kind="stable").groupby(["type", "test", "train"], sort=False)
    falls = [group.iloc[:1].assign(metric=_FALL, value=max(0.0, -group["value"].diff().min())) for _, group in made]
    return pd.concat(falls).assign(low=math.nan, high=math.nan) if falls else few


def early(rows: pd.DataFrame) -> Cells:
    """A table of where single runs cross first, beside the curve around which they scatter."""
    found, sizes = rows[rows["metric"].isin(_EARLY)], rows["sentences"].dropna()
    return pivot(found, ["type", "test"], "metric", cell=lambda row: shown(row, sizes))


def _by_curve(rows: pd.DataFrame, sizes: pd.Series[int]) -> Cells:
    """A table with a line for each curve."""
    return pivot(rows, ["type", "test", "train"], "metric", cell=lambda row: shown(row, sizes))


def shown(row: Mapping[str, Any], sizes: pd.Series[int]) -> object:
    """A value as a table shows it: sentences as such, shares in per cent, F1 with its interval.

    Args:
        sizes: the numbers of sentences on which few-shot taggers were trained.
    """
    if row["metric"] == "too early":
        return f"{row['value']:.0%}"
    if row["scorer"] == SENTENCES:
        counted = sentences(row, sizes)
        return counted.partition(" [")[0] if row["metric"] == "simulated curve crosses" else counted
    return interval(row) if row["low"] < row["high"] else row["value"]


def beside(rows: pd.DataFrame, reported: pd.DataFrame) -> Cells:
    """Paper 1's table 5, sentences to 99 % of full performance, beside the same from these rows, with the name of the
    source."""
    due = rows[(rows["metric"] == "sentences needed") & (rows["share"] == SHARE)]
    printed = reported[reported["metric"] == "sentences to 99 %"]
    made: Cells = []
    for (type, test), group in due.groupby(["type", "test"], sort=False):
        place = {"type": type, "test": test}
        paper = printed[(printed["type"] == type) & (printed["test"] == test)].set_index("start")["value"]
        if len(paper):
            told = {start: f"{paper[name]:,.0f}" for name, start in _STARTS.items()}
            made.append({**place, "by": "the paper", **told})
        cells = [
            ("" if row["train"] == NONE else f"{row['train']}: ") + sentences(row, rows["sentences"].dropna())
            for row in group.to_dict("records")
        ]
        made.append({**place, "by": "this chapter"} | dict(zip(_STARTS.values(), cells, strict=True)))
    return made or nothing("type")


def as_long(rows: pd.DataFrame) -> Cells:
    """A table of F1 of each start less that of none, trained as long as after a source, by number of sentences."""
    few = rows[rows["sentences"].notna() & (rows["metric"] == "difference of F1")]
    return pivot(few, ["type", "test", "train"], "sentences")
