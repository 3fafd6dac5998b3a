"""LivingNER's official scores, computed with the exact scorer of :mod:`chemxl.evaluation.metrics`.

https://github.com/tonifuc3m/livingner-evaluation-library
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chemxl.corpora.livingner import LABELS
from chemxl.documents import Mention
from chemxl.errors import ChemxlError
from chemxl.evaluation.metrics import MICRO, Score, count


def official(gold: Mapping[str, Sequence[Mention]], predicted: Mapping[str, Sequence[Mention]]) -> dict[str, Score]:
    """Official scores of LivingNER-Species NER: ``SPECIES``, ``HUMAN`` and ``micro`` over both.

    A prediction counts when document, label and both offsets are those of a gold mention. Beyond that the task's
    program has rules that a score over all documents has not:

    - Mentions of other labels are left out, in the gold standard and in the predictions.
    - A document is scored if the gold standard has a mention in it. Predictions in any other are left out, so that
      they are not wrong, even where the text was given to the system and truly has no mention.
    - A document without predictions is scored, and its mentions are missed.
    - What stands twice counts once.

    The program has no scores per label; these are over the same documents. It stops where nothing is predicted in the
    documents that it scores; here that is 0.

    Args:
        gold: mentions by document, as :func:`chemxl.corpora.livingner.mentions` reads them.
        predicted: mentions by document; documents may be missing.

    Raises:
        ChemxlError: the gold standard has no mention of a label.
    """
    scored = {document: mentions for document, found in gold.items() if (mentions := _labelled(found))}
    if not scored:
        raise ChemxlError(f"the gold standard has no mention of {' or '.join(LABELS)}: give the task's own labels")
    given = [_labelled(predicted.get(document, ())) for document in scored]
    scores = count(list(scored.values()), given).scores()
    return {name: scores.get(name, Score(0, 0, 0)) for name in (*LABELS, MICRO)}


def printed(score: Score) -> tuple[float, float, float]:
    """Precision, recall and F1 as the official program prints them, with four digits and F1 from the other two before
    rounding."""
    precision, recall = score.precision, score.recall
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return round(precision, 4), round(recall, 4), round(f1, 4)


def _labelled(mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions of labels that are scored."""
    return [mention for mention in mentions if mention.type in LABELS]
