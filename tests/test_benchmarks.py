"""Each benchmark at a tiny size: it runs and both sides agree. No clock is looked at."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import benchmarks
from benchmarks import __main__ as command
from benchmarks import (
    active,
    alignment,
    contrastive,
    finetune,
    grid,
    knowledge,
    patents,
    pretrain,
    relations,
    scorer,
    sentences,
    stacked,
    stream,
    tag,
)
from chemxl.documents import Mention
from chemxl.models import encoders

COLUMNS = ["name", "peer", "unit", "ours", "theirs", "ratio", "ours_mib", "theirs_mib", "agree", "hardware"]


def test_the_columns_are_those_of_the_design() -> None:
    assert [field.name for field in dataclasses.fields(benchmarks.Row)] == COLUMNS


def test_every_module_is_a_benchmark() -> None:
    known = ["active", "alignment", "contrastive", "finetune", "grid", "knowledge", "patents", "pretrain", "relations"]
    known += ["scorer", "sentences", "stacked", "stream", "tag"]
    assert command.names() == known


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


def test_many_texts_are_tagged_as_few_are() -> None:
    rows = list(stream.run(many=200, repeats=1))
    assert [row.agree for row in rows] == [1.0, 1.0]
    assert all(row.ratio == pytest.approx(row.ours / row.theirs) for row in rows)
    assert all(row.ours_mib and row.theirs_mib for row in rows)


def test_the_alignment_is_that_of_the_loop() -> None:
    rows = list(alignment.run(count=60, long=150, whole=2000, repeats=1))
    assert rows and all(row.agree == 1.0 for row in rows)


def test_active_learning_chooses_what_the_loops_choose() -> None:
    rows = list(active.run(count=300, pool=200, size=16, n=12))
    assert len(rows) == 3 and all(row.agree == 1.0 for row in rows)


def test_names_are_those_of_the_peers_but_for_its_false_ones() -> None:
    pytest.importorskip("flashtext")
    rows = list(knowledge.run(knowledge.Setup(names=300, size=20_000, words=200)))
    assert [row.agree > share for row, share in zip(rows, (0.4, 0.99), strict=True)] == [True, True]
    assert "of ours 0" in rows[0].peer and " 0 of its" not in rows[0].peer


def test_the_contrastive_loss_is_that_of_the_formula() -> None:
    rows = list(contrastive.run(n=48, size=8, repeats=1))
    assert rows and all(row.agree == 1.0 for row in rows)


def test_the_same_patents_are_kept() -> None:
    rows = list(patents.run(small=True, repeats=1))
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


def test_fine_tuning_ends_as_good_as_the_peers() -> None:
    rows = finetune.run(small=True)
    assert [row.unit for row in rows] == ["tokens/s", "% of a matmul's FLOP/s"] * 2
    assert all(row.agree == 1.0 for row in rows)
    scores = [float(text.rpartition(" ")[2]) for row in rows for text in (row.name, row.peer)]
    assert min(scores) > 0.05, "two that find nothing agree on nothing"
    assert all(row.ratio == pytest.approx(row.ours / row.theirs) for row in rows)


def test_the_products_of_an_epoch_are_those_that_torch_counts() -> None:
    encoder = encoders.load(encoders.MINI, attn_implementation="eager").model
    ids = torch.randint(5, 100, (3, 17))
    with FlopCounterMode(display=False) as counter:
        encoder(input_ids=ids, attention_mask=torch.ones_like(ids))
    assert finetune.needed(encoder, [17] * 3) == 3 * counter.get_total_flops()


def test_packed_pairs_are_read_as_they_are_alone() -> None:
    rows = list(relations.run(count=6, small=True, repeats=1))
    assert [row.peer for row in rows] == [
        "one pair a row, batches of similar length",
        f"one pair a row, padded to {relations.PADDED}",
    ]
    assert all(row.agree == 1.0 and row.ratio == pytest.approx(row.ours / row.theirs) for row in rows)


def test_taggers_agree_only_on_the_same_mentions() -> None:
    mention = Mention.of("CHEM", 0, 4)
    other = Mention.of("DRUG", 0, 4)
    assert tag.f1([[mention]], [[mention]]) == 1.0
    assert tag.f1([[mention]], [[other]]) == 0.0
    assert tag.f1([[mention], []], [[], [mention]]) == 0.0
    assert tag.f1([[]], [[]]) == 0.0


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all benchmarks two: the scorer gives two rows, the tagger one, and then fails."""

    def row(name: str) -> benchmarks.Row:
        return benchmarks.Row(name, "p", "u", 2.0, 1.0, 2.0, None, 1.0, 1.0, "h")

    def broken() -> Iterator[benchmarks.Row]:
        yield row("t1")
        raise ValueError("no pipe")

    monkeypatch.setattr(command, "names", lambda: ["scorer", "tag"])
    monkeypatch.setattr(scorer, "run", lambda: [row("s1"), row("s2")])
    monkeypatch.setattr(tag, "run", broken)


@pytest.mark.usefixtures("fake")
def test_the_command_writes_the_rows(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["scorer", "scorer"]) == 0
    first, second = json.loads((runs / "bench.json").read_text("utf-8"))
    assert sorted(first) == sorted(COLUMNS)
    assert (first["name"], second["name"], first["ours_mib"]) == ("s1", "s2", None)
    said = capsys.readouterr()
    assert said.err.startswith("scorer, 1 of 1\n  s1; p: 2.0 and 1.0 u, ratio 2.00\n")
    assert "s1" in said.out and "s2" in said.out


@pytest.mark.usefixtures("fake")
def test_rows_are_written_as_they_are_measured(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = []
    write = command.write_json

    def counted(path: Path, value: list[object]) -> None:
        write(path, value)
        before.append(len(json.loads((runs / "bench.json").read_text("utf-8"))))

    monkeypatch.setattr(command, "write_json", counted)
    command.main([])
    assert before == [1, 2, 3]


@pytest.mark.usefixtures("fake")
def test_one_that_fails_is_named_and_the_others_go_on(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["tag", "scorer"]) == 1
    assert [row["name"] for row in json.loads((runs / "bench.json").read_text("utf-8"))] == ["t1", "s1", "s2"]
    said = capsys.readouterr().err
    assert "tag, 1 of 2; then scorer\n" in said and "scorer, 2 of 2\n" in said
    assert said.endswith("tag failed (ValueError: no pipe)\n")


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
