"""The terms, their forms, and what they find."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chemxl.collect.queries import INTERACTIONS, Query, Term, normal
from chemxl.errors import ChemxlError

QUERY = Query()
NAMES = ("activator", "agonist", "inhibitor", "antagonist", "cofactor", "regulator", "modulator", "substrate")
FORMS = [(term.name, form) for term in INTERACTIONS for form in term.english + term.russian]


def test_the_terms_are_the_papers() -> None:
    assert tuple(term.name for term in INTERACTIONS) == NAMES


def test_every_case_of_both_numbers() -> None:
    term = INTERACTIONS[2]
    assert term.english == ("inhibitor", "inhibitors")
    assert set(term.russian) == {
        "ингибитор", "ингибитора", "ингибитору", "ингибитором", "ингибиторе",
        "ингибиторы", "ингибиторов", "ингибиторам", "ингибиторами", "ингибиторах",
    }  # fmt: skip
    assert {len(t.russian) for t in INTERACTIONS if t.name != "cofactor"} == {10}


def test_cofactor_stands_with_and_without_a_hyphen() -> None:
    term = INTERACTIONS[4]
    assert term.english == ("cofactor", "cofactors", "co-factor", "co-factors")
    assert len(term.russian) == 20
    assert {"кофакторами", "ко-факторами"} <= set(term.russian)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_query_finds_each_of_its_forms(name: str, form: str) -> None:
    assert QUERY.matches(f"«{form.upper()}», 2020") == (name,)


@pytest.mark.parametrize(
    "text",
    [
        "inhibitory",
        "coactivator",
        "ингибиторный",
        "антагонистический",
        "регуляторных",
        "биосубстрата",
        "ингибитор2",
        "",
    ],
)
def test_other_words_are_not_found(text: str) -> None:
    assert QUERY.matches(text) == ()


@pytest.mark.parametrize(
    "text",
    ["COX-2-inhibitors", "инги\u00adби\u00adтора", "ингиби\u0301тором", "веществами-ингибиторами", "_inhibitor_"],
)
def test_what_a_reader_does_not_see_makes_no_difference(text: str) -> None:
    assert QUERY.matches(text) == ("inhibitor",)


def test_hyphens_that_look_alike() -> None:
    assert QUERY.matches("a co\u2011factor") == QUERY.matches("co\u2010factors") == ("cofactor",)


def test_agonist_is_not_found_in_antagonist_and_the_order_is_the_lists() -> None:
    assert QUERY.matches("антагонисты") == ("antagonist",)
    assert QUERY.matches("substrate, агонист, substrates") == ("agonist", "substrate")


def test_yo_or_ye() -> None:
    query = Query((Term("tar", ("tar",), ("дёготь", "дёгтя")),))
    assert query.matches("дегтя") == query.matches("ДЁГТЯ") == query.matches("де\u0308гтя") == ("tar",)


def test_pubmed_syntax() -> None:
    query = Query((Term.of("agonist", "агонист"),))
    assert query.pubmed() == '"agonist"[Title/Abstract] OR "agonists"[Title/Abstract]'
    assert len(QUERY.forms("en")) == 18
    assert len(QUERY.forms("ru")) == 90


@pytest.mark.parametrize(("english", "russian"), [("target", "мишень"), ("virus", "вирус"), ("dye", "краска")])
def test_a_word_without_a_rule_is_refused(english: str, russian: str) -> None:
    with pytest.raises(ChemxlError, match="give all forms"):
        Term.of(english, russian)


def test_impossible_queries() -> None:
    with pytest.raises(ChemxlError, match="at least one term"):
        Query(())
    with pytest.raises(ChemxlError, match="before it begins"):
        Query(since=date(2020, 1, 2), until=date(2020, 1, 1))


@given(st.text(max_size=40))
def test_normal_text_is_a_fixed_point_for_matching(text: str) -> None:
    assert QUERY.matches(normal(text)) == QUERY.matches(text)


@given(st.sampled_from(FORMS), st.sampled_from([" ", "\n", "(", "-", "/", "…", "—"]), st.text("абв xyz", max_size=9))
def test_boundaries(form: tuple[str, str], mark: str, noise: str) -> None:
    name, word = form
    assert name in QUERY.matches(f"{noise}{mark}{word}{mark}{noise}")
    if word != "co-factor":
        assert QUERY.matches(f"x{word}y") == ()
