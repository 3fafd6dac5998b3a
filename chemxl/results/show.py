"""Text with its entities, tables and values as a notebook shows them.

Everything that comes from data is escaped.
"""

from __future__ import annotations

import hashlib
import html
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError
from chemxl.results import markup

T = TypeVar("T", bound=Sized)

_VALUE = re.compile(r"—|(<\s|-)?\d+(\.\d+)?( \[.+\])?")
_INTERVAL = re.compile(r"\[[^\[\]]+\]")


class Shown(Protocol):
    """What a notebook shows: a table, a figure, a text with its entities."""

    def _repr_html_(self) -> str: ...


@dataclass(frozen=True)
class Html:
    """A piece of finished HTML, which a notebook shows and :func:`table` takes as a cell."""

    html: str = field(repr=False)
    text: str = ""

    def _repr_html_(self) -> str:
        """The HTML as a notebook shows it."""
        return self.html


def entities(
    document: Document,
    mentions: Sequence[Mention] | None = None,
    *,
    gold: Sequence[Mention] | None = None,
    caption: str = "",
) -> Html:
    """A document with its mentions highlighted.

    A nested mention is drawn inside the outer one; of two that cross, the later is cut where the earlier ends; each
    fragment of a discontinuous one is drawn, the label stands after the last.

    Args:
        mentions: the document's own if None.
        gold: the right answer; then a mention that is not in it is marked as spurious, and one of it that was not
            found (same type, same fragments) as missed.

    Raises:
        ChemxlError: a mention ends beyond the text.
    """
    shown = document.mentions if mentions is None else mentions
    states = markup.compared(shown, gold)
    body = markup.marked(document.text, states)
    language = f' lang="{html.escape(document.language)}"' if document.language else ""
    legend = " · ".join(filter(None, (html.escape(caption), *markup.legend(states))))
    return Html(
        f'<figure class="chemxl-entities"><style>{markup.STYLE}</style>'
        f'<div class="chemxl-text" dir="auto"{language}>{body}</div><figcaption>{legend}</figcaption></figure>',
        text=f"{document.id}: {len(states)} mentions",
    )


def table(rows: Sequence[Mapping[str, object]], *, caption: str, note: str = "", digits: int = 3) -> Html:
    """A table with one column per key, in the order in which keys first appear; it scrolls where it is too wide.

    Where there is little room, intervals stand below their values. Floats are rounded to ``digits``, None and NaN stand
    as a dash, columns of numbers are right-aligned, and the first column names the row.

    Args:
        caption: what the table shows; also its name for a screen reader.
        note: below the table, e.g. which scorer made the numbers.

    Raises:
        ChemxlError: no rows, or no caption.
    """
    if not rows or not caption.strip():
        raise ChemxlError("a table needs rows and a caption")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    numeric = {column: _numeric(row.get(column) for row in rows) for column in columns}
    head = "".join(
        f'<th scope="col"{" class=number" if numeric[column] else ""}>{html.escape(str(column))}</th>'
        for column in columns
    )
    body = "\n".join(
        "<tr>" + "".join(_cell(row.get(c), digits, first=c == columns[0], number=numeric[c]) for c in columns) + "</tr>"
        for row in rows
    )
    below = f'<p class="chemxl-note">{html.escape(note)}</p>' if note else ""
    name = html.escape(caption)
    return Html(
        f'<div class="chemxl-table" role="region" aria-label="{name}" tabindex="0" style="overflow-x:auto">'
        f"<table><caption>{name}</caption><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>{below}",
        text=caption,
    )


def tabs(parts: Mapping[str, T], draw: Callable[[T], Shown | Sequence[Shown]]) -> Html:
    """A tab for each part with what ``draw`` makes of it; a reader sees the first and turns to the others.

    The markup is that of sphinx-design's tabs, whose style every page of the book has; it works by keyboard and without
    a script. Where that style is missing, as in Jupyter, all parts stand below each other under their titles.

    Args:
        parts: by title, e.g. the recorded rows and those of this build; an empty one has no tab, unless all are empty.
        draw: gives tables or figures; a part of which there are none has no tab, either.

    Raises:
        ChemxlError: there is nothing to show.
    """
    given = {title: part for title, part in parts.items() if len(part)} or parts
    drawn = {title: "\n".join(one._repr_html_() for one in _several(draw(part))) for title, part in given.items()}
    bodies = {title: body for title, body in drawn.items() if body}
    if not bodies:
        raise ChemxlError("tabs need something to show")
    group = f"tab-{hashlib.sha256(''.join(bodies.values()).encode()).hexdigest()[:10]}"
    inner = "\n".join(
        f'<input id="{group}-{i}" name="{group}" type="radio"{" checked" if i == 0 else ""}>'
        f'<label class="sd-tab-label" for="{group}-{i}">{html.escape(title)}</label>'
        f'<div class="sd-tab-content docutils">{body}</div>'
        for i, (title, body) in enumerate(bodies.items())
    )
    return Html(f'<div class="chemxl-tabs sd-tab-set docutils">{inner}</div>', text=" | ".join(bodies))


def folded(title: str, shown: Shown | Sequence[Shown]) -> Html:
    """A part that few readers need, behind a title that opens it."""
    body = "\n".join(one._repr_html_() for one in _several(shown))
    return Html(f'<details class="chemxl-folded"><summary>{html.escape(title)}</summary>{body}</details>', text=title)


def _several(shown: Shown | Sequence[Shown]) -> Sequence[Shown]:
    """A sequence, also of one thing."""
    return shown if isinstance(shown, Sequence) else [shown]


def value(v: float | None, low: float | None = None, high: float | None = None, digits: int = 3) -> str:
    """A number with its interval, such as ``0.842 [0.831, 0.852]``; a dash if there is none."""
    if v is None or math.isnan(v):
        return "—"
    if low is None or high is None:
        return f"{v:.{digits}f}"
    return f"{v:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def glue(name: str, value: object) -> None:
    """Keep a value under a name, for ``{glue:text}`` in prose on this or another page; nothing is displayed."""
    from myst_nb import glue as keep  # pulls in Sphinx, which only a notebook needs

    keep(name, value, display=False)


def page(parts: Iterable[Html], *, title: str) -> str:
    """A complete HTML document, light or dark as the reader's system, that needs no other file."""
    return "".join(pieces(parts, title=title))


def pieces(parts: Iterable[Html], *, title: str) -> Iterator[str]:
    """The pieces of such a document from head to end, as its parts come."""
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{html.escape(title)}</title>'
        "<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>\n"
    )
    for part in parts:
        yield f"{part.html}\n"
    yield "</body></html>\n"


def _cell(content: object, digits: int, *, first: bool, number: bool) -> str:
    """A cell of a table."""
    if isinstance(content, Html):
        shown = content.html
    elif content is None or isinstance(content, float):
        shown = value(content, digits=digits)
    else:
        shown = _INTERVAL.sub(r'<span class="chemxl-interval">\g<0></span>', html.escape(str(content)))
    if first:
        return f'<th scope="row">{shown}</th>'
    return f'<td class="number">{shown}</td>' if number else f"<td>{shown}</td>"


def _numeric(contents: Iterable[object]) -> bool:
    """Whether a column holds numbers only, plain or as :func:`value` writes them."""
    given = [content for content in contents if content is not None]
    return bool(given) and all(
        (isinstance(content, int | float) and not isinstance(content, bool))
        or (isinstance(content, str) and _VALUE.fullmatch(content) is not None)
        for content in given
    )
