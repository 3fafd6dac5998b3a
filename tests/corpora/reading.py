"""What the readers' tests share: write a few small files, read them, and give what was found with every fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from chemxl.corpora import Log
from chemxl.errors import CorpusError

One = TypeVar("One")


def reading(
    reader: Callable[..., list[One]], folder: Path, files: dict[str, str | bytes], **options: object
) -> tuple[list[One], list[str]]:
    """What a reader makes of these files; where there is a fault, strict has to stop at the first."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    paths = sorted(folder / name for name in files)
    log = Log()
    found = reader(paths, log, root=folder, **options)
    if log.faults:
        with pytest.raises(CorpusError) as stopped:
            reader(paths, Log(strict=True), root=folder, **options)
        assert str(stopped.value).startswith(str(log.faults[0]))
    return found, [f"{fault.path.name}:{fault.line}: {fault.message}" for fault in log.faults]
