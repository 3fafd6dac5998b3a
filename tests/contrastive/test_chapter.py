"""What chapter 6 declares: rows with names and configurations of their own, in each profile."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest

from chemxl import corpora
from chemxl.contrastive import chapter
from chemxl.contrastive.plane import Plane, worked
from chemxl.contrastive.tasks import sample, tasks
from chemxl.contrastive.words import WordVectors
from chemxl.corpora.samples import split
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.results import chapters, tables
from chemxl.results.chapters import Line
from chemxl.results.rows import Row, frame
from tests.curves import Counted

PROFILES = get_args(Profile)
SETTINGS = chapter.Settings(
    encoder="mini", sizes=(10, 40), visits=80, tokens=512, rate=1e-3, tagger_rate=2e-3, seeds=(0, 1)
)


def test_methods_differ_in_what_they_should() -> None:
    [task] = tasks("small")
    warm = SETTINGS.model_copy(update={"temperature": 0.5})
    made = {m: chapter.pretraining(warm, task, m, size=40, seed=0) for m in chapter.PRETRAINED}
    cosine, fixed, gaussian, views = made.values()
    assert [one.distance for one in made.values()] == ["cosine", "identity", "gaussian", "gaussian"]
    assert [one.temperature for one in made.values()] == [0.5, 0.1, 0.1, 0.1], "Gaussians have none"
    assert gaussian.views == () and [view.language for view in views.views] == ["en"]
    same = {"views": (), "training": gaussian.training, "probe": task.test}
    assert views.model_copy(update=same) == gaussian
    same = {"distance": "gaussian", "probe": task.test, "temperature": 0.1}
    assert cosine.model_copy(update=same) == fixed.model_copy(update=same) == gaussian
    assert chapter.pretraining(SETTINGS, task, chapter.GAUSSIAN, size=10, seed=0).probe is None
    assert chapter.evaluation(SETTINGS, task, chapter.NONE, size=10, seed=0).model.encoder == "mini"
    tagger = chapter.evaluation(SETTINGS, task, chapter.GAUSSIAN, size=40, seed=0).model
    assert tagger.encoder == gaussian and tagger.train == gaussian.train and tagger.training.head_rate == 2e-3
    once, twice = (
        chapter.evaluation(SETTINGS, task, method, size=10, seed=0).model for method in (chapter.NONE, chapter.TWICE)
    )
    assert (once.training.epochs, twice.training.epochs) == (8, 16) and once.encoder == twice.encoder


def test_a_method_that_is_none_is_named() -> None:
    [task] = tasks("small")
    for methods in (("none", "Gausian"), ("Gaussian",)):
        with pytest.raises(ChemxlError, match="methods are 'none' and some of none, "):
            chapter.table(SETTINGS.model_copy(update={"methods": methods}), task)


@pytest.mark.parametrize("profile", PROFILES)
def test_all_trainings_of_a_size_read_as_many_sentences(profile: Profile) -> None:
    """With the settings of each profile: the tagger, the pretraining, and the pretraining with views."""
    settings: Any = chapters.settled(chapters.named(chapter.stem), profile)
    for task in tasks(profile):
        for size in settings.sizes:
            read = {
                chapter.evaluation(settings, task, chapter.GAUSSIAN, size=size, seed=0).model.training.epochs * size
            }
            for method in chapter.PRETRAINED:
                value = chapter.pretraining(settings, task, method, size=size, seed=0)
                read.add(value.training.epochs * size * (1 + len(value.views)))
            assert read == {settings.visited(size)} and settings.visited(size) >= 2 * size


def test_an_epoch_that_is_not_whole_is_an_error() -> None:
    with pytest.raises(ChemxlError, match="80 visits are not whole epochs of 30"):
        SETTINGS.training(30, 80, head_rate=1e-3)


@pytest.mark.parametrize("method", [chapter.NONE, "cosin"])
def test_a_method_that_is_none_is_an_error(method: str) -> None:
    with pytest.raises(ChemxlError, match="no contrastive pretraining"):
        chapter.pretraining(SETTINGS, tasks("small")[0], method, size=10, seed=0)


def test_the_worked_example_agrees() -> None:
    rows = worked(seed=0)
    assert len(rows) == 6
    assert all(row["divergences"] == pytest.approx(row["products"], rel=1e-5) for row in rows)


def test_clouds_have_the_projected_covariance() -> None:
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.1, 2, size=(40, 5))
    words = WordVectors(np.arange(40) % 3, rng.normal(size=(40, 7)), rng.normal(size=(40, 5)), spread)
    names = ["O", "B-CHEM", "I-CHEM"]
    made = Plane(words.mean).clouds(words, names, gaussians=True, each=8)
    shapes = [(cloud.label, cloud.points.shape) for cloud in made]
    assert shapes == [("CHEM (8 words)", (8, 2)), ("outside (8 words)", (8, 2))]
    for cloud in made:
        assert cloud.covariances is not None
        assert (np.linalg.eigvalsh(cloud.covariances) >= spread.min() - 1e-9).all()
        assert (np.linalg.eigvalsh(cloud.covariances) <= spread.max() + 1e-9).all()
    plane = Plane(words.hidden)
    [found, _] = plane.clouds(words, names, gaussians=False, each=50)
    assert found.covariances is None and found.points.shape == (26, 2) and plane.share.endswith("%")


def test_no_sentence_of_a_real_test_is_trained_on(real: object) -> None:
    found = [task for task in tasks("real") if corpora.available(task.train.name)]
    if not found:
        pytest.skip("no corpus of chapter 6 is on this machine: set CHEMXL_DATA")
    for task in found:
        tested = {part.text for document in task.test.load() for part in split(document)}
        for corpus in (task.train, *task.views):
            sentences = sample(corpus, 1_000_000, 0).load()
            assert len(sentences) > 400
            assert not {sentence.text for sentence in sentences} & tested, corpus.name


def over_sizes(**right: tuple[int, int]) -> list[Row]:
    """Of two seeds of each method, by what is right with 10 and with 20 sentences."""
    methods = {"none": chapter.NONE, "twice": chapter.TWICE, "gaussian": chapter.GAUSSIAN}
    lines = [
        Line({"method": methods[name], "sentences": size}, [Counted(found), Counted(found)], list)
        for name, both in right.items()
        for size, found in zip((10, 20), both, strict=True)
    ]
    return chapter._over_sizes(lines)


def test_pairs_are_compared_where_both_were_run() -> None:
    rows = over_sizes(none=(2, 4), twice=(3, 5), gaussian=(4, 5))
    found = [row for row in rows if row.metric == "difference of F1"]
    assert [(row.keys["sentences"], row.keys["less_method"], round(row.value, 6)) for row in found] == [
        (10, chapter.NONE, 0.2),
        (10, chapter.TWICE, 0.1),
        (20, chapter.NONE, 0.1),
        (20, chapter.TWICE, 0.0),
    ]
    assert {row.keys["method"] for row in found} == {chapter.GAUSSIAN}
    assert [row.p is not None and row.p < 0.05 for row in found] == [True, True, True, False]


def test_what_is_saved_is_measured_against_the_most_without_pretraining() -> None:
    rows = over_sizes(none=(2, 4), twice=(2, 3), gaussian=(3, 5))
    found = {row.keys["method"]: row for row in rows if row.metric == "sentences saved"}
    assert found[chapter.GAUSSIAN].value == pytest.approx(5)  # 0.4 is reached half way
    assert found[chapter.TWICE].value <= 0 and found[chapter.TWICE].bound == "≤"
    assert chapter.NONE not in found


def recorded(metric: str, value: float, half: float = 0.0, *, p: float | None = None, **keys: Any) -> Row:
    ends = {"value": value, "low": value - half, "high": value + half, "p": p}
    return Row(source="recorded", metric=metric, keys={"test": "BC5CDR", "method": chapter.GAUSSIAN, **keys}, **ends)


def test_a_page_has_a_column_a_size_and_a_curve_a_method() -> None:
    rows = frame(
        [
            recorded("F1", 0.5, 0.1, sentences=1000),
            recorded("F1", 0.25, 0.1, sentences=50),
            recorded("F1", 0.1, sentences=50, type="CHEM"),
            recorded("difference of F1", -0.02, 0.01, p=0.25, sentences=1000, less_method=chapter.COSINE),
            recorded("sentences saved", 120.0, 30.0),
        ]
    )
    [curve] = chapter.drawn(rows)["BC5CDR"]
    assert (curve.label, curve.x, curve.runs) == (chapter.GAUSSIAN, [1000, 50], [[0.5, 0.25]])
    whole = rows.query("metric == 'F1' and type.isna()")
    assert tables.pivot(whole, ["test", "method"], "sentences") == [
        {
            "test": "BC5CDR",
            "method": chapter.GAUSSIAN,
            "1,000": "0.500 [0.400, 0.600]",
            "50": "0.250 [0.150, 0.350]",
        }
    ]
    apart = rows.query("metric == 'difference of F1'")
    assert tables.pivot(apart, ["method", "less_method"], "sentences") == [
        {"method": chapter.GAUSSIAN, "less_method": chapter.COSINE, "1,000": "-0.020 [-0.030, -0.010]"}
    ]
    [saved] = tables.pivot(rows.query("metric == 'sentences saved'"), "method", "test", cell=tables.sentences)
    assert saved["BC5CDR"] == "120 [90, 150]"
