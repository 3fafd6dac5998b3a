"""Facts: what a knowledge base says of two names in a text is written behind it in another language, with the relation
hidden (paper 3, section 3.1.3).

Equation 2: ``L_f = - sum_i log P(f_i | X)`` over the hidden words ``f_i`` of relations. The paper assumes that a
text that names both ends of a fact holds the fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import numpy as np

from chemxl import corpora
from chemxl.corpora.matcher import Matcher, folded
from chemxl.corpora.mini import concepts
from chemxl.corpora.paired import Fact
from chemxl.corpora.texts import twins
from chemxl.errors import CorpusError
from chemxl.experiments.experiment import Value
from chemxl.knowledge.entities import Marked
from chemxl.knowledge.lexicon import MINI, Lexicon, plain
from chemxl.knowledge.stop import STOP
from chemxl.pretrain.objectives import Builder, Example
from chemxl.pretrain.text import Pieces

Part = Literal["relation", "tail"]

# How each language says a relation between a head and a tail.
RELATIONS: dict[str, dict[str, str]] = {
    "is a": {"en": "is a kind of", "ru": "— разновидность:", "zh": "是一种"},
    "is a member of": {"en": "belongs to", "ru": "относится к группе:", "zh": "属于"},
    "treats": {"en": "treats", "ru": "применяют при:", "zh": "治疗"},
    "may cause": {"en": "may cause", "ru": "может вызывать:", "zh": "可能引起"},
    "has sign": {"en": "has the sign", "ru": "проявляется как:", "zh": "表现为"},
    # Those of the shipped corpus are DrugProt's.
    "INHIBITOR": {"en": "inhibits", "ru": "подавляет:"},
    "SUBSTRATE": {"en": "is a substrate of", "ru": "— субстрат:"},
    "AGONIST": {"en": "is an agonist of", "ru": "— агонист:"},
    "ANTAGONIST": {"en": "is an antagonist of", "ru": "— антагонист:"},
    "PRODUCT-OF": {"en": "is a product of", "ru": "— продукт:"},
    "INDIRECT-DOWNREGULATOR": {"en": "lowers the level of", "ru": "снижает уровень:"},
    "INDIRECT-UPREGULATOR": {"en": "raises the level of", "ru": "повышает уровень:"},
}


class Facts(Value):
    """Facts with names in English and in one other language.

    Args:
        name: a name of the catalogue, or ``mini``.
        without: sources of facts or names, such as ``cui:bionnel``; what would not be there without them goes.
        permuted: each fact says another one's relation: a control.
    """

    language: str
    name: str = "knowledge-facts"
    without: tuple[str, ...] = ()
    permuted: bool = False

    def load(self) -> list[Fact]:
        """The facts whose relation can be put in words."""
        found = [
            fact
            for fact in _facts(self.name, self.language, self.data_digest())
            if self.language in RELATIONS.get(fact.relation, {}) and not any(map(fact.needs, self.without))
        ]
        if not self.permuted:
            return found
        order = np.random.default_rng(0).permutation(len(found)).tolist()
        return [replace(fact, relation=found[i].relation) for fact, i in zip(found, order, strict=True)]

    def data_digest(self) -> str:
        """A digest of the files and of how they are read."""
        if self.name == MINI:
            return corpora.read_digest(MINI, split="train", expanded=True)
        return corpora.read_digest(self.name, language=f"en-{self.language}")


@lru_cache(maxsize=4)
def _facts(name: str, language: str, digest: str) -> list[Fact]:
    """The facts of a source, remembered by the digest of its data."""
    if name == MINI:
        return _mini()
    return corpora.facts(name, language=f"en-{language}", faults=[])


def _mini() -> list[Fact]:
    """The facts that the annotators of the mini corpus found."""
    known = {folded(one.english[0]): (one.english[0], one.russian[0][0]) for one in concepts().values()}
    by = (MINI,)
    made: dict[tuple[str, str], Fact] = {}
    for twin in twins(corpora.load(MINI, split="train")).values():
        document = twin["en"]
        surfaces = {mention.id: folded(document.surface(mention)) for mention in document.mentions}
        for relation in document.relations:
            ends = (surfaces[relation.head], surfaces[relation.tail])
            if set(ends) <= known.keys():
                (head, head_ru), (tail, tail_ru) = known[ends[0]], known[ends[1]]
                named = ((head, tail), (head_ru, tail_ru), ("en", "ru"))
                made.setdefault(ends, Fact(f"mini-{len(made)}", relation.type, *named, by, (by, by)))
    return list(made.values())


class FactFinder:
    """A finder of facts both of whose ends a text names, which says them in another language.

    Args:
        facts: facts with names in English and in other languages.
        language: the language of the texts.
        lexicons: their held-out names are in no fact that is said.
    """

    def __init__(self, facts: Sequence[Fact], language: str, lexicons: Sequence[Lexicon]) -> None:
        hidden = {folded(p.target) for lexicon in lexicons for p in lexicon.pairs() if lexicon.hides(p.source)}
        kept = [
            fact
            for fact in facts
            if language in fact.languages
            and not any(lexicon.hides(name) for lexicon in lexicons for name in fact.source)
            and not any(folded(plain(name)) in hidden for name in fact.target)
        ]
        own = [fact.source if language == "en" else fact.target for fact in kept]
        self.matcher = Matcher(sorted({name for ends in own for name in ends}), lemmas=language == "ru")
        self.facts: dict[tuple[str, str], list[Fact]] = {}
        for fact, ends in zip(kept, own, strict=True):
            self.facts.setdefault((self.matcher.key(ends[0]), self.matcher.key(ends[1])), []).append(fact)
        self.heads = {head for head, _ in self.facts}
        self.language = language

    def find(self, text: str) -> list[Fact]:
        """Facts of which the text names both ends, in the order of their heads."""
        names = list(dict.fromkeys(match.key for match in self.matcher.find(text) if match.key not in STOP))
        pairs = ((a, b) for a in names if a in self.heads for b in names if a != b)
        return [fact for pair in pairs for fact in self.facts.get(pair, ())]

    def verbalised(self, fact: Fact) -> Marked:
        """A fact in the language that the texts are not in; its spans are head, relation and tail."""
        code = next(code for code in fact.languages if code != self.language)
        head, tail = map(plain, fact.target if code == fact.languages[1] else fact.source)
        blank = "" if code == "zh" else " "
        relation = RELATIONS[fact.relation][code]
        first, last = len(head) + len(blank), len(head) + 2 * len(blank) + len(relation)
        spans = ((0, len(head)), (first, first + len(relation)), (last, last + len(tail)))
        return Marked(f"{head}{blank}{relation}{blank}{tail}", spans)


PLACES: dict[Part, int] = {"relation": 1, "tail": 2}


def behind(builder: Builder, text: Pieces, facts: Sequence[tuple[Pieces, np.ndarray]], *, hides: Part) -> Example:
    """A text with facts behind it, as many as have room beside half a block of text, each after a separator. All hidden
    pieces must be guessed, and no others.

    Args:
        facts: pieces and the number of the span of each, as :func:`chemxl.knowledge.entities.marked_pieces` gives them.

    Raises:
        CorpusError: there is none.
    """
    if not facts:
        raise CorpusError("a text with facts behind it needs one: give at least one fact")
    room = builder.block - 2
    chosen: list[tuple[Pieces, np.ndarray]] = []
    for pieces, part in facts:
        if not chosen or room - len(pieces) - 1 >= min(len(text), builder.block // 2):
            chosen.append((pieces, part))
            room -= len(pieces) + 1
    whole = text[: max(0, room)]
    parts, rates, words = [whole.ids], [np.zeros(len(whole), np.float32)], [whole.words]
    last = whole.words.max(initial=-1) + 1
    for pieces, part in chosen:
        parts += [np.array([builder.last], np.int32), pieces.ids]
        rates += [np.zeros(1, np.float32), (part == PLACES[hides]).astype(np.float32)]
        words += [np.array([-1], np.int32), np.where(pieces.words < 0, -1, pieces.words + last)]
        last += pieces.words.max(initial=-1) + 1
    joined = Pieces(np.concatenate(parts), np.concatenate(words))[: builder.block - 2]
    return replace(builder.single(joined), rates=np.pad(np.concatenate(rates)[: len(joined)], 1))


def names_of(facts: Sequence[Fact]) -> Iterator[str]:
    """All names and words that facts can add to a text."""
    yield from sorted({plain(name) for fact in facts for name in (*fact.source, *fact.target)})
    for said in RELATIONS.values():
        yield from said.values()
