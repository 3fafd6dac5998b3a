"""Runs notebooks, each in a process of its own. The same inputs give the same bytes."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, count
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

import nbformat
from pydantic import ValidationError

from chemxl.book.gate import edited, environment, fault, seal
from chemxl.book.sources import NotebookSource, read, select
from chemxl.errors import BookError, ChemxlError
from chemxl.experiments.digests import sha256

# No progress bar in a stored output, no order of a set that changes from run to run, and the kernel of this Python.
_QUIET = {
    "TQDM_DISABLE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore:IProgress not found",  # of a bar that nobody is shown
    "JUPYTER_PREFER_ENV_PATH": "1",
}
_WIDGET = "application/vnd.jupyter.widget-view+json"


def run(
    stems: Sequence[str] = (),
    *,
    profile: str = "small",
    jobs: int = 2,
    parameters: Mapping[str, str] | None = None,
    again: bool = False,
    root: Path = Path(),
) -> list[str]:
    """Run the notebooks whose inputs have changed and write them beside their sources.

    Args:
        stems: ``4``, ``04_ner`` or ``notebooks/04_ner.py``; none means all.
        profile: names ``book/params/<profile>.yaml``.
        jobs: notebooks at a time.
        parameters: values in place of the profile's, as typed on a command line. A notebook run with them is for
            looking at: the gate refuses it, since the tree does not say how to make it again.
        again: run those too that are up to date.
        root: the book's folder.

    Returns:
        The notebooks that were run.

    Raises:
        BookError: before anything runs, a notebook, profile or parameter that is not there, of another type, or that
            the chapter's experiments refuse; afterwards, the notebooks that failed. Their outputs are kept in
            ``.runs/failed``.
    """
    root = root.resolve()
    sources = read(root, select(root, stems), profile=profile, parameters=parameters)
    queue = [source for source in sources if again or fault(source)]
    for source in sources:
        if source not in queue:
            print(f"{source.stem}: up to date")
    for source in queue:
        _declare(source)
    cores = max(1, (os.cpu_count() or 1) // jobs)
    variables = {"OMP_NUM_THREADS": str(cores)} | environment(root) | _QUIET
    if failures := _run_all(in_turn(queue), jobs, variables):
        raise BookError("\n".join(failures))
    return [source.stem for source in queue]


def in_turn(queue: Sequence[NotebookSource]) -> list[NotebookSource]:
    """Every second chapter before the others, since neighbours share runs and would wait for each other; then the pages
    that read what chapters have run."""
    from chemxl.results import chapters  # loads torch, which what is up to date need not wait for

    if not queue:
        return []
    own = [source for source in queue if source.stem in chapters.find()]
    return [*own[::2], *own[1::2], *(source for source in queue if source not in own)]


def _declare(source: NotebookSource) -> None:
    """Declare a chapter's first experiments, so that wrong settings are reported before anything runs; nothing is
    computed."""
    from chemxl.results import chapters  # loads torch, which what is up to date need not wait for

    if (chapter := chapters.find().get(source.stem)) is None:
        return
    try:
        next(chapter.lines(chapter.Settings(**source.values)), None)
    except (ChemxlError, ValidationError) as error:
        raise BookError(f"{source.stem}: {chapters.refusal(error)}") from error


def _run_all(queue: Sequence[NotebookSource], jobs: int, variables: dict[str, str]) -> list[str]:
    """Run notebooks side by side, and return what went wrong."""
    if queue:
        print(f"running {', '.join(source.stem for source in queue)}", flush=True)
    failures = []
    # Spawned: papermill's working directory belongs to a whole process, and torch does not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, max_tasks_per_child=1) as pool:
        futures = {pool.submit(_execute, source, variables): source.stem for source in queue}
        try:
            for future in as_completed(futures):
                seconds, problem = future.result()
                print(f"{futures[future]}: {'failed after ' if problem else ''}{seconds:.0f} s", flush=True)
                failures += [problem] if problem else []
        except BrokenProcessPool as error:
            raise BookError("a notebook's process died, out of memory perhaps: try --jobs 1") from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    return failures


def _execute(source: NotebookSource, variables: dict[str, str]) -> tuple[float, str | None]:
    """Run one notebook in this process; return how long it took and what went wrong, if anything did."""
    os.environ.update(variables)
    Thread(target=_end_with_parent, daemon=True).start()
    # Only here: it reads the environment, and whoever asks what is up to date need not wait for it.
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    begun = perf_counter()
    kept = _aside(source, "failed")
    try:
        notebook = papermill.execute_notebook(
            source.notebook,
            str(kept),
            source.parameters,
            kernel_name="python3",
            language="python",
            cwd=str(source.target.parent),  # as Jupyter does
            progress_bar=False,
            stderr_file=sys.stderr,
            config=Config({"KernelManager": {"transport_encryption": "auto"}}),  # without it, each kernel warns
            kernel_manager_class=_uninterrupted(),
        )
    except PapermillExecutionError as error:
        problem = f"cell [{error.exec_count}] raised {error.ename}: {error.evalue}\n{error.source}"
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    else:
        _publish(source, notebook)
        kept.unlink()
        return perf_counter() - begun, None
    where = kept.relative_to(source.root)
    return perf_counter() - begun, f"notebooks/{source.stem}.py failed (see {where}): {problem}"


def _uninterrupted() -> type[Any]:
    """A kernel manager that ends a kernel without the interrupt that others send just before.

    A kernel that is still closing its last message takes that for Ctrl-C and prints an error, though all went well.
    """
    from jupyter_client.manager import AsyncKernelManager

    class Uninterrupted(AsyncKernelManager):
        """The manager, without an interrupt."""

        async def _async_interrupt_kernel(self) -> None:
            """Do nothing: no cell runs any more, or the kernel is ended a few seconds later."""

    return Uninterrupted


def _end_with_parent() -> None:
    """End this process, and with it the kernel, when the process that runs the notebooks is killed."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _publish(source: NotebookSource, notebook: nbformat.NotebookNode) -> None:
    """Write a finished notebook beside its source. A copy that somebody has edited is put aside first."""
    made = json.loads(nbformat.writes(_tidied(source.stem, notebook)))
    made["metadata"]["chemxl"] = {"profile": source.profile, "inputs": source.inputs}
    made["metadata"]["chemxl"]["content"] = seal(made)
    beside = source.target.with_name(f".{source.target.name}")
    beside.write_text(json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    if source.target.exists() and edited(source.target):
        aside = _aside(source, "edited")
        names = chain([aside], (aside.with_stem(f"{source.stem}-{number}") for number in count(2)))
        kept = source.target.replace(next(path for path in names if not path.exists()))  # earlier edits stay, too
        print(f"{source.stem}: your edits of the .ipynb are in {kept.relative_to(source.root)}; edit the .py instead")
    beside.replace(source.target)


def _aside(source: NotebookSource, folder: str) -> Path:
    """Where a notebook is kept in the folder of runs."""
    path = source.root / ".runs" / folder / source.target.name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _tidied(stem: str, notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what differs from run to run: times, paths, random ids, widgets, the error stream. Code is
    folded, except in cells tagged ``code``."""
    passing = {"jupytext", "papermill", "widgets"}
    metadata = {key: value for key, value in notebook.metadata.items() if key not in passing}
    metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata["language_info"] = {"name": "python"}
    notebook.metadata = nbformat.from_dict(metadata)
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        seen[cell.source] = seen.get(cell.source, 0) + 1
        cell.id = sha256(f"{stem} {seen[cell.source]} {cell.source}")[:12]
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
            tags = cell.metadata.get("tags", [])
            cell.metadata["tags"] = tags if "code" in tags else [*tags, "hide-input"]
    return notebook


def _merged(outputs: Iterable[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """A cell's outputs with all printed text in one piece, without the error stream and without widgets such as tqdm's
    bars, which need a kernel."""
    merged: list[nbformat.NotebookNode] = []
    for output in outputs:
        is_text = output.output_type == "stream"
        if (is_text and output.name == "stderr") or _WIDGET in output.get("data", {}):
            continue
        if is_text and merged and merged[-1].output_type == "stream":
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged
