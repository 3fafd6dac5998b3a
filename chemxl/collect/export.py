"""Documents as a ``datasets.Dataset`` or a Parquet file, and back without loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, List, Value
from datasets.table import InMemoryTable

from chemxl.documents import Document, Label, Mention, Relation
from chemxl.errors import ChemxlError, CorpusError
from chemxl.files import replaced

_STRING = Value("string")
FEATURES = Features(
    {
        "id": _STRING,
        "text": _STRING,
        "mentions": List(
            {
                "type": _STRING,
                "id": _STRING,
                "fragments": List({"start": Value("int64"), "end": Value("int64")}),
                "score": Value("float64"),
            }
        ),
        "relations": List(
            {"type": _STRING, "head": _STRING, "tail": _STRING, "id": _STRING, "score": Value("float64")}
        ),
        "language": _STRING,
        "domain": _STRING,
        "labels": List({"type": _STRING, "score": Value("float64")}),
        "source": _STRING,
    }
)

_SCHEMA: pa.Schema = FEATURES.arrow_schema

# A Parquet file may be small and unpack to much: the most that is read, and how many documents at once.
MAX_BYTES = 4 * 2**30
_ROWS = 256


def to_dataset(documents: Iterable[Document]) -> Dataset:
    """A dataset in memory with one row for each document; offsets count code points.

    Raises:
        CorpusError: a document has half of a surrogate pair, which UTF-8 has no bytes for.
    """
    return Dataset(InMemoryTable(pa.Table.from_batches(_batches(documents), schema=_SCHEMA)))


def from_dataset(dataset: Dataset) -> list[Document]:
    """The documents of a dataset with the columns of ``FEATURES``; other columns are ignored.

    Raises:
        CorpusError: a column is missing or of another type, or a row is no document (the row is named).
    """
    given = {name: dataset.features.get(name) for name in FEATURES}
    wrong = [name for name, feature in FEATURES.items() if given[name] != feature]
    if wrong:
        raise CorpusError(
            f"the dataset's {', '.join(wrong)}: no such column, or not as in chemxl.collect.export.FEATURES"
        )
    table = dataset.select_columns(list(FEATURES)).with_format("arrow")[:]
    return list(_documents(table.to_batches(_ROWS), "dataset"))


def write_parquet(path: Path, documents: Iterable[Document]) -> None:
    """Write documents one after the other; the file takes its place when it is whole.

    Raises:
        CorpusError: as for :func:`to_dataset`.
    """
    with replaced(path) as beside, pq.ParquetWriter(beside, _SCHEMA, compression="zstd") as writer:
        for batch in _batches(documents):
            writer.write_batch(batch)


def read_parquet(path: Path) -> list[Document]:
    """The documents of a file that :func:`write_parquet` wrote; in another file the first fault is an error.

    Raises:
        CorpusError: it is no Parquet file, has another schema, is larger than ``MAX_BYTES`` unpacked, or a row is no
            document (file and row are named).
    """
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(_SCHEMA):
                raise CorpusError(f"{path}: its columns are not those of chemxl.collect.export.FEATURES")
            groups = range(file.metadata.num_row_groups)
            _bounded(path, sum(file.metadata.row_group(i).total_byte_size for i in groups))
            return list(_documents(file.iter_batches(_ROWS), str(path)))
    except (pa.ArrowException, OSError, ValueError) as error:  # the last: names of columns that are not UTF-8
        reason = str(error).partition("\n")[0][:200]
        raise CorpusError(f"{path}: cannot be read as Parquet ({reason}); write it again") from error


def _bounded(path: Path | str, size: int) -> None:
    """Refuse a file that unpacks to too many bytes."""
    if size > MAX_BYTES:
        raise CorpusError(f"{path}: more than the {MAX_BYTES} bytes that it may unpack to; split the file")


def _batches(documents: Iterable[Document]) -> Iterator[pa.RecordBatch]:
    """Documents as batches of rows."""
    documents = iter(documents)
    while block := list(islice(documents, _ROWS)):
        try:
            yield pa.RecordBatch.from_pylist([_row(document) for document in block], schema=_SCHEMA)
        except UnicodeEncodeError as error:
            ids = ascii([block[0].id, block[-1].id])
            raise CorpusError(f"among the documents {ids}: {error}; half of a surrogate pair is no text") from error


def _row(document: Document) -> dict[str, object]:
    """A document as a row."""
    row = asdict(document)
    for mention in row["mentions"]:
        mention["fragments"] = [{"start": start, "end": end} for start, end in mention["fragments"]]
    return row


def _documents(batches: Iterable[pa.RecordBatch], where: str) -> Iterator[Document]:
    """The documents of batches of rows, each row checked."""
    row = size = 0
    for batch in batches:
        batch.validate(full=True)  # or bytes that are not UTF-8 would come through
        size += batch.nbytes
        _bounded(where, size)
        for fields in batch.to_pylist():
            row += 1
            try:
                yield _document(fields)
            except (ChemxlError, TypeError) as error:  # of a TypeError the cause is a null
                reason = "a value is null" if isinstance(error, TypeError) else error
                raise CorpusError(f"{where}, row {row}: no document ({reason}); write it again") from error


def _document(fields: Mapping[str, Any]) -> Document:
    """The document that a row holds."""
    mentions = tuple(
        Mention(
            _text(m["type"]),
            tuple((int(span["start"]), int(span["end"])) for span in m["fragments"]),
            id=_text(m["id"]),
            score=m["score"],
        )
        for m in fields["mentions"]
    )
    relations = tuple(
        Relation(_text(r["type"]), _text(r["head"]), _text(r["tail"]), _text(r["id"]), score=r["score"])
        for r in fields["relations"]
    )
    labels = tuple(Label(_text(label["type"]), label["score"]) for label in fields["labels"])
    id, text, language, domain, source = (
        _text(fields[name]) for name in ("id", "text", "language", "domain", "source")
    )
    return Document(id, text, mentions, relations, language, domain, labels, source)


def _text(value: str | None) -> str:
    """A text that is not null."""
    if value is None:
        raise TypeError
    return value
