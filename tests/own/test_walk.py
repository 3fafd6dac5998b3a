"""The page *Your own texts*, walked from its first command to its last."""

from __future__ import annotations

import glob
import re
import shlex
import sys
from pathlib import Path

import pytest
import transformers
from transformers import pipeline

from chemxl import cli, corpora
from chemxl.corpora import brat
from tests.own.texts import COUNT, lay_out

PAGE = Path(cli.__file__).parents[1] / "book" / "own_texts.md"


def commands() -> list[str]:
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


def test_the_page_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    lay_out(tmp_path / "texts")
    new = corpora.load("mini", split="test", language="ru")[:5]
    (tmp_path / "new").mkdir()
    for number, document in enumerate(new):
        (tmp_path / "new" / f"{number}.txt").write_text(document.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHEMXL_DATA", raising=False)
    monkeypatch.setenv("CHEMXL_QUIET", "1")
    monkeypatch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    shown = {}
    for line in commands():
        words = [path for word in shlex.split(line)[1:] for path in (sorted(glob.glob(word)) or [word])]
        monkeypatch.setattr(sys, "argv", ["chemxl", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        shown[line], err = capfd.readouterr()
        assert not stopped.value.code, (line, err)
    checked, trained, evaluated, *_ = shown.values()
    assert checked.splitlines()[1].split("\t")[:4] == ["texts", "train", "ru", str(COUNT)]
    assert trained == evaluated and trained.splitlines()[-1].startswith("all\t")
    tagged = brat.read(sorted((tmp_path / "tagged").iterdir()), corpora.Log(strict=True))
    assert [document.text for document in tagged] == [document.text for document in new]
    found = [[(m.type, m.start, m.end) for m in document.mentions] for document in tagged]
    assert any(found)
    entities = pipeline("token-classification", model=str(tmp_path / "for-transformers"), trust_remote_code=True)
    rows = [entities(document.text) for document in tagged]
    same = sum(
        [(one["entity_group"], one["start"], one["end"]) for one in row] == due
        for row, due in zip(rows, found, strict=True)
    )
    assert same >= len(found) - 1  # tag may compute in bf16, the pipeline does not
    assert {path.name for path in tmp_path.iterdir()} == {
        "texts",
        "new",
        "tagger",
        "tagged",
        "for-transformers",
        "modules",
    }
