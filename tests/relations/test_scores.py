"""The shared tasks' scores are what the official scripts answer on 120 synthetic cases, or what they define."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chemxl.errors import CorpusError
from chemxl.evaluation import metrics
from chemxl.relations import scores

FOLDER = Path(__file__).parents[3] / "shared/fixtures"
HEAD = ["document_id", "relation", "head_text", "head_span", "head_type", "tail_text", "tail_span", "tail_type"]


def cases(name: str) -> list[dict[str, Any]]:
    """Those of a script, where this machine has them."""
    path = Path(os.environ.get("CHEMXL_FIXTURES", FOLDER), f"{name}.json")
    return json.loads(path.read_text("utf-8"))["cases"] if path.exists() else []


def written(folder: Path, case: dict[str, Any], names: list[str], head: list[list[str]] | None = None) -> list[Path]:
    """The files that the script read."""
    paths = []
    for name in names:
        rows = [row if isinstance(row, list) else [row] for row in case["input"][name]]
        lines = "".join("\t".join(row) + "\n" for row in [*(head or []), *rows])
        path = folder / name
        path.write_bytes(case["input"].get(f"{name}_text", lines).encode())
        paths.append(path)
    return paths


@pytest.mark.parametrize("case", cases("drugprot"), ids=lambda case: case["name"])
def test_drugprot_counts_as_the_official_scorer(case: dict[str, Any], tmp_path: Path) -> None:
    paths = written(tmp_path, case, ["gold", "pred", "entities", "pmids"])
    due = case["by_definition"]
    if due is None:
        with pytest.raises(CorpusError, match=r":\d+: \d columns where \d are due: mend the row"):
            scores.drugprot(*paths)
        return
    found = scores.drugprot(*paths).scores()
    micro = found[metrics.MICRO]
    assert (micro.correct, micro.predicted, micro.gold) == (due["tp"], due["tp"] + due["fp"], due["tp"] + due["fn"])
    assert (micro.precision, micro.recall, micro.f1) == pytest.approx(
        (due["precision"], due["recall"], due["f1"]), abs=1e-12
    )
    if not case["defect"]:
        for type, score in case["expected"]["exact"]["per_type"].items():
            mine = found[type]
            assert [mine.precision, mine.recall, mine.f1] == pytest.approx(list(score.values()), abs=1e-12)


@pytest.mark.parametrize("case", cases("bionne-r"), ids=lambda case: case["name"])
def test_bionne_r_counts_as_the_official_scorer(case: dict[str, Any], tmp_path: Path) -> None:
    paths = written(tmp_path, case, ["gold", "pred"], [HEAD])
    due = case["by_definition"]
    if due is None:
        with pytest.raises(CorpusError, match=r":1: there is no column \w+: name the columns in the first line"):
            scores.bionne_r(*paths)
        return
    counts = scores.bionne_r(*paths)
    found = counts.scores()
    micro = found[metrics.MICRO]
    assert (micro.precision, micro.recall, micro.f1) == pytest.approx(
        (due["micro_precision"], due["micro_recall"], due["micro_f1"]), abs=1e-12
    )
    assert float(metrics.macro_f1(counts.table(counts.due()).sum(axis=0))) == pytest.approx(due["macro_f1"], abs=1e-12)
    assert {type: found[type].f1 for type in counts.due()} == pytest.approx(due["f1_per_gold_type"])


def table(path: Path, *rows: str) -> Path:
    path.write_text("".join(row.replace(" ", "\t") + "\n" for row in rows), "utf-8")
    return path


def test_what_a_pair_is(tmp_path: Path) -> None:
    """Our own case: ends may be swapped, a type that is none and a document that is not listed cost nothing."""
    entities = table(
        tmp_path / "entities",
        "1 T1 CHEMICAL 0 1 a",
        "1 T2 GENE-Y 2 3 b",
        "1 T3 GENE-N 4 5 c",
        "2 T1 CHEMICAL 0 1 a",
        "2 T2 GENE 2 3 b",
    )
    gold = table(tmp_path / "gold", "1 INHIBITOR Arg1:T1 Arg2:T2", "1 AGONIST Arg1:T1 Arg2:T3", "2 PART-OF T1 T2")
    found = table(
        tmp_path / "found",
        "1 INHIBITOR Arg1:T2 Arg2:T1",
        "1 inhibitor Arg1:T1 Arg2:T2",
        "1 AGONIST Arg1:T2 Arg2:T3",
        "1 SUBSTRATE Arg1:T1 Arg2:T3",
        "2 PART-OF Arg1:T1 Arg2:T2",
        "3 AGONIST Arg1:T1 Arg2:T2",
    )
    counts = scores.drugprot(gold, found, entities, table(tmp_path / "documents", "1"))
    micro = counts.scores()[metrics.MICRO]
    assert (micro.correct, micro.predicted, micro.gold) == (1, 2, 3)
    assert len(counts.values) == 2, "a row a document, for intervals"


def test_bad_files_are_named(tmp_path: Path) -> None:
    good = table(tmp_path / "good", "1 AGONIST Arg1:T1 Arg2:T2")
    bad = table(tmp_path / "bad", "1 AGONIST Arg1:T1 Arg2:T2", "", "1 AGONIST Arg1:T1")
    none = table(tmp_path / "none")
    with pytest.raises(CorpusError, match=r"bad:3: 3 columns where 4 are due"):
        scores.drugprot(good, bad, none, none)
    with pytest.raises(CorpusError, match=r"missing cannot be read"):
        scores.bionne_r(tmp_path / "missing", good)
    assert scores.drugprot(good, good, none, none).scores()[metrics.MICRO].f1 == 0.0
