"""The house stands: a room of ``chemxl`` imports only from floors below, and modules never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import chemxl

PACKAGE = Path(chemxl.__file__).parent
FLOORS = (
    ("errors", "files", "console"),
    ("documents",),
    ("experiments",),
    ("corpora",),
    ("evaluation",),
    ("models",),
    ("results",),
    ("collect", "ner"),
    ("pretrain",),
    ("active", "transfer", "contrastive"),
    ("knowledge",),
    ("relations",),
    ("best", "box"),
    ("inputs",),
    ("outputs",),
    ("book", "tag", "annotate", "stream", "own"),
    ("extract",),
    ("commands",),
    ("cli",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> dict[str, Path]:
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of the package that a module imports, in functions, too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names):
                found = [name.name for name in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                inner = [f"{module}.{name.name}" for name in names]
                found = [name if name.removeprefix("chemxl.") in known else module for name in inner]
            case ast.ImportFrom():
                raise AssertionError(f"{path}: modules are imported by their full names")
            case _:
                continue
        yield from (name.removeprefix("chemxl.") for name in found if name.startswith("chemxl."))


KNOWN = modules()
IMPORTS = {name: set(imported(path, KNOWN)) - {name} for name, path in KNOWN.items()}


def test_every_room_has_a_floor() -> None:
    assert {name.split(".")[0] for name in KNOWN if name} <= FLOOR.keys()
    assert all(other in KNOWN for others in IMPORTS.values() for other in others)


def test_rooms_import_from_floors_below() -> None:
    for name, others in IMPORTS.items():
        room, rooms = name.split(".")[0], {other.split(".")[0] for other in others}
        climbing = {other for other in rooms - {room} if FLOOR[other] >= FLOOR[room]}
        assert not climbing, name


def test_no_modules_import_each_other_in_a_circle() -> None:
    order = list(TopologicalSorter(IMPORTS).static_order())  # an error that names the circle, where there is one
    assert order.index("documents") < order.index("corpora") < order.index("models.learner") < order.index("cli")
