"""The mean of several taggers' weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from chemxl import corpora
from chemxl.corpora.corpus import Corpus
from chemxl.errors import ChemxlError
from chemxl.models.training import Training
from chemxl.ner import FineTune
from chemxl.ner.averaged import AveragedTagger
from chemxl.ner.varied import VariedFineTune

TRAIN = Corpus(name="mini", split="dev", language="en", types=("CHEM",))


def value(**changed: Any) -> VariedFineTune:
    given: dict[str, Any] = {"encoder": "mini", "train": (TRAIN,), "copies": (1,)}
    return VariedFineTune(**given | {"training": Training(steps=2, tokens=256, rate=1e-3)} | changed)


def test_its_weights_are_the_mean_and_it_reads_as_any_tagger() -> None:
    models = (value(), value(draw=1))
    made = AveragedTagger(models=models, joins=True).tagger()
    assert made.joins
    first, second = (model.tagger().model.state_dict() for model in models)
    changed = 0
    for name, tensor in made.model.state_dict().items():
        assert torch.allclose(tensor, (first[name] + second[name]) / 2, atol=1e-6), name
        changed += not torch.equal(first[name], second[name])
    assert changed > 10, "they read other forms of the texts"
    documents = corpora.load("mini", split="test", language="en")[:2]
    assert len(made.predict(documents)) == 2


def test_of_one_tagger_it_is_that_tagger() -> None:
    one = value()
    state = one.tagger().model.state_dict()
    mean = AveragedTagger(models=(one,)).tagger().model.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in mean.items())


@pytest.mark.parametrize(
    "other",
    [value(seed=1), FineTune(encoder="mini", train=(TRAIN.to(Corpus, types=("GENE",)),), training=Training(steps=2))],
    ids=["another head", "other labels"],
)
def test_what_has_no_mean_is_refused(other: FineTune) -> None:
    with pytest.raises(ChemxlError, match="one seed and the same labels"):
        AveragedTagger(models=(value(), other)).run()
