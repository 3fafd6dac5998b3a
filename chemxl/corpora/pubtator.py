"""PubTator: a title line, an abstract line, and tab-separated annotation lines, blocks apart by an empty line.

https://www.ncbi.nlm.nih.gov/research/pubtator3/tutorial
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chemxl.corpora.draft import Concepts, Draft
from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document

_TEXT = re.compile(r"([^|\t]+)\|([^|\t]{1,40})\|(.*)", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class _Block:
    """Lines that belong together: of one text, or of none that is known (then ``id`` is empty)."""

    id: str
    texts: list[tuple[int, str, str]] = field(default_factory=list)  # line, what it is (t, a, …), text
    rest: list[tuple[int, str]] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Its first line."""
        return self.texts[0][0] if self.texts else self.rest[0][0]


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of PubTator files.

    The text is title, one space, abstract: the offsets count so; further lines of text (``id|paragraph|…``) follow
    after a space each. Mentions are numbered T1, T2, … in the file's order. A relation of the format (BC5CDR's CID)
    stands between two concepts; here it stands between the first mention of each, so that there is one relation a
    line. Its fifth column (in BioRED, whether it is new) is not read.

    Full text repeats its id for every paragraph: each is a document, the further ones named ``<id>-2``, ``<id>-3``, …,
    and its offsets count from the paragraph's beginning, or else from the first one's.

    Args:
        paths: the files.
        log: takes the faults; wrong records are left out.
        root: not used; a PubTator file names its documents.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    documents: dict[str, Document] = {}
    parts: dict[str, list[str]] = {}  # the texts under one id
    for path in paths:
        blocks = list(_blocks(path, log))
        count = Counter(block.id for block in blocks)
        for block in blocks:
            text = _text(path, block, log, alone=count[block.id] == 1)
            if text is None:
                continue
            before = parts.setdefault(block.id, [])
            name = f"{block.id}-{len(before) + 1}" if before else block.id
            if text in before or name in documents:
                log.add(path, block.first, f"the document id {name} stands twice; document left out")
                continue
            draft = Draft(name, text, log)
            _annotate(path, block, draft, sum(len(part) + 1 for part in before))
            documents[name] = draft.document()
            before.append(text)
    return list(documents.values())


def _blocks(path: Path, log: Log) -> Iterator[_Block]:
    """A text begins a block, and so do lines behind an empty one that are about another text than those before it."""
    block, gap = _Block(""), True
    for number, line in read_lines(path, log):
        if not line.strip():
            gap = True
            continue
        text = _TEXT.fullmatch(line)
        if text is not None:
            kinds = [kind for _, kind, _ in block.texts]
            again = text[2] == "t" or (gap and text[2] in kinds)
            if text[1] != block.id or block.rest or again:
                if block.texts or block.rest:
                    yield block
                block = _Block(text[1])
            block.texts.append((number, text[2], text[3]))
        else:
            if gap and line.split("\t")[0] != block.id and (block.texts or block.rest):
                yield block
                block = _Block("")
            block.rest.append((number, line))
        gap = False
    if block.texts or block.rest:
        yield block


def _text(path: Path, block: _Block, log: Log, *, alone: bool) -> str | None:
    """The text of a block; None, and a fault, where it has none.

    Args:
        alone: whether no other block has its id: then it has to be a title and an abstract.
    """
    kinds = [kind for _, kind, _ in block.texts]
    size = len(block.texts) + len(block.rest)
    if not kinds or (alone and kinds[0] == "a"):
        log.add(path, block.first, f"a title line (id|t|text) was due; its block of {size} lines is left out")
        return None
    joined = next((number for number, _, text in block.texts if "\t" in text), 0)
    if joined:
        log.add(path, joined, f"{block.id}: a tab in the text, as where two lines became one; document left out")
        return None
    texts: list[str] = []
    for number, _, text in block.texts:
        if texts[-1:] == [text] and text:
            log.add(path, number, f"{block.id}: the line stands twice; line left out")
        else:
            texts.append(text)
    if kinds == ["t"] and alone:
        number = block.rest[0][0] if block.rest else block.first
        log.add(path, number, f"{block.id}: an abstract line (id|a|text) was due; the title alone is read")
    return " ".join(texts)


def _annotate(path: Path, block: _Block, draft: Draft, before: int) -> None:
    """Take the annotation lines.

    Args:
        before: how many characters stand before the block, if the offsets count from the first block of its id.
    """
    concepts = Concepts()
    relations, mentions = [], []
    for number, line in block.rest:
        fields = line.split("\t")
        if fields[0] != block.id:
            draft.log.add(
                path, number, f"a line of {block.id} was due, this begins with {fields[0][:40]!r}; line left out"
            )
        elif len(fields) in (4, 5) and not _NUMBER.fullmatch(fields[1]):
            relations.append((number, fields))
        elif len(fields) in (5, 6, 7) and _NUMBER.fullmatch(fields[1]) and _NUMBER.fullmatch(fields[2]):
            mentions.append((number, int(fields[1]), int(fields[2]), fields))
        else:
            draft.log.add(path, number, "neither a mention (id, start, end, text, type) nor a relation; line left out")

    def right(shift: int) -> int:
        return sum(
            draft.text[start - shift : end - shift] == fields[3] for _, start, end, fields in mentions if start >= shift
        )

    shift = before if before and right(before) > right(0) else 0
    for number, start, end, fields in mentions:
        id = f"T{len(draft.mentions) + 1}"
        if draft.mention(path, number, fields[4], ((start - shift, end - shift),), fields[3], id) and len(fields) > 5:
            concepts.add(fields[5], id)
    for count, (number, fields) in enumerate(relations, 1):
        draft.relation(path, number, fields[1], concepts.find(fields[2]), concepts.find(fields[3]), f"R{count}")
