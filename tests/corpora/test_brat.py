"""brat files: nothing is lost, wrong records are named, and what is written reads back equal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.corpora import Log, brat, standoff
from chemxl.corpora.draft import BREAKS
from chemxl.documents import Document, Mention, Relation
from chemxl.errors import CorpusError
from tests.corpora.reading import reading

TEXT = "Налоксон снимает\nдействие клонидина; поражение лёгких и сердца 😀 5 мг."
RECORDS = {
    "T1\tChemical 0 8\tНалоксон": standoff.TextBound("T1", "Chemical", ((0, 8),), "Налоксон"),
    "T2\tDisease 37 46;56 62\tпоражение сердца": standoff.TextBound(
        "T2", "Disease", ((37, 46), (56, 62)), "поражение сердца"
    ),
    "R1\tINHIBITOR Arg1:T1 Arg2:T2\t": standoff.Related("R1", "INHIBITOR", (("Arg1", "T1"), ("Arg2", "T2")), "\t"),
    "E1\tBinding:T3 Theme:T1 Theme2:T2 ": standoff.Event(
        "E1", "Binding", "T3", (("Theme", "T1"), ("Theme2", "T2")), " "
    ),
    "E2\tLoss:T3": standoff.Event("E2", "Loss", "T3", ()),
    "A1\tNegation T1": standoff.Attribute("A1", "Negation", "T1"),
    "M2\tConfidence T1 High": standoff.Attribute("M2", "Confidence", "T1", "High"),
    "N1\tReference T1 UMLS:C0027358\tnaloxone": standoff.Normalisation(
        "N1", "Reference", "T1", "UMLS:C0027358", "naloxone"
    ),
    "N2\tReference T1 UMLS:C0027358": standoff.Normalisation("N2", "Reference", "T1", "UMLS:C0027358", None),
    "#1\tAnnotatorNotes T1\tsure? yes\tno": standoff.Note("#1", "AnnotatorNotes", "T1", "sure? yes\tno"),
    "*\tEquiv T1 T2": standoff.Equivalence("Equiv", ("T1", "T2")),
    "T4 Chemical 0 8 Налоксон": standoff.Raw("T4 Chemical 0 8 Налоксон"),
    "T5\tChemical 00 8\tНалоксон": standoff.Raw("T5\tChemical 00 8\tНалоксон"),
    "T6\tChemical 0 8": standoff.Raw("T6\tChemical 0 8"),
    "": standoff.Raw(""),
}


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    return put(tmp_path, TEXT, "T1\tChemical 0 8\tНалоксон\n")


def put(folder: Path, text: str | bytes, ann: str | bytes, id: str = "d") -> Path:
    for suffix, content in ((".txt", text), (".ann", ann)):
        (folder / f"{id}{suffix}").write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(folder: Path, *, strict: bool = False) -> tuple[list[Document], list[str]]:
    log = Log(strict=strict)
    documents = brat.read(sorted(p for p in folder.rglob("*") if p.is_file()), log, root=folder)
    return documents, [f"{fault.path.name}:{fault.line}: {fault.message}" for fault in log.faults]


@pytest.mark.parametrize(("line", "record"), RECORDS.items())
def test_every_kind_of_line(line: str, record: standoff.Record) -> None:
    assert standoff.parse_line(line) == record
    assert str(record) == line


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\r\n", "\n\n"])
def test_line_endings_come_back(ending: str, last: str) -> None:
    data = (ending.join(RECORDS) + "T9\tX 0 1\tН" + last).encode()
    parsed = brat.parse(data)
    assert brat.serialise(parsed) == data
    assert {line.ending for line in parsed} <= {"\n", "\r\n", ""}
    assert [line.record for line in parsed[: len(RECORDS) - 1]] == list(RECORDS.values())[:-1]


LINES = st.one_of(
    st.sampled_from(sorted(RECORDS)), st.text(alphabet="TREAMN#*\t ;:0139aЖ\u0301😀\r\n\u2028\x00", max_size=25)
)


@given(LINES)
def test_a_parsed_line_is_the_line(line: str) -> None:
    assert str(standoff.parse_line(line)) == line


@given(st.binary(max_size=60) | st.lists(LINES, max_size=6).map(lambda lines: "\n".join(lines).encode()))
def test_any_bytes_come_back(data: bytes) -> None:
    assert brat.serialise(brat.parse(data)) == data


def test_a_document_is_read(tmp_path: Path) -> None:
    put(tmp_path, TEXT, "\n".join(line for line, record in RECORDS.items() if not isinstance(record, standoff.Raw)))
    (document,), faults = read(tmp_path)
    assert faults == []
    assert document == Document(
        "d",
        TEXT,
        (Mention.of("Chemical", 0, 8, id="T1"), Mention("Disease", ((37, 46), (56, 62)), id="T2")),
        (Relation("INHIBITOR", "T1", "T2", id="R1"),),
    )


def test_packed_files_are_named(tmp_path: Path) -> None:
    documents, faults = reading(brat.read, tmp_path, {"a.txt.gz": b"", "a.ann.gz": b""})
    said = "brat's files are not read packed: unpack it; file left out"
    assert (documents, faults) == ([], [f"a.{end}.gz:1: {said}" for end in ("ann", "txt")])


def test_a_line_break_in_a_mention_is_shown_as_a_space(tmp_path: Path) -> None:
    put(tmp_path, TEXT, "T1\tX 9 25\tснимает действие\n")
    (document,), faults = read(tmp_path)
    assert faults == []
    assert document.surface(document.mentions[0]) == "снимает\nдействие"


def test_fragments_in_another_order_are_one_mention(tmp_path: Path) -> None:
    put(tmp_path, "abc 100 def", "T1\tX 8 11;0 3\tdef abc\n")
    (document,), faults = read(tmp_path)
    assert (document.mentions[0].fragments, faults) == (((0, 3), (8, 11)), [])


WRONG = {
    "T3\tX 0 3\tНет": "T3 is recorded as 'Нет', but the text at 0-3 is 'Нал'; mention left out",
    "T3\tX 60 99\tмг": "T3 ends at 99, the text at 70; mention left out",
    "T3\tX 8 0\tНалоксон": "mention T3: fragments ((8, 0),) do not ascend; mention left out",
    "T3\tX 3 3\t": "mention T3: fragments ((3, 3),) do not ascend; mention left out",
    "T1\tX 0 3\tНал": "the id T1 stands twice; mention left out",
    "T3\tX 0 3": "'T3\\tX 0 3' is not a line of brat's format; line left out",
    "T3\tX 0 9999999999\tНал": "'T3\\tX 0 9999999999\\tНал' is not a line of brat's format; line left out",
    "T3\tX 0": "'T3\\tX 0' is not a line of brat's format; line left out",
    "R1\tINHIBITOR Arg1:T1 Arg2:T7": "R1 names T7, which is no mention; relation left out",
    "R1\tINHIBITOR Arg1:T1": "'R1\\tINHIBITOR Arg1:T1' is not a line of brat's format; line left out",
    b"T3\tX 0 3\t\xcd\xe0\xeb": "bytes that are not UTF-8; line left out",
}


@pytest.mark.parametrize(("line", "message"), WRONG.items())
def test_a_wrong_record_is_named_and_the_rest_is_read(tmp_path: Path, line: str | bytes, message: str) -> None:
    line = line.encode() if isinstance(line, str) else line
    put(tmp_path, TEXT, "T1\tChemical 0 8\tНалоксон\n".encode() + line + b"\nT9\tX 9 16\t" + "снимает".encode())
    (document,), faults = read(tmp_path)
    assert [mention.id for mention in document.mentions] == ["T1", "T9"]
    assert document.relations == ()
    assert faults == [f"d.ann:2: {message}"]
    with pytest.raises(CorpusError, match=r"d\.ann:2: "):
        read(tmp_path, strict=True)


def test_a_relation_that_stands_twice(tmp_path: Path) -> None:
    put(tmp_path, "ab", "T1\tX 0 1\ta\nT2\tX 1 2\tb\nR1\tY Arg1:T1 Arg2:T2\nR1\tZ Arg1:T2 Arg2:T1\n")
    (document,), faults = read(tmp_path)
    assert ([r.type for r in document.relations], faults) == (
        ["Y"],
        ["d.ann:4: the id R1 stands twice; relation left out"],
    )


def test_a_file_without_its_partner(pair: Path) -> None:
    (pair / "x.txt").write_text("x", encoding="utf-8")
    (pair / "y.ann").write_text("", encoding="utf-8")
    documents, faults = read(pair)
    assert [document.id for document in documents] == ["d"]
    assert faults == [
        "x.txt:1: there is no x.ann beside it; document left out",
        "y.ann:1: there is no y.txt beside it; document left out",
    ]


def test_a_text_that_is_not_utf8(tmp_path: Path) -> None:
    put(tmp_path, b"abc\n\xff\xfe\ndef", "T1\tX 0 3\tabc\nT2\tX 7 10\tdef\n")
    (document,), faults = read(tmp_path)
    assert [mention.id for mention in document.mentions] == ["T1", "T2"]
    assert faults == ["d.txt:2: bytes that are not UTF-8, shown as U+FFFD; spans behind them may not match"]


@pytest.mark.parametrize("text", ["\ufeffabc", "a\r\nb\rc", "абв\u2028г\x0b\x85д"])
def test_no_character_is_dropped_or_translated(tmp_path: Path, text: str) -> None:
    put(tmp_path, text, "")
    (document,), faults = read(tmp_path)
    assert (document.text, faults) == (text, [])


def test_a_file_that_is_too_large(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chemxl.corpora.faults.MAX_BYTES", 10)
    documents, faults = read(pair)
    assert documents == []
    assert [fault.split(": ")[0] for fault in faults] == ["d.txt:1", "d.ann:1"]


def test_a_message_is_one_printable_line(tmp_path: Path) -> None:
    put(tmp_path, "abc", "T\x1b[31m1\tX 0 9\tabc\nT2" + "9" * 5000 + "\tX 0 9\tabc")
    _, faults = read(tmp_path)
    assert all(fault.isprintable() and len(fault) < 500 for fault in faults) and len(faults) == 2


# Characters that have gone wrong somewhere: marks, joiners, line breaks of all kinds, astral planes, a BOM.
ANY = st.text(
    alphabet=st.sampled_from("абЁё\u0301\u0306aβ0 ;\t\n\r\u2028\x85\u00a0\ufeff\u200d😀👩🏽🇷🇺\\\"'"), max_size=40
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(ANY)
    mentions = []
    for number in range(draw(st.integers(0, 4)) if text else 0):
        bounds = st.lists(st.integers(0, len(text)), min_size=2, max_size=6, unique=True)
        cuts = sorted(draw(bounds))
        fragments = tuple(zip(cuts[::2], cuts[1::2], strict=False))
        mentions.append(Mention(draw(st.sampled_from(["CHEM", "Болезнь"])), fragments, id=f"T{3 * number + 1}"))
    ends = st.sampled_from([mention.id for mention in mentions] or [""])
    count = draw(st.integers(0, 3)) if mentions else 0
    relations = tuple(Relation("INHIBITOR", draw(ends), draw(ends), id=f"R{number}") for number in range(count))
    return Document(draw(st.sampled_from(["d", "main/1/12", "a.b"])), text, tuple(mentions), relations)


def in_brat(document: Document) -> Document:
    """What of a document brat's format holds: no line break at the edge of a fragment or alone between two."""
    mentions = []
    for mention in document.mentions:
        kept: list[tuple[int, int]] = []
        for start, end in mention.fragments:
            surface = document.text[start:end]
            start, end = end - len(surface.lstrip(BREAKS)), start + len(surface.rstrip(BREAKS))
            gap = document.text[kept[-1][1] : start] if kept else ""
            if gap and not gap.strip(BREAKS) and start < end:
                kept[-1] = kept[-1][0], end
            elif start < end:
                kept.append((start, end))
        mentions += [replace(mention, fragments=tuple(kept))] if kept else []
    ids = {mention.id for mention in mentions}
    relations = tuple(relation for relation in document.relations if {relation.head, relation.tail} <= ids)
    return replace(document, mentions=tuple(mentions), relations=relations)


@settings(max_examples=200, deadline=None)
@given(documents().map(in_brat))
def test_what_is_written_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, document: Document) -> None:
    folder = tmp_path_factory.mktemp("brat")
    ann = brat.write(document, folder)
    assert ann == folder / f"{document.id}.ann"
    again, faults = read(folder, strict=True)
    assert (again, faults) == ([document], [])
    assert brat.serialise(brat.parse(ann.read_bytes())) == ann.read_bytes()


def test_predictions_get_the_next_free_ids(tmp_path: Path) -> None:
    found = (Mention.of("CHEM", 0, 3), Mention.of("CHEM", 4, 7, id="T1"), Mention.of("CHEM", 8, 9, score=0.5))
    document = Document("d", "abc def g", found, (Relation("X", "T1", "T1"),), language="en")
    brat.write(document, tmp_path)
    (again,), _ = read(tmp_path, strict=True)
    assert [mention.id for mention in again.mentions] == ["T2", "T1", "T3"]
    assert again.relations == (Relation("X", "T1", "T1", id="R1"),)


@pytest.mark.parametrize("id", ["../d", "/d", "a/../../d", "", "a//b", ".", "a\\b", "a\nb", "a\0b"])
def test_an_id_never_leads_out_of_the_folder(tmp_path: Path, id: str) -> None:
    folder = tmp_path / "inner"
    with pytest.raises(CorpusError, match="is not a relative path"):
        brat.write(Document(id, "x"), folder)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "mention",
    [Mention.of("Side effect", 0, 1), Mention.of("X", 0, 1, id="m1"), Mention.of("\ud800", 0, 1), Mention.of("", 0, 1)],
)
def test_what_brat_cannot_hold_is_refused(tmp_path: Path, mention: Mention) -> None:
    with pytest.raises(CorpusError, match="brat cannot hold"):
        brat.write(Document("d", "x", (mention,)), tmp_path)
    with pytest.raises(CorpusError, match="lone surrogate at 1"):
        brat.write(Document("d", "x\ud800"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_files(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in pair.iterdir()}

    def full(path: Path, content: bytes) -> int:
        path.open("wb").close()
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    (document,), _ = read(pair)
    with pytest.raises(OSError, match="no space"):
        brat.write(replace(document, text=TEXT + "!"), pair)
    assert {path.name: path.read_bytes() for path in pair.iterdir()} == before


def test_the_second_end_of_a_relation_may_stand_first(pair: Path) -> None:
    (pair / "a.txt").write_text("A binds B", "utf-8")
    for ends in ("Arg1:T1 Arg2:T2", "Arg2:T2 Arg1:T1", "obj:T2 subj:T1", "Drug:T1 Disease:T2"):
        (pair / "a.ann").write_text(f"T2\tP 8 9\tB\nT1\tP 0 1\tA\nR1\tX {ends}\n", "utf-8")
        (document,) = brat.read([pair / "a.txt", pair / "a.ann"], Log(strict=True))
        assert [(r.head, r.tail) for r in document.relations] == [("T1", "T2")]
