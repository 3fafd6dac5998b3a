"""1,000 mutated inputs through each reader: no crash, no hang, every fault with file and line."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chemxl.corpora import Fault, Log, brat, conll, pubtator, tsv
from chemxl.documents import Document
from chemxl.errors import CorpusError

RUNS = 1000

BRAT = {
    "a.txt": "Налоксон снимает\nдействие клонидина 😀 при боли.",
    "a.ann": "T1\tCHEM 0 8\tНалоксон\nT2\tCHEM 26 35\tклонидина\nT3\tDISO 17 25;42 46\tдействие боли\n"
    "R1\tINHIBITOR Arg1:T1 Arg2:T2\t\nE1\tLoss:T3 Theme:T1\nA1\tNegation E1\nN1\tReference T1 MESH:D009270\tnaloxone\n"
    "#1\tAnnotatorNotes T1\tверно\n*\tEquiv T1 T2\n",
    "b.txt": "NaCl",
    "b.ann": "T1\tCHEM 0 4\tNaCl\r\n",
}
PUBTATOR = {
    "a.txt": "1|t|Naloxone and clonidine.\n1|a|Клонидин lowers pressure.\n1\t0\t8\tNaloxone\tChemical\tD1\n"
    "1\t13\t22\tclonidine\tChemical\tD2\n1\t40\t48\tpressure\tDisease\tD3|D4\tone|two\n1\tCID\tD1\tD3\n\n"
    "2|t|NaCl\n2|a|\n2\t0\t4\tNaCl\tChemical\tD5\n",
}
TSV = {
    "1_ru.txt": "Поражение лёгких и сердца при приёме амиодарона.",
    "2_ru.txt": "NaCl",
    "x-ent.tsv": "document_id\tentity_type\tentity_text\tentity_span\n1_ru\tDISO\tПоражение лёгких\t0-16\n"
    "1_ru\tDISO\tПоражение сердца\t0-9,19-25\n1_ru\tCHEM\tамиодарона\t37-47\n2_ru\tCHEM\tNaCl\t0-4\n",
    "x-rel.tsv": "document_id\trelation\thead_text\thead_span\thead_type\ttail_text\ttail_span\ttail_type\n"
    "1_ru\tHAS_CAUSE\tПоражение лёгких\t0-16\tDISO\tамиодарона\t37-47\tCHEM\n",
}
CONLL = {
    "a.txt": "-DOCSTART-\t1\n\nПриём\tO\nацетилсалициловой\tB-DRUG\nкислоты\tI-DRUG\n\nhigh\tB-ADR\n\n"
    "-DOCSTART-\t2\n\nNaCl\tB-DRUG\n",
    "b.txt": "Naloxone NNP B-CHEM\nworks VBZ O\n\nPain NN B-DISO\n",
}
READERS: dict[str, tuple[Callable[..., list[Document]], dict[str, str]]] = {
    "brat": (brat.read, BRAT),
    "pubtator": (pubtator.read, PUBTATOR),
    "tsv": (tsv.read, TSV),
    "conll": (conll.read, CONLL),
}


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
            chosen.write_bytes(rng.choice(MUTATIONS)(clean[chosen], rng))
        yield [path for path in sorted(clean) if path.exists()]
        chosen.write_bytes(clean[chosen])


def check(fault: Fault, folder: Path) -> None:
    assert fault.path.parent == folder and fault.path.name in str(fault)
    assert 1 <= fault.line <= fault.path.read_bytes().count(b"\n") + 1
    assert str(fault).startswith(f"{fault.path}:{fault.line}: ")
    assert 0 < len(fault.message) < 1000 and fault.message.isprintable()


@pytest.mark.parametrize("name", READERS)
def test_a_clean_input_has_no_fault(name: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    for file, content in files.items():
        (tmp_path / file).write_bytes(content.encode("utf-8"))
    documents = read(sorted(tmp_path.iterdir()), Log(strict=True), root=tmp_path)
    assert len(documents) >= 2 and all(document.mentions for document in documents)


@pytest.mark.parametrize("name", READERS)
def test_mutated_files_never_break_a_reader(name: str, tmp_path: Path) -> None:
    read, files = READERS[name]
    rng = random.Random(20261120)
    faulty = strict_errors = 0
    for paths in mutants(files, tmp_path, rng):
        log = Log()
        began = time.process_time()
        documents = read(paths, log, root=tmp_path)
        assert time.process_time() - began < 1
        for fault in log.faults:
            check(fault, tmp_path)
        for document in documents:
            assert all(document.surface(mention) for mention in document.mentions)
        faulty += bool(log.faults)
        try:
            read(paths, Log(strict=True), root=tmp_path)
        except CorpusError as error:
            strict_errors += 1
            assert str(log.faults[0]) in str(error)
    assert strict_errors == faulty
    assert faulty > RUNS / 4


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
    ):
        for file, content in files.items():
            (tmp_path / file).write_bytes(
                (line + "\n").encode() if file.endswith((".ann", ".tsv")) or len(files) < 3 else content.encode()
            )
        began = time.process_time()
        read(sorted(tmp_path.iterdir()), Log(), root=tmp_path)
        assert time.process_time() - began < 3
