"""What is in a file: each kind is read alike, and what is wrong is named and left out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.inputs import texts
from chemxl.inputs.texts import document
from tests.inputs.given import TEXTS, given_back, put, stdin


def test_what_is_packed_is_unpacked(tmp_path: Path) -> None:
    put(tmp_path, {"a.txt.gz": TEXTS["a"], "d.jsonl.gz": '{"text": "x"}\n', "e.tsv.gz": "text\ny\n"})
    assert given_back(tmp_path) == ({"a": TEXTS["a"], "d-1": "x", "e-2": "y"}, [])


def test_rows_and_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = '{"pmid": 7, "abstract": "one\\ntwo"}\r\n\r\n{"pmid": "x", "abstract": ""}\n'
    table = "pmid\tabstract\n7\tone\nx\t\n"
    put(tmp_path, {"a.jsonl": "\ufeff" + rows, "b.tsv": "\ufeff" + table, "c.txt": "one\r\n\ntwo\rthree\u2028"})
    named = {"field": "abstract", "id": "pmid"}
    assert given_back(tmp_path / "a.jsonl", **named) == ({"7": "one\ntwo", "x": ""}, [])
    assert given_back(tmp_path / "b.tsv", **named) == ({"7": "one", "x": ""}, [])
    assert given_back(tmp_path / "a.jsonl", field="abstract")[0].keys() == {"a-1", "a-3"}
    assert given_back(tmp_path / "c.txt", kind="lines")[0] == {"c-1": "one", "c-3": "two", "c-4": "three\u2028"}
    for kind, data in {"jsonl": rows, "tsv": table, "lines": "one\n\ntwo"}.items():
        stdin(monkeypatch, data.encode())
        assert len(given_back(kind=kind, **named)[0]) == 2


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
def test_json_lines_hold_any_text(tmp_path_factory: pytest.TempPathFactory, texts: Sequence[str]) -> None:
    folder = tmp_path_factory.mktemp("any")
    for ascii in (True, False):
        lines = "".join(json.dumps({"text": text}, ensure_ascii=ascii) + "\n" for text in texts)
        put(folder, {"x.jsonl": lines})
        assert list(given_back(folder / "x.jsonl")[0].values()) == texts


def test_a_wrong_line_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    good = b'{"text": "x"}\n'
    wrong = [b'{"text": ', b"[1]", b'{"title": "x"}', b'{"text": 3}', b'{"text": "x", "id": [1]}', b'{"text": "\xff"}']
    wrong += [b'{"text": "\\ud800"}', b'{"text": "x", "text": "y"}', b"[" * 10_000]
    put(tmp_path, {"a.jsonl": good + b"\n".join(wrong) + b"\n" + good})
    read, said = given_back(tmp_path / "a.jsonl")
    assert list(read) == ["a-1", f"a-{len(wrong) + 2}"]
    assert [line.split(":")[1] for line in said] == [str(i + 2) for i in range(len(wrong))]
    assert "not JSON" in said[0] and "--field (texts: title)" in said[2] and "--id" in said[4] and "UTF-8" in said[5]
    put(tmp_path, {"b.tsv": "id\ttext\n1\tx\n2\n \tz\n3\ty\tz\n4\tw\n"})
    read, said = given_back(tmp_path / "b.tsv")
    assert read == {"1": "x", "4": "w"} and [line.split(":")[1] for line in said] == ["3", "4", "5"]
    assert given_back(tmp_path / "b.tsv", field="body")[1] == [
        f"{tmp_path}/b.tsv:1: not one column 'body': name it with --field (columns: id, text)"
    ]


def test_a_bad_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    put(
        tmp_path,
        {"a.txt": "x", "b.txt": "плохо\nу".encode("cp1251"), "d.txt": "y", "e.txt": TEXTS["b"].encode("utf-16")},
    )
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"long" * 100)[:-12])
    (tmp_path / "f.txt.gz").write_bytes(b"no archive")
    read, said = given_back(tmp_path)
    assert read == {"a": "x", "d": "y", "e": TEXTS["b"]}
    assert [Path(line.split(":")[0].split(" ")[0]).name for line in said] == ["b.txt", "c.txt.gz", "f.txt.gz"]
    assert "b.txt:1: not UTF-8: convert it" in said[0]
    read, said = given_back(tmp_path / "none.txt", tmp_path / "a.txt", tmp_path / "*.md")
    assert read == {"a": "x"} and "none.txt cannot be read" in said[1] and "fits no file" in said[0]


def test_what_is_no_text_is_called_by_its_name(tmp_path: Path) -> None:
    put(tmp_path, {"a.pdf": b"%PDF-1.7\n\xff", "b.docx": b"PK\3\4\0\0", "c.doc": b"\xd0\xcf\x11\xe0\0"})
    read, said = given_back(*sorted(tmp_path.iterdir()))
    assert not read and ["PDF" in said[0], "Word" in said[1], "Word" in said[2]] == [True] * 3
    packed = {
        "d.7z": b"7z\xbc\xaf\x27\x1c",
        "e.tar": b"en.txt".ljust(257, b"\0") + b"ustar\x0000",
        "f.rtf": b"{\\rtf1 a}",
    }
    put(tmp_path, packed | {"g.tgz": gzip.compress(b"x")})
    read, said = given_back(*sorted(tmp_path.iterdir()))
    names = ["an archive", "an archive", "an RTF file", "a packed file that is not named .gz"]
    assert not read and all(f" is {name}, and no text" in line for name, line in zip(names, said[3:], strict=True))
    assert all(line.endswith("save it as plain text first") for line in said)


def test_what_unpacks_without_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MAX_BYTES", 10_000)
    put(tmp_path, {"a.txt.gz": "x" * 20_000, "b.txt": "x" * 10_001, "c.txt": "fine"})
    put(tmp_path, {"d.jsonl.gz": '{"text": "x"}\n' * 100_000, "e.tsv.gz": "text\n" + "\n" * 2_000_000})
    read, said = given_back(tmp_path)
    assert read.pop("c") == "fine" and len(read) < 100_000
    assert len(said) == 4 and all("one text may have" in line for line in said[:2])
    assert all("times its size" in line for line in said[2:])
    monkeypatch.setattr(texts.jsonl, "MAX_CHARACTERS", 1000)
    put(tmp_path, {"f.jsonl": '{"text": "x"}\n{"text": "' + "x" * 100_000})
    read, said = given_back(tmp_path / "f.jsonl")
    assert read == {"f-1": "x"} and said == [
        f"{tmp_path}/f.jsonl:2: a line of over 1000 characters; what follows is left out"
    ]


def test_a_file_of_another_kind_is_not_gone_through(tmp_path: Path) -> None:
    put(tmp_path, {"a.jsonl": '{"text": "x"}\n' + "Not JSON.\n" * 5000})
    read, said = given_back(tmp_path / "a.jsonl")
    assert len(read) == 1 and len(said) < 200 and said[-1].endswith("in a row: what follows is left out")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_rows_in_other_character_sets_are_read_or_refused(tmp_path: Path, codec: str) -> None:
    word = "Aspirin" if codec == "utf-16-le" else "Аспирин"
    for name, content in {
        "a.jsonl": f'{{"text": "{word}"}}\n',
        "b.tsv": f"text\n{word}\n",
        "c.txt": f"{word}\n",
    }.items():
        put(tmp_path, {name: content.encode(codec), f"{name}.gz": content.encode(codec)})
        for path in (tmp_path / name, tmp_path / f"{name}.gz"):
            read, said = given_back(path, kind="lines" if name == "c.txt" else "auto")
            assert list(read.values()) == ([] if codec == "utf-16-le" else [word]), "of which no mark says what it is"
            assert bool(said) == (codec == "utf-16-le")
    put(tmp_path, {"d.txt": "one\ntwo\n".encode("utf-16")[:-3]})
    read, said = given_back(tmp_path / "d.txt", kind="lines")
    assert read == {"d-1": "one"} and "d.txt:2: broken utf-16" in said[0]


def test_an_id_that_is_asked_for_and_not_there_is_said(tmp_path: Path) -> None:
    put(
        tmp_path, {"a.jsonl": '{"text": "x"}\n{"text": "y", "pmid": 7}\n{"text": "z"}\n', "b.tsv": "pmid\ttext\n7\tx\n"}
    )
    read, said = given_back(tmp_path / "a.jsonl", id="pmid")
    assert read == {"a-1": "x", "7": "y", "a-3": "z"}
    assert said == [f"{tmp_path}/a.jsonl:1: no id under 'pmid': texts without one are called a-LINE"]
    read, said = given_back(tmp_path / "b.tsv", id="PMID")
    assert read == {} and "b.tsv:1: not one column 'PMID': name it with --id (columns: pmid, text)" in said[0]
    assert given_back(tmp_path / "b.tsv") == ({"b-2": "x"}, [])


def test_the_language_is_that_of_most_letters() -> None:
    texts = {
        "阿司匹林抑制COX。": "zh",
        "Ибупрофен (ibuprofen) помог": "ru",
        "What they call аспирин in Russian is aspirin here": "en",
    }
    assert {text: document("a", text).language for text in texts} == texts


@pytest.mark.parametrize("content", ['[{"text": "x"}]\n', '\n[\n{"text": "x"}\n]\n', '{\n  "text": "x"\n}\n'])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_json_that_is_not_an_object_a_line_is_left_whole(tmp_path: Path, name: str, content: str) -> None:
    put(tmp_path, {name: content, "b.json": '{"text": "x"}\n{"text": "y"}\n'})
    read, said = given_back(tmp_path)
    assert read == {"b-1": "x", "b-2": "y"}
    assert len(said) == 1 and "JSON, but not an object a line: convert it (jq -c" in said[0]


def test_a_mark_within_a_file_that_was_put_together(tmp_path: Path) -> None:
    put(tmp_path, {"a.jsonl": '{"text": "x"}\n\ufeff{"text": "y"}\n', "b.tsv": "id\ttext\n1\tx\n\ufeff2\ty\n"})
    assert given_back(tmp_path) == ({"a-1": "x", "a-2": "y", "1": "x", "2": "y"}, [])
    put(tmp_path, {"c.txt": "one\n\ufefftwo"})
    assert given_back(tmp_path / "c.txt", kind="lines") == ({"c-1": "one", "c-2": "two"}, [])


def test_a_blank_id_is_none(tmp_path: Path) -> None:
    put(tmp_path, {"a.jsonl": '{"text": "x", "id": " "}\n'})
    assert given_back(tmp_path)[1] == [f"{tmp_path}/a.jsonl:1: under 'id' is no id but ' ': name another key with --id"]


def test_what_was_not_fetched_is_no_text(tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    put(tmp_path, {"a.txt": pointer, "b.jsonl": pointer, "c.tsv.gz": pointer})
    read, said = given_back(tmp_path)
    assert not read and len(said) == 3
    assert all(line.endswith("is a pointer of Git LFS, and no text: fetch it with git lfs pull") for line in said)
    (tmp_path / "a.txt").rename(tmp_path / "a.lines")
    (tmp_path / "b.jsonl").write_bytes(b"%PDF-1.7\n" + b"x\n" * 500)
    assert len(given_back(tmp_path / "a.lines", kind="lines")[1]) == len(given_back(tmp_path / "b.jsonl")[1]) == 1


def test_a_packed_file_of_no_bytes_is_not_whole(tmp_path: Path) -> None:
    for name in ("a.txt.gz", "b.jsonl.gz"):
        (tmp_path / name).touch()
    put(tmp_path, {"c.txt.gz": "", "d.txt": ""})
    read, said = given_back(tmp_path)
    assert read == {"c": "", "d": ""}
    assert said == [
        f"{tmp_path}/{n} cannot be read (nothing is in it): name a file of text" for n in ("a.txt.gz", "b.jsonl.gz")
    ]


def test_endings_in_capital_letters(tmp_path: Path) -> None:
    (tmp_path / "A.TXT.GZ").write_bytes(gzip.compress(b"x"))
    (tmp_path / "B.JSONL").write_text('{"text": "y"}\n')
    assert given_back(tmp_path) == ({"A": "x", "B-1": "y"}, [])
