"""Claims of the papers and their verdicts: ``book/claims.yaml``, and the rule that gives a verdict.

A claim asks for rows of its chapter's recorded table; their intervals decide, and no verdict is written by hand.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from chemxl.errors import ChemxlError
from chemxl.experiments.plain import read_yaml
from chemxl.results import chapters, figures, tables
from chemxl.results.canvas import Figure
from chemxl.results.records import book_root
from chemxl.results.rows import COLUMNS, COUNTED, frame
from chemxl.results.show import Html
from chemxl.results.show import table as shown

CLAIMS = Path("book/claims.yaml")
DIFFERENCES = ("difference of ", "sentences saved", "gained")
"""Metrics, by their beginning, that compare two sides in one row: only these decide a direction."""

Verdict = Literal["confirmed", "refuted", "bounded", "undecided", "not tested"]
MARKS: dict[Verdict, str] = {"confirmed": "✓", "refuted": "✗", "bounded": "≤", "undecided": "?", "not tested": "–"}
RULE = (
    "✓ confirmed: the 95 % interval lies on the claimed side. ✗ refuted: it lies on the other. ≤ bounded: an effect of "
    "the claimed size can be ruled out. ? undecided: none of these. Several comparisons decide only if they agree."
)
_OPEN = 4  # so many comparisons stand in the open, more are folded
Rows = Callable[[str], pd.DataFrame]
M = TypeVar("M", bound=BaseModel)


class Claim(BaseModel):
    """One claim and how it is tried. The head of ``book/claims.yaml`` explains each field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    paper: str
    chapter: str
    place: str
    claim: str
    sign: Literal["positive", "negative"] | None = None
    above: float | None = None
    below: float | None = None
    size: float | None = None
    here: str = ""
    rows: str = ""
    why: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Check that the fields fit together."""
        if bool(self.rows) == bool(self.why):
            raise ValueError("give either `rows`, or `why` it is not tested")
        bounds = self.above is not None or self.below is not None
        if self.rows and (bounds == bool(self.sign) or not self.here):
            raise ValueError("`rows` need `here`, and either a `sign` or a bound, `above` or `below`")
        if self.size is not None and (self.sign is None or self.size <= 0):
            raise ValueError("`size` is that of an effect with a `sign`, and more than 0")
        return self

    def verdict(self, low: float, high: float) -> Verdict:
        """The verdict of one interval."""
        if self.sign == "negative":  # the same, seen in a mirror
            return self.model_copy(update={"sign": "positive"}).verdict(-high, -low)
        above = 0.0 if self.sign else self.above
        if (above is None or low > above) and (self.below is None or high < self.below):
            return "confirmed"
        if (above is not None and high < above) or (self.below is not None and low > self.below):
            return "refuted"
        return "bounded" if self.size is not None and high < self.size else "undecided"


def weakest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of several comparisons that try one claim."""
    found = set(verdicts)
    if len(found) == 1:
        return found.pop()
    return "bounded" if found and found <= {"bounded", "refuted"} else "undecided"


class Tried(NamedTuple):
    """A claim with the rows that try it, and the verdict of each row."""

    claim: Claim
    rows: list[dict[str, Any]]
    verdicts: list[Verdict]

    @property
    def verdict(self) -> Verdict:
        """The verdict of the claim."""
        return weakest(self.verdicts) if self.verdicts else "not tested"


def listed(path: Path, kind: type[M]) -> list[M]:
    """Everything that a file lists by paper, in its order.

    Raises:
        ChemxlError: one of them is not whole.
    """
    found: list[M] = []
    for paper, ones in read_yaml(path).items():
        for one in ones:
            try:
                found.append(kind(paper=paper, **one))
            except (TypeError, ValidationError) as error:
                raise ChemxlError(f"{path}, {paper}, {one}: it is not as the file's head says: {error}") from error
    return found


def read(path: Path | None = None) -> list[Claim]:
    """All claims, in their order in ``book/claims.yaml``.

    Raises:
        ChemxlError: a claim is not whole, or two have one id.
    """
    path = path or book_root() / CLAIMS
    claims = listed(path, Claim)
    if twice := [name for name, n in Counter(claim.id for claim in claims).items() if n > 1]:
        raise ChemxlError(f"{path}: two claims are called {', '.join(twice)}: rename one")
    return claims


@cache
def recorded(chapter: str) -> pd.DataFrame:
    """The rows that may decide a chapter's claims: recorded rows that hold, without demonstrations."""
    return frame([row for row in chapters.holding(chapters.named(chapter)) if row.profile != "small"])


def query_rows(place: str, query: str, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows that a query finds; there must be at least one.

    Args:
        place: where the query stands.

    Raises:
        ChemxlError: naming the place, if the query finds nothing or cannot be asked.
    """
    try:
        found: list[dict[str, Any]] = rows.query(query, engine="python").to_dict("records")
    except Exception as error:  # whatever pandas makes of a query that is none
        raise ChemxlError(f"{place}: {query!r} cannot be asked: {error}") from error
    if not found:
        raise ChemxlError(f"{place}: {query!r} finds no recorded row that holds: mend the query")
    return found


def judge(claim: Claim, rows: Rows = recorded) -> Tried:
    """Find a claim's rows and the verdict of each.

    Args:
        rows: gives the rows of a chapter that may decide.

    Raises:
        ChemxlError: naming the claim, if its query finds nothing or cannot be asked, or if a row cannot decide: a
            direction is that of a difference, and nothing is decided without an interval.
    """
    if not claim.rows:
        return Tried(claim, [], [])
    found = query_rows(f"{CLAIMS}, {claim.id}", claim.rows, rows(claim.chapter))
    if claim.sign and (other := [row["metric"] for row in found if not row["metric"].startswith(DIFFERENCES)]):
        raise ChemxlError(f"{CLAIMS}, {claim.id}: {other[0]} is no difference and has no direction: ask for one")
    return Tried(claim, found, [claim.verdict(*_ends(claim, row)) for row in found])


def _ends(claim: Claim, row: Mapping[str, Any]) -> tuple[float, float]:
    """The ends of a row's interval; those of a count are the count itself."""
    if not pd.isna(row["low"]):
        return row["low"], row["high"]
    if row["scorer"] == COUNTED:
        return row["value"], row["value"]  # of a whole corpus: nothing is drawn
    raise ChemxlError(f"{CLAIMS}, {claim.id}: {row['metric']} = {row['value']} has no interval and decides nothing")


def tried(chapter: str | None = None) -> list[Tried]:
    """All claims, or those of one chapter.

    Raises:
        ChemxlError: the chapter has none.
    """
    found = [judge(claim) for claim in read() if chapter in (None, claim.chapter)]
    if not found:
        raise ChemxlError(f"{CLAIMS} has no claim of {chapter}: write what its paper says")
    return found


def name(paper: str) -> str:
    """The name of a paper in figures and tables: ``geng-2023-kbioxlm`` is Geng 2023."""
    author, *rest = paper.split("-")
    return " ".join([author.capitalize(), *(part for part in rest if part.isdigit())])


def counts(found: Iterable[Tried]) -> dict[str, dict[str, int]]:
    """For each paper, how many claims have each verdict."""
    made: dict[str, dict[str, int]] = {}
    for one in found:
        made.setdefault(name(one.claim.paper), dict.fromkeys(MARKS, 0))[one.verdict] += 1
    return made


def figure(found: Sequence[Tried]) -> Figure:
    """A figure of the verdicts by paper."""
    total = Counter(one.verdict for one in found)
    said = ", ".join(f"{total[verdict]} {verdict}" for verdict in MARKS)
    return figures.stacked(
        counts(found),
        xlabel="claims",
        caption=f"Claims of each paper by what became of them here: {said}.",
        alt=f"A bar a paper, a segment a verdict. In all: {said}.",
    )


def table(chapter: str) -> Html:
    """A table of the claims that a chapter tries."""
    return _table(tried(chapter), caption="What the papers claim, and what was measured here", note=RULE)


def by_paper(found: Sequence[Tried]) -> list[Html]:
    """A table for each paper and chapter, with links to the chapter."""
    return [
        _table(list(group), caption=f"{name(paper)}, chapter {int(chapter[:2])}", link=f"{chapter}.html")
        for (paper, chapter), group in groupby(found, key=lambda one: (one.claim.paper, one.claim.chapter))
    ]


def _table(found: Sequence[Tried], *, caption: str, note: str = "", link: str = "") -> Html:
    """A table of claims of one chapter, what was measured, and verdicts."""
    chapter = f' · <a href="{link}"><small>chapter {int(link[:2])}</small></a>' if link else ""
    lines = [
        {
            "claim": Html(f"{html.escape(one.claim.claim)}<br>{_small(_place(one.claim))}{chapter}"),
            "measured here": Html("<br>".join(_measured(one)).replace("</details><br>", "</details>")),
            "verdict": Html(f'<span class="chemxl-verdict">{MARKS[one.verdict]} {one.verdict}</span>'),
        }
        for one in found
    ]
    return shown(lines, caption=caption, note=note)


def _small(text: str) -> str:
    """A text in small print."""
    return f"<small>{html.escape(text)}</small>"


def _place(claim: Claim) -> str:
    """The place of a claim in its paper, and the size of the claimed effect."""
    return f"{name(claim.paper)}, {claim.place}" + ("" if claim.size is None else f"; {claim.size:g} claimed")


def _measured(one: Tried) -> list[str]:
    """The comparisons of a claim, each with its verdict, the rule of its interval, and what else to know."""
    lines = [html.escape(one.claim.here or one.claim.why)]
    compared = [
        html.escape(f"{MARKS[verdict]} {_apart(row, one.rows)}{tables.interval(row).replace('inf', '∞')}")
        for row, verdict in zip(one.rows, one.verdicts, strict=True)
    ]
    if len(compared) > _OPEN:
        tally = ", ".join(f"{n} {verdict}" for verdict, n in Counter(one.verdicts).items())
        summary = f"<summary>{len(compared)} comparisons: {tally}</summary>"
        compared = [f"<details>{summary}{'<br>'.join(compared)}</details>"]
    rules = " / ".join(dict.fromkeys(row["rule"].partition(";")[0] or COUNTED for row in one.rows))
    return [*lines, *compared, *(_small(text) for text in (rules, one.claim.note) if text)]


def _apart(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """What tells a row from the others: its keys, with their names if there are several; the second side of a
    difference is less."""
    keys = [key for key in row if key not in COLUMNS and len({str(other[key]) for other in rows}) > 1]
    said = []
    for key in keys:
        less = row.get(f"less_{key}")
        if pd.isna(row[key]) or (key.startswith("less_") and key.removeprefix("less_") in keys):
            continue
        title = f"{key.replace('_', ' ')} " if len(keys) > 1 else ""
        said.append(f"{title}{tables.plain(row[key])}" + ("" if less is None or pd.isna(less) else f" less {less}"))
    return ", ".join(said) + ": " if said else ""
