"""BioNNE-R tables: what is read, and what is said of a row that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import Log, tsv
from chemxl.documents import Document, Mention, Relation
from chemxl.errors import CorpusError

TEXT = "Поражение лёгких и сердца при приёме амиодарона."
ENTITIES = "document_id\tentity_type\tentity_text\tentity_span\n"
RELATIONS = "document_id\trelation\thead_text\thead_span\thead_type\ttail_text\ttail_span\ttail_type\n"
LUNGS = "1_ru\tDISO\tПоражение лёгких\t0-16\n"
HEART = "1_ru\tDISO\tПоражение сердца\t0-9,19-25\n"
DRUG = "1_ru\tCHEM\tамиодарона\t37-47\n"
CAUSE = "1_ru\tHAS_CAUSE\tПоражение лёгких\t0-16\tDISO\tамиодарона\t37-47\tCHEM\n"


def read(
    folder: Path, entities: str | bytes, relations: str = "", *, strict: bool = False
) -> tuple[list[Document], list[str]]:
    (folder / "1_ru.txt").write_text(TEXT, encoding="utf-8")
    (folder / "2_ru.txt").write_text("", encoding="utf-8")
    (folder / "x-ent.tsv").write_bytes(entities.encode() if isinstance(entities, str) else entities)
    (folder / "x-rel.tsv").write_text(relations, encoding="utf-8")
    log = Log(strict=strict)
    documents = tsv.read(sorted(folder.iterdir()), log)
    return documents, [f"{fault.path.name}:{fault.line}: {fault.message}" for fault in log.faults]


@pytest.mark.parametrize("head", ["", "\ufeff"])
def test_documents(tmp_path: Path, head: str) -> None:
    documents, faults = read(tmp_path, head + ENTITIES + LUNGS + HEART + DRUG, RELATIONS + CAUSE)
    assert faults == []
    assert documents == [
        Document(
            "1_ru",
            TEXT,
            (
                Mention.of("DISO", 0, 16, id="T1"),
                Mention("DISO", ((0, 9), (19, 25)), id="T2"),
                Mention.of("CHEM", 37, 47, id="T3"),
            ),
            (Relation("HAS_CAUSE", "T1", "T3", id="R1"),),
        ),
        Document("2_ru", ""),
    ]


WRONG = {
    "1_ru\tDISO\tПоражение сердца\t0-25\n": (
        "T2 is recorded as 'Поражение сердца', but the text at 0-25 is 'Поражение лёгких и сердца'; mention left out"
    ),
    "1_ru\tDISO\tсердца\t25-19\n": "mention T2: fragments ((25, 19),) do not ascend; mention left out",
    "1_ru\tDISO\tсердца\t19-99\n": "T2 ends at 99, the text at 48; mention left out",
    "1_ru\tDISO\tсердца\t19\n": "'19' is not a span (start-end, start-end); mention left out",
    "1_ru\tDISO\tсерд\n": "3 columns where 4 were due; row left out",
    "9_ru\tDISO\tсердца\t19-25\n": "there is no text '9_ru'; row left out",
    LUNGS: "DISO 'Поражение лёгких' at 0-16 stands twice; mention left out",
    b"1_ru\tDISO\t\xf1\xe5\xf0\t19-25\n": "bytes that are not UTF-8; line left out",
}


@pytest.mark.parametrize(("row", "message"), WRONG.items())
def test_a_wrong_row_is_named_and_the_rest_is_read(tmp_path: Path, row: str | bytes, message: str) -> None:
    row = row.encode() if isinstance(row, str) else row
    content = (ENTITIES + LUNGS).encode() + row + DRUG.encode()
    (document, _), faults = read(tmp_path, content, RELATIONS + CAUSE)
    assert [mention.span for mention in document.mentions] == [(0, 16), (37, 47)]
    assert (len(document.relations), faults) == (1, [f"x-ent.tsv:3: {message}"])
    with pytest.raises(CorpusError, match=r"x-ent\.tsv:3: "):
        read(tmp_path, content, strict=True)


def test_a_relation_of_a_mention_that_is_not_there_or_that_stands_twice(tmp_path: Path) -> None:
    (document, _), faults = read(
        tmp_path, ENTITIES + LUNGS + DRUG, RELATIONS + CAUSE.replace("37-47", "37-46") + CAUSE + CAUSE
    )
    assert document.relations == (Relation("HAS_CAUSE", "T1", "T2", id="R1"),)
    assert faults == [
        "x-rel.tsv:2: R1 names CHEM 'амиодарона' at 37-46, which is no mention; relation left out",
        "x-rel.tsv:4: HAS_CAUSE of 'Поражение лёгких' and 'амиодарона' stands twice; relation left out",
    ]
