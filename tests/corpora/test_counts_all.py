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


def test_the_rest_of_drugprot_with_text(real: Real) -> None:
    """1,926 documents in all; none stands in both."""
    documents, faults = load(real("drugprot-extra"))
    assert (len(documents), relations(documents).total(), faults) == (237, 9_320 - 8_085, [])
    assert types(documents) == {"CHEMICAL": 3_355, "GENE-Y": 1_860, "GENE-N": 948}
    assert not {one.id for one in documents} & {one.id for one in load(real("drugprot"))[0]}


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
        ("huatuo", [8_658 + 1_000]),
        ("toyhom", [7_266]),
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
    ("tico19-zh", "en-zh", 3_071, 3_071, ""),
    ("names-icd10", "en-ru", 14_381, 14_381, ""),
    ("names-icd10", "en-zh", 12_624, 12_624, ""),
    ("names-hpo", "en-zh", 18_988, 18_988, ""),
    ("names-inn", "en-ru", 9_349, 9_349, ""),
    ("names-atc", "en-ru", 346, 346, ""),
    ("names-bionne-l", "en-ru", 10_327, 10_327, ""),
    ("names-ruccon", "en-ru", 3_291, 3_291, ""),
    ("names-xlbel", "en-ru", 631, 631, ""),
    ("names-xlbel", "en-zh", 545, 545, ""),
    ("names-kalzium", "en-ru", 711, 711, ""),
    ("names-kalzium", "en-zh", 666, 666, ""),
    ("names-tico19", "en-ru", 629, 629, ""),
    ("names-tico19", "en-zh", 647, 647, ""),
    ("names-ghs", "en-zh", 2_127, 2_127, ""),
    ("names-aspen", "en-zh", 751, 751, ""),
    ("names-hand", "en-ru", 91, 91, ""),
    ("names-hand", "en-zh", 274, 274, ""),
    ("cedict", "en-zh", 142_033, 142_033, ""),
    ("mueller7", "en-ru", 148_642, 148_642, ""),
    ("muse", "en-ru", 53_186, 53_186, ""),
    ("muse", "en-zh", 39_333, 39_334, "a pair stands twice but for a capital"),
]
FAULTS = {
    ("inn", "en-la"): (5, "has no text in la; pair left out"),
    ("bionne-l", "en-ru"): (11, "is not an id of UMLS (C and 7 digits); row left out"),
    ("bionne-l-chem", "en-ru"): (11, "is not an id of UMLS (C and 7 digits); row left out"),
    ("muse", "en-zh"): (1, "stands in line 11807 already; row left out"),
}


@pytest.mark.parametrize(("name", "language", "ours", "theirs", "why"), PAIRS)
def test_pairs(real: Real, name: str, language: str, ours: int, theirs: int, why: str) -> None:
    found, faults = pairs(real(name), language)
    assert len(found) == ours == len({pair.id for pair in found})
    assert (ours == theirs) == (not why)
    count, ending = FAULTS.get((name, language), (0, ""))
    assert len(faults) == count and all(message.endswith(ending) for message in faults)
    assert {"-".join(pair.languages) for pair in found} == {language}


def test_the_lexicons_together_are_those_of_the_readme() -> None:
    counts = {
        code: sum(ours for name, language, ours, *_ in PAIRS if name.startswith("names-") and language == code)
        for code in ("en-ru", "en-zh")
    }
    assert counts == {"en-ru": 39_756, "en-zh": 36_622}


def test_facts(real: Real) -> None:
    """Of 140,580 facts; the README counts those that have names in a language, and those that need BioNNE-L's."""
    faults: list[corpora.Fault] = []
    russian, chinese = (
        corpora.facts(real("knowledge-facts"), language=code, faults=faults) for code in ("en-ru", "en-zh")
    )
    assert (len(russian), len(chinese), faults) == (102_123, 76_672, [])
    assert sum(fact.needs("cui:bionnel") for fact in russian) == 17_630
    every = {fact.id: fact.relation for fact in (*russian, *chinese)}
    assert Counter(every.values()) == {
        "may cause": 74_203,
        "is a": 36_939,
        "has sign": 17_869,
        "treats": 10_306,
        "is a member of": 1_263,
    }


def test_alignment_by_hand(real: Real) -> None:
    """1,019 rows, of which 964 are one to one and 21 have an empty side; Chinese is on the left."""
    faults: list[corpora.Fault] = []
    found = corpora.alignments(real("paramed-gold"), faults=faults)
    lines = [len(one.source) for one in found], [len(one.target) for one in found]
    assert (len(found), *map(sum, lines)) == (12, 1_030, 1_028)
    shapes = Counter((len(source), len(target)) for one in found for source, target in one.beads)
    assert [str(fault).rpartition("/")[2] for fault in faults] == [
        f"align.tsv:{line}: {row} names a line that has a bead; row left out"
        for line, row in ((135, "136 <=> 137"), (677, "22 <=> 23"))
    ]
    assert (shapes[1, 1], shapes[0, 1] + shapes[1, 0], shapes.total()) == (964 - 2, 21, 1_019 - 2)


def test_the_chinese_tico19_has_the_english_of_the_russian_one(real: Real) -> None:
    russian, chinese = pairs(real("tico19"))[0], pairs(real("tico19-zh"))[0]
    assert [(pair.id, pair.source) for pair in russian] == [(pair.id, pair.source) for pair in chinese]


def test_the_languages_of_pairs_are_not_exchanged(real: Real) -> None:
    for name, entry in corpora.catalog().items():
        for part in entry.parts:
            if entry.kind == "pairs" and part.language == "en-ru":
                for pair in corpora.pairs(real(name), language="en-ru", faults=[]):
                    cyrillic = [sum("а" <= c.lower() <= "я" for c in text) for text in (pair.source, pair.target)]
                    assert cyrillic[0] <= cyrillic[1], pair


def test_every_folder_has_an_entry(real: Real) -> None:
    """Of the folders in CHEMXL_DATA each but the patents is read by an entry, whose counts are tested above."""
    real("bc5cdr")
    folders = {path.name for path in Path(os.environ["CHEMXL_DATA"]).iterdir() if path.is_dir()}
    read = {entry.folder or name for name, entry in corpora.catalog().items() if corpora.available(name)}
    assert folders - read <= {"uspto"}
