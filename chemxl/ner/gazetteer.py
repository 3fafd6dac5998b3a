"""A tagger that learns nothing but a list of names: the floor below every network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.matcher import Matcher
from chemxl.documents import Document, Mention, flatten
from chemxl.models.learner import Prediction, SavedLearner
from chemxl.models.predictor import Predictor
from chemxl.models.tagger import Tagger, gold


class Gazetteer(Prediction):
    """Marks the names of the training text's outermost mentions, wherever they stand as whole words.

    The longest name is taken first. A name counts as a type's if at least half of the places where the training text
    has it are annotated with that type. Russian texts and names are compared by their lemmas.

    Args:
        train: annotated text.
    """

    train: tuple[Corpus, ...]

    @property
    def seed(self) -> int:
        """0, since nothing is drawn."""
        return 0

    def learners(self) -> tuple[SavedLearner, ...]:
        """None: nothing is trained."""
        return ()

    @property
    def kind(self) -> type[Predictor[Any]]:
        """What is found is written and scored as a tagger's."""
        return Tagger

    def found(self, documents: Sequence[Document]) -> list[list[Any]]:
        """The names in each document."""
        train = [document for corpus in self.train for document in corpus.load()]
        lists = {russian: _matchers(train, lemmas=russian) for russian in {d.language == "ru" for d in documents}}
        return [list(flatten(_named(document, lists[document.language == "ru"])).mentions) for document in documents]


def _named(document: Document, matchers: dict[str, Matcher]) -> list[Mention]:
    """The names of every type in a document."""
    found = ((type, match) for type, matcher in matchers.items() for match in matcher.find(document.text))
    return [Mention.of(type, match.start, match.end) for type, match in found]


def _matchers(train: Sequence[Document], *, lemmas: bool) -> dict[str, Matcher]:
    """For each type, the names that the training text usually annotates."""
    layers = [layer.mentions for layer in gold(train)]
    made = {}
    for type in sorted({mention.type for layer in layers for mention in layer}):
        own = [[mention for mention in layer if mention.type == type] for layer in layers]
        names = sorted({d.surface(mention) for d, mentions in zip(train, own, strict=True) for mention in mentions})
        matcher = Matcher(names, lemmas=lemmas)
        places, annotated = Counter[str](), Counter[str]()
        for document, mentions in zip(train, own, strict=True):
            spans = {mention.span for mention in mentions}
            for match in matcher.find(document.text):
                places[match.key] += 1
                annotated[match.key] += (match.start, match.end) in spans
        usual = {key for key, number in places.items() if 2 * annotated[key] >= number}
        made[type] = Matcher([name for name in names if matcher.key(name) in usual], lemmas=lemmas)
    return made
