"""A document in the making: each record is checked against the text before it is taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.counting import Counted, Widths, ways
from chemxl.corpora.faults import Log, read_text
from chemxl.documents import Document, Mention, Relation, Span
from chemxl.errors import ChemxlError

# Where Python's readers end a line, and brat's with them.
BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
COUNTED = 2**20  # characters of a document in which other ways to count are looked for
_SCORE = re.compile(r"0(?:\.[0-9]{1,30})?|1(?:\.0{1,30})?|[0-9](?:\.[0-9]{1,30})?[eE]-[0-9]{1,2}")
_ROLE = re.compile(r"(head|subj(?:ect)?|source|from)|(tail|obj(?:ect)?|target|to)|\D*([0-9])", re.I)
_BREAK = re.compile(f"[{BREAKS}]")


def visible(text: str) -> str:
    """Text as a one-line format shows it: line breaks as spaces."""
    return _BREAK.sub(" ", text)


def mention(text: str, type: str, fragments: tuple[Span, ...], surface: str, id: str) -> Mention:
    """A mention that is known to be what the file says that it is.

    Fragments may be recorded in any order (NEREL-BIO has 22 whose offsets were sorted as strings): they are compared
    with the surface in that order, and a mention has them ascending.

    Raises:
        ChemxlError: the offsets are not in the text, or the text there is not the recorded surface.
    """
    if not type:
        raise ChemxlError(f"{id} has no type")
    made = Mention(type, tuple(sorted(fragments)), id=id)
    if made.end > len(text):
        raise ChemxlError(f"{id} ends at {made.end}, the text at {len(text)}")
    length = sum([end - start + 1 for start, end in fragments]) - 1
    # What is much longer than its record is not even cut out of the text.
    found = " ".join([text[start : min(end, start + 2 * len(surface) + 60)] for start, end in fragments])
    if len(found) < length or (found != surface and not same(found, surface)):
        where = ",".join(f"{start}-{end}" for start, end in fragments)
        raise ChemxlError(f"{id} is recorded as {_clip(surface)}, but the text at {where} is {_clip(found)}")
    return made


def same(found: str, surface: str) -> bool:
    """Whether a one-line format may show a text so; of a line break of two characters some show one space."""
    return visible(surface) in (visible(found), visible(found.replace("\r\n", "\n")))


def right(text: str, spans: Sequence[Span], surface: str) -> bool:
    """Whether what stands at the spans is what a file says; what is much longer is not even cut out of the text."""
    length = sum([end - start + 1 for start, end in spans]) - 1
    return length <= 2 * len(surface) and same(" ".join([text[a:b] for a, b in spans]), surface)


def _clip(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def place(role: str) -> int:
    """Which end of a relation a role is by its name: the larger, the later; 0 where that cannot be told."""
    told = _ROLE.fullmatch(role)
    return 0 if told is None else int(told[3]) + 1 if told[3] else 1 if told[1] else 2


def in_order(ends: Sequence[tuple[str, str]]) -> list[str]:
    """The ends of a relation, each with its role: by their roles where all tell, else as they stand."""
    told = all(place(role) for role, _ in ends)
    return [end for _, end in (sorted(ends, key=lambda one: place(one[0])) if told else ends)]


class Draft:
    """A document in the making: takes records that hold together and logs those that do not.

    Args:
        source: the id of the document that this is a part of.
    """

    def __init__(self, id: str, text: str, log: Log, *, source: str = "") -> None:
        self.id, self.text, self.log, self.source = id, text, log, source
        self.mentions: dict[str, Mention] = {}
        self.relations: dict[str, Relation] = {}
        self._counted, self._last = Counted("", None), 0

    def count(self, recorded: Sequence[tuple[Sequence[Span], str]], *others: Widths) -> int:
        """Find how the file counts: as most of its mentions, spans and what they are said to be, are right.

        By characters where by no other way more are, and more than half of all; see
        :func:`~chemxl.corpora.counting.ways`, or an end may be the place of the last character.

        Args:
            others: further ways.

        Returns:
            How many are right.
        """
        self._counted, self._last = Counted("", None), 0
        most = -1
        likely = ways(self.text) if len(self.text) <= COUNTED else [None]
        for widths, last in [*((one, 0) for one in (*likely, *others)), (None, 1)]:
            before = self._counted, self._last
            self._counted, self._last = Counted(self.text, widths), last
            found = sum([right(self.text, self.placed(spans), surface) for spans, surface in recorded])
            if found <= most or 2 * found <= len(recorded):
                self._counted, self._last = before
            most = max(most, found)
            if most == len(recorded):
                break
        return most

    def placed(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Where spans are in the text, by characters, that the file counts in its own way."""
        place = self._counted.place
        return tuple([(place(start), place(end + self._last - 1) + 1) for start, end in spans])

    def mention(self, path: Path, line: int, type: str, fragments: tuple[Span, ...], surface: str, id: str) -> bool:
        """Take a mention; False, and a fault, where it is wrong or its id stands already.

        The byte order mark that a text may begin with is counted by some programs and not by others.
        """
        try:
            if id in self.mentions:
                raise ChemxlError(f"the id {id} stands twice")
            placed = self.placed(fragments)
            try:
                self.mentions[id] = mention(self.text, type, placed, surface, id)
            except ChemxlError:
                if not self.text.startswith("\ufeff"):
                    raise
                behind = tuple([(start + 1, end + 1) for start, end in placed])
                self.mentions[id] = mention(self.text, type, behind, surface, id)
        except ChemxlError as error:
            self.log.add(path, line, f"{error}; mention left out")
            return False
        return True

    def relation(self, path: Path, line: int, type: str, head: str, tail: str, id: str, score: str = "") -> None:
        """Take a relation, or log a fault where its id stands already or an end is no mention.

        Args:
            score: how sure a program is of it; what is no number from 0 to 1 is none.
        """
        missing = [end for end in (head, tail) if end not in self.mentions]
        if id in self.relations:
            self.log.add(path, line, f"the id {id} stands twice; relation left out")
        elif missing:
            self.log.add(path, line, f"{id} names {' and '.join(missing)}, which is no mention; relation left out")
        else:
            sure = float(score) if _SCORE.fullmatch(score.strip()) else None
            self.relations[id] = Relation(type, head, tail, id=id, score=sure)

    def document(self) -> Document:
        """What was taken."""
        mentions, relations = tuple(self.mentions.values()), tuple(self.relations.values())
        return Document(self.id, self.text, mentions, relations, source=self.source)


class Concepts:
    """The first mention of each concept, where relations name their ends by the concept.

    A mention may have several ids, apart by ``|``, ``,`` or ``;`` (BC5CDR's composite mentions, BioRED). What tmVar
    writes for a variant, such as ``p|SUB|V|600|E``, is one id; a type before an id (``Gene|673``) is none.
    """

    _TYPE = re.compile(r"[A-Za-z]{2}[A-Za-z_ ]*\|")
    _VARIANT = re.compile(r"[A-Za-z]?\|[A-Za-z]+\|")

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def add(self, written: str, mention: str) -> None:
        """Take the ids of a mention."""
        for id in self._ids(written):
            self._first.setdefault(id, mention)

    def find(self, written: str) -> str:
        """The mention that a relation means; what is written where there is none."""
        return next((self._first[id] for id in self._ids(written) if id in self._first), written)

    def _ids(self, written: str) -> list[str]:
        """The whole, and its parts."""
        whole = self._TYPE.sub("", written.strip(), count=1)
        ids = [written.strip(), whole]
        for part in re.split("[,;]", whole):
            ids += [part] if self._VARIANT.match(part) else [part, *part.split("|")]
        return [id.strip(" *") for id in ids if id.strip(" *")]


def begun(paths: Sequence[Path], log: Log) -> dict[str, Draft]:
    """A draft of every ``<id>.txt`` among some files, by id, for tables beside them to fill.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    drafts: dict[str, Draft] = {}
    for path in sorted(path for path in paths if path.suffix == ".txt"):
        text = read_text(path, log)
        if text is None:
            continue
        if path.stem in drafts:
            log.add(path, 1, f"the document id {path.stem} stands twice; document left out")
        else:
            drafts[path.stem] = Draft(path.stem, text, log)
    return drafts
