"""Pairs of passages to classify: on the same subject in two languages, neighbours, or unrelated (paper 3, section
3.1.4).

Equation 3: ``L_p = - log P(c | X_pair)``, ``c`` one of positive, random and context, asked of the first token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from chemxl import corpora
from chemxl.corpora.texts import PairSource, twins
from chemxl.documents import Pair
from chemxl.errors import CorpusError
from chemxl.pretrain.objectives import Builder, Example
from chemxl.pretrain.text import Pieces

KINDS = ("positive", "random", "context")


class Linked(PairSource):
    """Passages on the same subject in two languages: linked ones of an encyclopaedia, or documents and their
    translations.

    Args:
        name: a corpus of pairs, or one whose documents share their id with a translation (``mini``, ``bionne-r``).
        language: the other one beside English.
    """

    name: str
    language: str
    split: str = "train"

    def pairs(self) -> list[Pair]:
        """The pairs of passages."""
        languages = ("en", self.language)
        if corpora.entry(self.name).paired:
            return corpora.pairs(self.name, split=self.split, language="-".join(languages), faults=[])
        documents = corpora.load(self.name, split=self.split, faults=[])
        return [
            Pair(key, twin["en"].text, twin[self.language].text, languages) for key, twin in twins(documents).items()
        ]

    def data_digest(self) -> str:
        """A digest of the files and of how they are read."""
        paired = corpora.entry(self.name).paired
        language = f"en-{self.language}" if paired else None
        return corpora.read_digest(self.name, split=self.split, language=language)


Passage = Sequence[Pieces]  # its stretches, in their order


def examples(
    builder: Builder, passages: Sequence[tuple[Passage, Passage]], rng: np.random.Generator, *, permuted: bool = False
) -> Iterator[Example]:
    """Pairs of stretches with the number of their kind in ``KINDS``, as many of each kind; nothing is hidden in them.

    Args:
        passages: two passages about the same thing, in two languages.
        permuted: each pair says another one's kind: a control.

    Raises:
        CorpusError: there are not two pairs of passages.
    """
    passages = [both for both in passages if both[0] and both[1]]
    if len(passages) < 2:
        raise CorpusError("passage relations are drawn from at least two pairs of passages: give more")
    kinds = [kind for _ in passages for kind in range(len(KINDS))]
    said = rng.permutation(kinds).tolist() if permuted else kinds
    for place, kind in enumerate(kinds):
        number = place // len(KINDS)
        first, second = _drawn(passages, number, kind, rng)
        if rng.random() < 0.5 and kind != KINDS.index("context"):
            first, second = second, first
        made = builder.double(first, second, segments=(0, 0), follows=said[place])
        made.words[:] = -1
        yield made


def _drawn(
    passages: Sequence[tuple[Passage, Passage]], number: int, kind: int, rng: np.random.Generator
) -> tuple[Pieces, Pieces]:
    """Two stretches of this kind, drawn for one pair of passages."""
    own = passages[number]
    if KINDS[kind] == "context":
        neighbours = [both for side in own for both in pairwise(side)]
        if neighbours:
            return neighbours[int(rng.integers(len(neighbours)))]
        whole = own[int(rng.integers(2))][0]  # a passage of one stretch: its two halves
        return whole[: len(whole) // 2], whole[len(whole) // 2 :]
    other = own
    if KINDS[kind] == "random":
        other = passages[(number + 1 + int(rng.integers(len(passages) - 1))) % len(passages)]
    return own[0][int(rng.integers(len(own[0])))], other[1][int(rng.integers(len(other[1])))]
