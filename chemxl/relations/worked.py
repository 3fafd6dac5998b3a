"""What the page of chapter 8 shows: a sentence with its markers, curves of tuned settings, and relations that were
found."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pandas as pd

from chemxl.documents import Document, Mention, Relation
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.relations.chapter import CHAIN  # noqa: F401, of a query
from chemxl.relations.markers import TEXT, Encoding, Item, Markers, readings
from chemxl.results.figures import Bar, Curve
from chemxl.results.tables import Cells, nothing

_TEXT = "Low-dose aspirin blocks COX-1 and COX-2."
_NAMES = (("CHEM", "aspirin"), ("GENE", "COX-1"), ("GENE", "COX-2"))


def marked(encoding: Encoding) -> Cells:
    """The tokens of a short sentence with a chemical and two genes: their markers, their positions, and the tokens that
    they see."""
    at = [_TEXT.index(name) for _, name in _NAMES]
    mentions = tuple(Mention.of(type, start, start + len(name)) for (type, name), start in zip(_NAMES, at, strict=True))
    markers = Markers(["CHEM", "GENE"])
    names = {
        markers.number(role, type, close=close): f"[{'/' if close else ''}{'SO'[role]}:{type}]"
        for role, type, close in product((0, 1), markers.types, (False, True))
    }
    tokenizer = mini_tokenizer()
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
    """F1 with its interval against a tuned setting; nothing if nothing was recorded."""
    tuned = rows.query("table == 'tuning' and metric == 'F1'")
    chosen = tuned[tuned[x].notna()].sort_values(x).to_dict("records")
    points = {float(row[x]): (row["value"], row["low"], row["high"]) for row in chosen}
    return [Curve.of(label, points)] if points else []


def systems(rows: pd.DataFrame) -> pd.DataFrame:
    """The scores of the systems on all relations."""
    whole = rows.query("metric in ['F1', 'P', 'R'] and type.isna() and table.isna() and train == test")
    return whole.query("method != @CHAIN")


def crossed(rows: pd.DataFrame) -> pd.DataFrame:
    """The scores of models trained on one language or on both."""
    return rows.query("metric in ['macro F1', 'F1', 'P', 'R'] and train in ['EN', 'RU', 'EN + RU']")


def bars(rows: pd.DataFrame) -> list[Bar]:
    """F1 of each system as bars."""
    found = systems(rows).query("metric == 'F1'").to_dict("records")
    return [Bar(row["method"], row["value"], row["low"], row["high"], row["test"]) for row in found]


def reached(rows: pd.DataFrame, scope: str) -> Cells:
    """The pairs that an interval of genes keeps, a line for each interval."""
    chosen = rows.query("table == 'interval' and scope == @scope")
    made: dict[str, dict[str, object]] = {}
    for row in chosen.to_dict("records"):
        line = made.setdefault(f"[{row['first']}, {row['last']}]", {"interval": f"[{row['first']}, {row['last']}]"})
        line[row["metric"]] = float(row["value"]) if row["metric"] != "pairs" else int(row["value"])
    return list(made.values()) or nothing("interval")


def compared(document: Document, found: Sequence[Relation]) -> Cells:
    """The relations of a document: right, missed and spurious ones."""
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
