"""What chapter 3 declares: rows with names and configurations of their own, in each profile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chemxl.corpora.texts import Texts
from chemxl.errors import ChemxlError
from chemxl.models.encoders import ALIASES, FirstLayers
from chemxl.models.training import Training
from chemxl.pretrain import cards, chapter, tasks
from chemxl.pretrain.experiments import ContinualPretraining, Perplexity
from chemxl.pretrain.stream import Reading


def test_stages_build_on_each_other() -> None:
    head, mlm, new = (chapter.stage("real", f"minilm+{name}") for name in ("head", "mlm", "new-mlm+tlm"))
    assert head.frozen and head.encoder == "minilm" and head.new_pieces == 0
    assert mlm.encoder == head and not mlm.frozen
    assert isinstance(new.encoder, ContinualPretraining) and new.encoder.new_pieces == chapter.NEW_PIECES
    assert new.reading.mixture.tlm == 0.5
    shuffled, true = (chapter.stage("real", f"minilm+{name}").reading for name in ("mlm+shuffled", "mlm+tlm"))
    assert shuffled.shuffled and not true.shuffled and shuffled.mixture == true.mixture


def test_layers_are_those_of_every_stage_and_of_taggers() -> None:
    settings = chapter.Settings(layers=1, stages=("mini+mlm, then tlm",), models=("mini", "mini+mlm, then tlm"))
    [then, *_] = chapter.runs(settings, settings.stages[0])
    read = []
    model: Any = then
    while isinstance(model, ContinualPretraining):
        read.append(model.reading.mixture)
        model = model.encoder
    assert read[:2] == [chapter.MIXTURES["tlm"], chapter.MIXTURES["mlm"]]
    assert model == FirstLayers(encoder="mini", layers=1)
    assert {line.keys["layers"] for line in chapter.perplexities(settings)} == {1}
    plain, *_, pretrained, _ = chapter.tagged(settings)
    assert plain.experiments[0].model.encoder == model
    assert pretrained.experiments[0].model.encoder == then
    assert pretrained.keys["layers"] == 1


@pytest.mark.parametrize("name", ["mini", "mini+", "mini+tml", "mini+new"])
def test_a_stage_that_is_none_is_an_error(name: str) -> None:
    with pytest.raises(ChemxlError, match="write an encoder"):
        chapter.stage("small", name)


def test_a_tagger_starts_from_a_run_of_its_own() -> None:
    models = ("mini", "mini+mlm+tlm+crf")
    settings = chapter.Settings(models=models, runs=(0, 2), amount=1000, epochs=1, seeds=(1, 2))
    plain, *_, crf, compared = chapter.tagged(settings)
    assert plain.keys.items() > {"table": chapter.ENTITIES, "encoder": "mini", "method": "softmax"}.items()
    assert [value.model.encoder for value in plain.experiments] == ["mini", "mini"]
    assert crf.keys.items() > {"encoder": "mini+mlm+tlm", "method": "crf"}.items()
    for value, run in zip(crf.experiments, settings.runs, strict=True):
        assert value.model.head == "crf"
        assert value.model.encoder == chapter.stage("small", "mini+mlm+tlm", amount=1000, seed=run)
    assert set(compared.experiments) > {*plain.experiments, *crf.experiments}
    [once] = {
        value.model.encoder
        for line in chapter.tagged(settings.model_copy(update={"runs": (2,), "models": models[1:]}))
        for value in line.experiments
    }
    assert once == chapter.stage("small", "mini+mlm+tlm", amount=1000, seed=2), "one run for all"
    with pytest.raises(ChemxlError, match="3 seeds of taggers need as many runs, or one: not 2"):
        chapter.tagged(settings.model_copy(update={"seeds": (0, 1, 2)}))


def test_objectives_begin_alike_and_read_as_much() -> None:
    settings = chapter.Settings(profile="real", ablated="e5-small", ablated_layers=6, ablated_amount=1000)
    read = {}
    for name in (chapter.HEAD, *chapter.OBJECTIVES):
        for seed, model in enumerate(chapter.ablated(settings, name)):
            assert model.seed == seed
            amounts = []
            while not model.frozen:
                amounts.append(model.reading.amount)
                assert isinstance(model.encoder, ContinualPretraining)
                model = model.encoder
            assert model == chapter.ablated(settings, chapter.HEAD)[seed]
            read[name] = sum(amounts)
    longer = {chapter.TWICE: 2000, chapter.THEN: 2000, chapter.HEAD: 0}
    assert read == {name: longer.get(name, 1000) for name in read}
    [then, *_] = chapter.ablated(settings, chapter.THEN)
    assert then.reading.mixture.tlm == 1
    assert then.encoder == chapter.ablated(settings, "mlm")[0], "that stage itself goes on"


def test_an_objective_that_is_none_is_an_error() -> None:
    with pytest.raises(ChemxlError, match=r"names no stage: .* head; mlm; "):
        chapter.ablated(chapter.Settings(), "tlm, then mlm")


def test_what_is_less_surprised_is_below_zero() -> None:
    settings = chapter.Settings(ablated_amount=2000, ablated_runs=(0, 1), objectives=("mlm", "mlm+nsp"))
    *_, line = chapter.ablations(settings)
    rows = line.rows()
    assert len(rows) == 2 * 2, "of two languages: MLM less the head, NSP less MLM"
    found = {(row.keys["objective"], row.keys["less_objective"], row.keys["text"]): row for row in rows}
    row = found["mlm", chapter.HEAD, "RU all kinds"]
    sides = (chapter.ablated(settings, "mlm"), chapter.ablated(settings, chapter.HEAD))
    text = tasks.probes("small")["RU all kinds"]
    nats = [[np.log(Perplexity(model=one, text=text).run().metrics["perplexity"]) for one in side] for side in sides]
    assert row.value is not None and row.value < 0
    assert row.value == pytest.approx(np.mean(nats[0]) - np.mean(nats[1]), abs=1e-3)


def test_encoders_that_are_compared_have_a_name() -> None:
    assert {name.partition("+")[0] for name in chapter.COMPARED.values()} <= set(ALIASES)


def test_a_curve_has_a_point_an_evaluation() -> None:
    texts = Texts(name="mini", split="dev", language="en")
    training = Training(epochs=1, tokens=256, precision="fp32")
    value = ContinualPretraining(text=(texts,), probes=(texts,), reading=Reading(amount=2000), training=training)
    longer = value.model_copy(update={"reading": Reading(amount=2600)})
    read, runs = cards.followed([longer, value], texts.label)
    assert read[0] == 0 and read == sorted(read)
    assert len(read) == len(runs[0]) == len(runs[1]) > 3
    assert read[-1] == pytest.approx(value.run().metrics["tokens"] / 1000)
    own = [row[f"perplexity: {texts.label}"] for row in value.run().history() if "score" in row]
    assert runs[1] == pytest.approx(own)


def test_an_example_says_what_is_hidden() -> None:
    rows = cards.hidden(chapter.stage("small", "mini+head", amount=2000), chapter.EXAMPLE, seed=3)
    assert 4 < len(rows) <= 16
    said = [row for row in rows if row["to say"]]
    assert said and any(row["read"] == "[MASK]" for row in said)
    assert all(row["read"] == row["to say"] or row["to say"] for row in said)


def test_perplexities_are_recorded_with_their_interval() -> None:
    texts = Texts(name="mini", split="dev", language="en")
    model = ContinualPretraining(text=(texts,), reading=Reading(amount=2000), training=Training(epochs=1, tokens=512))
    value = Perplexity(model=model, text=texts)
    value.run()
    [row] = chapter._rows([value])
    assert row.metric == "perplexity" and row.value == pytest.approx(value.run().metrics["perplexity"], abs=1e-3)
    assert row.low is not None and row.value is not None and row.high is not None
    assert row.low < row.value < row.high and row.seeds == (0,) and row.n == len(value.surprisal())
