"""A run is unfinished by a change of what it goes through, and by nothing else: on a copy of the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import chemxl

# Digests of a BC5CDR run and of one on sentences of mini, before and after each change of a file.
SCRIPT = """
import importlib, json, sys
from pathlib import Path
from chemxl import corpora
from chemxl.corpora import entries
from chemxl.corpora.corpus import Corpus
from chemxl.experiments.digests import source_digest
from chemxl.models.learner import Evaluation
from chemxl.ner.experiments import FineTune

package = Path(corpora.__file__).parents[1]

def digests():
    source_digest.cache_clear()
    entries._entries.cache_clear()
    made = []
    for corpus in (Corpus(name="bc5cdr"), Corpus(name="mini", sentences=50)):
        value = Evaluation(model=FineTune(encoder="e5-small", train=(corpus,)), corpus=corpus)
        made.append(value.digest())
    return made

found = {"": digests()}
for name, (old, new) in json.loads(sys.argv[1]).items():
    path = package / name
    text = path.read_text("utf-8")
    assert old in text, name
    path.write_text(text.replace(old, new), "utf-8")
    found[name] = digests()
    path.write_text(text, "utf-8")
found["again"] = digests()
print(json.dumps(found))
"""
TITLE = "1|t|Naloxone in pain.\n1|a|\n1\t0\t8\tNaloxone\tChemical\tD1\n1\t12\t16\tpain\tDisease\tD2\n"
DOCSTRING = "from __future__ import annotations\n"
CHANGES = {  # a file, what is exchanged in it; then whether it unfinishes the run on bc5cdr, and that on mini
    "corpora/jsonl.py": (DOCSTRING, False, False),  # of HoC
    "corpora/chemprot.py": (DOCSTRING, False, False),
    "corpora/pubtator.py": (DOCSTRING, True, False),
    "corpora/brat.py": (DOCSTRING, False, True),
    "corpora/mini/templates.py": (DOCSTRING, False, True),
    "corpora/samples.py": (DOCSTRING, False, False),
    "active/strategies.py": (DOCSTRING, False, False),
    "corpora/entries.py": (DOCSTRING, True, True),
    "models/crf.py": (DOCSTRING, True, True),
    "ner/experiments.py": (DOCSTRING, True, True),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(Path(chemxl.__file__).parent, home / "chemxl", ignore=shutil.ignore_patterns("__pycache__"))
    (home / "data" / "bc5cdr").mkdir(parents=True)
    for split in ("Training", "Development", "Test"):
        (home / "data" / "bc5cdr" / f"CDR_{split}Set.PubTator.txt").write_text(TITLE, "utf-8")
    changes = {name: (old, f"{old}\nADDED = 1\n") for name, (old, *_) in CHANGES.items()}
    changes["corpora/catalog.yaml"] = ("reader: jsonl", "reader: gad")
    changes["corpora/mini/lexicon.tsv"] = ("\t", "\t ")
    place = {"PYTHONPATH": str(home), "CHEMXL_DATA": str(home / "data"), "CHEMXL_RUNS": str(home / "runs")}
    made = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(changes)],
        env=os.environ | place,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    digests: dict[str, list[str]] = json.loads(made.stdout)
    assert digests["again"] == digests[""]
    return digests


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_a_run_goes_through_unfinishes_it(name: str, found: dict[str, list[str]]) -> None:
    changed = [now != before for now, before in zip(found[name], found[""], strict=True)]
    assert changed == list(CHANGES[name][1:])


def test_entries_and_tables_of_other_corpora_do_not_count(found: dict[str, list[str]]) -> None:
    assert found["corpora/catalog.yaml"] == found[""]
    assert found["corpora/mini/lexicon.tsv"][0] == found[""][0] and found["corpora/mini/lexicon.tsv"][1] != found[""][1]
