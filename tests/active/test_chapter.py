"""What chapter 2 declares, and a small chapter from end to end."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from chemxl import corpora
from chemxl.active import chapter, curves
from chemxl.active.experiments import ActiveLearning
from chemxl.active.methods import Method
from chemxl.active.spectral import SpectralEvaluation, SpectralFineTune
from chemxl.corpora.samples import split
from chemxl.experiments import Profile
from chemxl.experiments.experiment import Value
from chemxl.models.tagger import gold
from chemxl.results import chapters
from chemxl.results.rows import frame

METHODS = ("random", "entropy", "entropy+sum", "mahalanobis+always", "mahalanobis+bound")
SETTINGS = chapter.Settings(
    encoder="mini", methods=METHODS, rounds=2, budget=4, steps=3, sentences=100, seeds=(0, 1), whole_epochs=2
)


@pytest.mark.parametrize("profile", get_args(Profile))
def test_lines_have_keys_and_configurations_of_their_own(profile: Profile) -> None:
    settings = SETTINGS.model_copy(update={"profile": profile})
    [lines] = chapter.lines(settings)
    names = [part.name for part in chapter.data(settings)]
    assert len({tuple(sorted(line.keys.items())) for line in lines}) == len(lines)
    due = [line for line in lines if "method" in line.keys]
    own = [value for line in due for value in line.experiments]
    assert len({value.config_hash() for value in own}) == len(own) == 2 * len(due)
    together = [line for line in lines if line not in due]
    assert [line.keys["test"] for line in together] == names
    assert {value for line in together for value in line.experiments} == set(own)
    for value in own:
        assert Value.from_config(value.config()) == value


def test_methods_differ_in_what_they_should() -> None:
    [part] = chapter.data(SETTINGS)
    loops = chapter.loops(SETTINGS, part)
    assert list(loops) == [Method.of(name) for name in (*METHODS, "random+always", "random+bound")]
    summed, spectral = loops[Method.of("entropy+sum")][1], loops[Method.of("mahalanobis+always")][1]
    assert (summed.strategy, summed.aggregate, summed.seed) == ("entropy", "sum", 1)
    assert summed.model_copy(update={"aggregate": "mean"}) == loops[Method("entropy")][1]
    assert isinstance(spectral.learner, SpectralFineTune) and spectral.learner.norm == "always"
    assert spectral.model_copy(update={"strategy": "random"}) == loops[Method("random", "always")][1]
    bounded = loops[Method.of("mahalanobis+bound")][1].learner
    assert isinstance(bounded, SpectralFineTune) and bounded.bound == SETTINGS.bound != spectral.learner.bound
    wholes = chapter.wholes(SETTINGS, part)
    assert list(wholes) == [None, "always", "bound"] and isinstance(wholes["bound"][0], SpectralEvaluation)
    looped, whole = loops[Method("random")][0].learner, wholes[None][0].model
    assert whole.config() | {"training": None} == looped.config() | {"training": None}
    lengths = (whole.training.steps, whole.training.epochs, looped.training.steps)
    assert lengths == (0, SETTINGS.whole_epochs, SETTINGS.steps)
    assert whole.train == loops[Method("random")][0].pool()


@pytest.mark.parametrize("profile", ["real", "paper"])
def test_a_recorded_profile_has_several_strategies_and_rounds(profile: str) -> None:
    settings: Any = chapters.settled(chapter, profile)  # type: ignore[arg-type]
    assert len({Method.of(method) for method in settings.methods}) >= 5 and settings.rounds >= 5
    assert settings.sentences == 0 or settings.sentences > settings.rounds * settings.budget


def test_a_small_chapter_from_end_to_end() -> None:
    methods = ("random+none", "mahalanobis+always")
    settings = SETTINGS.model_copy(update={"methods": methods, "sentences": 30, "seeds": (0,)})
    [part] = chapter.data(settings)
    rows = chapters.run(chapter, settings)  # type: ignore[arg-type]
    loops, wholes = chapter.loops(settings, part), chapter.wholes(settings, part)
    assert len({row.identity for row in rows}) == len(rows)
    distance = Method.of(methods[1])
    own = [row for row in rows if distance.keys.items() <= row.keys.items() and row.of == (row_hash(loops[distance]),)]
    assert [(row.metric, row.keys.get("sentences")) for row in own] == [
        *[("F1", None), ("area", None), ("F1", 4), ("annotated words", 4), ("F1", 8), ("annotated words", 8)],
        ("words a sentence", None),
    ]
    assert own[0].value == own[4].value == round(loops[distance][0].run().metrics["micro.f1"], 4)
    assert own[0].n == len(part.test.load()) and isinstance(loops[distance][0], ActiveLearning)
    table = frame(rows)
    random = table.query("method == 'random' and normalisation == 'none'")
    assert {"AUROC", "words a chosen sentence", "words a sentence of the pool"} <= set(random["metric"])
    [whole] = table.query("method == 'all' and normalisation == 'none'")["value"]
    assert whole == round(wholes["none"][0].run().metrics["micro.f1"], 4)
    [gained] = [line for line in curves.differences(table) if line["less"] == "random"]
    ends = table.query("metric == 'F1' and normalisation == 'always' and sentences.isna()").set_index("method")["value"]
    found = float(str(gained["last round"]).split(" ")[0])
    assert found == pytest.approx(ends["mahalanobis"] - ends["random"], abs=2e-3)
    tried = table.query("metric == 'difference of F1'")
    assert len(tried) == 4 and tried["p"].between(0, 1).all() and (tried["p"] > 0).all()
    assert [line["method"] for line in curves.needed(table)] == [method.strategy for method in loops]
    heights = {(line["method"], line["normalisation"]): line for line in curves.reached(table)}
    assert heights["random", "none"]["area by words"] and heights["all", "none"]["area by words"] is None
    assert len(chapter.risks(settings, part, ["entropy"])[0].runs[0]) == 20
    chosen, told = curves.chosen(table)[part.name], loops[Method("random", "none")][0].run().metrics
    assert chosen.query("aggregation == 'sum' and uncertainty == 'entropy'")["value"].tolist() == [
        round(told["length.entropy.sum"], 4)
    ]
    assert chosen.query("uncertainty.isna()")["value"].tolist() == [round(told["length.pool"], 4)]
    assert [line["head"] for line in chapter.norms(wholes)] == ["two layers", "two layers, normalised"]
    assert float(str(chapter.norms(wholes)[1]["spectral norm"])) == pytest.approx(1, abs=1e-3)


def row_hash(values: list[ActiveLearning]) -> str:
    [value] = values
    return value.config_hash()


def test_tests_are_counted_in_documents_and_pools_in_sentences() -> None:
    [part] = chapter.data(SETTINGS)
    pool, test = chapter.overview([part])
    assert pool["texts"] == f"{len(part.pool.load())} sentences"
    assert test["texts"] == f"{len(part.test.load())} documents"
    assert test["mentions"] == sum(len(layer.mentions) for layer in gold(part.test.load()))


def test_examples_are_shown_of_our_own_corpus_alone() -> None:
    [part] = chapter.data(SETTINGS)
    shown = chapter.examples(part, publishable=True)
    assert len(shown) == 3 and all(len({m.type for m in unit.mentions}) > 1 for unit in shown)
    assert chapter.examples(part, publishable=False) == []


def test_power_iteration_ends_in_the_norm() -> None:
    rows = chapter.worked(seed=0, steps=(1, 1000))
    assert float(str(rows[1]["power iteration"])) == pytest.approx(float(str(rows[1]["torch"])), rel=1e-5)
    assert float(str(rows[0]["power iteration"])) < float(str(rows[1]["power iteration"]))


def test_no_sentence_of_a_real_test_is_in_a_pool() -> None:
    parts = chapter.data(chapter.Settings(profile="real", sentences=0))
    parts = [part for part in parts if corpora.available(part.pool.name)]
    if not parts:
        pytest.skip("no corpus of chapter 2 is on this machine: set CHEMXL_DATA")
    for part in parts:
        tested = {piece.text for document in part.test.load() for piece in split(document)}
        units = part.pool.load()
        assert len(units) > 1000 and not {unit.text for unit in units} & tested, part.name
