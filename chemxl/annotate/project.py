"""One round of annotation as a brat project folder: written once, read back with every change and every fault.

The folder holds a text and an ``.ann`` for each document, ``annotation.conf``, ``visual.conf``, and ``round.json`` that
says what was written. It appears whole or not at all, and nothing here ever writes into it again: from then on it
belongs to the person who annotates.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pydantic

from chemxl.annotate.changes import Change, compared
from chemxl.corpora import brat
from chemxl.corpora.draft import Draft
from chemxl.corpora.faults import Fault, Log, read_bytes
from chemxl.corpora.standoff import Note, TextBound
from chemxl.documents import Document
from chemxl.errors import ChemxlError
from chemxl.experiments.digests import sha256
from chemxl.experiments.experiment import write_json

MANIFEST = "round.json"
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_COLOURS = ("#99c7e0", "#efbf99", "#99d8c7", "#ebc9dc", "#f5d999", "#bbe1f6")  # of Okabe and Ito, light


class Given(pydantic.BaseModel):
    """A document as it was given to the annotator.

    Args:
        name: the name of its files without the ending; names follow the order in which a strategy chose.
        text: SHA-256 of the text.
        annotation: the whole ``.ann``.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    name: str = pydantic.Field(pattern=r"^[0-9]{4,9}$")
    id: str
    language: str
    domain: str
    text: str
    annotation: str


class Manifest(pydantic.BaseModel):
    """What a round consists of, and how it was given out.

    Args:
        types: what may be annotated.
        about: how the documents were chosen.
        digests: SHA-256 of every file that was written.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    number: int
    types: tuple[str, ...]
    about: dict[str, str | int | float]
    documents: tuple[Given, ...]
    digests: dict[str, str]

    def digest(self) -> str:
        """SHA-256 of the whole manifest."""
        return sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False))


@dataclass(frozen=True)
class Returned:
    """A round read back.

    Args:
        documents: those without a fault, by the name of their files.
        annotations: the ``.ann`` of each of them, every character.
        faults: why the others are refused.
    """

    manifest: Manifest
    documents: Mapping[str, Document]
    annotations: Mapping[str, str]
    changes: Sequence[Change]
    faults: Sequence[Fault]


def write(
    folder: Path, documents: Sequence[Document], *, number: int, types: Sequence[str], about: Mapping[str, Any]
) -> Manifest:
    """Write a round's folder.

    Args:
        documents: with the mentions that a person shall begin from.
        types: what may be annotated.
        about: names and values of how they were chosen.

    Raises:
        ChemxlError: the folder is there already, a type is no name for brat, a mention is of no such type, or a
            document cannot be written.
    """
    if folder.exists():
        raise ChemxlError(f"{folder} is there already, and may hold a person's work: nothing was written")
    for type_ in sorted({*types, *(m.type for d in documents for m in d.mentions)}):
        if type_ not in types or not _TYPE.fullmatch(type_):
            raise ChemxlError(
                f"{type_!r} cannot be annotated: types are {', '.join(types)}, of letters, digits, _ and -"
            )
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a life that was ended
    part.mkdir(parents=True)
    given = []
    for place, document in enumerate(documents, 1):
        named = replace(document, id=f"{place:04}", relations=())
        ann = brat.write(named, part)
        given.append(
            Given(
                name=named.id,
                id=document.id,
                language=document.language,
                domain=document.domain,
                text=sha256(document.text),
                annotation=ann.read_bytes().decode("utf-8"),
            )
        )
    (part / "annotation.conf").write_text(annotation_conf(types), "utf-8")
    (part / "visual.conf").write_text(visual_conf(types), "utf-8")
    digests = {path.name: sha256(path.read_bytes()) for path in sorted(part.iterdir())}
    manifest = Manifest(number=number, types=tuple(types), about=dict(about), documents=tuple(given), digests=digests)
    write_json(part / MANIFEST, manifest.model_dump(mode="json") | {"digest": manifest.digest()})
    part.rename(folder)
    return manifest


def annotation_conf(types: Sequence[str]) -> str:
    """brat's list of types; mentions may overlap."""
    overlap = "<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>"
    return "\n".join(["[entities]", *types, "", "[relations]", overlap, "", "[events]", "", "[attributes]", ""])


def visual_conf(types: Sequence[str]) -> str:
    """brat's labels and colours."""
    labels = [f"{type_} | {type_}" for type_ in types]
    drawn = [f"{t}\tbgColor:{_COLOURS[i % len(_COLOURS)]}, borderColor:darken" for i, t in enumerate(types)]
    return "\n".join(["[labels]", *labels, "", "[drawing]", "SPAN_DEFAULT\tfgColor:black", *drawn, ""])


def read(folder: Path) -> Returned:
    """Read a round back. A document with a fault is refused as a whole, with file and line; the folder is not changed.

    Raises:
        ChemxlError: the folder holds no round, or its ``round.json`` is not what was written.
    """
    manifest, log = read_manifest(folder), Log()
    documents, annotations, changes = {}, {}, []
    for given in manifest.documents:
        faults = len(log.faults)
        data = {ending: _bytes(folder / f"{given.name}.{ending}", log) for ending in ("txt", "ann")}
        text, ann = data["txt"], data["ann"]
        if text is None or ann is None:
            continue
        if sha256(text) != given.text:
            log.add(folder / f"{given.name}.txt", 1, "not the text that was given out, so no offset holds: restore it")
            continue
        blank = Document(given.id, text.decode("utf-8"), language=given.language, domain=given.domain)
        document = annotated(blank, ann, folder / f"{given.name}.ann", types=manifest.types, log=log)
        if len(log.faults) > faults:
            continue
        documents[given.name], annotations[given.name] = document, ann.decode("utf-8")
        before = annotated(
            blank, given.annotation.encode(), folder / MANIFEST, types=manifest.types, log=Log(strict=True)
        )
        changes += compared(before, document)
    _strangers(folder, manifest, log)
    return Returned(manifest, documents, annotations, changes, tuple(log.faults))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a round's folder.

    Raises:
        ChemxlError: it holds no round, or ``round.json`` was changed or cannot be read.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ChemxlError(f"{folder} holds no {MANIFEST}: give the folder of a round")
    try:
        held = json.loads(read_bytes(path, Log(strict=True)) or b"")
        digest = held.pop("digest")
        manifest = Manifest.model_validate(held)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ChemxlError(
            f"{path} is not what was written: restore it; the annotation beside it is untouched"
        ) from None
    if digest != manifest.digest():
        raise ChemxlError(f"{path} was changed after it was written: restore it; the annotation beside it is untouched")
    return manifest


def _bytes(path: Path, log: Log) -> bytes | None:
    """The bytes of a file; None and a fault if it is no file or cannot be read."""
    if path.exists() and not path.is_file():
        log.add(path, 1, "not a file")
        return None
    return read_bytes(path, log)


def annotated(blank: Document, data: bytes, path: Path, *, types: Sequence[str], log: Log) -> Document:
    """A text with the mentions of an ``.ann``; whatever is not one of these types, or a note on one, is a fault.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    draft = Draft(blank.id, blank.text, log)
    seen: dict[tuple[object, ...], str] = {}
    notes = []
    lines = brat.parse(data)
    taken = brat.mentions(draft, path, lines)
    for number, line in enumerate(lines, 1):
        match line.record:
            case TextBound(id, type) if number - 1 in taken:
                if type not in types:
                    log.add(path, number, f"{id} is of type {type}; this round has {', '.join(types)}")
                else:
                    _whole(draft, path, number, id, seen)
            case Note() as note:
                notes.append((number, note))
            case record if str(record).strip() and number - 1 not in taken and not isinstance(record, TextBound):
                log.add(
                    path, number, f"{str(record)[:40]!r} is no mention and no note on one: nothing else is asked for"
                )
    for number, note in notes:
        if note.target not in draft.mentions:
            log.add(path, number, f"{note.id} is on {note.target}, which is no mention")
    return replace(blank, mentions=draft.document().mentions)


def _whole(draft: Draft, path: Path, number: int, id: str, seen: dict[tuple[object, ...], str]) -> None:
    """Record a fault if a mention begins or ends with a space, or repeats another one."""
    mention = draft.mentions[id]
    if any(draft.text[s:e] != draft.text[s:e].strip() for s, e in mention.fragments):
        draft.log.add(path, number, f"{id} begins or ends with a space")
    if seen.setdefault((mention.type, mention.fragments), id) != id:
        draft.log.add(path, number, f"{id} says what {seen[mention.type, mention.fragments]} says already")


def _strangers(folder: Path, manifest: Manifest, log: Log) -> None:
    """Record a fault for each text or annotation in the folder that does not belong to the round."""
    for path in sorted(folder.iterdir()):
        if path.suffix in {".txt", ".ann"} and path.name not in manifest.digests:
            log.add(path, 1, "not of this round: annotate in the files that were given out; not read")
