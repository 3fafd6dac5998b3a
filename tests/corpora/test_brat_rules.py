"""What brat loads: the three writers against a checker of brat's rules that knows nothing of ours."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from chemxl import outputs
from chemxl.annotate import project
from chemxl.corpora import Log, brat, editing
from chemxl.corpora.draft import Draft
from chemxl.corpora.editing import Sheet
from chemxl.documents import Document, Mention, Relation
from chemxl.errors import CorpusError

DOCUMENTS = 10_000
TYPES = ("CHEM", "Disease_or-2")
PIECES = (
    *"abя Ёи\u0306-.,1😀\u200d\ufeff\u00ad\u00a0\t ",
    "ацетилсалициловую",
    "acid",
    *("\n", "\r\n", "\r", "\n\n", "\n  ", " \n", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"),
)


def broken(text: str, ann: str) -> Iterator[str]:
    """What brat's manual (standoff format) and its server's parser object to, line by line.

    The server iterates over lines as ``str.splitlines`` cuts them, splits a line at its first two tabs, takes the type
    up to the first space, and compares the text with the fragments joined by one space.
    """
    ids: set[str] = set()
    named: list[str] = []
    for line in ann.splitlines():
        id, tab, rest = line.partition("\t")
        if not tab or not re.fullmatch(r"[TEAMNR][A-Za-z]*[0-9].*|#[A-Za-z]*[0-9].*|\*", id) or id in ids:
            yield f"{line!r}: no id, or one that stands twice"
            continue
        ids |= {id} - {"*"}
        data, _, tail = rest.partition("\t")
        if id[0] == "T":
            yield from broken_text_bound(text, data, tail)
        elif id[0] == "R":
            relation = re.fullmatch(r"(\S+) ([^\s:]+):(\S+) ([^\s:]+):(\S+)", data.rstrip())
            if relation is None or relation[2] == relation[4]:
                yield f"{line!r}: no type and two arguments of different names"
            else:
                named += [relation[3], relation[5]]
        elif id[0] == "E":
            event = re.fullmatch(r"([^\s:]+):(\S+)((?: [^\s:]+:\S+)*)", data.rstrip())
            named += [event[2], *(one.split(":")[1] for one in event[3].split())] if event else [f"{line!r}"]
        elif id[0] in "AM#N":
            fields = data.split()
            due = {"A": (2, 3), "M": (2,), "#": (2,), "N": (3,)}[id[0]]
            named += [fields[1]] if len(fields) in due else [f"{line!r}"]
        else:
            named += data.split()[1:]
    yield from (f"{name} is named, but is no annotation" for name in named if name not in ids)


def broken_text_bound(text: str, data: str, tail: str) -> Iterator[str]:
    type, _, rest = data.partition(" ")
    if not type or not re.fullmatch(r"[0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*", rest):
        yield f"{data!r}: no type with START END;START END"
        return
    spans = [(int(start), int(end)) for start, end in (one.split(" ") for one in rest.split(";"))]
    for i, (start, end) in enumerate(spans):
        if not start < end <= len(text):
            yield f"{data!r}: an offset outside the text, or nothing between two"
        if "".join(text[start:end].splitlines()) != text[start:end]:
            yield f"{data!r}: a line break in a fragment"
        if any(start < other_end and other_start < end for other_start, other_end in spans[:i]):
            yield f"{data!r}: fragments that overlap"
    if tail != " ".join(text[start:end] for start, end in spans):
        yield f"{data!r}: the text {tail!r} is not that of the fragments"


def generated(rng: random.Random, number: int) -> Document:
    """A text of words and line breaks of all kinds, with mentions and relations as a tagger or a person makes them."""
    text = "".join(rng.choices(PIECES, k=rng.randint(1, 25)))
    mentions: dict[tuple[str, object], Mention] = {}
    for n in range(rng.randint(0, 4)):
        cuts = sorted(rng.sample(range(len(text) + 1), k=min(len(text) + 1, rng.choice((2, 2, 2, 4, 6)))))
        pairs = [trimmed(text, *pair) for pair in zip(cuts[::2], cuts[1::2], strict=False)]
        fragments = tuple(pair for pair in pairs if pair[0] < pair[1])
        # What only a line break keeps apart is one fragment in brat.
        if fragments and all(text[a[1] : b[0]].strip() for a, b in pairwise(fragments)):
            type = rng.choice(TYPES)
            mentions[type, fragments] = Mention(type, fragments, id=f"T{3 * n + 1}")
    ids = [mention.id for mention in mentions.values()]
    related = tuple(Relation("HAS", *rng.choices(ids, k=2), id=f"R{i}") for i in range(rng.randint(0, 2)) if ids)
    return Document(f"{number:05}", text, tuple(mentions.values()), related)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    surface = text[start:end]
    return end - len(surface.lstrip()), end - len(surface) + len(surface.rstrip())


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    rng = random.Random(20261201)
    return [generated(rng, number) for number in range(DOCUMENTS)]


def test_the_generated_documents_have_what_they_test(documents: list[Document]) -> None:
    spans = [document.text[m.start : m.end] for document in documents for m in document.mentions]
    assert sum("\n" in span for span in spans) > 1000 and sum("\u2028" in span for span in spans) > 500
    assert sum(len(m.fragments) > 1 for document in documents for m in document.mentions) > 500


def test_the_checker_finds_what_brat_objects_to() -> None:
    text = "Patients took acetylsalicylic\nacid."
    assert not list(broken(text, "T1\tX 14 29;30 34\tacetylsalicylic acid\nR1\tY Arg1:T1 Arg2:T1\t\nA1\tNeg T1\n"))
    for line in (
        "T1\tX 14 34\tacetylsalicylic acid",
        "T1\tX 14 30\tacetylsalicylic ",
        "T1\tX 14 29\tacetylsalicylic acid",
        "T1\tX 14 99\tacetylsalicylic acid",
        "T1\tX 14 29;20 22\tacetylsalicylic al",
        "T1\tX 3 3\t",
        "Tx\tX 0 8\tPatients",
        "T1\ttwo words 0 8\tPatients",
        "T1\tX 0 8\tPatients\nT1\tX 0 8\tPatients",
        "T1\tX 0 8\tPatients\nR1\tY Arg1:T1 Arg2:T2",
        "T1\tX 0 8\tPatients\nR1\tY Arg1:T1 Arg1:T1",
        "T1\tX 0 8\tPatients\nE1\tY:T2",
        "#1\tNote T1\tx",
        "T1\tX 14 34\tacetylsalicylic\u2028acid",
    ):
        assert list(broken(text, line)), line


def read_back(document: Document, ann: bytes) -> tuple[Mention, ...]:
    draft = Draft(document.id, document.text, Log(strict=True))
    brat.mentions(draft, Path("x.ann"), brat.parse(ann))
    return draft.document().mentions


def test_what_the_tagger_writes(documents: list[Document], tmp_path: Path) -> None:
    for document, ann in zip(documents, outputs.as_brat(documents), strict=True):
        assert not list(broken(document.text, ann)), ann
        assert read_back(document, ann.encode()) == document.mentions
    for document in documents[:300]:
        brat.write(document, tmp_path)
    assert brat.read(list(tmp_path.iterdir()), Log(strict=True), root=tmp_path) == documents[:300]


def test_what_a_round_gives_out(documents: list[Document], tmp_path: Path) -> None:
    """Fifty texts a document: ten thousand are as many files, twice."""
    joined = [together(documents[i : i + 50]) for i in range(0, DOCUMENTS, 50)]
    project.write(tmp_path / "round", joined, number=1, types=TYPES, about={})
    back = project.read(tmp_path / "round")
    assert not back.faults and not back.changes
    for document, given in zip(joined, back.manifest.documents, strict=True):
        assert not list(broken(document.text, back.annotations[given.name]))
        assert back.documents[given.name].mentions == document.mentions


def together(documents: list[Document]) -> Document:
    text, mentions = "", []
    for document in documents:
        for mention in document.mentions:
            fragments = tuple((start + len(text), end + len(text)) for start, end in mention.fragments)
            mentions.append(Mention(mention.type, fragments, id=f"T{len(mentions) + 1}"))
        text += document.text + "."
    return Document(documents[0].id, text, tuple(mentions))


def test_what_the_widget_writes(documents: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[Path, bytes] = {}
    monkeypatch.setattr(editing, "_bytes", files.get)
    for document in documents:
        path = Path(f"{document.id}.txt")
        files[path] = document.text.encode()
        sheet, made = Sheet(path), {}
        for mention in document.mentions:
            if (mention.type, mention.span) not in made.values():  # not the same hull a second time
                made[sheet.add(mention.type, mention.start, mention.end)] = (mention.type, mention.span)
        files[sheet.ann_path] = sheet.content()
        assert not list(broken(document.text, sheet.content().decode()))
        again = Sheet(path)
        assert (again.mentions, list(again.faults)) == (sheet.mentions, [])
        assert {m.id: (m.type, m.span) for m in again.mentions} == made


def test_a_mention_of_line_breaks_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="brat cannot hold T1, which is nothing but a line break"):
        brat.write(Document("d", "a\r\nb", (Mention.of("X", 1, 3),)), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "ann",
    [
        "T1\tX 14 29;31 35\tacetylsalicylic acid\n",  # brat
        "T1\tX 14 35\tacetylsalicylic  acid\n",  # a space for each character of the break
        "T1\tX 14 35\tacetylsalicylic acid\n",  # a space for the break
        "T1\tX 14 35\tacetylsalicylic\r\nacid\n",  # the break itself
        "\ufeffT1\tX 14 29;31 35\tacetylsalicylic acid\r\n",
        "T1\tX 14 29;31 35\tacetylsalicylic acid\rT2\tY 0 8\tPatients\r",
    ],
)
def test_a_mention_over_a_line_break_is_read_however_it_is_written(tmp_path: Path, ann: str) -> None:
    (tmp_path / "d.txt").write_bytes(b"Patients took acetylsalicylic\r\nacid.")
    (tmp_path / "d.ann").write_bytes(ann.encode())
    log = Log()
    (document,) = brat.read(sorted(tmp_path.iterdir()), log)
    assert (document.mentions[0], log.faults) == (Mention.of("X", 14, 35, id="T1"), [])
    assert brat.serialise(brat.parse(ann.encode())) == ann.encode()
    sheet = Sheet(tmp_path / "d.txt")
    assert (sheet.mentions, sheet.content()) == (document.mentions, ann.encode())
    sheet.retype("T1", "Z")
    assert sheet.content() == ann.replace("T1\tX", "T1\tZ").encode()
    sheet.remove("T1")
    assert "acid" not in sheet.content().decode()


def test_a_text_that_goes_on_over_several_lines(tmp_path: Path) -> None:
    text = "Take:\n1. salt.\n2. water\nand rest."
    (tmp_path / "d.txt").write_text(text)
    lines = "T1\tX 6 23\t1. salt.\n2. water\nT2\tY 28 32\trest\n"
    (tmp_path / "d.ann").write_text(lines)
    (document,) = brat.read(sorted(tmp_path.iterdir()), Log(strict=True))
    assert [m.span for m in document.mentions] == [(6, 23), (28, 32)]
    (tmp_path / "d.ann").write_text(lines.replace("2. water", "2. sand"))
    log = Log()
    (document,) = brat.read(sorted(tmp_path.iterdir()), log)
    assert [m.id for m in document.mentions] == ["T2"]
    assert [fault.line for fault in log.faults] == [1, 2]
