"""What chapter 3 declares: rows with names and configurations of their own, in each profile."""

from __future__ import annotations

from typing import get_args

import pytest

from chemxl import corpora
from chemxl.corpora.texts import Texts
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Value
from chemxl.models.encoders import ALIASES
from chemxl.models.training import Training
from chemxl.ner import chapter as ner
from chemxl.pretrain import chapter
from chemxl.pretrain.experiments import ContinualPretraining, Perplexity
from chemxl.pretrain.stream import Reading
from chemxl.results import recording

PROFILES = get_args(chapter.Profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_rows_have_names_and_configurations_of_their_own(profile: chapter.Profile) -> None:
    stages = ["mbert+head", "mbert+mlm", "mbert+new-mlm+tlm"]
    lines = chapter.lines(profile, stages=stages, ablated="labse", runs=[0, 1])
    values = [value for named in lines.values() for row in named.values() for value in row]
    assert len({value.config_hash() for value in values}) == len(values)
    for value in values[:3]:
        assert Value.from_config(value.config()) == value


def test_stages_build_on_each_other() -> None:
    head, mlm, new = (chapter.stage("real", f"minilm+{name}") for name in ("head", "mlm", "new-mlm+tlm"))
    assert head.frozen and head.encoder == "minilm" and head.new_pieces == 0
    assert mlm.encoder == head and not mlm.frozen
    assert isinstance(new.encoder, ContinualPretraining) and new.encoder.new_pieces == chapter.NEW_PIECES
    assert new.reading.mixture.tlm == 0.5
    shuffled, true = (chapter.stage("real", f"minilm+{name}").reading for name in ("mlm+shuffled", "mlm+tlm"))
    assert shuffled.shuffled and not true.shuffled and shuffled.mixture == true.mixture


@pytest.mark.parametrize("name", ["mini", "mini+", "mini+tml", "mini+new"])
def test_a_stage_that_is_none_is_an_error(name: str) -> None:
    with pytest.raises(ChemxlError, match="write an encoder"):
        chapter.stage("small", name)


def test_a_row_of_chapter_4_takes_a_stage() -> None:
    [value] = ner.evaluations(
        "small",
        ner.settings("small")[0],
        ner.settings("small")[0].tests[0][1],
        model="mini+mlm+tlm+crf",
        epochs=1,
        rate=1e-3,
        seeds=[0],
    )
    assert value.model.head == "crf"
    assert value.model.encoder == chapter.stage("small", "mini+mlm+tlm")


def test_every_name_is_in_a_catalogue() -> None:
    known = corpora.catalog()
    for texts in (*chapter.sources("real"), *chapter.held_out("real")):
        assert texts.name in known
        assert texts.split in (None, *(part.split for part in known[texts.name].parts))
    assert {name.partition("+")[0] for name in chapter.COMPARED.values()} <= set(ALIASES)


def test_what_is_tested_on_is_held_out() -> None:
    held = {(texts.name, texts.split) for texts in chapter.held_out("real")}
    for setting in ner.settings("real"):
        for _, corpus in setting.tests:
            assert (corpus.name, corpus.split) in held


def test_a_curve_has_a_point_an_evaluation() -> None:
    texts = Texts(name="mini", split="dev", language="en")
    training = Training(epochs=1, tokens=256, precision="fp32")
    value = ContinualPretraining(text=(texts,), probes=(texts,), reading=Reading(amount=2000), training=training)
    longer = value.model_copy(update={"reading": Reading(amount=2600)})
    read, runs = chapter.followed([longer, value], texts.label)
    assert read[0] == 0 and read == sorted(read)
    assert len(read) == len(runs[0]) == len(runs[1]) > 3
    assert read[-1] == pytest.approx(value.run().metrics["tokens"] / 1000)
    own = [row[f"perplexity: {texts.label}"] for row in value.run().history() if "score" in row]
    assert runs[1] == pytest.approx(own)


def test_an_example_says_what_is_hidden() -> None:
    rows = chapter.hidden(chapter.stage("small", "mini+head", amount=2000), chapter.EXAMPLE, seed=3)
    assert 4 < len(rows) <= 16
    said = [row for row in rows if row["to say"]]
    assert said and any(row["read"] == "[MASK]" for row in said)
    assert all(row["read"] == row["to say"] or row["to say"] for row in said)


def test_perplexities_are_recorded_with_their_interval() -> None:
    texts = Texts(name="mini", split="dev", language="en")
    model = ContinualPretraining(text=(texts,), reading=Reading(amount=2000), training=Training(epochs=1, tokens=512))
    value = Perplexity(model=model, text=texts)
    value.run()
    [row] = recording.guessed({"a table": {"a row": [value]}}, profile="small")
    assert row.metric == "perplexity" and row.value == pytest.approx(value.run().metrics["perplexity"], abs=1e-3)
    assert row.low is not None and row.value is not None and row.high is not None
    assert row.low < row.value < row.high
    assert row.recreated() == value
