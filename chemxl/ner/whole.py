"""The rows of nested mentions: scores against all gold mentions, beside those of a tagger that finds only outermost
ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, flatten
from chemxl.evaluation import metrics
from chemxl.models import encoders
from chemxl.models.learner import SavedLearner
from chemxl.models.training import Training
from chemxl.ner import names
from chemxl.ner.experiments import FineTune
from chemxl.ner.nested import NestedFineTune, WholeEvaluation
from chemxl.results.chapters import Line
from chemxl.results.rows import Keys, Pair, Row, counted, differences, macro, recall_of, scored

SPANS, SOFTMAX, TWICE = "span head", "softmax", ", twice as long"
PAIRED = (  # the first less the second
    (SPANS, SOFTMAX),
    (SPANS, f"{SOFTMAX}{TWICE}"),
    (f"{SPANS}{TWICE}", SPANS),
    (f"{SOFTMAX}{TWICE}", SOFTMAX),
)
SCORER = "exact character spans, every gold mention"
MACRO = "mean F1 of the types that gold has, every gold mention (BioNNE 2024)"
INSIDE, OUTSIDE = "inside another", "outermost"
ALONE, CHEMICAL = "outermost alone, no errors", "CHEM"


def lines(encoder: str | encoders.Pretrained, keys: Keys, training: Training, seeds: Sequence[int]) -> list[Line]:
    """Lines of both heads, trained on BioNNE's training abstracts in both languages, tested on its test abstracts in
    each; and of both trained twice as long, with one seed.

    Args:
        keys: the keys of the encoder.
    """
    both = ("en", "ru")
    tests = {f"BioNNE-R {x.upper()}": Corpus(name="bionne-r", split="test", language=x, types=()) for x in both}
    train = tuple(Corpus(name="bionne-r", language=x, types=(), without=tuple(tests.values())) for x in both)
    shared: Keys = {**keys, "table": "nested", "train": "BioNNE-R EN + RU"}
    longer = training.model_copy(update={"epochs": 2 * training.epochs})
    made = []
    found: dict[tuple[str, str], list[WholeEvaluation]] = {}
    for head, kind in {SOFTMAX: FineTune, SPANS: NestedFineTune}.items():
        for method, how, some in ((head, training, seeds), (f"{head}{TWICE}", longer, seeds[:1])):
            fields: dict[str, Any] = {"encoder": encoder, "train": train, "training": how}
            models: list[SavedLearner] = [kind(seed=seed, **fields) for seed in some]
            for test, corpus in tests.items():
                values = [WholeEvaluation(model=model, corpus=corpus) for model in models]
                made.append(Line({**shared, "method": method, "test": test}, values, partial(rows, values, train)))
                found[method, test] = values
    pairs = [
        Pair({"method": a, "less_method": b, "test": test}, found[a, test], found[b, test])
        for a, b in PAIRED
        for test in tests
    ]
    every = [value for values in found.values() for value in values]
    return [*made, Line(shared, every, lambda: differences(pairs, scorer=SCORER), compared=True)]


def rows(values: Sequence[WholeEvaluation], train: Sequence[Corpus]) -> list[Row]:
    """Macro F1, scores of all types together, F1 of each, recall by depth, and of names that training has and has not.

    Beside F1 stands what a tagger without errors would have that finds only outermost mentions, and for chemicals, one
    that finds only outermost chemicals.
    """
    types = values[0].counts().due()
    made = [macro(values, scorer=MACRO)]
    made += scored(values, scores=metrics.SCORES, scorer=SCORER)
    made += [row for type in types for row in scored(values, type=type, scorer=SCORER)]
    documents, _ = values[0].outcome()
    flat = outermost(documents)
    made += counted({f"{ALONE}: macro F1": float(metrics.macro_f1(flat.table(types).sum(axis=0)))}, scorer=MACRO)
    made += counted({f"{ALONE}: F1": flat.scores()[metrics.MICRO].f1}, scorer=SCORER)
    if CHEMICAL in types:
        chemicals = outermost([document.retyped({CHEMICAL: CHEMICAL}) for document in documents])
        most = chemicals.scores()[CHEMICAL].f1
        made += counted({f"{ALONE}: F1": most}, scorer=SCORER, keys={"type": CHEMICAL})
    for depth in (OUTSIDE, INSIDE):
        columns = [at_depth(value, inside=depth == INSIDE) for value in values]
        made.append(recall_of(columns, values, scorer=SCORER, keys={"depth": depth}))
    return [*made, *names.rows(values, train, [d.mentions for d in documents], scorer=SCORER)]


def outermost(documents: Sequence[Document]) -> metrics.Counts:
    """The counts of a tagger that finds all outermost mentions and no others."""
    return against_all(documents, [flatten(document.mentions).mentions for document in documents])


def against_all(documents: Sequence[Document], found: Sequence[Sequence[Mention]]) -> metrics.Counts:
    """The counts against every gold mention, by source document."""
    return metrics.count([d.mentions for d in documents], found, sources=metrics.origins(documents))


def at_depth(value: WholeEvaluation, *, inside: bool) -> np.ndarray:
    """For each document, right, found and due, (D, 3); only mentions inside a longer one are due, or only all others.

    Only recall can be read from it: what was found counts whole.
    """
    documents, found = value.outcome()
    due = [[m for m in d.mentions if _inside(m, d.mentions) is inside] for d in documents]
    return metrics.count(due, found, sources=metrics.origins(documents)).column()


def _inside(mention: Mention, others: Sequence[Mention]) -> bool:
    """Whether a mention lies inside a longer one."""
    return any(m.start <= mention.start and mention.end <= m.end and m.span != mention.span for m in others)
