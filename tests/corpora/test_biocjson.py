"""BioC in JSON is read as the same in XML, whatever documents stand in; what is broken is said, and the rest read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from chemxl.corpora import Log, bioc, paths
from chemxl.corpora.biocjson import elements
from chemxl.documents import Document, Mention, Relation
from tests.corpora.reading import reading
from tests.corpora.samples import BIOC


def read(folder: Path, content: Any, name: str = "a.json") -> tuple[list[Document], list[str]]:
    return reading(bioc.read, folder, {name: content if isinstance(content, str) else json.dumps(content)})


def as_json(element: Any) -> dict[str, Any]:
    """An element of BioC's XML as the object that stands for it."""
    made: dict[str, Any] = dict(element.attrib) | {"infons": {i.get("key"): i.text for i in element.findall("infon")}}
    for child in element:
        if child.tag in ("id", "offset", "text"):
            made[child.tag] = int(child.text) if child.tag == "offset" else child.text
        elif child.tag != "infon":
            made.setdefault(f"{child.tag}s", []).append(as_json(child))
    return made


SAMPLE = as_json(etree.fromstring(BIOC["a.xml"].encode()))
FIRST, SECOND = SAMPLE["documents"]


@pytest.mark.parametrize(
    "content",
    [
        SAMPLE,
        json.dumps(SAMPLE, indent=2),
        [SAMPLE],
        [FIRST, SECOND],
        {"PubTator3": [FIRST, SECOND]},
        [{"documents": [FIRST]}, {"source": "{[", "documents": [SECOND]}],
        f"{json.dumps(FIRST)}\n{json.dumps(SECOND, ensure_ascii=False)}\n",
    ],
    ids=["collection", "over lines", "list", "documents", "PubTator 3", "collections", "lines"],
)
def test_it_is_read_as_xml_is(tmp_path: Path, content: Any) -> None:
    (tmp_path / "xml").mkdir()
    due = reading(bioc.read, tmp_path / "xml", {**BIOC})
    assert read(tmp_path / "json", content) == due and not due[1]
    assert paths.found(tmp_path / "json").reader == "bioc"


def abstract(**changed: Any) -> dict[str, Any]:
    """A document with two annotations."""
    kinds = {"D1": ("Chemical", 0, "Naloxone"), "D2": ("Disease", 12, "pain")}
    annotations = [
        {
            "id": str(count),
            "infons": {"identifier": id, "type": type, "valid": True, "normalized": [1, 2], "biotype": "x"},
            "text": text,
            "locations": [{"offset": start, "length": len(text)}],
        }
        for count, (id, (type, start, text)) in enumerate(kinds.items(), 2)
    ]
    passage = {"infons": {}, "offset": 0, "text": "Naloxone in pain", "sentences": [], "annotations": annotations}
    return {"_id": "7|None", "id": "7", "infons": {}, "passages": [passage], "relations": []} | changed


def test_relations_of_pubtator_3_name_concepts(tmp_path: Path) -> None:
    """Its nodes are numbers of something that the file does not have."""
    roles = {f"role{i}": {"identifier": f"D{i}", "type": "x", "name": "y"} for i in (1, 2)}
    relation = {"id": "R1", "infons": {"type": "Negative_Correlation", **roles}, "nodes": [{"refid": "0"}] * 2}
    [document], faults = read(tmp_path, {"PubTator3": [abstract(relations=[relation])]})
    assert document.mentions == (Mention.of("Chemical", 0, 8, id="T1"), Mention.of("Disease", 12, 16, id="T2"))
    assert (document.relations, faults) == ((Relation("Negative_Correlation", "T1", "T2", id="R1"),), [])


def test_nodes_name_annotations(tmp_path: Path) -> None:
    relation = {"id": "R", "infons": {"type": "treats"}, "nodes": [{"refid": "3", "role": "a"}, {"refid": "2"}]}
    [document], faults = read(tmp_path, [abstract(relations=[relation])])
    assert (document.relations, faults) == ((Relation("treats", "T2", "T1", id="R1"),), [])


GOOD = json.dumps(abstract())
BROKEN = {
    GOOD.replace('"7"', "7-"): ["a.json:2: not JSON (Expecting ',' delimiter: line 1 column 26 (char 25)); left out"],
    GOOD.replace("Naloxone in", "\\u0000aloxone in"): [
        "a.json:2: a character that XML forbids, read as U+FFFD; spans of it do not match",
        "a.json:2: T1 is recorded as 'Naloxone', but the text at 0-8 is '\ufffdaloxone'; mention left out",
    ],
    GOOD.replace('"offset": 12', '"offset": 1.5'): [
        "a.json:2: annotation '3' without a location, or with a wrong one; mention left out"
    ],
    GOOD[:-1]: ["a.json:2: broken JSON (it ends before all brackets are closed); the rest is left out"],
    GOOD[:-10]: ["a.json:2: broken JSON (a string has no end); the rest is left out"],
    GOOD[:-1] + "]": ["a.json:2: broken JSON (] closes nothing); the rest is left out"],
    "[" * 99: ["a.json:2: broken JSON (more than 64 brackets are open); the rest is left out"],
}


@pytest.mark.parametrize(("content", "due"), BROKEN.items(), ids=range(len(BROKEN)))
def test_what_is_broken_is_said_and_the_rest_is_read(tmp_path: Path, content: str, due: list[str]) -> None:
    before = json.dumps(abstract(id="first"))
    documents, faults = read(tmp_path, f"{before}\n{content}\n")
    assert documents[0].id == "first" and len(documents[0].mentions) == 2
    assert faults == due


def test_a_file_without_documents_is_a_fault(tmp_path: Path) -> None:
    said = ["a.json:1: there is no object with passages in it; file left out"]
    assert read(tmp_path / "a", '{"a": "\\"passages\\": []"}') == ([], said)
    assert read(tmp_path / "b", '["passages", []]') == ([], said)


def test_json_lines_of_texts_stay_what_they_were(tmp_path: Path) -> None:
    row = {"text": 'It has "passages": [1].', "mentions": []}
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(row)}\n")
    assert paths.found(tmp_path).reader == "annotated"


@given(st.text(st.sampled_from('{}[]"\\:, pas'), max_size=60) | st.text(max_size=40))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.mktemp("any") / "a.json"
    path.write_text(f'{{"passages": [], "id": "1"}}\n{content}', "utf-8", newline="")
    log = Log()
    assert len([*elements(path, log)]) >= 1
    assert all(re.search(r"left out|U\+FFFD", str(fault)) for fault in log.faults)


def test_long_files_are_read_in_one_pass(tmp_path: Path) -> None:
    """A string without an end is not looked through again from each of its quotes, which would take hours."""
    path = tmp_path / "a.json"
    path.write_text('{"passages": ["' + '\\"' * 500_000)
    log = Log()
    assert not [*elements(path, log)] and "a string has no end" in log.faults[0].message


def test_lines_are_numbered_beyond_those_of_lxml(tmp_path: Path) -> None:
    wrong = abstract(relations=[{"infons": {"type": "R"}, "nodes": []}])
    _, faults = read(tmp_path, "\n" * 70_000 + json.dumps(wrong))
    assert faults == ["a.json:70001: R with 0 ends; relation left out"]
