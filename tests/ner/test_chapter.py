"""What chapter 4 declares, and which rows of its table are compared."""

from __future__ import annotations

import pandas as pd
import pytest

from chemxl.ner import chapter
from chemxl.results.chapters import Line
from tests.curves import Counted

SETTINGS = chapter.Settings(models=("mini", "mini+crf", chapter.BILSTM), seeds=(0,))


def test_rows_that_share_their_test_are_compared() -> None:
    named = {("a", "X", "T"): 5, ("b", "X", "T"): 5, ("a", "Y", "T"): 7, ("b", "Y", "T"): 7, ("a", "X", "U"): 1}
    lines = [
        Line({"encoder": encoder, "method": "m", "train": train, "test": test}, [Counted(right), Counted(right)], list)
        for (encoder, train, test), right in named.items()
    ]
    found = chapter.paired(lines)
    assert [(row.keys["encoder"], row.keys["train"], row.keys["test"], row.value) for row in found] == [
        ("a", "X", "T", 0.0),
        ("a", "X", "T", -0.2),
        ("a", "Y", "T", 0.0),
    ]
    less = [{name: item for name, item in row.keys.items() if name.startswith("less_")} for row in found]
    assert less == [{"less_encoder": "b"}, {"less_train": "Y"}, {"less_encoder": "b"}]
    assert [row.p is not None and row.p < 0.05 for row in found] == [False, True, False]


def test_a_gazetteer_is_compared_with_the_first_model_alone() -> None:
    methods = ("m", chapter.BILSTM, chapter.GAZETTEER)
    seeds = {"m": [Counted(4), Counted(6)], chapter.BILSTM: [Counted(5), Counted(5)], chapter.GAZETTEER: [Counted(5)]}
    lines = [Line({"encoder": "e", "method": m, "train": "X", "test": "T"}, seeds[m], list) for m in methods]
    found = {(row.keys["method"], row.keys["less_method"]): row for row in chapter.paired(lines)}
    assert list(found) == [("m", chapter.BILSTM), ("m", chapter.GAZETTEER)]
    same, alone = found.values()
    assert (same.value, same.low, same.high) == (alone.value, alone.low, alone.high), "no seed changes a gazetteer"


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        ("e5-small", {"encoder": "e5-small", "method": "softmax"}),
        ("mini+crf", {"encoder": "mini", "method": "crf"}),
        ("bilstm-crf", {"encoder": "none", "method": "bilstm-crf"}),
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
    found = chapter.paired(lines)
    assert all("less_layers" not in row.keys for row in found)
    assert {row.keys.get("less_method") for row in found} == {None, "crf", chapter.BILSTM}


def test_every_model_is_trained_and_tested_in_every_way() -> None:
    table = chapter.table(SETTINGS)
    ways = chapter.ways("small", sentences=SETTINGS.sentences)
    assert len(table) == 3 * sum(len(way.tests) for way in ways)
    for line in table:
        [value] = line.experiments
        assert value.corpus in dict(ways[0].tests).values()
        assert [way.name for way in ways if way.train == value.model.train] == [line.keys["train"]]
