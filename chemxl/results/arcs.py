"""A document's relations as HTML: a list, and an arc over the text for the relation that is pointed at or has the
focus.

Everything that comes from data is escaped. The script knows characters of the text alone, by their places.
"""

from __future__ import annotations

import html

from chemxl.documents import Document
from chemxl.results.show import Html, entities

STYLE = """
.chemxl-relations{position:relative}
.chemxl-relations svg{position:absolute;inset:0;width:100%;height:100%;pointer-events:none;overflow:visible;
  fill:none;stroke:currentColor;stroke-width:2}
.chemxl-relations ol{padding-inline-start:1.5em;margin:0 0 1rem}
.chemxl-relations button{font:inherit;color:inherit;background:none;border:1px solid transparent;border-radius:.25em;
  text-align:start;cursor:pointer;padding:.1em .3em}
.chemxl-relations button:hover,.chemxl-relations button:focus-visible{border-color:currentColor}
""".strip()

SCRIPT = """
(box => {
  const text = box.querySelector(".chemxl-text"), svg = box.querySelector("svg");
  const place = (offset, end) => {
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode()); offset -= node.length)
      if (end ? offset <= node.length : offset < node.length) return [node, offset];
  };
  const top = span => {
    const [start, end] = span.split(" ").map(Number), range = document.createRange();
    range.setStart(...place(start, false));
    range.setEnd(...place(end, true));
    const own = range.getClientRects()[0], base = box.getBoundingClientRect();
    return [own.left + own.width / 2 - base.left, own.top - base.top];
  };
  const draw = button => {
    const [[a, b], [c, d]] = [top(button.dataset.head), top(button.dataset.tail)];
    const high = Math.min(b, d) - 18 - Math.abs(a - c) / 12;
    svg.innerHTML = `<path d="M${a} ${b}C${a} ${high} ${c} ${high} ${c} ${d}m-5 -7l5 7l5 -7"/>`;
  };
  for (const button of box.querySelectorAll("button")) {
    for (const shown of ["pointerenter", "focus"]) button.addEventListener(shown, () => draw(button));
    for (const gone of ["pointerleave", "blur"]) button.addEventListener(gone, () => (svg.innerHTML = ""));
  }
})(document.currentScript.parentElement);
""".strip()


def relations(document: Document, *, caption: str = "") -> Html:
    """A document with its mentions, and its relations in a list below, by keyboard and by pointer.

    Raises:
        ChemxlError: a mention ends beyond the text.
    """
    mentions = {mention.id: mention for mention in document.mentions}
    rows = []
    for relation in document.relations:
        ends = mentions[relation.head], mentions[relation.tail]
        spans = [" ".join(str(_units(document.text[:edge])) for edge in mention.fragments[0]) for mention in ends]
        head, tail = (html.escape(document.surface(mention)) for mention in ends)
        score = "" if relation.score is None else f" {relation.score:.2f}"
        rows.append(
            f'<li><button type="button" data-head="{spans[0]}" data-tail="{spans[1]}">{head} → {tail}: '
            f"<strong>{html.escape(relation.type)}</strong>{score}</button></li>"
        )
    text = entities(document, caption=caption)
    return Html(
        f'<div class="chemxl-relations"><style>{STYLE}</style>{text.html}<svg aria-hidden="true"></svg>'
        f"<ol>{''.join(rows)}</ol><script>{SCRIPT}</script></div>",
        text=f"{text.text}, {len(rows)} relations",
    )


def _units(text: str) -> int:
    """The number of UTF-16 units of a text, in which JavaScript counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
