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
from chemxl.experiments.experiment import Experiment, Value, project, seed_everything, write_json
from chemxl.experiments.experiment import runs as cache
from chemxl.results.records import Origin

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


class Scaled(Part):
    """A held setting with one more."""

    scale: float = 1.0


class Holding(Value):
    """Holds whatever is a part."""

    part: Part = Part()
    more: tuple[Part, ...] = ()


class Holder(Value):
    """Holds values of any class."""

    inner: Value
    rows: tuple[Value, ...] = ()


def holds(value: Value, recorded: dict[str, Any]) -> bool:
    return Origin(recorded, "", "", "", 0.0).hash() == value.config_hash()


def made(name: str, module: str = "one", base: type[Value] = Value, **defaults: Any) -> type[Value]:
    """A class as one edition of the code has it."""
    fields: Any = {field: (type(default), default) for field, default in defaults.items()}
    return pydantic.create_model(name, __base__=base, __module__=module, **fields)


def test_a_field_of_a_base_class_keeps_what_is_derived() -> None:
    value = Holding(part=Scaled(width=2, scale=3.0), more=(Part(), Scaled()))
    assert type(value.part) is Scaled and value.config()["part"]["scale"] == 3.0
    again = Holding.from_config(json.loads(json.dumps(value.config())))
    assert again == value and [type(part) for part in (again.part, *again.more)] == [Scaled, Part, Scaled]
    others = [Holding(part=part) for part in (Part(), Scaled(), Scaled(scale=2.0))]
    assert len({*others, value}) == 4 and value != Holding(part=Scaled(width=2), more=value.more)
    with pytest.raises(pydantic.ValidationError, match="instance of Part"):
        Holding(part=Square())  # type: ignore[arg-type]
    with pytest.raises(ChemxlError, match="Holding is no Part"):
        Part.from_config(value.config())


def test_what_a_derived_class_adds_tells_runs_apart() -> None:
    values = [Square(parts_=(part,)) for part in (Part(), Scaled(), Scaled(scale=2.0))]
    assert len({value.folder for value in values}) == len({value.digest() for value in values}) == 3
    uids = {value.infra.uid().replace(value.digest(), "") for value in values}
    assert any("scale" in uid for uid in uids), "exca sees the field, too"


def test_a_recorded_configuration_holds_until_what_it_says_changes() -> None:
    before = made("Setting", rate=0.1, epochs=3)
    value = Holder(inner=before(rate=0.2), rows=(before(),))
    recorded = json.loads(json.dumps(value.config()))
    assert holds(value, recorded)
    assert not holds(Holder(inner=before(rate=0.3), rows=(before(),)), recorded), "a recorded value"
    assert not holds(before(), recorded) and not holds(before(), {"kind": "Nowhere"})

    def edition(given: dict[str, Any], **defaults: Any) -> Holder:
        now = made("Setting", **defaults)
        return Holder(inner=now(rate=0.2, **given), rows=(now(),))

    added = edition({}, rate=0.1, epochs=3, steps=0)
    assert holds(added, recorded) and added.config_hash() != value.config_hash(), "a new setting at its default"
    assert not holds(edition({"steps": 5}, rate=0.1, epochs=3, steps=0), recorded), "a new setting that is set"
    assert not holds(edition({}, rate=0.1, epochs=4), recorded), "another default, of a nested value"
    assert not holds(edition({}, rate=0.1), recorded), "a setting that is gone"


def test_two_classes_of_one_name() -> None:
    first, second = made("Twin", "one", size=1), made("Twin", "two", size=1)
    with pytest.raises(ChemxlError, match=r"several classes are called Twin: one\.Twin and two\.Twin; rename all"):
        Value.from_config(first().config())
    assert not holds(second(), first().config())


def test_the_same_fields_as_another_class() -> None:
    assert Scaled(width=3, scale=2.0).to(Part) == Part(width=3)
    assert Part(width=3).to(Scaled, scale=2.0, width=4) == Scaled(width=4, scale=2.0)
    copied = Square(number=3, log="a").to(Square, number=5)
    assert copied == Square(number=5, log="a") and copied.infra is not Square().infra


def test_runs_are_kept_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHEMXL_RUNS")
    below = tmp_path / "book" / "notebooks"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert project() is None and cache() == below / ".runs"
    (tmp_path / "book" / "_config.yml").touch()
    assert project() == tmp_path / "book" and cache() == tmp_path / "book" / ".runs"
    monkeypatch.setenv("CHEMXL_RUNS", "here")
    assert cache() == below / "here"


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


def test_nothing_of_the_machine_is_in_what_a_notebook_shows(runs: Path) -> None:
    run = Square(number=7, parts_=(Part(width=2),)).run()
    assert "number=7.0" in repr(run) and "width=2" in repr(run)
    assert str(runs) not in repr(run) and str(runs) not in str(run.experiment)


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
