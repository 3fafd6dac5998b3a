"""What chapter 6 declares: rows with names and configurations of their own, in each profile."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import jupytext
import numpy as np
import pytest
import yaml

from chemxl import corpora
from chemxl.book.sources import _declared
from chemxl.contrastive import chapter
from chemxl.contrastive.words import Words
from chemxl.corpora.samples import split
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Value
from chemxl.results import recording

ROOT = Path(__file__).parents[2]
PROFILES = get_args(chapter.Profile)
GRID = chapter.Grid(encoder="mini", sizes=(10, 40), visits=80, tokens=512, rate=1e-3, tagger_rate=2e-3)


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_have_names_and_configurations_of_their_own(profile: chapter.Profile) -> None:
    lines = GRID.lines(chapter.tasks(profile), seeds=(0, 1))
    values = [value for row in lines.values() for value in row]
    assert len({value.config_hash() for value in values}) == len(values) == 2 * len(lines)
    for value in values[:4]:
        assert Value.from_config(value.config()) == value


def test_methods_differ_in_what_they_should() -> None:
    [task] = chapter.tasks("small")
    cosine, gaussian, views = (GRID.pretraining(task, m, size=40, seed=0) for m in chapter.PRETRAINED)
    assert (cosine.distance, gaussian.distance, views.distance) == ("cosine", "gaussian", "gaussian")
    assert gaussian.views == () and [view.language for view in views.views] == ["en"]
    same = {"views": (), "training": gaussian.training, "probe": task.test}
    assert views.model_copy(update=same) == gaussian
    assert cosine.model_copy(update={"distance": "gaussian", "probe": task.test}) == gaussian
    assert GRID.pretraining(task, "+gaussian", size=10, seed=0).probe is None
    assert GRID.evaluation(task, "", size=10, seed=0).model.encoder == "mini"
    tagger = GRID.evaluation(task, "+gaussian", size=40, seed=0).model
    assert tagger.encoder == gaussian and tagger.train == gaussian.train and tagger.training.head_rate == 2e-3
    once, twice = (GRID.evaluation(task, method, size=10, seed=0).model for method in ("", "+twice"))
    assert (once.training.epochs, twice.training.epochs) == (8, 16) and once.encoder == twice.encoder


@pytest.mark.parametrize("profile", PROFILES)
def test_all_trainings_of_a_size_read_as_many_sentences(profile: chapter.Profile) -> None:
    """With the settings of each profile: the tagger, the pretraining, and the pretraining with views."""
    grid = settings(profile)
    for task in chapter.tasks(profile):
        for size in grid.sizes:
            read = {grid.evaluation(task, "+gaussian", size=size, seed=0).model.training.epochs * size}
            for method in chapter.PRETRAINED:
                value = grid.pretraining(task, method, size=size, seed=0)
                read.add(value.training.epochs * size * (1 + len(value.views)))
            assert read == {grid.visited(size)} and grid.visited(size) >= 2 * size


def settings(profile: str) -> chapter.Grid:
    notebook = jupytext.read(ROOT / f"notebooks/{recording.CONTRASTIVE}.py")
    found = {name: parameter.default for name, parameter in _declared(recording.CONTRASTIVE, notebook).items()}
    found |= (yaml.safe_load((ROOT / f"book/params/{profile}.yaml").read_text("utf-8")) or {}).get(
        recording.CONTRASTIVE, {}
    )
    return chapter.Grid(**{name: item for name, item in found.items() if name not in ("profile", "seeds")})


def test_an_epoch_that_is_not_whole_is_an_error() -> None:
    with pytest.raises(ChemxlError, match="80 visits are not whole epochs of 30"):
        GRID.training(30, 80, head_rate=1e-3)


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
    names = ["O", "B-CHEM", "I-CHEM"]
    made = chapter.Plane(words.mean).clouds(words, names, gaussians=True, each=8)
    shapes = [(cloud.label, cloud.points.shape) for cloud in made]
    assert shapes == [("CHEM (8 words)", (8, 2)), ("outside (8 words)", (8, 2))]
    for cloud in made:
        assert cloud.covariances is not None
        assert (np.linalg.eigvalsh(cloud.covariances) >= spread.min() - 1e-9).all()
        assert (np.linalg.eigvalsh(cloud.covariances) <= spread.max() + 1e-9).all()
    plane = chapter.Plane(words.hidden)
    [found, _] = plane.clouds(words, names, gaussians=False, each=50)
    assert found.covariances is None and found.points.shape == (26, 2) and plane.share.endswith("%")


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
