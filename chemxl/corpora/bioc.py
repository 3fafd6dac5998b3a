"""BioC: documents of passages with offsets, annotations of one or more locations, and relations, as XML or JSON.

https://bioc.sourceforge.net/
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from chemxl.corpora import biocjson
from chemxl.corpora.biocjson import line_of
from chemxl.corpora.counting import Counted, Widths, ways
from chemxl.corpora.draft import COUNTED, Concepts, Draft, in_order, place, right
from chemxl.corpora.faults import Log
from chemxl.corpora.markup import elements
from chemxl.corpora.markup import text as text_of
from chemxl.corpora.paths import JSON
from chemxl.documents import Document, Span
from chemxl.files import ending

_NUMBER = re.compile(r"[0-9]{1,9}")
# Passages are apart by as many spaces as their offsets say; by one where that is more than _GAP, as where others were
# taken out; and beyond _FAR an offset is wrong.
_GAP, _FAR = 1000, 10_000_000
# Infons that are neither a type nor a concept, and those that are a concept's id.
_NOTES = re.compile(
    r"annotator|updat|confiden|probab|novel|lemma|(?:^|[\W_])(?:date|time|note|comment|score|file|valid|version)", re.I
)
_CONCEPT = re.compile(
    r"mesh|omim|umls|cui|ncbi|chebi|uniprot|entrez|identifier|concept|database|accession|normali|"
    r"(?:^|[\W_]|gene|taxon)ids?$",
    re.I,
)
_TYPE = re.compile(r"type|class|categ|label|entity|semantic", re.I)

Names = dict[str, list[tuple[Any, str]]]  # an annotation's id: for each of them, what it stands in and its mention


@dataclass(frozen=True, slots=True)
class _Block:
    """A passage, or a sentence, with its text."""

    element: Any
    offset: str
    text: str


@dataclass(frozen=True, slots=True)
class _Laid:
    """The document's text as one way of counting has it, and where its blocks are.

    Args:
        places: of the blocks, by their elements.
        offsets, starts: of each block, in the file's way of counting and in characters.
        relative: whether annotations count from the beginning of the block that they stand in.
    """

    text: str
    places: dict[Any, int]
    offsets: list[int]
    starts: list[int]
    counted: list[Counted]
    relative: bool

    def span(self, span: Span, within: Any) -> Span:
        """The characters that are meant by an annotation in a block, or in the document."""
        own = self.places.get(within, -1)
        i, j = (own, own) if own >= 0 else [bisect_right(self.offsets, span[end] - end) - 1 for end in (0, 1)]
        return self._place(span[0], i), self._place(span[1], j)

    def _place(self, offset: int, i: int) -> int:
        if i < 0 or (not self.relative and offset < self.offsets[i]):
            return offset
        return self.starts[i] + self.counted[i].place(offset - (0 if self.relative else self.offsets[i]))


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None) -> list[Document]:
    """Documents of BioC files, of version 1 or 2, or in JSON by their names.

    The text is every passage, or its sentences where it has no text of its own, at its offset; where these have none
    either, the words that are annotated, if nothing else can have stood between them. Offsets may count characters,
    the text as XML escapes it (``&apos;`` as six), units of UTF-16 or bytes: the way by which most mentions are what
    they are said to be.

    Mentions are numbered T1, T2, … in the file's order. Their type is the infon ``type``, or else the one that is
    named like it, or the only one that is no id and no note.

    A relation names its ends by annotation (``node``), or by concept (BC5CDR; ``role1`` and ``role2`` in PubTator 3;
    ``entity1`` and ``entity2`` in BioRED): then it stands between the first mention of each. One of more than two
    annotations is read as several, of the first with each of the others.
    """
    documents: dict[str, Document] = {}
    for path in paths:
        found = biocjson.elements(path, log) if ending(path) in JSON else elements(path, log, "document")
        for line, element in found:
            id = _given(element, "id")
            if not id:
                log.add(path, line, "a document without an id; document left out")
            elif id in documents:
                log.add(path, line, f"the document id {id} stands twice; document left out")
            else:
                documents[id] = _document(path, id, element, log)
    return list(documents.values())


def _given(element: Any, name: str) -> str:
    """What version 1 has as an element and version 2 as an attribute."""
    return (element.get(name) or element.findtext(name) or "").strip()


def _document(path: Path, id: str, element: Any, log: Log) -> Document:
    blocks = [block for passage in element.iter("passage") for block in _blocks(path, id, passage, log)]
    annotations = [_Annotation(found) for found in element.iter("annotation")]
    laid = _chosen(path, id, blocks, [one for one in annotations if one.spans], log)
    draft = Draft(id, laid.text, log)
    names: Names = {}
    concepts = Concepts()
    for annotation in annotations:
        annotation.take(path, draft, laid, names, concepts)
    for count, relation in enumerate(element.iter("relation"), 1):
        _relate(path, relation, count, draft, names, concepts)
    return draft.document()


def _blocks(path: Path, id: str, passage: Any, log: Log) -> list[_Block]:
    text, sentences = text_of(passage.find("text")), passage.findall("sentence")
    if not text:
        return [_block(path, id, found, log) for found in sentences or [passage]]
    for sentence in sentences:
        if text_of(sentence.find("text")).strip() not in text:
            log.add(path, line_of(sentence), f"{id}: the sentence is no part of its passage; its text is not read")
    return [_block(path, id, passage, log)]


def _block(path: Path, id: str, element: Any, log: Log) -> _Block:
    text, offset = text_of(element.find("text")), _given(element, "offset")
    if not text and _NUMBER.fullmatch(offset):
        text, whole = _rebuilt(element, int(offset))
        if not whole:
            said = f"{id}: <{element.tag}> has no text; what its annotations hold stands in its place"
            log.add(path, line_of(element), said)
    return _Block(element, offset, text)


def _rebuilt(element: Any, offset: int) -> tuple[str, bool]:
    """The text that the annotations of a passage without one hold, and whether it is all there: a space between two."""
    text, whole = "", True
    words = [(one.spans[0], one.text) for one in map(_Annotation, element.findall("annotation")) if len(one.spans) == 1]
    for (start, end), word in sorted(words):
        gap = start - offset - len(text)
        if 0 <= gap <= _GAP and end - start == len(word):
            whole = whole and gap <= 1
            text += " " * gap + word
    return text, whole


def _chosen(path: Path, id: str, blocks: list[_Block], annotations: Sequence[_Annotation], log: Log) -> _Laid:
    """The text by the way of counting by which most annotations are right, by characters where none is better."""
    joined = "".join([block.text for block in blocks])
    best: tuple[int, Widths | None, bool] = -1, None, False
    for widths, relative in product(ways(joined if len(joined) <= COUNTED else ""), (False, True)):
        laid = _laid(path, id, blocks, widths, relative, Log())
        found = sum([right(laid.text, one.fragments(laid), one.text) for one in annotations])
        best = max(best, (found, widths, relative), key=lambda way: way[0])
        if found == len(annotations):
            break
    return _laid(path, id, blocks, best[1], best[2], log)


def _laid(path: Path, id: str, blocks: list[_Block], widths: Widths | None, relative: bool, log: Log) -> _Laid:
    laid, pieces, length, reached, plainly = _Laid("", {}, [], [], [], relative), [], 0, 0, 0
    for block in blocks:
        offset = int(block.offset) if _NUMBER.fullmatch(block.offset) else -1
        # A file may count its passages in characters and its annotations otherwise.
        gap = offset - reached if offset >= reached else offset - plainly
        if not 0 <= gap <= _FAR:
            said = f"the offset {block.offset[:40]!r} does not follow a text of {reached} characters"
            log.add(path, line_of(block.element), f"{id}: {said}; <{block.element.tag}> left out")
            continue
        counted = Counted(block.text, widths)
        space = gap if gap <= _GAP else min(length, 1)
        laid.places[block.element] = len(laid.offsets)
        laid.offsets.append(offset)
        laid.starts.append(length + space)
        laid.counted.append(counted)
        pieces += [" " * space, block.text]
        length += space + len(block.text)
        reached, plainly = offset + counted.length, offset + len(block.text)
    return replace(laid, text="".join(pieces))


class _Annotation:
    """An annotation as the file has it; ``spans`` is empty where a location is missing or wrong."""

    def __init__(self, element: Any) -> None:
        self.line, self.parent, self.name = line_of(element), element.getparent(), element.get("id", "")
        self.infons, self.text = _infons(element), text_of(element.find("text"))
        spans = [_span(location) for location in element.findall("location")]
        self.spans = [] if None in spans else [span for span in spans if span]

    def fragments(self, laid: _Laid) -> tuple[Span, ...]:
        """Where it stands in the text."""
        return tuple([laid.span(span, self.parent) for span in self.spans])

    def take(self, path: Path, draft: Draft, laid: _Laid, names: Names, concepts: Concepts) -> None:
        """Take the mention, and note by which names relations may mean it."""
        if not self.spans:
            said = f"annotation {self.name!r} without a location, or with a wrong one; mention left out"
            draft.log.add(path, self.line, said)
            return
        if any(parent is self.parent for parent, _ in names.get(self.name, [])):
            draft.log.add(path, self.line, f"the annotation id {self.name!r} stands twice; mention left out")
            return
        id = f"T{len(draft.mentions) + 1}"
        key = _type(self.infons)
        if not draft.mention(path, self.line, self.infons.get(key, ""), self.fragments(laid), self.text, id):
            return
        if self.name:
            names.setdefault(self.name, []).append((self.parent, id))
        for other, value in self.infons.items():
            if other != key and not _NOTES.search(other):
                concepts.add(value, id)


def _type(infons: dict[str, str]) -> str:
    """The key of the infon that is the type; empty where there is none."""
    held = [key for key, value in infons.items() if value.strip() and not _NOTES.search(key)]
    exact = [key for key in held if key.lower() == "type"]
    named = [key for key in held if _TYPE.search(key) and not _CONCEPT.search(key)]
    others = [key for key in held if not _CONCEPT.search(key)]
    return next(iter([*exact, *named, *(others if len(others) == 1 else [])]), "")


def _relate(path: Path, element: Any, count: int, draft: Draft, names: Names, concepts: Concepts) -> None:
    infons = _infons(element)
    key = next((key for key in ("relation type", "type", "relation") if infons.get(key)), "")
    key = key or next((key for key in infons if re.search("relation|type", key, re.I) and not place(key)), "")
    type = infons.pop(key, "")
    nodes = in_order([(node.get("role", ""), node.get("refid", "")) for node in element.findall("node")])
    ends = [_meant(refid, element.getparent(), names) for refid in nodes]
    if len(ends) < 2:
        written = {key: value for key, value in infons.items() if not _NOTES.search(key)}
        roles = {key: value for key, value in written.items() if place(key)}
        found = [concepts.find(value) for value in in_order([*(roles if len(roles) > 1 else written).items()])]
        if len(found) > 2:
            found = [end for end in found if end in draft.mentions]
        ends = found if found else ends
    if len(ends) < 2 or not type:
        draft.log.add(path, line_of(element), f"{type or 'a relation'} with {len(ends)} ends; relation left out")
        return
    for number, tail in enumerate(ends[1:], 1):
        id = f"R{count}" if number == 1 else f"R{count}-{number}"
        draft.relation(path, line_of(element), type, ends[0], tail, id, infons.get("score", ""))


def _meant(name: str, scope: Any, names: Names) -> str:
    """The mention of this name, the nearest one where passages count theirs anew; the name where none can be told."""
    found = names.get(name, [])
    around = [scope, scope.getparent()] if scope is not None else []
    near = [[id for parent, id in found if parent is one] for one in around]
    within = [id for parent, id in found if any(parent.getparent() is one for one in around[:1])]
    for ids in (*near[:1], within, *near[1:], [id for _, id in found]):
        if ids:
            return ids[0] if len(ids) == 1 else f"{name} (of which there are {len(ids)})"
    return name


def _span(location: Any) -> Span | None:
    offset, length = _given(location, "offset"), _given(location, "length")
    if not (_NUMBER.fullmatch(offset) and _NUMBER.fullmatch(length)):
        return None
    return int(offset), int(offset) + int(length)


def _infons(element: Any) -> dict[str, str]:
    return {infon.get("key", ""): text_of(infon).strip() for infon in element.findall("infon")}
