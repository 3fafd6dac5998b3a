"""The examples that a pretraining run reads: each objective has its share of tokens, each language as many."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import TypeVar

import numpy as np
import torch
from pydantic import Field
from transformers import PreTrainedTokenizerFast

from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Pair
from chemxl.errors import CorpusError
from chemxl.experiments.experiment import Value
from chemxl.models.encoders import specials
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder, Example, Masking, Mixture, collate
from chemxl.pretrain.perplexity import perplexity, surprisals, windows
from chemxl.pretrain.text import Pieces, pieces, shifted

_PROBE_PIECES = 2048  # of each text that is evaluated on while it trains


Passes = Iterator[Iterable[Example]]
Read = TypeVar("Read", bound=Sized)  # an example, or its ids


class Reading(Value):
    """How much of the text is read, and how.

    Args:
        mixture: the share of the tokens that each objective gets.
        amount: tokens an epoch, special ones counted, the same for each language; texts are read anew when they end.
        share: the share of documents, and of pairs, that may be read.
        block: tokens that are read at once.
        rate: the share of pieces that are hidden.
        shuffled: each sentence beside a translation of another one, as a control of what TLM learns.
    """

    mixture: Mixture = Mixture()
    amount: int = Field(default=100_000, ge=0)
    share: float = Field(default=1.0, gt=0, le=1)
    block: int = Field(default=128, ge=8)
    rate: float = Field(default=0.15, gt=0, lt=1)
    whole_words: bool = False
    shuffled: bool = False


class Stream:
    """The examples of a run, as the training loop takes them."""

    def __init__(
        self,
        reading: Reading,
        tokenizer: PreTrainedTokenizerFast,
        model: MaskedLanguageModel,
        documents: Sequence[Document],
        pairs: Sequence[Pair],
        *,
        seed: int,
    ) -> None:
        self.reading, self.tokenizer, self.model = reading, tokenizer, model
        self.builder = Builder(specials(tokenizer), block=reading.block)
        self.masking = masking(tokenizer, model, rate=reading.rate, whole_words=reading.whole_words)
        self.counts: dict[str, float] = {}  # what it made, beyond tokens
        generator = np.random.default_rng(seed)
        documents = [documents[i] for i in _part(len(documents), reading.share, generator)]
        pairs = [pairs[i] for i in _part(len(pairs), reading.share, generator)]
        self.examples = list(self.made(documents, pairs, generator))
        self.lengths = [len(example) for example in self.examples]

    def made(
        self, documents: Sequence[Document], pairs: Sequence[Pair], generator: np.random.Generator
    ) -> Iterator[Example]:
        """All examples, in any order."""
        mixture = self.reading.mixture
        yield from self.masked(documents, generator, mixture.mlm)
        yield from self._succeeding(documents, generator)
        yield from self._translated(pairs, generator)

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """A batch with fresh masks, drawn from torch's own generator."""
        chosen = [self.examples[i] for i in indices]
        pad = int(self.tokenizer.pad_token_id)
        return collate(chosen, masking=self.masking, pad=pad, generator=torch.default_generator)

    def probed(self, probes: dict[str, list[Document]]) -> dict[str, float]:
        """The perplexity of the beginning of every probe; ``score`` decides on early stopping."""
        found = {}
        for label, documents in probes.items():
            examples = windows(self.tokenizer, documents, self.builder, most=_PROBE_PIECES)
            found[label] = perplexity(self._surprisals([e for part in examples for e in part]))
        return {"score": -float(np.mean([math.log(p) for p in found.values()]))} | {
            f"perplexity: {label}": p for label, p in found.items()
        }

    def _surprisals(self, examples: Sequence[Example]) -> np.ndarray:
        """The surprisals of examples, masked in the same way in every run."""
        asked = masking(self.tokenizer, self.model)  # in the same way in every run
        return surprisals(self.model, examples, masking=asked, pad=int(self.tokenizer.pad_token_id))

    def masked(self, documents: Sequence[Document], generator: np.random.Generator, share: float) -> Iterator[Example]:
        """Packed blocks of text, as many tokens in each language."""

        def passes(own: Sequence[Document]) -> Iterator[Iterable[Example]]:
            """Passes over one language's texts, in random order."""
            texts = pieces(self.tokenizer, [document.text for document in own])
            while True:
                yield self.builder.blocks([texts[i] for i in generator.permutation(len(texts))])

        return self.by_language(documents, passes, share)

    def _succeeding(self, documents: Sequence[Document], generator: np.random.Generator) -> Iterator[Example]:
        """Examples of next sentence prediction."""

        def passes(own: Sequence[Document]) -> Iterator[Iterable[Example]]:
            """Passes over one language's pairs of stretches, in random order."""
            texts = [self._stretches(document) for document in own]
            while True:
                found = list(self.builder.successions(texts, generator))
                yield (found[i] for i in generator.permutation(len(found)))

        return self.by_language(documents, passes, self.reading.mixture.nsp)

    def by_language(
        self, documents: Sequence[Document], passes: Callable[[list[Document]], Passes], share: float
    ) -> Iterator[Example]:
        """Examples of every language, until they hold that language's part of the share."""
        groups = grouped(documents) if share else {}
        for _, own in sorted(groups.items()):
            yield from until(passes(own), self.reading.amount * share / len(groups))

    def _stretches(self, document: Document) -> list[Pieces]:
        """Neighbouring sentences, joined up to half a block."""
        spans = sentences(document.text, document.language)
        made: list[Pieces] = []
        for sentence in pieces(self.tokenizer, [document.text[start:end] for start, end in spans]):
            if made and len(made[-1]) + len(sentence) <= (self.reading.block - 3) // 2:
                before = made.pop()
                shift = before.words.max(initial=-1) + 1
                sentence = Pieces(
                    np.append(before.ids, sentence.ids), np.append(before.words, shifted(sentence.words, shift))
                )
            made.append(sentence)
        return made

    def _translated(self, pairs: Sequence[Pair], generator: np.random.Generator) -> Iterator[Example]:
        """Examples of translation language modelling."""
        sources, targets = (pieces(self.tokenizer, [getattr(p, side) for p in pairs]) for side in ("source", "target"))
        if self.reading.shuffled:
            order = generator.permutation(len(pairs))
            others = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))  # nobody keeps its own
            targets = [targets[others[i]] for i in range(len(pairs))]

        def both_ways() -> Iterator[Example]:
            """One pass over the pairs, in random order and with either side first."""
            for i in generator.permutation(len(pairs)):
                first, second, languages = sources[i], targets[i], pairs[i].languages
                if generator.random() < 0.5:
                    first, second, languages = second, first, (languages[1], languages[0])
                yield self.builder.translation(first, second, languages)

        return until(iter(both_ways, None), self.reading.amount * self.reading.mixture.tlm)


def grouped(documents: Sequence[Document]) -> dict[str, list[Document]]:
    """The documents of each language."""
    made: dict[str, list[Document]] = {}
    for document in documents:
        made.setdefault(document.language, []).append(document)
    return made


def until(passes: Iterator[Iterable[Read]], tokens: float) -> Iterator[Read]:
    """Examples of one pass after another, until they hold so many tokens.

    Raises:
        CorpusError: a pass gives nothing.
    """
    count = 0
    while count < tokens:
        before = count
        for example in next(passes):
            if count >= tokens:
                return
            count += len(example)
            yield example
        if count == before:
            raise CorpusError("an objective of the mixture has no text: give text, or pairs for TLM")


def _part(count: int, share: float, generator: np.random.Generator) -> list[int]:
    """The indices of a random share of so many items."""
    return sorted(generator.permutation(count)[: math.ceil(share * count)].tolist())


def masking(
    tokenizer: PreTrainedTokenizerFast, model: MaskedLanguageModel, *, rate: float = 0.15, whole_words: bool = False
) -> Masking:
    """The masking for a model: random pieces are those that it keeps, special tokens left out."""
    special = torch.tensor(sorted(int(i) for i in tokenizer.all_special_ids))
    drawn = model.rows[~torch.isin(model.rows.cpu(), special)].cpu()
    return Masking(int(tokenizer.mask_token_id), drawn, rate=rate, whole_words=whole_words)
