"""What is wrong is said in one line, or raised."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

from chemxl.errors import ChemxlError, CorpusError
from chemxl.inputs.faults import strict
from chemxl.inputs.files import input_files
from chemxl.inputs.texts import read_files
from tests.inputs.given import given_back, put


def test_faults_are_one_line_each(tmp_path: Path) -> None:
    name = tmp_path / "a\n\x1b[31m].txt"
    assert given_back(name)[1][0].count("\n") == 0
    put(tmp_path, {"a.jsonl": '{"\\u001b[2J": "x"}\n'})
    assert "\x1b" not in given_back(tmp_path / "a.jsonl")[1][0]
    with pytest.raises(CorpusError, match="cannot be read"):
        list(read_files(input_files([str(tmp_path / "none.txt")], strict()), strict()))


def test_a_reading_that_is_stopped_says_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", noise.append)
    put(tmp_path, {"a.tsv": b"a\tb\n1\t2\n"})
    faults = strict()
    with pytest.raises(ChemxlError, match="not one column 'text'"):
        list(read_files(input_files([str(tmp_path)], faults), faults))
    gc.collect()
    assert not noise
