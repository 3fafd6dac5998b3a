"""A bilingual lexicon as a value: names in English and in another language, from named sources."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from pydantic import Field

from chemxl import corpora
from chemxl.corpora.matcher import folded
from chemxl.corpora.mini import concepts
from chemxl.documents import Pair
from chemxl.experiments.digests import sha256
from chemxl.experiments.experiment import Value
from chemxl.knowledge.stop import STOP

MINI = "mini"
_LONGEST = 60  # characters of a name; longer ones are titles that no text repeats


class Lexicon(Value):
    """Names in English and one other language.

    A share of the English names is held out with all their translations: no text shows them beside each other, and
    they are what :class:`chemxl.knowledge.retrieval.Retrieval` asks for.

    Args:
        language: the other one.
        sources: names of the catalogue, or ``mini``.
        held_out: share of the English names.
        wrong: each name gets another's translation, of the same source type (drugs, diseases, …): a control.
    """

    language: str
    sources: tuple[str, ...]
    held_out: float = Field(default=0.1, ge=0, lt=1)
    wrong: bool = False

    def pairs(self) -> list[Pair]:
        """All pairs of names that can be found in a text, held-out ones included."""
        return _pairs(self.sources, self.language, self.data_digest())

    def taught(self) -> list[Pair]:
        """The pairs of names that may replace each other."""
        hidden = [pair for pair in self.pairs() if self.hides(pair.source)]
        targets = {folded(pair.target) for pair in hidden}
        found = [p for p in self.pairs() if not self.hides(p.source) and folded(p.target) not in targets]
        return _permuted(found) if self.wrong else found

    def hides(self, name: str) -> bool:
        """Whether an English name is held out, which is the same in the lexicons of all languages."""
        return int(sha256(f"held out? {folded(name)}")[:8], 16) < self.held_out * 2**32

    def tested(self, *, most: int, taught: bool = False) -> list[Pair]:
        """Pairs to test on, held-out or taught ones, each name in one pair alone; always the same pairs, with their
        right translations."""
        found = [pair for pair in self.pairs() if self.hides(pair.source) != taught]
        made, seen = [], set[str]()
        for pair in sorted(found, key=lambda pair: sha256(pair.source + pair.target)):
            sides = {folded(pair.source), folded(pair.target)}
            if len(sides) == 2 and not sides & seen:
                made.append(pair)
                seen |= sides
        return made[:most]

    def data_digest(self) -> str:
        """A digest of the files and of how they are read."""
        return "".join(_digest(source, self.language) for source in self.sources)


def _digest(source: str, language: str) -> str:
    """The digest of one source."""
    if source == MINI:
        return corpora.read_digest(MINI, split="train", expanded=True)
    return corpora.read_digest(source, language=f"en-{language}")


@lru_cache(maxsize=8)
def _pairs(sources: Sequence[str], language: str, digest: str) -> list[Pair]:
    """The pairs of several sources, each once; a cell with several names, separated by a Chinese semicolon, gives
    several pairs."""
    made: dict[tuple[str, str], Pair] = {}
    for source in sources:
        for pair in _mini() if source == MINI else corpora.pairs(source, language=f"en-{language}", faults=[]):
            for target in pair.target.split("；"):
                names = (plain(pair.source), plain(target))
                key = (folded(names[0]), folded(names[1]))
                if key[0] != key[1] and all(map(_usable, names)):
                    one = Pair(pair.id, *names, pair.languages, domain=pair.domain, concept=pair.concept)
                    made.setdefault(key, one)
    return list(made.values())


def _mini() -> list[Pair]:
    """The names in the passages of the mini corpus."""
    documents = corpora.load(MINI, split="train", language="en")
    held = {folded(document.surface(mention)) for document in documents for mention in document.mentions}
    return [
        Pair(f"mini-{kind}-{key}", one.english[0], one.russian[0][0], domain=kind, concept=key)
        for (kind, key), one in concepts().items()
        if folded(one.english[0]) in held
    ]


def plain(name: str) -> str:
    """A name as it stands inside a sentence, without the capital that begins a title."""
    name = name.strip()
    return name[0].lower() + name[1:] if name[1:2].islower() and name[1:] == name[1:].lower() else name


def _usable(name: str) -> bool:
    """Whether a name is long enough to mean something, short enough to be found, and no word of the general
    language."""
    least = 2 if any("\u3400" <= sign <= "\u9fff" for sign in name) else 3
    return least <= len(name) <= _LONGEST and folded(name) not in STOP and any(map(str.isalpha, name))


def _permuted(pairs: Sequence[Pair]) -> list[Pair]:
    """Every name with the translation of another name of its type, so that no pair is right."""
    right = {(pair.source, pair.target) for pair in pairs}
    made: list[Pair] = []
    for domain in sorted({pair.domain for pair in pairs}):
        own = [pair for pair in pairs if pair.domain == domain]
        targets = sorted({pair.target for pair in own})
        order = np.random.default_rng(0).permutation(len(targets)).tolist()
        another = {targets[i]: targets[j] for i, j in zip(order, [*order[1:], *order[:1]], strict=True)}
        changed = [Pair(p.id, p.source, another[p.target], p.languages, domain=domain, concept=p.concept) for p in own]
        made += [pair for pair in changed if (pair.source, pair.target) not in right]
    return made
