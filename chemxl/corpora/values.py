"""What readers of two languages give, if it is no pairs: facts, and texts whose sentences a person aligned."""

from __future__ import annotations

from dataclasses import dataclass

Places = tuple[int, ...]
Sides = tuple[Places, Places]


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
