"""Knowledge-anchored pretraining as a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from transformers import PreTrainedTokenizerFast

from chemxl.corpora.texts import PairSource, Texts
from chemxl.documents import Document, Pair
from chemxl.experiments.experiment import Value
from chemxl.knowledge.facts import Facts, names_of
from chemxl.knowledge.lexicon import Lexicon
from chemxl.knowledge.passages import KINDS
from chemxl.knowledge.stream import AnchoredStream, Knowledge, Levels
from chemxl.pretrain.experiments import ContinualPretraining
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.stream import Stream
from chemxl.pretrain.text import Gathered, gather, screened


class KnowledgePretraining(ContinualPretraining):
    """An encoder that is trained further on text that is anchored to knowledge in two languages (paper 3, section 3).

    Args:
        lexicons: one for each language beside English.
        facts: of a knowledge base, for each of these languages.
        linked: passages about the same thing in two languages, without those that are tested on.
        levels: how much is read for which level; ``reading`` says how much in all, its mixture counts for nothing.
    """

    lexicons: tuple[Lexicon, ...]
    facts: tuple[Facts, ...] = ()
    linked: tuple[PairSource, ...] = ()
    levels: Levels = Levels(plain=0.5, entities=0.5)

    def gathered(self) -> list[Gathered]:
        """The documents of every source, leaks and copies removed; read once for all runs on the same text."""
        return list(_gathered(self.text, self.held_out, self._digest(*self.text, *self.held_out)))

    def _digest(self, *sources: Value) -> str:
        return "".join(source.data_digest() for source in sources)

    @property
    def kinds(self) -> int:
        """How passages may be related."""
        return len(KINDS) if self.levels.passages else 0

    def knowledge(self) -> Knowledge:
        """What texts are anchored to."""
        return Knowledge(
            names=[pair for lexicon in self.lexicons for pair in lexicon.taught()],
            lexicons=self.lexicons,
            facts=[fact for source in self.facts for fact in source.load()],
            passages=_passages(self.linked, self.held_out, self._digest(*self.linked, *self.held_out)),
        )

    def further(self) -> Iterator[str]:
        """All names, facts and passages, whatever of them is read: runs that differ in levels keep the same pieces."""
        for lexicon in self.lexicons:
            yield from (name for pair in lexicon.pairs() for name in (pair.source, pair.target))
        knowledge = self.knowledge()
        yield from names_of(knowledge.facts)
        yield from (side for pair in knowledge.passages for side in (pair.source, pair.target))

    def stream(
        self,
        tokenizer: PreTrainedTokenizerFast,
        model: MaskedLanguageModel,
        documents: Sequence[Document],
        pairs: Sequence[Pair],
    ) -> Stream:
        """The examples that are read."""
        given = (self.reading, tokenizer, model, documents, pairs)
        return AnchoredStream(self.levels, self.knowledge(), *given, seed=self.seed)


@lru_cache(maxsize=2)
def _gathered(text: tuple[Texts, ...], held_out: tuple[Texts, ...], digest: str) -> list[Gathered]:
    return gather(text, held_out)


@lru_cache(maxsize=2)
def _passages(linked: tuple[PairSource, ...], held_out: tuple[Texts, ...], digest: str) -> list[Pair]:
    return screened([pair for source in linked for pair in source.pairs()], held_out)
