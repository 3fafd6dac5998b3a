"""What is wrong with a text or a file: said at once, while the others are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chemxl.corpora.faults import Log
from chemxl.errors import CorpusError


class Faults(Log):
    """Says each fault at once and counts them; none is kept.

    Args:
        say: what is done with a message, such as to print it or to raise it.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self.say_it, self.count = say, 0

    def add(self, path: Path, line: int, message: str) -> None:
        """Say that something is wrong in a line of a file."""
        super().add(path, line, message)
        self.say(str(self.faults.pop()))

    def say(self, message: str) -> None:
        """Say that something is wrong that no line is to blame for."""
        self.count += 1
        self.say_it("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))  # names are others', too


def strict() -> Faults:
    """Faults of which the first is raised as an error."""

    def stop(message: str) -> None:
        """Raise a fault."""
        raise CorpusError(message)

    return Faults(stop)
