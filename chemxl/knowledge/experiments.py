"""Knowledge-anchored pretraining as a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from transformers import PreTrainedTokenizerFast

from chemxl.corpora.texts import PairSource, Texts
from chemxl.documents import Document, Pair, words
from chemxl.experiments.digests import sha256
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
        facts: facts of a knowledge base, for each of these languages.
        linked: passages about the same thing in two languages, without those that are tested on.
        levels: how much is read for which level; ``reading`` says how much in all, its mixture counts for nothing.
    """

    lexicons: tuple[Lexicon, ...]
    facts: tuple[Facts, ...] = ()
    linked: tuple[PairSource, ...] = ()
    levels: Levels = Levels(plain=0.5, entities=0.5)

    def gathered(self) -> list[Gathered]:
        """The documents of every source, without leaks and copies; read once for all runs on the same text."""
        return list(_gathered(self.text, self.held_out, self._digest(*self.text, *self.held_out)))

    def _digest(self, *sources: Value) -> str:
        """The digests of these sources, one after the other."""
        return "".join(source.data_digest() for source in sources)

    @property
    def kinds(self) -> int:
        """The number of ways in which two passages may be related."""
        return len(KINDS) if self.levels.passages else 0

    def knowledge(self) -> Knowledge:
        """The names, facts and passages that texts are anchored to."""
        return Knowledge(
            names=[pair for lexicon in self.lexicons for pair in lexicon.taught()],
            lexicons=self.lexicons,
            facts=[fact for source in self.facts for fact in source.load()],
            passages=_passages(self.linked, self.held_out, self._digest(*self.linked, *self.held_out)),
        )

    def read_ids(self, tokenizer: PreTrainedTokenizerFast, texts: Iterator[str]) -> list[int]:
        """The ids of pieces in all texts, names, facts and passages, whether or not these are read: so runs that differ
        in levels keep the same pieces, which are found once."""
        right = self.model_copy(
            update={
                "lexicons": tuple(one.model_copy(update={"wrong": False}) for one in self.lexicons),
                "facts": tuple(one.model_copy(update={"permuted": False}) for one in self.facts),
            }
        )
        sources = (
            *right.text,
            *right.held_out,
            *right.lexicons,
            *right.facts,
            *right.linked,
            *right.probes,
            *right.pairs,
        )
        key = sha256(
            "".join([tokenizer.backend_tokenizer.to_str(), *(s.config_hash() + s.data_digest() for s in sources)])
        )
        if key not in _IDS:
            _IDS.clear()
            _IDS[key] = super().read_ids(tokenizer, _anywhere(chain(texts, right._further())))
        return _IDS[key]

    def _further(self) -> Iterator[str]:
        """All names, words of facts, and passages."""
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
        """The examples that the run reads."""
        given = (self.reading, tokenizer, model, documents, pairs)
        return AnchoredStream(self.levels, self.knowledge(), *given, seed=self.seed)


def _anywhere(texts: Iterator[str]) -> Iterator[str]:
    """Every text, and each of its words with and without a blank in front, since a word has other pieces behind a sign
    or at the start of a stretch."""
    known = set[str]()
    for text in texts:
        yield text
        for start, end in words(text):
            if (word := text[start:end]) not in known:
                known.add(word)
                yield from (word, f"({word}")


_IDS: dict[str, list[int]] = {}  # of one set of sources: the pieces that they use


@lru_cache(maxsize=2)
def _gathered(text: tuple[Texts, ...], held_out: tuple[Texts, ...], digest: str) -> list[Gathered]:
    """The gathered documents, remembered by the digest of their data."""
    return gather(text, held_out)


@lru_cache(maxsize=2)
def _passages(linked: tuple[PairSource, ...], held_out: tuple[Texts, ...], digest: str) -> list[Pair]:
    """Pairs of passages without those that stand in held-out text, remembered by the digest of their data."""
    return screened([pair for source in linked for pair in source.pairs()], held_out)
