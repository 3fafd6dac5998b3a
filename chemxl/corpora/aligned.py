"""Aligned pairs with their scores as a table: one pair a line, read back exactly as written.

Columns are separated by tabs. In a field ``\\t``, ``\\n``, ``\\r``, ``\\b`` and ``\\\\`` stand for tab, line break,
carriage return, byte order mark and backslash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.documents import Pair
from chemxl.errors import CorpusError
from chemxl.files import replaced

COLUMNS = ("id", "source_language", "target_language", "domain", "score", "source", "target")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\ufeff": "\\b"}
_SIGNS = {escape[1]: sign for sign, escape in _ESCAPES.items()}
_FIELD = re.compile(r"(?:[^\\]|\\[\\tnrb])*+")
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?", re.ASCII)


def write_tsv(path: Path, pairs: Iterable[Pair]) -> int:
    """Write pairs beside and rename; an absent score is an empty field.

    Returns:
        How many were written.

    Raises:
        CorpusError: a score is not finite, or a text holds half a surrogate pair, which UTF-8 cannot say.
    """
    count = 0
    with replaced(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        file.write("\t".join(COLUMNS) + "\n")
        for pair in pairs:
            try:
                file.write(_line(pair))
            except UnicodeEncodeError as error:
                raise CorpusError(f"{path}: pair {pair.id!a} holds half a surrogate pair: mend its text") from error
            count += 1
    return count


def read_tsv(path: Path, log: Log) -> list[Pair]:
    """Pairs of a table that :func:`write_tsv` wrote; a line that it could not have written is a fault and left out.

    Raises:
        CorpusError: at the first fault, if the log is strict.
    """
    pairs: list[Pair] = []
    for number, line in read_lines(path, log):
        fields = line.split("\t")
        if number == 1:
            if tuple(fields) != COLUMNS:
                log.add(path, 1, f"the columns are not {', '.join(COLUMNS)}; file left out")
                return []
        elif line:
            problem = _problem(fields)
            if problem:
                log.add(path, number, f"{problem}; pair left out")
            else:
                pairs.append(_pair(fields))
    return pairs


def _line(pair: Pair) -> str:
    if pair.score is not None and not math.isfinite(pair.score):
        raise CorpusError(f"the score of pair {pair.id!a} is {pair.score}: give a finite one, or None")
    score = "" if pair.score is None else repr(float(pair.score))
    texts = (pair.id, *pair.languages, pair.domain, score, pair.source, pair.target)
    line = "\t".join(re.sub(r"[\\\t\n\r\ufeff]", lambda sign: _ESCAPES[sign[0]], text) for text in texts)
    line.encode("utf-8")  # here, before anything of it is in the file's buffer
    return line + "\n"


def _problem(fields: Sequence[str]) -> str:
    if len(fields) != len(COLUMNS):
        return f"{len(fields)} columns where {len(COLUMNS)} were due"
    wrong = next((field for field in fields if not _FIELD.fullmatch(field)), None)
    if wrong is not None:
        return f"a backslash in {wrong[:40]!r} that is no escape"
    if fields[4] and not (_NUMBER.fullmatch(fields[4]) and math.isfinite(float(fields[4]))):
        return f"{fields[4][:40]!r} is no score"
    return ""


def _pair(fields: Sequence[str]) -> Pair:
    id, source_language, target_language, domain, score, source, target = (
        re.sub(r"\\(.)", lambda escape: _SIGNS[escape[1]], field) for field in fields
    )
    languages = (source_language, target_language)
    return Pair(id, source, target, languages, float(score) if score else None, domain)
