"""The loop with a simulated annotator: its rounds, its mistakes, and a loop that is really killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from chemxl.active import calibration, oracle
from chemxl.active.calibration import RANKED
from chemxl.active.experiments import ROUNDS, SHARES, ActiveLearning
from chemxl.active.oracle import Annotated
from chemxl.active.reading import TaggerModel
from chemxl.active.spectral import SpectralFineTune, evaluation
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import split
from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError
from chemxl.experiments.experiment import Value
from chemxl.models.training import Training
from chemxl.ner import FineTune

TYPES = ("CHEM", "DISEASE", "GENE", "SPECIES")
POOL = Corpus(name="mini", split="dev", language="en", types=TYPES)
TEST = Corpus(name="mini", split="dev", language="ru", types=TYPES)
BRIEF = Training(steps=3, tokens=256, precision="fp32")


def loop(**changed: object) -> ActiveLearning:
    settings = {"learner": FineTune(train=(POOL,), training=BRIEF), "test": TEST, "rounds": 3, "budget": 5}
    return ActiveLearning.model_validate({**settings, **changed})


def test_sentences_keep_every_mention() -> None:
    for corpus in (POOL, TEST):
        documents, units = corpus.load(), corpus.to(Annotated).load()
        assert len(units) > len(documents)
        whole = sorted((m.type, d.surface(m)) for d in documents for m in d.mentions)
        assert sorted((m.type, u.surface(m)) for u in units for m in u.mentions) == whole
        assert len({u.id for u in units}) == len(units)
        for document in documents:
            words = [document.text[s:e] for s, e in document.words]
            mine = {int(n): u for u in units for owner, _, n in [u.id.rpartition("~")] if owner == document.id}
            assert [mine[n].text[s:e] for n in sorted(mine) for s, e in mine[n].words] == words


def test_a_text_is_annotated_once() -> None:
    repeated = Corpus(name="mini", language="ru", types=TYPES, sentences=400)
    units = repeated.to(Annotated).load()
    documents = repeated.to(Annotated, unit="document").load()
    assert {d.id for d in documents} <= {d.id for d in repeated.load()}
    parts = {part.text for document in repeated.load() for part in split(document) if part.words}
    assert {unit.text for unit in units} == parts and len(parts) == len(units)


def test_the_annotator_errs_as_often_as_asked() -> None:
    mentions = tuple(Mention.of("CHEM", 4 * i, 4 * i + 3) for i in range(3000))
    document = Document("d", "abc " * 3000 + "end", mentions)
    assert oracle.noisy(document, TYPES, 0.0, 1).mentions == mentions
    for share in (0.2, 1.0):
        kept = set(oracle.noisy(document, TYPES, share, 1).mentions)
        assert len(kept & set(mentions)) / 3000 == pytest.approx(1 - share, abs=0.03)
        retyped = [m for m in kept if m.type != "CHEM"]
        moved = [m for m in kept if m.end - m.start > 3]
        assert len(retyped) / 3000 == pytest.approx(share / 3, abs=0.03)
        assert len(moved) / 3000 == pytest.approx(share / 3, abs=0.03)
    assert oracle.noisy(document, TYPES, 0.5, 1) == oracle.noisy(document, TYPES, 0.5, 1)
    assert oracle.noisy(document, TYPES, 0.5, 1) != oracle.noisy(document, TYPES, 0.5, 2)


def test_a_part_is_a_value_of_its_own() -> None:
    whole = POOL.to(Annotated, noise=0.5)
    ids = [unit.id for unit in whole.load()][3:5]
    part = whole.only(ids)
    assert [unit for unit in whole.load() if unit.id in ids] == part.load()
    assert Value.from_config(part.config()) == part != whole
    assert FineTune(train=(part,)).folder != FineTune(train=(whole.only(ids[:1]),)).folder
    assert "ids" not in POOL.config()


def test_a_part_of_a_pool_is_drawn_and_stays_what_it_is() -> None:
    whole = POOL.to(Annotated).load()
    for most in (5, len(whole) - 1, len(whole), 10_000):
        units = POOL.to(Annotated, most=most).load()
        assert len(units) == min(most, len(whole)) and all(unit in whole for unit in units)
    part = POOL.to(Annotated, most=5)
    ids = [unit.id for unit in part.load()]
    more = POOL.to(Annotated, most=9).load()
    assert more[:5] == part.load() != whole[:5] and [u.id for u in more] != sorted(u.id for u in more)
    assert part.to(Annotated, noise=0.1) == POOL.to(Annotated, most=5, noise=0.1)
    assert [unit.id for unit in loop(learner=FineTune(train=(part,))).pool()[0].load()] == ids
    documents = POOL.to(Annotated, unit="document", most=3).load()
    assert len(documents) == 3 and all(document in POOL.load() for document in documents)


def test_rounds_add_what_was_chosen() -> None:
    value = loop(strategy="entropy")
    run, rows = value.run(), value.history()
    added = [id for row in rows for id in row["added"]]
    assert [row["units"] for row in rows] == [5, 10, 15] and len(set(added)) == 15
    assert rows[1]["added"] == rows[0]["next"] and rows[2]["next"] == []
    assert loop(strategy="random", rounds=1).history()[0]["added"] == rows[0]["added"]
    units, f1 = value.curve()
    assert run.metrics["micro.f1"] == f1[-1] == run.metrics["15 units.f1"]
    assert run.metrics["area"] == pytest.approx((f1[0] / 2 + f1[1] + f1[2] / 2) / 2)
    assert run.metrics["documents"] == len(TEST.load()) == len(value.counts().values)
    assert all(row["steps"] == 3 for row in rows) and all(0 < row["tokens"] <= 3 * 256 for row in rows)
    assert not rows[-1].keys() & {"calibration", "risk", "lengths"}, "of a model whose training data it chose"
    assert units == [5, 10, 15] and not list(value.folder.glob("round-*"))
    assert Value.from_config(value.config()) == value


def test_what_all_strategies_begin_with_is_trained_and_scored_once(runs: Path) -> None:
    values = [loop(strategy=name, rounds=1) for name in ("entropy", "random", "badge")]
    rows = [value.history()[0] for value in values]
    assert all(row["counts"] == rows[0]["counts"] and row["added"] == rows[0]["added"] for row in rows)
    first = values[0].model(rows[0]["added"])
    assert len(list(runs.glob("*FineTune*/*/metrics.json"))) == 1 and first.finished()
    other = loop(learner=SpectralFineTune(train=(POOL,), training=BRIEF), rounds=1)
    other.run()
    assert other.model(rows[0]["added"]).finished()
    assert (evaluation(first, TEST).counts().values == values[1].counts().values).all()


def test_random_sentences_tell_of_all_uncertainties() -> None:
    value = loop(strategy="random", rounds=2)
    metrics, last = value.run().metrics, value.history()[-1]
    assert {f"{kind}.{name}" for kind in ("auroc", "aurc") for name in RANKED} <= metrics.keys()
    assert all(len(curve) == len(SHARES) and curve[0] <= 1 for curve in last["risk"].values())
    assert metrics["length.entropy.sum"] >= metrics["length.entropy.mean"] and last["lengths"].keys() >= {"pool"}
    known = {id for row in value.history() for id in row["added"]}
    left = [unit for unit in POOL.to(Annotated).load() if unit.id not in known]
    assert metrics["length.pool"] == pytest.approx(np.mean([len(unit.words) for unit in left]))


def test_every_round_is_trained_as_the_learner_is() -> None:
    value = loop(seed=4)
    made = value.model(["a", "b"])
    assert made.training == value.learner.training and made.seed == 4 and len(made.train[0].ids or ()) == 2


def test_a_small_pool_ends_the_loop() -> None:
    value = loop(budget=len(POOL.to(Annotated).load()) - 2, strategy="random")
    assert len(value.history()) == 2
    with pytest.raises(ChemxlError, match="give more"):
        loop(budget=10_000).run()
    with pytest.raises(ValueError, match="there are mahalanobis"):
        loop(strategy="best")


def test_errors_are_ranked() -> None:
    rng = np.random.default_rng(0)
    wrong, scores = rng.random(200) < 0.3, rng.random(200)
    assert calibration.auroc(wrong, scores) == pytest.approx(roc_auc_score(wrong, scores))
    assert calibration.auroc(np.zeros(5, dtype=bool), np.arange(5)) == 0.5
    risks = calibration.risk_coverage(np.array([True, False, True, False]), np.array([0.9, 0.1, 0.5, 0.3]))
    np.testing.assert_allclose(risks, [0, 0, 1 / 3, 1 / 2])
    documents = POOL.load()[:3]
    model = TaggerModel(FineTune(train=(POOL,)).untrained(documents), precision="fp32")
    found = calibration.rankings(model, documents, labelled=documents, rng=rng)
    assert tuple(found) == RANKED and all(0 <= ranking.auroc <= 1 for ranking in found.values())
    ranking = calibration.Ranking(0.5, np.array([0.0, 0.0, 0.3, 0.5]))
    assert ranking.at([0.01, 0.25, 0.75, 1.0]) == [0.0, 0.0, 0.3, 0.5]


def test_a_killed_loop_ends_in_the_same_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: Callable[..., bool]
) -> None:
    def value() -> ActiveLearning:
        return loop(learner=SpectralFineTune(train=(POOL,), training=BRIEF), noise=0.2, rounds=2, seed=3)

    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / "whole"))
    whole = value().run()
    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / "broken"))
    killed = 0
    for step in (1, 2, 2, 2):
        killed += killed_at(step, value().run)
    assert killed > 2
    broken = value().run()
    assert (whole.folder / ROUNDS).read_bytes() == (broken.folder / ROUNDS).read_bytes()
    assert whole.metrics == broken.metrics and json.loads((whole.folder / ROUNDS).read_text("utf-8"))
