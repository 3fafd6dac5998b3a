"""The interaction terms of the paper in both languages, as queries and as a filter.

The terms are those of Molodchenkov et al., section II: how a substance may act on a protein.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from chemxl.corpora.mini import declension
from chemxl.errors import ChemxlError

# Joiners and accents that a reader does not see or that only show the stress; hyphens that only look otherwise.
_UNSEEN = re.compile("[\u00ad\u0300\u0301\u200b-\u200d\u2060\ufeff]")
_HYPHENS = re.compile("[\u2010\u2011]")
# Nominative, genitive, dative, accusative, instrumental, prepositional plural of a noun on a hard consonant.
_PLURAL = ("ы", "ов", "ам", "ы", "ами", "ах")


@dataclass(frozen=True, slots=True)
class Term:
    """A search term: ``name`` is its English singular, ``english`` and ``russian`` hold all its forms."""

    name: str
    english: tuple[str, ...]
    russian: tuple[str, ...]

    @classmethod
    def of(cls, english: str, russian: str) -> Term:
        """The term with two singulars: English with a plural in -s, Russian masculine on a hard consonant.

        A hyphen may stand or not: ``co-factor`` gives ``cofactor`` and ``cofactors`` too.

        Raises:
            ChemxlError: a word is of another kind; write its forms out with ``Term(name, english, russian)``.
        """
        if re.search("(?:s|x|z|ch|sh|[^aeiou]y)$", english) or not re.search("[бвдзлмнпрстф]$", russian):
            raise ChemxlError(f"{english}, {russian}: no rule for such a plural; give all forms to Term(...)")
        inflected = declension.forms(russian, "m") + tuple(russian + ending for ending in _PLURAL)
        return cls(english.replace("-", ""), _spellings((english, f"{english}s")), _spellings(inflected))


def _spellings(forms: tuple[str, ...]) -> tuple[str, ...]:
    """The forms without a hyphen, then as they are."""
    return tuple(dict.fromkeys([*(form.replace("-", "") for form in forms), *forms]))


# Nouns only. The adjectives are another matter: "регуляторный" is a third of all that begins with "регулятор" in
# BioNNE-R's abstracts, and speaks of regulatory regions and cells.
INTERACTIONS = (
    Term.of("activator", "активатор"),
    Term.of("agonist", "агонист"),
    Term.of("inhibitor", "ингибитор"),
    Term.of("antagonist", "антагонист"),
    Term.of("co-factor", "ко-фактор"),
    Term.of("regulator", "регулятор"),
    Term.of("modulator", "модулятор"),
    Term.of("substrate", "субстрат"),
)


@dataclass(frozen=True)
class Query:
    """A question for every source: any of these terms in the title or the abstract.

    Args:
        terms: which terms.
        since, until: the first and the last day on which the source took the record in; no limit by default.

    Raises:
        ChemxlError: there is no term, or the last day comes before the first.
    """

    terms: tuple[Term, ...] = INTERACTIONS
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        if not self.terms:
            raise ChemxlError("a query has at least one term")
        if self.since and self.until and self.since > self.until:
            raise ChemxlError(f"a query ends on {self.until}, before it begins on {self.since}")

    def pubmed(self) -> str:
        """The query in PubMed's syntax.

        Plurals are written out, not cut to ``inhibitor*``: that would find "inhibitory" too.
        """
        return " OR ".join(f'"{form}"[Title/Abstract]' for form in self.forms("en"))

    def forms(self, language: str) -> list[str]:
        """Every form to search for in ``en`` or ``ru``, term by term."""
        return [form for term in self.terms for form in (term.russian if language == "ru" else term.english)]

    def matches(self, text: str) -> tuple[str, ...]:
        """Names of the terms that stand in a text as whole words, in either language, in the order of ``terms``.

        Case, ё or е, soft hyphens and stress marks make no difference. "COX-2-inhibitor" holds a term, "coactivator"
        and "inhibitory" hold none.
        """
        found = {self._names[match[0]] for match in self._pattern.finditer(normal(text))}
        return tuple(term.name for term in self.terms if term.name in found)

    @cached_property
    def _names(self) -> dict[str, str]:
        """The terms' names by their forms as they are compared."""
        return {normal(form): term.name for term in self.terms for form in term.english + term.russian}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """A pattern that finds every form as a whole word."""
        longest_first = sorted(self._names, key=len, reverse=True)
        return re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, longest_first))})(?![^\W_])")


def normal(text: str) -> str:
    """A text made comparable: composed, case folded, ё as е, nothing invisible, one kind of hyphen."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    return _HYPHENS.sub("-", _UNSEEN.sub("", plain))
