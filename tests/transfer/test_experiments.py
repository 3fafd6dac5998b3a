"""Few sentences of a target, after another corpus: what is drawn, tested on, gone on from and counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from chemxl.corpora.samples import HeldOut, Labelled
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.experiments.experiment import Value
from chemxl.models.learner import SavedLearner
from chemxl.models.training import Training
from chemxl.ner import FineTune
from chemxl.transfer.experiments import FewShot, ZeroShot

DISEASE = ("DISEASE",)
TEST = HeldOut(name="mini", split="test", language="ru", types=DISEASE, domain="notes")
TRAIN = Labelled(name="mini", language="ru", types=DISEASE, domain="notes", without=(TEST,), most=12)
BRIEF = Training(epochs=2, tokens=512, rate=1e-3, precision="fp32")
SOURCE = FineTune(encoder="mini", train=(TRAIN.model_copy(update={"domain": "reviews"}),), training=BRIEF)


def few(**changed: Any) -> FewShot:
    return FewShot(**{"train": (TRAIN,), "test": TEST, "training": BRIEF} | changed)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for the module: the source's folder stays with the value."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHEMXL_RUNS", str(tmp_path_factory.mktemp("transfer")))
        SOURCE.run()
        yield


def test_it_begins_where_the_source_ended() -> None:
    began = few(start=SOURCE).untrained([]).model.state_dict()
    source = SOURCE.tagger().model.state_dict()
    assert all((began[name] == tensor).all() for name, tensor in source.items())
    fresh = few().untrained([]).model.state_dict()
    assert (fresh["head.weight"] != source["head.weight"]).any()


def test_it_learns_from_there_and_keeps_counts_but_no_weights() -> None:
    value = few(start=SOURCE)
    run = value.run()
    counts = value.counts()
    assert counts.values.shape == (run.metrics["documents"], 1, 3) == (len(TEST.whole()), 1, 3)
    assert counts.scores()[metrics.MICRO].f1 == pytest.approx(run.metrics["micro.f1"])
    due = [len(document.mentions) for document in TEST.whole()]
    assert counts.column()[:, 2].tolist() == due
    assert not list(run.folder.glob("*.safetensors"))
    assert len(run.history()) > 0 and run.metrics["trained on documents"] == 12
    assert not isinstance(value, SavedLearner), "nothing promises to load it"


def test_a_source_is_tested_elsewhere() -> None:
    value = ZeroShot(model=SOURCE, test=TEST)
    found = SOURCE.tagger().predict(TEST.load())
    expected = metrics.count([s.mentions for s in TEST.load()], found).values.sum(axis=0)
    assert np.array_equal(value.counts().values.sum(axis=0), expected)
    assert value.trained() == (SOURCE,) and value.seed == SOURCE.seed


@pytest.mark.parametrize(
    "changed", [{"encoder": "e5-small"}, {"train": (TRAIN.model_copy(update={"types": ("DRUG",)}),)}]
)
def test_a_start_of_another_kind_is_an_error(changed: dict[str, Any]) -> None:
    with pytest.raises(ChemxlError, match="the same encoder and the same types"):
        few(start=SOURCE, **changed)


def test_values_come_back_from_their_configuration() -> None:
    for value in (few(start=SOURCE), few(), ZeroShot(model=SOURCE, test=TEST)):
        assert Value.from_config(value.config()) == value
    assert few() != few(start=SOURCE)
