"""The rows of taggers that give each word one label, and of tests between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention
from chemxl.evaluation import metrics
from chemxl.experiments.experiment import Run
from chemxl.models import encoders
from chemxl.models.learner import Evaluation
from chemxl.models.tagger import gold
from chemxl.ner import names, whole
from chemxl.ner.experiments import FineTune
from chemxl.ner.gazetteer import Gazetteer
from chemxl.results.chapters import Line
from chemxl.results.rows import SCORER, Key, Pair, Row, counted, differences, scored

BILSTM, VECTORS, GAZETTEER = "bilstm-crf", "bilstm-crf, word vectors", "gazetteer"
TWICE = whole.TWICE
EVERY, CUT = "F1, every gold mention", "F1, texts cut at 512 subwords"
LIMIT = 512  # subwords, the first and the last one included
Tagged = Evaluation | Gazetteer
Found = Sequence[Sequence[Mention]]


@dataclass(frozen=True)
class Recounted:
    """A tagger's predictions, counted in another way than its own."""

    value: Tagged
    count: Callable[[Sequence[Document], Found], metrics.Counts]

    @property
    def seed(self) -> int:
        """The seed of the tagger."""
        return self.value.seed

    def counts(self) -> metrics.Counts:
        """The counts by source document."""
        return self.count(*self.value.outcome())

    def run(self) -> Run:
        """The tagger's result."""
        return self.value.run()


def rows(values: Sequence[Tagged], train: Sequence[Corpus]) -> list[Row]:
    """The rows of a line: against the outermost gold mentions F1, precision and recall, of each type, too, if there are
    several; for an encoder, F1 if texts were cut; F1 against every gold mention, and the most that outermost mentions
    allow; recall of names that training has and has not; errors by class.

    Args:
        values: a tagger, one value a seed.
        train: what it learnt from.
    """
    types = values[0].counts().types
    kinds = [metrics.MICRO, *(types if len(types) > 1 else ())]
    made = [row for kind in kinds for row in scored(values, scores=metrics.SCORES, type=kind)]
    documents = values[0].corpus.load()
    due = [layer.mentions for layer in gold(documents)]
    model = getattr(values[0], "model", None)
    if isinstance(model, FineTune):
        shorter = partial(cut, ends=ends(documents, model.encoder))
        made += scored([Recounted(value, shorter) for value in values], scores={CUT: metrics.f1})
    every = [Recounted(value, whole.against_all) for value in values]
    made += scored(every, scores={EVERY: metrics.f1}, scorer=whole.SCORER)
    most = whole.outermost(documents).scores()[metrics.MICRO].f1
    made += counted({f"{whole.ALONE}: F1": most}, scorer=whole.SCORER)
    made += names.rows(values, train, due, scorer=SCORER)
    for kind, mean in errors(values).items():
        made += counted({"mentions": mean}, scorer=SCORER, keys={"error": kind})
    return made


def errors(values: Sequence[Tagged]) -> dict[str, float]:
    """Mentions by class, as means over seeds, see :func:`chemxl.evaluation.metrics.errors`."""
    outcomes = [value.outcome() for value in values]
    due = [layer.mentions for layer in gold(outcomes[0][0])]
    counts = [metrics.errors(due, found) for _, found in outcomes]
    return {kind: float(np.mean([one[kind] for one in counts])) for kind in counts[0]}


def ends(documents: Sequence[Document], encoder: str | encoders.Pretrained) -> list[int]:
    """For each document, the character at which it ends for an encoder that reads its first ``LIMIT`` subwords."""
    tokenizer = encoders.load(encoder, num_hidden_layers=1).tokenizer.backend_tokenizer
    read = LIMIT - 2
    encoded = tokenizer.encode_batch([document.text for document in documents], add_special_tokens=False)
    return [
        one.offsets[read - 1][1] if len(one.ids) > read else len(document.text)
        for one, document in zip(encoded, documents, strict=True)
    ]


def cut(documents: Sequence[Document], found: Found, *, ends: Sequence[int]) -> metrics.Counts:
    """Counts as a tagger has them that is given each text up to its end in ``ends``, though gold goes on."""
    left = [[m for m in mentions if m.end <= end] for mentions, end in zip(found, ends, strict=True)]
    due = [layer.mentions for layer in gold(documents)]
    return metrics.count(due, left, sources=metrics.origins(documents))


def paired(table: Sequence[Line]) -> list[Row]:
    """Pairs of lines on one test: models that were trained alike, and ways of training the first model.

    A gazetteer and a model that was trained twice as long are compared with the first model alone.
    """
    first = _model(table[0])
    pairs = []
    for a, b in combinations(table, 2):
        differ = {f"less_{name}": key for name, key in b.keys.items() if key != a.keys.get(name, key)}
        ways_differ = set(differ) == {"less_train"} and _model(a) == first
        aside = _aside(a) or (_aside(b) and _model(a) != first)
        if ways_differ or not ({"less_train", "less_test"} & set(differ) or aside):
            pairs.append(Pair({**a.keys, **differ}, _repeated(a, b), _repeated(b, a)))
    return differences(pairs)


def _aside(line: Line) -> bool:
    """Whether a line's model is there only to be compared with the first one."""
    method = str(line.keys["method"])
    return method == GAZETTEER or method.endswith(TWICE)


def _repeated(line: Line, other: Line) -> Sequence[Any]:
    """A line's experiments; a gazetteer's, whose result no seed changes, as often as the other line has seeds."""
    return list(line.experiments) * (len(other.experiments) if line.keys["method"] == GAZETTEER else 1)


def _model(line: Line) -> tuple[Key, Key]:
    """The keys that name a line's model."""
    return line.keys["encoder"], line.keys["method"]
