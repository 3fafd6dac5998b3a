"""Files of text to read, and how tests read them."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from chemxl.inputs.faults import Faults
from chemxl.inputs.files import Kind, input_files
from chemxl.inputs.texts import read_files

TEXTS = {"a": "Aspirin helped.\n", "b": "Ацетон\r\nи вода\u2028x", "sub/c": "Caffeine"}


def given_back(*names: str | Path, **options: str) -> tuple[dict[str, str], list[str]]:
    """Texts by id, and faults."""
    said: list[str] = []
    faults = Faults(said.append)
    kind: Kind = options.pop("kind", "auto")  # type: ignore[assignment]
    files = input_files([str(name) for name in names], faults, kind=kind)
    read = {document.id: document.text for document in read_files(files, faults, **options)}
    assert faults.count == len(said)
    return read, said


def put(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
