"""A report on a tagger: scores with intervals by type, and its errors to look at."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from chemxl.documents import Document, Mention
from chemxl.evaluation import metrics
from chemxl.evaluation.significance import LEVEL, Interval, estimate
from chemxl.results import show

ALL = "all"
SHOWN = 100  # texts on the page of errors
RULE = (
    "A mention is right if its type and both its ends are. Every gold mention counts, also those that overlap others "
    f"or are in pieces, which a tagger cannot find. Intervals ({LEVEL:.0%}) are over documents."
)


class TypeScores(NamedTuple):
    """The scores of one type, or of all types together.

    Args:
        precision, recall, f1: each with the ends of its interval.
    """

    type: str
    gold: int
    found: int
    right: int
    precision: Interval
    recall: Interval
    f1: Interval


@dataclass(frozen=True)
class Report:
    """Documents with their gold mentions, and the predictions for each."""

    documents: Sequence[Document]
    found: Sequence[Sequence[Mention]]
    types: Sequence[str]

    @classmethod
    def of(cls, documents: Sequence[Document], found: Sequence[Sequence[Mention]], types: Sequence[str]) -> Report:
        """A report on these types; mentions of other types are left out on both sides."""
        kept = [replace(d, mentions=_of(types, d.mentions), relations=()) for d in documents]
        return cls(kept, [_of(types, mentions) for mentions in found], sorted(types))

    def rows(self) -> list[TypeScores]:
        """One row for each type, and one for all types if there are several."""
        gold = [document.mentions for document in self.documents]
        counts = metrics.count(gold, self.found, sources=metrics.origins(self.documents))
        table = counts.table(self.types)  # (documents, types, 3)
        columns = {type: table[:, i] for i, type in enumerate(self.types)}
        return [_row(*named) for named in [*columns.items(), *([(ALL, table.sum(axis=1))] if len(columns) > 1 else [])]]

    def errors(self) -> dict[str, int]:
        """The number of mentions in each class of errors."""
        return metrics.errors([document.mentions for document in self.documents], self.found)

    def page(self) -> str:
        """The texts with most errors as an HTML page, with missed and wrong mentions marked."""
        wrong = [
            sum(name != "correct" for name, _, _ in metrics.paired(document.mentions, mentions))
            for document, mentions in zip(self.documents, self.found, strict=True)
        ]
        worst = [i for i in sorted(range(len(wrong)), key=lambda i: -wrong[i]) if wrong[i]][:SHOWN]
        shown = [
            show.entities(document, self.found[i], gold=document.mentions, caption=f"{document.id}: {wrong[i]} errors")
            for i in worst
            for document in [self.documents[i]]
        ]
        return show.page(shown, title=f"Errors in {len(shown)} of {len(wrong)} texts")

    def listed(self) -> str:
        """Every error as a line of a tab-separated table: its place, its class, what was due and what was found."""
        file = io.StringIO()
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["document", "start", "class", "gold type", "gold text", "found type", "found text", "score"])
        for document, mentions in zip(self.documents, self.found, strict=True):
            pairs = metrics.paired(document.mentions, mentions)
            for name, due, given in sorted(pairs, key=lambda pair: min(m.start for m in pair[1:] if m)):
                if name != "correct":
                    start = min(m.start for m in (due, given) if m)
                    sure = f"{given.score:.4f}" if given and given.score is not None else ""
                    sides = [side for m in (due, given) for side in _shown(document, m)]
                    writer.writerow([document.id, start, name, *sides, sure])
        return file.getvalue()


def _of(types: Collection[str], mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions of these types."""
    return tuple(mention for mention in mentions if mention.type in types)


def _row(type: str, column: np.ndarray) -> TypeScores:
    """The row of one type, from counts (documents, 3)."""
    right, found, gold = (int(n) for n in column.sum(axis=0))
    scores = [estimate([column], score=score) for score in (metrics.precision, metrics.recall, metrics.f1)]
    return TypeScores(type, gold, found, right, *scores)


def _shown(document: Document, mention: Mention | None) -> tuple[str, str]:
    """A mention's type and text; empty texts if there is none."""
    return (mention.type, " ".join(document.surface(mention).split())) if mention else ("", "")


def table(rows: Sequence[TypeScores], *, apart: bool) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of a table.

    Args:
        apart: each end of an interval in a column of its own, for programs.
    """
    head, names = ["type", "gold", "found", "right"], ["precision", "recall", "F1"]
    head += [f"{name}{end}" for name in names for end in ("", " low", " high")] if apart else names
    made = []
    for row in rows:
        scores = [row.precision, row.recall, row.f1]
        cells = [f"{n:.4f}" for score in scores for n in score] if apart else [show.value(*s, digits=2) for s in scores]
        made.append([row.type, *map(str, row[1:4]), *cells])
    return head, made


def markdown(report: Report) -> str:
    """Scores and classes of errors, as Markdown."""
    head, rows = table(report.rows(), apart=False)
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    tally = Counter(report.errors())
    classes = [["errors", "mentions"], ["---", "--:"], *([name, str(n)] for name, n in tally.items())]
    written = [
        "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in block) for block in (lines, classes)
    ]
    return f"{written[0]}\n\n{RULE}\n\n{written[1]}\n"


def _cell(text: str) -> str:
    """A type as a cell. A type may hold anything, and must neither break the table nor act as mark-up."""
    return "".join(f"\\{c}" if c in "|`*_<>[]\\" else c for c in text)
