"""The rows of taggers that give each word one label, and of tests between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

BILSTM, VECTORS, GAZETTEER = "bilstm-crf", "bilstm-crf, word vectors", "gazetteer"
LONGER = ", twice the epochs"  # behind the name of a model, or of its method
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
    if encoder := _encoder(values[0]):
        shorter = partial(cut, ends=ends(documents, encoder))
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


def _encoder(value: Tagged) -> str | None:
    """The name of the encoder that a tagger starts from, whole or cut; None if it has none, or one pretrained here."""
    model = getattr(value, "model", None)
    encoder = model.encoder if isinstance(model, FineTune) else None
    encoder = encoder.encoder if isinstance(encoder, encoders.FirstLayers) else encoder
    return encoder if isinstance(encoder, str) else None


@cache
def _tokenizer(encoder: str) -> PreTrainedTokenizerFast:
    """The tokenizer of an encoder."""
    return encoders.load(encoder, num_hidden_layers=1).tokenizer


def ends(documents: Sequence[Document], encoder: str) -> list[int]:
    """For each document, the character at which it ends for an encoder that reads its first ``LIMIT`` subwords."""
    read = LIMIT - 2
    texts = [document.text for document in documents]
    encoded = _tokenizer(encoder).backend_tokenizer.encode_batch(texts, add_special_tokens=False)
    return [
        one.offsets[read - 1][1] if len(one.ids) > read else len(text) for one, text in zip(encoded, texts, strict=True)
    ]


def cut(documents: Sequence[Document], found: Found, *, ends: Sequence[int]) -> metrics.Counts:
    """Counts without what was found behind each document's end in ``ends``; gold goes on.

    It is an estimate: a tagger that is given the beginning alone also lacks what follows its last words.
    """
    left = [[m for m in mentions if m.end <= end] for mentions, end in zip(found, ends, strict=True)]
    due = [layer.mentions for layer in gold(documents)]
    return metrics.count(due, left, sources=metrics.origins(documents))


def paired(table: Sequence[Line]) -> list[Row]:
    """Pairs of lines on one test: models that were trained alike, and ways of training the first model.

    A gazetteer is compared with the first model alone, a model that was trained longer with itself.
    """
    first = _model(table[0])
    pairs = []
    for a, b in combinations(table, 2):
        differ = {f"less_{name}": key for name, key in b.keys.items() if key != a.keys.get(name, key)}
        if set(differ) == {"less_train"}:
            asked = _model(a) == first
        else:
            asked = not {"less_train", "less_test"} & set(differ) and _comparable(a, b, first)
        if asked:
            pairs.append(Pair({**a.keys, **differ}, _repeated(a, b), _repeated(b, a)))
    return differences(pairs)


def _comparable(a: Line, b: Line, first: tuple[Key, Key]) -> bool:
    """Whether two models that were trained on the same texts are compared."""
    methods = [str(line.keys["method"]) for line in (a, b)]
    if any(method.endswith(LONGER) for method in methods):
        return a.keys["encoder"] == b.keys["encoder"] and len({m.removesuffix(LONGER) for m in methods}) == 1
    return GAZETTEER not in methods or first in (_model(a), _model(b))


def _repeated(line: Line, other: Line) -> Sequence[Any]:
    """A line's experiments; a gazetteer's, whose result no seed changes, as often as the other line has seeds."""
    return list(line.experiments) * (len(other.experiments) if line.keys["method"] == GAZETTEER else 1)


def _model(line: Line) -> tuple[Key, Key]:
    """The keys that name a line's model."""
    return line.keys["encoder"], line.keys["method"]
