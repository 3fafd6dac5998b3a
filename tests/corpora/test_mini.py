"""The shipped corpus: what is in it, and what expand makes of it."""

from __future__ import annotations

import hashlib
import math
import random
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

from chemxl import corpora
from chemxl.corpora import mini, standoff
from chemxl.corpora.mini.declension import CASES, forms
from chemxl.corpora.mini.lexicon import KINDS, Concept, concepts
from chemxl.corpora.mini.sounds import agrees
from chemxl.corpora.mini.templates import capitalized, passages
from chemxl.documents import Document, Mention
from chemxl.errors import CorpusError

HOME = Path(mini.__file__).parent
DOMAINS = ("abstracts", "notes", "patents", "reviews")
SPLITS = ("train", "dev", "test")
TYPES = ("CHEM", "DRUG", "DISEASE", "GENE", "SPECIES")
# The classes of DrugProt (BioCreative VII, track 1).
RELATIONS = {"ACTIVATOR", "AGONIST", "AGONIST-ACTIVATOR", "AGONIST-INHIBITOR", "ANTAGONIST", "DIRECT-REGULATOR"}
RELATIONS |= {"INDIRECT-DOWNREGULATOR", "INDIRECT-UPREGULATOR", "INHIBITOR", "PART-OF", "PRODUCT-OF", "SUBSTRATE"}
RELATIONS |= {"SUBSTRATE_PRODUCT-OF"}
TABLE = [line.split("\t") for line in (Path(__file__).parent / "declensions.tsv").read_text("utf-8").splitlines()]


def loaded(language: str) -> list[Document]:
    return corpora.load("mini", language=language, strict=True)


def keys(document: Document) -> dict[str, str]:
    """Mention id -> key."""
    lines = standoff.parse((HOME / f"{document.id}.ann").read_bytes())
    return {r.target: r.reference for line in lines if isinstance(r := line.record, standoff.Normalisation)}


def by_line(document: Document) -> list[list[str]]:
    """The mention ids of each line of the text."""
    found: list[list[str]] = [[] for _ in document.text.splitlines()]
    for mention in document.mentions:
        found[document.text.count("\n", 0, mention.start)].append(mention.id)
    return found


def names(concept: Concept, language: str) -> set[str]:
    """Every form of a concept's name, as it may stand in a text."""
    found = concept.english if language == "en" else [form for row in concept.russian for form in row]
    return {folded(name) for name in found}


def folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


OWNERS = {
    (language, concept.kind, name): concept
    for language in ("en", "ru")
    for concept in concepts().values()
    for name in names(concept, language)
}


def owner(document: Document, mention: Mention) -> Concept:
    """The concept whose name a mention is."""
    return OWNERS[document.language, KINDS[mention.type], folded(document.surface(mention))]


# --- the corpus


def test_size() -> None:
    for language in ("en", "ru"):
        documents = loaded(language)
        assert len(documents) >= 100
        assert {d.domain for d in documents} == set(DOMAINS)
        assert sum(d.text.count("\n") for d in documents) >= 400
        assert sum(len(d.mentions) for d in documents) >= 1000
        assert {m.type for d in documents for m in d.mentions} == set(TYPES)
        assert {r.type for d in documents for r in d.relations} <= RELATIONS


@pytest.mark.parametrize("language", ["en", "ru"])
def test_annotation_is_whole(language: str) -> None:
    for document in loaded(language):
        assert document.text.endswith("\n") and "\n\n" not in document.text
        end = 0
        for mention in document.mentions:
            surface = document.surface(mention)
            assert mention.start >= end, "in order, none nested"
            assert surface == surface.strip() and "\n" not in surface
            end = mention.end
        types = {m.id: m.type for m in document.mentions}
        for relation in document.relations:
            assert types[relation.head] in {"CHEM", "DRUG"} and types[relation.tail] == "GENE"


def test_records_are_in_a_form_that_brat_reads() -> None:
    conf = (HOME / "annotation.conf").read_text("utf-8")
    for path in HOME.glob("*/*.ann"):
        for line in standoff.parse(path.read_bytes()):
            record = line.record
            if isinstance(record, standoff.Normalisation):
                assert record.type == "Reference" and record.reference.startswith("MINI:")
            else:
                assert isinstance(record, standoff.TextBound | standoff.Related | standoff.Attribute)
                assert re.search(rf"^{record.type}\b", conf, re.MULTILINE)


def test_twins_are_aligned() -> None:
    russian = {d.id: d for d in loaded("ru")}
    for english in loaded("en"):
        twin = russian.pop(english.id.removesuffix(".en") + ".ru")
        assert english.text.count("\n") == twin.text.count("\n")
        assert Counter(r.type for r in english.relations) == Counter(r.type for r in twin.relations)
        en_keys, ru_keys = keys(english), keys(twin)
        en_types, ru_types = ({m.id: m.type for m in d.mentions} for d in (english, twin))
        for number, (en, ru) in enumerate(zip(by_line(english), by_line(twin), strict=True), 1):
            where = f"{english.id} line {number}"
            assert Counter(en_types[i] for i in en) == Counter(ru_types[i] for i in ru), where
            en_concepts = Counter((en_types[i], en_keys[i]) for i in en if i in en_keys)
            assert en_concepts == Counter((ru_types[i], ru_keys[i]) for i in ru if i in ru_keys), where
    assert not russian


@pytest.mark.parametrize("language", ["en", "ru"])
def test_keyed_names_are_those_of_the_lexicon(language: str) -> None:
    keyed: list[bool] = []
    for document in loaded(language):
        known = keys(document)
        keyed += [mention.id in known for mention in document.mentions if mention.type in {"CHEM", "DRUG"}]
        for mention in document.mentions:
            if mention.id in known:
                concept = concepts()[KINDS[mention.type], known[mention.id].removeprefix("MINI:")]
                assert folded(document.surface(mention)) in names(concept, language), document.id
    assert sum(keyed) / len(keyed) > 0.5


def test_a_name_is_annotated_wherever_it_stands() -> None:
    """Words that have another sense ("lead author") apart; they are listed."""
    senses = {"lead", "gold", "iron", "silver", "copper", "tin", "human", "depression", "tumor", "argon", "garlic"}
    longest_first = sorted((re.escape(c.english[0]) for c in concepts().values()), key=len, reverse=True)
    known = re.compile(rf"(?<![\w-])(?:{'|'.join(longest_first)})(?![\w-])", re.IGNORECASE)
    for document in loaded("en"):
        covered = [m.span for m in document.mentions]
        for match in known.finditer(document.text):
            inside = any(start < match.end() and match.start() < end for start, end in covered)
            assert inside or match[0].lower() in senses, f"{document.id}: {match[0]}"


def test_splits_cover_the_passages_and_every_domain() -> None:
    splits = yaml.safe_load((HOME / "splits.yaml").read_text("utf-8"))
    everything = {path.name.split(".")[0]: path.parent.name for path in HOME.glob("*/*.ann")}
    listed = [id for split in SPLITS for id in splits[split]]
    assert sorted(listed) == sorted(everything)
    for domain in DOMAINS:
        ranked = sorted((id for id in everything if everything[id] == domain), key=digest)
        assert {id for id in splits["test"] if everything[id] == domain} == set(ranked[: math.ceil(len(ranked) / 5)])


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def test_data_card_counts() -> None:
    """The table of the data card is the corpus's own count."""
    card = (HOME / "README.md").read_text("utf-8")
    for domain in DOMAINS:
        english = [d for d in loaded("en") if d.domain == domain]
        types = Counter(m.type for d in english for m in d.mentions)
        keyed = sum(len(keys(d)) for d in english)
        cells = [domain, len(english), sum(d.text.count("\n") for d in english), *(types[t] for t in TYPES)]
        cells += [sum(types.values()), keyed, sum(len(d.relations) for d in english)]
        assert "| " + " | ".join(map(str, cells)) + " |" in card
    assert "CC0" in card and "CC0" in (HOME / "LICENSE").read_text("utf-8")


# --- the lexicon


def test_lexicon_size_and_uniqueness() -> None:
    kinds = Counter(concept.kind for concept in concepts().values())
    assert kinds["substance"] >= 250 and kinds["disease"] >= 80 and kinds["gene"] >= 100 and kinds["species"] >= 40
    for language in ("en", "ru"):
        owners: dict[str, set[str]] = defaultdict(set)
        for concept in concepts().values():
            for name in names(concept, language):
                owners[name].add(concept.key)
        assert not {name for name, of in owners.items() if len(of) > 1}
    for concept in concepts().values():
        english = concept.english[0] if concept.kind == "gene" else concept.english[0].lower()
        assert concept.key == english.replace(" ", "_")


def test_lexicon_is_split_by_rule() -> None:
    """Of each class, in the order of the keys' SHA-256: the first fifth is test, the next tenth dev, the rest train."""
    classes: dict[tuple[str, str, str], list[Concept]] = defaultdict(list)
    for concept in concepts().values():
        classes[concept.kind, concept.group, concept.gender].append(concept)
    for members in classes.values():
        ranked = sorted(members, key=lambda concept: digest(concept.key))
        test = math.ceil(len(ranked) / 5)
        dev = test + math.ceil(len(ranked) / 10)
        expected = ["test" if i < test else "dev" if i < dev else "train" for i in range(len(ranked))]
        assert [concept.split for concept in ranked] == expected


# --- declension


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[1])
def test_declension(row: list[str]) -> None:
    gender, *expected = row
    assert list(forms(expected[0], gender)) == expected


def test_declension_table_is_large_enough() -> None:
    assert len(TABLE) >= 60


def test_given_forms() -> None:
    lead = concepts()["substance", "lead"]
    assert lead.russian == (("свинец", "свинца", "свинцу", "свинец", "свинцом", "свинце"),)
    rabbit = concepts()["species", "rabbit"]
    assert rabbit.form("ru", 0, CASES.index("acc")) == "кролика"
    assert rabbit.form("ru", 1, CASES.index("dat")) == "кроликам"
    with pytest.raises(CorpusError, match="six forms"):
        forms("один/одного", "m")


@pytest.mark.parametrize(
    ("before", "fits", "does_not"),
    [
        ("an ", "aspirin EGFR ibuprofen", "metformin CYP2D6 urea eugenol HDAC1"),
        ("\nA ", "metformin CYP2D6 warfarin", "aspirin AMPK urea MTOR"),
        ("вместе с ", "аспирином сорбитом цинком", "свинцом стиролом"),
        ("со ", "свинцом стиролом ртутью", "аспирином сорбитом"),
        ("в ", "воде этаноле", "фторе"),
        ("об ", "аспирине этаноле", "метформине ёлке"),
        ("о ", "метформине", "аспирине"),
        ("as ", "aspirin metformin", ""),
        ("Δс ", "свинец", ""),
    ],
)
def test_sounds(before: str, fits: str, does_not: str) -> None:
    assert all(agrees(before, name) for name in fits.split())
    assert not any(agrees(before, name) for name in does_not.split())


def test_capitalized() -> None:
    given = ["aspirin", "4-aminophenol", "β-carotene", "N-метилпирролидон", "L-lysine", "TNF-α", "5-LOX", "COVID-19"]
    shown = ["Aspirin", "4-Aminophenol", "β-Carotene", "N-Метилпирролидон", "L-Lysine", "TNF-α", "5-LOX", "COVID-19"]
    assert [capitalized(name) for name in given] == shown


# --- expand


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("seed", [0, 1])
def test_expanded_mentions_are_names_of_the_split(split: str, seed: int) -> None:
    originals = {d.id.split("/")[1]: d for language in ("en", "ru") for d in loaded(language)}
    swapped = 0
    for document in mini.expand(700, seed, split=split):
        passage, _, language = document.id.replace("~", ".").split(".")
        original = originals[f"{passage}.{language}"]
        known = keys(original)
        assert document.language == language and document.domain == original.domain
        assert document.relations == original.relations
        assert [(m.id, m.type) for m in document.mentions] == [(m.id, m.type) for m in original.mentions]
        for mention, before in zip(document.mentions, original.mentions, strict=True):
            surface = document.surface(mention)
            if before.id not in known:
                assert surface == original.surface(before)
                continue
            old = concepts()[KINDS[before.type], known[before.id].removeprefix("MINI:")]
            new = owner(document, mention)
            swapped += 1
            assert new.split == split and (new.group, new.gender) == (old.group, old.gender)
            assert new is not old, "the swap changes every keyed name"
            if re.fullmatch("[A-ZА-Я].*", original.surface(before)) and old.form(language)[0].islower():
                assert surface == capitalized(surface), "a capital stays one"
        assert outside(document) == outside(original)
    assert swapped > 500


def outside(document: Document) -> list[str]:
    """The text between the mentions."""
    cuts = [0, *(at for mention in document.mentions for at in mention.span), len(document.text)]
    return [document.text[start:end] for start, end in zip(cuts[::2], cuts[1::2], strict=True)]


def test_case_and_number_survive() -> None:
    """Which of its forms a name stands in is the same before and after."""
    originals = {d.id.split("/")[1]: d for d in loaded("ru")}
    for document in mini.expand(600, 3, language="ru"):
        original = originals[document.id.split("~")[0] + ".ru"]
        records = [line.record for line in standoff.parse((HOME / f"{original.id}.ann").read_bytes())]
        marks = {(r.target, r.type): r.value for r in records if isinstance(r, standoff.Attribute)}
        for mention in document.mentions:
            case = marks.get((mention.id, "Case"))
            if case is not None:
                number = int(marks.get((mention.id, "Number")) == "Plur")
                expected = owner(document, mention).form("ru", number, CASES.index(case.lower()))
                assert folded(expected) == folded(document.surface(mention))


def test_names_of_the_splits_are_disjoint() -> None:
    seen: dict[str, set[str]] = {}
    for split in SPLITS:
        seen[split] = set()
        for document in mini.expand(2000, 7, split=split):
            templates = {p.id: p for p in passages(split)}
            (page,) = (p for p in templates[document.id.split("~")[0]].pages if p.language == document.language)
            keyed = {slot.id for slot in page.slots if slot.concept}
            seen[split] |= {folded(document.surface(m)) for m in document.mentions if m.id in keyed}
    assert not seen["train"] & seen["test"] and not seen["train"] & seen["dev"] and not seen["dev"] & seen["test"]


def test_same_seed_same_documents() -> None:
    assert mini.expand(300, 5) == mini.expand(300, 5)
    assert mini.expand(300, 5) != mini.expand(300, 6)
    random.seed(0)
    state = random.getstate()
    mini.expand(50, 1)
    assert random.getstate() == state
    assert mini.expand(100, 5) == mini.expand(300, 5)[: len(mini.expand(100, 5))]


def test_languages_are_twins() -> None:
    both, english, russian = (mini.expand(400, 2, language=language) for language in (None, "en", "ru"))
    assert [*english, *russian] == sorted(both, key=lambda d: (d.language, both.index(d)))
    lines = 0
    for en, ru in zip(english, russian, strict=True):
        assert en.id.removesuffix(".en") == ru.id.removesuffix(".ru")
        assert re.fullmatch(r"[a-z]{3}-\d{3}~\d{4}\.en", en.id)
        assert en.text.count("\n") == ru.text.count("\n")
        lines += en.text.count("\n")
        assert [concepts_of(en, ids) for ids in by_line(en)] == [concepts_of(ru, ids) for ids in by_line(ru)]
    assert lines >= 400
    assert len({d.id for d in both}) == len(both)


def concepts_of(document: Document, ids: list[str]) -> Counter[str]:
    """The keys of the names that were put in, among these mentions."""
    passage = next(p for p in passages("train") if p.id == document.id.split("~")[0])
    (page,) = (page for page in passage.pages if page.language == document.language)
    keyed = {slot.id for slot in page.slots if slot.concept}
    return Counter(owner(document, m).key for m in document.mentions if m.id in keyed & set(ids))


def test_expand_nothing_and_the_unknown() -> None:
    assert mini.expand(0, 0) == []
    with pytest.raises(CorpusError, match="no split 'all'"):
        mini.expand(1, 0, split="all")
    with pytest.raises(CorpusError, match="no language 'de'"):
        mini.expand(1, 0, language="de")


def test_expand_is_fast() -> None:
    mini.expand(10, 0)
    start = time.perf_counter()
    documents = mini.expand(10_000, 0)
    assert sum(d.text.count("\n") for d in documents) >= 20_000
    assert time.perf_counter() - start < 10, "about half a second on one core; the limit is for a loaded machine"
