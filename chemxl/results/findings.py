"""The numbers in a page's sentences: ``book/findings.yaml``, and what the sentences say of them.

A page takes the numbers of its sentences from there, and a test holds what the sentences say to the rows: a row that
has turned fails it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from chemxl.errors import ChemxlError
from chemxl.experiments.plain import read_yaml
from chemxl.results import claims, show, tables
from chemxl.results.claims import Rows
from chemxl.results.records import book_root
from chemxl.results.rows import COUNTED

FINDINGS = Path("book/findings.yaml")
_SENTENCES = ("sentences saved", "sentences needed")  # metrics
_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


class Finding(BaseModel):
    """A number in a sentence. The head of ``book/findings.yaml`` explains each field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: str
    lies: Literal["above", "below", "across", "not above", "not below"] | None = None
    than: str | float = 0.0
    chapter: str = ""
    than_chapter: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Check that a finding with ``than`` also says where it lies."""
        if self.than and not self.lies:
            raise ValueError("say where it `lies`, or leave out `than`")
        return self

    def holds(self, ends: Sequence[tuple[float, float]], low: float, high: float) -> bool:
        """Whether all intervals lie where the sentence says, beside the interval from low to high."""
        if not self.lies:
            return True
        place = self.lies.removeprefix("not ")
        found = [_place(one, low, high) == place for one in ends]
        return all(found) if place == self.lies else not any(found)


class Outcome(NamedTuple):
    """A finding with its rows, its text in prose, and whether the rows lie where the sentence says."""

    rows: list[dict[str, Any]]
    text: str
    holds: bool


def read(path: Path | None = None) -> dict[str, dict[str, Finding]]:
    """The findings of each chapter, by their names in prose.

    Raises:
        ChemxlError: a finding is not whole.
    """
    path = path or book_root() / FINDINGS
    made: dict[str, dict[str, Finding]] = {}
    for stem, listed in read_yaml(path).items():
        for name, one in listed.items():
            try:
                made.setdefault(stem, {})[name] = Finding(**one)
            except (TypeError, ValidationError) as error:
                raise ChemxlError(f"{path}, {name}: not a finding as the file's head says: {error}") from error
    return made


def ask(stem: str, name: str, finding: Finding, rows: Rows = claims.recorded) -> Outcome:
    """Find the rows of a finding, put them into words, and see whether the sentence still holds.

    Args:
        rows: gives the rows of a chapter that may be asked for.

    Raises:
        ChemxlError: naming the finding, if a query finds nothing or cannot be asked, if it is compared with several
            rows, or if a row that is said to lie somewhere has no interval.
    """
    place, own = f"{FINDINGS}, {stem}, {name}", finding.chapter or stem
    table = rows(own)
    found = claims.query_rows(place, finding.rows, table)
    if not finding.lies:
        return Outcome(found, _said(found, table), holds=True)
    if isinstance(finding.than, float):
        low = high = finding.than
    else:
        others = claims.query_rows(place, finding.than, rows(finding.than_chapter or own))
        low, high = _only(place, [_ends(place, row) for row in others])
    return Outcome(found, _said(found, table), finding.holds([_ends(place, row) for row in found], low, high))


def glue(stem: str) -> None:
    """Glue all numbers of a chapter's sentences, for ``{glue:text}``."""
    for name, finding in read()[stem].items():
        show.glue(name, ask(stem, name, finding).text)


def _said(found: list[dict[str, Any]], table: pd.DataFrame) -> str:
    """The value of one row with its interval; the least and the largest value of several, and their number."""
    if len(found) > 1:
        least, most = (show.value(pick(row["value"] for row in found)) for pick in (min, max))
        count = _WORDS[len(found) - 1] if len(found) <= len(_WORDS) else f"{len(found):,}"
        return f"{least if least == most else f'between {least} and {most}'} in {count} comparisons"
    [row] = found
    if row["metric"] in _SENTENCES:
        return tables.sentences(row, table["sentences"].dropna())
    if row["scorer"] == COUNTED:
        return f"{row['value']:,.0f}" if float(row["value"]).is_integer() else f"{row['value']:.4g}"  # a share
    return tables.interval(row)


def _only(place: str, found: list[tuple[float, float]]) -> tuple[float, float]:
    """The only interval; several are an error."""
    if len(found) > 1:
        raise ChemxlError(f"{place}: {len(found)} rows to compare with: ask for more keys")
    return found[0]


def _ends(place: str, row: Mapping[str, Any]) -> tuple[float, float]:
    """The ends of a row's interval; a row without one is an error."""
    if pd.isna(row["low"]):
        raise ChemxlError(f"{place}: {row['metric']} = {row['value']} has no interval and lies nowhere")
    return row["low"], row["high"]


def _place(ends: tuple[float, float], low: float, high: float) -> str:
    """Where an interval lies beside another: above, below or across."""
    return "above" if ends[0] > high else "below" if ends[1] < low else "across"
