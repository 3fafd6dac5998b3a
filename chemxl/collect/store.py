"""Fetched records on disk. A batch and the state of the search are saved together or not at all (SQLite transactions).

A process may be killed at any moment. The next one finds every batch that landed and asks for none of them again.
"""

from __future__ import annotations

import json
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock

from chemxl.collect.http import SourceError
from chemxl.documents import Document

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    source TEXT, id TEXT, documents TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (source, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS found (
    place INTEGER PRIMARY KEY, search TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (search, id)
);
CREATE TABLE IF NOT EXISTS searches (search TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
"""
_AT_ONCE = 500  # SQLite takes some thousands of parameters in a statement


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a source, with its documents.

    Args:
        documents: the record's own text first, then those in other languages; empty where there is no text.
        reason: why it gives no document by default; empty for a good one.
    """

    id: str
    documents: tuple[Document, ...] = ()
    reason: str = ""


class Store:
    """Fetched records and the state of searches, in one file that several sources may share.

    Raises:
        SourceError: the file is not such a store, or it is damaged.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # One process at a time asks a source: another waits, and then finds everything fetched.
        self.lock = FileLock(f"{self.path}.lock")
        with self._open() as db:
            db.executescript(_SCHEMA)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is written whole or not at all."""
        try:
            db = sqlite3.connect(self.path, timeout=60)
            try:
                with db:
                    yield db
            finally:
                db.close()
        except sqlite3.OperationalError as error:
            raise SourceError(f"{self.path}: cannot be used ({error})") from error
        except sqlite3.DatabaseError as error:
            raise SourceError(f"{self.path}: not a whole store ({error}); move it away and fetch again") from error

    def save(
        self,
        source: str,
        *,
        records: Iterable[Record] = (),
        search: str = "",
        found: Sequence[str] = (),
        state: dict[str, Any] | None = None,
    ) -> int:
        """Save records of a source, and the ids that a search found with the state to go on from, in one transaction.

        A record under a known id replaces the earlier one; an id that the search knows keeps its place.

        Returns:
            How many of the found ids are new.
        """
        rows = [(source, r.id, json.dumps([_packed(d) for d in r.documents]), r.reason) for r in records]
        with self._open() as db:
            db.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)", rows)
            before = db.total_changes
            db.executemany("INSERT OR IGNORE INTO found (search, id) VALUES (?, ?)", [(search, id) for id in found])
            new = db.total_changes - before
            if state is not None:
                db.execute("INSERT OR REPLACE INTO searches VALUES (?, ?)", (search, json.dumps(state)))
        return new

    def state(self, search: str) -> dict[str, Any] | None:
        """The state of a search; None if it has not begun."""
        with self._open() as db:
            row = db.execute("SELECT state FROM searches WHERE search = ?", (search,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def found(self, search: str) -> list[str]:
        """The ids that a search has found, in the order in which they were found."""
        with self._open() as db:
            rows = db.execute("SELECT id FROM found WHERE search = ? ORDER BY place", (search,)).fetchall()
        return [row[0] for row in rows]

    def records(self, source: str, ids: Iterable[str]) -> Iterator[Record]:
        """The records of these ids, in this order; an id without a record is passed over."""
        for batch in batches(ids, _AT_ONCE):
            marks = ",".join("?" * len(batch))
            with self._open() as db:
                query = f"SELECT id, documents, reason FROM records WHERE source = ? AND id IN ({marks})"
                rows = {row[0]: row for row in db.execute(query, (source, *batch))}
            for id in batch:
                if id in rows:
                    yield Record(id, tuple(Document(**fields) for fields in json.loads(rows[id][1])), rows[id][2])


class StoredSource(ABC):
    """A source that asks only for records that are not stored yet; a subclass also has a ``search``, which gives ids.

    Args:
        name: the source's name in the store.
        batch: records that are asked for at once.
        titles: give records that have a title and no abstract too.
    """

    def __init__(self, name: str, store: Store, *, batch: int, titles: bool) -> None:
        self.name, self.store, self.batch, self.titles = name, store, batch, titles

    @abstractmethod
    def _download(self, ids: Sequence[str]) -> list[Record]:
        """Ask the source for at most ``batch`` records, and return one for each id."""

    def fetch(self, ids: Iterable[str]) -> Iterator[Document]:
        """The documents of these records, in this order; a record in several languages gives several documents.

        The record's own text has the record's id, a further one ``<id>_<language>``. Each batch is on disk before its
        first document is given; what is there already is not asked for again.

        Raises:
            SourceError: the source cannot be reached or refuses; what was fetched is kept.
        """
        for batch in batches(dict.fromkeys(ids), self.batch):
            with self.store.lock:
                known = {record.id for record in self.store.records(self.name, batch)}
                missing = [id for id in batch if id not in known]
                if missing:
                    self.store.save(self.name, records=self._download(missing))
            for record in self.store.records(self.name, batch):
                if not record.reason or self.titles:
                    yield from record.documents

    def left_out(self, ids: Iterable[str]) -> dict[str, str]:
        """Why a fetched record gave no document."""
        records = self.store.records(self.name, ids)
        return {r.id: r.reason for r in records if r.reason and not (self.titles and r.documents)}


def batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of ``size`` items; the last may be shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _packed(document: Document) -> dict[str, str]:
    """A document as it is stored, without annotation."""
    return {"id": document.id, "text": document.text, "language": document.language, "domain": document.domain}
