"""What chapter 1 shows: every document accounted for, every row named once, in each profile."""

from __future__ import annotations

from chemxl import corpora
from chemxl.collect import chapter
from chemxl.results.rows import frame


def test_every_corpus_that_a_profile_names_is_in_the_catalogue() -> None:
    for line in next(chapter.lines(chapter.Settings(profile="real"))):
        for value in line.experiments:
            for part in value.parts():
                if name := getattr(part, "name", None):
                    assert name in corpora.catalog()


def test_the_funnel_holds_every_document() -> None:
    made = chapter.gathering("small", sentences=100)
    rows = frame(made_rows := chapter._gathered(made).rows())
    bars = chapter.funnel(rows)
    assert sum(bars["English"].values()) == made.run().metrics["en: came in"]
    assert sum(row.value for row in made_rows) == sum(made.run().metrics.values())
    placed = rows.assign(table=chapter.GATHERED)
    assert {line["kind"]: line["places"] for line in chapter.cleaned(placed)} == {
        kind: n for of, kind, n in made.steps() if of == "cleaned"
    } | ({} if "cleaned" in rows else {"none": 0})
    assert chapter.cleaned(placed.iloc[:0]) == [{"kind": "none", "places": 0}]


def test_terms_have_all_their_forms() -> None:
    rows = {row["term"]: row for row in chapter.terms()}
    assert len(rows) == 8
    assert "ингибиторами" in str(rows["inhibitor"]["Russian"])
