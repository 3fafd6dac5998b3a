"""The command says what is wrong in a sentence, and ends with 1."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chemxl import cli, corpora


def failing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command writes to the error stream when it ends with 1."""
    monkeypatch.setattr(sys, "argv", ["chemxl", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 1
    return capsys.readouterr().err


def test_an_error_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("run", "check", "build"):
        assert "holds no NN_name.py" in failing(monkeypatch, capsys, command)
    assert "write -p name=value" in failing(monkeypatch, capsys, "run", "-p", "epochs")
    assert "no corpus 'atlantis'" in failing(monkeypatch, capsys, "corpora", "verify", "atlantis")


def test_corpora_are_listed_without_any_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHEMXL_DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    listed = CliRunner().invoke(cli.app, ["corpora", "list"]).output
    for name in corpora.catalog():
        assert re.search(rf"\b{name}\b", listed)
    other = next(name for name, entry in corpora.catalog().items() if not entry.shipped)
    assert f"{other}: not on this machine" in CliRunner().invoke(cli.app, ["corpora", "verify"]).output
