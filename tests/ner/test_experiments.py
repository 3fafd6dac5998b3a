"""The experiments of chapter 4 on a small piece of mini."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chemxl import corpora
from chemxl.corpora.corpus import Corpus, twin_key
from chemxl.documents import Document, Mention
from chemxl.errors import CorpusError
from chemxl.evaluation import metrics
from chemxl.experiments import checkpoints
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import Training
from chemxl.ner import BiLstmCrf, Evaluation, FineTune, gold

ENGLISH = Corpus(name="mini", split="dev", language="en")
LEARN = Training(epochs=30, tokens=512, rate=2e-3, head_rate=5e-3, precision="fp32")
BRIEF = Training(epochs=2, tokens=512, precision="fp32")


def f1(documents: list[Document], found: list[list[Mention]]) -> float:
    return metrics.count([layer.mentions for layer in gold(documents)], found).scores()[metrics.MICRO].f1


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FineTune]:
    """A model that has learnt its training text; its cache folder stays with the value."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHEMXL_RUNS", str(tmp_path_factory.mktemp("trained")))
        model = FineTune(encoder="mini", train=(ENGLISH,), training=LEARN)
        model.run()
        yield model


def test_it_learns_its_training_text(trained: FineTune) -> None:
    documents = ENGLISH.load()
    untrained = trained.untrained(documents).predict(documents, precision="fp32")
    assert f1(documents, untrained) < 0.2
    assert f1(documents, trained.tagger().predict(documents, precision="fp32")) > 0.8
    losses = [row["loss"] for row in trained.run().history()]
    assert losses[-1] < losses[0] / 5
    assert trained.run().metrics["documents"] == len(documents)
    assert not (trained.folder / checkpoints.CHECKPOINT).exists()


def test_the_saved_encoder_has_its_whole_vocabulary(trained: FineTune) -> None:
    model = trained.tagger().model
    assert model.encoder.get_input_embeddings().num_embeddings == len(mini_tokenizer())


def test_an_evaluations_counts_reproduce_its_metrics(trained: FineTune) -> None:
    evaluation = Evaluation(model=trained, corpus=Corpus(name="mini", split="test", language="ru"))
    run = evaluation.run()
    scores = evaluation.counts().scores()
    for name, score in scores.items():
        for measure in ("precision", "recall", "f1", "gold"):
            assert run.metrics[f"{name}.{measure}"] == getattr(score, measure)
    documents, found = evaluation.outcome()
    assert run.metrics["documents"] == len(documents) == len(evaluation.counts().values)
    assert run.metrics["nested.f1"] == metrics.count([d.mentions for d in documents], found).scores()[metrics.MICRO].f1
    assert 0 <= run.metrics["seqeval.f1"] <= 1


def test_the_dev_corpus_is_scored_with_its_own_words() -> None:
    """While it trains, the embedding table is cut: what only dev holds must be in it too."""
    dev = Corpus(name="mini", split="test", language="ru")
    model = FineTune(train=(ENGLISH,), dev=dev, training=BRIEF)
    rows = [row for row in model.run().history() if "score" in row]
    assert len(rows) == 2
    documents = dev.load()
    last = f1(documents, model.tagger().predict(documents))
    assert rows[-1]["score"] == pytest.approx(last, abs=1e-6)


def test_another_mini_corpus_is_another_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    before = FineTune(train=(ENGLISH,)).folder
    assert FineTune(train=(ENGLISH,)).folder == before
    monkeypatch.setattr(encoders, "file_digest", lambda name: "other")
    assert FineTune(train=(ENGLISH,)).folder != before


def test_without_takes_translations_out() -> None:
    test = Corpus(name="mini", split="dev", language="ru")
    assert ENGLISH.model_copy(update={"without": (test,)}).load() == []
    train = Corpus(name="mini", split="train", language="en", without=(test,))
    assert len(train.load()) == len(corpora.load("mini", split="train", language="en"))
    assert twin_key("abs-001.en~12") == twin_key("abs-001.ru") == "abs-001"
    with pytest.raises(CorpusError, match="nothing to train on"):
        FineTune(train=(ENGLISH.model_copy(update={"without": (test,)}),), training=BRIEF).run()


def test_a_corpus_digest_sees_what_a_load_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    expanded = ENGLISH.model_copy(update={"sentences": 50})
    before = ENGLISH.data_digest(), expanded.data_digest()
    entry = corpora.catalog()["mini"]
    other = entry.model_copy(update={"types": {"CHEM": ("DRUG",)}})
    with monkeypatch.context() as patch:
        patch.setattr(corpora, "entry", lambda _: other)
        assert ENGLISH.data_digest() != before[0]
    (tmp_path / "lexicon.tsv").write_text("other names")
    monkeypatch.setattr(corpora, "folder", lambda _: tmp_path)
    assert ENGLISH.data_digest() == before[0]
    assert expanded.data_digest() != before[1]


def test_the_bilstm_learns() -> None:
    settings = Training(epochs=16, tokens=256, rate=1e-2, head_rate=1e-2, clip=5.0, precision="fp32")
    model = BiLstmCrf(train=(ENGLISH,), training=settings)
    documents = ENGLISH.load()
    assert f1(documents, model.tagger().predict(documents, precision="fp32")) > 0.5


def test_a_killed_fine_tune_ends_in_the_same_tagger(killed_twice: Callable[..., None]) -> None:
    def value() -> FineTune:
        return FineTune(head="crf", train=(ENGLISH,), dev=ENGLISH, training=BRIEF, seed=1)

    killed_twice(value, ["model.safetensors", "history.jsonl", "predictor.json", "tokenizer.json"])
