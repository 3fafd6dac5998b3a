"""Each benchmark at a tiny size: it runs and both sides agree. No clock is looked at."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

import benchmarks
from benchmarks import __main__ as command
from benchmarks import active, alignment, contrastive, grid, patents, pretrain, scorer, sentences, stacked, tag
from chemxl.documents import Mention

COLUMNS = ["name", "peer", "unit", "ours", "theirs", "ratio", "ours_mib", "theirs_mib", "agree", "hardware"]


def test_the_columns_are_those_of_the_design() -> None:
    assert [field.name for field in dataclasses.fields(benchmarks.Row)] == COLUMNS


def test_every_module_is_a_benchmark() -> None:
    assert command.names() == (
        ["active", "alignment", "contrastive", "grid", "patents", "pretrain", "scorer", "sentences", "stacked", "tag"]
    )


@pytest.mark.parametrize("length", [1, 7])
def test_the_scorer_gives_the_peers_numbers(length: int) -> None:
    (row,) = scorer.run(count=60, length=length, repeats=1)
    assert row.agree == 1.0
    assert row.ratio == pytest.approx(row.ours / row.theirs)


def test_the_tagger_gives_the_peers_mentions() -> None:
    rows = tag.run(count=4, repeats=1, small=True)
    assert {row.peer.rpartition(" ")[2] for row in rows} == {"1", "32"}
    assert all(row.agree == 1.0 for row in rows if "float32, best labels" in row.name)
    assert all(0.0 < row.agree <= 1.0 for row in rows)  # bf16 moves an untrained head's labels
    assert all(row.ratio == pytest.approx(row.ours / row.theirs) for row in rows)


def test_the_alignment_is_that_of_the_loop() -> None:
    rows = alignment.run(count=60, long=150, whole=2000, repeats=1)
    assert rows and all(row.agree == 1.0 for row in rows)


def test_active_learning_chooses_what_the_loops_choose() -> None:
    rows = active.run(count=300, pool=200, size=16, n=12)
    assert len(rows) == 3 and all(row.agree == 1.0 for row in rows)


def test_the_contrastive_loss_is_that_of_the_formula() -> None:
    rows = contrastive.run(n=48, size=8, repeats=1)
    assert rows and all(row.agree == 1.0 for row in rows)


def test_the_same_patents_are_kept() -> None:
    rows = patents.run(small=True, repeats=1)
    assert rows and all(row.agree == 1.0 for row in rows)


def test_a_grid_gives_the_same_metrics_in_other_processes() -> None:
    (row,) = grid.run(cells=1, slurm=False)
    assert row.agree == 1.0
    assert row.ratio == pytest.approx(row.ours / row.theirs)


def test_stacked_training_ends_in_the_same_weights() -> None:
    (row,) = stacked.run(count=2, sentences=2, length=8, steps=2, repeats=1)
    assert row.agree > 0.99  # AdamW makes steps of the noise where there is no gradient
    given = stacked.batches(2, 2, 8, 2)
    untrained = stacked.taggers(2)[0].state_dict()
    moved = stacked.together(stacked.taggers(2), given)
    assert (moved["head.weight"][0] - untrained["head.weight"]).abs().max() > 10 * stacked.SAME


def test_pretraining_reaches_the_peers_losses() -> None:
    speed, used = pretrain.run(small=True, repeats=1)
    assert speed.agree == used.agree == 1.0
    assert speed.ratio == pytest.approx(speed.ours / speed.theirs)
    assert used.ours > 0 and used.theirs > 0


def test_sentences_are_found_better_than_by_each_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sentences.run(repeats=1)  # of the peers that are installed
    assert all(row.ratio > 1.0 and 0.0 <= row.agree < 1.0 for row in rows if row.unit == "F1, %")
    monkeypatch.setattr(sentences, "peers", lambda language: {"the same": sentences.ours(language)})
    same = [row for row in sentences.run(repeats=1) if row.unit == "F1, %"]
    assert [row.ratio for row in same] == [row.agree for row in same] == [1.0] * 4


def test_taggers_agree_only_on_the_same_mentions() -> None:
    mention = Mention.of("CHEM", 0, 4)
    other = Mention.of("DRUG", 0, 4)
    assert tag.f1([[mention]], [[mention]]) == 1.0
    assert tag.f1([[mention]], [[other]]) == 0.0
    assert tag.f1([[mention], []], [[], [mention]]) == 0.0
    assert tag.f1([[]], [[]]) == 0.0


def test_the_command_writes_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path))
    monkeypatch.setattr(scorer, "run", lambda: [benchmarks.Row("n", "p", "u", 2.0, 1.0, 2.0, None, 1.0, 1.0, "h")])
    assert command.main(["scorer"]) == 0
    (row,) = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    assert sorted(row) == sorted(COLUMNS)
    assert row["ours_mib"] is None


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
