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
        self._seen: dict[str, set[tuple[str, str]]] = {}

    def add(
        self, path: Path, line: int, id: str, source: str, target: str, score: float | None = None, concept: str = ""
    ) -> None:
        """Take a pair, or log a fault where a side is blank or the same pair stands already.

        Ids need not be unique in the formats, and files of one corpus may each count from 1: another pair under an id
        that is taken is named ``<id>-2``, ``<id>-3``, ….
        """
        blank = [language for language, text in zip(self.languages, (source, target), strict=True) if not text.strip()]
        if blank:
            self.log.add(path, line, f"{id} has no text in {' and '.join(blank)}; pair left out")
            return
        seen = self._seen.setdefault(id, set())
        if (source, target) in seen:
            self.log.add(path, line, f"the id {id} stands twice, with the same texts; pair left out")
            return
        seen.add((source, target))
        number = len(seen)
        name = id if number == 1 else f"{id}-{number}"
        while name in self.taken:
            number += 1
            name = f"{id}-{number}"
        self.taken[name] = Pair(name, source, target, self.languages, score, concept=concept)

    def list(self) -> list[Pair]:
        """What was taken."""
        return list(self.taken.values())


def language(code: str) -> str:
    """ISO 639-1 of a longer tag: ``ru`` of ``ru_RU`` and ``RU-ru``."""
    return code.lower().replace("_", "-").split("-")[0]
