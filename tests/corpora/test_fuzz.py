"""1,000 mutated inputs through each reader: no crash, no hang, no loss without a fault, no fault without its place."""

from __future__ import annotations

import random
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chemxl.corpora import AlignedTexts, Fact, Fault, Log
from chemxl.corpora.faults import newlines
from chemxl.documents import Document, Pair
from chemxl.errors import CorpusError
from tests.corpora.samples import READERS, UNANNOTATED

RUNS = 1000


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    i = rng.randrange(len(lines))
    lines[i] = lines[i][: rng.randint(0, len(lines[i]))]
    return b"\n".join(lines)


def cut_file(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines + lines[: rng.randint(0, len(lines))])


def shift_offset(data: bytes, rng: random.Random) -> bytes:
    numbers = [i for i, byte in enumerate(data) if 48 <= byte < 58]
    if not numbers:
        return data
    i = rng.choice(numbers)
    return (
        data[:i]
        + rng.choice([b"-1", b"99", b"999999999", b"9" * 5000, b"1.5", "٣".encode(), b"", b"1e3"])
        + data[i + 1 :]
    )


def encode(data: bytes, rng: random.Random) -> bytes:
    return data.decode("utf-8").encode(
        rng.choice(["cp1251", "utf-16", "utf-8-sig", "koi8-r", "utf-32"]), errors="replace"
    )


def insert(data: bytes, rng: random.Random) -> bytes:
    i = rng.randint(0, len(data))
    what = [
        b"\0",
        b"\t" * 50,
        b"\n\n",
        b"\r",
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b"|t|",
        " \u2028".encode(),
        b"\xed\xa0\x80",
        b"A" * 9999,
    ]
    return data[:i] + rng.choice(what) + data[i:]


MUTATIONS = [flip, cut_line, cut_file, shuffle_lines, shift_offset, encode, insert]


def rewrite(path: Path, data: bytes) -> None:
    """In place: on some file systems 40 times as fast as to empty the file first."""
    if not path.exists():
        path.touch()
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def mutants(files: dict[str, str], folder: Path, rng: random.Random) -> Iterator[list[Path]]:
    """A folder's files, one of them changed, or now and then missing, for each run."""
    clean = {folder / name: content.encode("utf-8") for name, content in files.items()}
    for path, data in clean.items():
        path.write_bytes(data)
    for _ in range(RUNS):
        chosen = rng.choice(sorted(clean))
        if rng.random() < 0.03:
            chosen.unlink()
        else:
            rewrite(chosen, rng.choice(MUTATIONS)(clean[chosen], rng))
        yield [path for path in sorted(clean) if path.exists()]
        rewrite(chosen, clean[chosen])


def check(fault: Fault, folder: Path) -> None:
    assert fault.path.parent == folder and fault.path.name in str(fault)
    assert 1 <= fault.line <= newlines(fault.path.read_bytes()).count(b"\n") + 1
    assert str(fault).startswith(f"{fault.path}:{fault.line}: ")
    assert 0 < len(fault.message) < 1000 and fault.message.isprintable()


def check_whole(one: Document | Pair | Fact | AlignedTexts) -> None:
    if isinstance(one, Pair):
        assert one.id and one.source.strip() and one.target.strip()
        (one.source + one.target).encode("utf-8")
    elif isinstance(one, Fact):
        texts = (one.relation, *one.source, *one.target, *one.given_by, *one.named_by[0], *one.named_by[1])
        assert all(texts[:5])
        assert not any(unicodedata.category(c)[0] == "C" or c in "\u2028\u2029\ufffd" for c in "".join(texts))
    elif isinstance(one, AlignedTexts):
        for side, sentences in enumerate((one.source, one.target)):
            places = [place for bead in one.beads for place in bead[side]]
            assert len(places) == len(set(places)) and set(places) <= set(range(len(sentences)))
        assert all(bead != ((), ()) for bead in one.beads)
    else:
        assert all(one.surface(mention) for mention in one.mentions)
        one.text.encode("utf-8")


@pytest.mark.parametrize("name", READERS)
def test_a_clean_input_has_no_fault(name: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    for file, content in files.items():
        (tmp_path / file).write_bytes(content.encode("utf-8"))
    found = read(sorted(tmp_path.iterdir()), Log(strict=True), root=tmp_path)
    assert len(found) >= 2
    for one in found:
        assert not isinstance(one, Document) or bool(one.mentions) == (name not in UNANNOTATED)


@pytest.mark.parametrize("name", READERS)
def test_mutated_files_never_break_a_reader(name: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    rng = random.Random(20261120)
    faulty = strict_errors = 0
    for paths in mutants(files, tmp_path, rng):
        log = Log()
        began = time.process_time()
        found = read(paths, log, root=tmp_path)
        assert time.process_time() - began < 1
        for fault in log.faults:
            check(fault, tmp_path)
        for one in found:
            check_whole(one)
        faulty += bool(log.faults)
        try:
            read(paths, Log(strict=True), root=tmp_path)
        except CorpusError as error:
            strict_errors += 1
            assert str(log.faults[0]) in str(error)
    assert strict_errors == faulty
    assert faulty > RUNS / 4


def fields(line: str) -> tuple[list[str], str]:
    """The columns of a line and what is between them; a line of text has one."""
    commas = line.count(",") > 3 and not line.startswith(("{", '"'))
    between = "\t" if "\t" in line else "," if commas and '"' not in line else "\n"
    return line.split(between), between


def changed(data: str, rng: random.Random, change: Callable[[list[str], random.Random], object]) -> str:
    """One line of at least two columns, with these changed."""
    lines = data.split("\n")
    i = rng.choice([i for i, line in enumerate(lines) if len(fields(line)[0]) > 1] or [-1])
    columns, between = fields(lines[i])
    if len(columns) < 2:
        return data
    change(columns, rng)
    lines[i] = between.join(columns)
    return "\n".join(lines)


def drop_column(data: str, rng: random.Random) -> str:
    return changed(data, rng, lambda columns, rng: columns.pop(rng.randrange(len(columns))))


def double_column(data: str, rng: random.Random) -> str:
    return changed(data, rng, lambda columns, rng: columns.insert(i := rng.randrange(len(columns)), columns[i]))


def exchange_columns(data: str, rng: random.Random) -> str:
    def exchange(columns: list[str], rng: random.Random) -> None:
        i, j = rng.sample(range(len(columns)), 2)
        columns[i], columns[j] = columns[j], columns[i]

    return changed(data, rng, exchange)


def turn_all_columns(data: str, rng: random.Random) -> str:
    lines = [fields(line) for line in data.split("\n")]
    return "\n".join(between.join(columns[::-1]) for columns, between in lines)


def other_separator(data: str, rng: random.Random) -> str:
    i = rng.choice([i for i, character in enumerate(data) if character == "\t"] or [-1])
    return data if i < 0 else data[:i] + rng.choice([" ", "    ", ",", ";", "\t\t", ""]) + data[i + 1 :]


def other_separators(data: str, rng: random.Random) -> str:
    return data.replace("\t", rng.choice([" ", ",", ";", "\t\t", "|"]))


def join_lines(data: str, rng: random.Random) -> str:
    """Two lines that are not blank become one."""
    lines = data.split("\n")
    i = rng.choice([i for i in range(len(lines) - 1) if lines[i].strip() and lines[i + 1].strip()] or [-1])
    joint = rng.choice(["", " ", "\u2028", "\r", "\x0b", "\x85"])
    return data if i < 0 else "\n".join([*lines[:i], lines[i] + joint + lines[i + 1], *lines[i + 2 :]])


def split_line(data: str, rng: random.Random) -> str:
    """Within the line: at its edge there would be an empty line, or none."""
    inside = [i for i in range(1, len(data) - 1) if data[i - 1] != "\n" and data[i] != "\n"]
    i = rng.choice(inside)
    return data[:i] + rng.choice(["\n", "\r\n"]) + data[i:]


def repeat_line(data: str, rng: random.Random) -> str:
    lines = data.split("\n")
    i = rng.choice([i for i, line in enumerate(lines) if line.strip()])
    return "\n".join([*lines[: i + 1], *lines[i:]])


LAYOUT = [
    *(drop_column, double_column, exchange_columns, turn_all_columns, other_separator, other_separators),
    *(join_lines, split_line, repeat_line),
]
# What makes another whole file, in which nobody can see that it is not what was meant.
WHOLE = {
    "bioc": {split_line, join_lines},  # a line break is a character of an XML text
    "concepts": {exchange_columns, repeat_line},  # one text is as good a name as another; a mention may stand twice
    "conll": {exchange_columns, repeat_line},  # two columns that are no labels; a word may be said twice
    "jsonl": {repeat_line},
    "lexicon": {exchange_columns, repeat_line, split_line},  # two terms; a line break within quotes of a CSV
    "linked": {repeat_line},
    "names": {exchange_columns},
    "po": {repeat_line, other_separator},  # a string that goes on
    "pubtator": {exchange_columns},  # the ends of a relation
    "rudrec": {repeat_line},
    "table": {exchange_columns, repeat_line},
    "text": set(LAYOUT),
    "tmx": {split_line, join_lines, repeat_line},  # a unit without an id may stand twice
    "triples": {exchange_columns},
}


def nameless(one: Document | Pair | Fact | AlignedTexts) -> object:
    """Pairs are named after their lines, which move, and documents of CoNLL after what may stand in their first one."""
    return replace(one, id="")


@pytest.mark.parametrize("name", READERS)
def test_a_changed_layout_is_read_right_or_is_a_fault(name: str, tmp_path: Path) -> None:
    """Of 1,000 files whose lines and columns were changed, none is read otherwise than the whole one without a word."""
    read, files = READERS[name]
    rng = random.Random(20261202)
    clean = {tmp_path / file: content for file, content in files.items()}
    for path, content in clean.items():
        path.write_bytes(content.encode())
    expected = read(sorted(clean), Log(strict=True), root=tmp_path)
    # A text of which every character counts has no layout.
    tables = [path for path in sorted(clean) if len(files) == 1 or path.suffix != ".txt" or name == "conll"]
    mutations = [mutation for mutation in LAYOUT if mutation not in WHOLE.get(name, set())]
    for _ in range(RUNS if mutations else 0):
        chosen, mutation = rng.choice(tables), rng.choice(mutations)
        data = mutation(clean[chosen], rng)
        if data == clean[chosen]:
            continue
        rewrite(chosen, data.encode())
        log = Log()
        found = read(sorted(clean), log, root=tmp_path)
        assert [*map(nameless, found)] == [*map(nameless, expected)] or log.faults, (mutation.__name__, data)
        for fault in log.faults:
            check(fault, tmp_path)
        rewrite(chosen, clean[chosen].encode())


@pytest.mark.parametrize("name", READERS)
def test_bytes_of_no_format_at_all(name: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    rng = random.Random(7)
    for _ in range(50):
        for file in files:
            (tmp_path / file).write_bytes(rng.randbytes(rng.randint(0, 2000)))
        log = Log()
        read(sorted(tmp_path.iterdir()), log, root=tmp_path)
        for fault in log.faults:
            check(fault, tmp_path)


@pytest.mark.parametrize("name", READERS)
def test_a_long_hostile_line_takes_no_long_time(name: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    for line in (
        "T1\tX " + "1 2;" * 100_000,
        "R1\tX" + " a:b" * 100_000,
        "*\tE" + " T1" * 100_000,
        "E1\ta:b" + " " * 400_000,
        "1|t|" + "|t|" * 100_000,
        "\t" * 400_000,
        "1_ru\tCHEM\tx\t" + "1-2," * 100_000,
        " " * 400_000 + "x",
        "<" * 400_000,
        "<tu><document>" * 100_000,
        '<tu tuid="' + "&amp;" * 100_000,
        "[" * 400_000,
        '{"text": ' * 100_000,
        'msgid "' + '\\"' * 200_000,
        '"' + "," * 400_000,
    ):
        for file, content in files.items():
            (tmp_path / file).write_bytes(
                (line + "\n").encode() if file.endswith((".ann", ".tsv")) or len(files) < 3 else content.encode()
            )
        began = time.process_time()
        read(sorted(tmp_path.iterdir()), Log(), root=tmp_path)
        assert time.process_time() - began < 3
