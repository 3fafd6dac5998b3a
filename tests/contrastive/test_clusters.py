"""Silhouettes of held-out words: against scikit-learn, and of encoders whose words are known to lie together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from chemxl.contrastive import chapter
from chemxl.contrastive.clusters import Clusters, apart, silhouette, silhouettes
from chemxl.contrastive.experiments import ContrastivePretraining
from chemxl.contrastive.tasks import Task, tasks
from chemxl.contrastive.words import states
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import Portion, Sample
from chemxl.documents import Document
from chemxl.models import encoders
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Labelling, bio_labels
from chemxl.models.training import Training

TEST = Portion(name="mini", split="test", language="ru", types=("CHEM", "DISEASE"), most=12)


class Halves(Portion):
    """Documents that are parts of two, taken in turn."""

    def load(self) -> list[Document]:
        return [replace(d, source="ab"[i % 2]) for i, d in enumerate(super().load())]


@pytest.mark.parametrize("labels", [2, 5])
def test_silhouettes_are_those_of_scikit_learn(labels: int) -> None:
    rng = np.random.default_rng(labels)
    points, names = rng.standard_normal((60, 7)).astype(np.float32), rng.integers(0, labels, 60)
    points += names[:, None]
    names[0] = 99  # alone
    expected = silhouette_samples(points, names, metric="cosine")
    np.testing.assert_allclose(silhouettes(points, names), expected, atol=1e-5)
    assert silhouettes(points, names)[0] == 0


def test_silhouettes_of_one_label_or_of_equal_points_are_zero() -> None:
    points = np.tile(np.random.default_rng(11).standard_normal(11), (12, 1)).astype(np.float32)
    assert not silhouettes(points, np.zeros(12, dtype=int)).any()
    assert not silhouettes(points, np.arange(12) % 2).any()


def test_every_word_is_read_once_however_many_windows_hold_it() -> None:
    documents = Corpus(name="mini", split="test", language="ru", types=("CHEM",)).load()[:3]
    tokenizer, encoder = encoders.load("mini")
    counts = [len(document.words) for document in documents]
    for size in (512, 40):
        reader = SubwordReader(tokenizer, max_tokens=size, overlap=size // 4)
        task = Labelling(encoder, reader, bio_labels(("CHEM",)), documents)
        labels, owners, hidden = states(encoder, task)
        assert owners.bincount().tolist() == counts and len(labels) == len(hidden) == sum(counts)
        assert [len(found) for found in states(encoder, task, most=5)] == [5, 5, 5]


def test_contrastive_pretraining_draws_words_of_a_label_together() -> None:
    sample = Sample(name="mini", language="ru", types=("CHEM", "DISEASE"), most=60)
    training = Training(epochs=8, tokens=512, rate=2e-3, precision="fp32")
    trained = [ContrastivePretraining(train=(sample,), training=training, size=16, seed=seed) for seed in (0, 1)]
    before = [Clusters(corpus=TEST)]
    after = [Clusters(encoder=start, corpus=TEST, seed=start.seed) for start in trained]
    found = {"none": before, "after": after}
    [one], [both] = silhouette(before), silhouette(after)
    assert -1 <= one.value < both.value <= 1 and both.seeds == (0, 1) and one.n == both.n == len(TEST.load())
    [row] = apart(found, [("after", "none")])
    assert row.value == pytest.approx(both.value - one.value, abs=2e-4)
    assert row.low is not None and row.low < row.value and row.keys == {"method": "after", "less_method": "none"}


def test_the_chapter_compares_views_only_where_they_are_translations() -> None:
    settings = chapter.Settings(encoder="mini", sizes=(10, 20), visits=40, seeds=(0, 1))
    [task] = tasks("small")
    made = chapter.clusters(settings, task)
    assert [line.keys.get("method") for line in made] == [chapter.NONE, chapter.GAUSSIAN, chapter.VIEWS, None]
    assert {line.keys["sentences"] for line in made} == {20} and len(made[-1].experiments) == 5
    alone = chapter.clusters(settings, Task(task.name, task.train, task.test, task.views))
    assert [line.keys.get("method") for line in alone] == [chapter.NONE, chapter.GAUSSIAN, None]


def test_words_are_counted_by_source_document() -> None:
    apart, together = Clusters(corpus=TEST).sums(), Clusters(corpus=TEST.to(Halves)).sums()
    half = np.array([i % 2 for i, _ in sorted(enumerate(TEST.load()), key=lambda numbered: numbered[1].id)])
    assert together.shape == (2, 2)
    np.testing.assert_allclose(together, [apart[half == i].sum(axis=0) for i in (0, 1)], atol=1e-6)
