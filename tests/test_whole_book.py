"""The book, small: every notebook runs, passes the gate, and says what it must."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from chemxl import book
from chemxl.errors import BookError

ROOT = Path(__file__).parents[1]
SMALL = """
01_data_collection: {seeds: [0, 1], rates: [0.1]}
02_active_learning:
  {encoder: mini, seeds: [0, 1], sentences: 60, rounds: 2, budget: 5, steps: 2, whole_epochs: 1,
   methods: [entropy+none, mahalanobis+always]}
04_ner: &ner {seeds: [0, 1], sentences: 60, epochs: 1, models: [mini]}
03_continual_pretraining:
  {<<: *ner, stages: [mini+head, mini+mlm, mini+mlm+tlm], ablated: mini, amount: 4000, runs: [0, 1]}
05_transfer:
  {encoder: mini, seeds: [0, 1], few: [5, 9], few_visits: 9, few_as_long: [5], source_most: 9, source_epochs: 1}
06_contrastive_pretraining: {encoder: mini, seeds: [0, 1], sizes: [10, 20], visits: 40}
07_knowledge:
  {encoder: mini, seeds: [0, 1], sentences: 40, epochs: 1, base: 3000, amount: 4000, tagged: [plain text],
   methods: [plain text, wrong dictionary, Ent + Fact + Pas]}
08_relations:
  {encoder: mini, seeds: [0, 1], epochs: 1, part: 0.2, gammas: [2.0], weights: [0.5], few: [3], steps: 2, voters: 2}
"""
CHAPTERS = [
    "01_data_collection",
    "02_active_learning",
    "03_continual_pretraining",
    "04_ner",
    "05_transfer",
    "06_contrastive_pretraining",
    "07_knowledge",
    "08_relations",
    "09_budget",
    "10_scoreboard",
    "11_claims",
]
HEADINGS = [
    "Answer",
    "Claims",
    "Question",
    "Data",
    "Method",
    "Experiment",
    "Result",
    "Limits",
    "Exercises",
    "Provenance",
]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's tree where its book was just run, as ``make book`` leaves it; else a copy that is run here.

    The copy has an encoder and parameters so small that nothing is learnt.
    """
    try:
        book.check(profile="small", root=ROOT)
        return ROOT
    except BookError:
        monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / ".runs"))
    for name in ("book", "notebooks", "chemxl"):
        ignored = shutil.ignore_patterns("*.ipynb", "__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("_config.yml", "_toc.yml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "book/params/small.yaml").write_text(SMALL)
    return tmp_path


def test_every_notebook_runs_and_may_be_published(tree: Path) -> None:
    assert book.run(profile="small", jobs=1, root=tree) == ([] if tree == ROOT else CHAPTERS)
    book.check(profile="small", root=tree)
    assert book.run(profile="small", jobs=1, root=tree) == []
    for path in sorted((tree / "notebooks").glob("*.ipynb")):
        text = path.read_text("utf-8")
        assert not re.search(rf"(?<![\w./-]){re.escape(str(tree))}/", text) and "it/s]" not in text
        nbformat.validate(nbformat.from_dict(json.loads(text)))
    for name in CHAPTERS[:-3]:
        chapter = nbformat.read(tree / f"notebooks/{name}.ipynb", 4)
        lines = [line for cell in chapter.cells for line in cell.source.splitlines()]
        assert [line[3:] for line in lines if line.startswith("## ")] == HEADINGS
