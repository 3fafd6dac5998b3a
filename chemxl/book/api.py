"""The API pages: a page a room, made from the package as it is, so that nothing is missing and nothing is listed."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import chemxl

PAGES = Path("book/api")


def write(root: Path) -> list[Path]:
    """Write the pages of all rooms, and remove pages whose room is gone.

    Args:
        root: the book's folder.
    """
    folder = root / PAGES
    folder.mkdir(parents=True, exist_ok=True)
    rooms: dict[str, list[ModuleType]] = {}
    for found in pkgutil.walk_packages(chemxl.__path__, "chemxl."):
        if not found.name.rpartition(".")[2].startswith("_"):
            room = found.name.split(".")[1] if found.ispkg or found.name.count(".") > 1 else "chemxl"
            rooms.setdefault(room, []).append(importlib.import_module(found.name))
    made = [folder / f"{room}.md" for room in rooms]
    for stale in set(folder.glob("*.md")) - set(made):
        stale.unlink()
    for path, modules in zip(made, rooms.values(), strict=True):
        text = f"# {path.stem}\n\n" + "\n".join(map(_section, modules))
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    return made


def _section(module: ModuleType) -> str:
    """The page's section for a module, with all that the module itself defines and documents."""
    own = [
        name
        for name, item in vars(module).items()
        if not name.startswith("_") and getattr(item, "__module__", None) == module.__name__ and item.__doc__
    ]
    members = f"   :members: {', '.join(own)}\n" if own else "   :no-members:\n"
    return f"## {module.__name__}\n\n```{{eval-rst}}\n.. automodule:: {module.__name__}\n{members}```\n"
