"""Names that the training text has, and names that are new: how many of each are found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.matcher import folded
from chemxl.documents import Document, Mention
from chemxl.evaluation import metrics
from chemxl.models.learner import Prediction
from chemxl.results.rows import Row, counted, recall_of

KNOWN, NEW = "in training", "new"


def rows(
    values: Sequence[Prediction], train: Iterable[Corpus], due: Sequence[Sequence[Mention]], *, scorer: str
) -> list[Row]:
    """Recall of mentions whose name the training text has with their type, of those that are new, and their numbers.

    Names are compared as they are written, whatever their case. Precision has no such parts: what is found wrongly is
    neither known nor new.

    Args:
        values: models that learnt from ``train``, tested on the same documents.
        due: gold mentions of each document.
    """
    learnt = {name for corpus in train for document in corpus.load() for name in _names(document, document.mentions)}
    found_by = [value.outcome() for value in values]
    documents = found_by[0][0]
    made = []
    for group in (KNOWN, NEW):
        asked = [
            [m for m, name in zip(mentions, _names(d, mentions), strict=True) if (name in learnt) is (group == KNOWN)]
            for d, mentions in zip(documents, due, strict=True)
        ]
        if not any(asked):
            continue
        sources = metrics.origins(documents)
        columns = [metrics.count(asked, found, sources=sources).column() for _, found in found_by]
        made.append(recall_of(columns, values, scorer=scorer, keys={"names": group}))
        made += counted({"mentions": sum(map(len, asked))}, scorer=scorer, keys={"names": group})
    return made


def _names(document: Document, mentions: Iterable[Mention]) -> list[tuple[str, str]]:
    """Type and name of each mention."""
    return [(mention.type, folded(document.surface(mention))) for mention in mentions]
