"""LivingNER's tables: what is read, what is said of a row that is wrong, and what is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chemxl import corpora
from chemxl.corpora import Log, livingner
from chemxl.documents import Document, Mention
from chemxl.errors import CorpusError
from tests.corpora.reading import reading
from tests.corpora.samples import LIVINGNER

TEXTS = {name: content for name, content in LIVINGNER.items() if name.endswith(".txt")}
HEAD = "filename\tmark\tlabel\toff0\toff1\tspan\n"
MAN = "caso_1\tT1\tHUMAN\t0\t5\tVarón\n"
DOG = "caso_2\tT1\tSPECIES\t0\t5\tPerro\n"
SYPHILIS, COLI = Mention.of("SPECIES", 22, 29, id="T2"), Mention.of("SPECIES", 32, 39, id="T3")
EXPECTED = [
    Document("caso_1", TEXTS["caso_1.txt"], (Mention.of("HUMAN", 0, 5, id="T1"), SYPHILIS, COLI)),
    Document("caso_2", TEXTS["caso_2.txt"], (Mention.of("SPECIES", 0, 5, id="T1"),)),
]


def read(folder: Path, *rows: str | bytes, head: str = HEAD) -> tuple[list[Document], list[str]]:
    table = b"".join(row if isinstance(row, bytes) else row.encode() for row in (head, *rows))
    return reading(livingner.read, folder, TEXTS | {"x.tsv": table})


def test_offsets_count_characters_and_further_columns_are_not_read(tmp_path: Path) -> None:
    assert reading(livingner.read, tmp_path, LIVINGNER) == (EXPECTED, [])


@pytest.mark.parametrize(("mark", "ending"), [("", "\n"), ("\ufeff", "\r\n")])
def test_endings_of_lines_and_a_byte_order_mark(tmp_path: Path, mark: str, ending: str) -> None:
    (first, second), faults = read(tmp_path, MAN.replace("\n", ending), head=mark + HEAD.replace("\n", ending))
    assert (first.mentions, second.mentions, faults) == ((Mention.of("HUMAN", 0, 5, id="T1"),), (), [])


WRONG = {
    "caso_1\tT2\tSPECIES\t22\t28\tsífilis\n": (
        "T2 is recorded as 'sífilis', but the text at 22-28 is 'sífili'; mention left out"
    ),
    "caso_1\tT2\tSPECIES\t35\t99\tcoli.\n": "T2 ends at 99, the text at 40; mention left out",
    "caso_1\tT2\tSPECIES\t29\t22\tsífilis\n": "'29' to '22' is not a span; row left out",
    "caso_1\tT2\tSPECIES\t22\t22\t\n": "'22' to '22' is not a span; row left out",
    "caso_1\tT2\tSPECIES\t022\t29\tsífilis\n": "'022' to '29' is not a span; row left out",
    "caso_1\tT2\tSPECIES\t-1\t٣\tsífilis\n": "'-1' to '٣' is not a span; row left out",
    "caso_1\tT2\tSPECIES\t22\t29\n": "5 columns where 6 were due; row left out",
    "caso_1\tT2\tSPECIES\t22\t29\tsífilis\t160\n": "7 columns where 6 were due; row left out",
    "caso_1\tT1\tSPECIES\t22\t29\tsífilis\n": "the id T1 stands twice; mention left out",
    "caso_1\t\tSPECIES\t22\t29\tsífilis\n": "the row has no mark (T1, T2, ...); row left out",
    "caso_1\tT2\t\t22\t29\tsífilis\n": "the row has no filename or no label; row left out",
    "caso_1\tT2\tFOOD\t22\t29\tsífilis\n": "the task does not score the label 'FOOD'; row left out",
    "\tT2\tSPECIES\t22\t29\tsífilis\n": "the row has no filename or no label; row left out",
    "caso_9\tT2\tSPECIES\t22\t29\tsífilis\n": "there is no text 'caso_9'; row left out",
    "caso_1\tT2\tHUMAN\t0\t5\tVarón\n": "HUMAN at 0-5 of caso_1 stands twice; row left out",
    b"caso_1\tT2\tSPECIES\t22\t29\ts\xedfilis\n": "bytes that are not UTF-8; line left out",
}


@pytest.mark.parametrize(("row", "message"), WRONG.items())
def test_a_wrong_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str | bytes, message: str) -> None:
    documents, faults = read(tmp_path, MAN, row, DOG)
    assert [[mention.span for mention in document.mentions] for document in documents] == [[(0, 5)], [(0, 5)]]
    assert faults == [f"x.tsv:3: {message}"]


COLUMNS_DUE = "the columns filename mark label off0 off1 span were due; file left out"


@pytest.mark.parametrize("head", ["", "filename\tisPet\tPetIDs\n", HEAD.replace("off0\toff1", "off1\toff0")])
def test_a_table_of_other_columns_is_not_read(tmp_path: Path, head: str) -> None:
    documents, faults = read(tmp_path, MAN, head=head)
    assert ([document.mentions for document in documents], faults) == ([(), ()], [f"x.tsv:1: {COLUMNS_DUE}"])


def test_an_empty_table_is_a_fault_and_so_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, head="")[1] == [f"x.tsv:1: {COLUMNS_DUE}"]
    documents, faults = reading(livingner.read, tmp_path, TEXTS)
    assert [document.id for document in documents] == ["caso_1", "caso_2"]
    assert faults == ["caso_1.txt:1: there is no table of mentions (.tsv) for the texts; they are read without any"]


def test_a_name_and_a_row_that_stand_in_two_files(tmp_path: Path) -> None:
    files = TEXTS | {"more/caso_2.txt": "Gato", "x.tsv": HEAD + DOG, "y.tsv": HEAD + MAN + DOG}
    documents, faults = reading(livingner.read, tmp_path, files)
    assert [(document.text, len(document.mentions)) for document in documents] == [(EXPECTED[0].text, 1), ("Perro", 1)]
    assert faults == [
        "caso_2.txt:1: the document id caso_2 stands twice; document left out",
        "y.tsv:3: SPECIES at 0-5 of caso_2 stands twice; row left out",
    ]


def test_annotations_without_texts(tmp_path: Path) -> None:
    path, log = tmp_path / "x.tsv", Log()
    unread = "caso_1\tT1\tSPECIES\t6\t9\tis not what stands there\n"  # and a mark that stands twice
    other = "caso_3\t\tSPECIES\t0\t2\t\n"
    path.write_text(HEAD + MAN + unread + MAN + other, encoding="utf-8")
    assert livingner.mentions(path, log) == {
        "caso_1": [Mention.of("HUMAN", 0, 5, id="T1"), Mention.of("SPECIES", 6, 9, id="T1")],
        "caso_3": [Mention.of("SPECIES", 0, 2)],
    }
    assert [str(fault) for fault in log.faults] == [f"{path}:4: HUMAN at 0-5 of caso_1 stands twice; row left out"]
    with pytest.raises(CorpusError, match=r"x\.tsv:4: HUMAN at 0-5"):
        livingner.mentions(path, Log(strict=True))


def test_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.tsv"
    cut = Document("caso_3", "E.\ncoli\tO157", (Mention.of("SPECIES", 0, 12, score=0.5),))
    livingner.write([*EXPECTED, Document("caso_4", "nada"), cut], path)
    assert path.read_bytes().decode() == (
        HEAD + MAN + "caso_1\tT2\tSPECIES\t22\t29\tsífilis\ncaso_1\tT3\tSPECIES\t32\t39\tE. coli\n" + DOG
        + "caso_3\tT1\tSPECIES\t0\t12\tE. coli O157\n"
    )  # fmt: skip
    livingner.write([], path)
    assert path.read_text("utf-8") == HEAD
    assert list(path.parent.iterdir()) == [path]


UNWRITABLE = {
    "the document id a stands twice": [Document("a", "x"), Document("a", "y")],
    "'a b' is discontinuous": [Document("a", "a, b", (Mention("SPECIES", ((0, 1), (3, 4))),))],
    r"'a\\tb' cannot stand in a table": [Document("a\tb", "x", (Mention.of("SPECIES", 0, 1),))],
    "'' cannot stand in a table": [Document("a", "x", (Mention.of("", 0, 1),))],
    r"x\.tsv: a mention holds the lone surrogate '\\ud800'": [Document("a", "\ud800", (Mention.of("SPECIES", 0, 1),))],
}


@pytest.mark.parametrize(("message", "documents"), UNWRITABLE.items())
def test_what_a_table_cannot_hold_leaves_the_old_one(tmp_path: Path, message: str, documents: list[Document]) -> None:
    path = tmp_path / "x.tsv"
    livingner.write(EXPECTED, path)
    before = path.read_bytes()
    with pytest.raises(CorpusError, match=message):
        livingner.write([EXPECTED[0], *documents], path)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


@st.composite
def annotated(draw: st.DrawFn) -> Document:
    # A file of many NULs is taken to be in UTF-16.
    text = draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30))
    spans = st.tuples(st.sampled_from(["SPECIES", "HUMAN"]), st.integers(0, 29), st.integers(1, 30))
    found = {(type, start, end) for type, start, end in draw(st.lists(spans)) if start < end <= len(text)}
    return Document("d", text, tuple(Mention.of(*one, id=f"T{n}") for n, one in enumerate(sorted(found), 1)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(annotated())
def test_there_and_back(tmp_path: Path, document: Document) -> None:
    (tmp_path / "d.txt").write_bytes(document.text.encode())
    livingner.write([document], tmp_path / "x.tsv")
    assert livingner.read([tmp_path / "d.txt", tmp_path / "x.tsv"], Log(strict=True)) == [document]
    found = livingner.mentions(tmp_path / "x.tsv", Log(strict=True))
    assert found == ({"d": list(document.mentions)} if document.mentions else {})


@pytest.mark.parametrize("apart", [True, False])
def test_the_task_s_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, apart: bool) -> None:
    monkeypatch.setenv("CHEMXL_DATA", str(tmp_path))
    assert not corpora.available("livingner-task")
    for folder in ("training", "valid", "test"):
        for name, content in LIVINGNER.items():
            beside = "" if not apart else "text-files" if name.endswith(".txt") else "subtask1-NER"
            path = tmp_path / "livingner-task" / folder / beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    assert corpora.available("livingner-task")
    for split in ("train", "dev", "test"):
        documents = corpora.load("livingner-task", split=split, strict=True)
        assert [(d.id, d.text, d.mentions) for d in documents] == [(d.id, d.text, d.mentions) for d in EXPECTED]
        assert {(document.language, document.domain) for document in documents} == {("es", "clinical cases")}
    species = corpora.load("livingner-task", split="dev", types=["SPECIES"])
    assert {mention.type for document in species for mention in document.mentions} == {"SPECIES"}


def test_human_alone_and_within_species(real: Callable[[str], str]) -> None:
    documents = corpora.load(real("livingner"), split="test", faults=[])

    def spans(*types: str) -> list[tuple[str, int, tuple[int, int]]]:
        retyped = [document.retyped(corpora.unified("livingner", types)) for document in documents]
        return [(m.type, i, m.span) for i, document in enumerate(retyped) for m in document.mentions]

    both, joined = spans("HUMAN", "SPECIES"), spans("SPECIES")
    assert {type for type, _, _ in both} == {"SPECIES", "HUMAN"}
    assert [("SPECIES", *place) for _, *place in both] == joined
    assert spans("HUMAN") == [one for one in both if one[0] == "HUMAN"]
