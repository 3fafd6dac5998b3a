"""The text that an encoder is pretrained on: documents that no model is tested on, in packed blocks of pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import PreTrainedTokenizerFast

from chemxl.collect import duplicates
from chemxl.collect.shingles import repeats
from chemxl.corpora.texts import Texts
from chemxl.documents import Document, Pair


@dataclass(frozen=True, slots=True)
class Gathered:
    """The documents of one source, and why others were left out."""

    source: Texts
    documents: list[Document]
    leaking: int
    copies: int


def gather(sources: Sequence[Texts], held_out: Sequence[Texts]) -> list[Gathered]:
    """The documents of every source, without those that stand in a test set in any language, and without copies of
    documents from an earlier source."""
    read = [(number, document) for number, source in enumerate(sources) for document in source.load()]
    found = [document for _, document in read]
    tested = [document for texts in held_out for document in texts.load()]
    leaking = {leak.left for leak in duplicates.leaks(found, tested)}
    again = repeats([document.text for document in found])
    made = []
    for number, source in enumerate(sources):
        own = [i for i, (of, _) in enumerate(read) if of == number]
        clean = [i for i in own if found[i].id not in leaking]
        kept = [found[i] for i in clean if i not in again]
        made.append(Gathered(source, kept, len(own) - len(clean), len(clean) - len(kept)))
    return made


def screened(pairs: Sequence[Pair], held_out: Sequence[Texts]) -> list[Pair]:
    """Pairs without those of which a side of eight words or more stands word by word in a test set. Shorter ones stay,
    such as names of substances."""
    tested = {words for texts in held_out for document in texts.load() for words in _eights(document.text)}

    def stands(side: str) -> bool:
        """Whether all runs of eight words of a side stand in the test sets."""
        own = _eights(side)
        return bool(own) and own <= tested

    return [pair for pair in pairs if not (stands(pair.source) or stands(pair.target))]


def _eights(text: str) -> set[tuple[str, ...]]:
    """All runs of eight words."""
    words = text.lower().split()
    return {tuple(words[i : i + 8]) for i in range(len(words) - 7)}


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text as pieces, without special tokens.

    Args:
        ids: (T,)
        words: (T,) the number of the word that a piece belongs to; -1 for a special token, such as the unknown piece.
    """

    ids: np.ndarray
    words: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> Pieces:
        return Pieces(self.ids[part], self.words[part])


def pieces(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> list[Pieces]:
    """The pieces of every text, cut at once."""
    encoded = tokenizer.backend_tokenizer.encode_batch(list(texts), add_special_tokens=False)
    made = []
    for encoding in encoded:
        ids = np.array(encoding.ids, np.int32)
        words = np.array([-1 if word is None else word for word in encoding.word_ids], np.int32)
        made.append(Pieces(ids, np.where(np.isin(ids, tokenizer.all_special_ids), -1, words)))
    return made


def shifted(words: np.ndarray, by: int) -> np.ndarray:
    """Word numbers, (T,), continued from others; special tokens stay -1."""
    return np.where(words < 0, -1, words + by)


def pack(texts: Sequence[Pieces], *, size: int, separator: int) -> Iterator[Pieces]:
    """Texts joined with a separator in between and cut into full blocks of ``size``; the rest comes last. A separator
    has word number -1."""
    ids = np.concatenate([np.append(text.ids, separator) for text in texts] or [np.zeros(0, np.int32)])[:-1]
    shifts = np.cumsum([0, *(text.words.max(initial=-1) + 1 for text in texts)])
    numbered = [np.append(shifted(text.words, shift), -1) for text, shift in zip(texts, shifts, strict=False)]
    words = np.concatenate(numbered or [np.zeros(0, np.int32)])[:-1]
    whole = Pieces(ids.astype(np.int32), words.astype(np.int32))
    return (whole[start : start + size] for start in range(0, len(whole), size))
