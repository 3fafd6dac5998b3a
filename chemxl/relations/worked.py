"""What chapter 8 shows: a sentence with its markers, curves of what was tuned, and relations that were found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pandas as pd

from chemxl.documents import Document, Mention, Relation
from chemxl.models import encoders
from chemxl.relations.chapter import FINE, GIVEN
from chemxl.relations.markers import TEXT, Encoding, Item, Markers, readings
from chemxl.results import show
from chemxl.results.figures import Curve
from chemxl.results.tables import Cells, value

_TEXT = "Low-dose aspirin blocks COX-1 and COX-2."
_NAMES = (("CHEM", "aspirin"), ("GENE", "COX-1"), ("GENE", "COX-2"))


def marked(encoding: Encoding) -> Cells:
    """The tokens of a short sentence with a chemical and two genes, with their markers, places, and what they see."""
    at = [_TEXT.index(name) for _, name in _NAMES]
    mentions = tuple(Mention.of(type, start, start + len(name)) for (type, name), start in zip(_NAMES, at, strict=True))
    markers = Markers(["CHEM", "GENE"])
    names = {
        markers.number(role, type, close=close): f"[{'/' if close else ''}{'SO'[role]}:{type}]"
        for role, type, close in product((0, 1), markers.types, (False, True))
    }
    tokenizer = encoders.mini_tokenizer()
    document = Document("worked", _TEXT, mentions, language="en")
    [reading] = readings([document], tokenizer, lambda d: [m.type for m in d.mentions], markers)
    items = [Item(0, (0, 1)), Item(1, (0, 2))]
    whole = (0, len(_TEXT))
    row = next(reading.rows(whole, items, edge=encoders.specials(tokenizer), encoding=encoding))
    words = tokenizer.convert_ids_to_tokens(row.ids)
    return [
        {
            "token": names.get(marker, word),
            "place": str(place),
            "sees": "the text" if owner == TEXT else f"the text and pair {owner + 1}",
        }
        for word, marker, place, owner in zip(words, row.markers, row.places, row.owners, strict=True)
    ]


def curve(rows: pd.DataFrame, label: str, x: str) -> list[Curve]:
    """F1 with its interval against a setting; nothing where nothing is known."""
    points = {float(row[x]): (row["value"], row["low"], row["high"]) for row in rows.sort_values(x).to_dict("records")}
    return [Curve.of(label, points)] if points else []


def glued(rows: pd.DataFrame) -> dict[str, str]:
    """What prose says of fine types: how well they are found, and F1 with these and with those that are given.

    Args:
        rows: recorded.
    """
    asked = {"fine_types": ("F1 of fine types", FINE), "given": ("F1", GIVEN), "fine": ("F1", FINE)}
    made = {}
    for name, (metric, method) in asked.items():
        found = [row.metric == metric and row.method == method for row in rows.itertuples()] if len(rows) else []
        made[name] = value(rows[found]) if any(found) else show.value(None)
    return made


def reached(rows: pd.DataFrame, scope: str) -> Cells:
    """What an interval of genes keeps, a line each."""
    chosen = rows.query("table == 'interval' and scope == @scope")
    made: dict[str, dict[str, object]] = {}
    for row in chosen.to_dict("records"):
        line = made.setdefault(f"[{row['first']}, {row['last']}]", {"interval": f"[{row['first']}, {row['last']}]"})
        line[row["metric"]] = float(row["value"]) if row["metric"] != "pairs" else int(row["value"])
    return list(made.values())


def compared(document: Document, found: Sequence[Relation]) -> Cells:
    """The relations of a document, right, missed and spurious."""
    surfaces = {mention.id: document.surface(mention) for mention in document.mentions}
    due = {(r.type, r.head, r.tail) for r in document.relations}
    given = {(r.type, r.head, r.tail): r.score for r in found}
    return [
        {
            "relation": type,
            "head": surfaces[head],
            "tail": surfaces[tail],
            "state": "right" if key in due & given.keys() else "missed" if key in due else "spurious",
            "score": given.get(key),
        }
        for key in sorted(due | given.keys())
        for type, head, tail in [key]
    ]
