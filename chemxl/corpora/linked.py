"""KBioXLM's paired passages: JSON lines, what Wikipedia says of one thing in English and in Chinese.

https://github.com/ngwlh-gl/KBioXLM
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.faults import Log
from chemxl.corpora.jsonl import rows
from chemxl.corpora.paired import Languages, Pairs
from chemxl.documents import Pair


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages) -> list[Pair]:
    """Pairs of passages that are about the same thing; they do not translate each other.

    The file has either language first and does not say which: the text with the greater share of ASCII characters is
    taken to be the source. Pairs are named ``<file>-<line>``.

    Args:
        paths: the files, with ``sent1`` and ``sent2``.
        languages: of the source, whose letters are ASCII, and of the target.
    """
    pairs = Pairs(languages, log)
    for path in paths:
        for number, row in rows(path, log, "sent1", "sent2"):
            both = (row["sent1"], row["sent2"])
            source, target = sorted(both, key=lambda text: sum(map(str.isascii, text)) / len(text), reverse=True)
            pairs.add(path, number, f"{path.stem}-{number}", source, target)
    return pairs.list()
