"""Small inputs for the examples of chapter 1: names that are hard to find, and a weekly file of patents."""

from __future__ import annotations

from html import escape
from pathlib import Path

from chemxl import corpora
from chemxl.collect import cleanup, patents, statistics
from chemxl.documents import Document, Mention

Rows = list[dict[str, object]]


def traps() -> Document:
    """A sentence with what makes names in texts from the web and from PDFs hard to find, and a mention of each name."""
    text = "Ингибитор \u0421OX-2 при \u0440\u041d 7,4: це\u00adле\u00adкоксиб, \ufb02uorouracil и токоферoл."
    names = ("\u0421OX-2", "це\u00adле\u00adкоксиб", "\ufb02uorouracil", "токоферoл")
    places = [(text.index(name), text.index(name) + len(name)) for name in names]
    types = ("GENE", "DRUG", "DRUG", "CHEM")
    return Document(
        "traps", text, tuple(Mention.of(t, *place) for t, place in zip(types, places, strict=True)), language="ru"
    )


def trapped() -> Rows:
    """Each name of :func:`traps` before and after the clean-up, letter by letter where it is not plain."""
    before = traps()
    after, _ = cleanup.clean(before)
    pairs = zip(before.mentions, after.mentions, strict=True)
    return [
        {"type": new.type, "before": spelt(before.surface(old)), "after": spelt(after.surface(new))}
        for old, new in pairs
    ]


def spelt(name: str) -> str:
    """A name with its script, its invisible characters written out."""
    scripts = {script for letter in name if (script := statistics.script(letter))}
    seen = name.replace("\u00ad", "[soft hyphen]").replace("\ufb02", "[ligature fl]")
    return f"{seen} ({' and '.join(sorted(scripts))})"


def weekly_file(path: Path) -> int:
    """Write a file as the USPTO's weekly ones are: the mini corpus's English patents, every third of Russian priority.

    Returns:
        How many grants it holds.
    """
    documents = [d for d in corpora.load("mini", language="en", faults=[]) if d.domain == "patents"]
    grants = []
    for number, document in enumerate(documents):
        title, *body = document.text.splitlines()
        country = "RU" if number % 3 == 0 else "JP"
        claim = f"<priority-claims><priority-claim><country>{country}</country></priority-claim></priority-claims>"
        own = f"<document-id><doc-number>{9000000 + number}</doc-number><kind>B2</kind></document-id>"
        head = f"<publication-reference>{own}</publication-reference>{claim}"
        text = "".join(f"<p>{escape(line)}</p>" for line in body)
        grants.append(
            '<?xml version="1.0" encoding="UTF-8"?>\n<us-patent-grant><us-bibliographic-data-grant>'
            f"{head}<invention-title>{escape(title)}</invention-title></us-bibliographic-data-grant>"
            f"<description>{text}</description></us-patent-grant>\n"
        )
    path.write_text("".join(grants), "utf-8")
    return len(grants)


def russian_priority(path: Path) -> Rows:
    """The patents of a weekly file that claim a Russian priority."""
    return [
        {
            "number": p.number,
            "priority": ", ".join(x.country for x in p.priorities),
            "title": p.title,
            "characters": len(p.document().text),
        }
        for p in patents.read(path, countries=("RU",))
    ]
