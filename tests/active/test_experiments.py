"""The loop with a simulated annotator: its rounds, its mistakes, and a loop that is really killed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from chemxl.active import calibration, oracle
from chemxl.active.experiments import ROUNDS, SHARES, ActiveLearning
from chemxl.active.oracle import Annotated
from chemxl.active.reading import TaggerModel
from chemxl.active.spectral import SpectralFineTune
from chemxl.active.strategies import SCORERS
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError
from chemxl.experiment import Value
from chemxl.ner import FineTune
from chemxl.ner.samples import split
from chemxl.training import Training

TYPES = ("CHEM", "DISEASE", "GENE", "SPECIES")
POOL = Corpus(name="mini", split="dev", language="en", types=TYPES)
TEST = Corpus(name="mini", split="dev", language="ru", types=TYPES)
BRIEF = Training(epochs=1, tokens=256, precision="fp32")


def loop(**changed: object) -> ActiveLearning:
    settings = {"learner": FineTune(train=(POOL,), training=BRIEF), "test": TEST, "rounds": 3, "budget": 5}
    return ActiveLearning.model_validate({**settings, **changed})


def test_sentences_keep_every_mention() -> None:
    for corpus in (POOL, TEST):
        documents, units = corpus.load(), Annotated.of(corpus).load()
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
    units = Annotated.of(repeated).load()
    documents = Annotated.of(repeated, unit="document").load()
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
    whole = Annotated.of(POOL, noise=0.5)
    ids = [unit.id for unit in whole.load()][3:5]
    part = whole.only(ids)
    assert [unit for unit in whole.load() if unit.id in ids] == part.load()
    assert Value.from_config(part.config()) == part != whole
    assert FineTune(train=(part,)).folder != FineTune(train=(whole.only(ids[:1]),)).folder
    assert "ids" not in POOL.config()


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
    assert {f"{kind}.{name}" for kind in ("auroc", "aurc") for name in SCORERS} <= run.metrics.keys()
    assert all(len(curve) == len(SHARES) and curve[0] <= 1 for curve in rows[-1]["risk"].values())
    assert units == [5, 10, 15] and not list(value.folder.glob("round-*"))
    assert Value.from_config(value.config()) == value


def test_few_units_are_read_as_long_as_many() -> None:
    value = loop(learner=FineTune(train=(POOL,), training=Training(epochs=3)), readings=100)
    assert [value.model([str(i) for i in range(n)]).training.epochs for n in (5, 20, 30, 200)] == [20, 5, 3, 3]
    assert value.model(["a"]).training.tokens == value.learner.training.tokens


def test_a_small_pool_ends_the_loop() -> None:
    value = loop(budget=len(Annotated.of(POOL).load()) - 2, strategy="random")
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
    assert found.keys() == SCORERS.keys() and all(0 <= ranking.auroc <= 1 for ranking in found.values())
    ranking = calibration.Ranking(0.5, np.array([0.0, 0.0, 0.3, 0.5]))
    assert ranking.at([0.01, 0.25, 0.75, 1.0]) == [0.0, 0.0, 0.3, 0.5]


@pytest.mark.skipif(not hasattr(os, "fork") or torch.cuda.is_available(), reason="forks after torch began")
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
