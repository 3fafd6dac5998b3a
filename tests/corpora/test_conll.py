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


# A mention of two words, one of one word beside it, and one that ends a sentence.
SCHEMES = {
    "IOB2": "B-X I-X B-X O B-Y",
    "IOB1": "I-X I-X B-X O I-Y",
    "IOBES": "B-X E-X S-X O S-Y",
    "BILOU": "B-X L-X U-X O U-Y",
    "BMEWO": "B-X E-X W-X O W-Y",
    "underscores": "B_X I_X B_X O B_Y",
}


@pytest.mark.parametrize("labels", SCHEMES.values(), ids=SCHEMES)
@pytest.mark.parametrize("between", ["\t", " "])
def test_schemes_of_labels(tmp_path: Path, labels: str, between: str) -> None:
    content = "".join(f"w{i}{between}{label}\n" for i, label in enumerate(labels.split()))
    (document,), faults = read(tmp_path, content)
    assert faults == []
    assert [(m.type, m.span) for m in document.mentions] == [("X", (0, 5)), ("X", (6, 8)), ("Y", (12, 14))]


def test_an_end_is_not_gone_on_with(tmp_path: Path) -> None:
    (document,), _ = read(tmp_path, "a\tB-X\nb\tM-X\nc\tE-X\nd\tI-X\ne\tE-X\n")
    assert [mention.span for mention in document.mentions] == [(0, 5), (6, 9)]


NALOXONE = Document("dev-1", "Naloxone works", (Mention.of("CHEM", 0, 8, id="T1"),))
LAYOUTS = {
    "the label first": "B-CHEM\tNaloxone\nO\tworks\n",
    "the label in the middle": "Naloxone\tB-CHEM\tNNP\nworks\tO\tVBZ\n",
    "four columns": "Naloxone\t_\t_\tB-CHEM\nworks\t_\t_\tO\n",
    "numbered words": "1\tNaloxone\tNNP\tB-CHEM\n2\tworks\tVBZ\tO\n",
    "numbered words, the label not last": "1\tNaloxone\tB-CHEM\t-\tA\n2\tworks\tO\t-\tA\n",
    "CoNLL-U with ranges and empty nodes": (
        "# sent_id = 1\n# text = Naloxone works\n1-2\tNaloxone works\t_\tO\n1\tNaloxone\tNNP\tB-CHEM\n"
        "1.1\tnothing\t_\tO\n2\tworks\tVBZ\tO\n"
    ),
    "spaces at the end": "Naloxone B-CHEM \nworks O\t\n",
    "comments with labels in them": "# B-CHEM is a chemical O\nNaloxone\tB-CHEM\n#O\nworks\tO\n",
}


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts_are_told_from_what_stands_there(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == ([NALOXONE], [])


REFUSED = {
    "no label anywhere": "Naloxone\tNNP\nworks\tVBZ\n",
    "two columns of labels, neither last": "Naloxone\tB-CHEM\tB-NP\tx\nworks\tO\tB-VP\ty\n",
    "brackets": "Naloxone\t(CHEM)\nworks\t*\n",
    "words alone": "Naloxone\nworks\n",
    "commas": "Naloxone,B-CHEM\nworks,O\n",
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_a_layout_that_cannot_be_told_refuses_the_file(tmp_path: Path, content: str) -> None:
    message = "which column the labels (O, B-type, I-type) are cannot be told; file left out"
    assert read(tmp_path, content) == ([], [f"dev.txt:1: {message}"])


def test_labels_without_a_type(tmp_path: Path) -> None:
    content = "Naloxone\tB\nworks\tO\n"
    assert read(tmp_path, content) == (
        [],
        ["dev.txt:1: the labels have no type (B, I, O): say which with the option type; file left out"],
    )
    (tmp_path / "dev.txt").write_text(content)
    assert conll.read([tmp_path / "dev.txt"], Log(strict=True), type="CHEM") == [NALOXONE]


def test_a_sign_that_is_a_word_is_no_comment(tmp_path: Path) -> None:
    (document,), faults = read(tmp_path, "# a comment\n#\tO\n1\tO\n#hashtag\tB-X\n")
    assert (document.text, faults) == ("# 1 #hashtag", [])
    assert document.mentions == (Mention.of("X", 4, 12, id="T1"),)


def test_documents_of_conll_u(tmp_path: Path) -> None:
    content = "# newdoc id = 17\n# sent_id = 1\na\tO\n\nb\tB-X\n\n# newdoc\nc\tO\n"
    documents, faults = read(tmp_path, content)
    assert [(document.id, document.text) for document in documents] == [("17", "a\nb"), ("dev-2", "c")]
    assert faults == []


@pytest.mark.parametrize("line", ["x\tO\tO", "x\tOy\tB-X", "x"])
def test_a_line_of_another_width_is_left_out(tmp_path: Path, line: str) -> None:
    (document,), faults = read(tmp_path, f"a\tB-X\n{line}\nb\tO\n")
    assert document.text == "a b"
    assert faults == [f"dev.txt:2: {line.count(chr(9)) + 1} columns where 2 were due; line left out"]


@pytest.mark.parametrize("id", ["a b", "a", "Приём 17", "a = b"])
def test_an_id_may_be_of_several_words(tmp_path: Path, id: str) -> None:
    documents, faults = read(tmp_path, f"# newdoc id = {id}\na\tO\n\n# newdoc id = {id} 2\nb\tB-X\n")
    assert ([document.id for document in documents], faults) == ([id, f"{id} 2"], [])


def test_words_before_the_first_document_that_is_marked_are_one(tmp_path: Path) -> None:
    documents, faults = read(tmp_path, "a\tB-X\n\nb\tO\n-DOCSTART-\tO\nc\tB-X\n")
    assert [(document.id, document.text) for document in documents] == [("dev-0", "a\nb"), ("dev-1", "c")]
    assert faults == []


def test_two_columns_of_the_same_labels_are_not_chosen_from(tmp_path: Path) -> None:
    """Layers, as in GermEval, or what a system found beside what is right, as conlleval takes them."""
    content = "NaCl\tNN\tB-X\tO\nand\tCC\tO\tO\nKCl\tNN\tB-X\tB-X\n"
    said = "columns 3 and 4 both hold labels, as of layers, or gold and predicted ones: say which with the option label"
    assert read(tmp_path, content) == ([], [f"dev.txt:1: {said}, or leave one out; file left out"])
    (document,), faults = read(tmp_path, content, label=2)
    assert (len(document.mentions), faults) == (2, [])
    documents, (fault,) = read(tmp_path, "NaCl B O\nand O O\nKCl B B\n", type="CHEM")
    assert documents == [] and "columns 2 and 3 both hold labels" in fault
    (document,), faults = read(tmp_path, "B-X NN B-X\nand CC O\nno NN O\n")  # a word that looks like a label
    assert (document.text, len(document.mentions), faults) == ("B-X and no", 1, [])
