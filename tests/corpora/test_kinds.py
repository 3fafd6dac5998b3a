"""Faults that all readers of text share: byte order marks, character sets, ends of lines, ids that repeat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from chemxl.corpora import AlignedTexts, Fact, Fault, Log
from chemxl.documents import Document, Pair
from tests.corpora.samples import READERS, Read

One = Document | Pair | Fact | AlignedTexts
NAMES = sorted(READERS)
PAIRED = ["lexicon", "lines", "linked", "po", "tmx"]  # a pair of concepts is an id of UMLS, wherever it stands


def written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return sorted(folder / name for name in files)


def found(read: Read, folder: Path, files: dict[str, bytes]) -> tuple[Sequence[One], list[Fault]]:
    log = Log()
    return read(written(folder, files), log, root=folder), log.faults


def encoded(name: str) -> tuple[Read, dict[str, bytes]]:
    read, files = READERS[name]
    return read, {file: content.encode() for file, content in files.items()}


def holds_text(name: str, file: str) -> bool:
    """Whether a file is a text as it stands, of which every character counts."""
    return name in {"brat", "livingner", "text", "tsv"} and file.endswith(".txt")


def said(one: One) -> object:
    """What is read, but for the mark before a text that is kept as it stands."""
    if not isinstance(one, Document):
        return one
    mentions = [(m.id, m.type, one.surface(m)) for m in one.mentions]
    return one.id, one.text.removeprefix("\ufeff"), mentions, one.relations


@pytest.mark.parametrize("name", NAMES)
def test_a_byte_order_mark_costs_nothing(name: str, tmp_path: Path) -> None:
    read, files = encoded(name)
    clean, _ = found(read, tmp_path / "clean", files)
    marked, faults = found(read, tmp_path / "marked", {file: b"\xef\xbb\xbf" + data for file, data in files.items()})
    assert (list(map(said, marked)), faults) == (list(map(said, clean)), [])


@pytest.mark.parametrize("name", NAMES)
def test_a_mark_within_a_file_that_was_put_together(name: str, tmp_path: Path) -> None:
    read, files = encoded(name)
    clean, _ = found(read, tmp_path / "clean", files)
    lines = {
        file: data if holds_text(name, file) else re.sub(rb"\n(?=.)", b"\n\xef\xbb\xbf", data)
        for file, data in files.items()
    }
    marked, faults = found(read, tmp_path / "marked", lines)
    if name in {"bioc", "pubmedqa", "tmx"}:  # of these a file is one whole, and a mark within is a character of it
        assert list(marked) == list(clean) or faults
    else:
        assert (list(map(said, marked)), faults) == (list(map(said, clean)), [])


@pytest.mark.parametrize("code", ["utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", NAMES)
def test_a_character_set_that_a_mark_names(name: str, code: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    clean, _ = found(read, tmp_path / "clean", encoded(name)[1])
    mark = "\ufeff" if code.endswith("be") else ""
    other = {file: (mark + content).encode(code) for file, content in files.items() if not file.endswith(".ann")}
    kept = {file: content.encode() for file, content in files.items() if file.endswith(".ann")}
    read_too, faults = found(read, tmp_path / "other", other | kept)
    assert (list(map(said, read_too)), faults) == (list(map(said, clean)), []) or (not read_too and faults)


@pytest.mark.parametrize("code", ["cp1251", "koi8-r", "cp866", "utf-16-le"])
@pytest.mark.parametrize("name", NAMES)
def test_a_character_set_that_nothing_names_is_never_read_half(name: str, code: str, tmp_path: Path) -> None:
    """Files that are one or two words beyond ASCII cannot be told from damage: these say a fault for each line."""
    read, files = READERS[name]
    lines = "\n".join(f"серная кислота {i}" for i in range(5))
    for file, content in files.items():
        other = {f: c.encode() for f, c in files.items()} | {file: (content + lines).encode(code, errors="replace")}
        (tmp_path / file).parent.mkdir(exist_ok=True)
        log = Log()
        one_by_one = read(written(tmp_path, other), log, root=tmp_path)
        assert any(fault.path.name == file for fault in log.faults)
        for one in one_by_one:
            assert not re.search(r"\\ufffd|\\x00|\\x[89]", ascii(one))


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
@pytest.mark.parametrize("name", NAMES)
def test_ends_of_lines(name: str, ending: str, tmp_path: Path) -> None:
    read, files = encoded(name)
    clean, _ = found(read, tmp_path / "clean", files)
    other = {
        file: data if holds_text(name, file) else data.replace(b"\r\n", b"\n").replace(b"\n", ending.encode())
        for file, data in files.items()
    }
    if name == "text":
        other = {file: data.replace(b"\n", ending.encode()) for file, data in files.items()}
        assert [one.text for one in found(read, tmp_path, other)[0]] == [data.decode() for data in other.values()]
        return
    again, faults = found(read, tmp_path / "other", other)
    assert (list(again), faults) == (list(clean), [])


OTHER = {"alt": "odium", "cough": "itch", "fever": "rash", "spirin": "buprofen", "Iron": "Gold", "gas": "metal"}
OTHER |= {"one": "two", "flu": "measles", "Water": "Iodine", "Alcohol": "Ether"}


@pytest.mark.parametrize("name", PAIRED)
def test_files_that_name_their_pairs_alike(name: str, tmp_path: Path) -> None:
    """Both are read; only of the same pair one is left out, with a fault."""
    read, first = encoded(name)
    second = dict(first)
    for file in first:
        for old, new in OTHER.items():
            second[file] = second[file].replace(old.encode(), new.encode())
    apart = [read(written(tmp_path / folder, files), Log()) for folder, files in (("a", first), ("b", second))]
    log = Log()
    pairs = read([path for folder in "ab" for path in sorted((tmp_path / folder).iterdir())], log)
    if name == "lines":  # two files of one language and set are two sets, each with its folder
        assert pairs
        return
    assert len({pair.id for pair in pairs}) == len(pairs) == 2 * len(apart[0])
    assert sorted((p.source, p.target) for p in pairs) == sorted((p.source, p.target) for half in apart for p in half)
    assert log.faults == []
    again = Log()
    assert read(sorted((tmp_path / "a").iterdir()) * 2, again) == apart[0]
    assert len(again.faults) == len(apart[0])


@pytest.mark.parametrize("code", ["windows-1251", "KOI8-R", "ISO-8859-5", "UTF-16"])
@pytest.mark.parametrize("name", ["bioc", "po", "tmx"])
def test_a_character_set_that_the_head_names(name: str, code: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    clean, _ = found(read, tmp_path / "clean", encoded(name)[1])
    (content,) = files.values()
    if name == "po":
        content = content.replace("Language: ru", f'Language: ru\\n"\n"Content-Type: text/plain; charset={code}')
    head = content.replace("UTF-8", code)
    named, faults = found(read, tmp_path / "named", {file: head.encode(code) for file in files})
    assert ([_nameless(one) for one in named], faults) == ([_nameless(one) for one in clean], [])


def _nameless(one: One) -> object:
    return (one.source, one.target) if isinstance(one, Pair) else one


@pytest.mark.parametrize("code", ["none-such", "base64", "unicode_escape", "utf-7", "utf-8"])
@pytest.mark.parametrize("name", ["bioc", "po", "tmx"])
def test_a_character_set_that_is_none_or_another_refuses_the_file(name: str, code: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    (content,) = files.values()
    head = f'msgid ""\nmsgstr "Content-Type: text/plain; charset={code}\\n"\n\n'
    content = content.replace('msgid ""\nmsgstr ""\n"Language: ru\\n"\n\n', head).replace("UTF-8", code)
    content = content.replace("боль", "боль в груди").replace("жар", "температура")
    none, faults = found(read, tmp_path, {file: content.encode("cp1251", errors="ignore") for file in files})
    assert (list(none), len(faults)) == ([], 1)
