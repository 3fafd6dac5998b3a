"""Relations are learnt from the tests' own sentences by each system of the paper: saved, killed and voted on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, Relation
from chemxl.errors import ChemxlError, CorpusError
from chemxl.evaluation import metrics
from chemxl.experiments.experiment import Value
from chemxl.models.learner import Evaluation
from chemxl.models.predictor import Predictor
from chemxl.models.training import Training
from chemxl.relations.candidates import Scheme
from chemxl.relations.experiments import EntityTyping, RelationModel, Typed, Vote, definitions, elected
from chemxl.relations.extractor import NONE, Extractor
from chemxl.relations.markers import MarkedRow
from chemxl.relations.predictors import Typer
from tests.relations.samples import NESTED, RelatedPairs

SCHEME = Scheme(coarse=(("FINE", "CHEM"), ("COARSE", "CHEM")))
TRAINING = Training(epochs=6, tokens=512, rate=2e-3, head_rate=2e-3, precision="fp32")
TRAIN, TEST = RelatedPairs(name="written"), RelatedPairs(name="written", split="test", types=("CHEM", "GENE"), count=20)


def value(**changed: Any) -> RelationModel:
    return RelationModel(**{"train": (TRAIN,), "scheme": SCHEME, "training": TRAINING} | changed)


TYPING = EntityTyping(train=(TRAIN,), scheme=SCHEME, training=TRAINING)
SYSTEMS: dict[str, dict[str, Any]] = {
    "cross entropy": {},
    "focal": {"gamma": 2.0},
    "attention": {"attention": "ru"},
    "multitask": {"share": 0.5},
    "fine markers": {"typer": TYPING},
    "inline": {"encoding": "inline"},
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_system_learns_is_saved_and_read_again(name: str, tmp_path: Path) -> None:
    evaluation = Evaluation(model=value(**SYSTEMS[name]), corpus=TEST)
    assert Value.from_config(evaluation.config()) == evaluation
    run = evaluation.run()
    documents, found = evaluation.outcome()
    assert evaluation.counts().scores()[metrics.MICRO].f1 == run.metrics["micro.f1"] > 0.9
    assert set(evaluation.counts().types) == {"ACTIVATOR", "INHIBITOR"}
    made = evaluation.model.load()
    assert isinstance(made, Extractor) and Extractor.is_in(evaluation.model.folder)
    again = made.predict(documents)
    assert again == found
    made.save(tmp_path)
    assert Predictor.load(tmp_path).predict(documents) == again
    assert made.predict(documents, tokens=1) == again, "batches change nothing"
    assert all(0 < (relation.score or 0) <= 1 for relations in found for relation in relations)


def test_fine_types_are_found_replaced_and_kept_where_they_are_given() -> None:
    right = Evaluation(model=TYPING, corpus=RelatedPairs(name="written", split="test", count=20))
    assert right.run().metrics["micro.f1"] > 0.9
    typer = TYPING.load()
    assert isinstance(typer, Typer)
    [document] = RelatedPairs(name="written", split="test", types=("CHEM", "GENE"), count=1).load()
    [fine] = RelatedPairs(name="written", split="test", count=1).load()
    [refined] = typer.refined([document])
    assert {m.type for m in refined.mentions} <= {"FINE", "COARSE", "GENE"} and refined.relations == document.relations
    wrong = fine.retyped({"FINE": "COARSE", "COARSE": "FINE", "GENE": "GENE"})
    assert typer.refined([wrong], keep=True)[0].mentions == wrong.mentions, "types that are fine already stay"
    assert typer.refined([wrong])[0].mentions != wrong.mentions
    given = Typed(model=value(typer=TYPING), corpus=RelatedPairs(name="written", split="test", count=20))
    assert given.run().metrics["micro.f1"] > 0.9
    extractor = value(typer=TYPING).untrained(TRAIN.load())
    assert set(extractor.types) == {"FINE", "COARSE", "GENE"}
    assert value().untrained(TRAIN.load()).types == ("CHEM", "GENE")


def test_training_mentions_with_coarse_types_teach_no_fine_ones() -> None:
    mixed = [*TRAIN.load()[:2], *TEST.load()[:2]]
    task = TYPING.untrained(mixed).task(mixed)
    assert len(task.labels or ()) == 6


def test_a_killed_run_ends_in_the_same_weights(killed_twice: Callable[..., None]) -> None:
    killed_twice(lambda: value(training=TRAINING.model_copy(update={"epochs": 2})), ["model.safetensors"])


def test_pairs_with_two_relations_have_the_first_as_label() -> None:
    relations = (Relation("PART-OF", "T2", "T1"), Relation("INHIBITOR", "T2", "T1"))
    document = Document("d", NESTED.text, NESTED.mentions, relations, language="en")
    extractor = value().untrained([document])
    task = extractor.task([document])
    labels = [extractor.model.labels[i] for i in task.labels or ()]
    assert sorted(labels) == ["PART-OF", *["none"] * 4]


def test_most_votes_win() -> None:
    def ballot(type: str, score: float) -> list[Relation]:
        return [Relation(type, "T1", "T2", score=score)] if type else []

    def won(*ballots: tuple[str, float]) -> list[str]:
        return [relation.type for relation in elected([ballot(*one) for one in ballots])]

    assert won(("A", 0.5), ("A", 0.5), ("B", 0.9)) == ["A"]
    assert won(("A", 0.9), ("", 0), ("", 0)) == []
    assert won(("A", 0.9), ("", 0)) == ["A"], "a relation goes before none"
    assert won(("A", 0.6), ("B", 0.7), ("A", 0.6), ("B", 0.6), ("", 0)) == ["B"], "then the surer"
    [relation] = elected([ballot("A", 0.5), ballot("A", 1.0), ballot("B", 0.4)])
    assert relation.score == pytest.approx(0.5)
    models = tuple(value(seed=seed) for seed in (0, 1, 2))
    vote = Vote(models=models, corpus=TEST)
    assert vote.run().metrics["micro.f1"] > 0.9 and vote.trained() == models
    assert Value.from_config(vote.config()) == vote


def test_definitions_are_there_for_every_relation_in_both_languages() -> None:
    names = ["INHIBITOR", "SUBSTRATE_PRODUCT-OF", "HAS_CAUSE"]
    english, russian = definitions(names, "en"), definitions(names, "ru")
    assert len(set(english) | set(russian)) == 6 and all("а" <= text[-2] <= "я" for text in russian)
    with pytest.raises(ChemxlError, match="MEETS has no definition in 'en'"):
        definitions(["MEETS"], "en")


def test_relations_found_are_those_of_the_documents_that_were_asked(tmp_path: Path) -> None:
    """What is bad is named, what has nothing to pair gives nothing."""
    extractor = value().untrained(TRAIN.load())
    with torch.no_grad():
        extractor.model.head.bias[1] = 50.0  # finds a relation everywhere
    blank, nameless = Document("blank", "", language="en"), Document("nameless", "Nothing. Here.", language="en")
    alone = Document("alone", "The alum alone.", (Mention.of("CHEM", 4, 8, id="T1"),), language="ru")
    assert extractor.predict([blank, nameless, alone]) == [[], [], []] and extractor.predict([]) == []
    found = extractor.predict([blank, NESTED])
    assert found[0] == [] and len(found[1]) == 5
    twice = Document("twice", NESTED.text, tuple(Mention(m.type, m.fragments) for m in NESTED.mentions), language="en")
    with pytest.raises(ChemxlError, match="twice: number the mentions that are to be related"):
        extractor.predict([twice])


def test_bad_settings_are_named() -> None:
    with pytest.raises(CorpusError, match="no relation to learn from in written"):
        value().untrained([Document("d", "Text.", language="en")])
    with pytest.raises(ChemxlError, match="no type is finer than another"):
        TYPING.model_copy(update={"scheme": Scheme()}).untrained([])
    with pytest.raises(ChemxlError, match="give it and the model one scheme"):
        value(typer=TYPING, scheme=Scheme())


def test_parts_are_whole_documents(tmp_path: Path) -> None:
    from chemxl.corpora.samples import Portion

    whole = Corpus(name="mini", language="en", types=()).load()
    first, rest = (Portion(name="mini", language="en", types=(), share=s) for s in ((0, 0.25), (0.25, 1)))
    assert len(first.load()) == round(0.25 * len(whole))
    assert sorted(d.id for d in (*first.load(), *rest.load())) == sorted(d.id for d in whole)
    assert {d.id for d in rest.model_copy(update={"most": 3}).load()} < {d.id for d in rest.load()}
    both = Portion(name="mini", language="en", splits=("dev", "test"), types=())
    dev = Corpus(name="mini", split="dev")
    twins = Portion(name="mini", language="ru", splits=("dev", "test"), types=(), twins=dev)
    assert len(both.load()) == 36 and len(twins.load()) == 12
    related = both.model_copy(update={"related": True}).load()
    assert 0 < len(related) < 36 and all(document.relations for document in related)
    assert both.data_digest() != first.data_digest()


@pytest.mark.parametrize("unrelated", [1, 2])
def test_training_takes_all_related_pairs_and_few_others(unrelated: int) -> None:
    documents = TRAIN.load()[:8]
    scheme = SCHEME.model_copy(update={"sentence": False})

    def taken(**changed: Any) -> tuple[int, int, list[MarkedRow]]:
        extractor = value(scheme=scheme, **changed).untrained(documents)
        assert isinstance(extractor, Extractor)
        task = extractor.task(documents)
        labels = task.labels or ()
        none = extractor.model.labels.index(NONE)
        return sum(i != none for i in labels), sum(i == none for i in labels), list(task.rows)

    related, others, _ = taken()
    assert others > 2 * related, "nine pairs a document, three of them in a sentence"
    kept, few, rows = taken(unrelated=unrelated, seed=1)
    least = sum(max(1, len(document.relations)) for document in documents)
    assert (kept, few) == (related, unrelated * least)
    assert taken(unrelated=unrelated, seed=1)[2] == rows != taken(unrelated=unrelated, seed=2)[2]
