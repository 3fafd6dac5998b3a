"""What chapter 1 shows: every document accounted for, every row named once, in each profile."""

from __future__ import annotations

from typing import get_args

import pytest

from chemxl import corpora
from chemxl.collect import chapter
from chemxl.experiments.experiment import Value

PROFILES = get_args(chapter.Profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_have_names_and_configurations_of_their_own(profile: chapter.Profile) -> None:
    scored = chapter.scored(profile, embedders=["lsi"], rates=[0.1, 0.2], seeds=[0, 1])
    lines = [values for named in scored.values() for values in named.values()]
    lines += [[value] for named in chapter.counted(profile).values() for value in named.values()]
    hashes = [value.config_hash() for values in lines for value in values]
    assert len(set(hashes)) == len(hashes)
    assert all(Value.from_config(value.config()) == value for values in lines for value in values)


def test_every_corpus_that_a_profile_names_is_in_the_catalogue() -> None:
    for named in chapter.counted("real").values():
        for value in named.values():
            for part in value.parts():
                if name := getattr(part, "name", None):
                    assert name in corpora.catalog()


def test_the_funnel_holds_every_document() -> None:
    made = chapter.gathering("small", sentences=100)
    metrics = made.run().metrics
    bars = chapter.funnel(made)
    assert sum(bars["English"].values()) == metrics["en: came in"]
    steps = {row["step"]: row for row in chapter.steps(metrics)}
    assert steps["came in"]["Russian"] == metrics["ru: came in"]
    assert chapter.steps({"row": "nothing is recorded yet"}) == [{"step": "nothing is recorded yet"}]


def test_terms_have_all_their_forms() -> None:
    rows = {row["term"]: row for row in chapter.terms()}
    assert len(rows) == 8
    assert "ингибиторами" in str(rows["inhibitor"]["Russian"])


def test_a_table_is_turned() -> None:
    rows = [{"row": "a", "documents": 3, "GENE": 1}, {"row": "b", "documents": 5}]
    assert chapter.turned(rows) == [{"": "documents", "a": 3, "b": 5}, {"": "GENE", "a": 1, "b": None}]
    parts = chapter.leaking([{"row": "x dev in y train", "documents": 2, "by text": 1, "of": 9, "translation": 1}])
    assert parts == [{"tested on": "x dev", "stands in": "y train", "documents": 2, "by text": 1, "of": 9}]
