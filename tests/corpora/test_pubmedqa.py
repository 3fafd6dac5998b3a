"""PubMedQA: abstracts from contexts, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import pubmedqa
from chemxl.documents import Document
from tests.corpora.reading import reading
from tests.corpora.samples import PUBMEDQA

EXPECTED = [Document("17", "Naloxone.\nБоль."), Document("18", "NaCl")]


def test_documents(tmp_path: Path) -> None:
    assert reading(pubmedqa.read, tmp_path, PUBMEDQA) == (EXPECTED, [])


@pytest.mark.parametrize("abstract", ["[]", '{"CONTEXTS": "x"}', '{"CONTEXTS": []}', '{"CONTEXTS": ["x", 1]}'])
def test_a_wrong_abstract_is_named_and_the_rest_is_read(tmp_path: Path, abstract: str) -> None:
    content = PUBMEDQA["a.json"].replace('"18": {', f'"19": {abstract},\n"18": {{')
    documents, faults = reading(pubmedqa.read, tmp_path, {"a.json": content})
    assert documents == EXPECTED
    assert faults == ["a.json:3: the abstract '19' has no list of texts under CONTEXTS; abstract left out"]


def test_an_abstract_in_two_files_and_a_file_that_breaks(tmp_path: Path) -> None:
    files = {**PUBMEDQA, "b.json": '{\n"18": {"CONTEXTS": ["again"]}}', "c.json": '{"1":\n\n{"CONTEXTS": ["x"'}
    documents, faults = reading(pubmedqa.read, tmp_path, files)
    assert documents == EXPECTED
    assert faults[0] == "b.json:2: the abstract '18' stands twice; abstract left out"
    assert faults[1].startswith("c.json:3: not JSON (Expecting ',' delimiter: line 3") and len(faults) == 2
