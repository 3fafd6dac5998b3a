"""Texts in, results out, one after the other: what ``chemxl tag`` and ``chemxl extract`` share.

Texts are read a few ahead and found in together, so that batches are full; no more are held. Which stand together
depends on their places alone: a run that goes on where another was killed ends in the same results.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from tqdm import tqdm

from chemxl import outputs
from chemxl.collect.cleanup import Mended
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.inputs.faults import Faults
from chemxl.inputs.files import STDIN, InputFile, Kind, input_files
from chemxl.inputs.texts import read_files

Find = Callable[[Sequence[Document]], Sequence[Document]]
AHEAD, AHEAD_CHARACTERS = 64, 2**17  # texts that are found in together, at most; a longer one alone
STOPPED = 130  # the exit status after Ctrl-C, as shells have it


@dataclass(frozen=True)
class Request:
    """What a person asks the command to do.

    Args:
        names: names of files, folders and globs, see :func:`chemxl.inputs.files.input_files`.
        kind, field, id: what the files hold, and where in their rows the text and its id are.
        out, format, force, skip_done: see :func:`chemxl.outputs.destination`.
        clean: read the texts as :class:`chemxl.collect.cleanup.Mended` has them; offsets are those of the texts.
        least: mentions and relations with a lower score are left out.
    """

    names: Sequence[str] = ()
    kind: Kind = "auto"
    field: str = "text"
    id: str = "id"
    out: Path | None = None
    format: str = "jsonl"
    force: bool = False
    skip_done: bool = False
    clean: bool = False
    least: float = 0.0


def run(request: Request, formats: Mapping[str, outputs.Format], load: Callable[[], Find]) -> int:
    """Read texts, find in them, write results. Returns the exit status: 1 if a text was left out, :data:`STOPPED` after
    Ctrl-C.

    Args:
        load: gives what finds; called when there is a text.

    Raises:
        ChemxlError: the results may not be written where they should be. What is written until then stays.
    """
    faults = Faults(lambda message: _say(f"Error: {message}"))
    request = replace(request, out=None) if str(request.out) == STDIN else request
    files = input_files(request.names, faults, kind=request.kind, out=request.out)
    if request.format == "brat" and request.out is None and (len(files) > 1 or not _single(files)):
        raise ChemxlError("brat keeps one file per text: name a folder with --out, or take --format jsonl")
    destination = outputs.destination(
        request.out, request.format, formats, files, faults, force=request.force, skip_done=request.skip_done
    )
    if not request.names and sys.stdin is not None and sys.stdin.isatty():
        print("A text is awaited from the keyboard; Ctrl-D on a line of its own ends it.", file=sys.stderr)
    texts, read, done = read_files(files, faults, field=request.field, id=request.id), 0, 0

    def wanted(text: Document) -> bool:
        """Whether a text must be tagged; texts are counted, and those that were done before."""
        nonlocal read, done
        read += 1
        before, is_due = faults.count, destination.wants(text)
        done += not is_due and faults.count == before
        return is_due

    with _counted(texts, request, files) as bar, Stoppable(results(request, bar, wanted, load)) as found:
        destination.write(found)
    if done:
        _say(f"{done} texts were done in {request.out}: they are as they were, whatever the settings were")
    if not (read or faults.count or found.stopped):
        _say("no text is in what was given: nothing is written")
    return STOPPED if found.stopped else 1 if faults.count else 0


def _say(message: str) -> None:
    """Print a message on the error stream, without breaking a progress bar."""
    if sys.stderr is not None:
        tqdm.write(message, file=sys.stderr)  # not into a bar


def _single(files: Sequence[InputFile]) -> bool:
    """Whether each file is one text."""
    return all(file.single for file in files)


def _counted(texts: Iterable[Document], request: Request, files: Sequence[InputFile]) -> tqdm[Document]:
    """The same texts, counted as they are read, which is a group ahead of the results, by a progress bar that is shown
    only if a person looks at it and no results are printed in between."""
    shown = sys.stderr is not None and sys.stderr.isatty() and "CHEMXL_QUIET" not in os.environ
    apart = request.out is not None or (sys.stdout is not None and not sys.stdout.isatty())
    total = len(files) if _single(files) else None
    return tqdm(texts, total=total, unit=" texts", disable=not (shown and apart), leave=False)


def together(texts: Iterable[Document]) -> Iterator[list[Document]]:
    """Texts in groups; the first groups are small, so that first results come soon."""
    group: list[Document] = []
    size, most = 0, 1
    for text in texts:
        if group and (len(group) == most or size + len(text.text) > AHEAD_CHARACTERS):
            yield group
            group, size, most = [], 0, min(2 * most, AHEAD)
        group.append(text)
        size += len(text.text)
    if group:
        yield group


def results(
    request: Request, texts: Iterable[Document], wanted: Callable[[Document], bool], load: Callable[[], Find]
) -> Iterator[Document]:
    """The wanted texts with what is found in them.

    A group of which one is wanted is read whole: batches, and with them the last digits, do not depend on what is done.
    """
    find: Find | None = None
    for group in together(texts):
        due = [wanted(text) for text in group]
        if not any(due):
            continue
        find = find or load()
        mended = [Mended(text.text) if request.clean else None for text in group]
        read = [replace(text, text=mend.text) if mend else text for text, mend in zip(group, mended, strict=True)]
        for text, mend, made, is_due in zip(group, mended, find(read), due, strict=True):
            if is_due:
                yield _in_original(text, mend, _confident(made, request.least))


def _confident(document: Document, least: float) -> Document:
    """The document without mentions and relations of a low score, and without relations of such mentions."""
    mentions = tuple(m for m in document.mentions if (m.score or 0.0) >= least)
    ids = {mention.id for mention in mentions}
    relations = tuple(r for r in document.relations if (r.score or 0.0) >= least and {r.head, r.tail} <= ids)
    return replace(document, mentions=mentions, relations=relations)


def _in_original(text: Document, mend: Mended | None, found: Document) -> Document:
    """What was found in a mended text, moved to its place in the original text."""
    if mend is None:
        return found
    mentions = [replace(m, fragments=tuple(mend.back(span) for span in m.fragments)) for m in found.mentions]
    return replace(text, mentions=tuple(mentions), relations=found.relations)


class Stoppable(Iterator[Document]):
    """Documents until a person presses Ctrl-C, which ends the documents but never the writing of one.

    It is heard while inside; in a thread other than the main one it never is.
    """

    def __init__(self, documents: Iterator[Document]) -> None:
        self.documents, self.stopped, self.waiting = documents, False, False

    def __enter__(self) -> Self:
        with suppress(ValueError):
            self.before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError, AttributeError):
            signal.signal(signal.SIGINT, self.before)

    def _heard(self, *_: object) -> None:
        """Note that Ctrl-C was pressed; while a document is awaited, stop at once."""
        self.stopped = True
        if self.waiting:
            raise KeyboardInterrupt

    def __next__(self) -> Document:
        try:
            self.waiting = True
            if not self.stopped:
                return next(self.documents)
        except KeyboardInterrupt:
            pass
        finally:
            self.waiting = False
        raise StopIteration
