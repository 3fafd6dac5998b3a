"""BioC: what is read, and what is said of XML that is wrong or means harm."""

from __future__ import annotations

import re
from collections.abc import Callable
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


def escaped(text: str) -> str:
    for sign, entity in (("&", "amp"), ("<", "lt"), (">", "gt"), ("'", "apos"), ('"', "quot")):
        text = text.replace(sign, f"&{entity};")
    return text


def annotation(id: str, offset: int, length: int, text: str, infons: str = "<infon key='type'>X</infon>") -> str:
    location = f"<location offset='{offset}' length='{length}'/>"
    return f"<annotation id='{id}'>{infons}{location}<text>{escaped(text)}</text></annotation>"


def collection(*content: str) -> str:
    return f"<collection><document><id>1</id>{''.join(content)}</document></collection>"


COUNTED = {
    "characters": len,
    "the text as XML has it": lambda text: len(escaped(text)),
    "the apostrophe alone as XML has it": lambda text: len(text.replace("'", "&apos;")),
    "the signs that have to be escaped": lambda text: len(escaped(text.replace("'", "x").replace('"', "x"))),
    "bytes": lambda text: len(text.encode()),
    "units of UTF-16": lambda text: len(text.encode("utf-16-le")) // 2,
}
TEXTS = ('The patients\' "aspirin" & <NaCl> dose', "Alzheimer's naloxone; боль 😀 then pain")
NAMES = (("aspirin", "NaCl", "dose"), ("naloxone", "pain", "'s nal", "боль 😀"))


@pytest.mark.parametrize("relative", [False, True], ids=["of the document", "of the passage"])
@pytest.mark.parametrize("plain", [False, True], ids=["passages alike", "passages in characters"])
@pytest.mark.parametrize("counted", COUNTED.values(), ids=COUNTED)
def test_offsets_that_do_not_count_characters(
    tmp_path: Path, counted: Callable[[str], int], plain: bool, relative: bool
) -> None:
    passages, offset, number = "", 0, 0
    for text, names in zip(TEXTS, NAMES, strict=True):
        passages += f"<passage><offset>{offset}</offset><text>{escaped(text)}</text>"
        for name in names:
            number += 1
            start = counted(text[: text.index(name)]) + (0 if relative else offset)
            passages += annotation(str(number), start, counted(name), name)
        passages += "</passage>"
        offset += (len if plain else counted)(text) + 1
    (document,), faults = read(tmp_path, collection(passages))
    assert (document.text, faults) == (" ".join(TEXTS), [])
    assert [document.surface(m) for m in document.mentions] == [name for names in NAMES for name in names]


def test_a_wrong_annotation_does_not_change_how_the_others_count(tmp_path: Path) -> None:
    text = "patients' aspirin & salt"
    right = annotation("1", 10, 7, "aspirin") + annotation("2", 20, 4, "salt")
    passage = (
        f"<passage><offset>0</offset><text>{escaped(text)}</text>{right}{annotation('3', 15, 7, 'aspirin')}</passage>"
    )
    (document,), faults = read(tmp_path, collection(passage))
    assert ([document.surface(m) for m in document.mentions], len(faults)) == (["aspirin", "salt"], 1)


def infons(**given: str) -> str:
    return "".join(f"<infon key='{key}'>{value}</infon>" for key, value in given.items())


def test_version_2_and_types_under_other_keys(tmp_path: Path) -> None:
    first_type = infons(annotation_key="chemical", MESH="D1", score="0.5")
    other_type, third_type = infons(entity_type="Gene", id="3"), infons(**{"class": "C", "Type": "T"})
    content = (
        "<collection><version>2.0</version><document id='7'><infon key='x'>y</infon><passage offset='2'>"
        f"<text>abcdef</text>{annotation('1', 3, 2, 'bc', first_type)}"
        "<relation id='R1'><infon key='relation-key'>near</infon><node refid='1' role='a'/><node refid='5' role='b'/>"
        f"</relation></passage>{annotation('5', 6, 1, 'e', other_type)}"
        "</document><document id='8'><passage offset='0'><sentence offset='0'><text>ab</text>"
        f"{annotation('1', 0, 1, 'a', third_type)}</sentence>"
        "<sentence offset='3'><text>боль</text></sentence></passage></document></collection>"
    )
    first, second = read(tmp_path, content)[0]
    assert (first.id, first.text, second.id, second.text) == ("7", "  abcdef", "8", "ab боль")
    assert first.mentions == (Mention.of("chemical", 3, 5, id="T1"), Mention.of("Gene", 6, 7, id="T2"))
    assert first.relations == (Relation("near", "T1", "T2", id="R1"),)
    assert second.mentions == (Mention.of("T", 0, 1, id="T1"),)


NO_TYPE = "T1 has no type; mention left out"


NOT_TYPES = (
    {},
    {"MESH": "D1", "NCBI Gene": "7"},
    {"annotator": "me"},
    {"colour": "red", "shape": "round"},
    {"type": " "},
)


@pytest.mark.parametrize("given", NOT_TYPES)
def test_what_is_not_a_type(tmp_path: Path, given: dict[str, str]) -> None:
    passage = f"<passage><offset>0</offset><text>abc</text>{annotation('1', 0, 1, 'a', infons(**given))}</passage>"
    (document,), faults = read(tmp_path, collection(passage))
    assert (document.mentions, faults) == ((), [f"x.xml:1: {NO_TYPE}"])


def test_sentences_without_a_text_hold_the_words_that_are_annotated(tmp_path: Path) -> None:
    def sentence(offset: int, words: str, first: int) -> str:
        places = [(offset + match.start(), match[0]) for match in re.finditer(r"\w+|\.", words)]
        tokens = [annotation(f"t{i}", at, len(word), word) for i, (at, word) in enumerate(places, first)]
        return f"<sentence><offset>{offset}</offset>{''.join(tokens)}</sentence>"

    nodes = "".join(f"<node refid='t{i}' role='x'/>" for i in (0, 3, 4))
    passage = sentence(10, "Raf activates MEK.", 0) + sentence(30, "MEK.", 4)
    passage = f"<passage><offset>0</offset>{passage}{relation(nodes, type='same')}</passage>"
    (document,), faults = read(tmp_path, collection(passage))
    assert (document.text, faults) == (" " * 10 + "Raf activates MEK." + "  MEK.", [])
    assert [document.surface(m) for m in document.mentions] == ["Raf", "activates", "MEK", ".", "MEK", "."]
    # One of three ends is two, of the first with each of the others.
    assert document.relations == (Relation("same", "T1", "T4", id="R1"), Relation("same", "T1", "T5", id="R1-2"))


def test_a_passage_of_which_only_some_words_are_known_says_so(tmp_path: Path) -> None:
    passage = f"<passage><offset>0</offset>{annotation('1', 0, 4, 'NaCl')}{annotation('2', 9, 4, 'salt')}</passage>"
    (document,), faults = read(tmp_path, collection(passage))
    assert (document.text, len(document.mentions)) == ("NaCl     salt", 2)
    assert faults == ["x.xml:1: 1: <passage> has no text; what its annotations hold stands in its place"]


def test_a_text_of_its_own_goes_before_those_of_sentences(tmp_path: Path) -> None:
    sentences = "<sentence><offset>0</offset><text>One.</text>" + annotation("1", 5, 3, "Two") + "</sentence>"
    sentences += "<sentence><offset>5</offset><text>Three.</text></sentence>"
    (document,), faults = read(
        tmp_path, collection(f"<passage><offset>0</offset><text>One. Two.</text>{sentences}</passage>")
    )
    assert (document.text, [document.surface(m) for m in document.mentions]) == ("One. Two.", ["Two"])
    assert faults == ["x.xml:1: 1: the sentence is no part of its passage; its text is not read"]


def relation(nodes: str = "", **given: str) -> str:
    return f"<relation id='R1'>{infons(**given)}{nodes}</relation>"


ENDS = ("Chemical|MESH:D1", "Disease|MESH:D2")
ONE_NODE = "<node refid='0' role='0,1'/>"
PUBTATOR_3 = relation(ONE_NODE, score="0.9971", role1=ENDS[0], role2=ENDS[1], type="Association")
BIORED = relation(entity2="MESH:D2", type="Association", novel="Novel", entity1="MESH:D1")
CDR = relation(relation="Association", Chemical="MESH:D1", Disease="MESH:D2", confidence="0.5", note="MESH:D1")
NODES = relation("<node refid='b' role='Arg2'/><node refid='a' role='Arg1'/>", type="Association")


@pytest.mark.parametrize("written", [PUBTATOR_3, BIORED, CDR, NODES], ids=["PubTator 3", "BioRED", "BC5CDR", "nodes"])
@pytest.mark.parametrize("place", ["document", "passage"])
def test_relations_as_others_write_them(tmp_path: Path, written: str, place: str) -> None:
    ids = [infons(type=type, identifier=f"MESH:D{number}") for number, type in enumerate("XCD")]
    passage = "<passage><offset>0</offset><text>aspirin, pain</text>"
    passage += annotation("a", 0, 7, "aspirin", ids[1]) + annotation("b", 9, 4, "pain", ids[2])
    passage += f"{written}</passage>" if place == "passage" else f"</passage>{written}"
    (document,), faults = read(tmp_path, collection(passage))
    assert (document.relations, faults) == ((Relation("Association", "T1", "T2", id="R1"),), [])
    assert document.relations[0].score == (0.9971 if written is PUBTATOR_3 else None)


def test_a_relation_of_one_end_is_a_fault(tmp_path: Path) -> None:
    one = relation("<node refid='1' role='x'/>", type="negated")
    passage = f"<passage><offset>0</offset><text>a</text>{annotation('1', 0, 1, 'a')}{one}</passage>"
    assert read(tmp_path, collection(passage))[1] == ["x.xml:1: negated with 1 ends; relation left out"]


def test_annotations_that_each_passage_counts_anew(tmp_path: Path) -> None:
    near = relation("<node refid='0' role='x'/><node refid='1' role='y'/>", type="near")
    passages = [
        f"<passage><offset>{3 * i}</offset><text>ab</text>{annotation('0', 3 * i, 1, 'a')}"
        f"{annotation('1', 3 * i + 1, 1, 'b')}{near}</passage>"
        for i in range(2)
    ]
    (document,), faults = read(tmp_path, collection(*passages, near))
    assert [(r.head, r.tail) for r in document.relations] == [("T1", "T2"), ("T3", "T4")]
    ends = "0 (of which there are 2) and 1 (of which there are 2)"
    assert faults == [f"x.xml:1: R3 names {ends}, which is no mention; relation left out"]


@pytest.mark.parametrize(("gap", "space"), [(1, 1), (1000, 1000), (1001, 1), (9_000_000, 1)])
def test_passages_that_are_far_apart(tmp_path: Path, gap: int, space: int) -> None:
    at = 2 + gap
    content = collection(
        "<passage><offset>0</offset><text>ab</text></passage>",
        f"<passage><offset>{at}</offset><text>cd</text>{annotation('1', at + 1, 1, 'd')}</passage>",
    )
    (document,), faults = read(tmp_path, content)
    assert (document.text, faults) == ("ab" + " " * space + "cd", [])
    assert [document.surface(mention) for mention in document.mentions] == ["d"]


ROLES = [
    ("Arg1", "Arg2"),
    ("Arg0", "Arg1"),
    ("head", "tail"),
    ("Subject", "Object"),
    ("subj", "obj"),
    ("source", "target"),
]


@pytest.mark.parametrize("roles", ROLES)
@pytest.mark.parametrize("turned", [False, True])
def test_roles_say_which_end_is_which(tmp_path: Path, roles: tuple[str, str], turned: bool) -> None:
    nodes = [f"<node refid='{id}' role='{role}'/>" for id, role in zip("ab", roles, strict=True)]
    infons = [f"<infon key='{role}'>{id}</infon>" for id, role in zip(("D1", "D2"), roles, strict=True)]
    for ends in (nodes, infons):
        written = "".join(reversed(ends) if turned else ends)
        relation = f"<relation id='R'><infon key='type'>treats</infon>{written}</relation>"
        content = f"{HEAD}{PASSAGE}{NALOXONE}{PAIN}</passage>{relation}</document></collection>"
        (document,), faults = read(tmp_path, content)
        assert (document.relations, faults) == ((Relation("treats", "T1", "T2", id="R1"),), [])
