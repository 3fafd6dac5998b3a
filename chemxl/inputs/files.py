"""Which files are meant: by their names, by folders and globs, or standard input.

What no text can be read from is said, and left out.
"""

from __future__ import annotations

import glob
import gzip
import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

from chemxl.errors import ChemxlError, CorpusError
from chemxl.files import GZ, ending
from chemxl.inputs.faults import Faults

Kind = Literal["auto", "text", "lines", "jsonl", "tsv", "csv"]
STDIN = "-"
_ENDINGS: dict[str, Kind] = {".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
_ENDINGS |= {".tsv": "tsv", ".csv": "csv"}


class InputFile(NamedTuple):
    """A file that texts are read from, or standard input.

    Args:
        path: ``-`` is standard input.
        id: the id of its one text, or what the ids of its many texts begin with.
        kind: how it holds them.
    """

    path: Path
    id: str
    kind: Kind

    @property
    def single(self) -> bool:
        """Whether it holds one text and no more."""
        return self.kind == "text"

    @property
    def packed(self) -> bool:
        """Whether its name says that it has to be unpacked."""
        return self.path.suffix.lower() == ".gz"

    def opened(self) -> AbstractContextManager[IO[bytes]]:
        """Its bytes, those of a ``.gz`` unpacked.

        Raises:
            CorpusError: it is standard input, which is closed.
            EOFError: it is packed, and empty.
        """
        if str(self.path) == STDIN:
            if sys.stdin is None:  # as under cron or systemd
                raise CorpusError("standard input is closed: name a file of text")
            return nullcontext(sys.stdin.buffer)
        if self.packed:
            if self.path.stat().st_size == 0:  # which gzip takes for one that is whole
                raise EOFError("nothing is in it")
            return cast("IO[bytes]", gzip.open(self.path, "rb"))
        return self.path.open("rb")


def input_files(
    names: Sequence[str], faults: Faults, *, kind: Kind = "auto", out: Path | None = None
) -> list[InputFile]:
    """The files that are meant by names of files, folders and globs; standard input where there is no name, or ``-``.

    A file's texts are named after it, those of a folder or a glob after their path in there. Of a folder, files with a
    known ending are read, those of its folders, too; what is hidden is not, nor a link that leads out of it, which is
    a fault.

    Args:
        kind: what all of them hold; told by their endings by default. Standard input is one text by default.
        out: where results go: in a folder or a glob of texts, what stands there is not read.

    Raises:
        ChemxlError: a name is empty, two texts would have one name, or one that is named is to be written over.
    """
    found: list[InputFile] = []
    for name in names or [STDIN]:
        if not name:
            raise ChemxlError("an empty name, as of a variable that is not set: name a file of text")
        if name == STDIN:
            found.append(InputFile(Path(STDIN), "stdin", "text" if kind == "auto" else kind))
        elif os.path.isdir(name):
            found += _in_folder(Path(name), Path(name), kind, faults)
        elif os.path.exists(name) or not glob.has_magic(name):
            found.append(_file(Path(name), Path(name).parent, kind))
        else:
            found += _in_glob(name, kind, faults)
    found = _without_results(found, names, out) if out else found
    ids = Counter((file.id, file.single) for file in found)  # many texts are named after their lines, too
    if ids.total() > len(ids):
        twice = min(id for (id, _), count in ids.items() if count > 1)
        raise ChemxlError(f"two files are called {twice}: rename one, since results are named after their file")
    return found


def _without_results(found: list[InputFile], names: Sequence[str], out: Path) -> list[InputFile]:
    """The files that are read, without results that an earlier run left among them.

    Raises:
        ChemxlError: a person names one of those results as a text.
    """
    place = out.resolve()
    within = [file for file in found if file.path.resolve().is_relative_to(place)]
    # In a folder that is read itself, texts and results stand side by side.
    results = {f for f in within if not f.path.parents[f.id.count("/")].resolve().is_relative_to(place)}
    paths = {file.path for file in results}
    if named := next((name for name in names if Path(name) in paths), None):
        raise ChemxlError(f"{named} would be written over: name another place with --out")
    if results and sys.stderr is not None:
        print(f"{len(results)} files of results in {out} are not read", file=sys.stderr)
    return [file for file in found if file not in results]


def _file(path: Path, base: Path, kind: Kind) -> InputFile:
    """A file, its id the path from ``base`` without ``.gz`` and ending; its kind that of its ending if it is auto."""
    *folders, name = path.relative_to(base).parts
    id = "/".join([*folders, Path(GZ.sub("", name)).stem])
    own = _ENDINGS.get(ending(path), "text") if kind == "auto" else kind
    return InputFile(path, id.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), own)


def _in_folder(folder: Path, base: Path, kind: Kind, faults: Faults) -> list[InputFile]:
    """The files of text in a folder and in those below it, in the order of their names; ids are relative to a base."""

    def unread(error: OSError) -> None:
        """Say which folder is closed."""
        faults.say(f"{error.filename} cannot be read ({error.strerror}): its texts are left out")

    paths = []
    for above, folders, files in os.walk(folder, onerror=unread):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(above, name) for name in files if not name.startswith(".")]
        paths += [path for path in (Path(above, name) for name in folders) if path.is_symlink()]  # not walked into
    paths = [path for path in sorted(paths, key=lambda path: path.parts) if _is_within(path, folder, faults)]
    found = [_file(path, base, kind) for path in paths if ending(path) in _ENDINGS]
    if not found:
        known = ", ".join(_ENDINGS)
        faults.say(f"{folder} holds no text ({known}, or one of these with .gz): name a file of text")
    return found


def _in_glob(pattern: str, kind: Kind, faults: Faults) -> list[InputFile]:
    """The files that fit a pattern such as ``texts/*.txt``; ids begin behind the folders without a wildcard."""
    fixed = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    base = Path(*fixed)
    paths = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
    found = [_file(path, base, kind) for path in paths if _is_within(path, base, faults)]
    # What is in folders ** fits by itself.
    folders = [path for path in paths if "**" not in pattern and path.is_dir() and not path.is_symlink()]
    found += [file for path in folders for file in _in_folder(path, base, kind, faults)]
    if not found and not folders:
        faults.say(f"{pattern} fits no file: name a file of text")
    return found


def _is_within(path: Path, folder: Path, faults: Faults) -> bool:
    """Whether a path is a file in a folder; a link that leads out of it is not, which is said."""
    leaves = path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())
    if path.is_symlink() and not leaves and not path.exists() and ending(path) in _ENDINGS:
        faults.say(f"{path} is a link to what is not here, as of git-annex: fetch it, or take the link away")
    if leaves and (path.is_dir() or ending(path) in _ENDINGS):
        mend = "put it there, or name it in the place of the folder"
        faults.say(f"{path} is a link that leads out of {folder}, and is not followed: {mend}")
    return path.is_file() and not leaves
