"""BioC: what is read, and what is said of XML that is wrong or means harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import bioc, markup
from chemxl.documents import Document, Mention, Relation
from tests.corpora.reading import reading
from tests.corpora.samples import BIOC

HEAD = "<?xml version='1.0'?>\n<!DOCTYPE collection SYSTEM 'BioC.dtd'>\n<collection>\n"
PASSAGE = "<document><id>1</id><passage><offset>0</offset><text>Naloxone in pain</text>\n"
NALOXONE = (
    "<annotation id='a'><infon key='type'>Chemical</infon><infon key='MESH'>D1</infon>"
    "<location offset='0' length='8'/><text>Naloxone</text></annotation>\n"
)
PAIN = NALOXONE.replace("'a'", "'b'").replace("D1", "D2").replace("'0' length='8'", "'12' length='4'")
PAIN = PAIN.replace("Naloxone", "pain").replace("Chemical", "Disease")


def read(folder: Path, content: str | bytes) -> tuple[list[Document], list[str]]:
    return reading(bioc.read, folder, {"x.xml": content})


def test_documents(tmp_path: Path) -> None:
    assert read(tmp_path, BIOC["a.xml"]) == (
        [
            Document(
                "1",
                "Naloxone & боль.  Pain of the lung",
                (Mention.of("Chemical", 0, 8, id="T1"), Mention("Disease", ((18, 22), (30, 34)), id="T2")),
                (Relation("CID", "T1", "T2", id="R1"),),
            ),
            Document("2", "NaCl", (Mention.of("Chemical", 0, 4, id="T1"),)),
        ],
        [],
    )


def test_a_relation_between_annotations(tmp_path: Path) -> None:
    nodes = "<node refid='b' role='x'/><node refid='a' role='y'/>"
    relation = f"<relation id='R'><infon key='type'>treats</infon>{nodes}</relation>"
    content = f"{HEAD}{PASSAGE}{NALOXONE}{PAIN}</passage>{relation}</document></collection>"
    (document,), faults = read(tmp_path, content)
    assert (document.relations, faults) == ((Relation("treats", "T2", "T1", id="R1"),), [])


CID = "<relation id='r'><infon key='relation'>CID</infon>"
WRONG = {
    NALOXONE.replace("Naloxone", "naloxone"): (
        "T2 is recorded as 'naloxone', but the text at 0-8 is 'Naloxone'; mention left out"
    ),
    NALOXONE.replace("'8'", "'99'"): "T2 ends at 99, the text at 16; mention left out",
    NALOXONE.replace("'0' length='8'", "'-1' length='8'"): (
        "annotation 'c' without a location, or with a wrong one; mention left out"
    ),
    NALOXONE.replace("<location offset='0' length='8'/>", ""): (
        "annotation 'c' without a location, or with a wrong one; mention left out"
    ),
    NALOXONE.replace("<infon key='type'>Chemical</infon>", ""): "T2 has no type; mention left out",
    PAIN.replace("'b'", "'z'"): "the annotation id 'z' stands twice; mention left out",
    f"{CID}<infon key='C'>D1</infon></relation>\n": ("CID with 1 ends; relation left out"),
    f"{CID}<infon key='C'>D1</infon><infon key='D'>D7</infon></relation>\n": (
        "R1 names D7, which is no mention; relation left out"
    ),
    "<passage><offset>9</offset><text>again</text></passage>\n": (
        "1: the offset '9' does not follow a text of 16 characters; <passage> left out"
    ),
    "<passage><offset>999999999</offset><text>far</text></passage>\n": (
        "1: the offset '999999999' does not follow a text of 16 characters; <passage> left out"
    ),
}


@pytest.mark.parametrize(("line", "message"), WRONG.items())
def test_a_wrong_record_is_named_and_the_rest_is_read(tmp_path: Path, line: str, message: str) -> None:
    first, line = NALOXONE.replace("'a'", "'z'"), line.replace("'a'", "'c'")
    content = f"{HEAD}{PASSAGE}{first}{line}{PAIN}</passage></document></collection>"
    (document,), faults = read(tmp_path, content)
    assert [document.surface(mention) for mention in document.mentions] == ["Naloxone", "pain"]
    assert faults == [f"x.xml:6: {message}"]


def test_ids_of_documents(tmp_path: Path) -> None:
    content = (
        f"{HEAD}{PASSAGE}</passage></document>\n" * 1 + f"{PASSAGE}</passage></document>\n<document/>\n</collection>"
    )
    documents, faults = read(tmp_path, content)
    assert [document.id for document in documents] == ["1"]
    assert faults == [
        "x.xml:6: the document id 1 stands twice; document left out",
        "x.xml:8: a document without an id; document left out",
    ]


BOMB = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 20))
HOSTILE = {
    f'<!DOCTYPE c [<!ENTITY e0 "ha">{BOMB}]><c><document><id>&e19;</id></document></c>': (
        "x.xml:1: the file declares entities, which are never read; file left out"
    ),
    '<!DOCTYPE c [<!ENTITY e SYSTEM "file:///etc/hostname">]><c><document><id>&e;</id></document></c>': (
        "x.xml:1: the file declares entities, which are never read; file left out"
    ),
    '<!DOCTYPE c [<!ENTITY % e SYSTEM "file:///etc/hostname"> %e;]><c><document><id>1</id></document></c>': (
        "x.xml:1: the file declares entities, which are never read; file left out"
    ),
    "<!DOCTYPE c SYSTEM 'none.dtd'>\n<c><document><id>&e;</id></document></c>": (
        "x.xml:2: an entity that nothing declares; <document> left out"
    ),
    "<c/>": "x.xml:1: there is no <document> in it; file left out",
    "": "x.xml:1: broken XML",
    "<c>" * 1000: "x.xml:1: broken XML",
    b"<c>\n<document>\xff</document></c>": "x.xml:2: broken XML",
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.items())
def test_nothing_is_expanded_or_fetched(tmp_path: Path, content: str | bytes, message: str) -> None:
    documents, (fault,) = read(tmp_path, content)
    assert documents == [] and fault.startswith(message)


def test_what_stood_before_the_break_is_kept(tmp_path: Path) -> None:
    documents, (fault,) = read(tmp_path, f"{HEAD}{PASSAGE}</passage></document>\n{PASSAGE}</passage></docu")
    assert [document.id for document in documents] == ["1"]
    assert fault.startswith("x.xml:7: broken XML (") and fault.endswith("the rest is left out")


def test_an_element_without_end_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MAX_ELEMENT", 2**18)
    content = f"{HEAD}{PASSAGE}</passage></document>\n<document>\n{'<a/>' * 500_000}</document></collection>"
    documents, faults = read(tmp_path, content)
    assert [document.id for document in documents] == ["1"]
    assert faults == ["x.xml:7: no end of a <document> up to here; the rest is left out"]
