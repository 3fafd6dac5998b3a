"""What chapter 4 declares, and which rows of its table are compared."""

from __future__ import annotations

import pandas as pd
import pytest

from chemxl.ner import chapter, scores
from chemxl.results.chapters import Line
from tests.curves import Counted

SETTINGS = chapter.Settings(models=("mini", "mini+crf", scores.BILSTM), seeds=(0,))


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        ("e5-small", {"encoder": "e5-small", "method": "softmax"}),
        ("mini+crf", {"encoder": "mini", "method": "crf"}),
        ("mini, twice the epochs", {"encoder": "mini", "method": "softmax, twice the epochs"}),
        ("mini+crf, twice the epochs", {"encoder": "mini", "method": "crf, twice the epochs"}),
        ("mini+mlm, twice as long", {"encoder": "mini+mlm, twice as long", "method": "softmax"}),
        ("bilstm-crf", {"encoder": "none", "method": "bilstm-crf"}),
        ("bilstm-crf, word vectors", {"encoder": "none", "method": "bilstm-crf, word vectors"}),
        ("gazetteer", {"encoder": "none", "method": "gazetteer"}),
    ],
)
def test_a_model_has_an_encoder_and_a_method(model: str, keys: dict[str, str]) -> None:
    assert chapter.named(model) == keys
    assert chapter.with_model(pd.DataFrame([keys])).model.tolist() == [model]


def test_layers_are_a_key_of_encoders_alone() -> None:
    settings = SETTINGS.model_copy(update={"layers": 1})
    table = chapter.table(settings)
    assert {(line.keys["encoder"], line.keys.get("layers")) for line in table} == {("mini", 1), ("none", None)}
    assert {value.model.encoder.layers for value in table[0].experiments} == {1}
    lines = [Line(line.keys, [Counted(5), Counted(4)], list) for line in table]
    found = scores.paired(lines)
    assert all("less_layers" not in row.keys for row in found)
    assert {row.keys.get("less_method") for row in found} == {None, "crf", scores.BILSTM}


def test_every_model_is_trained_and_tested_in_every_way() -> None:
    table = chapter.table(SETTINGS)
    ways = chapter.ways("small", sentences=SETTINGS.sentences)
    assert len(table) == 3 * sum(len(way.tests) for way in ways)
    for line in table:
        [value] = line.experiments
        assert value.corpus in dict(ways[0].tests).values()
        assert [way.name for way in ways if way.train == value.model.train] == [line.keys["train"]]


def test_some_models_learn_from_english_alone() -> None:
    settings = SETTINGS.model_copy(update={"models": ("mini", "in-the-box"), "english": ("in-the-box",)})
    trained = {(line.keys["encoder"], line.keys["train"]) for line in chapter.table(settings)}
    assert trained == {("mini", "EN"), ("mini", "RU"), ("in-the-box", "EN")}


def test_twice_the_epochs_have_one_seed() -> None:
    settings = SETTINGS.model_copy(update={"models": ("mini", "mini, twice the epochs"), "seeds": (3, 4), "epochs": 5})
    table = chapter.table(settings)
    once, longer = table[0].experiments, table[len(table) // 2].experiments
    assert [(value.model.seed, value.model.training.epochs) for value in once] == [(3, 5), (4, 5)]
    assert [(value.model.seed, value.model.training.epochs) for value in longer] == [(3, 10)]
