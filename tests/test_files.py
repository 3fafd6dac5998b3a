"""A file appears whole or not at all, with the rights that the umask leaves, whoever writes it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from chemxl.annotate import project
from chemxl.collect import export
from chemxl.corpora import aligned, brat, livingner, tmx
from chemxl.corpora.editing import Sheet
from chemxl.documents import Document, Mention, Pair
from chemxl.experiments.checkpoints import write_tensors
from chemxl.experiments.experiment import write_json
from chemxl.files import replaced

DOCUMENT = Document("d", "NaCl", (Mention.of("SPECIES", 0, 4, id="T1"),))
PAIR = Pair("1", "salt", "соль")


def annotate(path: Path) -> None:
    path.with_suffix(".txt").write_text("NaCl")
    sheet = Sheet(path.with_suffix(".txt"))
    sheet.add("CHEM", 0, 4)
    sheet.save()


WRITERS: dict[str, Callable[[Path], object]] = {
    "x.json": lambda path: write_json(path, {"a": 1}),
    "model.safetensors": lambda path: write_tensors(path, {"a": torch.zeros(2)}, {}),
    "d.ann": lambda path: brat.write(DOCUMENT, path.parent),
    "e.ann": annotate,
    "x.tmx": lambda path: tmx.write(path, [PAIR]),
    "x.tsv": lambda path: aligned.write_tsv(path, [PAIR]),
    "y.tsv": lambda path: livingner.write([DOCUMENT], path),
    "x.parquet": lambda path: export.write_parquet(path, [DOCUMENT]),
    "round/0001.ann": lambda path: project.write(path.parent, [DOCUMENT], number=1, types=["SPECIES"], about={}),
}


@pytest.fixture(params=[0o022, 0o027, 0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("name", WRITERS)
def test_rights_are_what_the_umask_leaves(name: str, tmp_path: Path, umask: int) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir() if one.suffix != ".lock"}
    assert modes and set(modes.values()) == {0o666 & ~umask}


@pytest.mark.parametrize("name", [name for name in WRITERS if "/" not in name])
def test_a_file_that_is_there_keeps_its_rights(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    path.chmod(0o640)
    if name == "e.ann":
        path.write_bytes(b"")
    WRITERS[name](path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(ValueError, match="half"), replaced(path) as beside:
        beside.write_text("ne")
        raise ValueError("half")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("x", "old")]
    with replaced(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("x", "new")]


def test_a_full_disk_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    with pytest.raises(OSError, match="No space left") as raised, replaced(path):
        raise OSError(28, "No space left on device")
    assert raised.value.filename == str(path) and not list(tmp_path.iterdir())
    with pytest.raises(OSError, match="closed") as raised, replaced(path):
        raise OSError("closed")
    assert raised.value.filename is None
    with pytest.raises(FileNotFoundError) as raised, replaced(path):
        (tmp_path / "other").read_text()
    assert raised.value.filename == str(tmp_path / "other")
