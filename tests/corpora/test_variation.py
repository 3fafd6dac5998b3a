"""Changed texts: mentions stay on what they were about, and names by rule are well formed."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl import corpora
from chemxl.corpora import carriers, coined, variation
from chemxl.corpora.mini.declension import CASES
from chemxl.corpora.variation import Variation, edited
from chemxl.documents import Document, Mention, to_bio

MINI = corpora.load("mini", split="train")
NAMES = {"en": ["abacavir", "zidovudine"], "ru": ["абакавир", "зидовудин"]}
ALL = dict.fromkeys(("capitals", "small", "hyphens", "lines", "alike", "misread", "joined"), 0.0)
letters = st.text("ab c", min_size=1, max_size=30)


@given(text=letters, data=st.data())
def test_an_edit_moves_what_stands_behind_it_and_keeps_what_it_does_not_touch(text: str, data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    edits = [(a, b, data.draw(st.sampled_from(["", "x", "xyz"]))) for a, b in list(pairwise(places))[::2]]
    free = [i for i in range(len(text)) if not any(a <= i < b for a, b, _ in edits)]
    mentions = tuple(Mention.of("CHEM", i, i + 1, id=f"T{i}") for i in free)
    made = edited(Document("a", text, mentions), edits)
    expected = text
    for a, b, new in reversed(edits):
        expected = expected[:a] + new + expected[b:]
    assert made.text == expected
    assert [made.surface(m) for m in made.mentions] == [text[i] for i in free]


def test_a_name_is_replaced_wherever_it_stands_and_nothing_else_is() -> None:
    document = next(d for d in MINI if d.language == "en" and len({d.surface(m) for m in d.mentions}) > 5)
    document = document.retyped({"CHEM": "CHEM", "DRUG": "CHEM", "GENE": "GENE"})
    made = variation.renamed(document, random.Random(3), NAMES, foreign=0.0)
    pairs = {(document.surface(a), made.surface(b)) for a, b in zip(document.mentions, made.mentions, strict=True)}
    changed = {a for a, b in pairs if a != b}
    assert changed and len({a for a, _ in pairs}) == len(pairs), "one name becomes one name"
    genes = {document.surface(m) for m in document.mentions if m.type == "GENE"}
    assert genes and not changed & genes
    outside = [document.text[a.end : b.start] for a, b in pairwise(sorted(document.mentions, key=lambda m: m.start))]
    assert all(part in made.text for part in outside)


@pytest.mark.parametrize("way", ALL)
def test_every_change_keeps_words_labelled(way: str) -> None:
    """Each mention is there, says the same but for the change, and begins and ends with a word."""
    changed = 0
    for document in MINI:
        [made] = Variation(apart=0, names=0, **ALL | {way: 1.0}).of(document, random.Random(document.id), NAMES)
        assert [m.type for m in made.mentions] == [m.type for m in document.mentions]
        assert to_bio(made.mentions, made.words)[1] <= to_bio(document.mentions, document.words)[1]
        changed += made.text != document.text
        if way in {"capitals", "small"}:
            assert [made.surface(m).lower() for m in made.mentions] == [
                document.surface(m).lower() for m in document.mentions
            ]
        if way in {"lines", "joined"}:
            assert "".join(made.text.split()) == "".join(document.text.split())
        if way == "hyphens":
            assert made.text.replace("-\n", "") == document.text.replace("-\n", "")
    assert changed > len(MINI) / 2


def test_sentences_by_themselves_hold_every_mention() -> None:
    for document in MINI:
        parts = Variation(apart=1, names=0, **ALL).of(document, random.Random(0), NAMES)
        assert len({part.id for part in parts}) == len(parts) and {part.source for part in parts} == {document.origin}
        found = [part.surface(m) for part in parts for m in part.mentions]
        assert sorted(found) == sorted(document.surface(m) for m in document.mentions)


def test_the_same_seed_gives_the_same() -> None:
    first, second, other = ([Variation().of(d, random.Random(seed), NAMES) for d in MINI[:10]] for seed in (1, 1, 2))
    assert first == second != other


def test_formulae_have_no_charge_left() -> None:
    assert coined.formula(["Fe", "3"], ["SO4", "2"]) == "Fe2(SO4)3"
    assert coined.formula(["Ca", "2"], ["CO3", "2"]) == "CaCO3"
    assert coined.formula(["NH4", "1"], ["S", "2"]) == "(NH4)2S"
    assert coined.formula(["Na", "1"], ["Cl", "1"]) == "NaCl"


def test_names_by_rule_are_of_one_line_and_inflected() -> None:
    rng = random.Random(0)
    made = [coined.drawn(rng) for _ in range(500)]
    for name in made:
        for form in (name.english, *(name.form("ru", case) for case in range(len(CASES)))):
            assert form and form == form.strip() and not set(form) & set("\n\t_:/\\"), name
    russian = {name.russian: name for name in made}
    assert len(russian) > 250
    anhydride = coined.Name("acetic anhydride", "уксусный ангидрид", "m")
    assert anhydride.form("ru", CASES.index("ins")) == "уксусным ангидридом"
    assert coined.traded(rng, "ru").russian[0].isupper()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_carriers_are_annotated_where_names_were_put(language: str) -> None:
    medicines = carriers.named([("abacavir", "абакавир"), ("two words", "два слова")])
    assert [name.english for name in medicines] == ["abacavir"]
    made = carriers.carried(200, random.Random(0), language, medicines)
    assert {m.type for d in made for m in d.mentions} == {"CHEM", "DISEASE", "GENE"}
    assert len({d.id for d in made}) == 200 and not any(set("{}") & set(d.text) for d in made)
    assert any(not d.mentions for d in made), "sentences without a name teach what none is"
    assert sum(to_bio(d.mentions, d.words)[1] for d in made) == 0
    unseen = {c.english[0] for c in carriers.concepts().values() if c.split == "test" and c.kind == "disease"}
    assert not unseen & {d.surface(m) for d in made for m in d.mentions if m.type == "DISEASE"}


def test_listed_words_and_diseases_are_not_those_that_mini_keeps_unseen() -> None:
    unseen = [c for c in carriers.concepts().values() if c.split != "train" and c.kind == "disease"]
    kept = {c.english[0].lower() for c in unseen} | {c.russian[0][0].lower() for c in unseen}
    for kind in ("diseases", "words"):
        listed = [coined.Name(*row) for row in coined._table(kind)]
        names = {name.english for name in listed} | {name.form("ru") for name in listed}
        assert len(listed) > 100 and not names & kept
        assert all(len({name.form("ru", case) for case in range(len(CASES))}) > 2 for name in listed), "inflected"


def test_listed_words_name_no_substance_disease_or_gene() -> None:
    known = {n.lower() for c in carriers.concepts().values() if c.kind != "species" for n in c.english}
    known |= {forms[0].lower() for c in carriers.concepts().values() if c.kind != "species" for forms in c.russian}
    for kind in ("diseases", "common"):
        rows = [coined.Name(*row) for row in coined._table(kind)]
        known |= {row.english.lower() for row in rows} | {row.form("ru").lower() for row in rows}
    words = [coined.Name(*row) for row in coined._table("words")]
    assert not {name.lower() for word in words for name in (word.english, word.form("ru"))} & known


def test_no_abbreviation_of_a_substance_is_made_up() -> None:
    rng = random.Random(0)
    for language in ("en", "ru"):
        known = {row[0] for row in coined._table(f"short_substances_{language}")}
        assert {coined.short(rng, "substances", language).english for _ in range(200)} <= known
        known |= {row[0] for row in coined._table("molecules")}
        assert not {coined.short(rng, "others", language).english for _ in range(20_000)} & known
        others = {row[0] for row in coined._table(f"short_others_{language}")}
        made = {coined.short(rng, "others", language).english for _ in range(200)} - others
        assert len(made) > 30 and not {name for name in made if not name.isupper()}


def test_what_only_looks_like_a_name_is_no_mention(monkeypatch: pytest.MonkeyPatch) -> None:
    russian = "По {P.dat}, {N}, {W.nom} и {B.nom} не меняли {S}, {C:соль Мора}, {T.acc} и {A}."
    lines = {"ru": [russian], "en": ["{C:THF} by {N}, {P}: {A}."]}
    monkeypatch.setattr(carriers, "_carriers", lambda: {language: texts * 3 for language, texts in lines.items()})
    seen = set[str]()
    for document in carriers.carried(40, random.Random(0), "ru", []):
        surfaces = [document.surface(m) for m in document.mentions]
        assert [m.type for m in document.mentions] == ["CHEM", "CHEM", "CHEM", "DISEASE"] * (len(surfaces) // 4)
        assert f"не меняли {surfaces[0]}, соль Мора, {surfaces[2]} и {surfaces[3]}." in document.text
        seen |= set(surfaces)
    assert len({name for name in seen if name.istitle()}) > 5 < len({n for n in seen if n[0].islower()}), "as written"
    for document in carriers.carried(5, random.Random(0), "en", []):
        assert document.text.startswith("THF by ") and {m.type for m in document.mentions} == {"CHEM", "DISEASE"}


def test_every_carrier_can_be_filled() -> None:
    """Each place has a kind and a case that there is, Russian ones of what is inflected a case; and no line stands
    twice."""
    lines = [(language, text) for language, texts in carriers._carriers().items() for text in texts]
    assert len(set(lines)) == len(lines)
    for language, text in lines:
        for place in re.findall(r"\{[^}]*\}", text):
            cases = "|".join(CASES)
            inflected = rf"[CMTDBPW]\.(?:{cases})|P" if language == "ru" else "[CMTDBPW]"
            assert re.fullmatch(rf"\{{(?:{inflected}|[FSAGN]|[CDG]:[^.:|{{}}][^{{}}]*)\}}", place), (place, text)
        assert text == text.strip() and not set("{}") & set(re.sub(r"\{[^{}]*\}", "", text)), text
