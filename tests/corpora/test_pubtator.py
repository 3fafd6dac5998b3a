"""PubTator: what is read, and what is said of a file that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import Log, pubtator
from chemxl.documents import Document, Mention, Relation
from chemxl.errors import CorpusError

GOOD = """1|t|Naloxone and clonidine.
1|a|Clonidine lowers pressure in hypertension; α-blockers do not.
1\t0\t8\tNaloxone\tChemical\tD009270
1\t13\t22\tclonidine\tChemical\tD003000
1\t24\t33\tClonidine\tChemical\tD003000
1\t53\t65\thypertension\tDisease\tD006973|D000001\tone|two
1\tCID\tD003000\tD000001

2|t|Пустой
2|a|
"""


def read(folder: Path, content: str | bytes, *, strict: bool = False) -> tuple[list[Document], list[str]]:
    path = folder / "x.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    log = Log(strict=strict)
    return pubtator.read([path], log), [f"{fault.path.name}:{fault.line}: {fault.message}" for fault in log.faults]


@pytest.mark.parametrize("content", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD, GOOD.rstrip() + "\n\n\n"])
def test_documents(tmp_path: Path, content: str) -> None:
    documents, faults = read(tmp_path, content)
    assert faults == []
    assert documents == [
        Document(
            "1",
            "Naloxone and clonidine. Clonidine lowers pressure in hypertension; α-blockers do not.",
            (
                Mention.of("Chemical", 0, 8, id="T1"),
                Mention.of("Chemical", 13, 22, id="T2"),
                Mention.of("Chemical", 24, 33, id="T3"),
                Mention.of("Disease", 53, 65, id="T4"),
            ),
            (Relation("CID", "T2", "T4", id="R1"),),
        ),
        Document("2", "Пустой "),
    ]


NEITHER = "neither a mention (id, start, end, text, type) nor a relation; line left out"
WRONG = {
    "1\t0\t9\tNaloxone\tDrug\t": "T3 is recorded as 'Naloxone', but the text at 0-9 is 'Naloxone '; mention left out",
    "1\t0\t99\tNaloxone\tChemical\tD1": "T3 ends at 99, the text at 36; mention left out",
    "1\t8\t0\tNaloxone\tChemical\tD1": "mention T3: fragments ((8, 0),) do not ascend; mention left out",
    "1\t0\t8\tNaloxone\t\tD1": "T3 has no type; mention left out",
    "1\t0\t8\tNalo": NEITHER,
    "1\t-1\t8\tNaloxone\tChemical\tD1": NEITHER,
    "7\t0\t8\tNaloxone\tChemical\tD1": "a line of 1 was due, this begins with '7'; line left out",
    "1\tCID\tD7\tD1": "R1 names D7, which is no mention; relation left out",
    b"1\t0\t8\t\xff\tChemical\tD1": "bytes that are not UTF-8; line left out",
}


@pytest.mark.parametrize(("line", "message"), WRONG.items())
def test_a_wrong_line_is_named_and_the_rest_is_read(tmp_path: Path, line: str | bytes, message: str) -> None:
    line = line.encode() if isinstance(line, str) else line
    head = b"1|t|Naloxone and clonidine.\n1|a|Of pressure.\n"
    content = (
        head
        + b"1\t0\t8\tNaloxone\tChemical\tD1\n1\t13\t22\tclonidine\tChemical\tD2\n"
        + line
        + b"\n1\t27\t35\tpressure\tDisease\tD3\n\n2|t|B\n2|a|C\n"
    )
    documents, faults = read(tmp_path, content)
    assert [document.id for document in documents] == ["1", "2"]
    assert [mention.span for mention in documents[0].mentions] == [(0, 8), (13, 22), (27, 35)]
    assert faults == [f"x.txt:5: {message}"]
    with pytest.raises(CorpusError, match=r"x\.txt:5: "):
        read(tmp_path, content, strict=True)


def test_a_block_without_its_head(tmp_path: Path) -> None:
    documents, faults = read(
        tmp_path, "1\t0\t1\tA\tX\tD\n1\t0\t1\tA\tX\tD\n\n2|t|B\n2\t0\t1\tB\tX\tD\n\n3|t|C\n3|a|D\n\n3|t|C\n3|a|D\n"
    )
    assert [(document.id, document.text) for document in documents] == [("2", "B"), ("3", "C D")]
    assert len(documents[0].mentions) == 1
    assert faults == [
        "x.txt:1: a title line (id|t|text) was due; its block of 2 lines is left out",
        "x.txt:5: 2: an abstract line (id|a|text) was due; the title alone is read",
        "x.txt:10: the document id 3 stands twice; document left out",
    ]


def test_an_unreadable_file_is_a_fault(tmp_path: Path) -> None:
    log = Log()
    assert pubtator.read([tmp_path / "none.txt"], log) == []
    assert [str(fault) for fault in log.faults] == [
        f"{tmp_path / 'none.txt'}:1: cannot be read (No such file or directory); file left out"
    ]


# As in BioRED: types, a fifth column, ids apart by commas, and variants whose ids hold the sign that separates others.
BIORED = """9|t|V600E of BRAF and DNA.
9|a|Vemurafenib in melanoma, nevus and rash.
9\t0\t5\tV600E\tSequenceVariant\tp|SUB|V|600|E
9\t9\t13\tBRAF\tGeneOrGeneProduct\t673,600
9\t18\t21\tDNA\tGeneOrGeneProduct\tV
9\t23\t34\tVemurafenib\tChemicalEntity\tC551177
9\t38\t46\tmelanoma\tDiseaseOrPhenotypicFeature\tD008545
9\t48\t53\tnevus\tDiseaseOrPhenotypicFeature\tD009506;D001
9\t58\t62\trash\tDiseaseOrPhenotypicFeature\t*D005076
"""
RELATED = {
    "9\tAssociation\tp|SUB|V|600|E\tD008545\tNovel": ("T1", "T5"),
    "9\tNegative_Correlation\tC551177\t600\tNo": ("T4", "T2"),
    "9\tAssociation\tV\tD001\tNovel": ("T3", "T6"),
    "9\tAssociation\tChemical|C551177\tDisease|D005076": ("T4", "T7"),
    "9\tAssociation\tVariant|p|SUB|V|600|E\tD001,D009506": ("T1", "T6"),
}


@pytest.mark.parametrize(("line", "ends"), RELATED.items())
def test_a_relation_of_biored(tmp_path: Path, line: str, ends: tuple[str, str]) -> None:
    (document,), faults = read(tmp_path, BIORED + line + "\n")
    assert ([(r.head, r.tail) for r in document.relations], faults) == ([ends], [])
    assert len(document.mentions) == 7


def test_a_fifth_column_that_is_a_score(tmp_path: Path) -> None:
    lines = "9\tBind\tC551177\t673\t0.75\n9\tBind\t673\tC551177\tNovel\n"
    (document,), faults = read(tmp_path, BIORED + lines)
    assert ([relation.score for relation in document.relations], faults) == ([0.75, None], [])


PARAGRAPHS = """PMC1|t|Title.
PMC1|a|
PMC1\t0\t5\tTitle\tX\tD0

PMC1|t|Naloxone.
PMC1|a|And pain.
PMC1\t{a}\t{b}\tNaloxone\tChemical\tD1
PMC1\t{c}\t{d}\tpain\tDisease\tD2
PMC1\tCID\tD1\tD2

PMC2|t|Other
PMC2|a|text

PMC1|t|Salt
PMC1\t{e}\t{f}\tSalt\tChemical\tD3
"""


@pytest.mark.parametrize("base", [(0, 0), (8, 28)], ids=["of the paragraph", "of the whole text"])
def test_full_text_repeats_its_id(tmp_path: Path, base: tuple[int, int]) -> None:
    first, second = base
    offsets = {"a": first, "b": first + 8, "c": first + 14, "d": first + 18, "e": second, "f": second + 4}
    documents, faults = read(tmp_path, PARAGRAPHS.format(**offsets))
    assert faults == []
    assert [(d.id, d.text, d.source) for d in documents] == [
        ("PMC1", "Title. ", "PMC1"),
        ("PMC1-2", "Naloxone. And pain.", "PMC1"),
        ("PMC2", "Other text", ""),
        ("PMC1-3", "Salt", "PMC1"),
    ]
    assert [[d.surface(m) for m in d.mentions] for d in documents] == [["Title"], ["Naloxone", "pain"], [], ["Salt"]]
    assert documents[1].relations == (Relation("CID", "T1", "T2", id="R1"),)


def test_further_lines_of_text(tmp_path: Path) -> None:
    content = "1|t|A\n1|a|B\n1|paragraph|C D\n1|fig_caption|E\n1\t4\t5\tC\tX\tD1\n1\t8\t9\tE\tX\tD2\n"
    (document,), faults = read(tmp_path, content)
    assert (document.text, [document.surface(m) for m in document.mentions], faults) == ("A B C D E", ["C", "E"], [])


def test_empty_lines_that_are_missing_or_too_many(tmp_path: Path) -> None:
    apart = GOOD.replace("\n1\t0", "\n\n1\t0").replace("\n1|a|", "\n\n1|a|")
    joined = GOOD.replace("\n\n", "\n")
    assert read(tmp_path, apart) == read(tmp_path, joined) == read(tmp_path, GOOD)


NO_TYPE = "is not a type, as where a column is missing, double or exchanged; line left out"
LAYOUT = {
    "1\t0\t8\tNaloxone\tD1": f"'D1' {NO_TYPE}",
    "1\t0\t8\tNaloxone\tD1\tChemical": f"'D1' {NO_TYPE}",
    "1\t0\t8\tNaloxone\tNaloxone\tChemical\tD1": f"'Naloxone' {NO_TYPE}",
    "1\t13\t22\tclonidine\tChemical\tD003000": "the line stands twice; line left out",
    "1\tCID\tD003000\tD003000\tD000001": "CID with 3 ends; relation left out",
}


@pytest.mark.parametrize(("line", "message"), LAYOUT.items())
def test_a_line_of_another_layout(tmp_path: Path, line: str, message: str) -> None:
    documents, faults = read(tmp_path, GOOD.replace("\n\n2|t|", f"\n{line}\n\n2|t|"))
    assert (documents, faults) == (read(tmp_path, GOOD)[0], [f"x.txt:8: {message}"])


def test_two_lines_of_text_that_became_one(tmp_path: Path) -> None:
    documents, faults = read(tmp_path, GOOD.replace("do not.\n", "do not."))
    assert [document.id for document in documents] == ["2"]
    assert faults == ["x.txt:2: 1: a tab in the text, as where two lines became one; document left out"]
    assert read(tmp_path, GOOD.replace("1|a|", "1|a|Twice.\n1|a|Twice.\n1|a|"))[1][0] == (
        "x.txt:3: 1: the line stands twice; line left out"
    )


def test_a_text_that_goes_on_in_the_next_line_is_not_read_half(tmp_path: Path) -> None:
    content = "1|t|Naloxone\n1|a|It binds\nreceptors.\n1\t0\t8\tNaloxone\tChemical\tD1\n\n2|t|A\n2|a|B\n"
    documents, faults = read(tmp_path, content)
    assert [document.id for document in documents] == ["2"]
    assert faults == ["x.txt:3: 1: a text that goes on in the next line; document left out"]
