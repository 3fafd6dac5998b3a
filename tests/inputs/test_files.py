"""Files, folders, globs and standard input: each way of naming texts reads the same ones, and none reads others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chemxl.errors import ChemxlError
from tests.inputs.given import TEXTS, given_back, put, stdin


def test_a_text_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, {f"{id}.txt": text for id, text in TEXTS.items()})
    files = [tmp_path / f"{id}.txt" for id in TEXTS]
    assert given_back(*files) == ({Path(id).name: text for id, text in TEXTS.items()}, [])
    assert given_back(tmp_path) == (TEXTS, [])
    assert given_back(tmp_path / "**" / "*.txt") == (TEXTS, [])
    assert given_back(tmp_path / "*.txt")[0].keys() == {"a", "b"}
    stdin(monkeypatch, TEXTS["b"].encode())
    assert given_back() == ({"stdin": TEXTS["b"]}, [])
    stdin(monkeypatch, TEXTS["b"].encode())
    assert given_back("-", tmp_path / "a.txt") == ({"stdin": TEXTS["b"], "a": TEXTS["a"]}, [])


def test_a_folder_is_not_left_and_what_is_hidden_is_not_read(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    put(inside, {"a.txt": "a", ".b.txt": "b", ".git/c.txt": "c", "d.ann": "d", "e.pdf": "e", "sub/f.TXT": "f"})
    put(outside, {"g.txt": "secret"})
    os.symlink(outside, inside / "folder")
    os.symlink(outside / "g.txt", inside / "g.txt")
    os.symlink(inside, inside / "sub" / "round")
    os.symlink(inside / "a.txt", inside / "h.txt")
    os.symlink(inside / "none.txt", inside / "i.txt")
    read, said = given_back(inside)
    assert read == {"a": "a", "h": "a", "sub/f": "f"}
    assert [line.split(" is a link ")[0] for line in said] == [
        f"{inside}/{name}" for name in ("folder", "g.txt", "i.txt")
    ]
    assert "to what is not here, as of git-annex: fetch it" in said[2]
    read, said = given_back(inside / "*.txt")
    assert read == {"a": "a", "h": "a"} and len(said) == 2 and "put it there, or name it" in said[0]
    assert given_back(inside / "g.txt")[0] == {"g": "secret"}, "what is named itself is followed"
    os.mkdir(tmp_path / "empty")
    assert given_back(tmp_path / "empty")[1][0].endswith("name a file of text")


def test_two_texts_of_one_name(tmp_path: Path) -> None:
    put(tmp_path, {"a.txt": "x", "a.txt.gz": "x", "sub/a.txt": "y"})
    for names in ([tmp_path], [tmp_path / "a.txt", tmp_path / "sub" / "a.txt"], [tmp_path / "a.txt"] * 2):
        with pytest.raises(ChemxlError, match="two files are called a: rename one"):
            given_back(*names)


def test_an_empty_name_is_said() -> None:
    with pytest.raises(ChemxlError, match="an empty name, as of a variable that is not set"):
        given_back("")


def test_folders_that_a_glob_fits_are_read_as_a_shell_would_give_them(tmp_path: Path) -> None:
    put(tmp_path, {"a/x.txt": "x", "a/b/y.txt": "y", "a/n.ann": "", "z.txt": "z"})
    assert given_back(tmp_path / "*") == ({"a/x": "x", "a/b/y": "y", "z": "z"}, [])
    assert given_back(tmp_path / "**" / "*.txt") == ({"a/x": "x", "a/b/y": "y", "z": "z"}, [])


def test_one_text_and_many_may_share_a_name(tmp_path: Path) -> None:
    put(tmp_path, {"a.txt": "x", "a.jsonl": '{"text": "y"}\n'})
    assert given_back(tmp_path) == ({"a": "x", "a-1": "y"}, [])
    put(tmp_path, {"a.tsv": "text\nz\n"})
    with pytest.raises(ChemxlError, match="two files are called a: rename one"):
        given_back(tmp_path)
