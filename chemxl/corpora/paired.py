"""What the readers of parallel text share: a pair is taken once, whole, or is a fault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chemxl.corpora.faults import Log
from chemxl.documents import Pair

Languages = tuple[str, str]
Places = tuple[int, ...]
Sides = tuple[Places, Places]


@dataclass(frozen=True, slots=True)
class AlignedTexts:
    """Two texts, and which of their sentences a person put together.

    Args:
        source, target: the sentences in their order.
        beads: the places, from 0, of sentences that belong together, in the order of the table; one side is empty where
            a sentence was not translated. A sentence that is in no bead was not judged.
        domain: as in the catalogue.
    """

    id: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    beads: tuple[Sides, ...]
    languages: tuple[str, str]
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A relation between two things that have names in two languages.

    Args:
        source, target: the names of head and tail in the first of ``languages``, and in the second.
        given_by: who says so: of several sources each alone.
        named_by: who gives the second language's name of the head, and of the tail.
        domain: as in the catalogue.
    """

    id: str
    relation: str
    source: tuple[str, str]
    target: tuple[str, str]
    languages: tuple[str, str]
    given_by: tuple[str, ...]
    named_by: tuple[tuple[str, ...], tuple[str, ...]]
    domain: str = ""

    def needs(self, source: str) -> bool:
        """Whether the fact, or one of its names, would not be there without a source."""
        return (source,) in {self.given_by, *self.named_by}


class Pairs:
    """Pairs in the making.

    Args:
        languages: of the source and of the target.
        log: takes the faults.
    """

    def __init__(self, languages: Languages, log: Log) -> None:
        self.languages, self.log = languages, log
        self.taken: dict[str, Pair] = {}

    def add(
        self, path: Path, line: int, id: str, source: str, target: str, score: float | None = None, concept: str = ""
    ) -> None:
        """Take a pair, or log a fault where a side is blank or the id stands already."""
        blank = [language for language, text in zip(self.languages, (source, target), strict=True) if not text.strip()]
        if blank:
            self.log.add(path, line, f"{id} has no text in {' and '.join(blank)}; pair left out")
        elif id in self.taken:
            self.log.add(path, line, f"the id {id} stands twice; pair left out")
        else:
            self.taken[id] = Pair(id, source, target, self.languages, score, concept=concept)

    def list(self) -> list[Pair]:
        """What was taken."""
        return list(self.taken.values())


def language(code: str) -> str:
    """ISO 639-1 of a longer tag: ``ru`` of ``ru_RU`` and ``RU-ru``."""
    return code.lower().replace("_", "-").split("-")[0]
