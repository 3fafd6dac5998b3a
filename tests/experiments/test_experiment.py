"""An experiment is computed once, again when its sources or data change, and says nothing of the machine's paths."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import platform
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
import torch

from chemxl.errors import ChemxlError
from chemxl.experiments.digests import source_digest
from chemxl.experiments.experiment import Experiment, Value, seed_everything, write_json

LOG = "computed.log"


class Part(Value):
    """A held setting with data."""

    width: int = 1
    names: tuple[str, ...] = ("a", "b")
    file: str = ""

    def data_digest(self) -> str:
        return Path(self.file).read_text("utf-8") if self.file else ""


class Square(Experiment):
    """Counts how often it was computed in a file beside the cache."""

    number: float = 2.0
    parts_: tuple[Part, ...] = ()
    log: str = ""

    def compute(self, folder: Path) -> dict[str, float]:
        if self.log:
            with Path(self.log).open("a") as file:
                file.write(f"{self.number}\n")
        (folder / "history.jsonl").write_text('{"step": 1}\n{"step": 2}\n', "utf-8")
        return {"square": self.number**2}


class Sum(Experiment):
    """Holds another experiment."""

    of: Square
    plus: int = 0

    def compute(self, folder: Path) -> dict[str, float]:
        return {"sum": self.of.run().metrics["square"] + self.plus}


class Failing(Experiment):
    """Fails until a file is there."""

    file: str

    def compute(self, folder: Path) -> dict[str, float]:
        if not Path(self.file).exists():
            raise ValueError("not yet")
        return {"there": 1.0}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / LOG
    path.touch()
    return path


def times(log: Path) -> int:
    return len(log.read_text().splitlines())


@pytest.mark.parametrize(
    "make",
    [
        lambda: Square(numbr=3),  # type: ignore[call-arg]
        lambda: Part(width=1, height=2),  # type: ignore[call-arg]
        lambda: Sum(of={"number": 1, "wrong": 2}),  # type: ignore[arg-type]
        lambda: Value.from_config({"kind": "Part", "width": 1, "height": 2}),
    ],
)
def test_an_unknown_setting_is_an_error(make: Callable[[], Value]) -> None:
    with pytest.raises(pydantic.ValidationError, match="Extra inputs are not permitted"):
        make()


def test_a_value_is_frozen() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        Part().width = 2  # type: ignore[misc]


def test_a_configuration_comes_back_and_its_hash_stays() -> None:
    value = Sum(of=Square(number=3, parts_=(Part(width=4), Part(names=("ж",)))), plus=1)
    config = json.loads(json.dumps(value.config()))
    again = Value.from_config(config)
    assert again == value and hash(again) == hash(value) and again.config_hash() == value.config_hash()
    assert again != Sum(of=Square(number=4)) and value != "a"
    assert Part().config() == {"kind": "Part", "width": 1, "names": ["a", "b"], "file": ""}
    assert Part().config_hash() == "32791b53d95ba3ee"  # a recorded hash must not move with the code
    with pytest.raises(ChemxlError, match="import its chapter's module first"):
        Value.from_config({"kind": "Nowhere"})


def test_the_hash_is_of_the_configuration_alone(tmp_path: Path) -> None:
    value = Square()
    before = value.config_hash()
    value.run()
    assert value.config_hash() == before == Square().config_hash()
    assert value.parts is not None and [type(p) for p in Sum(of=Square(parts_=(Part(),))).parts()] == [
        Sum,
        Square,
        Part,
    ]


def test_the_second_run_reads(log: Path, runs: Path) -> None:
    value = Square(number=3, log=str(log))
    assert not value.finished()
    first = value.run()
    assert first.metrics == {"square": 9.0} and value.finished() and times(log) == 1
    second = Square(number=3, log=str(log)).run()
    assert second.metrics == first.metrics and second.folder == first.folder and times(log) == 1
    assert first.folder.is_relative_to(runs) and first.history() == [{"step": 1}, {"step": 2}]
    assert json.loads((first.folder / "metrics.json").read_text()) == first.metrics
    Square(number=4, log=str(log)).run()
    assert times(log) == 2


def test_an_experiment_uses_what_another_has_computed(log: Path) -> None:
    inner = Square(number=3, log=str(log))
    assert Sum(of=inner).run().metrics == {"sum": 9.0}
    assert Sum(of=inner, plus=1).run().metrics == {"sum": 10.0}
    assert times(log) == 1


def test_a_failed_run_is_tried_again(tmp_path: Path) -> None:
    value = Failing(file=str(tmp_path / "there"))
    with pytest.raises(ValueError, match="not yet"):
        value.run()
    assert not Failing(file=value.file).finished()
    Path(value.file).touch()
    assert Failing(file=value.file).run().metrics == {"there": 1.0}


def test_other_data_is_another_run(log: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    for content, computed in (("a", 1), ("a", 1), ("b", 2), ("a", 2)):
        data.write_text(content)
        Square(parts_=(Part(file=str(data)),), log=str(log)).run()
        assert times(log) == computed


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two modules: an experiment, and what it imports."""
    folder = tmp_path / "toyroom"
    folder.mkdir()
    (folder / "__init__.py").touch()
    held = "from chemxl.experiments.experiment import Value\n\n\nclass Held(Value):\n    size: int = 1\n"
    (folder / "held.py").write_text(held)
    (folder / "helper.py").write_text('"""Help."""\n\n\ndef double(n):\n    """Twice."""\n    return 2 * n\n')
    (folder / "core.py").write_text(
        textwrap.dedent("""
        from pathlib import Path

        from chemxl.experiments.experiment import Experiment, Value


        class Double(Experiment):
            number: int = 1
            held: Value | None = None

            def compute(self, folder: Path) -> dict[str, float]:
                from toyroom.helper import double

                return {"double": double(self.number)}
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[2]}")
    yield folder
    for name in [name for name in sys.modules if name.startswith("toyroom")]:
        del sys.modules[name]
    source_digest.cache_clear()


def test_changed_source_is_computed_again_but_comments_are_not(toy: Path) -> None:
    def folder(**settings: Any) -> Path:
        source_digest.cache_clear()
        importlib.invalidate_caches()
        made: Experiment = importlib.import_module("toyroom.core").Double(**settings)
        return made.folder

    first = folder()
    helper = (toy / "helper.py").read_text()
    (toy / "helper.py").write_text(
        helper.replace('"""Twice."""', '"""Two times."""\n    # n + n\n').replace("Help", "Aid")
    )
    assert folder() == first
    (toy / "helper.py").write_text(helper.replace("2 * n", "n + n"))
    assert folder() != first
    (toy / "helper.py").write_text(helper)
    assert folder() == first
    held = importlib.import_module("toyroom.held").Held()
    before = folder(held=held)
    (toy / "held.py").write_text((toy / "held.py").read_text() + "\n\nSCALE = 2\n")
    assert folder(held=held) != before, "a held value's own module counts, imported or not"


def test_the_digest_reaches_what_a_module_imports() -> None:
    assert source_digest("chemxl.ner.experiments") != source_digest("chemxl.models.training")
    assert source_digest("__main__") == source_digest("__main__")


def _run(log: str) -> None:
    Square(number=7, log=log).run()


@pytest.mark.skipif(platform.system() == "Windows", reason="forks")
def test_two_processes_compute_once(log: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_run, args=(str(log),)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert times(log) == 1


def test_nothing_of_the_machine_is_in_the_provenance(runs: Path) -> None:
    run = Square().run()
    found = run.provenance()
    assert set(found) == {"commit", "python", "versions", "hardware", "date", "seconds"}
    text = json.dumps(found)
    for secret in (str(Path.home()), str(runs), platform.node(), str(Path(__file__).parents[2])):
        assert secret not in text
    assert found["versions"]["torch"] == torch.__version__


def test_a_seed_repeats() -> None:
    def draw() -> tuple[torch.Tensor, torch.Tensor]:
        generator = seed_everything(3)
        return torch.rand(3), torch.rand(3, generator=generator)

    assert all(torch.equal(a, b) for a, b in zip(draw(), draw(), strict=True))


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"ж": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert path.read_text("utf-8") == '{\n "ж": 1\n}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
