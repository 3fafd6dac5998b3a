"""gettext: messages and their translations.

https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.corpora.paired import Languages, Pairs
from chemxl.documents import Pair

_LINE = re.compile(r"(msgctxt|msgid|msgid_plural|msgstr|msgstr\[[0-9]{1,2}\])?\s*(\".*\")")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_CHARSET = re.compile(rb"Content-Type:[^\n\"]*charset=(?!CHARSET)([\w.:-]+)", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[0-7]{3}|.)")
_ESCAPES = dict(zip('ntrabfv"\\', '\n\t\r\a\b\f\v"\\', strict=True))
_ESCAPES |= {code.format(i): chr(i) for code in ("x{:02x}", "x{:02X}", "{:03o}") for i in range(1, 128)}


@dataclass(slots=True)
class _Entry:
    line: int = 0  # of its msgid
    last: int = 0
    fuzzy: bool = False
    broken: bool = False
    keyword: str = ""  # whose strings come
    strings: dict[str, str] = field(default_factory=dict)

    def add(self, number: int, keyword: str, quoted: str) -> bool:
        """Take one line; False where it is none, or in the wrong place."""
        string = _STRING.fullmatch(quoted)
        if string is None or keyword in self.strings or not (keyword or self.keyword):
            return False
        self.keyword = keyword or self.keyword
        self.last = number
        if keyword == "msgid":
            self.line = number
        plain = _ESCAPE.sub(lambda sign: _ESCAPES.get(sign[1], sign[0]), string[1])
        self.strings[self.keyword] = self.strings.get(self.keyword, "") + plain
        return True


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages) -> list[Pair]:
    """Pairs of messages and translations, as they stand: with the markup and the ``&`` of a key that they may have.

    The file's head, which also names the character set that it is read in, messages without a translation, unconfirmed
    (``fuzzy``) and obsolete (``#~``) ones are no pairs.
    Of a plural, the singular and its first form are one. Pairs are named ``<folder>/<file>-<line of the message>``.

    Args:
        log: takes the faults; a wrong line is left out, and with it the message.
        root: the files are named by their path relative to it, by their name alone without it.
        languages: of the messages and of the translations.
    """
    pairs = Pairs(languages, log)
    for path in paths:
        name = (path.relative_to(root) if root else Path(path.name)).with_suffix("").as_posix()
        for entry in _entries(path, log):
            if entry.strings and not entry.broken and not (entry.line and "msgstr" in entry.keyword):
                log.add(path, entry.last, "a message without its msgid or its msgstr; message left out")
                continue
            source = entry.strings.get("msgid", "")
            target = entry.strings.get("msgstr") or entry.strings.get("msgstr[0]", "")
            if source.strip() and target.strip() and not (entry.fuzzy or entry.broken):
                pairs.add(path, entry.line, f"{name}-{entry.line}", source, target)
    return pairs.list()


def _entries(path: Path, log: Log) -> Iterator[_Entry]:
    entry = _Entry()
    for number, line in read_lines(path, log, declared=_CHARSET):
        match = _LINE.fullmatch(line.strip())
        aside = not line.strip() or line.startswith("#")
        if (aside or (match and match[1] in {"msgctxt", "msgid"})) and (entry.broken or "msgstr" in entry.keyword):
            yield entry
            entry = _Entry()
        if line.startswith("#~") and not entry.strings:
            entry = _Entry()  # the flags before it are the obsolete message's
        elif aside:
            entry.fuzzy |= line.startswith(("#,", "#=")) and "fuzzy" in re.split(r"[,=\s]+", line[1:])
        elif not (match and entry.add(number, match[1] or "", match[2])):
            log.add(path, number, f"{line[:40]!r} is not the next line of a message; message left out")
            entry.broken = True
    yield entry
