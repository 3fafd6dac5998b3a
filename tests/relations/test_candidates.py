"""Pairs: every two of a sentence, whatever lies inside what."""

from __future__ import annotations

import re
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.documents import Document, Mention, Relation
from chemxl.errors import ChemxlError
from chemxl.relations.candidates import FAR, Scheme, number, parts, stretches
from tests.relations.samples import NESTED

PAIRED = (("CHEM", "GENE"),)


def pairs(document: Document, scheme: Scheme, signatures: tuple[tuple[str, str], ...] = PAIRED) -> set[tuple[str, str]]:
    ids = [mention.id for mention in document.mentions]
    return {(ids[a], ids[b]) for stretch in stretches(document, scheme, signatures) for a, b in stretch.pairs}


def test_nested_mentions_are_paired_like_others() -> None:
    due = {("T2", "T1"), ("T2", "T4"), ("T3", "T1"), ("T3", "T4"), ("T5", "T6")}
    assert pairs(NESTED, Scheme()) == due
    assert [NESTED.text[slice(*s.span)] for s in stretches(NESTED, Scheme(), PAIRED)] == [
        "Alpha beta kinase binds beta gamma well.",
        "Beta kinase was seen again.",
    ]
    whole = pairs(NESTED, Scheme(sentence=False))
    assert len(whole) == 9 and due < whole


def test_types_are_coarse_and_any_two_may_be_related() -> None:
    fine = Document(
        "fine",
        "A and B and C.",
        tuple(Mention.of(type, at, at + 1, id=f"T{at}") for at, type in ((0, "DRUG"), (6, "GENE-Y"), (12, "GENE"))),
        (Relation("X", "T6", "T0"),),
        language="en",
    )
    coarse = (("DRUG", "CHEM"), ("GENE-Y", "GENE"), ("GENE-N", "GENE"))
    scheme = Scheme(coarse=coarse)
    assert pairs(fine, scheme) == {("T0", "T6"), ("T0", "T12")}
    assert scheme.finer() == {"GENE": ("GENE-Y", "GENE-N")} and scheme.coarsened("GENE") == "GENE"
    free = Scheme(heads=(), tails=(), coarse=coarse)
    assert free.signatures([fine]) == (("GENE", "CHEM"),)
    assert pairs(fine, free, (("GENE", "CHEM"), ("GENE", "GENE"))) == {
        ("T6", "T0"), ("T12", "T0"), ("T6", "T12"), ("T12", "T6")
    }  # fmt: skip


def test_tails_are_numbered_from_the_head() -> None:
    """Paper 2, section II.B: here the gene itself is counted, so that none has the number 0."""
    text = "g1 g2 c1 g3 g4 g5"
    mentions = tuple(
        Mention.of("CHEM" if name[0] == "c" else "GENE", text.index(name), text.index(name) + 2, id=name)
        for name in text.split()
    )
    document = Document("d", text, mentions, language="en")
    assert [number(document, Scheme(), 2, i) for i in (0, 1, 3, 4, 5)] == [-2, -1, 1, 2, 3]
    assert pairs(document, Scheme(within=(-1, 2))) == {("c1", "g2"), ("c1", "g3"), ("c1", "g4")}
    assert len(pairs(document, Scheme(within=(-10, 16)))) == 5


def test_a_scheme_that_pairs_nothing_is_an_error() -> None:
    with pytest.raises(ChemxlError, match="no number lies between 3 and -1"):
        Scheme(within=(3, -1))
    for wrong in ({"heads": ()}, {"tails": ()}, {"heads": (), "tails": (), "within": (-1, 1)}):
        with pytest.raises(ChemxlError, match="both heads and tails, or neither"):
            Scheme(**wrong)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=12))
def test_every_mention_is_in_one_part_whole(spans: list[tuple[int, int]]) -> None:
    text = "One two three four. Five six seven. Eight nine ten eleven twelve thirteen. End of all this."
    mentions = tuple(
        Mention.of("CHEM", start, min(len(text), start + length), id=f"T{i}") for i, (start, length) in enumerate(spans)
    )
    document = Document("d", text, mentions, language="en")
    found = list(parts(document, Scheme()))
    assert sorted(i for _, own in found for i in own) == list(range(len(mentions)))
    for (start, end), own in found:
        assert all(start <= mentions[i].start and mentions[i].end <= end for i in own if text[mentions[i].start] != " ")
    assert all(a[1] <= b[0] for (a, _), (b, _) in pairwise(found))


def test_a_long_text_without_a_full_stop_has_few_pairs_a_mention() -> None:
    text = "alum kinase " * 2000
    mentions = tuple(
        Mention.of("GENE" if i % 2 else "CHEM", m.start(), m.end(), id=f"T{i}")
        for i, m in enumerate(re.finditer(r"\w+", text))
    )
    [stretch] = stretches(Document("long", text, mentions, language="en"), Scheme(), PAIRED)
    assert len(mentions) == 4000 and len(stretch.pairs) <= 2000 * (2 * FAR // 12 + 1)
    assert max(abs(mentions[a].start - mentions[b].start) for a, b in stretch.pairs) <= FAR
    near = {
        (a, b)
        for a, b in product(range(0, 4000, 2), range(1, 400, 2))
        if abs(mentions[a].start - mentions[b].start) <= FAR
    }
    assert near <= set(stretch.pairs)
