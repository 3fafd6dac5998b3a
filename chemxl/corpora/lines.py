"""Aligned lines: two files, of which line n of the one translates line n of the other, named as in the WMT test sets.

https://github.com/wmt-conference
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.faults import Log, read_lines
from chemxl.corpora.paired import Languages, Pairs
from chemxl.documents import Pair

_NAME = re.compile(r"((?:.+\.)?([a-z]{2})-([a-z]{2}))(\.ref[^.]*)?(?:\..*)?")


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, languages: Languages) -> list[Pair]:
    """Pairs of lines; two files whose numbers of lines differ are left out, as nobody knows where they part.

    A name says which file is which: ``<set>.en-ru.src.en`` or ``en-ru.txt`` is English, and
    ``<set>.en-ru.ref.A.ru`` or ``en-ru.refA.txt`` its Russian translation. The source of a pair is always the first
    of ``languages``, whichever text is the original: the id, ``<set>.en-ru-<line>``, tells that.

    Args:
        paths: for each set, both files.
        log: takes the faults; a line with nothing on its other side is left out.
        root: the sets are named by their path relative to it, by their name alone without it.
    """
    pairs = Pairs(languages, log)
    sets: dict[tuple[Path, bool], dict[str, Path]] = {}
    for path in sorted(paths):
        match = _NAME.fullmatch(path.name)
        if match is None or {match[2], match[3]} != set(languages):
            log.add(path, 1, f"the name does not say {'-'.join(languages)} or the reverse of it; file left out")
            continue
        code = match[3] if match[4] else match[2]
        files = sets.setdefault((path.with_name(match[1]), match[2] == languages[0]), {})
        if code in files:
            log.add(path, 1, f"a second {code} text beside {files[code].name}; file left out")
        else:
            files[code] = path
    for (base, _), files in sets.items():
        name = base.relative_to(root).as_posix() if root else base.name
        if len(files) < 2:
            log.add(next(iter(files.values())), 1, f"{name} has a text in {' '.join(files)} alone; file left out")
        else:
            _aligned(name, files[languages[0]], files[languages[1]], pairs)
    return pairs.list()


def _aligned(name: str, source: Path, target: Path, pairs: Pairs) -> None:
    first, second = dict(read_lines(source, pairs.log)), dict(read_lines(target, pairs.log))
    lengths = _length(first), _length(second)
    if lengths[0] != lengths[1]:
        longer = source if lengths[0] > lengths[1] else target
        said = f"{source.name} has {lengths[0]} lines, {target.name} {lengths[1]}: not aligned; both are left out"
        pairs.log.add(longer, min(lengths) + 1, said)
        return
    for number in sorted(first.keys() & second.keys()):
        if first[number].strip() or second[number].strip():
            pairs.add(source, number, f"{name}-{number}", first[number], second[number])


def _length(lines: dict[int, str]) -> int:
    """How many lines a file has; its last line break begins no other."""
    last = max(lines, default=0)
    return last - 1 if last and not lines[last] else last
