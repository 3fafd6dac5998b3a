"""Digests of source code: what a result was computed with, apart from its configuration and its data."""

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
    return sha256("".join(sha256(name + _bare_source(name)) for name in sorted(_reached(module, own))))


def _reached(module: str, packages: set[str]) -> set[str]:
    reached: set[str] = set()
    frontier = [module]
    while frontier:
        name = frontier.pop()
        if name in reached or name.partition(".")[0] not in packages or not _is_module(name):
            continue
        reached.add(name)
        for node in ast.walk(ast.parse(_source(name))):
            if isinstance(node, ast.Import):
                frontier += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                frontier += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return reached


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):  # a name in a module; __main__ of an interactive session
        return False


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).read_text("utf-8") if spec and spec.origin and spec.origin.endswith(".py") else ""


def _bare_source(module: str) -> str:
    tree = ast.parse(_source(module))
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(
                node, False
            ):
                node.body = node.body[1:]
    return ast.dump(tree)
