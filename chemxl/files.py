"""Files that a person names: found by their names, and written as a whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

GZ = re.compile(r"\.gz\Z", re.I)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An error in writing, as of a full disk, names the file, which it does not by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path beside the file to write to; when it is written, it takes the file's place.

    The file keeps the rights that it had; a new one gets those that the umask leaves, whoever wrote it (safetensors
    writes files that nobody else may read). What fails leaves the old file and nothing beside it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.unlink(missing_ok=True)  # of a life that was ended
        beside.touch()
        mode = beside.stat().st_mode
        with naming(path):
            yield beside
        if path.exists():
            shutil.copymode(path, beside)
        else:
            beside.chmod(mode & 0o777)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def unwritable(path: Path) -> str | None:
    """Why a file or folder cannot be made at a path, with the missing folders above it; None if it can.

    It is asked before long work, which would else be lost.
    """
    try:
        above = next(folder for folder in path.absolute().parents if folder.exists())
        if not above.is_dir():
            return f"{above} is a file"
        with TemporaryFile(dir=above):
            return None
    except OSError as error:
        return str(error.strerror)


def ending(path: Path) -> str:
    """The ending of a file's name in small letters, such as ``.tsv`` of ``A.TSV.gz``."""
    return Path(GZ.sub("", path.name)).suffix.lower()


def stem(name: str, stems: Sequence[str]) -> str | None:
    """The notebook that a person means by ``4``, ``04``, ``04_ner`` or ``notebooks/04_ner.py``; None if there is
    none."""
    meant = Path(name).stem if Path(name).suffix in {".py", ".ipynb"} else name
    number = f"{meant:0>2}" if meant.isdecimal() else None
    return next((stem for stem in stems if meant == stem or number == stem.partition("_")[0]), None)
