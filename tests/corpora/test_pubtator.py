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
