"""GAD: masked sentences, and what is said of a line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import gad
from chemxl.documents import Document, Mention, Relation
from tests.corpora.reading import reading
from tests.corpora.samples import GAD

FIRST = Document(
    "a-0",
    "@GENE$ in @DISEASE$.",
    (Mention.of("GENE", 0, 6, id="T1"), Mention.of("DISEASE", 10, 19, id="T2")),
    (Relation("ASSOCIATED", "T1", "T2", id="R1"),),
)
SECOND = Document(
    "a-1",
    "При @DISEASE$ нет @GENE$.",
    (Mention.of("GENE", 18, 24, id="T1"), Mention.of("DISEASE", 4, 13, id="T2")),
)


def test_documents(tmp_path: Path) -> None:
    assert reading(gad.read, tmp_path, GAD) == ([FIRST, SECOND], [])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "3", "sentence": "@GENE$ alone", "label": "1"}', "a sentence with @GENE$, @DISEASE$ and a label"),
        ('{"id": "3", "sentence": "@GENE$ @DISEASE$", "label": "2"}', "a sentence with @GENE$, @DISEASE$ and a label"),
        ('{"id": "3", "sentence": "@GENE$ @DISEASE$", "label": 1}', "no text under label; line left out"),
        ('{"id": "1", "sentence": "@GENE$ @DISEASE$", "label": "1"}', "the document id a-1 stands twice"),
    ],
)
def test_a_wrong_line_is_named_and_the_rest_is_read(tmp_path: Path, line: str, message: str) -> None:
    documents, (fault,) = reading(gad.read, tmp_path, {"a.json": GAD["a.json"] + line + "\n"})
    assert documents == [FIRST, SECOND]
    assert fault.startswith(f"a.json:3: {message}")
