"""The names that :func:`chemxl.corpora.mini.expansion.expand` puts in: real substances, diseases, genes and species."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chemxl.corpora.mini.declension import CASES, forms

KINDS = {"CHEM": "substance", "DRUG": "substance", "DISEASE": "disease", "GENE": "gene", "SPECIES": "species"}


@dataclass(frozen=True, eq=False)
class Concept:
    """A row of ``lexicon.tsv``; there is one object for each, so that it is compared by identity.

    Attributes:
        key: the English name as an identifier; unique in its kind.
        kind: one of the values of :data:`KINDS`.
        group: names of one group can stand for one another and still make sense ("medicine", "element", "symptom").
        gender: of the Russian name; ``-`` where nothing is inflected.
        split: train, dev or test.
        english: the name, and the plural where there is one.
        russian: its case forms in the order of ``CASES``, and those of the plural where there is one.
    """

    key: str
    kind: str
    group: str
    gender: str
    split: str
    english: tuple[str, ...]
    russian: tuple[tuple[str, ...], ...]

    def form(self, language: str, number: int = 0, case: int = 0) -> str:
        """The name in a language; ``number`` is 0 for singular, 1 for plural, ``case`` a place in ``CASES``."""
        return self.english[number] if language == "en" else self.russian[number][case]


@cache
def concepts() -> dict[tuple[str, str], Concept]:
    """All concepts by kind and key."""
    with (Path(__file__).parent / "lexicon.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {(row["kind"], row["key"]): _concept(row) for row in rows}


def _concept(row: dict[str, str]) -> Concept:
    russian = [forms(row["russian"], row["gender"])]
    if row["russian_plural"]:
        russian.append(forms(row["russian_plural"], row["gender"]))
    return Concept(
        key=row["key"],
        kind=row["kind"],
        group=row["group"],
        gender=row["gender"],
        split=row["split"],
        english=tuple(filter(None, (row["english"], row["english_plural"]))),
        russian=tuple(russian),
    )


__all__ = ["CASES", "KINDS", "Concept", "concepts"]
