"""The gate, which says what may be published, and the build behind it.

papermill writes a notebook that failed, and jupyter-book publishes it without a word: nothing reaches a reader but
through :func:`check`. A run notebook carries digests of everything that it was made from and one of itself, so that
a stale one and one changed by hand are seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from chemxl.book import api
from chemxl.book.sources import NotebookSource, read, select
from chemxl.errors import BookError
from chemxl.experiments.digests import sha256
from chemxl.experiments.plain import read_yaml

BANNER = (
    "This is the small build: its numbers come from a small model and the mini corpus and are a demonstration. "
    "Recorded results stand beside them."
)


def check(*, profile: str = "small", root: Path = Path()) -> None:
    """Pass if every notebook was run, without an error, with this profile, from what is in the tree now.

    Args:
        profile: names ``book/params/<profile>.yaml``.
        root: the book's folder.

    Raises:
        BookError: one line for each notebook that may not be published, with the mend.
    """
    root = root.resolve()
    stems = select(root)
    problems = []
    for stem in stems:
        try:
            (source,) = read(root, [stem], profile=profile)
        except BookError as error:
            problems.append(str(error))
            continue
        if problem := fault(source):
            problems.append(f"notebooks/{stem}.ipynb {problem}: chemxl run {stem} --profile {profile}")
    for made in sorted((root / "notebooks").glob("[!.]*.ipynb")):
        if made.stem not in stems:
            problems.append(f"notebooks/{made.name} has no source {made.stem}.py: remove it")
    if problems:
        raise BookError("\n".join(problems))


def build(*, profile: str = "small", root: Path = Path()) -> Path:
    """Pass the gate and render the book; a warning is an error.

    Args:
        profile: names ``book/params/<profile>.yaml``; the pages of ``small`` say that they are a demonstration.
        root: the book's folder.

    Returns:
        The first page.

    Raises:
        BookError: a notebook that may not be published, or a page with a warning.
    """
    root = root.resolve()
    check(profile=profile, root=root)
    config = read_yaml(root / "_config.yml")
    if profile == "small":
        config.setdefault("html", {})["announcement"] = BANNER
    made = root / "_build" / "config.yml"
    made.parent.mkdir(exist_ok=True)
    made.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    api.write(root)
    print("rendering the pages", flush=True)
    # --all: Sphinx does not repeat the warnings of a page that it does not read again, and the gate would open.
    options = ["-q", "-W", "-n", "--keep-going", "--all", "--config", str(made), "--path-output", str(root)]
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", *options, str(root)]
    if subprocess.run(command, cwd=root, env=environment(root)).returncode:
        raise BookError("the book was not built: mend what is named above, then chemxl build")
    return root / "_build" / "html" / "index.html"


def fault(source: NotebookSource) -> str | None:
    """Why the notebook made from this source may not be published; None if it may."""
    if not source.target.exists():
        return "is missing"
    if edited(source.target):
        return "was not made by chemxl run, or was changed after it"
    made = json.loads(source.target.read_text("utf-8"))
    stamp = made["metadata"]["chemxl"]
    if stamp["profile"] != source.profile:
        return f"was run with the profile {stamp['profile']}"
    if changed := [name for name, digest in source.inputs.items() if stamp["inputs"].get(name) != digest]:
        return f"was run from other inputs than those in the tree ({', '.join(changed)})"
    if any(output["output_type"] == "error" for cell in made["cells"] for output in cell.get("outputs", ())):
        return "holds an error"
    return None


def edited(path: Path) -> bool:
    """Whether a notebook holds anything that no run wrote."""
    try:
        made = json.loads(path.read_text("utf-8"))
        return bool(made["metadata"]["chemxl"]["content"] != seal(made))
    except (AttributeError, KeyError, TypeError, ValueError):
        return True


def seal(notebook: Mapping[str, Any]) -> str:
    """A digest of everything in a notebook except its seal."""
    metadata = notebook["metadata"]
    stamp = {key: value for key, value in metadata["chemxl"].items() if key != "content"}
    return sha256(json.dumps({**notebook, "metadata": {**metadata, "chemxl": stamp}}, sort_keys=True))


def environment(root: Path) -> dict[str, str]:
    """The environment of a process that runs the tree's own code, from whatever folder."""
    given = {"CHEMXL_RUNS": str(root / ".runs")} | os.environ
    for name in ("CHEMXL_DATA", "CHEMXL_MODELS", "CHEMXL_RUNS"):
        if given.get(name):
            given[name] = str(Path(given[name]).resolve())
    return given | {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), given.get("PYTHONPATH")]))}
