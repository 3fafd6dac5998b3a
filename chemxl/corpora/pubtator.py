"""PubTator: a title line, an abstract line, and tab-separated annotation lines, blocks apart by an empty line.

https://www.ncbi.nlm.nih.gov/research/pubtator3/tutorial
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from chemxl.corpora.counting import Widths
from chemxl.corpora.draft import Concepts, Draft
from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Document

_TEXT = re.compile(r"([^|\t]+)\|([A-Za-z][^|\t]{0,39})\|(.*)", re.DOTALL)
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
    line. A fifth column is its score; where it is no number (in BioRED it says whether the relation is new), it is not
    read.

    Full text repeats its id for every paragraph: each is a document, the further ones named ``<id>-2``, ``<id>-3``, …,
    and ``source`` is the id. Offsets count from the paragraph's beginning, or else from the first one's; they may count
    otherwise than by characters, see :meth:`~chemxl.corpora.draft.Draft.count`.
    """
    documents: dict[str, Document] = {}
    parts: dict[str, list[str]] = {}  # the texts under one id
    for path in paths:
        blocks = list(_blocks(path, log))
        count = Counter(block.id for block in blocks)
        widest = max([line.count("\t") + 1 for block in blocks for _, line in block.rest], default=0)
        for block in blocks:
            text = _text(path, block, log, alone=count[block.id] == 1)
            if text is None:
                continue
            before = parts.setdefault(block.id, [])
            if text in before:
                log.add(path, block.first, f"the document id {block.id} stands twice; document left out")
                continue
            name, number = block.id, 1
            while name in documents:
                number = max(number, len(before)) + 1
                name = f"{block.id}-{number}"
            draft = Draft(name, text, log, source=block.id if count[block.id] > 1 else "")
            _annotate(path, block, draft, widest, sum(len(part) + 1 for part in before))
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
            repeated = not gap and [one[1:] for one in block.texts[-1:]] == [text.groups()[1:]]
            again = (text[2] == "t" and not repeated) or (gap and text[2] in kinds)
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
    number, line = block.rest[0] if block.rest else (0, "\t")
    if "\t" not in line and number == block.texts[-1][0] + 1:
        log.add(path, number, f"{block.id}: a text that goes on in the next line; document left out")
        return None
    joined = next((number for number, _, text in block.texts if "\t" in text), 0)
    if joined:
        log.add(path, joined, f"{block.id}: a tab in the text, as where two lines became one; document left out")
        return None
    texts: list[str] = []
    for (_, *before), (number, *this) in pairwise([(0, "", ""), *block.texts]):
        if this == before:
            log.add(path, number, f"{block.id}: the line stands twice; line left out")
        else:
            texts.append(this[1])
    if kinds == ["t"] and alone:
        number = block.rest[0][0] if block.rest else block.first
        log.add(path, number, f"{block.id}: an abstract line (id|a|text) was due; the title alone is read")
    return " ".join(texts)


def _annotate(path: Path, block: _Block, draft: Draft, widest: int, before: int) -> None:
    """Take the annotation lines.

    Args:
        widest: how many columns some line of the file has.
        before: how many characters stand before the block, if the offsets count from the first block of its id.
    """
    taken: list[tuple[int, list[str]]] = []
    seen: set[tuple[str, ...]] = set()
    for number, line in block.rest:
        fields = line.split("\t")
        fault = _fault(block.id, fields, widest)
        if tuple(fields) in seen:
            fault = "the line stands twice"
        if fault:
            draft.log.add(path, number, f"{fault}; line left out")
        else:
            taken.append((number, fields))
            seen.add(tuple(fields))
    mentions = [(number, int(one[1]), int(one[2]), one) for number, one in taken if _NUMBER.fullmatch(one[1])]
    # Some programs count no space between title and abstract.
    glued: Widths = re.compile(rf"(?s)(?<=\A.{{{len(block.texts[0][2])}}}) "), lambda space: 0
    recorded = {
        shift: [(((start - shift, end - shift),), one[3]) for _, start, end, one in mentions if start >= shift]
        for shift in (0, before)
    }
    shift = max(recorded, key=lambda shift: draft.count(recorded[shift], glued))
    draft.count(recorded[shift], glued)
    concepts = Concepts()
    for number, start, end, fields in mentions:
        id = f"T{len(draft.mentions) + 1}"
        if draft.mention(path, number, fields[4], ((start - shift, end - shift),), fields[3], id) and len(fields) > 5:
            concepts.add(fields[5], id)
    related = [(number, fields) for number, fields in taken if not _NUMBER.fullmatch(fields[1])]
    for count, (number, fields) in enumerate(related, 1):
        if fields[4:] and concepts.find(fields[4]) in draft.mentions:
            draft.log.add(path, number, f"{fields[1]} with 3 ends; relation left out")
        else:
            head, tail = (concepts.find(concept) for concept in fields[2:4])
            draft.relation(path, number, fields[1], head, tail, f"R{count}", "".join(fields[4:]))


def _fault(id: str, fields: list[str], widest: int) -> str:
    """What is wrong with an annotation line, if it is.

    Args:
        widest: how many columns some line of the file has.
    """
    if fields[0] != id:
        return f"a line of {id} was due, this begins with {fields[0][:40]!r}"
    if len(fields) in (4, 5) and not _NUMBER.fullmatch(fields[1]):
        return ""
    if len(fields) not in (5, 6, 7) or not (_NUMBER.fullmatch(fields[1]) and _NUMBER.fullmatch(fields[2])):
        return "neither a mention (id, start, end, text, type) nor a relation"
    type, concept = fields[4], fields[5] if len(fields) > 5 else ""
    missing = concept.isalpha() if concept else len(fields) < widest
    if (missing and re.search("[0-9]", type)) or (len(fields) == 7 and type == fields[3]):
        return f"{type[:40]!r} is not a type, as where a column is missing, double or exchanged"
    return ""
