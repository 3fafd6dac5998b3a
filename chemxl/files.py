"""Writing a file so that it appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path beside the file to write to; once it is written, it takes the file's place.

    The file keeps the rights that it had; a new one gets those that the umask leaves, whoever wrote it (safetensors
    writes files that nobody else may read). What fails leaves the old file and nothing beside it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.unlink(missing_ok=True)  # of a life that was ended
        beside.touch()
        mode = beside.stat().st_mode
        yield beside
        if path.exists():
            shutil.copymode(path, beside)
        else:
            beside.chmod(mode & 0o777)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
