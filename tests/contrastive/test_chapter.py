"""What chapter 6 declares: rows with names and configurations of their own, in each profile."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from chemxl import corpora, recording, records
from chemxl.contrastive import chapter
from chemxl.contrastive.words import Words
from chemxl.errors import ChemxlError
from chemxl.experiment import Value
from chemxl.ner.samples import split

PROFILES = get_args(chapter.Profile)
GRID = chapter.Grid(encoder="mini", sizes=(10, 40), visits=80, tokens=512, rate=1e-3)


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_have_names_and_configurations_of_their_own(profile: chapter.Profile) -> None:
    lines = GRID.lines(chapter.tasks(profile), seeds=(0, 1))
    values = [value for row in lines.values() for value in row]
    assert len({value.config_hash() for value in values}) == len(values) == 2 * len(lines)
    for value in values[:4]:
        assert Value.from_config(value.config()) == value
    assert all(records._comparable(a, b, "mini") for a, b in pairwise(list(lines)[:3]))


def test_methods_differ_in_what_they_should() -> None:
    [task] = chapter.tasks("small")
    cosine, gaussian, views = (GRID.pretraining(task, m, size=40, seed=0) for m in list(chapter.LABELS)[1:])
    assert (cosine.distance, gaussian.distance, views.distance) == ("cosine", "gaussian", "gaussian")
    assert gaussian.views == () and [view.language for view in views.views] == ["en"]
    assert gaussian.model_copy(update={"views": views.views}) == views
    assert gaussian.probe == task.test and GRID.pretraining(task, "+gaussian", size=10, seed=0).probe is None
    assert GRID.evaluation(task, "", size=10, seed=0).model.encoder == "mini"
    tagger = GRID.evaluation(task, "+gaussian", size=40, seed=0).model
    assert tagger.encoder == gaussian and tagger.train == gaussian.train and tagger.training == gaussian.training


def test_every_size_reads_as_many_sentences() -> None:
    assert [GRID.training(size).epochs * size for size in (1, 10, 40)] == [80, 80, 80]
    assert GRID.training(500).epochs == 1


@pytest.mark.parametrize("method", ["", "+cosin"])
def test_a_method_that_is_none_is_an_error(method: str) -> None:
    with pytest.raises(ChemxlError, match="no contrastive pretraining"):
        GRID.pretraining(chapter.tasks("small")[0], method, size=10, seed=0)


@pytest.mark.parametrize("profile", ["real", "paper"])
def test_every_profile_can_be_recorded(profile: str) -> None:
    rows, missing = recording.collect(recording.CONTRASTIVE, profile=profile)
    assert missing or rows


def test_the_worked_example_agrees() -> None:
    rows = chapter.worked(seed=0)
    assert len(rows) == 6
    assert all(row["divergences"] == pytest.approx(row["products"], rel=1e-5) for row in rows)


def test_clouds_have_the_projected_covariance() -> None:
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.1, 2, size=(40, 5))
    words = Words(np.arange(40) % 3, rng.normal(size=(40, 7)), rng.normal(size=(40, 5)), spread)
    made = chapter.clouds(words, ["O", "B-CHEM", "I-CHEM"], gaussians=True, each=8)
    assert [(cloud.label, cloud.points.shape) for cloud in made] == [("CHEM", (8, 2)), ("outside", (8, 2))]
    for cloud in made:
        assert cloud.covariances is not None
        assert (np.linalg.eigvalsh(cloud.covariances) >= spread.min() - 1e-9).all()
        assert (np.linalg.eigvalsh(cloud.covariances) <= spread.max() + 1e-9).all()
    assert chapter.clouds(words, ["O", "B-CHEM", "I-CHEM"], gaussians=False)[0].covariances is None


def test_no_sentence_of_a_real_test_is_trained_on(real: object) -> None:
    tasks = [task for task in chapter.tasks("real") if corpora.available(task.train.name)]
    if not tasks:
        pytest.skip("no corpus of chapter 6 is on this machine: set CHEMXL_DATA")
    for task in tasks:
        tested = {part.text for document in task.test.load() for part in split(document)}
        for corpus in (task.train, *task.views):
            sentences = chapter.sample(corpus, 1_000_000, 0).load()
            assert len(sentences) > 400
            assert not {sentence.text for sentence in sentences} & tested, corpus.name
