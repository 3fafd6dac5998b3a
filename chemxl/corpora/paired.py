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
