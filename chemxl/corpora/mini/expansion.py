"""Thousands of sentences from a hundred passages: the same sentences about other substances, diseases and genes."""

from __future__ import annotations

import random
from functools import cache

from chemxl.corpora.mini.lexicon import Concept
from chemxl.corpora.mini.templates import LANGUAGES, Page, Passage, Slot, passages
from chemxl.documents import Document, Mention
from chemxl.errors import CorpusError


def expand(n: int, seed: int, *, split: str = "train", language: str | None = None) -> list[Document]:
    """Passages of one split with their keyed names exchanged for other names of the same split.

    A name gives way to one of the same group and, in Russian, gender, in the same case and number; all mentions of it
    in a passage to the same one, in both languages. Names of train, dev and test are disjoint. Mentions without a key
    (systematic names, abbreviations, trade names, slang) stay as they are. What is then said need not be true.

    Args:
        n: sentences in each language, at least; passages are never cut.
        seed: the same seed gives the same documents.
        split: train, dev or test.
        language: en or ru; both by default, each English document followed by its Russian twin. It changes nothing
            else: the documents are the same as with both.

    Returns:
        Documents named after the passage and the copy, such as ``abs-001~0003.en``; line by line the twins translate
        each other.

    Raises:
        CorpusError: there is no such split or language.
    """
    if language is not None and language not in LANGUAGES:
        raise CorpusError(f"mini has no language {language!r}; it has {', '.join(LANGUAGES)}")
    given = passages(split)
    rng = random.Random(seed)
    documents: list[Document] = []
    sentences = copy = 0
    while sentences < n:
        copy += 1
        for passage in rng.sample(given, len(given)):
            if sentences >= n:
                break
            sentences += passage.sentences
            chosen = _chosen(passage, rng)
            for page in passage.pages:
                if language in (None, page.language):
                    documents.append(_document(f"{passage.id}~{copy:04d}.{page.language}", passage, page, chosen))
    return documents


def _chosen(passage: Passage, rng: random.Random) -> dict[Concept, Concept]:
    """A stand-in for each concept, two of one passage alike only where the names run out."""
    chosen: dict[Concept, Concept] = {}
    taken: set[Concept] = set()
    for concept, others in passage.choices:
        pick = rng.choice(others)
        if pick in taken:
            pick = rng.choice([other for other in others if other not in taken] or others)
        taken.add(pick)
        chosen[concept] = pick
    return chosen


def _document(id: str, passage: Passage, page: Page, chosen: dict[Concept, Concept]) -> Document:
    parts: list[str] = []
    mentions: list[Mention] = []
    at = 0
    for slot in page.slots:
        surface = slot.surface if slot.concept is None else _filled(slot, chosen[slot.concept], page.language)
        start = at + len(slot.before)
        at = start + len(surface)
        parts += (slot.before, surface)
        mentions.append(Mention(slot.type, ((start, at),), slot.id))
    text = "".join(parts) + page.tail
    return Document(id, text, tuple(mentions), page.relations, page.language, passage.domain)


_filled = cache(Slot.filled)
