"""A person's own corpus: what it is, is told from what is there."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from chemxl import corpora
from chemxl.corpora import paths as places
from chemxl.corpora.corpus import Corpus
from chemxl.errors import CorpusError
from tests.corpora.samples import READERS


def laid(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    return folder


@pytest.mark.parametrize("reader", places.FORMATS)
def test_every_format_is_told_and_read_as_by_its_reader(reader: str, tmp_path: Path) -> None:
    read, files = READERS[reader]
    folder = laid(tmp_path / "mine", files)
    laid(folder, {"README.md": "#", "readme.txt": "Notes.", ".cache/x.jsonl": "{", "annotation.conf": "[entities]\n"})
    found = places.found(folder)
    assert (found.reader, list(found.splits), found.unread) == (reader, ["train"], ())
    paths = sorted(folder / name for name in files)
    assert found.splits["train"] == tuple(paths)
    documents = corpora.load(str(folder), strict=True)
    expected = read(paths, corpora.Log(strict=True), root=folder)
    assert [(d.id, d.text, d.mentions, d.relations) for d in documents] == [
        (d.id, d.text, d.mentions, d.relations) for d in expected
    ]
    assert len(documents) > 1 and {d.language for d in documents} <= {"en", "ru"}
    single = next(path for path in paths if path.suffix != ".ann")
    assert places.found(single).reader == reader and corpora.load(str(single), strict=True)


def test_a_packed_file_is_told_too(tmp_path: Path) -> None:
    for reader in ("pubtator", "conll", "annotated"):
        (tmp_path / reader).mkdir()
        name, content = next(iter(READERS[reader][1].items()))
        (tmp_path / reader / f"{name}.gz").write_bytes(gzip.compress(content.encode()))
        assert places.found(tmp_path / reader).reader == reader


def test_splits_are_folders_or_names_of_files(tmp_path: Path) -> None:
    brat, (_, columns) = READERS["brat"][1], READERS["conll"]
    for name in ("training", "Dev", "test"):
        laid(tmp_path / "brat" / name, brat)
        laid(tmp_path / "conll", {f"{name}.conll": columns["b.txt"]})
    for folder in ("brat", "conll"):
        path = str(tmp_path / folder)
        assert corpora.entry(path).splits == ("train", "dev", "test")
        one, whole = corpora.load(path, split="dev"), corpora.load(path)
        assert one and len(whole) == 3 * len(one)
        with pytest.raises(CorpusError, match=r"has no part gold/\*; it has train/\*, dev/\*, test/\*"):
            corpora.load(path, split="gold")
    laid(tmp_path / "brat" / "more", brat)
    with pytest.raises(CorpusError, match=r"in parts \(train, dev, test\), but more/a.ann is in none: put it in train"):
        places.found(tmp_path / "brat")
    laid(tmp_path / "named", {"test.txt": "NaCl", "test.ann": "", "b.txt": "NaCl", "b.ann": ""})
    assert list(places.found(tmp_path / "named").splits) == ["train"]  # a document may be called so


def test_what_is_no_corpus_is_said(tmp_path: Path) -> None:
    def said(files: dict[str, str]) -> str:
        shutil.rmtree(tmp_path / "x", ignore_errors=True)
        laid(tmp_path / "x", files | {"other.csv": "a,b\n"})
        with pytest.raises(CorpusError) as raised:
            corpora.load(str(tmp_path / "x"))
        return str(raised.value)

    assert "holds no corpus; brat (.txt with .ann), PubTator, BioC" in said({})
    assert "holds 2 texts without annotation (no .ann beside them)" in said({"a.txt": "Aspirin helps.", "b.txt": "x"})
    two = said({"p.txt": READERS["pubtator"][1]["a.txt"], "b/a.ann": "", "b/a.txt": ""})
    assert "holds two formats, brat (b/a.ann, …) and PubTator (p.txt, …): give the folder or the file of one" in two
    assert "holds no corpus" in said(
        {"a.json": '[{"title": "a"}]', "b.xml": "<html/>", "c.jsonl": "", "d.tsv": "a\tb\n"}
    )
    assert "no corpus" in said({"a.json": '{"a": 1}'})
    (tmp_path / "x" / "a.md").write_text("# a")
    with pytest.raises(CorpusError, match=r"a\.md is of no known format"):
        corpora.load(str(tmp_path / "x" / "a.md"))
    with pytest.raises(
        CorpusError, match=r"no corpus '.*nowhere'; the catalogue has mini.*, and there is no such path"
    ):
        corpora.load(str(tmp_path / "nowhere"))


def test_prose_is_no_column(tmp_path: Path) -> None:
    text = "".join(f"Vitamin B helps {word} .\n" for word in ("him", "her", "us", "them"))
    laid(tmp_path, {"a.txt": text + "It is the rule of an age that is gone , and O , what is left of it now .\n" * 6})
    with pytest.raises(CorpusError, match="1 texts without annotation"):
        places.found(tmp_path)


def test_a_missing_half_is_a_fault_and_a_stray_text_is_not_read(tmp_path: Path) -> None:
    laid(tmp_path, {"in/a.txt": "NaCl", "in/a.ann": "T1\tCHEM 0 4\tNaCl\n", "in/b.txt": "KCl", "notes.txt": "About."})
    faults: list[corpora.Fault] = []
    (document,) = corpora.load(str(tmp_path), faults=faults)
    assert document.id == "in/a" and [fault.path.name for fault in faults] == ["b.txt"]
    assert places.found(tmp_path).unread == (tmp_path / "notes.txt",)


def test_a_catalogues_name_comes_before_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laid(tmp_path / "mini", {"a.txt": "NaCl", "a.ann": ""})
    monkeypatch.chdir(tmp_path)
    assert not corpora.is_own("mini") and len(corpora.load("mini")) > 1
    assert corpora.is_own("./mini") and len(corpora.load("./mini")) == 1


LINES = [
    {
        "id": "a",
        "text": "Aspirin в таблетках",
        "mentions": [[0, 7, "Chemical"], {"type": "Форма", "start": 10, "end": 19}],
    },
    {"id": "b", "text": "Pain is over", "mentions": [[0, 4, "disease"]]},
]


def test_types_stand_for_themselves_and_for_what_the_catalogue_means(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in LINES), "utf-8")
    name = str(path)
    assert corpora.types(name) == {
        "Chemical": ("Chemical", "CHEM", "DRUG"),
        "disease": ("disease", "DISEASE"),
        "Форма": ("Форма",),
    }
    assert corpora.unified(name, ["CHEM"]) == {"Chemical": "CHEM"}
    assert corpora.unified(name, ["CHEM", "Chemical", "Форма"]) == {"Chemical": "Chemical", "Форма": "Форма"}
    with pytest.raises(
        CorpusError, match="has no type 'GENE'; it can give CHEM, Chemical, DISEASE, DRUG, disease, Форма"
    ):
        corpora.load(name, types=["GENE"])
    (first, second) = Corpus(name=name, types=("CHEM", "DISEASE")).load()
    assert [m.type for d in (first, second) for m in d.mentions] == ["CHEM", "DISEASE"]
    assert (first.language, second.language) == ("ru", "en")
    assert [d.id for d in Corpus(name=name, types=(), language="en").load()] == ["b"]
    with pytest.raises(CorpusError, match="has no text in 'es'; it has en, ru"):
        corpora.load(name, language="es")


def test_the_digest_is_of_the_files_and_not_of_their_place(tmp_path: Path) -> None:
    folder = laid(tmp_path / "one", READERS["brat"][1])
    other = Path(shutil.copytree(folder, tmp_path / "two"))
    here, there = (Corpus(name=str(path), types=()) for path in (folder, other))
    before = here.data_digest()
    assert before == there.data_digest() and len(here.load()) == 2
    laid(other, {"c.txt": "NaCl", "c.ann": "T1\tCHEM 0 4\tNaCl\n"})
    assert there.data_digest() != before == here.data_digest()
    assert len(there.load()) == 3  # read anew
    assert Corpus.from_config(here.config()) == here


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Aspirin", "en"), ("", "en"), ("2,4-D", "en"), ("Аспирин (acetylsalicylic acid, ASA)", "ru"), ("阿司匹林", "zh")],
)
def test_language(text: str, expected: str) -> None:
    assert places.language(text) == expected


@pytest.mark.parametrize("between", ["brat/{}/x", "{}/en/x", "a/b/{}", "en/{}", "{}"])
def test_splits_are_folders_at_any_depth(between: str, tmp_path: Path) -> None:
    for name in ("Train", "dev", "testing"):
        laid(tmp_path / between.format(name), READERS["brat"][1])
        laid(tmp_path / "conll" / between.format(name), {"a.conll": READERS["conll"][1]["b.txt"]})
    shutil.move(tmp_path / "conll", tmp_path.parent / f"{tmp_path.name}-conll")
    for folder in (tmp_path, tmp_path.parent / f"{tmp_path.name}-conll"):
        assert list(places.found(folder).splits) == ["train", "dev", "test"]


def test_splits_are_told_from_names_that_hold_them_if_all_do(tmp_path: Path) -> None:
    content = READERS["pubtator"][1]["a.txt"]
    names = ["CDR_TrainingSet.PubTator.txt", "CDR_DevelopmentSet.PubTator.txt", "NCBItestset_corpus.txt"]
    laid(tmp_path / "a", dict.fromkeys(names, content))
    assert {split: [file.name for file in files] for split, files in places.found(tmp_path / "a").splits.items()} == {
        split: [name] for split, name in zip(("train", "dev", "test"), names, strict=True)
    }
    for others in (["blood_test_1.txt", "blood.txt"], ["test_1.txt", "test_2.txt"], ["latest.txt", "retrain_x.txt"]):
        shutil.rmtree(tmp_path / "b", ignore_errors=True)
        laid(tmp_path / "b", dict.fromkeys(others, content))
        assert list(places.found(tmp_path / "b").splits) == ["train"]


def test_endings_in_capital_letters(tmp_path: Path) -> None:
    brat = {name.upper(): content for name, content in READERS["brat"][1].items()}
    laid(tmp_path / "brat", brat)
    assert len(corpora.load(str(tmp_path / "brat"), strict=True)) == 2
    assert places.found(tmp_path / "brat" / "A.TXT").splits == {
        "train": (tmp_path / "brat" / "A.ANN", tmp_path / "brat" / "A.TXT")
    }


def test_white_space_at_the_edges_is_no_part_of_a_mention(tmp_path: Path) -> None:
    """Tools for annotation leave it, and a tagger that finds the rest would be wrong."""
    row = {"text": "Take aspirin \u00a0now ", "spans": [[5, 14, "C"], [4, 12, "C"], [12, 14, "C"], [0, 18, "C"]]}
    pieces = {"type": "C", "fragments": [[0, 5], [13, 17]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row | {"spans": [*row["spans"], pieces]}) + "\n", "utf-8")
    (document,) = corpora.load(str(tmp_path), strict=True)
    assert [document.surface(m) for m in document.mentions] == [
        *("aspirin", "aspirin", " \u00a0", "Take aspirin \u00a0now", "Take now")
    ]


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    """As of folders that were packed where names are in another character set."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in (b"\xae\xaf", b"\xae\xa0", b"c"):
        for ending, content in ((b".txt", "NaCl"), (b".ann", "T1\tX 0 4\tNaCl\n")):
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name + ending)).write_text(content, "utf-8")
    documents = corpora.load(str(folder), strict=True)
    assert len({document.id.encode() for document in documents}) == 3 and corpora.read_digest(str(folder))
    other = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xae"))
    folder.rename(other)
    with pytest.raises(CorpusError, match=r"\\udcae' is not UTF-8, as of an archive that was packed elsewhere: rename"):
        corpora.load(str(other))
