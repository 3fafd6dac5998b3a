"""Objectives without labels: masked words in a text (MLM) and in a sentence beside its translation (TLM), and whether
one stretch of text follows another (NSP).

MLM and NSP: Devlin et al. 2019 (arXiv:1810.04805); TLM: Conneau & Lample 2019 (arXiv:1901.07291); paper 0, section IV.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator

from chemxl.experiments.experiment import Value
from chemxl.models.training import IGNORED
from chemxl.pretrain.text import Pieces, pack, shifted

LANGUAGES = ("en", "ru", "es", "zh")


class Mixture(Value):
    """The share of tokens that is read for each objective; all of them also mask words."""

    mlm: float = Field(default=1.0, ge=0)
    nsp: float = Field(default=0.0, ge=0)
    tlm: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _whole(self) -> Mixture:
        """Check that the shares add up to 1."""
        if abs(self.mlm + self.nsp + self.tlm - 1) > 1e-9:
            raise ValueError(f"the shares are {self.mlm:g} + {self.nsp:g} + {self.tlm:g}: make their sum 1")
        return self


@dataclass(frozen=True, slots=True)
class Example:
    """The pieces that the encoder reads at once, with what the loss needs to know of them.

    Args:
        ids: (T,) special tokens included.
        words: (T,) the number of a piece's word; -1 for special tokens, which are never masked.
        segments: (T,) 0 or 1.
        positions: (T,)
        follows: 1 where the second stretch follows the first in its text, 0 where not; ``IGNORED`` where not asked.
        rates: (T,) how likely a piece's word is to be hidden, where that is not as likely everywhere.
    """

    ids: np.ndarray
    words: np.ndarray
    segments: np.ndarray
    positions: np.ndarray
    follows: int = IGNORED
    rates: np.ndarray | None = None

    def __len__(self) -> int:
        """The number of pieces."""
        return len(self.ids)


class Builder:
    """A builder of examples for every objective.

    Args:
        bounds: the ids of the tokens that a text begins and ends with.
        block: tokens an example, special ones counted.
    """

    def __init__(self, bounds: tuple[int, int], *, block: int) -> None:
        (self.first, self.last), self.block = bounds, block

    def single(self, text: Pieces) -> Example:
        """An example of one text."""
        ids = np.concatenate([[self.first], text.ids, [self.last]])
        words = np.concatenate([[-1], text.words, [-1]])
        return Example(ids, words, np.zeros(len(ids), np.int64), np.arange(len(ids)))

    def blocks(self, texts: Sequence[Pieces]) -> Iterator[Example]:
        """Full blocks of texts, each language in blocks of its own."""
        return (self.single(part) for part in pack(texts, size=self.block - 2, separator=self.last))

    def double(
        self, a: Pieces, b: Pieces, *, segments: tuple[int, int] = (0, 1), reset: bool = False, follows: int = IGNORED
    ) -> Example:
        """An example of two stretches, each cut to half a block.

        Args:
            segments: the segments of the two.
            reset: positions begin anew with the second.
        """
        a, b = a[: (self.block - 3) // 2], b[: (self.block - 3) // 2]
        ids = np.concatenate([[self.first], a.ids, [self.last], b.ids, [self.last]])
        words = np.concatenate([[-1], a.words, [-1], shifted(b.words, a.words.max(initial=-1) + 1), [-1]])
        sizes = (len(a) + 2, len(b) + 1)
        positions = np.concatenate([np.arange(n) for n in sizes]) if reset else np.arange(sum(sizes))
        return Example(ids, words, np.repeat(np.array(segments), sizes), positions, follows)

    def translation(self, source: Pieces, target: Pieces, languages: tuple[str, str]) -> Example:
        """A sentence and its translation. The positions of the second begin anew (paper 0, figure 2), and segments tell
        the languages apart, whichever comes first."""
        segments = tuple(min(1, LANGUAGES.index(language)) for language in languages)
        return self.double(source, target, segments=(segments[0], segments[1]), reset=True)

    def successions(self, texts: Sequence[Sequence[Pieces]], generator: np.random.Generator) -> Iterator[Example]:
        """Pairs of neighbouring stretches of a text; in half of the pairs the second is drawn from another text.

        Args:
            texts: the stretches of every text.
        """
        texts = [stretches for stretches in texts if stretches]
        for number, stretches in enumerate(texts):
            for a, b in pairwise(stretches):
                follows = len(texts) == 1 or generator.random() < 0.5
                if not follows:
                    other = texts[(number + 1 + int(generator.integers(len(texts) - 1))) % len(texts)]
                    b = other[int(generator.integers(len(other)))]
                yield self.double(a, b, follows=int(follows))


@dataclass(frozen=True)
class Masking:
    """The way to hide words: of the chosen pieces, 80 % become the mask, 10 % another piece, and 10 % stay (paper 0,
    IV).

    Args:
        mask: the id of the mask token.
        pieces: ids that a random piece is drawn from, (V,).
        rate: how many pieces are chosen.
        whole_words: choose words, with all their pieces.
    """

    mask: int
    pieces: torch.Tensor
    rate: float = 0.15
    whole_words: bool = False

    def __call__(
        self,
        ids: torch.Tensor,
        words: torch.Tensor,
        generator: torch.Generator,
        rates: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Hide pieces.

        Args:
            ids: (B, T).
            words: (B, T), the number of a piece's word; -1 for special tokens and padding.
            rates: (B, T), of every piece, where they differ.

        Returns:
            What the encoder reads and what it has to say, both (B, T); ``IGNORED`` where it is not asked.
        """
        lot = torch.rand(ids.shape, generator=generator)  # (B, T)
        if self.whole_words:  # one lot for a run of pieces with the same number
            lot = lot.gather(1, (words.diff(dim=1, prepend=words[:, :1]) != 0).cumsum(1))
        chosen = (lot < (self.rate if rates is None else rates)) & (words >= 0)
        labels = torch.where(chosen, ids, IGNORED)
        fate = torch.rand(ids.shape, generator=generator)  # (B, T)
        other = self.pieces[torch.randint(len(self.pieces), ids.shape, generator=generator)]
        read = torch.where(chosen & (fate < 0.8), self.mask, ids)
        return torch.where(chosen & (fate >= 0.9), other, read), labels


def collate(
    examples: Sequence[Example], *, masking: Masking, pad: int, generator: torch.Generator
) -> dict[str, torch.Tensor]:
    """A batch with fresh masks: ``input_ids``, ``attention_mask``, ``token_type_ids``, ``position_ids`` and ``labels``
    (B, T), ``follows`` (B,)."""
    size = max(map(len, examples))

    def padded(name: str, filler: float, kind: Any = np.int64) -> torch.Tensor:
        """One field of all examples, padded to the longest, (B, T)."""
        table: np.ndarray = np.full((len(examples), size), filler, dtype=kind)
        for row, example in zip(table, examples, strict=True):
            own = getattr(example, name)
            row[: len(example)] = filler if own is None else own
        return torch.from_numpy(table)

    words = padded("words", -2)  # (B, T)
    uneven = any(example.rates is not None for example in examples)
    rates = padded("rates", masking.rate, np.float32) if uneven else None
    read, labels = masking(padded("ids", pad), words, generator, rates)
    return {
        "input_ids": read,
        "attention_mask": (words > -2).long(),
        "token_type_ids": padded("segments", 0),
        "position_ids": padded("positions", 0),
        "labels": labels,
        "follows": torch.tensor([example.follows for example in examples]),
    }
