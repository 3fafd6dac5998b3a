"""Clean-up: the rules on names as they occur, and mentions that stay over their characters whatever is edited."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from unicodedata import combining, is_normalized, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl import corpora
from chemxl.collect import homoglyphs
from chemxl.collect.cleanup import LOST_MENTION, LOST_RELATION, clean
from chemxl.collect.homoglyphs import MIXED
from chemxl.documents import Document, Mention, Relation

# Latin and Cyrillic doubles, letters without one, marks, joiners, controls, ligatures, jamo, an emoji sequence.
ALPHABET = (
    "ΑΝοαβßµ∆ɑкВБóЗі"
    "aoepcxyHKMCXIDtаоерсхуНКМСХфлёйé2+ -.\n"
    "\u0301\u0308\u0306\u00ad\u200b\u200d\u00a0\x00\x0b\x96ﬁ\u1112\u1161👩⚕Åर\u094d"
)


def cleaned(text: str) -> tuple[str, Counter[str]]:
    document, counts = clean(Document("d", text))
    return document.text, counts


@pytest.mark.parametrize(
    ("wrong", "right", "letters"),
    [
        ("СOX-2", "COX-2", 1),  # Cyrillic С: most letters
        ("СYP2D6", "CYP2D6", 1),  # D has no double
        ("токоферoл", "токоферол", 1),
        ("ибупрoфeн", "ибупрофен", 2),
        ("СаСl2", "CaCl2", 3),
        ("Р2Y1", "P2Y1", 1),  # as many of each, and a digit
        ("рH", "pH", 1),
        ("pН", "pH", 1),
        ("рН", "pH", 2),
        ("СО2", "CO2", 2),
        ("2Н2О", "2H2O", 2),
        ("Са2+", "Ca2+", 2),
        ("К+", "K+", 1),
        ("IIА", "IIA", 1),  # Russian has no I
        ("ещë", "ещё", 1),
    ],
)
def test_letters_of_the_other_alphabet_are_brought_home(wrong: str, right: str, letters: int) -> None:
    text, counts = cleaned(f"ацетил {wrong}, butyl")
    assert text == f"ацетил {right}, butyl"
    assert counts == {"homoglyph": letters}


_TYPED = {latin: cyrillic for cyrillic, latin in zip("АВЕКМНОРСТУХЁаеорсухё", "ABEKMHOPCTYXËaeopcyxë", strict=True)}
_TYPED |= {cyrillic: latin for latin, cyrillic in _TYPED.items()}
_GREEK = dict(zip("ABEZHIKMNOPTYXoАВЕКМНОРТУХо", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοΑΒΕΚΜΗΟΡΤΥΧο", strict=True))
_SIGNS = dict(zip("βμΔακ", "ßµ∆ɑк", strict=True))
_MARK = re.compile(r"\[(.)\]|\{(.)\}|~([βμΔακ])")


def sentences() -> list[tuple[str, str]]:
    """The sentences of homoglyphs.txt, as they were typed and as they should be."""
    lines = (Path(__file__).parent / "homoglyphs.txt").read_text("utf-8").splitlines()
    marked = [line for line in lines if line and not line.startswith("#")]
    right = [_MARK.sub(lambda m: m[1] or m[2] or m[3], line) for line in marked]
    typed = [_MARK.sub(lambda m: _TYPED.get(m[1]) or _GREEK.get(m[2]) or _SIGNS[m[3]], line) for line in marked]
    return list(zip(typed, right, strict=True))


def test_letters_of_the_field_are_brought_home_and_no_others() -> None:
    done, wrong, missed = 0, [], []
    for typed, right in sentences():
        found, _ = cleaned(typed)
        assert cleaned(right)[0] == right
        for before, after, due in zip(typed, found, right, strict=True):
            done += before != after == due
            wrong += [found] if after not in (before, due) else []
            missed += [found] if before == after != due else []
    assert wrong == []
    assert missed == ["Спектры ЯМР 1\u041d и 13C сняты в CDCl3."]  # 1H of NMR, or the first of something
    assert done > 350 and len(sentences()) > 330


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("\u0440\u041aa", "pKa"),
        ("\u0391spirin", "Aspirin"),
        ("croce\u03bfida", "croceoida"),
        ("Vm\u0430x", "Vmax"),
        ("б\u00f3льшую", "бо\u0301льшую"),  # a stress mark that came with a Latin letter
        ("\u0399\u0399\u0399 стадия", "III стадия"),
        ("in \u0421OX", "in COX"),
        ("NF\u2011\u043a\u0412-путь", "NF\u2011κB-путь"),
        ("\u0392\u0395 in vitro", "BE in vitro"),
        ("Їжак і \u0421OX", "Їжак і COX"),
    ],
)
def test_letters_of_a_word_alone(wrong: str, right: str) -> None:
    assert cleaned(wrong)[0] == right


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("раствор МеОН и АсОН в воде", "раствор MeOH и AcOH в воде"),
        ("добавили НОАс, группа ОМе, Ас2О и Ме2СО", "добавили HOAc, группа OMe, Ac2O и Me2CO"),
        ("осадок Fе(ОН)3 и Fе(СО)5 в воде", "осадок Fe(OH)3 и Fe(CO)5 в воде"),
        ("уровень 25(ОН)D снижен", "уровень 25(OH)D снижен"),
        ("алкен СН2=СН-СН3 и связь С=О, алкин НС≡С-СН2ОН", "алкен CH2=CH-CH3 и связь C=O, алкин HC≡C-CH2OH"),
        ("клетки А549, НСТ116 и К562 росли", "клетки A549, HCT116 и K562 росли"),
        ("агонисты к-опиоидных рецепторов, к-казеин", "агонисты κ-опиоидных рецепторов, κ-казеин"),
    ],
)
def test_groups_of_formulae_and_names_that_are_all_doubles(wrong: str, right: str) -> None:
    assert cleaned(wrong)[0] == right == cleaned(right)[0]


@pytest.mark.parametrize(
    "text", ["при С=0,5 мг/мл и Н=5 м", "НОК и МОК, НОМ", "кислота (НОС) и контроль (СОН)", "группа А(СН)", "к-нам"]
)
def test_what_is_no_group_is_left_alone(text: str) -> None:
    assert cleaned(f"раствор {text} в воде") == (f"раствор {text} в воде", {})


@pytest.mark.parametrize(
    "text", ["και το νερό", "ΝΕΡΟ", "Straße", "Größe 5", "Вестник РАМН", "café naïve", "γδ", "ΔΔG", "Їжак", "[ˈfɑːðə]"]
)
def test_other_languages_are_left_alone(text: str) -> None:
    assert cleaned(text) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        "ДНК-binding",
        "α-токоферол и β-каротин",
        "N-ацетил-L-цистеин",
        "2р в день",
        "витамин С",
        "НМК+",
        "рНК",
        "Нет, он сам.",
        "COX-2 and pH",
        "5 мкМ",
        "СО2-экстракция".replace("СО2", "CO2"),
    ],
)
def test_what_is_right_is_left_alone(text: str) -> None:
    document = Document("d", text)
    same, counts = clean(document)
    assert same is document
    assert counts == {}


@pytest.mark.parametrize("text", ["ОКСпST", "QTна", "MAPкиназа", "p38MAPкиназа", "Tо"])
def test_what_cannot_be_told_is_left_alone_and_counted(text: str) -> None:
    assert cleaned(text) == (text, {MIXED: 1})


@pytest.mark.parametrize(
    ("text", "right", "kind"),
    [
        ("аце\u00adтон", "ацетон", "soft hyphen"),
        ("ace\u200btone", "acetone", "zero width"),
        ("\ufeffacetone", "acetone", "zero width"),
        ("ace\u200dtone", "acetone", "zero width"),
        ("eﬃcacy", "efficacy", "ligature"),
        ("5\u00a0мг", "5 мг", "no-break space"),
        ("и\u0306од", "йод", "composition"),
        ("\u212b", "\u00c5", "composition"),
        ("\u1112\u1161\u11ab", "\ud55c", "composition"),
        ("one\x0btwo", "one two", "control"),
        ("ace\x00tone", "acetone", "control"),
        ("10\x9620", "10–20", "control"),
        ("one\u2028two", "one\ntwo", "control"),
    ],
)
def test_each_kind_is_mended_and_counted(text: str, right: str, kind: str) -> None:
    assert cleaned(text) == (right, {kind: 1})


def test_joiners_that_mean_something_stay() -> None:
    for text in ("👩\u200d⚕\ufe0f", "क\u094d\u200dष", "tab\tline\r\n"):
        assert cleaned(text) == (text, {})


@given(st.text(alphabet=f"{ALPHABET} ", max_size=40))
def test_what_is_counted_as_mixed_is_mixed_at_the_end(text: str) -> None:
    mended, counts = cleaned(text)
    assert counts.get(MIXED, 0) == sum(edit.kind == MIXED for edit in homoglyphs.words(mended))


@given(st.text(alphabet=ALPHABET, max_size=40))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once, _ = cleaned(text)
    again, counts = cleaned(once)
    assert again == once
    assert set(counts) <= {MIXED}
    assert is_normalized("NFC", once)
    assert not set(once) & set("\u00ad\u200b\u00a0\x00\x0b\x96ﬁ")


@given(st.text())
def test_any_text_can_be_cleaned(text: str) -> None:
    once, _ = cleaned(text)
    assert cleaned(once)[0] == once == normalize("NFC", once)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(alphabet=ALPHABET, min_size=1, max_size=40))
    mentions = []
    for n in range(draw(st.integers(0, 4))):
        cuts = draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=6, unique=True).map(sorted))
        pairs = tuple(zip(cuts[::2], cuts[1::2], strict=False))
        mentions.append(Mention("CHEM", pairs, id=f"T{n}"))
    ends = [mention.id for mention in mentions]
    relations = (Relation("R", ends[0], ends[-1]),) if ends else ()
    return Document("d", text, tuple(mentions), relations)


def folded(text: str) -> str:
    """What a text is, whatever its letters' alphabet: marks taken off, doubles as one, invisible characters out."""
    doubles = str.maketrans("АВЕКМНОРСТУХаеорсухіΑΝοßµ∆ɑк\x0b\x96", "ABEKMHOPCTYXaeopcyxiANoβμΔακ –")
    plain = normalize("NFKD", text).translate(doubles)
    return "".join(c for c in plain if c not in "\u0301\u0308\u0306\u030a\u00ad\u200b\u200d\x00")


def inside_one(text: str, offset: int) -> bool:
    following = text[offset:].lstrip("\u00ad\u200b\u200d\x00")[:1]
    return following == "\u1161" or bool(following and combining(following))


@given(documents())
def test_mentions_cover_the_same_characters(document: Document) -> None:
    after, counts = clean(document)
    left = {mention.id: mention for mention in after.mentions}
    assert len(left) == len(document.mentions) - counts[LOST_MENTION]
    assert len(after.relations) == len(document.relations) - counts[LOST_RELATION]
    for mention in document.mentions:
        before = [document.text[start:end] for start, end in mention.fragments]
        if mention.id not in left:
            assert not folded("".join(before))
            continue
        pieces = left[mention.id].fragments
        # A letter with its accent, or a syllable, becomes one: who had a part of it has the whole.
        if not any(inside_one(document.text, offset) for fragment in mention.fragments for offset in fragment):
            assert folded("".join(after.text[start:end] for start, end in pieces)) == folded("".join(before))


@given(documents())
def test_what_lies_before_a_mention_stays_before_it(document: Document) -> None:
    after, _ = clean(document)
    for mention in after.mentions:
        (old,) = (m for m in document.mentions if m.id == mention.id)
        if len(old.fragments) != len(mention.fragments):  # one of nothing visible was left out
            continue
        assert folded(document.text[: old.start]).startswith(folded(after.text[: mention.start]))
        assert folded(document.text[old.end :]).endswith(folded(after.text[mention.end :]))


def test_mentions_move_with_their_text() -> None:
    text = "Haﬁ аце\u00adтил\u00adсали\u00adцило\u00adвой кис\u00adлоты"
    before = Mention("CHEM", ((text.index("аце"), text.index("цило") + 4), (text.index("кис"), len(text))), id="T1")
    after, counts = clean(Document("d", text, (before,)))
    assert after.text == "Hafi ацетилсалициловой кислоты"
    assert after.surface(after.mentions[0]) == "ацетилсалицило кислоты"
    assert counts == {"soft hyphen": 5, "ligature": 1}


def test_a_mention_of_nothing_visible_is_counted_with_its_relations() -> None:
    mentions = (Mention.of("CHEM", 1, 2, id="T1"), Mention.of("CHEM", 0, 1, id="T2"))
    after, counts = clean(Document("d", "a\u00adb", mentions, (Relation("R", "T1", "T2"),)))
    assert (after.text, after.mentions, after.relations) == ("ab", (Mention.of("CHEM", 0, 1, id="T2"),), ())
    assert counts == {"soft hyphen": 1, LOST_MENTION: 1, LOST_RELATION: 1}


def test_fragments_that_meet_in_one_letter_stay_disjoint() -> None:
    after, _ = clean(Document("d", "и\u0306од", (Mention("CHEM", ((0, 1), (1, 4)), id="T1"),)))
    assert after.mentions[0].fragments == ((0, 1), (1, 3))


def test_real_texts(real: Callable[[str], str]) -> None:
    counts: Counter[str] = Counter()
    for document in corpora.load(real("bionne-r"), language="ru", faults=[]):
        after, found = clean(document)
        assert len(after.mentions) == len(document.mentions)
        counts += found
    assert (counts["no-break space"], counts["zero width"]) == (646, 2)
    assert counts["homoglyph"] > 100 and 0 < counts[MIXED] < 50
