"""Names of entities are replaced by their translations, and whole entities are hidden (paper 3, section 3.1.2).

Equation 1: ``L_e = - sum_i log P(e_i | X)`` over the hidden entities ``e_i`` of a text ``X`` in two languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from transformers import PreTrainedTokenizerFast

from chemxl.corpora.matcher import Match, Matcher
from chemxl.documents import Pair, Span
from chemxl.knowledge.stop import STOP
from chemxl.pretrain.objectives import Builder, Example
from chemxl.pretrain.text import Pieces


class Marked(NamedTuple):
    """A text with the entities in it.

    Args:
        spans: the spans of all entities, translated ones included.
        switched: the spans of translated entities.
    """

    text: str
    spans: tuple[Span, ...]
    switched: tuple[Span, ...] = ()


class Names:
    """The names of one language, with their translations into others.

    Args:
        pairs: lexicons of the language and another one, on whichever side it stands.
    """

    def __init__(self, pairs: Iterable[Pair], language: str) -> None:
        named: dict[str, dict[str, None]] = {}
        for pair in pairs:
            for own, other in (0, 1), (1, 0):
                if pair.languages[own] == language:
                    sides = (pair.source, pair.target)
                    named.setdefault(sides[own], {})[sides[other]] = None
        self.matcher = Matcher(list(named), lemmas=language == "ru")
        self.translations: dict[str, list[str]] = {}
        for name, others in named.items():
            known = self.translations.setdefault(self.matcher.key(name), [])
            known += [other for other in others if other not in known]

    def find(self, text: str) -> list[Match]:
        """The names in a text, without words of the general language."""
        return [match for match in self.matcher.find(text) if match.key not in STOP]

    def switch(self, text: str, matches: Sequence[Match], chosen: Iterable[int], rng: np.random.Generator) -> Marked:
        """The text with the chosen names translated, one of several translations drawn at random.

        What is put in is a dictionary form: a Russian name is not inflected.
        """
        wanted = set(chosen)
        parts: list[str] = []
        spans: list[Span] = []
        switched: list[Span] = []
        at = end = 0
        for i, match in enumerate(matches):
            name = text[match.start : match.end]
            if i in wanted:
                others = self.translations[match.key]
                name = others[int(rng.integers(len(others)))] if len(others) > 1 else others[0]
            at += match.start - end
            span = (at, at + len(name))
            parts += (text[end : match.start], name)
            spans.append(span)
            switched += [span] if i in wanted else []
            at, end = span[1], match.end
        return Marked("".join([*parts, text[end:]]), tuple(spans), tuple(switched))


def marked_pieces(tokenizer: PreTrainedTokenizerFast, texts: Sequence[Marked]) -> list[tuple[Pieces, np.ndarray]]:
    """The pieces of every text, and for each piece the number of its entity, (T,); -1 outside of entities.

    Neighbouring pieces of one entity have one word number: they are hidden together.
    """
    special = list(tokenizer.all_special_ids)
    encoded = tokenizer.backend_tokenizer.encode_batch([marked.text for marked in texts], add_special_tokens=False)
    made = []
    for marked, encoding in zip(texts, encoded, strict=True):
        of = np.full(len(marked.text) + 1, -1)  # the entity of every character; the last one is nobody's
        for i, (start, end) in enumerate(marked.spans):
            of[start:end] = i
        ids = np.array(encoding.ids, np.int32)
        ends = np.array([end - 1 if end > start else -1 for start, end in encoding.offsets], np.int64)
        entity = (
            of[ends] if len(ids) else np.zeros(0, np.int64)
        )  # of a piece's last character: its first may be a blank
        words = np.array([-1 if word is None else word for word in encoding.word_ids], np.int32)
        outside = words.max(initial=-1) + 1
        words = np.where(entity >= 0, outside + entity, words).astype(np.int32)
        made.append((Pieces(ids, np.where(np.isin(ids, special), -1, words)), entity))
    return made


def hiding(
    builder: Builder, text: Pieces, entity: np.ndarray, *, rate: float, words: float = 0.0, longest: int = 0
) -> Example:
    """A text in which whole entities are hidden: a share ``rate`` of its pieces, or as many as there are.

    Args:
        entity: (T,) as :func:`marked_pieces` gives it.
        words: share of the rate that is spent on whole words outside of entities: half of it in the paper's appendix.
        longest: pieces of an entity that may be hidden at most; 0: any.
    """
    text, entity = text[: builder.block - 2], entity[: builder.block - 2]
    named, sizes = np.unique(entity[entity >= 0], return_counts=True)
    allowed = named[sizes <= longest] if longest else named
    inside, outside = np.isin(entity, allowed), (entity < 0) & (text.words >= 0)  # (T,)
    due = rate * len(text)
    rates = np.zeros(len(text), np.float32)
    for where, share in (inside, 1 - words), (outside, words):
        rates[where] = min(1.0, share * due / max(1, where.sum()))
    return replace(builder.single(text), rates=np.pad(rates, 1))
