"""What the readers make of the real corpora, against the counts that were made from the files without them."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from chemxl import corpora
from chemxl.corpora import brat, standoff
from chemxl.documents import Document
from chemxl.errors import CorpusError

Real = Callable[[str], str]


def load(
    name: str, split: str | None = None, language: str | None = None
) -> tuple[list[Document], list[corpora.Fault]]:
    faults: list[corpora.Fault] = []
    return corpora.load(name, split=split, language=language, faults=faults), faults


def types(documents: list[Document]) -> Counter[str]:
    return Counter(mention.type for document in documents for mention in document.mentions)


def relations(documents: list[Document]) -> int:
    return sum(len(document.relations) for document in documents)


@pytest.mark.parametrize(
    ("split", "chemical", "disease", "cid"),
    [("train", 5203, 4182, 1038), ("dev", 5347, 4244, 1012), ("test", 5385, 4424, 1066)],
)
def test_bc5cdr(real: Real, split: str, chemical: int, disease: int, cid: int) -> None:
    documents, faults = load(real("bc5cdr"), split)
    assert len(documents) == 500
    assert types(documents) == {"Chemical": chemical, "Disease": disease}
    assert relations(documents) == cid
    assert faults == []


# Per part: documents; rows of the table, of which CHEM; what is left of both once faulty rows are out; relations so.
BIONNE = [
    ("train", "en", 55, (3861, 630), (3813, 626), (3193, 3113)),
    ("dev", "en", 50, (3478, 547), (3441, 544), (2967, 2891)),
    ("test", "en", 153, (10316, 1326), (10209, 1312), (0, 0)),
    ("train", "ru", 717, (37879, 4779), (37519, 4750), (23773, 23261)),
    ("dev", "ru", 50, (3210, 527), (3184, 525), (2521, 2500)),
    ("test", "ru", 154, (9339, 1148), (9263, 1142), (0, 0)),
]


@pytest.mark.parametrize(("split", "language", "count", "rows", "kept", "related"), BIONNE)
def test_bionne_r(
    real: Real,
    split: str,
    language: str,
    count: int,
    rows: tuple[int, int],
    kept: tuple[int, int],
    related: tuple[int, int],
) -> None:
    documents, faults = load(real("bionne-r"), split, language)
    found = types(documents)
    entity_faults = [fault for fault in faults if fault.path.name.endswith("-ent.tsv")]
    relation_faults = [fault for fault in faults if fault.path.name.endswith("-rel.tsv")]
    assert len(documents) == count
    assert (found.total(), found["CHEM"]) == kept
    assert found.total() + len(entity_faults) == rows[0]
    assert relations(documents) == related[1]
    assert related[1] + len(relation_faults) == related[0]
    assert {fault.line for fault in faults} and all(document.language == language for document in documents)
    chem_rows = sum("\tCHEM\t" in line for path in {f.path for f in entity_faults} for line in lines(path))
    assert chem_rows == rows[1]


def lines(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8").split("\n")


def test_bionne_r_totals_are_those_of_the_readme() -> None:
    assert sum(rows[0] for _, language, _, rows, _, _ in BIONNE if language == "en") == 17_655
    assert sum(rows[0] for _, language, _, rows, _, _ in BIONNE if language == "ru") == 50_428


def test_nerel_bio(real: Real) -> None:
    documents, faults = load(real("nerel-bio"))
    assert [len(load("nerel-bio", split)[0]) for split in ("train", "dev", "test")] == [612, 77, 77]
    found = types(documents)
    assert (found.total(), found["CHEM"], relations(documents)) == (66_818, 5_051, 52_211)
    assert faults == []
    # 532 in the files, 14 of them only because brat writes no span over a line break: these are whole again.
    assert sum(len(mention.fragments) > 1 for document in documents for mention in document.mentions) == 518


def test_ruccon(real: Real) -> None:
    documents, faults = load(real("ruccon"))
    assert len(documents) == len({document.id for document in documents}) == 160
    assert round(sum(len(document.text) for document in documents) / 1e6, 2) == 1.30
    # 17 of them go over a line break, in the text beside their offsets, too, which brat's own format does not allow:
    # their 132 further lines are read as what they are.
    assert faults == []
    found = types(documents)
    assert found.total() == 18_222
    assert found["Treatment"] == 1_817
    assert {k: found[k] for k in ("Symptom", "Body_location", "Drug", "Disease")} == {
        "Symptom": 5_029,
        "Body_location": 4_334,
        "Drug": 3_480,
        "Disease": 2_752,
    }


@pytest.mark.parametrize(
    ("split", "count", "mentions"), [("train", 3850, 3535), ("dev", 550, 431), ("test", 1191, 1077)]
)
def test_psytar(real: Real, split: str, count: int, mentions: int) -> None:
    documents, faults = load(real("psytar"), split)
    assert (len(documents), types(documents).total(), faults) == (count, mentions, [])
    assert set(types(documents)) == {"ADR", "DI", "WD", "SSI"}


@pytest.mark.parametrize(("split", "count"), [("train", 9411), ("dev", 1046), ("test", 3403)])
def test_pharmaconer(real: Real, split: str, count: int) -> None:
    documents, faults = load(real("pharmaconer"), split)
    assert (len(documents), faults) == (count, [])


def test_pharmaconer_types(real: Real) -> None:
    assert types(load(real("pharmaconer"))[0]) == {"NORMALIZABLES": 4394, "PROTEINAS": 3008, "NOTNORMALIZABLES": 50}


def test_kbioxlm(real: Real) -> None:
    documents, faults = load(real("kbioxlm-cdr"), "train", "en")
    assert (len(documents), sum(document.text.count("\n") + 1 for document in documents)) == (500, 4518)
    assert (types(documents), faults) == ({"CHEM": 5159, "DIS": 4150}, [])
    assert {d.id for d in documents} == {d.id for d in load(real("bc5cdr"), "train")[0]}
    adverse, faults = load(real("kbioxlm-ade"), "train", "en")
    # 19 of the mentions begin with an I-.
    assert (len(adverse), types(adverse), faults) == (3845, {"ADE": 5184 + 19, "Drug": 4481}, [])


@pytest.mark.parametrize("name", ["nerel-bio", "ruccon"])
def test_every_ann_comes_back_byte_for_byte(real: Real, name: str) -> None:
    paths = [path for part in corpora.catalog()[real(name)].parts for path in corpora.files(name, part)]
    anns = [path for path in paths if path.suffix == ".ann"]
    assert len(anns) == {"nerel-bio": 766, "ruccon": 160}[name]
    kinds: Counter[type] = Counter()
    for path in anns:
        data = path.read_bytes()
        parsed = brat.parse(data)
        assert brat.serialise(parsed) == data, path
        kinds.update(type(line.record) for line in parsed)
    assert (
        kinds
        == {
            "nerel-bio": {standoff.TextBound: 66_818, standoff.Related: 52_211},
            "ruccon": {
                standoff.TextBound: 18_222,
                standoff.Normalisation: 17_708,
                standoff.Note: 3_964,
                standoff.Raw: 132,
            },
        }[name]
    )


@pytest.mark.parametrize("name", ["nerel-bio", "ruccon", "bc5cdr", "bionne-r"])
def test_a_corpus_written_as_brat_reads_back_equal(real: Real, name: str, tmp_path: Path) -> None:
    documents = load(real(name), "test")[0]
    for document in documents:
        brat.write(document, tmp_path)
    log = corpora.Log(strict=True)
    again = {d.id: d for d in brat.read(list(tmp_path.rglob("*.*")), log, root=tmp_path)}
    assert len(again) == len(documents)
    for document in documents:
        read = again[document.id]
        assert (read.text, read.mentions, read.relations) == (document.text, document.mentions, document.relations)


@pytest.mark.parametrize("name", sorted(corpora.catalog()))
def test_the_files_are_those_that_were_counted(real: Real, name: str) -> None:
    for part in corpora.catalog()[real(name)].parts:
        if part.sha256:
            assert corpora.digest(name, split=part.split, language=part.language) == part.sha256


def test_strict_stops_at_the_first_fault(real: Real) -> None:
    with pytest.raises(CorpusError, match=r"eng-train-ent\.tsv:142: T\d+ is recorded as 'clinical factors'"):
        corpora.load(real("bionne-r"), strict=True)
    corpora.load(real("bc5cdr"), strict=True)


@pytest.mark.parametrize("name", ["bc5cdr", "bionne-r"])
def test_loading_is_fast(real: Real, name: str) -> None:
    began = time.process_time()
    load(real(name))
    assert time.process_time() - began < 4, "it took 0.2 and 0.9 s on the machine of the author"


def test_the_digest_is_over_paths_and_bytes(real: Real) -> None:
    real("bc5cdr")
    data = (Path(os.environ["CHEMXL_DATA"]) / "bc5cdr" / "CDR_TestSet.PubTator.txt").read_bytes()
    expected = hashlib.sha256(f"CDR_TestSet.PubTator.txt\0{len(data)}\0".encode() + data)
    assert corpora.digest("bc5cdr", split="test") == expected.hexdigest()
