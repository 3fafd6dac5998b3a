"""LivingNER's scorer: its toy cases, and each of its rules on small inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chemxl.contrastive.official import official, printed
from chemxl.corpora import Log, entries, livingner
from chemxl.documents import Mention
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.evaluation.metrics import Score

Found = dict[str, list[Mention]]

GOLD: Found = {
    "a": [Mention.of("HUMAN", 0, 5, id="T1"), Mention.of("SPECIES", 8, 12, id="T2"), Mention.of("SPECIES", 20, 24)],
    "b": [Mention.of("SPECIES", 0, 4, id="T1")],
    "c": [Mention.of("HUMAN", 3, 9, id="T1")],
}


def kept(*types: str) -> Found:
    return {name: [m for m in mentions if m.type in types] for name, mentions in GOLD.items()}


ALL_SPECIES = {name: [Mention.of("SPECIES", *m.span) for m in mentions] for name, mentions in GOLD.items()}
MISSING = {name: mentions for name, mentions in GOLD.items() if name != "a"}
RIGHT = {"SPECIES": Score(3, 3, 3), "HUMAN": Score(2, 2, 2), "micro": Score(5, 5, 5)}
CASES: dict[str, tuple[Found, dict[str, Score]]] = {
    "the same": (GOLD, RIGHT),
    "all species": (ALL_SPECIES, {"SPECIES": Score(3, 5, 3), "HUMAN": Score(0, 0, 2), "micro": Score(3, 5, 5)}),
    "only species": (kept("SPECIES"), {**RIGHT, "HUMAN": Score(0, 0, 2), "micro": Score(3, 3, 5)}),
    "only human": (kept("HUMAN"), {**RIGHT, "SPECIES": Score(0, 0, 3), "micro": Score(2, 2, 5)}),
    "a missing file": (MISSING, {"SPECIES": Score(1, 1, 3), "HUMAN": Score(1, 1, 2), "micro": Score(2, 2, 5)}),
    "nothing": ({}, {"SPECIES": Score(0, 0, 3), "HUMAN": Score(0, 0, 2), "micro": Score(0, 0, 5)}),
    "twice": ({name: [*mentions, *mentions] for name, mentions in GOLD.items()}, RIGHT),
    "twice with other marks": ({**GOLD, "b": [*GOLD["b"], Mention.of("SPECIES", 0, 4, id="T9")]}, RIGHT),
    "another label": ({**GOLD, "b": [*GOLD["b"], Mention.of("DISEASE", 6, 9)]}, RIGHT),
    "a file that is not in gold": ({**GOLD, "z": [Mention.of("HUMAN", 0, 5)]}, RIGHT),
    "an offset off by one": (
        {**GOLD, "b": [Mention.of("SPECIES", 0, 5)]},
        {**RIGHT, "SPECIES": Score(2, 3, 3), "micro": Score(4, 5, 5)},
    ),
}


@pytest.mark.parametrize(("predicted", "scores"), CASES.values(), ids=CASES)
def test_rules(predicted: Found, scores: dict[str, Score]) -> None:
    assert official(GOLD, predicted) == scores


def test_a_document_without_a_gold_mention_is_not_scored_as_all_documents_would_be() -> None:
    gold = {**GOLD, "empty": [], "other": [Mention.of("DISEASE", 0, 2)]}
    predicted = {**GOLD, "empty": [Mention.of("HUMAN", 0, 5)], "other": [Mention.of("SPECIES", 0, 2)]}
    assert official(gold, predicted) == RIGHT
    plain = metrics.count(list(gold.values()), [predicted[name] for name in gold]).scores()
    assert plain["micro"] == Score(5, 7, 6)


@pytest.mark.parametrize("gold", [{}, {"a": []}, {"a": [Mention.of("DISEASE", 0, 2)]}])
def test_a_gold_standard_without_its_labels(gold: Found) -> None:
    with pytest.raises(ChemxlError, match="no mention of SPECIES or HUMAN"):
        official(gold, GOLD)


def test_rounding() -> None:
    assert printed(Score(2, 3, 7)) == (0.6667, 0.2857, 0.4)
    assert printed(Score(0, 0, 3)) == printed(Score(0, 3, 0)) == (0.0, 0.0, 0.0)
    # From counts F1 is 1/32 exactly, and half to even is 0.0312; from precision and recall it comes out above.
    assert (round(Score(2, 5, 123).f1, 4), printed(Score(2, 5, 123))[2]) == (0.0312, 0.0313)


# (correct, predicted, gold) for species, humans and both, then P, R, F1: by the program's steps, stated again elsewhere
# with pandas. The last line is also what the program's README prints.
TOY = {
    "": [(85, 85, 85), (54, 54, 54), (139, 139, 139), (1.0, 1.0, 1.0)],
    "_ALL_SPECIES": [(85, 139, 85), (0, 0, 54), (85, 139, 139), (0.6115, 0.6115, 0.6115)],
    "_ONLY_SPECIES": [(85, 85, 85), (0, 0, 54), (85, 85, 139), (1.0, 0.6115, 0.7589)],
    "_ONLY_HUMAN": [(0, 0, 85), (54, 54, 54), (54, 54, 139), (1.0, 0.3885, 0.5596)],
    "_MISSING_ONE_FILE": [(83, 83, 85), (50, 50, 54), (133, 133, 139), (1.0, 0.9568, 0.9779)],
}


@pytest.fixture
def toys(real: Callable[[str], str]) -> Path:
    folder = entries.folder(real("livingner"))
    if not (folder / "toy-data").is_dir():
        pytest.skip("the toy cases of LivingNER's scorer are not on this machine: toy-data and gs-data in livingner/")
    return folder


def table(path: Path) -> Found:
    return livingner.mentions(path, Log(strict=True))


@pytest.mark.parametrize("case", TOY)
def test_toy_cases(toys: Path, case: str) -> None:
    gold = table(toys / "gs-data" / "sample_entities_subtask1.tsv")
    scores = official(gold, table(toys / "toy-data" / f"sample_entities_subtask1{case}.tsv"))
    *counts, numbers = TOY[case]
    assert [scores[name] for name in ("SPECIES", "HUMAN", "micro")] == [Score(*row) for row in counts]
    assert printed(scores["micro"]) == numbers


def test_tables_of_subtask_2(toys: Path) -> None:
    gold = table(toys / "gs-data" / "sample_entities_subtask1.tsv")
    assert table(toys / "gs-data" / "sample_entities_subtask2.tsv") == gold
    log = Log()
    path = toys / "toy-data" / "sample_entities_subtask2_predictions.tsv"
    predicted = livingner.mentions(path, log)
    assert [str(fault) for fault in log.faults] == [
        f"{path}:4: HUMAN at 1025-1033 of 32032497_ES stands twice; row left out"
    ]
    assert official(gold, predicted)["micro"] == Score(138, 138, 139)
