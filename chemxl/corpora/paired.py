"""What the readers of parallel text share: a pair is taken once, whole, or is a fault."""

from __future__ import annotations

from pathlib import Path

from chemxl.corpora.faults import Log
from chemxl.documents import Pair

Languages = tuple[str, str]


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

    def add(self, path: Path, line: int, id: str, source: str, target: str, score: float | None = None) -> None:
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
        self.taken[name] = Pair(name, source, target, self.languages, score)

    def list(self) -> list[Pair]:
        """What was taken."""
        return list(self.taken.values())


def language(code: str) -> str:
    """ISO 639-1 of a longer tag: ``ru`` of ``ru_RU`` and ``RU-ru``."""
    return code.lower().replace("_", "-").split("-")[0]
