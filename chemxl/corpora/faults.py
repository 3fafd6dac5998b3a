"""What is wrong in a corpus file, said with file and line while the rest is read."""

from __future__ import annotations

import gzip
import io
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
        if path.suffix == ".gz":
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MAX_BYTES + 1)  # a bomb is unpacked no further
            size = max(size, len(data))
        if size <= MAX_BYTES:
            return data
        log.add(path, 1, f"{size} bytes are more than the {MAX_BYTES} that a corpus file may have; file left out")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        log.add(path, 1, f"cannot be read ({reason}); file left out")
    return None


def read_text(path: Path, log: Log) -> str | None:
    """The whole file, every character as it stands, so that offsets hold: no newline translated, no BOM removed.

    Bytes that are not UTF-8 become U+FFFD; each line that has some is a fault.
    """
    data = read_bytes(path, log)
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        for number, line in enumerate(data.split(b"\n"), 1):
            if not _is_utf8(line):
                log.add(path, number, "bytes that are not UTF-8, shown as U+FFFD; spans behind them may not match")
        return data.decode("utf-8", errors="replace")


def read_lines(path: Path, log: Log) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ending or a leading BOM; a line that is not UTF-8 is a fault and is left out."""
    data = read_bytes(path, log)
    if data is None:
        return
    data = data.removeprefix(b"\xef\xbb\xbf")
    for number, raw in enumerate(data.split(b"\n"), 1):
        try:
            yield number, raw.decode("utf-8").removesuffix("\r")
        except UnicodeDecodeError:
            log.add(path, number, "bytes that are not UTF-8; line left out")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
