"""What a person did to the mentions that a round was given out with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chemxl.documents import Document, Mention


@dataclass(frozen=True)
class Change:
    """What a person changed in one mention. An added mention has no ``before``, a removed one no ``after``."""

    document: str
    kind: Literal["added", "removed", "retyped", "moved"]
    before: Mention | None
    after: Mention | None

    def in_words(self, text: str) -> str:
        """The change in words, quoting the document's text."""
        of = [f"{m.type} {m.start}-{m.end} {text[m.start : m.end][:40]!r}" for m in (self.before, self.after) if m]
        return f"{self.document}: {self.kind} {' → '.join(of)}"


def compared(before: Document, after: Document) -> list[Change]:
    """What became of each mention, whatever its id: the same span with another type is retyped, an overlapping one of
    the same type moved; what is left was removed or added."""
    old, new = list(before.mentions), list(after.mentions)
    for mention in list(old):
        same = next((m for m in new if (m.type, m.fragments) == (mention.type, mention.fragments)), None)
        if same is not None:
            old.remove(mention)
            new.remove(same)
    changes = _paired(after.id, "retyped", old, new, lambda a, b: int(a.fragments == b.fragments))
    changes += _paired(after.id, "moved", old, new, lambda a, b: _overlap(a, b) if a.type == b.type else 0)
    changes += [Change(after.id, "removed", mention, None) for mention in old]
    return changes + [Change(after.id, "added", None, mention) for mention in new]


def _paired(
    document: str,
    kind: Literal["retyped", "moved"],
    old: list[Mention],
    new: list[Mention],
    likeness: Callable[[Mention, Mention], int],
) -> list[Change]:
    """Pairs of the most alike mentions, the first of equal ones; both are taken out of their lists."""
    pairs = [(-likeness(a, b), i, j) for i, a in enumerate(old) for j, b in enumerate(new) if likeness(a, b)]
    first: dict[int, int] = {}
    for _, i, j in sorted(pairs):
        if i not in first and j not in first.values():
            first[i] = j
    changes = [Change(document, kind, old[i], new[j]) for i, j in first.items()]
    old[:] = [m for i, m in enumerate(old) if i not in first]
    new[:] = [m for j, m in enumerate(new) if j not in first.values()]
    return changes


def _overlap(a: Mention, b: Mention) -> int:
    """The number of characters that two mentions share."""
    return max(0, min(a.end, b.end) - max(a.start, b.start))
