"""A tagger of several corpora: what each lacks teaches nothing, and the same seed gives the same weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Tagger, bio_labels
from chemxl.models.training import Training
from chemxl.ner.varied import VariedFineTune

CHEMICALS = Corpus(name="mini", split="dev", language="en", types=("CHEM",))
GENES = Corpus(name="mini", split="dev", language="ru", types=("CHEM", "GENE"))


def value(**changed: Any) -> VariedFineTune:
    given: dict[str, Any] = {"train": (GENES,), "copies": (2,), "carriers": 10}
    return VariedFineTune(**given | {"training": Training(epochs=1, rate=1e-3)} | changed)


def tagger(*, crf: bool = False) -> Tagger:
    tokenizer, encoder = encoders.load("mini", seed=0)
    return Tagger(EncoderLabeller(encoder, bio_labels(["CHEM", "GENE"]), crf=crf), SubwordReader(tokenizer))


def loss(made: Tagger, documents: list[Document], **lacking: set[str]) -> torch.Tensor:
    made.lacking = lacking
    task = made.task(documents)
    return made.model.eval()(**task.collate(range(len(documents))))


def test_every_copy_is_another_one_and_the_carriers_come_along() -> None:
    documents = value().documents()
    assert documents == value().documents() != value(seed=1).documents()
    whole = value(variation={"apart": 0.0}).documents()
    assert len(whole) == 2 * len(GENES.load()) + 2 * 10
    texts = [d.text for d in whole[: 2 * len(GENES.load())]]
    assert len(set(texts)) > len(texts) / 2


def test_a_type_that_is_not_annotated_costs_nothing_where_there_is_no_label() -> None:
    document, made = Document("a", "aspirin and COX", (Mention.of("CHEM", 0, 7),)), tagger()
    whole, free = loss(made, [document]), loss(made, [document], a={"GENE"})
    emissions = made.model.emissions(**made.task([document]).collate([0]))[0]  # (W, L)
    p = emissions.softmax(1)
    names = list(made.model.labels)
    genes = [names.index("O"), names.index("B-GENE"), names.index("I-GENE")]
    by_hand = -(p[0, names.index("B-CHEM")].log() + p[1, genes].sum().log() + p[2, genes].sum().log()) / 3
    assert torch.allclose(free, by_hand, atol=1e-6) and free < whole
    assert torch.allclose(loss(made, [document], other={"GENE"}), whole, atol=1e-6), "another document lacks it"


def test_a_whole_corpus_and_one_that_lacks_a_type_stand_in_one_batch() -> None:
    first = Document("a", "aspirin and COX", (Mention.of("CHEM", 0, 7),))
    second = Document("b", "aspirin and COX", (Mention.of("CHEM", 0, 7), Mention.of("GENE", 12, 15)))
    made = tagger()
    both = loss(made, [first, second], a={"GENE"})
    apart = (loss(made, [first], a={"GENE"}) + loss(made, [second], a={"GENE"})) / 2
    assert torch.allclose(both, apart, atol=1e-5)


def test_a_crf_says_that_it_cannot() -> None:
    with pytest.raises(ChemxlError, match="head=softmax"):
        loss(tagger(crf=True), [Document("a", "aspirin", (Mention.of("CHEM", 0, 7),))], a={"GENE"})


def test_what_a_corpus_lacks_follows_from_its_types() -> None:
    made = value(train=(CHEMICALS, GENES), copies=(1, 1))
    documents = made.documents()
    lacking = made.untrained(documents).lacking
    assert lacking.keys() == {d.id for d in documents}
    english = {d.id for d in documents if d.language == "en" and not d.id.startswith("carrier")}
    assert {id for id, types in lacking.items() if types == {"GENE"}} == english
    assert {types for id, types in lacking.items() if id not in english} == {frozenset()}


def test_it_trains_to_the_same_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    first = value().tagger().model.state_dict()
    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path))
    second = value().tagger().model.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_frozen_vectors_of_subwords_stay_the_encoders() -> None:
    name = "embeddings.word_embeddings.weight"
    before = encoders.load("mini", seed=0).model.state_dict()
    frozen, free = (value(frozen=way).tagger().model.state_dict() for way in (True, False))
    assert torch.equal(frozen[f"encoder.{name}"], before[name])
    assert not torch.equal(free[f"encoder.{name}"], before[name])
    other = "embeddings.position_embeddings.weight"
    assert not torch.equal(frozen[f"encoder.{other}"], before[other]), "the others learn"
