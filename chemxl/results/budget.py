"""What helps with few labels: rows of chapters 2, 5 and 6 side by side."""

from __future__ import annotations

from typing import Any, NamedTuple

from chemxl.results import claims, tables
from chemxl.results.figures import Bar
from chemxl.results.tables import Cells

NAMES = {
    "BC5CDR": "EN abstracts",
    "EN BC5CDR": "EN abstracts",
    "BioNNE-R RU": "RU abstracts",
    "EN UGT": "EN reviews",
    "RU abstracts": "RU abstracts",
    "RU UGT": "RU reviews",
    "RU EHR": "RU records",
}
KINDS = {"DRUG": "drugs", "DISEASE": "diseases"}
SIZES = (50, 200, 500, 2000)


class Option(NamedTuple):
    """A way to do more than annotate: its name, and the recorded differences that say what it is worth."""

    name: str
    chapter: str
    query: str


OPTIONS = (
    Option(
        "300 sentences, chosen by margin",
        "02_active_learning",
        "metric == 'difference of F1' and method == 'margin' and less_method == 'random' and part == 'last round'",
    ),
    Option(
        "200 sentences, after a source",
        "05_transfer",
        "metric == 'difference of F1' and less_train == 'none, as long' and train != 'none' and sentences == 200",
    ),
    Option(
        "200, after contrastive pretraining",
        "06_contrastive_pretraining",
        "metric == 'difference of F1' and method == 'Gaussian' and less_method == 'none, fine-tuned twice as long'"
        " and sentences == 200",
    ),
)


def gains() -> list[Bar]:
    """A bar for each recorded difference, in the order of the options.

    Raises:
        ChemxlError: an option has no recorded row.
    """
    return [
        Bar(_label(row), row["value"], row["low"], row["high"], option.name)
        for option in OPTIONS
        for row in claims.query_rows(option.name, option.query, claims.recorded(option.chapter))
    ]


def _label(row: dict[str, Any]) -> str:
    """The name of a row's bar: its test, its type, and what was trained on before."""
    label = NAMES.get(row["test"], row["test"])
    if kind := KINDS.get(row.get("type") or ""):
        label = f"{kind}, {label}"
    return f"{label} ← {NAMES[row['train']]}" if row.get("train") in NAMES else label


def by_sentences() -> Cells:
    """F1 with the target's labels alone and after the better source, for some numbers of sentences."""
    rows = claims.recorded("05_transfer").query("metric == 'F1' and train != 'none, as long' and sentences.notna()")
    made: Cells = []
    for (kind, test), found in rows.groupby(["type", "test"], sort=False):
        first = found.query("train != 'none' and sentences == @SIZES[0]")
        best = first.loc[first["value"].idxmax(), "train"]
        for train, name in (("none", "no source"), (best, f"after {NAMES[best]}")):
            line = found[found["train"] == train].set_index("sentences")
            shown = {f"{size:,}": tables.short(line.loc[size].to_dict()) for size in SIZES}
            made.append({"to find": f"{KINDS[kind]}, {NAMES[test]}", "learnt before": name, **shown})
    return made
