"""HTML of a text with its mentions marked.

Labels are drawn by the style sheet from attributes, so that the markup without its tags is the text itself, to the
character: selecting and copying gives the text, too.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chemxl.documents import Mention
from chemxl.errors import ChemxlError

_COLOURS = {"CHEM": 1, "DRUG": 2, "DISEASE": 3, "GENE": 4, "SPECIES": 5}  # as in figures: blue, vermilion, green, …

# Comes with each display, so that entities look alike in Jupyter, in the book and on a page of their own.
STYLE = """
.chemxl-entities{margin:0 0 1rem;padding:0}
.chemxl-text{white-space:pre-wrap;overflow-wrap:anywhere;line-height:2.1}
.chemxl-entities mark{--c:128,128,128;color:inherit;background:rgba(var(--c),.16);border-bottom:2px solid rgb(var(--c));
  padding:.1em .15em;border-radius:.25em;-webkit-box-decoration-break:clone;box-decoration-break:clone}
.chemxl-entities mark mark{padding:0 .1em}
.chemxl-entities mark[data-label]::after{content:attr(data-label);font-size:.62em;font-weight:600;letter-spacing:.03em;
  margin-left:.35em;vertical-align:.25em;opacity:.85;white-space:nowrap;overflow-wrap:normal}
.chemxl-entities mark.t1{--c:0,114,178}.chemxl-entities mark.t2{--c:213,94,0}.chemxl-entities mark.t3{--c:0,158,115}
.chemxl-entities mark.t4{--c:204,121,167}.chemxl-entities mark.t5{--c:230,159,0}.chemxl-entities mark.t0{--c:86,180,233}
.chemxl-entities mark.missed{background:none;border:2px dashed rgb(var(--c))}
.chemxl-entities mark.spurious{border:2px solid rgb(var(--c));border-bottom-style:double;border-bottom-width:4px}
.chemxl-entities figcaption{font:inherit;font-size:.85em;text-align:start;color:inherit;opacity:.85;margin:.4rem 0 0}
""".strip()


@dataclass(frozen=True, slots=True)
class _Piece:
    """One fragment of a mention, and how it is drawn."""

    start: int
    end: int
    type: str
    state: str
    last: bool


def compared(shown: Sequence[Mention], gold: Sequence[Mention] | None) -> list[tuple[Mention, str]]:
    """Each mention with its state: empty, missed or spurious."""
    if gold is None:
        return [(m, "") for m in shown]
    found, right = ({(m.type, m.fragments) for m in side} for side in (shown, gold))
    states = [(m, "" if (m.type, m.fragments) in right else "spurious") for m in shown]
    return states + [(m, "missed") for m in gold if (m.type, m.fragments) not in found]


def _pieces(states: Sequence[tuple[Mention, str]], length: int) -> list[_Piece]:
    """The fragments of all mentions, in the order in which they are drawn."""
    pieces = []
    for mention, state in states:
        if mention.end > length:
            raise ChemxlError(f"mention {mention.id or mention.type} ends at {mention.end}, the text at {length}")
        for start, end in mention.fragments:
            pieces.append(_Piece(start, end, mention.type, state, last=end == mention.end))
    return sorted(pieces, key=lambda p: (p.start, -p.end, p.type, p.state))


def marked(text: str, states: Sequence[tuple[Mention, str]]) -> str:
    """HTML of a text with its mentions; at a crossing, marks that go on are closed and opened again.

    Raises:
        ChemxlError: a mention ends beyond the text.
    """
    pieces = _pieces(states, len(text))
    colours = type_colours(p.type for p in pieces)
    out: list[str] = []
    stack: list[_Piece] = []
    at = upcoming = 0
    for cut in sorted({edge for p in pieces for edge in (p.start, p.end)} | {len(text)}):
        out.append(_escape(text[at:cut]))
        at = cut
        ended = next((i for i, p in enumerate(stack) if p.end == cut), len(stack))
        out.extend("</mark>" for _ in stack[ended:])
        new = [p for p in stack[ended:] if p.end != cut]
        del stack[ended:]
        while upcoming < len(pieces) and pieces[upcoming].start == cut:
            new.append(pieces[upcoming])
            upcoming += 1
        for piece in sorted(new, key=lambda p: -p.end):
            whole = all(piece.end <= below.end for below in stack)  # if not, it will be cut, and labelled later
            out.append(_open(piece, colours[piece.type], label=whole and piece.last))
            stack.append(piece)
    return "".join(out)


def _open(piece: _Piece, colour: int, *, label: bool) -> str:
    """The opening tag of a fragment."""
    name = html.escape(" ".join(filter(None, (piece.type, piece.state))))
    shown = f' data-label="{name}"' if label else ""
    return f'<mark class="{" ".join(filter(None, (f"t{colour}", piece.state)))}" title="{name}"{shown}>'


def type_colours(types: Iterable[str]) -> dict[str, int]:
    """The number of a colour for each type: always the same for unified types, the free ones in turn for others."""
    names = sorted(set(types))
    free = [n for n in range(6) if n not in {_COLOURS.get(name) for name in names}] or list(range(6))
    others = [name for name in names if name not in _COLOURS]
    return {name: _COLOURS[name] for name in names if name in _COLOURS} | {
        name: free[i % len(free)] for i, name in enumerate(others)
    }


def legend(states: Sequence[tuple[Mention, str]]) -> list[str]:
    """For each type and each state, a mark with the number of mentions."""
    types = Counter(m.type for m, _ in states)
    colours = type_colours(types)
    entries = [f'<mark class="t{colours[t]}">{html.escape(t)}</mark> {types[t]}' for t in sorted(types)]
    kinds = Counter(state for _, state in states if state)
    return entries + [f'<mark class="{state}">{state}</mark> {kinds[state]}' for state in sorted(kinds)]


def _escape(text: str) -> str:
    """A text as HTML."""
    # A parser of HTML reads a bare carriage return as a line feed; as a reference it stays.
    return html.escape(text, quote=False).replace("\r", "&#13;")
