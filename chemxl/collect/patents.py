"""US patents of 2002 to 2022 from the weekly full-text files of the USPTO, as a stream.

A weekly file is thousands of XML documents one behind the other, in a zip or not. It is read a block at a time and cut
where a document begins; only a document that may claim a priority of a wanted country is parsed at all (see
:mod:`chemxl.collect.patent_xml`), and what comes out is what parsing every one would give. Memory holds one document.

Nothing that a file says is believed: entities are refused, archives are neither unpacked to disk nor nested, and sizes
have limits.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from chemxl.collect.patent_xml import (
    LAYOUTS,
    OTHER_ROOTS,
    MalformedPatent,
    Patent,
    Priority,
    head,
    may_claim,
    parse,
    wanted_pattern,
)
from chemxl.corpora.faults import Log
from chemxl.errors import CorpusError

__all__ = ["MAX_DOCUMENT", "Patent", "Priority", "read"]

# A grant comes to 0.1 MiB, one with hundreds of formulae or many pages of tables to a few.
MAX_DOCUMENT = 32 * 2**20
# A file with more faults is something else than a weekly file, and a list of them would fill the memory.
MAX_FAULTS = 10_000
# A week's file comes to 1 GiB, and XML shrinks to a tenth; deflate itself ends at a thousandth.
MAX_UNPACKED = 16 * 2**30
MAX_RATIO = 100
MAX_DIRECTORY = 2**20

_BLOCK = 2**20
_BLANK = b"\xef\xbb\xbf \t\r\n"
_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError)
_CLOSERS = tuple(b"</" + root + b">" for root in (*LAYOUTS, *OTHER_ROOTS))
_OPAQUE = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_OPENER = re.compile(b"|".join(map(re.escape, _OPAQUE)))


def read(
    path: Path,
    *,
    countries: Sequence[str] | None = ("RU",),
    log: Log | None = None,
    progress: Callable[[int], object] | None = None,
) -> Iterator[Patent]:
    """The patents and applications of one weekly file that claim a priority of one of these countries.

    A file is XML, or a zip of it. Sequence lists among the documents are passed over. A document that is not well
    formed, has entities, is larger than ``MAX_DOCUMENT`` or is no patent is a fault and is left out; so is a member of
    the zip that is not named ``.xml``. A document that cannot hold a wanted priority is not parsed, so that a fault
    further down in it stays unseen.

    Args:
        countries: codes of WIPO's ST.3; ``("RU", "SU")`` takes the Soviet priorities from before 1992 too, None all
            patents, with or without a priority.
        log: takes the faults; without it, one warning at the end says how many there are.
        progress: called with the number of bytes (of the XML, not of the zip) each time that some are read.

    Raises:
        CorpusError: the file cannot be read, is in the Green Book format of before 2002, or is an archive that could
            do harm; there are more than ``MAX_FAULTS`` faults; or at the first one, if the log is strict.
    """
    if countries is not None and not (countries and all(re.fullmatch("[A-Z]{2}", code) for code in countries)):
        raise CorpusError(f"{countries!r} are no countries: give two capital letters each, such as ('RU', 'SU')")
    return _read(Path(path), None if countries is None else frozenset(countries), log, progress or (lambda count: None))


def _read(
    path: Path, countries: frozenset[str] | None, log: Log | None, progress: Callable[[int], object]
) -> Iterator[Patent]:
    """The patents of a file; without a log, faults become one warning."""
    taken = Log() if log is None else log
    try:
        for where, stream in _streams(path, taken):
            yield from _patents(where, stream, countries, taken, progress)
    finally:
        if log is None and taken.faults:
            warnings.warn(f"{path}: {len(taken.faults)} faults, the first: {taken.faults[0]}", stacklevel=2)


def _patents(
    where: Path, stream: Any, countries: frozenset[str] | None, log: Log, progress: Callable[[int], object]
) -> Iterator[Patent]:
    """The patents of one XML stream."""
    wanted = None if countries is None else wanted_pattern(sorted(countries))
    number, line, known = 0, 1, len(log.faults)
    try:
        _sniff(where, stream.peek(256)[:256])
        for line, data in _cut(stream, progress):
            if data is not None and not data.strip(_BLANK):
                continue
            number += 1
            try:
                patent = _patent(where, line, number, data, countries, wanted, log)
            except MalformedPatent as error:
                log.add(where, line + error.line - 1, f"document {number}: {error}; document left out")
                if len(log.faults) - known > MAX_FAULTS:
                    raise CorpusError(f"{where}: more than {MAX_FAULTS:,} faults; this is no weekly file") from None
                continue
            if patent is not None:
                yield patent
    except _BROKEN as error:
        log.add(where, line, f"behind document {number} the file is broken ({error}); the rest is left out")


def _patent(
    where: Path,
    line: int,
    number: int,
    data: bytes | None,
    countries: frozenset[str] | None,
    wanted: re.Pattern[bytes] | None,
    log: Log,
) -> Patent | None:
    """The patent of one document; None if it is not wanted."""
    if data is None:
        raise MalformedPatent(1, f"it is larger than {MAX_DOCUMENT} bytes")
    root, start = head(data)
    layout = LAYOUTS.get(root)
    if layout is None:
        if root in OTHER_ROOTS:
            return None
        raise MalformedPatent(1, f"its root {root[:40].decode('latin-1')!r} is none of a US patent")
    if wanted is not None and not may_claim(data, start, root, layout, wanted):
        return None
    return parse(
        data,
        start,
        layout,
        countries=countries,
        report=lambda message: log.add(where, line, f"document {number}: {message}"),
    )


def _cut(stream: IO[bytes], progress: Callable[[int], object]) -> Iterator[tuple[int, bytes | None]]:
    """The first line and the bytes of each document; None in place of the bytes of one that is too large.

    A document begins at an XML declaration, which XML allows nowhere else but inside a comment, CDATA or an
    instruction. To know that it is not inside one is work only where the end tag of a document is not right before it.
    """
    held, line, dropped = b"", 1, 0  # dropped: line breaks of a document that is too large
    large, closer = False, b""
    searched = scanned = 0
    while block := stream.read(_BLOCK):
        progress(len(block))
        held += block
        begin = 0
        for at in _declarations(held, searched):
            if not held[max(begin, at - 256) : at].rstrip().endswith(_CLOSERS):
                scanned, closer = _scan(held, scanned, closer, at)
                if closer:
                    continue
            piece = held[begin:at]
            yield line, None if large or len(piece) > MAX_DOCUMENT else piece
            line += dropped + _breaks(piece)
            begin = scanned = at
            large, closer, dropped = False, b"", 0
        held = held[begin:]
        scanned = max(scanned - begin, 0)
        if len(held) > MAX_DOCUMENT:
            dropped += _breaks(held[:-256])
            large, held, scanned, closer = True, held[-256:], 0, b""
        searched = max(len(held) - 5, 0)
    yield line, None if large else held


def _declarations(data: bytes, begin: int) -> list[int]:
    """The places of ``<?xml`` and white space, found from behind, which is three times as fast."""
    found: list[int] = []
    end = len(data) - 1
    while (at := data.rfind(b"<?xml", begin, end)) >= 0:
        if data[at + 5] in b" \t\r\n":
            found.append(at)
        end = at
    return found[::-1]


def _scan(data: bytes, scanned: int, closer: bytes, at: int) -> tuple[int, bytes]:
    """Go on from ``scanned`` to ``at``; ``closer`` is what ends the comment, CDATA or instruction at that place."""
    while scanned < at:
        if closer:
            end = data.find(closer, scanned, at)
            if end < 0:
                break
            scanned, closer = end + len(closer), b""
        else:
            opener = _OPENER.search(data, scanned, at)
            if opener is None:
                break
            scanned, closer = opener.end(), _OPAQUE[opener[0]]
    return at, closer


def _breaks(data: bytes) -> int:
    """The number of line feeds."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == 10))


def _sniff(where: Path, start: bytes) -> None:
    """Raise an error that names what a file is, if it holds no XML in UTF-8."""
    if re.match(rb"(?:\s*HHHHH[^\n]*\n)?\s*PATN\s", start):
        raise CorpusError(
            f"{where}:1: the Green Book text format of 1976 to 2001; this reader takes the XML of 2002 to 2022"
        )
    if re.match(rb"\s*<!DOCTYPE\s+PATDOC\s+PUBLIC", start):
        raise CorpusError(f"{where}:1: the SGML of 2001; this reader takes the XML of 2002 to 2022")
    if start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        raise CorpusError(f"{where}: an archive that is not read as it is: unpack it and read what is in it")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
        raise CorpusError(f"{where}:1: not in UTF-8; convert it first")


def _streams(path: Path, log: Log) -> Iterator[tuple[Path, Any]]:
    """Names and open files: the file itself, or the XML members if it is a zip."""
    try:
        with path.open("rb") as file:
            if file.peek(4)[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
                yield from _members(path, file, log)
            else:
                yield path, file
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error})") from None


def _members(path: Path, file: IO[bytes], log: Log) -> Iterator[tuple[Path, Any]]:
    """The XML members of a zip, after the archive was checked."""
    _check_directory(path, file)
    try:
        archive = zipfile.ZipFile(file)
    except (*_BROKEN, ValueError, NotImplementedError) as error:
        raise CorpusError(f"{path}: not a whole zip ({error}); fetch it again") from None
    infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
    for info in infos:
        if problem := _danger(info):
            raise CorpusError(f"{path}: the member {info.filename[:80]!r} {problem}; archive refused")
    if (total := sum(info.file_size for info in infos)) > MAX_UNPACKED:
        raise CorpusError(f"{path}: {total} bytes unpacked, more than {MAX_UNPACKED}; archive refused")
    for info in infos:
        where = path / info.filename
        if not info.filename.lower().endswith(".xml"):
            log.add(where, 1, "no XML by its name; member left out")
            continue
        try:
            stream = archive.open(info)
        except (*_BROKEN, NotImplementedError, RuntimeError) as error:
            log.add(where, 1, f"cannot be unpacked ({error}); member left out")
            continue
        with stream:
            yield where, stream


def _danger(info: zipfile.ZipInfo) -> str:
    """Why a member of an archive is dangerous; empty if it is not."""
    name = info.filename
    if "\\" in info.orig_filename or re.match("/|[A-Za-z]:", name) or ".." in PurePosixPath(name).parts:
        return "would lie outside of its folder"
    if info.flag_bits & 1:
        return "is encrypted"
    if name.lower().endswith(_ARCHIVES):
        return "is an archive itself: unpack it and read what is in it"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "is packed in a way that takes any amount of memory (only deflate is read)"
    if info.file_size > MAX_RATIO * max(info.compress_size, 1024):
        return f"grows more than {MAX_RATIO} times as it is unpacked"
    return ""


def _check_directory(path: Path, file: IO[bytes]) -> None:
    """Refuse an archive whose list of members alone would fill the memory; asked before zipfile reads it."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - (1 << 16) - 22, 0))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if 0 <= at <= len(tail) - 22 and int.from_bytes(tail[at + 12 : at + 16], "little") > MAX_DIRECTORY:
        raise CorpusError(f"{path}: a list of members of more than {MAX_DIRECTORY} bytes; archive refused")
    file.seek(0)
