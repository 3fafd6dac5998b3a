"""What chapter 2 declares, and what its curves say: rows of their own, areas, heights by words."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import jupytext
import numpy as np
import pytest
import yaml

from chemxl import corpora
from chemxl.active import chapter, compared, curves
from chemxl.active.experiments import ActiveLearning
from chemxl.active.spectral import SpectralEvaluation, SpectralFineTune
from chemxl.book.sources import _declared
from chemxl.corpora.samples import split
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Value
from chemxl.models.tagger import gold
from chemxl.results import recording, records
from tests.active.loops import Done

ROOT = Path(__file__).parents[2]
PROFILES = get_args(chapter.Profile)
LOOPS = chapter.Loops(
    encoder="mini", rounds=2, budget=4, steps=3, rate=1e-3, head_rate=1e-3, tokens=256, whole_epochs=2
)
METHODS = ["random", "entropy", "entropy+sum", "mahalanobis+always", "mahalanobis+bound"]


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_have_names_and_configurations_of_their_own(profile: chapter.Profile) -> None:
    tasks = chapter.tasks(profile, sentences=100)
    every = [line for task in tasks for line in recording.looped(LOOPS, task, METHODS, seeds=(0, 1), profile=profile)]
    names = [task.name for task in tasks]
    due = [line for line in every if line.name not in names]
    own = [value for line in due for value in line.experiments]
    assert len({value.config_hash() for value in own}) == len(own) == 2 * len(due)
    together = [line for line in every if line.name in names]
    assert [line.name for line in together] == names
    assert {value for line in together for value in line.experiments} == set(own)
    assert len({line.name for line in every}) == len(every)
    for value in own:
        assert Value.from_config(value.config()) == value


def test_methods_differ_in_what_they_should() -> None:
    [task] = chapter.tasks("small", sentences=100)
    lines = LOOPS.lines(task, METHODS, seeds=(0, 1))
    assert list(lines) == [*METHODS, "random+always", "random+bound"]
    summed, spectral = lines["entropy+sum"][1], lines["mahalanobis+always"][1]
    assert (summed.strategy, summed.aggregate, summed.seed) == ("entropy", "sum", 1)
    assert summed.model_copy(update={"aggregate": "mean"}) == lines["entropy"][1]
    assert isinstance(spectral.learner, SpectralFineTune) and spectral.learner.norm == "always"
    assert spectral.model_copy(update={"strategy": "random"}) == lines["random+always"][1]
    bounded = lines["mahalanobis+bound"][1].learner
    assert isinstance(bounded, SpectralFineTune) and bounded.bound == LOOPS.bound != spectral.learner.bound
    wholes = LOOPS.wholes(task, METHODS, seeds=(0,))
    assert list(wholes) == ["", "always", "bound"] and isinstance(wholes["bound"][0], SpectralEvaluation)
    looped, whole = lines["random"][0].learner, wholes[""][0].model
    assert whole.config() | {"training": None} == looped.config() | {"training": None}
    assert (whole.training.steps, whole.training.epochs, looped.training.steps) == (0, LOOPS.whole_epochs, LOOPS.steps)
    assert wholes[""][0].model.train == lines["random"][0].pool()


def test_a_method_that_is_none_is_an_error() -> None:
    assert chapter.parsed("badge+bound") == ("badge", "bound", "mean")
    assert chapter.with_head("entropy+sum", "none") == "entropy+none+sum"
    assert chapter.with_head("entropy+always", "") == "entropy"
    with pytest.raises(ChemxlError, match="'sometimes' is neither"):
        chapter.parsed("entropy+sometimes")


@pytest.mark.parametrize("profile", ["real", "paper"])
def test_every_profile_can_be_recorded(profile: str) -> None:
    rows, missing = recording.collect(recording.ACTIVE, profile=profile)
    assert missing or rows
    settings = yaml.safe_load((ROOT / f"book/params/{profile}.yaml").read_text("utf-8"))
    assert settings["10_scoreboard"]["active"] == settings[recording.ACTIVE]
    strategies = {chapter.parsed(method) for method in settings[recording.ACTIVE]["methods"]}
    assert len(strategies) >= 5 and settings[recording.ACTIVE]["rounds"] >= 5


@pytest.mark.parametrize("profile", ["real", "paper"])
def test_figures_have_as_many_curves_as_there_are_colours(profile: str) -> None:
    settings = yaml.safe_load((ROOT / f"book/params/{profile}.yaml").read_text("utf-8"))[recording.ACTIVE]
    methods = dict.fromkeys([*settings["methods"], *map(chapter.control, settings["methods"])])
    groups = curves.families({method: [] for method in methods})
    first = chapter.control(settings["methods"][0])
    assert all(2 <= len(group) <= 6 and first in group for group in groups.values())
    assert {method for group in groups.values() for method in group} == set(methods)


def test_the_area_has_an_interval_around_it() -> None:
    values: Any = [Done([2, 4, 6]), Done([2, 6, 8])]
    value, low, high = curves.area(values)
    assert value == pytest.approx((0.4 + 0.55) / 2) and low < value < high
    alike: Any = [Done([10, 10, 10])] * 2
    assert curves.area(alike) == (1.0, 1.0, 1.0)


def test_the_height_of_a_curve_between_two_places() -> None:
    totals = np.array([[2, 10, 10, 4, 10, 10, 8, 10, 10]])  # F1 0.2, 0.4, 0.8
    assert curves.height([10, 20, 40], 10, 40)(totals) == pytest.approx([(3 + 12) / 30])
    assert curves.height([10, 20, 40], 10, 30)(totals) == pytest.approx([(3 + 5) / 20])
    assert curves.height([10, 20, 40], 15, 15)(totals) == pytest.approx([0.3])


def test_words_are_compared_where_all_have_them() -> None:
    short: Any = [Done([2, 4, 6], words=50), Done([2, 4, 6], words=150)]  # 100, 200, 300 on average
    long: Any = [Done([2, 4, 8], words=200)] * 2  # 200, 400, 600
    found = curves.by_words({"random": short, "entropy": long})
    assert found["random"][0] == pytest.approx(0.5) and found["entropy"][0] == pytest.approx(0.25)
    assert found["random"][1] < 0.5 < found["random"][2]


def test_what_was_reached_is_told() -> None:
    values: Any = [Done([2, 4, 6], words=200), Done([2, 6, 8])]  # mean 0.2, 0.5, 0.7
    better: Any = [Done([2, 8, 9]), Done([2, 8, 9])]
    lines = {"random": values, "entropy": better}
    row, _ = curves.reached(lines)
    assert row["words a sentence"] == "15.0" and row["steps a training"] == 7
    assert str(row["mean F1 by sentences"]).startswith("0.475 [")
    assert curves.over_seeds([0.5]) == (0.5, 0.5, 0.5)
    mean, low, high = curves.over_seeds([0.4, 0.6])
    assert mean == pytest.approx(0.5) and high - mean == pytest.approx(12.7062 * 0.1, rel=1e-4) and low < 0


def test_a_small_chapter_from_end_to_end() -> None:
    [task] = chapter.tasks("small", sentences=30)
    methods = ["random+none", "mahalanobis+always"]
    lines, wholes = LOOPS.lines(task, methods, seeds=(0,)), LOOPS.wholes(task, methods, seeds=(0,))
    due = list(recording.looped(LOOPS, task, methods, seeds=(0,), profile="small"))
    for values in (*lines.values(), *wholes.values()):
        values[0].run()
    rows = [row for line in due for row in line.rows()]
    assert len({(row.table, row.row, row.metric) for row in rows}) == len(rows)
    assert {row.table for row in rows} == set(chapter.tables("small").values())
    of = {metric: row for row in rows for metric in [row.metric] if "mahalanobis" in row.row}
    assert of.keys() == {"F1", "area", "4 sentences", "8 sentences", "words a sentence"}
    assert of["F1"].value == of["8 sentences"].value == round(lines[methods[1]][0].run().metrics["micro.f1"], 4)
    assert of["F1"].n == len(task.test.load()) and isinstance(of["F1"].recreated(), ActiveLearning)
    told = {row.metric for row in rows if "random+none" in row.row}
    assert {"entropy", "entropy.sum", "pool"} <= told
    [whole] = [row for row in rows if "all+none" in row.row]
    assert whole.value == round(wholes["none"][0].run().metrics["micro.f1"], 4)
    last = next(line for line in compared.compared(rows) if line["method"] == methods[1])
    ends = [one for one in rows if one.metric == "F1" and ("mahalanobis" in one.row or "random+always" in one.row)]
    assert (last["task"], last["less"], last["F1 of"]) == (task.name, "random+always", "last round")
    found = float(str(last["difference"]).split(" ")[0].replace("−", "-"))
    assert found == pytest.approx((ends[0].value or 0) - (ends[1].value or 0), abs=2e-3)
    assert isinstance(last["p"], float) and 0 < last["p"] <= 1
    assert [line["method"] for line in compared.needed(rows)] == list(lines)
    heights = {line["method"]: line for line in compared.reached(rows)}
    assert heights[methods[0]]["mean F1 by words"] and "mean F1 by words" not in heights["all+none"]
    kept = curves.headline(rows)
    assert {row.metric for row in kept} == {"F1", "area"} and records.tables(kept, kept, [])
    assert len(curves.risks(lines, ["entropy"])[0].runs[0]) == 20
    bars = {(bar.label, bar.group): bar.value for bar in curves.lengths(lines)}
    assert bars["entropy", "sum"] == lines["random+none"][0].run().metrics["length.entropy.sum"]
    assert curves.left(lines) == lines["random+none"][0].run().metrics["length.pool"]
    assert [row["head"] for row in chapter.norms(wholes)] == ["two layers", "two layers, normalised"]
    assert float(str(chapter.norms(wholes)[1]["spectral norm"])) == pytest.approx(1, abs=1e-3)


def test_tests_are_counted_in_documents_and_pools_in_sentences() -> None:
    [task] = chapter.tasks("small", sentences=100)
    pool, test = chapter.overview([task])
    assert pool["texts"] == f"{len(task.pool.load())} sentences"
    assert test["texts"] == f"{len(task.test.load())} documents"
    assert test["mentions"] == sum(len(layer.mentions) for layer in gold(task.test.load()))


def test_examples_are_shown_of_our_own_corpus_alone() -> None:
    [task] = chapter.tasks("small", sentences=100)
    shown = chapter.examples(task, publishable=True)
    assert len(shown) == 3 and all(len({m.type for m in unit.mentions}) > 1 for unit in shown)
    assert chapter.examples(task, publishable=False) == []


def test_power_iteration_ends_in_the_norm() -> None:
    rows = chapter.worked(seed=0, steps=(1, 1000))
    assert float(str(rows[1]["power iteration"])) == pytest.approx(float(str(rows[1]["torch"])), rel=1e-5)
    assert float(str(rows[0]["power iteration"])) < float(str(rows[1]["power iteration"]))


def test_no_sentence_of_a_real_test_is_in_a_pool() -> None:
    tasks = [task for task in chapter.tasks("real", sentences=0) if corpora.available(task.pool.name)]
    if not tasks:
        pytest.skip("no corpus of chapter 2 is on this machine: set CHEMXL_DATA")
    for task in tasks:
        tested = {part.text for document in task.test.load() for part in split(document)}
        units = task.pool.load()
        assert len(units) > 1000 and not {unit.text for unit in units} & tested, task.name


def test_the_scoreboard_runs_what_the_chapter_runs() -> None:
    def defaults(stem: str) -> dict[str, Any]:
        notebook = jupytext.read(ROOT / f"notebooks/{stem}.py")
        return {name: parameter.default for name, parameter in _declared(stem, notebook).items()}

    own = defaults(recording.ACTIVE)
    assert defaults("10_scoreboard")["active"] == {n: v for n, v in own.items() if n not in ("profile", "seeds")}
