"""A brat document that a person works on: its mentions change, every other byte of its ``.ann`` stays."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from chemxl.corpora import brat, standoff
from chemxl.corpora.draft import Draft
from chemxl.corpora.faults import Fault, Log, read_bytes
from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError, CorpusError
from chemxl.files import replaced

MAX_CHARACTERS = 1_000_000  # of a text that a browser shows with ease
_LOCK = ".annotate.lock"


def entity_types(conf: str) -> list[str]:
    """What an ``annotation.conf`` lets a person annotate: its ``[entities]``, without macros and ``!Abstract`` ones."""
    section, types = "", []
    for line in (line.strip() for line in conf.removeprefix("\ufeff").splitlines()):
        if line.startswith("["):
            section = line.strip("[]").lower()
        elif section == "entities" and line and not line.startswith(("#", "!", "<", "-")):
            types.append(line.split()[0])
    return list(dict.fromkeys(types))


class Sheet:
    """One text with its mentions, opened for editing.

    A line of the ``.ann`` that is no mention, or a mention that the text does not bear out, is not shown and is kept
    byte for byte, as is the line of every mention that nobody touched. :meth:`content` depends on nothing but what was
    read and on the mentions: who undoes all has the file that was there.

    Args:
        text_path: of the ``.txt``; the ``.ann`` beside it need not be there yet.

    Raises:
        CorpusError: a file cannot be read, is too long, or the text is not UTF-8.
    """

    def __init__(self, text_path: Path) -> None:
        self.name, self.text_path, self.ann_path = text_path.stem, text_path, text_path.with_suffix(".ann")
        self.held = self._disk()  # what the files hold, as far as is known here
        if self.held[0] is None:
            raise CorpusError(f"{text_path} is gone")
        try:
            self.text = self.held[0].decode("utf-8")
        except UnicodeDecodeError as error:
            raise CorpusError(f"{text_path} is not UTF-8 at byte {error.start}: mend it, then annotate") from None
        if len(self.text) > MAX_CHARACTERS:
            raise CorpusError(f"{text_path} has {len(self.text)} characters, of at most {MAX_CHARACTERS}: split it")
        self._lines = standoff.parse(self.held[1] or b"")
        log = Log()
        draft = Draft(self.name, self.text, log)
        self._places = brat.mentions(draft, self.ann_path, self._lines)  # of the lines that are shown
        self.faults: Sequence[Fault] = log.faults
        self.mentions = self._saved = tuple(draft.mentions.values())
        self._past: list[tuple[Mention, ...]] = []
        self._future: list[tuple[Mention, ...]] = []
        self._names = set(re.findall(r"T[0-9]+", standoff.serialise(self._lines).decode("utf-8", errors="replace")))
        self._number = max((int(name[1:]) for name in self._names if len(name) < 10), default=0)

    @property
    def document(self) -> Document:
        """The text with the mentions as they are now."""
        return Document(self.name, self.text, self.mentions)

    @property
    def changed(self) -> bool:
        """Whether there is something to save."""
        return self.mentions != self._saved

    @property
    def undoable(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._past)

    @property
    def redoable(self) -> bool:
        """Whether a step was taken back."""
        return bool(self._future)

    def stale(self) -> bool:
        """Whether somebody else has changed a file since it was read or saved."""
        try:
            return self._disk() != self.held
        except CorpusError:
            return True

    def add(self, type: str, start: int, end: int) -> str:
        """Annotate ``text[start:end]``, without white space at its edges; the new mention's id.

        Raises:
            ChemxlError: it is not in the text, is empty, is annotated so already, or brat cannot hold it.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ChemxlError(f"{start} to {end} is not in the text of {len(self.text)} characters")
        surface = self.text[start:end]
        start, end = end - len(surface.lstrip()), start + len(surface.rstrip())
        if start >= end:
            raise ChemxlError("nothing is selected: select some text first")
        mention = Mention.of(type, start, end, id=self._fresh())
        self._distinct(mention)
        record = brat.text_bound(self.text, mention, mention.id)
        if standoff.parse_line(str(record)) != record:
            raise ChemxlError(f"brat cannot hold {str(record)[:60]!r}: a type is one word")
        self._number = int(mention.id[1:])
        self._step((*self.mentions, mention))
        return mention.id

    def retype(self, id: str, type: str) -> None:
        """Give a mention another type.

        Raises:
            ChemxlError: there is none of this id, the same one is there with that type, or it is an event's trigger.
        """
        mention = replace(self._mention(id), type=type)
        if mention not in self.mentions:
            self._distinct(mention)
            self._free(id, lambda record: isinstance(record, standoff.Event) and record.trigger == id)
            self._step(tuple(mention if m.id == id else m for m in self.mentions))

    def remove(self, id: str) -> None:
        """Delete a mention.

        Raises:
            ChemxlError: there is none of this id, or another line of the file is about it.
        """
        self._mention(id)
        self._free(id, lambda record: id in _targets(record))
        self._step(tuple(m for m in self.mentions if m.id != id))

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        self._swap(self._past, self._future)

    def redo(self) -> None:
        """Take the last step again that was taken back, if there is one."""
        self._swap(self._future, self._past)

    def content(self) -> bytes:
        """The ``.ann`` with the mentions as they are now."""
        now = {mention.id: mention for mention in self.mentions}
        lines = []
        for i, line in enumerate(self._lines):
            id = self._places.get(i)
            if id is None:
                lines.append(line)
            elif id in now:
                record = line.record
                if isinstance(record, standoff.TextBound) and record.id == id:  # else it goes on with one's text
                    record = replace(record, type=now[id].type)
                lines.append(replace(line, record=record))
        added = [m for m in self.mentions if m.id not in self._places.values()]
        ending = next((line.ending for line in self._lines if line.ending), "\n")
        if added and lines and not lines[-1].ending:
            lines[-1] = replace(lines[-1], ending=ending)
        lines += [standoff.Line(brat.text_bound(self.text, m, m.id), ending) for m in added]
        return standoff.serialise(lines)

    def save(self) -> bool:
        """Write the ``.ann`` beside and rename it; whether there was something to write.

        Raises:
            ChemxlError: somebody else has changed a file meanwhile, or it cannot be written; nothing was.
        """
        if not self.changed:
            return False
        content = self.content()
        try:
            with FileLock(self.ann_path.with_name(_LOCK), timeout=10):
                if self.stale():
                    raise CorpusError(
                        f"{self.name} was changed by somebody else meanwhile: nothing was written. Read it again, "
                        "which drops your changes to it, or put the other ones aside and save"
                    )
                with replaced(self.ann_path) as beside, beside.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())  # before the old one is gone
        except OSError as error:
            raise CorpusError(f"{self.ann_path} cannot be written ({error}): your changes are still here") from None
        self.held, self._saved = (self.held[0], content), self.mentions
        return True

    def _disk(self) -> tuple[bytes | None, bytes | None]:
        text, ann = (_bytes(path) for path in (self.text_path, self.ann_path))
        return text, ann

    def _fresh(self) -> str:
        """An id that no line has or names."""
        number = self._number + 1
        while f"T{number}" in self._names:
            number += 1
        return f"T{number}"

    def _mention(self, id: str) -> Mention:
        found = next((m for m in self.mentions if m.id == id), None)
        if found is None:
            raise ChemxlError(f"{self.name} has no mention {id}")
        return found

    def _free(self, id: str, bound: Callable[[standoff.Record], bool]) -> None:
        for number, line in enumerate(self._lines, 1):
            if number - 1 not in self._places and bound(line.record):
                raise ChemxlError(f"{id} stays: line {number} of {self.ann_path.name} is about it; delete that in brat")

    def _distinct(self, mention: Mention) -> None:
        for other in self.mentions:
            if (other.type, other.fragments) == (mention.type, mention.fragments):
                raise ChemxlError(f"{other.id} is {other.type} there already")

    def _step(self, mentions: tuple[Mention, ...]) -> None:
        self._past.append(self.mentions)
        self._future.clear()
        self.mentions = mentions

    def _swap(self, source: list[tuple[Mention, ...]], target: list[tuple[Mention, ...]]) -> None:
        if source:
            target.append(self.mentions)
            self.mentions = source.pop()


def _targets(record: standoff.Record) -> set[str]:
    """The ids that a line is about."""
    match record:
        case standoff.Related(arguments=arguments):
            return {target for _, target in arguments}
        case standoff.Event(trigger=trigger, arguments=arguments):
            return {trigger, *(target for _, target in arguments)}
        case standoff.Attribute(target=target) | standoff.Normalisation(target=target) | standoff.Note(target=target):
            return {target}
        case standoff.Equivalence(members=members):
            return set(members)
        case standoff.Raw(text):
            return set(re.split(r"[\s:]+", text))
        case _:
            return set()


def _bytes(path: Path) -> bytes | None:
    """What a file holds; None where there is none."""
    if not os.path.lexists(path):
        return None
    if not path.is_file():
        raise CorpusError(f"{path} is not a file")
    return read_bytes(path, Log(strict=True))
