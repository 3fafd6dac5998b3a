"""How much of each paper is here: its tables, figures and equations in ``book/coverage.yaml``, each with a status.

A status is written by hand; whatever can be checked of it is checked: chapters, code and recorded rows are there.
"""

from __future__ import annotations

import html
import pkgutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pandas.errors import UndefinedVariableError
from pydantic import BaseModel, ConfigDict, model_validator

from chemxl.errors import ChemxlError
from chemxl.results import chapters, claims
from chemxl.results.records import book_root
from chemxl.results.show import Html, table, tabs

COVERAGE = Path("book/coverage.yaml")
Status = Literal["reproduced", "scaled", "demonstrated", "not obtainable", "not done"]
MARKS: dict[Status, str] = dict(zip(get_args(Status), "✓≈○∅–", strict=True))
_NEEDS: dict[Status, set[str]] = {
    "reproduced": {"chapter", "code"},
    "scaled": {"chapter", "rows", "here"},
    "demonstrated": {"chapter", "code"},
    "not obtainable": {"why"},
    "not done": {"why"},
}


class Exhibit(BaseModel):
    """A table, figure or equation of a paper. The head of ``book/coverage.yaml`` explains each field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paper: str
    place: str
    shows: str
    status: Status
    chapter: str = ""
    rows: str = ""
    code: str = ""
    here: str = ""
    why: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Check that the fields fit the status."""
        given = {name for name in ("chapter", "rows", "code", "here", "why") if getattr(self, name)}
        if lacking := _NEEDS[self.status] - given:
            raise ValueError(f"what is {self.status} needs {' and '.join(sorted(lacking))}")
        if self.why and given & {"rows", "code", "here"}:
            raise ValueError("give either `why` it is not here, or `rows`, `code` and `here`")
        return self


def read(path: Path | None = None) -> list[Exhibit]:
    """All exhibits, in their order in ``book/coverage.yaml``.

    Raises:
        ChemxlError: one is not whole, or two of a paper have one place.
    """
    path = path or book_root() / COVERAGE
    found = claims.listed(path, Exhibit)
    for (paper, place), times in Counter((one.paper, one.place) for one in found).items():
        if times > 1:
            raise ChemxlError(f"{path}, {paper}: {place} stands there twice: rename one")
    return found


def check(one: Exhibit, rows: claims.Rows = claims.recorded) -> Exhibit:
    """The exhibit, after checking that what it says of itself is true.

    Args:
        rows: gives the recorded rows of a chapter.

    Raises:
        ChemxlError: there is no such chapter or code, a query cannot be asked or finds nothing, or what is called
            demonstrated is recorded by now.
    """
    where, recorded = f"{COVERAGE}, {one.paper}, {one.place}", False
    if one.chapter and one.chapter not in chapters.find():
        raise ChemxlError(f"{where}: there is no chapter {one.chapter}: choose from {', '.join(chapters.find())}")
    try:
        if one.code:
            pkgutil.resolve_name(one.code)
        if one.rows:
            recorded = not rows(one.chapter).query(one.rows, engine="python").empty
    except UndefinedVariableError:
        pass  # no row has such a key
    except Exception as error:  # whatever a module or pandas makes of it
        raise ChemxlError(f"{where}: its code is not there, or its rows cannot be asked for: {error}") from error
    if recorded and one.status == "demonstrated":
        raise ChemxlError(f"{where}: {one.rows!r} finds recorded rows by now: call it scaled or reproduced")
    if one.rows and not recorded and one.status != "demonstrated":
        raise ChemxlError(f"{where}: {one.rows!r} finds no recorded row that holds: mend the query")
    return one


def summary(exhibits: Iterable[Exhibit], tried: Iterable[claims.Tried]) -> Html:
    """For each paper, how many exhibits have each status, and how many claims each verdict."""
    verdicts = claims.counts(tried)
    lines = [
        {
            "paper": paper,
            "tables, figures, equations": _said(MARKS, Counter(one.status for one in own)),
            "claims": _said(claims.MARKS, verdicts[paper]),
        }
        for paper, own in _papers(exhibits).items()
    ]
    return table(lines, caption="What became of each paper")


def by_paper(exhibits: Iterable[Exhibit]) -> Html:
    """A table for each paper."""
    return tabs(_papers(exhibits), _table)


def _papers(exhibits: Iterable[Exhibit]) -> dict[str, list[Exhibit]]:
    """The exhibits of each paper, by its name."""
    return {claims.name(paper): list(own) for paper, own in groupby(exhibits, key=lambda one: one.paper)}


def _said(marks: Mapping[Any, str], found: Mapping[Any, int]) -> str:
    """How many there are, and how many of each kind."""
    return f"{sum(found.values())}: " + ", ".join(f"{found[name]} {name}" for name in marks if found[name])


def _table(exhibits: Sequence[Exhibit]) -> Html:
    """A table of one paper's exhibits."""
    lines = [
        {
            "place": one.place,
            "what it shows": Html(f"{html.escape(one.shows)}{_small(one.here or one.why)}"),
            "status": f"{MARKS[one.status]}\N{NO-BREAK SPACE}{one.status}",
            "where": Html(", ".join(_links(one))),
        }
        for one in exhibits
    ]
    return table(lines, caption=f"Tables, figures and equations of {claims.name(exhibits[0].paper)}")


def _small(text: str) -> str:
    """A text in small print on a line of its own; nothing if it is empty."""
    return f"<br><small>{html.escape(text)}</small>" if text else ""


def _links(one: Exhibit) -> list[str]:
    """Links to the chapter's page, and to the module on the page of its room."""
    links = []
    if one.chapter:
        links.append((f"{one.chapter}.html", one.chapter, f"chapter\N{NO-BREAK SPACE}{int(one.chapter[:2])}"))
    if one.code:
        found = pkgutil.resolve_name(one.code)
        module = getattr(found, "__module__", one.code)  # a module has none
        links.append((f"../book/api/{module.split('.')[1]}.html#module-{module}", one.code, "code"))
    return [f'<a href="{html.escape(to)}" title="{html.escape(title)}">{text}</a>' for to, title, text in links]
