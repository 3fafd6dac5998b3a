"""Every chapter has the one shape; what was recorded is neither lost nor kept where it no longer holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import numpy as np
import pytest
import yaml

from chemxl.book.sources import _declared
from chemxl.errors import ChemxlError
from chemxl.evaluation.metrics import Counts
from chemxl.experiments.experiment import Run, Value
from chemxl.results import chapters, records
from chemxl.results.chapters import Line, Lines, Settings
from chemxl.results.records import Recorded
from chemxl.results.rows import Pair, Row, counted, differences, known, scored
from tests.cells import Cell

ROOT = Path(__file__).parents[2]
STEMS = list(chapters.find())
PROFILES = ["small", "real", "paper"]


def nought(line: Line) -> list[Row]:
    """What stands for the score of one model."""
    scores = len(line.experiments) <= 5 and "table" not in line.keys
    return [Row(metric="F1", value=0, keys=line.keys)] if scores else []


def batches(stem: str, profile: str) -> list[Line]:
    """A chapter's lines; a line that has none recorded has rows of nought, so that those that depend on it come."""
    chapter = chapters.named(stem)
    recorded, found = records.read(stem), list[Line]()

    def answer(batch: Sequence[Line]) -> list[Row]:
        found.extend(batch)
        return [row for line in batch for row in chapters.kept(recorded, line, profile=profile) or nought(line)]

    chapters.drive(chapter.lines(chapters.settled(chapter, profile)), answer)
    return found


@pytest.mark.parametrize("stem", STEMS)
def test_the_parameters_cell_is_the_settings(stem: str) -> None:
    notebook = jupytext.read(ROOT / f"notebooks/{stem}.py")
    cell = {name: parameter.default for name, parameter in _declared(stem, notebook).items()}
    settings = chapters.named(stem).Settings()
    own = {name: item for name, item in settings.config().items() if name != "kind"}
    assert cell == own and next(iter(cell)) == "profile"
    assert chapters.named(stem).Settings.given({**cell, "another": 1}) == settings


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("stem", STEMS)
def test_lines_tell_their_experiments_apart_and_can_be_made_again(stem: str, profile: str) -> None:
    lines = batches(stem, profile)
    own: dict[str, Line] = {}
    for line in lines:
        hashes = [experiment.config_hash() for experiment in line.experiments]
        assert hashes and len(set(hashes)) == len(hashes), f"{line.keys}: one experiment stands for two seeds"
        Row(metric="F1", value=0, keys=line.keys)  # its keys are columns
        place = f"{sorted(line.keys.items())} {hashes}"
        assert own.setdefault(place, line) is line, f"{line.keys}: another line says the same of the same"
    for line in lines[:: max(1, len(lines) // 9)]:
        value = line.experiments[0]
        assert Value.from_config(json.loads(json.dumps(value.config()))) == value


@pytest.mark.parametrize("stem", STEMS)
def test_what_is_recorded_belongs_to_the_chapter_as_it_is(stem: str) -> None:
    recorded = records.read(stem)
    kept = {
        row.identity
        for profile in PROFILES
        for line in batches(stem, profile)
        for row in chapters.kept(recorded, line, profile=profile)
    }
    assert {row.identity for row in recorded.rows} == kept, "rows that no line stands for: chemxl record --drop"


@pytest.mark.parametrize("profile", ["real", "paper"])
@pytest.mark.parametrize("stem", STEMS)
def test_every_profile_can_be_recorded_and_loses_nothing(
    stem: str, profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path))  # nothing was run here
    found = chapters.record(chapters.named(stem), profile=profile)
    assert found.fresh == 0 and found.loose == []
    assert {row.identity for row in found.recorded.rows} == {row.identity for row in records.read(stem).rows}
    assert found.owed or any(row.profile == profile for row in found.recorded.rows), "a chapter has lines"


class Toy:
    """A chapter of two cells; the second line is there once the first has rows."""

    stem = "99_toy"

    class Settings(Settings):
        """Its parameters."""

        numbers: tuple[int, ...] = (1, 2)

    @staticmethod
    def lines(settings: Any) -> Lines:
        """Two batches."""
        cells = [Cell(number=number) for number in settings.numbers]
        found = yield [
            Line({"number": cell.number}, [cell], lambda cell=cell: counted(cell.run().metrics)) for cell in cells
        ]
        if len(found) == len(cells):
            total = sum(row.value for row in found)
            yield [Line({"table": "all"}, cells, lambda: [known("sum", (total,) * 3, rule="")])]


class Scores(Cell):
    """A cell with counts by document: one of two documents is right, the more the smaller its number."""

    seed: int = 0

    def counts(self) -> Counts:
        """Of two documents with ten mentions."""
        self.run()
        return Counts(("A",), np.array([[[13 - self.number, 10, 10]], [[0, 10, 10]]]))


class Wrapped(NamedTuple):
    """A cell's counts, taken in another way; it is no experiment."""

    cell: Scores

    @property
    def seed(self) -> int:
        """The cell's."""
        return self.cell.seed

    def counts(self) -> Counts:
        """The cell's."""
        return self.cell.counts()

    def run(self) -> Run:
        """The cell's."""
        return self.cell.run()


def compared(settings: Any) -> Lines:
    """A line for each number, and one for the first less the last."""
    cells = [Scores(number=number) for number in settings.numbers]
    made = [Line({"number": cell.number}, [cell], partial(scored, [Wrapped(cell)])) for cell in cells]
    pair = Pair({}, cells[:1], cells[-1:])
    yield [*made, Line({"table": "all"}, list(dict.fromkeys(cells)), partial(differences, [pair]), compared=True)]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of its own in the working directory."""
    (tmp_path / "book/params").mkdir(parents=True)
    (tmp_path / "_config.yml").touch()
    (tmp_path / "book/papers.yaml").write_text("{}")
    (tmp_path / "book/params/small.yaml").write_text("99_toy: {numbers: [3, 4]}")
    monkeypatch.setenv("CELLS_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("CHEMXL_RUNS", str(tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record(**how: Any) -> chapters.Recording:
    found = chapters.record(Toy, profile="small", **how)  # type: ignore[arg-type]
    records.write(Toy.stem, found.recorded)
    return found


def test_a_chapter_is_run_and_recorded(toy: Path) -> None:
    assert record().owed == [{"number": 3}, {"number": 4}], "nothing is computed by recording"
    table = chapters.results(Toy, chapters.settled(Toy, "small"))  # type: ignore[arg-type]
    assert table.query("number == 3").value.tolist() == [round(Cell(number=3).run().metrics["cell"], 4)]
    assert set(table.profile) == {"small"} and set(table.chapter) == {"99_toy"}
    found = record()
    assert (found.fresh, found.owed, found.loose) == (3, [], [])
    recorded = records.read(Toy.stem)
    assert [len(row.of) for row in recorded.rows] == [1, 1, 2]
    again = chapters.results(Toy, chapters.settled(Toy, "small"))  # type: ignore[arg-type]
    assert again.source.value_counts().to_dict() == {"this build": 3, "recorded": 3}


def test_rows_of_runs_that_are_elsewhere_stay(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chapters.run(Toy, chapters.settled(Toy, "small"))  # type: ignore[arg-type]
    record()
    before = records.read(Toy.stem)
    monkeypatch.setenv("CHEMXL_RUNS", str(toy / "empty"))
    found = record()
    assert (found.fresh, found.owed, found.loose) == (0, [], [])
    assert records.read(Toy.stem) == before
    shutil.copytree(toy / "runs", toy / "empty", dirs_exist_ok=True)
    shutil.rmtree(Cell(number=4).folder)
    assert record().fresh == 1 and records.read(Toy.stem) == before  # one of two is finished


def test_what_is_recorded_later_is_compared_with_recorded_counts(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (toy / "book/params/small.yaml").write_text("99_toy: {numbers: [3]}")
    monkeypatch.setattr(Toy, "lines", compared)
    chapters.run(Toy, chapters.settled(Toy, "small"))  # type: ignore[arg-type]
    record()
    monkeypatch.setenv("CHEMXL_RUNS", str(toy / "another machine"))
    (toy / "book/params/small.yaml").write_text("99_toy: {numbers: [3, 4]}")
    assert record().owed == [{"number": 4}, {"table": "all"}], "nothing is computed by recording"
    Scores(number=4).run()
    found = record()
    assert (found.fresh, found.owed) == (2, [])
    rows = {str(row.keys): row for row in records.read(Toy.stem).rows}
    assert rows["{'table': 'all'}"].value == pytest.approx(0.05), "0.5 less 0.45"
    assert len(rows["{'table': 'all'}"].of) == 2 and not Scores(number=3).finished()
    assert set(records.read(Toy.stem).counts) == {Scores(number=number).config_hash() for number in (3, 4)}
    assert record().fresh == 2 and records.read(Toy.stem).rows == list(rows.values()), "once more, the same"
    monkeypatch.setattr(Scores, "counts", lambda self: Counts(("A",), np.full((2, 1, 3), 10)))  # its run has changed
    record()
    rows = {str(row.keys): row for row in records.read(Toy.stem).rows}
    assert rows["{'number': 4}"].value == 1 and rows["{'number': 3}"].value == 0.5
    assert rows["{'table': 'all'}"].value == -0.5, "the new counts less those that the recorded row has"


def test_rows_whose_settings_changed_are_kept_said_and_dropped_on_demand(toy: Path) -> None:
    chapters.run(Toy, chapters.settled(Toy, "small"))  # type: ignore[arg-type]
    record()
    (toy / "book/params/small.yaml").write_text("99_toy: {numbers: [3]}")
    found = record()
    assert [row.keys for row in found.loose] == [{"number": 4}]
    assert len(records.read(Toy.stem).rows) == 3 and found.owed == [] and found.fresh == 2
    dropped = record(drop=True)
    assert dropped.loose == found.loose, "what is left out is said"
    assert [row.keys for row in records.read(Toy.stem).rows] == [{"number": 3}, {"table": "all"}]


def test_a_row_is_kept_only_while_all_that_it_rests_on_holds() -> None:
    cells = [Cell(number=1), Cell(number=2)]
    line = Line({"table": "all"}, cells, list)
    hashes = tuple(cell.config_hash() for cell in cells)
    origins = {cell.config_hash(): records.Origin(cell.config(), "", "", "", 0) for cell in cells}
    row = Row(metric="F1", value=1, keys={"table": "all", "train": "a"}, profile="small", of=hashes)
    assert chapters.kept(Recorded([row], origins), line, profile="small") == [row]
    assert chapters.kept(Recorded([row], origins), line, profile="real") == []
    for other in ([cells[0]], [*cells, Cell(number=3)], [cells[0], Cell(number=2, broken=True)]):
        assert chapters.kept(Recorded([row], origins), line._replace(experiments=other), profile="small") == []


def test_a_chapter_that_is_none_is_named() -> None:
    with pytest.raises(ChemxlError, match="there is no chapter 07_nothing: choose from 01_data_collection"):
        chapters.named("07_nothing")


TOY = '''
"""A chapter that a test adds."""

from functools import partial

from chemxl.corpora.corpus import Corpus
from chemxl.collect.experiments import Sizes
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import counted

stem = "09_toy"


class Settings(chapters.Settings):
    """Its parameters."""

    language: str = "ru"


def _rows(value: Sizes):
    return counted(value.run().metrics)


def lines(settings: Settings) -> Lines:
    """One line."""
    value = Sizes(corpus=Corpus(name="mini", language=settings.language))
    yield [Line({"corpus": "mini"}, [value], partial(_rows, value))]
'''


def test_adding_a_chapter_touches_its_own_files_alone(tmp_path: Path) -> None:
    """A folder, a notebook and its sections: the chapter is found, recorded, on the scoreboard and on the API pages."""
    for name in ("chemxl", "book", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__", "api"))
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "chemxl/toy").mkdir()
    (tmp_path / "chemxl/toy/__init__.py").write_text('"""A room that a test adds."""\n')
    (tmp_path / "chemxl/toy/chapter.py").write_text(TOY)
    cell = '# %% tags=["parameters"]\nprofile: str = "small"\nlanguage: str = "ru"\n'
    (tmp_path / "notebooks/09_toy.py").write_text(f"# %% [markdown]\n# # Toy\n\n{cell}")
    real = tmp_path / "book/params/real.yaml"
    real.write_text(yaml.safe_dump(yaml.safe_load(real.read_text("utf-8")) | {"09_toy": {"language": "en"}}))
    script = """
from pathlib import Path
from chemxl.book import api, sources
from chemxl.results import chapters, tables
toy = chapters.named("09_toy")
rows = chapters.results(toy, chapters.settled(toy, "small"))
assert "mini" in tables.board([rows]).html and tables.tally({"09_toy": rows})[0]["this build"] > 3
[board] = sources.read(Path("."), ["10_scoreboard"], profile="real")
assert board.parameters["settings"]["09_toy"] == {"profile": "real", "language": "en"}
assert "chemxl.toy.chapter" in Path("book/api/toy.md").read_text() if api.write(Path(".").resolve()) else False
"""
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "CHEMXL_RUNS": str(tmp_path / "runs")}
    how: dict[str, Any] = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([sys.executable, "-c", script], **how)
    assert done.returncode == 0, done.stderr
    recorded = subprocess.run([sys.executable, "-m", "chemxl.cli", "record", "09_toy", "--profile", "small"], **how)
    assert recorded.returncode == 0, recorded.stderr
    assert "of them new" in recorded.stdout and (tmp_path / "book/recorded/09_toy.csv").exists()
