"""ChemProt's tables: what is read, and what is said of a row that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import chemprot
from chemxl.documents import Document, Mention, Relation
from tests.corpora.reading import reading
from tests.corpora.samples import CHEMPROT

NAMES = dict(zip(("abstracts", "entities", "relations"), CHEMPROT, strict=True))


def read(folder: Path, **added: str | bytes) -> tuple[list[Document], list[str]]:
    files: dict[str, str | bytes] = dict(CHEMPROT)
    for kind, row in added.items():
        content = CHEMPROT[NAMES[kind]].encode() + (row.encode() if isinstance(row, str) else row)
        files[NAMES[kind]] = content
    return reading(chemprot.read, folder, files)


EXPECTED = [
    Document(
        "1",
        "Naloxone It binds the μ-receptor.",
        (Mention.of("CHEMICAL", 0, 8, id="T1"), Mention.of("GENE-Y", 22, 32, id="T2")),
        (Relation("CPR:4", "T1", "T2", id="R1"),),
    ),
    Document("2", "NaCl Salt.", (Mention.of("CHEMICAL", 0, 4, id="T1"),)),
]


def test_documents(tmp_path: Path) -> None:
    assert read(tmp_path) == (EXPECTED, [])


def test_the_gold_standard_goes_before_the_other_table(tmp_path: Path) -> None:
    other = {"x_relations.tsv": "1\tCPR:4\tY \tINHIBITOR\tArg1:T1\tArg2:T2\n"}
    assert reading(chemprot.read, tmp_path, CHEMPROT | other) == (EXPECTED, [])


def test_drugprot_has_relations_of_the_same_columns(tmp_path: Path) -> None:
    gold = CHEMPROT["x_gold_standard.tsv"].replace("CPR:4", "INHIBITOR")
    files = {"d_abstracs.tsv": CHEMPROT["x_abstracts.tsv"], "d_entities.tsv": CHEMPROT["x_entities.tsv"]}
    (document, _), faults = reading(chemprot.read, tmp_path, files | {"d_relations.tsv": gold})
    assert (document.relations, faults) == ((Relation("INHIBITOR", "T1", "T2", id="R1"),), [])


WRONG = [
    ("abstracts", "1\tAgain\tand again\n", 3, "the document id 1 stands twice; document left out"),
    ("abstracts", "3\tno abstract\n", 3, "2 columns where 3 were due; row left out"),
    ("entities", "1\tT1\tCHEMICAL\t0\t8\tNaloxone\n", 4, "the id T1 stands twice; mention left out"),
    (
        "entities",
        "1\tT9\tCHEMICAL\t0\t7\tNaloxone\n",
        4,
        "T9 is recorded as 'Naloxone', but the text at 0-7 is 'Naloxon'",
    ),
    ("entities", "1\tT9\tCHEMICAL\t-1\t7\tx\n", 4, "'-1' to '7' is not a span; mention left out"),
    ("entities", "7\tT9\tCHEMICAL\t0\t8\tx\n", 4, "there is no abstract '7'; row left out"),
    ("entities", "1\tT9\t\t0\t8\tNaloxone\n", 4, "T9 has no type; mention left out"),
    ("entities", b"1\tT9\tCHEMICAL\t0\t8\t\xff\n", 4, "bytes that are not UTF-8; line left out"),
    ("relations", "1\tCPR:4\tArg1:T1\tArg2:T2\n", 2, "CPR:4 of T1 and T2 stands twice; relation left out"),
    ("relations", "1\tCPR:3\tArg1:T1\tArg2:T8\n", 2, "R2 names T8, which is no mention; relation left out"),
    ("relations", "1\tCPR:3\tT1\tT2\n", 2, "not a relation (id, type, Arg1:T1, Arg2:T2); row left out"),
]


@pytest.mark.parametrize(("kind", "row", "line", "message"), WRONG)
def test_a_wrong_row_is_named_and_the_rest_is_read(
    tmp_path: Path, kind: str, row: str | bytes, line: int, message: str
) -> None:
    documents, (fault,) = read(tmp_path, **{kind: row})
    assert documents == EXPECTED
    assert fault.startswith(f"{NAMES[kind]}:{line}: {message}")


def test_two_groups_of_one_pair_are_two_relations(tmp_path: Path) -> None:
    (document, _), faults = read(tmp_path, relations="1\tCPR:3\tArg1:T1\tArg2:T2\n")
    assert ([relation.type for relation in document.relations], faults) == (["CPR:4", "CPR:3"], [])
