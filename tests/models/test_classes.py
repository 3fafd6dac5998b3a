"""Documents are classified, into one class or several: trained, saved, killed and evaluated on the test's own texts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Label
from chemxl.errors import ChemxlError, EncoderError
from chemxl.evaluation import metrics
from chemxl.experiments.digests import sha256
from chemxl.experiments.experiment import Value
from chemxl.models.classes import Classification, Classifier, EncoderClassifier
from chemxl.models.learner import Evaluation, Prediction, SavedLearner
from chemxl.models.predictor import Predictor
from chemxl.models.readers import MAX_TOKENS
from chemxl.models.tagger import Tagger
from chemxl.models.training import Training

WORDS = {"HEART": ("heart", "pulse", "artery"), "LUNG": ("lung", "breath", "cough"), "SKIN": ("skin", "rash", "itch")}
OTHER = ("the", "patient", "was", "seen", "with", "and", "after", "of")
TRAINING = Training(epochs=20, tokens=512, rate=2e-3, precision="fp32")


class Written(Corpus):
    """Texts about one organ, or about none, one or two."""

    several: bool = False
    count: int = 90

    def load(self) -> list[Document]:
        rng = random.Random(f"{self.split} {self.seed}")
        made = []
        for i in range(self.count):
            about = rng.sample(sorted(WORDS), rng.randint(0, 2) if self.several else 1)
            text = [*rng.choices(OTHER, k=5), *(rng.choice(WORDS[label]) for label in about)]
            rng.shuffle(text)
            made.append(Document(f"{self.split}-{i}", " ".join(text), labels=tuple(map(Label, about)), language="en"))
        return made

    def data_digest(self) -> str:
        return sha256("".join(map(repr, self.load())))


def value(*, several: bool, **changed: object) -> Classification:
    train = Written(name="written", split="train", several=several)
    return Classification(**{"train": (train,), "several": several, "training": TRAINING} | changed)


@pytest.mark.parametrize("several", [False, True])
def test_it_learns_and_its_evaluation_is_kept(several: bool) -> None:
    test = Written(name="written", split="test", several=several, count=60)
    evaluation = Evaluation(model=value(several=several), corpus=test)
    run = evaluation.run()
    documents, found = evaluation.outcome()
    assert documents == test.load() and {len(labels) for labels in found} >= ({0, 1, 2} if several else {1})
    right = [{label.type for label in labels} for labels in found]
    due = [{label.type for label in document.labels} for document in documents]
    correct = sum(len(a & b) for a, b in zip(right, due, strict=True))
    score = evaluation.counts().scores()[metrics.MICRO]
    assert (score.correct, score.predicted, score.gold) == (correct, sum(map(len, right)), sum(map(len, due)))
    assert score.f1 == run.metrics["micro.f1"] > 0.9 and run.metrics["documents"] == 60
    assert {"HEART.f1", "LUNG.f1", "SKIN.f1"} < run.metrics.keys()
    assert all(0 < (label.score or 0) <= 1 for labels in found for label in labels)
    assert Value.from_config(evaluation.config()) == evaluation and evaluation.trained() == (evaluation.model,)


@pytest.mark.parametrize("several", [False, True])
def test_a_saved_classifier_predicts_the_same(tmp_path: Path, several: bool) -> None:
    documents = Written(name="written", split="test", several=several, count=10).load()
    made = value(several=several).untrained(documents)
    expected = made.probabilities(documents, precision="fp32")
    assert expected.shape == (10, 3) and (several or torch.allclose(expected.sum(dim=1), torch.ones(10)))
    made.save(tmp_path)
    again = Predictor.load(tmp_path)
    assert isinstance(again, Classifier) and Classifier.is_in(tmp_path) and not Tagger.is_in(tmp_path)
    assert torch.allclose(again.probabilities(documents, precision="fp32"), expected, atol=1e-5)
    alone = again.probabilities(documents, tokens=1, precision="fp32")
    assert torch.allclose(alone, expected, atol=1e-5), "batches change nothing but by rounding"
    with pytest.raises(EncoderError, match="holds no tagger, but a Classifier"):
        Tagger.load(tmp_path)


def test_a_long_document_is_read_whole() -> None:
    documents = [
        Document("long", "heart " * 900, labels=(Label("HEART"),)),
        Document("blank", "", labels=(Label("LUNG"),)),
    ]
    made = value(several=False).untrained(documents)
    examples = made.examples(documents)
    assert len(examples) > 2 and max(len(example.ids) for example in examples) <= MAX_TOKENS
    task = made.task(documents)
    assert task.collate(range(len(examples)))["labels"].tolist() == [0] * (len(examples) - 1) + [1]
    rows = made.probabilities(documents, precision="fp32")
    parts = torch.stack([row for _, row in sorted(_parts(made, documents), key=lambda pair: pair[0])][:-1])
    assert torch.allclose(rows[0], parts.mean(dim=0), atol=1e-6)
    assert made.predict([]) == []


def _parts(made: Classifier, documents: list[Document]) -> list[tuple[int, torch.Tensor]]:
    return made.inferred(
        lambda batch: iter(made.model.probabilities(**{n: t for n, t in batch.items() if n != "labels"}).cpu()),
        made.task(documents),
        tokens=1,
        precision="fp32",
    )


class Agreed(Prediction):
    """The labels that all models give."""

    models: tuple[Classification, ...]

    def learners(self) -> tuple[SavedLearner, ...]:
        return self.models

    def found(self, documents: Sequence[Document]) -> list[list[Label]]:
        each = [model.load().predict(documents) for model in self.models]
        return [
            [label for label in first if all(label in other for other in others)]
            for first, *others in zip(*each, strict=True)
        ]


def test_several_models_predict_together() -> None:
    test = Written(name="written", split="test", several=True, count=30)
    brief = TRAINING.model_copy(update={"epochs": 12})
    models = tuple(value(several=True, training=brief, seed=seed) for seed in (0, 1))
    agreed = Agreed(models=models, corpus=test)
    alone = [Evaluation(model=model, corpus=test) for model in models]
    right, found, _ = agreed.counts().column().sum(axis=0)
    assert 0 < found <= min(int(one.counts().column()[:, 1].sum()) for one in alone)
    assert agreed.run().metrics["micro.precision"] == pytest.approx(right / found)
    assert agreed.trained() == models and Value.from_config(agreed.config()) == agreed


def test_labels_that_cannot_be_learnt() -> None:
    made = value(several=False).untrained(Written(name="written").load())
    for labels, said in (((), "none"), (("HEART", "LUNG"), "HEART, LUNG"), (("BONE",), "BONE")):
        with pytest.raises(ChemxlError, match=f"1 has the labels {said}; one of HEART, LUNG, SKIN is due"):
            made.task([Document("1", "text", labels=tuple(map(Label, labels)))])
    several = value(several=True).untrained(Written(name="written", several=True).load())
    assert several.task([Document("1", "text")]).collate([0])["labels"].tolist() == [[0, 0, 0]]


def test_the_loss_is_the_mean_of_what_is_asked() -> None:
    made = value(several=True).untrained(Written(name="written", several=True).load())
    documents = Written(name="written", split="test", several=True, count=7).load()
    made.model.eval()
    batch = made.task(documents).collate(range(7))
    with torch.no_grad():
        loss, shares = (
            made.model(**batch),
            made.model.probabilities(**{n: t for n, t in batch.items() if n != "labels"}),
        )
    wanted = batch["labels"].double()  # (B, L)
    by_hand = -(wanted * shares.double().log() + (1 - wanted) * (1 - shares.double()).log()).mean()
    assert float(loss) == pytest.approx(float(by_hand), rel=1e-4)
    assert isinstance(made.model, EncoderClassifier) and batch["labels"].shape == (7, 3)


def test_early_stopping_looks_at_the_labels() -> None:
    dev = Written(name="written", split="dev", count=30)
    model = value(several=False, dev=dev, training=TRAINING.model_copy(update={"patience": 2}))
    evaluated = [row for row in model.run().history() if "score" in row]
    best = max(row["score"] for row in evaluated)
    documents = dev.load()
    found = model.load().predict(documents)
    assert len(evaluated) < TRAINING.epochs
    assert Classifier.count(documents, found).scores()[metrics.MICRO].f1 == pytest.approx(best)


def test_a_killed_training_ends_in_the_same_classifier(killed_twice: Callable[..., None]) -> None:
    brief = TRAINING.model_copy(update={"epochs": 2})
    killed_twice(lambda: value(several=True, training=brief), ["model.safetensors", "history.jsonl", "predictor.json"])
