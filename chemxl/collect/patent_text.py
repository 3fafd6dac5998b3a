"""The text of a US patent's XML: which elements stay, and what named characters stand for.

Marks of type (bold, subscript, superscript, references to figures and claims) vanish and
their text stays in place, nothing between: ``H<sub>2</sub>O`` is H2O, 10 to the minus 3 is 10-3. Drawn formulae and
other pictures, mathematics, tables, programs and sequence lists are left out, a space in their place. Every run of
white space (no-break and thin spaces too) becomes one space. A heading, a paragraph and a list item are a paragraph
each; a claim is one paragraph with all its steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.entities import html5
from typing import Any
from unicodedata import normalize

from lxml import etree

# Each in all three layouts: grants of 2002 in capitals, applications of 2001 spelt out.
_PICTURES = "chemistry us-chemistry chemistry-cwu CHEM-US img image EMI EMR maths us-math math math-cwu MATH-US"
_TABLES = "tables table table-cwu TABLE-US CWU sequence-list sequence-cwu SEQLST-US program-listing object-reference"
_OMITTED = frozenset(f"{_PICTURES} {_TABLES}".split())
_LINES = "p paragraph PARA heading H F claim-text CLMSTEP pre br paragraph-federal-research-statement"
_LISTS = "ul ol dl sl li dt dd UL OL DL SL LI DT DD list-item markush-item"
_BLOCKS = frozenset(f"{_LINES} {_LISTS}".split())


def paragraphs(nodes: Iterable[Any], *, whole: bool = False) -> Iterator[str]:
    """The text of nodes by paragraph, without elements that are left out; empty paragraphs are left out, too. The nodes
    are changed.

    Args:
        whole: make one paragraph of each node, in the place of one of each block.
    """
    mark = " " if whole else "\u2029"
    for node in nodes:
        for omitted in [*node.iter(*_OMITTED), *node.iterfind(".//paragraph/number")]:
            omitted.clear(keep_tail=True)
            omitted.text = " "
        for block in node.iter(*_BLOCKS):
            # An application of 2001 has "claim 1" as a claim-text inside the reference to it.
            if block.getparent().tag != "dependent-claim-reference":
                block.text = mark + (block.text or "")
                block.tail = mark + (block.tail or "")
        text = etree.tostring(node, method="text", encoding="unicode", with_tail=False)
        for paragraph in [text] if whole else text.split(mark):
            if words := paragraph.split():
                yield " ".join(words)


def _characters() -> dict[str, str]:
    """Characters by their names in the sets of ISO 8879 that ST.32 uses; most names are those of HTML, the Greek ones
    are not."""
    greek = dict(zip(_LETTERS.split(), "αβγδεζηθικλμνξοπρςστυφχψω", strict=True))
    greek |= {name.upper(): letter.upper() for name, letter in greek.items()}
    accents = {"gr": "", "acgr": "\u0301", "digr": "\u0308", "diagr": "\u0308\u0301"}
    return (
        {name[:-1]: text for name, text in html5.items() if name.endswith(";")}
        | {name + end: normalize("NFC", greek[name] + mark) for end, mark in accents.items() for name in greek}
        | dict(pair.split("=") for pair in _MORE.split())
    )


_LETTERS = "a b g d e z ee th i k l m n x o p r sf s t u ph kh ps oh"
_MORE = (
    "epsis=ϵ phis=ϕ thetas=θ darr2=⇊ uarr2=⇈ larr2=⇇ rarr2=⇉ lrarr2=⇆ rlarr2=⇄ lrhar2=⇋ rlhar2=⇌ dlarr=↙ drarr=↘ "
    "lpargt=⦠ jnodot=ȷ sbsol=﹨ vprime=′ cupre=≼ gsdot=⋗ ldot=⋖ samalg=∐ gcedil=ģ ang90=∟ Circlesolid=●"
)
_CHARACTERS = _characters()
_XML = frozenset({"amp", "lt", "gt", "quot", "apos"})
_NAMED = re.compile(rb"&(?!#|amp;|lt;|gt;|quot;|apos;)")
# What looks like a reference in a comment, in CDATA or in an instruction is none; one that is not closed goes on to
# the end, so that no input takes longer than its length.
_REFERENCE = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)|&([A-Za-z][A-Za-z0-9.]*+);", re.DOTALL
)


def resolve(data: bytes) -> tuple[bytes, set[str]]:
    """Replace named characters by numbered ones, since there is no DTD to look them up in; also returns unknown names.

    Bold Greek letters (``b.alpha``) become plain ones.
    """
    unknown: set[str] = set()
    if _NAMED.search(data) is None:
        return data, unknown

    def numbered(match: re.Match[bytes]) -> bytes:
        """The number of a named character."""
        name = (match[1] or b"amp").decode("ascii")
        if name in _XML:
            return match[0]
        text = _CHARACTERS.get(name.removeprefix("b."))
        if text is None:
            unknown.add(name[:40])
        return "".join(f"&#{ord(character)};" for character in text or "\ufffd").encode("ascii")

    return _REFERENCE.sub(numbered, data), unknown
