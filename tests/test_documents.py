"""Offsets, labels and flattening, on text as it comes: Cyrillic, combining marks, emoji, line breaks in mentions."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.documents import Document, Label, Mention, Relation, Span, flatten, from_bio, to_bio, words
from chemxl.errors import ChemxlError

ALPHABET = "аяЁё́̈aZ09 \n\t-/()+α\u00ad\u200d\u00a0\u2028😀👩🇷🇺_,.²"
TEXT = st.text(alphabet=ALPHABET, max_size=60)
TYPE = st.sampled_from(["CHEM", "DISEASE", "GENE"])


@st.composite
def mentions(draw: st.DrawFn, length: int, fragments: int = 3) -> Mention:
    cuts = draw(st.lists(st.integers(0, length), min_size=2, max_size=2 * fragments, unique=True).map(sorted))
    pairs = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    return Mention(draw(TYPE), pairs)


@st.composite
def layers(draw: st.DrawFn) -> tuple[list[Span], list[Mention]]:
    """Words of some text, and mentions that begin and end with them and do not overlap."""
    units = words(draw(TEXT))
    cuts = draw(st.lists(st.integers(0, len(units)), unique=True).map(sorted))
    runs = [run for run in pairwise(cuts) if draw(st.booleans())]
    return units, [Mention.of(draw(TYPE), units[a][0], units[b - 1][1]) for a, b in runs]


@given(TEXT)
def test_words_are_ascending_and_hold_every_visible_character(text: str) -> None:
    found = words(text)
    assert all(start < end for start, end in found)
    assert all(left[1] <= right[0] for left, right in pairwise(found))
    covered = {i for start, end in found for i in range(start, end)}
    assert all(i in covered for i, character in enumerate(text) if character.isalnum())


def test_words_cut_names_where_annotation_does() -> None:
    def cut(text: str) -> list[str]:
        return [text[start:end] for start, end in words(text)]

    assert cut("Ca2+ COX-2/5-LOX") == ["Ca", "2", "+", "COX", "-", "2", "/", "5", "-", "LOX"]
    assert cut("β-каротина (й)") == ["β", "-", "каротина", "(", "й", ")"]


# Marks of soft hyphens, joiners, directions, variants and bytes, and control characters.
UNSEEN = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufe0f\ufeff"


@pytest.mark.parametrize("sign", [*UNSEEN, "\x00", "\x07", "\x1b", "\x7f", "\x9f"], ids=ascii)
def test_what_nobody_sees_neither_begins_nor_ends_a_word(sign: str) -> None:
    text = f"{sign}зольмин{sign} {sign} 5{sign}мг{sign}{sign}, й{sign}-{sign}"
    found = [text[start:end] for start, end in words(text)]
    assert found == ["зольмин", "5", "мг", ",", "й", "-"]
    gold = Mention.of("CHEM", 1, 8)
    labels, inexact = to_bio([gold], words(text))
    assert (from_bio(labels, words(text)), inexact) == ([gold], 0)


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_what_nobody_sees_stays_inside_a_word(sign: str) -> None:
    text = f"золь{sign}{sign}мин и\u0306{sign}од"
    assert [text[start:end] for start, end in words(text)] == text.split(" ")


@given(layers())
def test_labels_give_the_mentions_back(layer: tuple[list[Span], list[Mention]]) -> None:
    units, given_mentions = layer
    labels, inexact = to_bio(given_mentions, units)
    assert inexact == 0
    assert from_bio(labels, units) == given_mentions


@given(st.data())
def test_inexact_mentions_are_counted(data: st.DataObject) -> None:
    text = data.draw(TEXT.filter(lambda t: len(t) > 1))
    flat = flatten(data.draw(st.lists(mentions(len(text)), max_size=5))).mentions
    units = words(text)
    labels, inexact = to_bio(flat, units)
    expressed = set(from_bio(labels, units)) & set(flat)
    # A mention that is not expressed is counted; one may be counted and still come out (a neighbour took its word).
    assert len(flat) - len(expressed) <= inexact <= len(flat)


def test_a_label_stands_once_and_a_score_makes_no_other_label() -> None:
    assert Label("pain", 0.5) == Label("pain") and Relation("is", "T1", "T1", score=0.5) == Relation("is", "T1", "T1")
    with pytest.raises(ChemxlError, match="d: a label stands twice among pain, pain"):
        Document("d", "text", labels=(Label("pain"), Label("pain", 0.1)))


@given(st.lists(st.sampled_from(["O", "B-CHEM", "I-CHEM", "B-GENE", "I-GENE"]), max_size=12))
def test_any_label_sequence_is_read_as_the_conll_script_does(labels: list[str]) -> None:
    units = [(2 * i, 2 * i + 1) for i in range(len(labels))]
    found = from_bio(labels, units)
    # Written again, each stray I- has become a B-; nothing else changes.
    again, inexact = to_bio(found, units)
    assert inexact == 0
    for i, (old, new) in enumerate(zip(labels, again, strict=True)):
        stray = old.startswith("I-") and (i == 0 or labels[i - 1][2:] != old[2:])
        assert new == ("B" + old[1:] if stray else old)


def test_special_tokens_neither_end_nor_join_a_mention() -> None:
    units = [(0, 0), (0, 3), (3, 3), (3, 5), (0, 0)]
    labels, inexact = to_bio([Mention.of("CHEM", 0, 5)], units)
    assert (labels, inexact) == (["O", "B-CHEM", "O", "I-CHEM", "O"], 0)
    assert from_bio(labels, units) == [Mention.of("CHEM", 0, 5)]


def test_a_mention_has_the_least_score_of_its_units() -> None:
    (found,) = from_bio(["B-CHEM", "I-CHEM"], [(0, 2), (3, 4)], [0.9, 0.4])
    assert found.score == 0.4


@given(st.data())
def test_flattening_loses_what_it_says(data: st.DataObject) -> None:
    given_mentions = data.draw(st.lists(mentions(40), max_size=8))
    flat = flatten(given_mentions)
    assert len(flat.mentions) + flat.nested + flat.crossing == len(given_mentions)
    assert flat.joined == sum(len(mention.fragments) > 1 for mention in given_mentions)
    assert all(left.end <= right.start for left, right in pairwise(flat.mentions))
    hulls = {(mention.type, mention.span) for mention in given_mentions}
    assert all((mention.type, mention.span) in hulls and len(mention.fragments) == 1 for mention in flat.mentions)
    again = flatten(flat.mentions)
    assert (again.mentions, again.nested, again.crossing, again.joined) == (flat.mentions, 0, 0, 0)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 30), st.integers(1, 12)), max_size=9))
def test_flattening_takes_the_longest_first(drawn: list[tuple[str, int, int]]) -> None:
    given_mentions = [Mention.of(type, start, start + length) for type, start, length in drawn]
    kept: list[Mention] = []
    for mention in sorted(given_mentions, key=lambda m: (m.start - m.end, m.start)):
        if all(other.end <= mention.start or mention.end <= other.start for other in kept):
            kept.append(mention)
    assert flatten(given_mentions).mentions == tuple(sorted(kept, key=lambda m: m.start))


def test_the_rule_of_flattening() -> None:
    outer, inner, twin = Mention.of("DISEASE", 0, 9), Mention.of("CHEM", 2, 5), Mention.of("GENE", 0, 9)
    assert flatten([inner, outer, twin]).mentions == (outer,)
    assert flatten([inner, outer, twin]).nested == 2
    crossing = flatten([Mention.of("CHEM", 0, 4), Mention.of("CHEM", 3, 8)])
    assert (crossing.mentions, crossing.crossing) == ((Mention.of("CHEM", 3, 8),), 1)
    apart = Mention("DISEASE", ((0, 4), (14, 22)))
    assert (flatten([apart]).mentions, flatten([apart]).joined) == ((Mention.of("DISEASE", 0, 22),), 1)


def test_surface_joins_fragments() -> None:
    document = Document("d", "поражение лёгких и сердца", (Mention("DISEASE", ((0, 9), (19, 25)), id="T1"),))
    assert document.surface(document.mentions[0]) == "поражение сердца"


@given(st.data())
def test_offsets_are_code_points(data: st.DataObject) -> None:
    before, name, after = data.draw(TEXT), data.draw(TEXT.filter(bool)), data.draw(TEXT)
    mention = Mention.of("CHEM", len(before), len(before) + len(name))
    assert Document("d", before + name + after, (mention,)).surface(mention) == name


@pytest.mark.parametrize("fragments", [(), ((3, 3),), ((4, 2),), ((-1, 2),), ((3, 5), (1, 2)), ((1, 4), (3, 5))])
def test_wrong_fragments_are_refused(fragments: tuple[Span, ...]) -> None:
    with pytest.raises(ChemxlError, match="T1"):
        Mention("CHEM", fragments, id="T1")


def test_wrong_documents_are_refused() -> None:
    one = Mention.of("CHEM", 0, 2, id="T1")
    with pytest.raises(ChemxlError, match="ends at 2, the text at 1"):
        Document("d", "x", (one,))
    with pytest.raises(ChemxlError, match="stands twice"):
        Document("d", "xyz", (one, one))
    with pytest.raises(ChemxlError, match="names T2, which is no mention"):
        Document("d", "xyz", (one,), (Relation("INHIBITOR", "T1", "T2"),))


def test_retyping_drops_relations_with_their_ends() -> None:
    text = "aspirin inhibits COX"
    found = (Mention.of("Drug", 0, 7, id="T1"), Mention.of("Protein", 17, 20, id="T2"))
    document = Document("d", text, found, (Relation("INHIBITOR", "T1", "T2", id="R1"),))
    assert document.retyped({"Drug": "CHEM", "Protein": "GENE"}).relations == document.relations
    kept = document.retyped({"Drug": "CHEM"})
    assert ([mention.type for mention in kept.mentions], kept.relations) == (["CHEM"], ())
