"""What the small book shows: the signs of its effects, in the build that stands here. Sizes differ by processor."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from chemxl.results import chapters
from chemxl.results.rows import frame

ROOT = Path(__file__).parents[1]
RUNS = Path(os.environ.get("CHEMXL_RUNS") or ROOT / ".runs")  # before a test's own takes its place


@cache
def built(stem: str) -> pd.DataFrame:
    """The rows of a chapter's runs, none unless all are finished: another chapter's may be among them."""
    recording = chapters.record(chapters.named(stem), profile="small")
    return frame([row for row in recording.recorded.rows if row.source == "this build" and not recording.owed])


@pytest.fixture
def rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Those of the chapter that the test names."""
    monkeypatch.setenv("CHEMXL_RUNS", str(RUNS))
    found = built(request.param)
    if found.empty:
        pytest.skip(f"the small book is not built here: {request.param} is not whole in {RUNS}")
    return found


def of(rows: pd.DataFrame, query: str) -> float:
    """The value of the one row that is asked for."""
    found = rows.query(query)["value"]
    assert len(found) == 1, f"{query}: {len(found)} rows"
    return float(found.iloc[0])


@pytest.mark.parametrize("rows", ["03_continual_pretraining"], indirect=True)
@pytest.mark.parametrize("language", ["EN", "RU"])
def test_perplexity_falls_with_continual_pretraining(rows: pd.DataFrame, language: str) -> None:
    asked = f"metric == 'perplexity' and table.isna() and text == '{language} all kinds'"
    before, after = (of(rows, f"{asked} and encoder == 'in-the-box+{name}'") for name in ("head", "mlm"))
    assert after < before


@pytest.mark.parametrize("rows", ["04_ner"], indirect=True)
@pytest.mark.parametrize("train", ["EN", "RU"])
@pytest.mark.parametrize("test", ["EN", "RU"])
def test_a_pretrained_encoder_finds_more_than_one_that_begins_from_nothing(
    rows: pd.DataFrame, train: str, test: str
) -> None:
    asked = f"metric == 'F1' and type.isna() and train == '{train}' and test == 'mini {test}'"
    names = {"encoder": ("in-the-box", "mini"), "method": ("bilstm-crf", "gazetteer")}
    best, *others = (of(rows, f"{asked} and {key} == '{name}'") for key, chosen in names.items() for name in chosen)
    assert best > max(others)


@pytest.mark.parametrize("rows", ["04_ner"], indirect=True)
def test_what_is_learnt_in_english_holds_in_russian(rows: pd.DataFrame) -> None:
    asked = "metric == 'F1' and type.isna() and encoder == 'in-the-box' and test == 'mini RU'"
    zero_shot, own = (of(rows, f"{asked} and train == '{train}'") for train in ("EN", "RU"))
    assert own > zero_shot > own / 2


@pytest.mark.parametrize("rows", ["05_transfer"], indirect=True)
@pytest.mark.parametrize("sentences", [20, 60])
def test_a_source_helps_where_few_sentences_are_labelled(rows: pd.DataFrame, sentences: int) -> None:
    curves = rows[(rows["metric"] == "F1") & rows["sentences"].isin([sentences])].set_index("train")["value"]
    sources = curves.drop(["none", "none, as long"], errors="ignore")
    assert sources.max() > curves["none"]


@pytest.mark.parametrize("rows", ["06_contrastive_pretraining"], indirect=True)
def test_contrastive_pretraining_helps_where_few_sentences_are_labelled(rows: pd.DataFrame) -> None:
    few = rows["sentences"].min()
    asked = f"metric == 'difference of F1' and sentences == {few} and method == 'Gaussian' and less_method == 'none'"
    assert of(rows, asked) > 0


@pytest.mark.parametrize("rows", ["07_knowledge"], indirect=True)
def test_names_in_each_others_places_bring_translations_together(rows: pd.DataFrame) -> None:
    asked = "metric == 'top-1' and names == 'taught'"
    right, wrong = (of(rows, f"{asked} and pretraining == '{name}'") for name in ("Ent", "wrong dictionary"))
    assert right > wrong
