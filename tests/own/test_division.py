"""No document is in two portions, under whatever name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chemxl.corpora.corpus import twin_key
from chemxl.errors import CorpusError
from chemxl.own.division import Dealt, divided, left_out, types_of


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"mentions": [[0, 1, "A"]], **row}) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.mark.parametrize(("count", "sizes"), [(3, (1, 1, 1)), (20, (13, 3, 4)), (101, (64, 16, 21))])
def test_documents_are_dealt_out_once(tmp_path: Path, count: int, sizes: tuple[int, int, int]) -> None:
    name = write(tmp_path / "a.jsonl", [{"id": str(i), "text": f"text {i}"} for i in range(count)])
    division = divided(name, types=("A",))
    portions = [[document.id for document in portion.load()] for portion in division]
    assert tuple(map(len, portions)) == sizes
    assert sorted(id for portion in portions for id in portion) == sorted(str(i) for i in range(count))
    assert [d.id for d in divided(name, types=("A",)).test.load()] == portions[2]
    assert count == 3 or [d.id for d in divided(name, types=("A",), seed=1).test.load()] != portions[2]


def test_what_belongs_together_stays_together(tmp_path: Path) -> None:
    rows = [{"id": f"{i}{end}", "text": f"text {i} {end}"} for i in range(12) for end in (".ru", ".en", "~2.ru")]
    name = write(tmp_path / "a.jsonl", [*rows, *({"id": f"copy {i}", "text": f"text {i} .ru"} for i in range(12))])
    seen = [{d.text.split()[1] for d in portion.load()} for portion in divided(name, types=("A",))]
    assert sum(map(len, seen)) == 12 and len(set.union(*seen)) == 12


def test_a_corpus_keeps_the_splits_that_it_has(tmp_path: Path) -> None:
    rows = [{"id": str(i), "text": f"text {i}"} for i in range(10)]
    write(tmp_path / "a" / "train.jsonl", rows)
    write(tmp_path / "a" / "test.jsonl", [{"id": "t", "text": "other"}, {"id": "u", "text": "text 3"}])
    train, dev, test = divided(str(tmp_path / "a"), types=("A",))
    assert [d.id for d in test.load()] == ["t", "u"] and len(dev.load()) == 2
    ids = {d.id for portion in (train, dev) for d in portion.load()}
    assert ids == {row["id"] for row in rows} - {"3"}  # which stands in test, too
    write(tmp_path / "a" / "dev.jsonl", [{"id": "v", "text": "third"}])
    train, dev, test = divided(str(tmp_path / "a"), types=("A",))
    assert (len(train.load()), [d.id for d in dev.load()], len(test.load())) == (9, ["v"], 2)


def test_ids_that_each_file_counts_anew(tmp_path: Path) -> None:
    """One id in two files is two documents; the same text, or its translation, is one."""
    folder = tmp_path / "a"
    write(folder / "train.jsonl", [{"id": i, "text": f"learnt {i}"} for i in range(10)])
    write(folder / "test.jsonl", [{"id": i, "text": f"tested {i}"} for i in range(5)])
    division = divided(str(folder), types=("A",))
    assert [len(portion.load()) for portion in division] == [8, 2, 5] and left_out(division) == 0
    write(folder / "dev.jsonl", [{"id": 0, "text": "learnt  7\n"}, {"id": 6, "text": "тест"}, {"id": 9, "text": "x"}])
    division = divided(str(folder), types=("A",))
    assert [d.id for d in division.train.load()] == ["0", "1", "2", "3", "4", "5", "8", "9"]
    assert [d.id for d in division.dev.load()] == ["0", "6", "9"]
    assert left_out(division) == 2, "the text of 7, and the translation of 6"
    for split, count in (("train", 9), ("test", 5)):  # of which no row has a name
        write(tmp_path / "b" / split / "rows.jsonl", [{"text": f"{split} {i}"} for i in range(count)])
        words = "".join(f"{split}\tO\n{i}\tB-A\n\n" for i in range(count))
        (tmp_path / "c" / split).mkdir(parents=True)
        (tmp_path / "c" / split / "rows.conll").write_text(words)
    for name in "bc":
        assert [len(portion.load()) for portion in divided(str(tmp_path / name), types=("A",))] == [7, 2, 5]


def test_the_catalogues_splits(tmp_path: Path) -> None:
    train, dev, test = divided("mini", types=("CHEM",), language="ru")
    keys = [{twin_key(d.id) for d in portion.load()} for portion in (train, dev, test)]
    assert not isinstance(train, Dealt) or train.shares == (0.0, 0.0)
    assert all(keys) and not keys[0] & keys[2] and {d.language for d in test.load()} == {"ru"}
    assert types_of("mini") == ("DISEASE", "DRUG", "GENE", "SPECIES", "CHEM")


def test_too_few_and_nothing_annotated(tmp_path: Path) -> None:
    name = write(tmp_path / "a.jsonl", [{"id": str(i), "text": f"text {i}"} for i in range(2)])
    with pytest.raises(CorpusError, match=r"gives 0 documents to learn from, 1 to stop by and 1 to test on.*three are"):
        divided(name, types=("A",))
    with pytest.raises(CorpusError, match="has no mentions: annotate some first"):
        types_of(write(tmp_path / "b.jsonl", [{"text": "a", "mentions": []}]))
