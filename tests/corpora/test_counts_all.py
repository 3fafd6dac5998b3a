"""The rest of the corpora: ours against counts that were made from the files without our readers, and why they differ.

``test_counts`` has the corpora of chapter 4, with their faults one by one.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from chemxl import corpora
from chemxl.documents import Document, Pair

Real = Callable[[str], str]


def load(name: str, split: str | None = None, language: str | None = None) -> tuple[list[Document], list[str]]:
    faults: list[corpora.Fault] = []
    return corpora.load(name, split=split, language=language, faults=faults), [fault.message for fault in faults]


def pairs(name: str, language: str | None = None) -> tuple[list[Pair], list[str]]:
    faults: list[corpora.Fault] = []
    return corpora.pairs(name, language=language, faults=faults), [fault.message for fault in faults]


def types(documents: list[Document]) -> Counter[str]:
    return Counter(mention.type for document in documents for mention in document.mentions)


def relations(documents: list[Document]) -> Counter[str]:
    return Counter(relation.type for document in documents for relation in document.relations)


CHEMPROT = [("train", 1020, 25752, 4157), ("dev", 612, 15567, 2416), ("test", 800, 20828, 3458)]


@pytest.mark.parametrize(("split", "count", "mentions", "related"), CHEMPROT)
def test_chemprot(real: Real, split: str, count: int, mentions: int, related: int) -> None:
    documents, faults = load(real("chemprot"), split)
    groups = relations(documents)
    assert (len(documents), types(documents).total(), groups.total(), faults) == (count, mentions, related, [])
    assert set(groups) == {"CPR:3", "CPR:4", "CPR:5", "CPR:6", "CPR:9"}


def test_chemprot_types(real: Real) -> None:
    assert types(load(real("chemprot"))[0]) == {"CHEMICAL": 31_831, "GENE-Y": 20_157, "GENE-N": 30_316 - 20_157}


def test_chemprot_s_gold_standard_is_the_other_table_without_repeats(real: Real) -> None:
    """That table has a row for each single type, so that 37 pairs stand twice in one evaluated group."""
    real("chemprot")
    evaluated = set()
    rows = 0
    for path in (Path(os.environ["CHEMXL_DATA"]) / "chemprot").glob("chemprot_[td]*/*_relations.tsv"):
        for line in path.read_text("utf-8").splitlines():
            id, group, yes, _, head, tail = line.split("\t")
            if yes.strip() == "Y":
                rows += 1
                evaluated.add((id, group, head[5:], tail[5:]))
    documents = load("chemprot")[0]
    assert {(d.id, r.type, r.head, r.tail) for d in documents for r in d.relations} == evaluated
    assert rows - len(evaluated) == 37


# The abstracts of train's 3,500 documents (89,529 entities, 17,274 relations) are not in the files; rebuilt has 1,689.
@pytest.mark.parametrize(
    ("split", "count", "mentions", "related"), [("train", 1689, 43_457, 8_085), ("dev", 750, 18_858, 3_761)]
)
def test_drugprot(real: Real, split: str, count: int, mentions: int, related: int) -> None:
    documents, faults = load(real("drugprot"), split)
    found = relations(documents)
    assert (len(documents), types(documents).total(), found.total(), faults) == (count, mentions, related, [])
    assert len(found) == 13


def test_bioc_is_the_same_corpus_as_pubtator(real: Real) -> None:
    """BioC also has each part of a composite name ("visual and auditory loss") as a mention of its own."""
    documents, faults = load(real("bc5cdr-bioc"))
    assert faults == [
        "T9 is recorded as 'atypical absence seizures', but the text at 247-263,293-301 is "
        "' atypical absenc seizures'; mention left out"
    ]
    whole = load(real("bc5cdr"), "dev")[0]
    parts: Counter[str] = Counter()
    for document, other in zip(documents, whole, strict=True):
        assert (document.id, document.text) == (other.id, other.text)
        ours = Counter((mention.type, mention.fragments) for mention in document.mentions)
        theirs = Counter((mention.type, mention.fragments) for mention in other.mentions)
        assert not theirs - ours
        parts.update(type for type, _ in (ours - theirs).elements())
    assert parts == {"Disease": 176, "Chemical": 5}
    assert relations(documents) == relations(whole) == {"CID": 1012}


def test_rudrec(real: Real) -> None:
    documents, faults = load(real("rudrec"))
    line_breaks = sum(document.text.count("\n") for document in documents)
    assert (len(documents), line_breaks, faults) == (500, 4_809 + 14, []), "ten sentences have line breaks in them"
    assert types(documents) == {
        "DI": 1_401,
        "Drugname": 1_043,
        "Drugform": 836,
        "ADR": 720,
        "Drugclass": 330,
        "Finding": 236,
    }


# The README counts the labels that begin with B-; in 4 and 3 places an I- begins a mention.
@pytest.mark.parametrize(("split", "mentions"), [("dev", 4_288 + 4), ("test", 4_521 + 3)])
def test_livingner(real: Real, split: str, mentions: int) -> None:
    documents, faults = load(real("livingner"), split)
    found = types(documents)
    assert (len(documents), found.total(), set(found), faults) == (7_953, mentions, {"SPECIES", "HUMAN"}, [])


# Documents per part; the README gives no number for these.
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("kbioxlm-gad", [4_261, 4_154, 535, 525, 534, 523]),
        ("kbioxlm-hoc", [1_295, 1_232, 186, 176, 371, 370]),
        ("rumedbench-top3", [4_690, 848, 822]),
        ("rumedbench-symptomrec", [2_470, 415, 415]),
        ("rumedbench-danet", [1_052, 256, 256 + 512]),
        ("pubmedqa", [1_000]),
    ],
)
def test_a_document_a_line(real: Real, name: str, counts: list[int]) -> None:
    found = [load(real(name), part.split, part.language) for part in corpora.catalog()[name].parts]
    assert [len(documents) for documents, _ in found] == counts
    assert not any(faults for _, faults in found)


def test_gad_relations(real: Real) -> None:
    assert relations(load(real("kbioxlm-gad"), language="en")[0]) == {"ASSOCIATED": 2_227 + 293 + 281}


# The README counts the characters of the texts; ours have the titles and abstracts, and two line breaks between.
@pytest.mark.parametrize(
    ("domain", "readme", "rest"), [("chemistry", 0.93, 6_256 + 72_467), ("medicine", 0.96, 5_796 + 97_061)]
)
def test_papers(real: Real, domain: str, readme: float, rest: int) -> None:
    documents, faults = load(real(f"ru-sci-papers-{domain}"))
    assert (len(documents), faults) == (60, [])
    characters = sum(len(document.text) for document in documents)
    line_breaks = characters - sum(
        len(path.read_bytes().decode("utf-8"))
        for path in corpora.files(f"ru-sci-papers-{domain}", corpora.catalog()[f"ru-sci-papers-{domain}"].parts[0])
    )
    assert line_breaks <= 60 * 4
    assert round((characters - rest - line_breaks) / 1e6, 1) == round(readme, 1)


# Name, languages, ours, the README's or its PROVENANCE's, why they differ.
PAIRS = [
    ("tico19", "en-ru", 3_071, 3_071, ""),
    ("tico19-terms", "en-ru", 684, 306 + 328 + 50, ""),
    ("tico19-terms", "en-es", 743, 612 + 337 + 50 + 50, "306 of f's 612 rows have no term at all"),
    ("tico19-terms", "en-zh", 693, 306 + 337 + 50, ""),
    ("wmt-en-ru", "en-ru", 10_850, 1_002 + 1_000 + 2_037 + 2_016 + 2_074 + 1_723 + 998, ""),
    ("inn", "en-ru", 9_349, 9_349, ""),
    ("inn", "en-la", 9_344, 9_349, "5 rows have no Latin name"),
    ("kalzium", "en-ru", 1_299, 1_452, "less the file's head, and 152 obsolete messages of one line"),
    ("kalzium", "en-es", 1_299, 1_300, "less the file's head"),
    ("kalzium", "en-zh", 1_179, 1_180, "less the file's head"),
    ("bionne-l", "en-ru", 1_064, 1_065, "CUILESS is no id"),
    ("bionne-l-chem", "en-ru", 273, 275, "CUILESS; an id that is CHEM in English alone"),
    ("kbioxlm-linked", "en-zh", 500, 500, ""),
]
FAULTS = {
    ("inn", "en-la"): (5, "has no text in la; pair left out"),
    ("bionne-l", "en-ru"): (11, "is not an id of UMLS (C and 7 digits); row left out"),
    ("bionne-l-chem", "en-ru"): (11, "is not an id of UMLS (C and 7 digits); row left out"),
}


@pytest.mark.parametrize(("name", "language", "ours", "theirs", "why"), PAIRS)
def test_pairs(real: Real, name: str, language: str, ours: int, theirs: int, why: str) -> None:
    found, faults = pairs(real(name), language)
    assert len(found) == ours == len({pair.id for pair in found})
    assert (ours == theirs) == (not why)
    count, ending = FAULTS.get((name, language), (0, ""))
    assert len(faults) == count and all(message.endswith(ending) for message in faults)
    assert {"-".join(pair.languages) for pair in found} == {language}


def test_the_languages_of_pairs_are_not_exchanged(real: Real) -> None:
    for name, entry in corpora.catalog().items():
        for part in entry.parts:
            if entry.paired and part.language == "en-ru":
                for pair in corpora.pairs(real(name), language="en-ru", faults=[]):
                    cyrillic = [sum("а" <= c.lower() <= "я" for c in text) for text in (pair.source, pair.target)]
                    assert cyrillic[0] <= cyrillic[1], pair


def test_every_folder_has_an_entry(real: Real) -> None:
    """Of the folders in CHEMXL_DATA each but the patents is read by an entry, whose counts are tested above."""
    real("bc5cdr")
    folders = {path.name for path in Path(os.environ["CHEMXL_DATA"]).iterdir() if path.is_dir()}
    read = {entry.folder or name for name, entry in corpora.catalog().items() if corpora.available(name)}
    assert folders - read <= {"uspto"}
