"""Digests of source code: what computed a result, apart from its configuration and its data."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path

PACKAGE = "chemxl"


def sha256(data: str | bytes) -> str:
    """Hexadecimal SHA-256 of bytes, or of a text in UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


@cache
def source_digest(module: str) -> str:
    """A digest of a module and of every module of this package, and of the module's own, that it imports.

    Comments, docstrings and layout do not count: the digest is of the syntax tree.
    """
    own = {PACKAGE, module.partition(".")[0]}
    reached: dict[str, str] = {}
    frontier = [module]
    while frontier:
        name = frontier.pop()
        if name not in reached and name.partition(".")[0] in own and (path := _path(name)):
            reached[name], imported = _parsed(path, path.stat().st_mtime_ns)
            frontier += imported
    return sha256("".join(sha256(name + digest) for name, digest in sorted(reached.items())))


def _path(module: str) -> Path | None:
    """The file of a module; None if the name is no module with a file."""
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # a name in a module; __main__ of an interactive session
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None


@cache
def _parsed(path: Path, changed: int) -> tuple[str, list[str]]:
    """A digest of a file's syntax tree without docstrings, and the imported names, some of which are modules."""
    tree = ast.parse(path.read_text("utf-8"))
    imported: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                imported += [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                imported += [module, *(f"{module}.{alias.name}" for alias in names)]
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(
                node, False
            ):
                node.body = node.body[1:]
    return sha256(ast.dump(tree)), imported
