"""The examples that a knowledge-anchored pretraining reads: each level has its share of tokens, each language as many.

Equation 4: ``L = L_e + L_f + L_p``. As in the authors' code the first two are one mean over all hidden pieces of a
batch; the third is a mean of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from pydantic import Field, model_validator
from transformers import PreTrainedTokenizerFast

from chemxl.corpora.matcher import Match
from chemxl.corpora.paired import Fact
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Pair
from chemxl.errors import CorpusError
from chemxl.experiments.experiment import Value
from chemxl.knowledge import passages
from chemxl.knowledge.entities import Marked, Names, hiding, marked_pieces
from chemxl.knowledge.facts import FactFinder, Part, behind
from chemxl.knowledge.lexicon import Lexicon
from chemxl.pretrain.objectives import Example
from chemxl.pretrain.stream import Passes, Stream, grouped, masking, until
from chemxl.pretrain.text import Pieces, pieces

_AT_ONCE = 512  # stretches that are tokenised together
_FACTS = 4  # behind a text at most


class Levels(Value):
    """The share of tokens that is read for each level, and how.

    Args:
        plain: text as it is, hidden as in chapter 3.
        entities, facts, passages: see the module of each name.
        switched: names give way to their translations; else entities are hidden as they stand, a control.
        words: share of what is hidden in a text with entities that is spent on whole words outside of them.
        most: names of a stretch that are switched, at most.
        longest: pieces of an entity that is hidden, at most; 0: any.
        hides: what of a fact.
        permuted: passage pairs say another pair's kind: a control.
    """

    plain: float = Field(default=0.5, ge=0)
    entities: float = Field(default=0.0, ge=0)
    facts: float = Field(default=0.0, ge=0)
    passages: float = Field(default=0.0, ge=0)
    switched: bool = True
    words: float = Field(default=0.0, ge=0, le=1)
    most: int = Field(default=10, ge=1)
    longest: int = Field(default=0, ge=0)
    hides: Part = "relation"
    permuted: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Levels:
        """Check that the shares add up to 1."""
        shares = (self.plain, self.entities, self.facts, self.passages)
        if abs(sum(shares) - 1) > 1e-9:
            raise ValueError(f"the shares are {' + '.join(f'{share:g}' for share in shares)}: make their sum 1")
        return self


@dataclass(frozen=True)
class Knowledge:
    """The names, facts and passages that texts are anchored to.

    Args:
        names: translations that are taught, of all lexicons.
        lexicons: they say what is held out.
        passages: linked ones.
    """

    names: Sequence[Pair]
    lexicons: Sequence[Lexicon]
    facts: Sequence[Fact]
    passages: Sequence[Pair]


@dataclass(frozen=True)
class NamedText:
    """A stretch of text with the names in it.

    Args:
        size: its length in pieces.
    """

    text: str
    matches: list[Match]
    size: int


class AnchoredStream(Stream):
    """The examples of a run, as the training loop wants them."""

    def __init__(self, levels: Levels, knowledge: Knowledge, *given: Any, seed: int) -> None:
        self.levels, self.knowledge = levels, knowledge
        self._stretched: dict[str, list[str]] = {}
        super().__init__(*given, seed=seed)
        self.counts["pieces unknown"] = sum(map(self._kept, self.examples))
        # Whole units are hidden: an entity, a relation, a word; in plain text a unit is a piece, see `masked`.
        self.masking = masking(self.tokenizer, self.model, rate=self.reading.rate, whole_words=True)

    def made(
        self, documents: Sequence[Document], pairs: Sequence[Pair], generator: np.random.Generator
    ) -> Iterator[Example]:
        """All examples, in any order."""
        self.counts = dict.fromkeys(("names switched", "facts said", "pairs of passages"), 0.0)
        yield from map(self._by_pieces, self.masked(documents, generator, self.levels.plain))
        yield from self._entities(documents, generator)
        yield from self._facts(documents, generator)
        yield from self._passages(generator)

    def _kept(self, example: Example) -> int:
        """The number of pieces that were cut from the table, such as that of a character that only occurs composed in
        texts: they are read as unknown."""
        places = cast("torch.Tensor", self.model.table.places).cpu().numpy()
        gone = places[example.ids] < 0
        example.ids[gone] = self.tokenizer.unk_token_id
        return int(gone.sum())

    def _by_pieces(self, example: Example) -> Example:
        """The example with every piece as a word of its own, unless whole words are hidden."""
        if self.reading.whole_words:
            return example
        return replace(example, words=np.where(example.words < 0, -1, np.arange(len(example))))

    def _entities(self, documents: Sequence[Document], generator: np.random.Generator) -> Iterator[Example]:
        """Examples of the entity level, with as many names switched in each language."""
        if not self.levels.entities:
            return
        groups = grouped(documents)
        names = {code: Names(self.knowledge.names, code) for code in groups}
        found = {code: self._named(own, names[code]) for code, own in groups.items()}
        rarest = min(map(self._density, found.values()))

        def passes(own: list[Document]) -> Passes:
            """Passes over the stretches of one language."""
            language = own[0].language
            stretches = found[language]
            share, owed = rarest / self._density(stretches), 0.0
            while True:
                order = generator.permutation(len(stretches)).tolist()
                made: list[Marked] = []
                for stretch in (stretches[i] for i in order):
                    owed += share * min(self.levels.most, len(stretch.matches)) if self.levels.switched else 0
                    count = min(int(owed), len(stretch.matches))
                    owed -= count
                    chosen = generator.choice(len(stretch.matches), count, replace=False).tolist()
                    made.append(names[language].switch(stretch.text, stretch.matches, chosen, generator))
                yield self._hidden(made, language)

        yield from self.by_language(documents, passes, self.levels.entities)

    def _hidden(self, texts: Sequence[Marked], language: str) -> Iterator[Example]:
        """Examples in which whole entities are hidden."""
        levels = self.levels
        hide = partial(hiding, self.builder, rate=self.reading.rate, words=levels.words, longest=levels.longest)
        for i in range(0, len(texts), _AT_ONCE):
            part = texts[i : i + _AT_ONCE]
            for marked, (text, entity) in zip(part, marked_pieces(self.tokenizer, part), strict=True):
                yield hide(text, entity)
                for name in ("names switched", f"names switched in {language.upper()}"):
                    self.counts[name] = self.counts.get(name, 0.0) + len(marked.switched)

    def _named(self, documents: Sequence[Document], names: Names) -> list[NamedText]:
        """Stretches of text that hold a name, with their names."""
        texts = self._texts(documents)
        sizes = map(len, pieces(self.tokenizer, texts))
        made = [NamedText(text, names.find(text), size) for text, size in zip(texts, sizes, strict=True)]
        if not any(found.matches for found in made):
            raise CorpusError(
                f"no name of the lexicons stands in the text in {documents[0].language!r}: give other sources"
            )
        return [found for found in made if found.matches]

    def _density(self, stretches: Sequence[NamedText]) -> float:
        """The number of names that could be switched, for each piece that is read."""
        return sum(min(self.levels.most, len(s.matches)) for s in stretches) / sum(s.size for s in stretches)

    def _facts(self, documents: Sequence[Document], generator: np.random.Generator) -> Iterator[Example]:
        """Examples of the fact level."""

        def passes(own: list[Document]) -> Passes:
            """Passes over the texts of one language that name both ends of a fact."""
            finder = FactFinder(self.knowledge.facts, own[0].language, self.knowledge.lexicons)
            found = [(text, facts) for text in self._texts(own) if (facts := finder.find(text))]
            if not found:
                raise CorpusError(f"no text in {own[0].language!r} names both ends of a fact: give other facts")
            while True:
                yield self._with_facts([found[i] for i in generator.permutation(len(found))], finder, generator)

        return self.by_language(documents, passes, self.levels.facts)

    def _with_facts(
        self, found: Sequence[tuple[str, list[Fact]]], finder: FactFinder, generator: np.random.Generator
    ) -> Iterator[Example]:
        """Texts with some of their facts behind them."""
        for i in range(0, len(found), _AT_ONCE):
            part = found[i : i + _AT_ONCE]
            texts = pieces(self.tokenizer, [text for text, _ in part])
            drawn = [[facts[j] for j in generator.permutation(len(facts))[:_FACTS]] for _, facts in part]
            said = iter(marked_pieces(self.tokenizer, [finder.verbalised(fact) for facts in drawn for fact in facts]))
            for text, facts in zip(texts, drawn, strict=True):
                yield behind(self.builder, text, [next(said) for _ in facts], hides=self.levels.hides)
                self.counts["facts said"] += len(facts)

    def _passages(self, generator: np.random.Generator) -> Iterator[Example]:
        """Examples of the passage level."""
        if not self.levels.passages:
            return
        size = (self.reading.block - 3) // 2
        linked = [
            (self._pieces(pair.source, pair.languages[0], size), self._pieces(pair.target, pair.languages[1], size))
            for pair in self.knowledge.passages
        ]

        def passes() -> Iterator[Iterable[Example]]:
            """Passes over the pairs of passages."""
            while True:
                order = generator.permutation(len(linked)).tolist()
                yield passages.examples(
                    self.builder, [linked[i] for i in order], generator, permuted=self.levels.permuted
                )

        for example in until(passes(), self.reading.amount * self.levels.passages):
            self.counts["pairs of passages"] += 1
            yield example

    def _pieces(self, text: str, language: str, size: int) -> list[Pieces]:
        """The pieces of a passage's stretches."""
        return pieces(self.tokenizer, stretches(self.tokenizer, Document("", text, language=language), size))

    def _texts(self, documents: Sequence[Document]) -> list[str]:
        """The stretches of a language's documents, cut once for all levels."""
        size, language = self.reading.block - 2, documents[0].language
        if language not in self._stretched:
            self._stretched[language] = [text for d in documents for text in stretches(self.tokenizer, d, size)]
        return self._stretched[language]


def stretches(tokenizer: PreTrainedTokenizerFast, document: Document, size: int) -> list[str]:
    """Neighbouring sentences joined up to ``size`` pieces; a longer sentence stands alone."""
    encoding = tokenizer.backend_tokenizer.encode(document.text, add_special_tokens=False)
    starts = np.array([start for start, _ in encoding.offsets])
    made: list[tuple[int, int]] = []
    for start, end in sentences(document.text, document.language):
        count = np.searchsorted(starts, end) - np.searchsorted(starts, made[-1][0]) if made else size + 1
        if count <= size:
            made[-1] = (made[-1][0], end)
        else:
            made.append((start, end))
    return [document.text[start:end] for start, end in made]
