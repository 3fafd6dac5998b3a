"""The contract that every strategy keeps, and what is particular to each."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.special import softmax

from chemxl.active import diversity, lengths, reading, strategies
from chemxl.active.diversity import Embeddings
from chemxl.active.reading import AGGREGATIONS, Aggregation, TaggerModel, Words, aggregated
from chemxl.active.strategies import SCORERS, STRATEGIES, fitted, query
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.ner import BiLstmCrf, FineTune
from tests.active.samples import LABELS, SIZE, Known, sentences

POOL = sentences(40, empty=(3, 17))
LABELLED = sentences(15, seed=2)
EVERY = pytest.mark.parametrize("name", STRATEGIES)
DRAWN = ("random", "badge", "bald")


def ask(name: str, n: int, *, pool: list[Document] = POOL, seed: int = 0, **options: object) -> list[int]:
    model = options.pop("model", Known())
    given = {"labelled": LABELLED, **options}
    return query(name, model, pool, n, rng=np.random.default_rng(seed), **given).tolist()


@EVERY
def test_as_many_as_asked_for_and_no_more_than_there_are(name: str) -> None:
    for n in (0, 1, 7, 40, 99):
        found = ask(name, n)
        assert len(found) == len(set(found)) == min(n, 40)
        assert set(found) <= set(range(40))
    assert ask(name, 5, pool=[]) == []
    assert ask(name, 5, pool=POOL[:1]) == [0]
    assert query(name, Known(), POOL, 3, rng=np.random.default_rng(0), labelled=LABELLED).dtype == np.int64


@EVERY
def test_the_same_seed_gives_the_same_choice(name: str) -> None:
    assert ask(name, 12) == ask(name, 12)
    others = {tuple(ask(name, 12, seed=seed)) for seed in range(5)}
    assert (len(others) > 1) == (name in DRAWN)


@EVERY
def test_fewer_are_the_first_of_more(name: str) -> None:
    assert ask(name, 5) == ask(name, 12)[:5]


@EVERY
def test_how_the_pool_is_cut_does_not_count(name: str) -> None:
    """No piece is larger than a model is asked for, so memory is bounded by it."""
    assert ask(name, 12, model=Known(words=13)) == ask(name, 12, model=Known(words=10**6))


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in DRAWN])
def test_the_order_of_the_pool_does_not_count(name: str) -> None:
    pool = sentences(40)
    order = np.random.default_rng(5).permutation(40).tolist()
    shuffled = ask(name, 12, pool=[pool[i] for i in order])
    assert [order[i] for i in shuffled] == ask(name, 12, pool=pool)


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in DRAWN])
def test_of_equal_ones_the_first(name: str) -> None:
    pool = [Document(f"{d.id}{copy}", d.text) for copy in "ab" for d in sentences(20)]
    found = ask(name, 40, pool=pool)
    assert all(found.index(i) < found.index(i + 20) for i in range(20))


@EVERY
@pytest.mark.parametrize("aggregate", AGGREGATIONS)
def test_constant_features_and_empty_texts_break_nothing(name: str, aggregate: Aggregation) -> None:
    with np.errstate(all="raise", under="ignore"):
        found = ask(name, 10, model=Known(constant=True), aggregate=aggregate)
        blank = ask(name, 2, pool=[Document("a", ""), Document("b", " ")], aggregate=aggregate)
    assert len(set(found)) == 10
    assert sorted(blank) == [0, 1]


def test_scores_are_finite_and_not_negative() -> None:
    names = list(SCORERS)
    scored = strategies.word_scores(names, Known(words=20), POOL, rng=np.random.default_rng(0), labelled=LABELLED)
    for words, found in scored:
        assert list(found) == names
        for scores in found.values():
            assert scores.shape == (len(words.logits),)
            assert np.isfinite(scores).all() and (scores >= 0).all()


def test_all_scores_come_of_one_reading() -> None:
    class Counting(Known):
        def read(self, documents: Sequence[Document]) -> Iterator[Words]:
            read.append(len(documents))
            return super().read(documents)

    read: list[int] = []
    model, rng = Counting(), np.random.default_rng(0)
    together = list(strategies.word_scores(list(SCORERS), model, POOL, rng=rng, labelled=LABELLED))
    assert sorted(read) == sorted([len(POOL), len(LABELLED)])
    for name in SCORERS:
        rng = np.random.default_rng(0)
        [(_, alone)] = strategies.word_scores([name], Known(), POOL, rng=rng, labelled=LABELLED)
        np.testing.assert_array_equal(alone[name], together[0][1][name])


def test_lengths_are_those_of_what_would_be_chosen() -> None:
    rng = np.random.default_rng(0)
    found = lengths.lengths(Known(), POOL, 5, labelled=LABELLED, rng=rng)
    assert found.keys() == {"pool", *(f"{name}.{how}" for name in lengths.COMPARED for how in AGGREGATIONS)}
    assert found["pool"] == pytest.approx(np.mean([len(d.words) for d in POOL]))
    for name in lengths.COMPARED:
        for how in AGGREGATIONS:
            chosen = ask(name, 5, aggregate=how)
            assert found[f"{name}.{how}"] == pytest.approx(np.mean([len(POOL[i].words) for i in chosen]))


@EVERY
def test_each_names_its_paper(name: str) -> None:
    docstring = inspect.getdoc(STRATEGIES[name])
    assert docstring
    assert name == "random" or re.search(r"\(.*(paper 0|(19|20)\d\d).*\)", docstring, re.DOTALL)


def test_what_cannot_be_asked_is_said() -> None:
    for name in ("mahalanobis", "centroid"):
        with pytest.raises(ChemxlError, match="annotate some"):
            ask(name, 3, labelled=[])
    with pytest.raises(ChemxlError, match="no strategy 'best'"):
        ask("best", 3)
    with pytest.raises(ChemxlError, match="0 or more"):
        ask("random", -1)
    assert len(ask("core-set", 3, labelled=[])) == 3


def test_words_become_documents() -> None:
    logits = np.array([[9.0, 0, 0], [0, 9, 0], [0, 0, 9], [9, 0, 0], [9, 0, 0]])
    words = Words(np.zeros((5, 2)), logits, np.array([3, 0, 2]))
    scores = np.array([0.5, 1.0, 3.0, 0.25, 0.75])
    wanted: dict[Aggregation, list[float]] = {
        "max": [3.0, 0.0, 0.75],
        "mean": [1.5, 0.0, 0.5],
        "sum": [4.5, 0.0, 1.0],
        "entity": [2.0, 0.0, 0.0],
    }
    for how, values in wanted.items():
        np.testing.assert_allclose(aggregated(scores, words, how), values)


def test_a_longer_copy_is_chosen_by_the_sum_alone() -> None:
    pool = [Document("short", "w1 w2 "), Document("long", "w1 w2 " * 4)]
    assert ask("entropy", 2, pool=pool, aggregate="sum") == [1, 0]
    assert ask("entropy", 2, pool=pool, aggregate="max") == [0, 1]


def test_mahalanobis_is_fitted_from_gold_labels() -> None:
    statistics = fitted(Known(words=10), LABELLED)
    hidden = np.concatenate([words.hidden for words in Known().read(LABELLED)])
    gold = reading.gold_labels(LABELLED, LABELS)
    assert statistics.counts.tolist() == np.bincount(gold, minlength=3).tolist()
    for c in range(3):
        np.testing.assert_allclose(statistics.means[c], hidden[gold == c].mean(axis=0), rtol=1e-5)
    halves = fitted(Known(), LABELLED[:7]) + fitted(Known(), LABELLED[7:])
    np.testing.assert_allclose(halves.scatter, statistics.scatter, rtol=1e-9)


def test_gradients_are_those_of_the_loss() -> None:
    import torch

    (words,) = Known().read(POOL[:5])
    found = diversity.gradients(words)
    weight = torch.tensor(Known().weight, requires_grad=True)
    bias = torch.tensor(Known().bias)
    hidden = torch.tensor(words.hidden)
    for i, row in enumerate(found):
        mine = hidden[words.documents == i]
        if not len(mine):
            assert not row.any()
            continue
        logits = mine @ weight.T + bias
        loss = torch.nn.functional.cross_entropy(logits, logits.argmax(1))
        (gradient,) = torch.autograd.grad(loss, weight)
        np.testing.assert_allclose(row.reshape(len(LABELS), SIZE), gradient.numpy(), atol=1e-6)


def test_the_greedy_centres_are_those_of_the_definition() -> None:
    (pool,), (labelled,) = Known().read(POOL), Known().read(LABELLED)
    x, centres = diversity.means(pool.hidden, pool), diversity.means(labelled.hidden, labelled)
    chosen: list[int] = []
    for _ in range(8):
        apart = cdist(x, np.concatenate([centres, x[chosen]])).min(axis=1)
        chosen.append(int(apart.argmax()))
    assert ask("core-set", 8) == chosen


def test_seeds_are_drawn_by_squared_distance() -> None:
    """Two points far from the first, at distances 1 and 2: the farther is drawn four times as often."""
    with Embeddings(1) as points:
        points.append(np.array([[3.0], [2.0], [1.0]]))
        seconds = [int(diversity.k_means_seeds(points, 2, rng=np.random.default_rng(i))[1]) for i in range(2000)]
    assert 0.76 < seconds.count(2) / 2000 < 0.84
    assert 0 not in seconds


def test_a_file_changes_nothing() -> None:
    rows = np.random.default_rng(0).standard_normal((300, 40)).astype(np.float32)
    found = []
    for memory in (100, 10**9):
        with Embeddings(40, memory=memory) as points:
            points.rows = 64
            for part in np.array_split(rows, 7):
                points.append(part)
            assert points.file._rolled == (memory == 100)
            np.testing.assert_array_equal(points.row(299), rows[299])
            found.append(diversity.k_means_seeds(points, 50, rng=np.random.default_rng(1)).tolist())
    assert found[0] == found[1]


def test_dropout_is_drawn_as_the_network_draws_it() -> None:
    (words,) = Known().read(POOL)
    scores = SCORERS["bald"](Known(), [], np.random.default_rng(0))(words)
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(400):
        kept = (rng.random(words.hidden.shape) >= 0.3) / 0.7
        draws.append(softmax((words.hidden * kept) @ Known().weight.T + Known().bias, axis=1))
    mean = np.mean(draws, axis=0)
    exact = np.mean([(p * np.log(p / mean)).sum(axis=1) for p in draws], axis=0)
    assert np.corrcoef(scores, exact)[0, 1] > 0.75
    assert scores.mean() == pytest.approx(exact.mean(), rel=0.2)


@pytest.mark.parametrize("kind", [FineTune, BiLstmCrf])
def test_a_tagger_is_read_as_it_predicts(kind: type[FineTune] | type[BiLstmCrf]) -> None:
    corpus = Corpus(name="mini", split="dev", language="ru")
    documents = [Document("none", "  "), *corpus.load()[:6]]
    tagger = kind(train=(corpus,)).untrained(documents)
    model = TaggerModel(tagger, tokens=700, words=60, precision="fp32")
    read = list(model.read(documents))
    assert len(read) > 1
    assert [n for words in read for n in words.counts] == [len(d.words) for d in documents]
    for words in read:
        np.testing.assert_allclose(words.hidden @ model.weight.T + model.bias, words.logits, atol=1e-4)
    labels = [model.labels[i] for words in read for i in words.predicted]
    mentions = tagger.predict(documents, precision="fp32", legal=False)
    assert sum(label.startswith("B-") for label in labels) <= sum(map(len, mentions))
    tagged = {
        (i, w) for i, ms in enumerate(mentions) for m in ms for w in documents[i].words if m.start <= w[0] < m.end
    }
    places = [(i, w) for i, d in enumerate(documents) for w in d.words]
    assert {place for place, label in zip(places, labels, strict=True) if label != "O"} == tagged
