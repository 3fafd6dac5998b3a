"""RuDReC: reviews put together from their sentences, and what is said of a sentence or an entity that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.corpora import Log, rudrec
from chemxl.documents import Document, Mention
from tests.corpora.reading import reading
from tests.corpora.samples import RUDREC

EXPECTED = [
    Document(
        "1",
        "Пила аспирин.\nБыла сыпь.\n",
        (Mention.of("Drugname", 5, 12, id="T1"), Mention.of("ADR", 19, 23, id="T2")),
    ),
    Document("2", "Йод\n", (Mention.of("Drugname", 0, 3, id="T1"),)),
]


def test_a_document_is_a_review(tmp_path: Path) -> None:
    assert reading(rudrec.read, tmp_path, RUDREC) == (EXPECTED, [])


LEFT_OUT = "no entity (start, end, entity_type, entity_text) of the sentence; left out"


@pytest.mark.parametrize(
    ("entity", "message"),
    [
        ('{"start": -4, "end": 3, "entity_type": "X", "entity_text": "x"}', LEFT_OUT),
        ('{"start": 0, "end": 8, "entity_type": "X", "entity_text": "x"}', LEFT_OUT),
        ('{"start": 0, "end": 3, "entity_type": "X"}', LEFT_OUT),
        ('{"start": "0", "end": 3, "entity_type": "X", "entity_text": "x"}', LEFT_OUT),
        ('"x"', LEFT_OUT),
        (
            '{"start": 0, "end": 2, "entity_type": "X", "entity_text": "Йод"}',
            "T1 is recorded as 'Йод', but the text at 0-2 is 'Йо'; mention left out",
        ),
        ('{"start": 0, "end": 3, "entity_type": "", "entity_text": "Йод"}', "T1 has no type; mention left out"),
    ],
)
def test_a_wrong_entity_is_named_and_the_rest_is_read(tmp_path: Path, entity: str, message: str) -> None:
    content = RUDREC["a.json"].replace('"text": "Йод", "entities": [', f'"text": "Йод", "entities": [{entity}, ')
    assert reading(rudrec.read, tmp_path, {"a.json": content}) == (EXPECTED, [f"a.json:3: {message}"])


def test_a_sentence_without_a_list_of_entities(tmp_path: Path) -> None:
    documents, faults = reading(rudrec.read, tmp_path, {"a.json": '{"file_name": "3.tsv", "text": "Йод\\n"}\n'})
    assert documents == [Document("3", "Йод\n")]
    assert faults == ["a.json:1: no list of entities; the sentence is read without any"]


@given(
    st.lists(st.lists(st.sampled_from(["йод", "соль 😀", "C₂H₅OH"]), min_size=1, max_size=4), min_size=1, max_size=5)
)
def test_offsets_of_any_sentence_hold_in_the_review(
    tmp_path_factory: pytest.TempPathFactory, names: list[list[str]]
) -> None:
    rows = []
    for words in names:
        text, entities = " ".join(words), []
        for i, word in enumerate(words):
            start = len(" ".join([*words[:i], ""]))
            entities.append({"start": start, "end": start + len(word), "entity_type": "X", "entity_text": word})
        rows.append(json.dumps({"file_name": "1.tsv", "text": text + "\n", "entities": entities}))
    path = tmp_path_factory.mktemp("rudrec") / "a.json"
    path.write_text("\n".join(rows), encoding="utf-8")
    (document,) = rudrec.read([path], Log(strict=True))
    assert [document.surface(mention) for mention in document.mentions] == [word for words in names for word in words]
