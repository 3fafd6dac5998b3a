"""CoNLL columns: what is read, and what is said of a line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import Log, conll
from chemxl.documents import Document, Mention
from chemxl.errors import CorpusError


def read(
    folder: Path, content: str | bytes, *, strict: bool = False, **columns: int
) -> tuple[list[Document], list[str]]:
    path = folder / "dev.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    log = Log(strict=strict)
    documents = conll.read([path], log, **columns)
    return documents, [f"{fault.path.name}:{fault.line}: {fault.message}" for fault in log.faults]


SENTENCES = "Приём\tO\nацетилсалициловой\tB-DRUG\nкислоты\tI-DRUG\nи\tO\nhigh\tB-ADR\n\nNaCl\tB-DRUG\nNaCl\tB-DRUG\n"


@pytest.mark.parametrize(
    "content", [SENTENCES, SENTENCES.replace("\n", "\r\n"), "\ufeff" + SENTENCES, "\n" + SENTENCES + "\n"]
)
def test_a_document_a_sentence(tmp_path: Path, content: str) -> None:
    documents, faults = read(tmp_path, content)
    assert faults == []
    assert documents == [
        Document(
            "dev-1",
            "Приём ацетилсалициловой кислоты и high",
            (Mention.of("DRUG", 6, 31, id="T1"), Mention.of("ADR", 34, 38, id="T2")),
        ),
        Document("dev-2", "NaCl NaCl", (Mention.of("DRUG", 0, 4, id="T1"), Mention.of("DRUG", 5, 9, id="T2"))),
    ]


def test_a_document_a_docstart(tmp_path: Path) -> None:
    content = "-DOCSTART-\t17\n\n氯\tB-CHEM\n吡\tI-CHEM\n\n雷\tI-CHEM\n\n-DOCSTART-\t18\n\na\tO\n"
    documents, faults = read(tmp_path, content)
    assert faults == []
    # An I- at the beginning of a sentence continues nothing.
    both = (Mention.of("CHEM", 0, 3, id="T1"), Mention.of("CHEM", 4, 5, id="T2"))
    assert documents == [Document("17", "氯 吡\n雷", both), Document("18", "a")]


def test_columns_and_the_docstart_of_conll_2003(tmp_path: Path) -> None:
    content = "-DOCSTART- -X- O O\n\nNaloxone NNP B-NP B-CHEM\nworks VBZ B-VP O\n"
    expected = Document("dev-1", "Naloxone works", (Mention.of("CHEM", 0, 8, id="T1"),))
    assert read(tmp_path, content) == ([expected], [])
    (phrases,), _ = read(tmp_path, content, label=2)
    assert [mention.type for mention in phrases.mentions] == ["NP", "VP"]
    (turned,), _ = read(tmp_path, "B-CHEM NaCl\n", word=1, label=0)
    assert turned.mentions == (Mention.of("CHEM", 0, 4, id="T1"),)


def test_an_inside_without_a_beginning_begins(tmp_path: Path) -> None:
    (document,), faults = read(tmp_path, "a\tI-X\nb\tI-X\nc\tI-Y\nd\tO\ne\tI-Y\n")
    assert ([mention.span for mention in document.mentions], faults) == ([(0, 3), (4, 5), (8, 9)], [])


def test_a_no_break_space_is_in_the_word(tmp_path: Path) -> None:
    (document,), faults = read(tmp_path, "5\u00a0мг B-DOSE\n")
    assert (document.text, document.mentions[0].span, faults) == ("5\u00a0мг", (0, 4), [])


@pytest.mark.parametrize(
    ("line", "message", "text"),
    [
        ("Приём", "1 columns where 2 were due; line left out", "a b"),
        ("x\tB-", "'B-' is not a label (O, B-type, I-type); the word is read as O", "a x b"),
        ("x\tCHEM", "'CHEM' is not a label (O, B-type, I-type); the word is read as O", "a x b"),
        ("\tO", "an empty word; line left out", "a b"),
        (b"\xcf\tO", "bytes that are not UTF-8; line left out", "a b"),
    ],
)
def test_a_wrong_line_is_named_and_the_rest_is_read(tmp_path: Path, line: str | bytes, message: str, text: str) -> None:
    line = line.encode() if isinstance(line, str) else line
    content = b"a\tB-X\n" + line + b"\nb\tB-X\n"
    (document,), faults = read(tmp_path, content)
    assert document.text == text
    assert [document.surface(mention) for mention in document.mentions] == ["a", "b"]
    assert faults == [f"dev.txt:2: {message}"]
    with pytest.raises(CorpusError, match=r"dev\.txt:2: "):
        read(tmp_path, content, strict=True)


def test_a_document_id_that_stands_twice(tmp_path: Path) -> None:
    documents, faults = read(tmp_path, "-DOCSTART-\t1\n\na\tO\n\n-DOCSTART-\t1\n\nb\tO\n\n-DOCSTART-\t2\n\nc\tO\n")
    assert [(document.id, document.text) for document in documents] == [("1", "a"), ("2", "c")]
    assert faults == ["dev.txt:7: the document id 1 stands twice; document left out"]
