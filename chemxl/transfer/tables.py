"""Chapter 5's tables and curves, from rows: recorded, built, or the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from chemxl.evaluation.learning_curves import SHARE, Estimate, Saving
from chemxl.evaluation.significance import Interval
from chemxl.results import show
from chemxl.results.figures import Curve as Line
from chemxl.results.tables import Cells, interval, nothing, number, one, pivot, plain, value
from chemxl.transfer.rows import AS_LONG, NONE, SENTENCES

SIGNIFICANT = 0.05
_LABELS = {NONE: "no pretraining", AS_LONG: "no pretraining, trained as long"}  # in figures
_STARTS = ("best", "worst", "no")  # pretraining: the order of a target's curves
_HEIGHTS = ["area", "gained", "scatter"]
_THRESHOLDS = ["first crossing", "sentences needed", "sentences saved", "neither gets there"]
_EARLY = ["simulated curve crosses", "simulated runs cross", "too early", "scatter of a run", "correlation"]
_LEARNT = ["to learn from", "mentions in these", "read as a source"]
_SCORED = ["held-out documents", "scored documents", "scored sentences", "annotated mentions", "scored mentions"]
_REPEATED = ["sentences", "left out", "of these with a mention", "mentions per 100, all", "mentions per 100, left"]


def material(rows: pd.DataFrame) -> Cells:
    """What each text gives to learn from, and what is scored."""
    return _texts(rows, [*_LEARNT, *_SCORED])


def repeated(rows: pd.DataFrame) -> Cells:
    """Sentences that are left out since they stand in a held-out document, too, and how many mentions that leaves."""
    return _texts(rows, _REPEATED)


def _texts(rows: pd.DataFrame, metrics: list[str]) -> Cells:
    return pivot(rows[rows["metric"].isin(metrics)], ["text", "type"], "metric", cell=number)


def matrix(rows: pd.DataFrame) -> pd.DataFrame:
    """F1 of a type without a sentence of the target, a row a test and a column a source, for a figure."""
    cells = rows[rows["sentences"].isna() & rows["less_train"].isna() & (rows["metric"] == "F1")]
    return cells.pivot(index="test", columns="train", values="value")


def zero_shot(rows: pd.DataFrame, metric: str) -> Cells:
    """One measure of the matrix of a type, a row a test and a column a source; F1 with its interval and a mark: "+"
    where it is clearly higher than that of the best other text, "−" where it is clearly lower."""
    cells = rows[rows["sentences"].isna() & rows["less_train"].isna() & (rows["metric"] == metric)]
    clear = {
        (row["train"], row["test"]): "+" if row["value"] > 0 else "−"
        for row in tests(rows).to_dict("records")
        if row["p"] < SIGNIFICANT
    }

    def cell(row: Mapping[str, Any]) -> str:
        if metric != "F1" or pd.isna(row["low"]):
            return show.value(row["value"])
        return f"{interval(row)} {clear.get((row['train'], row['test']), '')}".rstrip()

    return pivot(cells, "test", "train", cell=cell)


def tests(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences between texts and the best other text."""
    return rows[(rows["metric"] == "difference of F1") & rows["sentences"].isna()]


def drawn(rows: pd.DataFrame) -> dict[tuple[str, str], list[Line]]:
    """By type and target, mean F1 and interval by size, a curve a start; zero-shot transfer is the point at 0."""
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
    """Sentences that were read at each size without a source, and steps; those of full performance in the last column.
    What was trained as long as after a source has a line of its own."""
    read = rows[rows["metric"] == "sentences read"].sort_values("sentences", kind="stable")
    steps = rows[rows["metric"] == "steps"].set_index(["type", "train", "test", "sentences"])["value"].to_dict()
    targets = set(read[read["sentences"].notna()]["test"])
    made: dict[tuple[object, ...], dict[str, object]] = {}
    for row in read[read["test"].isin(targets)].to_dict("records"):
        how = "as long" if row["train"] == AS_LONG else "as in curves"
        start = {"test": row["test"], "type": row["type"], "trained": how}
        line = made.setdefault((row["test"], row["type"], how), start)
        whole = pd.isna(row["sentences"])
        taken = next(n for place, n in steps.items() if _same(place, row))
        column = "full performance" if whole else f"{row['sentences']:,} sentences"
        line[column] = f"{row['value']:,.0f} ({taken:,.0f})"
    return list(made.values()) or nothing("test")


def _same(place: Sequence[Any], row: Mapping[str, Any]) -> bool:
    named = (row["type"], row["train"], row["test"], row["sentences"])
    return all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in zip(place, named, strict=True))


def summary(rows: pd.DataFrame) -> Cells:
    """What the curves say: sentences to a goal, first crossings, sentences saved."""
    return _by_curve(rows, _THRESHOLDS)


def heights(rows: pd.DataFrame) -> Cells:
    """How high the curves lie: areas, what is gained with its p, scatter."""
    return _by_curve(rows, _HEIGHTS)


def early(rows: pd.DataFrame) -> Cells:
    """Where single runs cross first, against the curve that they scatter about."""
    return _by_curve(rows, _EARLY)


def _by_curve(rows: pd.DataFrame, metrics: list[str]) -> Cells:
    least, most = rows["sentences"].min(), rows["sentences"].max()
    chosen = rows[rows["metric"].isin(metrics)]
    chosen = chosen.assign(measure=[_measure(row) for row in chosen.to_dict("records")])
    return pivot(chosen, ["type", "test", "train"], "measure", cell=lambda row: shown(row, least, most))


def _measure(row: Mapping[str, Any]) -> str:
    return row["metric"] if pd.isna(row["share"]) else f"{row['metric']}, {row['share']:.0%}"


def shown(row: Mapping[str, Any], least: int, most: int) -> object:
    """Sentences as such, shares in per cent, F1 with its interval and p, what has none alone.

    Args:
        least, most: the fewest and the most sentences that a few-shot tagger was trained on.
    """
    value, low, high = row["value"], row["low"], row["high"]
    if row["metric"] == "sentences saved":
        return Saving(value, low, high, row["bound"]).sentences()
    if row["metric"] in ("neither gets there", "too early"):
        return f"{value:.0%}"
    if row["scorer"] == SENTENCES:
        counted = Estimate(value, low, high).sentences(least, most)
        return counted.partition(" [")[0] if row["metric"] == "simulated curve crosses" else counted
    p = "" if pd.isna(row["p"]) else f", p {row['p']:.3f}"
    return value if low == value == high else f"{interval(row)}{p}"


def beside(built: pd.DataFrame, recorded: pd.DataFrame, reported: pd.DataFrame) -> Cells:
    """Paper 1's table 5: sentences to 99 % of full performance, there and here, with the name of the source."""
    cells: dict[tuple[str, str, str], dict[str, object]] = {}
    for row in reported[reported["metric"] == "sentences to 99 %"].to_dict("records"):
        cells[row["type"], row["test"], row["start"].split()[0]] = {"paper": f"{row['value']:,.0f}"}
    for title, rows in {"recorded": recorded, "this build": built}.items():
        due = rows[(rows["metric"] == "sentences needed") & (rows["share"] == SHARE)]
        for (type, test), group in due.groupby(["type", "test"], sort=False):
            for start, row in zip(_STARTS, group.to_dict("records"), strict=True):
                found = str(shown(row, rows["sentences"].min(), rows["sentences"].max()))
                text = found if row["train"] == NONE else f"{row['train']}: {found}"
                cells.setdefault((str(type), str(test), start), {})[title] = text
    order = list(dict.fromkeys(type for type, _, _ in cells)), list(dict.fromkeys(test for _, test, _ in cells))
    empty = dict.fromkeys(("paper", "recorded", "this build"))
    places = [(type, test, s) for type in order[0] for test in order[1] for s in _STARTS if (type, test, s) in cells]
    return [{"test": test, "type": type, "pretraining": s} | empty | cells[type, test, s] for type, test, s in places]


def as_long(rows: pd.DataFrame) -> Cells:
    """Starts against none, trained as long as after a source: F1 of both, the difference, p."""
    few = rows[rows["sentences"].notna()]
    f1 = {
        (row["type"], row["test"], row["train"], row["sentences"]): row["value"]
        for row in few[few["metric"] == "F1"].to_dict("records")
    }
    made: Cells = []
    for row in few[few["metric"] == "difference of F1"].to_dict("records"):
        place = row["type"], row["test"]
        both = {"F1": f1[*place, row["train"], row["sentences"]], "as long": f1[*place, AS_LONG, row["sentences"]]}
        named = {name: plain(row[name]) for name in ("type", "test", "sentences", "train")}
        made.append({**named, **both, "difference": interval(row), "p": row["p"]})
    return made or nothing("test")


def glued(rows: pd.DataFrame, test: str) -> dict[str, str]:
    """What prose says of one target and type: F1 in its own text, and of each start the curve.

    Args:
        rows: recorded, of the target and type.
    """
    f1 = rows[rows["metric"] == "F1"]
    made = {"own": value(f1[(f1["train"] == test) & f1["sentences"].isna()])}
    least, most = rows["sentences"].min(), rows["sentences"].max()
    curves = rows[rows["metric"] == "area"]["train"]
    for start, train in zip(("best", "worst", "none"), curves, strict=False):
        own = rows[rows["train"] == train]
        made[start] = train
        for size in (0, 50, 100, 200, 2000):
            placed = own["sentences"].isna() if size == 0 else own["sentences"].eq(size).fillna(False)
            made[f"{start}_{size}"] = value(own[placed & (own["metric"] == "F1")])
        apart = own[(own["metric"] == "difference of F1") & own["sentences"].eq(200).fillna(False)]
        made[f"{start}_long"] = value(apart)
        for name, metric, share in (
            ("90", "sentences needed", 0.9),
            ("saved", "sentences saved", 0.9),
            ("gained", "gained", None),
            ("scatter", "scatter", None),
        ):
            found = own[(own["metric"] == metric) & (own["share"].isna() if share is None else own["share"] == share)]
            row = one(found)
            made[f"{start}_{name}"] = "—" if row is None else _said(shown(row, least, most))
    return made


def _said(found: object) -> str:
    return show.value(found) if isinstance(found, float) else str(found).partition(", p ")[0]
