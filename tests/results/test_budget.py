"""Rows of three chapters side by side: each gain is a recorded difference, each F1 a recorded one."""

from __future__ import annotations

import pandas as pd
import pytest

from chemxl.errors import ChemxlError
from chemxl.results import budget, claims


def test_gains_are_recorded_differences() -> None:
    found = budget.gains()
    assert list(dict.fromkeys(bar.group for bar in found)) == [option.name for option in budget.OPTIONS]
    assert len({(bar.group, bar.label) for bar in found}) == len(found), "two gains of one name"
    recorded = pd.concat([claims.recorded(option.chapter) for option in budget.OPTIONS])
    differences = recorded[recorded["metric"] == "difference of F1"]
    known = set(zip(differences["value"], differences["low"], differences["high"], strict=True))
    assert {(bar.value, bar.low, bar.high) for bar in found} <= known


def test_an_option_without_a_row_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = claims.recorded
    monkeypatch.setattr(claims, "recorded", lambda chapter: whole(chapter).query("method != 'margin'"))
    with pytest.raises(ChemxlError, match="chosen by margin"):
        budget.gains()


def test_the_source_is_the_better_one_with_few_sentences() -> None:
    lines = budget.by_sentences()
    rows = claims.recorded("05_transfer").query("metric == 'F1' and sentences == 50 and train != 'none, as long'")
    assert len(lines) == 2 * len(rows.groupby(["type", "test"]))
    for line in lines:
        kind, test = line["to find"].split(", ")
        of = rows[(rows["type"].map(budget.KINDS) == kind) & (rows["test"].map(budget.NAMES) == test)]
        alone = line["learnt before"] == "no source"
        value = of.query("train == 'none'" if alone else "train != 'none'")["value"].max()
        assert line["50"].startswith(f"{value:.2f} [")
        assert list(line)[2:] == [f"{size:,}" for size in budget.SIZES]
