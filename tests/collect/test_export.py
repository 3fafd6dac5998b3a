"""Documents into a dataset and Parquet, and back; files that are none are refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chemxl.collect import export
from chemxl.collect.export import FEATURES, from_dataset, read_parquet, to_dataset, write_parquet
from chemxl.documents import Document, Label, Mention, Relation
from chemxl.errors import CorpusError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(TEXT.filter(lambda t: len(t) > 1))
    mentions = []
    for n in range(draw(st.integers(0, 3))):
        cuts = draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6, unique=True).map(sorted))
        pairs = tuple(zip(cuts[::2], cuts[1::2], strict=False))
        score = draw(st.none() | st.floats(0, 1))
        mentions.append(Mention(draw(TEXT), pairs, id=draw(st.sampled_from(["", f"T{n}"])), score=score))
    ids = [mention.id for mention in mentions if mention.id]
    scored = st.none() | st.floats(0, 1)
    relations = tuple(Relation(draw(TEXT), head, ids[0], id=draw(TEXT), score=draw(scored)) for head in ids)
    labels = tuple(Label(type, draw(scored)) for type in draw(st.lists(TEXT, max_size=2, unique=True)))
    return Document(draw(TEXT), text, tuple(mentions), relations, draw(TEXT), draw(TEXT), labels, draw(TEXT))


def scores(documents: list[Document]) -> list[float | None]:
    return [one.score for d in documents for one in (*d.mentions, *d.relations, *d.labels)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(documents(), max_size=4))
def test_what_goes_in_comes_back(tmp_path: Path, given_documents: list[Document]) -> None:
    dataset = to_dataset(given_documents)
    assert dataset.features == FEATURES and len(dataset) == len(given_documents)
    write_parquet(tmp_path / "x.parquet", given_documents)
    for back in (from_dataset(dataset), read_parquet(tmp_path / "x.parquet")):
        assert back == given_documents
        assert scores(back) == scores(given_documents)
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


ONE = Document("d", "aspirin 😀", (Mention.of("CHEM", 0, 7, id="T1"),), language="en")


def test_more_than_one_block_of_documents(tmp_path: Path) -> None:
    many = [Document(str(i), "text") for i in range(600)]
    write_parquet(tmp_path / "x.parquet", iter(many))
    assert read_parquet(tmp_path / "x.parquet") == many
    assert from_dataset(to_dataset(many).select(range(10, 20))) == many[10:20]


def test_the_library_reads_the_file_with_its_features(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", [ONE])
    read = Dataset.from_parquet(str(tmp_path / "x.parquet"), cache_dir=str(tmp_path / "cache"))
    assert read.features == FEATURES
    assert read[0]["mentions"] == [{"type": "CHEM", "id": "T1", "fragments": [{"start": 0, "end": 7}], "score": None}]
    assert from_dataset(read.add_column("further", [1])) == [ONE]


def test_a_failed_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_parquet(path, [ONE])
    with pytest.raises(CorpusError, match=r"\['half', 'half'\].*surrogate"):
        write_parquet(path, [Document("half", "\ud83d")])
    assert read_parquet(path) == [ONE]
    with pytest.raises(CorpusError, match="surrogate"):
        to_dataset([Document("half", "\ud83d")])


def row(**changed: object) -> dict[str, object]:
    mention = {"type": "CHEM", "id": "T1", "fragments": [{"start": 0, "end": 7}], "score": None}
    return {
        "id": "d",
        "text": "aspirin",
        "mentions": [mention],
        "relations": [],
        "language": "",
        "domain": "",
        "labels": [],
        "source": "",
    } | changed


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"text": "as"}, "T1 ends at 7, the text at 2"),
        ({"text": None}, "null"),
        ({"mentions": None}, "null"),
        ({"mentions": [{"type": "CHEM", "id": "T1", "fragments": [], "score": None}]}, "no fragment"),
        ({"mentions": [{"type": "CHEM", "id": "T1", "fragments": [{"start": None, "end": 7}], "score": None}]}, "null"),
        ({"mentions": [{"type": None, "id": "T1", "fragments": [{"start": 0, "end": 7}], "score": None}]}, "null"),
        ({"mentions": [None]}, "null"),
        ({"relations": [{"type": "R", "head": "T1", "tail": "T2", "id": "", "score": None}]}, "names T2"),
        ({"labels": [{"type": None, "score": None}]}, "null"),
        ({"labels": [{"type": "C", "score": None}] * 2}, "stands twice"),
    ],
)
def test_a_row_that_is_no_document_is_named(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    table = pa.Table.from_pylist([row(), row(**changed)], schema=FEATURES.arrow_schema)
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(CorpusError, match=rf"x\.parquet, row 2: no document \(.*{message}"):
        read_parquet(tmp_path / "x.parquet")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with pytest.raises(CorpusError, match="cannot be read as Parquet"):
        read_parquet(path)
    for junk in (b"", b"PAR1", b"PAR1" + b"\xff" * 40 + b"PAR1"):
        path.write_bytes(junk)
        with pytest.raises(CorpusError, match=r"x\.parquet: cannot be read as Parquet"):
            read_parquet(path)
    pq.write_table(pa.table({"text": ["aspirin"]}), path)
    with pytest.raises(CorpusError, match=r"x\.parquet: its columns"):
        read_parquet(path)
    with pytest.raises(CorpusError, match="the dataset's id, mentions"):
        from_dataset(Dataset.from_dict({"text": ["aspirin"]}))


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_a_damaged_file_is_a_clear_error_or_other_documents(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "x.parquet"
    write_parquet(path, [ONE] * 3)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.sampled_from([len(raw), len(raw) // 2]))])
    try:
        assert all(isinstance(document, Document) for document in read_parquet(path))
    except CorpusError as error:
        assert "x.parquet" in str(error)


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.parquet"
    write_parquet(path, [Document("d", "a" * 10**6)])
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(export, "MAX_BYTES", 10**5)
    with pytest.raises(CorpusError, match="unpack"):
        read_parquet(path)


def test_a_column_whose_name_is_no_text_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_parquet(path, [ONE])
    raw = bytearray(path.read_bytes())
    first = raw.rindex(b"PAR1") - int.from_bytes(raw[-8:-4], "little")  # of the footer
    raw[raw.index(b"language", first)] = 0x80
    path.write_bytes(raw)
    with pytest.raises(CorpusError, match=r"x\.parquet: cannot be read as Parquet"):
        read_parquet(path)
