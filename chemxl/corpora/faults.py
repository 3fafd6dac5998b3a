"""What is wrong in a corpus file, said with file and line while the rest is read."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chemxl.errors import CorpusError

# No annotation or text file of this field comes near it; a larger one is a mistake or an attack.
MAX_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Fault:
    """One record that was left out, or one stretch of text that could not be decoded."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class Log:
    """Collects the faults of one reading.

    Args:
        strict: raise at the first fault in the place of collecting.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.faults: list[Fault] = []

    def add(self, path: Path, line: int, message: str) -> None:
        """Record a fault.

        Raises:
            CorpusError: if the log is strict.
        """
        # A message quotes untrusted text: one line, printable, not endless.
        fault = Fault(path, line, "".join(c if c.isprintable() else repr(c)[1:-1] for c in message[:400]))
        if self.strict:
            raise CorpusError(f"{fault} (mend the file, or read it without strict to leave this record out)")
        self.faults.append(fault)


def read_bytes(path: Path, log: Log) -> bytes | None:
    """The file's bytes, those of a ``.gz`` unpacked; None, and a fault, where it cannot be read or is too large."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_BYTES else b""
        if path.suffix.lower() == ".gz":
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_BYTES + 1)  # a bomb is unpacked no further
            size = max(size, len(data))
        if size <= MAX_BYTES:
            return data
        log.add(path, 1, f"{size} bytes are more than the {MAX_BYTES} that a corpus file may have; file left out")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        log.add(path, 1, f"cannot be read ({reason}); file left out")
    return None


def read_utf8(path: Path, log: Log) -> bytes | None:
    """The file's bytes, those of UTF-16 or UTF-32 with a byte order mark in UTF-8; None, and a fault, where not so."""
    return _recoded(path, read_bytes(path, log), log, keep=True)


def read_text(path: Path, log: Log) -> str | None:
    """The whole file, every character as it stands, so that offsets hold: no newline translated, no BOM removed.

    Bytes that are not UTF-8 become U+FFFD; each line that has some is a fault. A file that is in another character set
    altogether is left out, with a fault, unless its byte order mark says that it is UTF-16 or UTF-32.
    """
    data = read_utf8(path, log)
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
    broken = [number for number, line in enumerate(newlines(data).split(b"\n"), 1) if not _is_utf8(line)]
    if 3 * text.count("\ufffd") > len(text) - sum(map(str.isspace, text)):
        log.add(path, broken[0], f"{_FOREIGN}; file left out")
        return None
    for number in broken:
        log.add(path, number, "bytes that are not UTF-8, shown as U+FFFD; spans behind them may not match")
    return text


def read_lines(path: Path, log: Log, *, declared: re.Pattern[bytes] | None = None) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ending or a BOM before them; a line that is not UTF-8 is a fault and is left out.

    A file is read in the character set that its byte order mark or its head names, or else as UTF-8. It is left out as
    a whole where it names one that is unknown or wrong, and where most lines beyond ASCII are not UTF-8: to read the
    rest of it would be to read half.

    Args:
        declared: finds the character set's name, its first group, in the format's head.
    """
    data = _recoded(path, read_bytes(path, log), log, declared=declared)
    if data is None:
        return
    data = newlines(data)
    lines: list[str | None]
    try:
        lines = [*data.decode("utf-8").split("\n")]
    except UnicodeDecodeError:
        if is_foreign(path, data, log):
            return
        lines = [raw.decode("utf-8") if _is_utf8(raw) else None for raw in data.split(b"\n")]
    for number, line in enumerate(lines, 1):
        if line is None:
            log.add(path, number, "bytes that are not UTF-8; line left out")
            continue
        line = line.removesuffix("\r").removeprefix("\ufeff")  # also the BOM of a file appended to another
        if "\r" in line:
            log.add(path, number, "a carriage return within the line, as where two lines became one; read as it stands")
        yield number, line


def is_foreign(path: Path, data: bytes, log: Log) -> bool:
    """Whether most lines beyond ASCII are not UTF-8, and more than a few bytes are broken: then a fault says so."""
    beyond = {number: raw for number, raw in enumerate(newlines(data).split(b"\n"), 1) if not raw.isascii()}
    broken = [number for number, raw in beyond.items() if not _is_utf8(raw)]
    if 2 * len(broken) <= len(beyond) or (len(broken) < 3 and not any(_WORD.search(beyond[n]) for n in broken)):
        return False
    log.add(path, broken[0], f"{_FOREIGN}; file left out")
    return True


def newlines(data: bytes) -> bytes:
    """With ``\\n`` at the end of its lines where they end in ``\\r`` alone; other bytes stay as they are."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if old_endings(data) else data


def old_endings(data: bytes) -> bool:
    """Whether lines end in a carriage return alone, as on a Macintosh of before 2001."""
    return data.count(b"\r") - data.count(b"\r\n") > data.count(b"\n")


_WORD = re.compile(rb"[\x80-\xff]{4}")
_MEND = "convert it (iconv -f NAME -t utf-8, NAME being its character set)"
_FOREIGN = f"the file is not UTF-8: {_MEND}"
# The longer ones first: a mark of UTF-32 begins with one of UTF-16.
_MARKS = {codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be"}
_MARKS |= {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be", codecs.BOM_UTF8: "utf-8"}
MARKS = tuple(_MARKS)


def decoded(data: bytes) -> str:
    """The text of bytes in UTF-8, or as a byte order mark says, which is no part of it.

    Raises:
        UnicodeError: they are in another character set; the message holds the mend.
    """
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    try:
        text = data.removeprefix(mark).decode(_MARKS.get(mark, "utf-8"))
    except UnicodeDecodeError as error:
        raise UnicodeError(f"{data[: error.start].count(10) + 1}: not UTF-8: {_MEND}") from error
    if text.count("\0") > len(text) // 20:
        raise UnicodeError(f"1: not UTF-8: {_MEND}")
    return text


# Encodings of Python that are not of text files.
_NONE = {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "utf-7", "mbcs", "oem"}


def _recoded(
    path: Path, data: bytes | None, log: Log, *, declared: re.Pattern[bytes] | None = None, keep: bool = False
) -> bytes | None:
    """The bytes in UTF-8; None, and a fault, where that cannot be.

    Args:
        keep: a byte order mark of UTF-8.
    """
    if data is None:
        return None
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    found = declared.search(data[:4096]) if declared and not mark else None
    name = _MARKS.get(mark) or (found[1].decode("ascii", "replace") if found else "utf-8")
    try:
        codec = codecs.lookup(name).name
        if codec in _NONE:
            raise LookupError
        "".encode(codec)  # or it is not one of texts, such as base64
    except LookupError:
        log.add(path, 1, f"the file's head names the character set {name[:40]!r}, which is none; file left out")
        return None
    if codec == "utf-8":
        if data.count(b"\0") > len(data) // 20:
            log.add(path, 1, f"{_FOREIGN}; file left out")
            return None
        return data if keep else data.removeprefix(mark)
    try:
        made = data.removeprefix(mark).decode(codec).encode("utf-8")
        if found and declared and not declared.search(made[:4096]):
            raise UnicodeError  # what names it would not be there
        return made
    except UnicodeError as error:
        line = data.count(b"\n", 0, getattr(error, "start", 0)) + 1
        log.add(path, line, f"bytes that are not {codec}, which the file's head names; file left out")
        return None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
