"""The sources of notebooks: the parameters that each declares, and everything that its outputs depend on."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jupytext
import nbformat
from pydantic import TypeAdapter, ValidationError

from chemxl import files
from chemxl.errors import BookError
from chemxl.experiments.digests import sha256
from chemxl.experiments.plain import read_yaml

SETTINGS = "settings"  # a parameter of this name gets those of all other notebooks
_TYPES = {t.__name__: t for t in (str, int, float, bool, list, dict, tuple)} | {"Literal": Literal}


@dataclass(frozen=True)
class NotebookSource:
    """A notebook that has not been run, and the parameters to run it with.

    Args:
        root: the book's folder.
        stem: as in ``04_ner``.
        notebook: the cells.
        values: the values of all parameters.
        parameters: the values that differ from those in its parameters cell.
        profile: names ``book/params/<profile>.yaml``.
        inputs: a digest of each thing that the outputs depend on.
    """

    root: Path
    stem: str
    notebook: nbformat.NotebookNode
    values: dict[str, Any]
    parameters: dict[str, Any]
    profile: str
    inputs: dict[str, str]

    @property
    def target(self) -> Path:
        """Where the notebook is written once it has been run."""
        return self.root / "notebooks" / f"{self.stem}.ipynb"


@dataclass(frozen=True)
class Parameter:
    """One parameter, as a notebook's parameters cell declares it."""

    type: TypeAdapter[Any]
    annotation: str
    default: Any

    def accept(self, value: Any, *, typed: bool) -> Any:
        """The value, without conversion; text typed by a person is taken as it is or as JSON.

        Raises:
            TypeError, ValueError: it is of another type.
        """
        if not typed:
            # By way of JSON a list may stand for a tuple, a whole number for a float, and nothing else bends.
            return self.type.validate_json(json.dumps(value), strict=True)
        try:
            return self.type.validate_python(value, strict=True)
        except ValidationError:
            return self.type.validate_json(value, strict=True)


def select(root: Path, wanted: Sequence[str] = ()) -> list[str]:
    """The stems of all notebooks, or of those named by number, stem or file.

    Raises:
        BookError: one that is not there.
    """
    stems = sorted(path.stem for path in (root / "notebooks").glob("[0-9][0-9]_*.py"))
    if not stems:
        raise BookError(f"{root / 'notebooks'} holds no NN_name.py: run chemxl in the book's folder")
    meant = {name: files.stem(name, stems) for name in wanted}
    if strangers := [name for name, stem in meant.items() if stem is None]:
        raise BookError(f"there is no notebook {', '.join(strangers)}: choose from {', '.join(stems)}")
    return [stem for stem in stems if not wanted or stem in meant.values()]


def read(
    root: Path, stems: Iterable[str], *, profile: str, parameters: Mapping[str, str] | None = None
) -> list[NotebookSource]:
    """Read notebooks and settle their parameters: as typed by a person, else the profile's, else their own.

    Raises:
        BookError: a parameter that a notebook does not declare or that is of another type, a profile that is not
            there, or a notebook without exactly one cell of plain typed parameters.
    """
    profiles = list((root / "book" / "params").glob("*.yaml"))
    elsewhere = [path for path in profiles if path.stem != profile]  # recorded rows hold in the settings of their own
    shared = {
        "chemxl": _digest(root, (path for path in (root / "chemxl").rglob("*") if "__pycache__" not in path.parts)),
        "recorded": _digest(root, [*(root / "book" / "recorded").glob("*"), *elsewhere]),
        "papers and claims": _digest(root, (root / "book").glob("*.yaml")),
        "constraints": _digest(root, [root / "constraints.txt"]),
    }
    sources = []
    for stem in stems:
        text, notebook, declared, values = _settled(root, stem, profile)
        if SETTINGS in declared:
            others = [other for other in select(root) if other != stem]
            values = values | {SETTINGS: {other: _settled(root, other, profile).values for other in others}}
        values = values | _accepted(stem, declared, parameters or {}, "the command line", typed=True)
        inputs = {"source": sha256(text), "parameters": sha256(json.dumps(values, sort_keys=True))} | shared
        if not declared:  # it shows what was recorded, of all chapters
            inputs["profiles"] = _digest(root, profiles)
        changed = {name: value for name, value in values.items() if value != declared[name].default}
        sources.append(NotebookSource(root, stem, notebook, values, changed, profile, inputs))
    return sources


class _Settled(NamedTuple):
    """A notebook's text and cells, its parameters, and their values in a profile."""

    text: str
    notebook: nbformat.NotebookNode
    declared: dict[str, Parameter]
    values: dict[str, Any]


def _settled(root: Path, stem: str, profile: str) -> _Settled:
    """Read a notebook and settle its parameters: its own defaults, then the profile's values."""
    try:
        text = (root / "notebooks" / f"{stem}.py").read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BookError(f"notebooks/{stem}.py is not UTF-8: convert it") from error
    notebook = jupytext.reads(text, fmt="py:percent")
    declared = _declared(stem, notebook)
    values = {name: parameter.default for name, parameter in declared.items()}
    given = ({"profile": profile} if "profile" in declared else {}) | _profile(root, profile).get(stem, {})
    return _Settled(text, notebook, declared, values | _accepted(stem, declared, given, f"book/params/{profile}.yaml"))


def _profile(root: Path, profile: str) -> dict[str, dict[str, Any]]:
    """The parameters that a profile gives, by notebook and name."""
    path = root / "book" / "params" / f"{profile}.yaml"
    if not path.is_file():
        names = sorted(other.stem for other in path.parent.glob("*.yaml"))
        raise BookError(f"there is no profile {profile}: choose from {', '.join(names)}, or write {path}")
    try:
        book = TypeAdapter(dict[str, dict[str, Any]]).validate_python(read_yaml(path))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise BookError(f"{path}: it must map notebooks to parameters and their values, unlike {where}") from error
    if strangers := set(book) - set(select(root)):
        raise BookError(f"{path}: there is no notebook {', '.join(sorted(strangers))}")
    return book


def _declared(stem: str, notebook: nbformat.NotebookNode) -> dict[str, Parameter]:
    """The parameters of a notebook, read without running it."""
    where = f"notebooks/{stem}.py"
    cells = [c for c in notebook.cells if c.cell_type == "code" and "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise BookError(f'{where}: {len(cells)} cells are tagged parameters: mark one as # %% tags=["parameters"]')
    try:
        statements = ast.parse(cells[0].source).body
    except SyntaxError as error:
        raise BookError(f"{where}: its parameters cell cannot be read: {error}") from error
    return dict(_parameter(where, statement) for statement in statements)


def _parameter(where: str, statement: ast.stmt) -> tuple[str, Parameter]:
    """The name of a parameter and what its statement declares."""
    mend = "write name: type = value, with a plain value of that type"
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
            code = compile(ast.Expression(annotation), where, "eval")
        case _:
            raise BookError(f"{where}: {ast.unparse(statement)!r} is no parameter: {mend}")
    try:
        adapter = TypeAdapter(eval(code, {"__builtins__": {}}, _TYPES))
        parameter = Parameter(adapter, ast.unparse(annotation), None)
        default = parameter.accept(ast.literal_eval(value), typed=False)
    except (NameError, TypeError, ValueError) as error:
        raise BookError(f"{where}: {ast.unparse(statement)!r} is no parameter: {mend}") from error
    return name, Parameter(adapter, parameter.annotation, default)


def _accepted(
    stem: str, declared: Mapping[str, Parameter], given: Mapping[str, Any], origin: str, *, typed: bool = False
) -> dict[str, Any]:
    """The given values, each checked against what the notebook declares."""
    accepted = {}
    for name, value in given.items():
        if name not in declared:
            raise BookError(f"{origin}: {stem} has no parameter {name}: choose from {', '.join(declared)}")
        try:
            accepted[name] = declared[name].accept(value, typed=typed)
        except (TypeError, ValueError) as error:
            raise BookError(f"{origin}: {stem}: {name} must be {declared[name].annotation}, not {value!r}") from error
    return accepted


def _digest(root: Path, paths: Iterable[Path]) -> str:
    """A digest of the names and contents of files."""
    total = hashlib.sha256()
    for path in sorted(path for path in paths if path.is_file() and not path.name.startswith(".")):
        total.update(f"{path.relative_to(root).as_posix()}\0{sha256(path.read_bytes())}\n".encode())
    return total.hexdigest()
