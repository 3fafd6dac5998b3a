"""What lands on disk: whole batches, in order, once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.collect.http import SourceError
from chemxl.collect.store import Record, Store, StoredSource, batches
from chemxl.documents import Document


def record(id: str, reason: str = "") -> Record:
    return Record(id, (Document(id, f"текст {id}\n\u2028'\"", language="ru", domain="abstracts"),), reason)


class Shelf(StoredSource):
    """A source that counts what it is asked for; ids with ``x`` have no abstract, with ``z`` nothing at all."""

    def __init__(self, store: Store, *, titles: bool = False, name: str = "shelf") -> None:
        super().__init__(name, store, batch=3, titles=titles)
        self.asked: list[str] = []

    def _download(self, ids: Sequence[str]) -> list[Record]:
        assert len(ids) <= 3
        self.asked += ids
        return [
            Record(id, reason="gone") if "z" in id else record(id, "no abstract" if "x" in id else "") for id in ids
        ]


def test_a_batch_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    store.save("s", records=[record("1")], search="q", found=["1"], state={"at": 1})
    with pytest.raises(TypeError):
        store.save("s", records=[record("2")], search="q", found=["2"], state={"at": object()})
    assert Store(store.path).state("q") == {"at": 1}
    assert store.found("q") == ["1"]
    assert list(store.records("s", ["1", "2"])) == [record("1")]


def test_ids_keep_their_place_and_records_are_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "a.sqlite")
    assert store.save("s", records=[record("b"), record("a")], search="q", found=["b", "a"]) == 2
    assert store.save("s", records=[Record("b", reason="deleted")], search="q", found=["b", "c"]) == 1
    assert store.found("q") == ["b", "a", "c"]
    assert list(store.records("s", ["a", "b"])) == [record("a"), Record("b", reason="deleted")]
    assert store.found("other") == [] and store.state("other") is None


@settings(max_examples=10, deadline=None)
@given(st.lists(st.text("abxz", min_size=1, max_size=4), max_size=25))
def test_nothing_is_asked_for_twice(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    store = Store(tmp_path_factory.mktemp("s") / "a.sqlite")
    shelf = Shelf(store)
    wanted = [id for id in dict.fromkeys(ids) if not {"x", "z"} & set(id)]
    assert [d.id for d in shelf.fetch(ids)] == wanted
    assert [d.id for d in shelf.fetch(reversed(ids))] == [
        id for id in dict.fromkeys(reversed(ids)) if not {"x", "z"} & set(id)
    ]
    assert sorted(shelf.asked) == sorted(set(ids))
    assert set(shelf.left_out(ids)) == set(ids) - set(wanted)


def test_titles_on_request(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    plain, titles = Shelf(store), Shelf(store, titles=True)
    assert [d.id for d in plain.fetch(["a", "x", "z"])] == ["a"]
    assert plain.left_out(["a", "x", "z", "never"]) == {"x": "no abstract", "z": "gone"}
    assert [d.id for d in titles.fetch(["a", "x", "z"])] == ["a", "x"]
    assert titles.left_out(["a", "x", "z"]) == {"z": "gone"}
    assert titles.asked == []


def test_a_batch_is_on_disk_before_its_first_document_is_given(tmp_path: Path) -> None:
    shelf = Shelf(Store(tmp_path / "a.sqlite"))
    given_ = shelf.fetch(["1", "2", "3", "4"])
    assert next(given_).id == "1"
    assert shelf.asked == ["1", "2", "3"]
    assert [r.id for r in Store(shelf.store.path).records("shelf", ["1", "2", "3", "4"])] == ["1", "2", "3"]


def test_sources_share_a_store_and_ask_for_a_record_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "a.sqlite")
    one, two = Shelf(store), Shelf(store, name="other")
    for shelf in (one, two):
        list(shelf.fetch(["1", "2"]))
        assert shelf.asked == ["1", "2"]
    list(one.fetch(["1", "2"])), list(two.fetch(["2", "3"]))
    assert one.asked == ["1", "2"] and two.asked == ["1", "2", "3"], "each for its own"


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"not a database, and long enough to be looked at" * 50)
    with pytest.raises(SourceError, match=r"a\.sqlite: not a whole store"):
        Store(path)
    with pytest.raises(SourceError, match="cannot be used"):
        Store(tmp_path)


@given(st.lists(st.text(max_size=3)), st.integers(1, 7))
def test_batches(items: list[str], size: int) -> None:
    made = list(batches(items, size))
    assert [item for batch in made for item in batch] == items
    assert all(len(batch) == size for batch in made[:-1]) and all(made)
