"""The figures and tables of chapter 2, made from its rows, built now or recorded."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from chemxl.active.rows import ANNOTATED, AREA, BY_WORDS, CHOSEN, NEEDED, POOL, SAVED
from chemxl.results import tables
from chemxl.results.canvas import COLOURS
from chemxl.results.figures import Curve
from chemxl.results.tables import Cells

_PLACES = ("mahalanobis", "centroid", "core-set", "badge")


def keys(rows: pd.DataFrame) -> list[str]:
    """The keys that tell methods apart in these rows; the aggregation is left out if all methods take the mean."""
    summed = "aggregation" in rows and rows["aggregation"].notna().any()
    return ["method", "normalisation", *(["aggregation"] if summed else [])]


def families(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows after each round of one test, in groups that fit one figure, by the figure's title: methods with the
    first head, in two groups, and all heads."""
    figures: dict[str, pd.DataFrame] = {}
    for test, own in rows[rows["sentences"].notna()].groupby("test", sort=False):
        if len(own[keys(own)].drop_duplicates()) <= len(COLOURS):
            figures[test] = own
            continue
        random, placed = own["method"] == "random", own["method"].isin(_PLACES)
        same = own["normalisation"] == own["normalisation"].iloc[0]
        figures[f"{test}, by place"] = own[same & (placed | random)]
        figures[f"{test}, by probability"] = own[same & ~placed]
        figures[f"{test}, heads"] = own[random | (own["method"] == "mahalanobis")]
    return {title: own for title, own in figures.items() if len(own[keys(own)].drop_duplicates()) > 1}


def curves(rows: pd.DataFrame, *, words: bool = False) -> list[Curve]:
    """Curves of F1 against the number of annotated sentences, one for each method.

    Args:
        rows: of one of the :func:`families`.
        words: against the number of annotated words; its mean over seeds.
    """
    made = []
    for names, own in rows.groupby(keys(rows), sort=False, dropna=False):
        f1 = own[own["metric"] == "F1"]
        read = own[own["metric"] == ANNOTATED]["value"] if words else f1["sentences"]
        label = "+".join(name for name in names if not pd.isna(name))
        made.append(Curve(label, read.tolist(), [f1["value"].tolist()], (f1["low"].tolist(), f1["high"].tolist())))
    return made


def reached(rows: pd.DataFrame) -> Cells:
    """For one test, F1 after the last round and its mean over annotated sentences and over words."""
    found = rows[rows["metric"].isin(["F1", AREA, BY_WORDS]) & rows["sentences"].isna()]
    return tables.pivot(found.sort_values("metric", kind="stable"), keys(found), "metric")


def differences(rows: pd.DataFrame) -> Cells:
    """For one test, what each method gains over another, over all rounds and after the last; a line for each pair."""
    found = rows[rows["metric"] == "difference of F1"]
    less = found.filter(like="less_")
    if "less_normalisation" in less:
        less = less.assign(less_normalisation="normalisation " + less["less_normalisation"])
    found = found.assign(less=less.bfill(axis=1).iloc[:, 0]).sort_values("part", kind="stable")
    return tables.pivot(found, [*keys(found), "less"], "part")


def needed(rows: pd.DataFrame) -> Cells:
    """Sentences that each method needs to reach a goal, and saves: "≤" means that the first round reaches it, ">" that
    none does. A goal that no method reaches has no column."""
    sizes, found = rows["sentences"].dropna(), rows[rows["metric"].isin([NEEDED, SAVED])]
    within = found[found["value"] < math.inf]["goal"]
    found = found[found["goal"].isin(within)]
    return tables.pivot(found, ["test", *keys(found)], ["metric", "goal"], cell=partial(tables.sentences, sizes=sizes))


def chosen(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """For each test, words per sentence among the sentences that the first head's models would choose next, and in the
    pool."""
    found = rows[rows["metric"].isin([CHOSEN, POOL])]
    return {
        test: own[own["normalisation"] == own["normalisation"].iloc[0]]
        for test, own in found.groupby("test", sort=False)
    }
