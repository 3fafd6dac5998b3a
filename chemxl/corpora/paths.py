"""A person's own corpus: a file, or a folder, whose format and splits are told from what is there.

brat is known by its ``.ann`` files, the other formats by how a file begins. What is in a corpus, the readers read.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from chemxl.errors import CorpusError
from chemxl.files import ending

FORMATS = {"brat": "brat", "pubtator": "PubTator", "bioc": "BioC", "conll": "CoNLL", "annotated": "JSON lines"}
DUE = "brat (.txt with .ann), PubTator, BioC (.xml, .json), CoNLL columns or JSON lines with a text and its mentions"

# What a folder, at any depth, or, but for brat, a file is called that holds a split.
_SPLITS = {"train": ("train", "training"), "dev": ("dev", "devel", "development", "valid", "validation", "val")}
_SPLITS["test"] = ("test", "testing")
_NAMED = {name: split for split, names in _SPLITS.items() for name in names}
_SPLIT = re.compile(rf"(?<![a-z])(?i:({'|'.join(_NAMED)})(?:set)?)(?![a-z])")
_ENDINGS = {".ann", ".txt", ".xml", ".bioc", ".pubtator", ".jsonl", ".ndjson", ".json", ".tsv", ".tab"}
_ENDINGS |= {".biocjson", ".conll", ".conllu", ".bio", ".iob", ".iob2"}
_BRAT = {".ann", ".txt"}
JSON = {".json", ".jsonl", ".ndjson", ".biocjson"}
_ASIDE = re.compile(r"\.|(?:readme|licen[cs]e|changelog)", re.I)
_HEAD = 2**16  # bytes of a file that are looked at

_TITLE = re.compile(r"[^|\t]+\|[A-Za-z][^|\t]{0,39}\|")
_LABEL = re.compile(r"O|[BIESUWML](?:[-_]\S+)?")
PASSAGES = re.compile(r'(?<!\\)"passages"\s*:\s*\[')  # what a document of BioC in JSON has
_COLLECTION = re.compile(r"<(?:[\w.-]+:)?collection[\s>]")
_WIDEST = 16  # columns of a word's line; what has more is a text
_CYRILLIC, _HAN, _LATIN = re.compile("[Ѐ-ӿ]"), re.compile("[\u3400-\u9fff]"), re.compile("[A-Za-z]")


class Found(NamedTuple):
    """What stands at a path.

    Args:
        reader: the module of this package that reads it, a key of ``FORMATS``.
        root: what document ids are relative to.
        splits: its files, sorted, in the order train, dev, test.
        unread: files that may be data and are of no known format.
    """

    reader: str
    root: Path
    splits: dict[str, tuple[Path, ...]]
    unread: tuple[Path, ...]


def found(path: Path) -> Found:
    """Look at a file or a folder, and not into folders and files whose names begin with a dot.

    Raises:
        CorpusError: nothing is there that can be read, or two formats are, or some files stand in no split.
    """
    if path.is_file():
        pair = [file for file in sorted(path.parent.iterdir()) if file.stem == path.stem and ending(file) in _BRAT]
        if not (kind := _kind(path, paired=path in pair and ".ann" in map(ending, pair))):
            raise CorpusError(f"{path} is of no known format; {DUE} were due")
        return Found(kind, path.parent, {"train": tuple(pair if kind == "brat" else [path])}, ())
    files = [file for file in sorted(path.rglob("*")) if _may_be_data(file, path)]
    annotated = {file.with_suffix("") for file in files if ending(file) == ".ann"}
    kinds: dict[str, list[Path]] = {}
    for file in files:
        kinds.setdefault(_kind(file, paired=file.with_suffix("") in annotated), []).append(file)
    unread = kinds.pop("", [])
    if not kinds:
        texts = sum(ending(file) == ".txt" for file in unread)
        raise CorpusError(
            f"{path} holds {texts} texts without annotation (no .ann beside them)"
            if texts
            else f"{path} holds no corpus; {DUE} were due"
        )
    if len(kinds) > 1:
        said = " and ".join(f"{FORMATS[kind]} ({held[0].relative_to(path)}, …)" for kind, held in kinds.items())
        raise CorpusError(f"{path} holds two formats, {said}: give the folder or the file of one of them")
    [(kind, held)] = kinds.items()
    beside = {file.parent for file in held if kind == "brat"}
    # Those alone are faults that the reader tells.
    alone = [file for file in unread if ending(file) == ".txt" and file.parent in beside]
    splits = _splits(path, sorted([*held, *alone]), by_name=kind != "brat")
    return Found(kind, path, splits, tuple(file for file in unread if file not in alone))


def _may_be_data(file: Path, root: Path) -> bool:
    within = file.relative_to(root)
    hidden = any(part.startswith(".") for part in within.parts)
    return ending(file) in _ENDINGS and not hidden and not _ASIDE.match(within.name) and file.is_file()


def _splits(root: Path, files: Sequence[Path], *, by_name: bool) -> dict[str, tuple[Path, ...]]:
    """By a folder that a file is in, at any depth, or, with ``by_name``, by its own name: all files, or none.

    A name may hold the split's beside others (``CDR_TrainingSet.BioC.xml``), if it does so throughout.
    """

    def split(file: Path, find: Callable[[str], re.Match[str] | None]) -> str:
        """Of the outermost name that tells one."""
        *folders, name = file.relative_to(root).parts
        found = map(find, [*folders, name.partition(".")[0]] if by_name else folders)
        return next((_NAMED[match[1].lower()] for match in found if match), "")

    told = {file: split(file, _SPLIT.fullmatch) for file in files}
    within = {file: split(file, _SPLIT.search) for file in files}
    told = within if not any(told.values()) and all(within.values()) and len({*within.values()}) > 1 else told
    held = {name: tuple(file for file in files if told[file] == name) for name in ("", *_SPLITS)}
    rest = held.pop("")
    if rest and any(held.values()):
        there = ", ".join(split for split in _SPLITS if held[split])
        stray = rest[0].relative_to(root)
        raise CorpusError(f"{root} is in parts ({there}), but {stray} is in none: put it in train, dev or test")
    return {split: found for split, found in held.items() if found} or {"train": rest}


def _kind(file: Path, *, paired: bool) -> str:
    """A key of ``FORMATS``; empty where a file is of none of them."""
    if ending(file) == ".ann" or paired:
        return "brat"
    stat = file.stat()
    return _told(file, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=2**16)
def _told(file: Path, size: int, changed: int) -> str:
    """By how it begins; looked at once for every time that it was changed."""
    whole = _head(file)
    lines = [line.strip("\r") for line in whole.split("\n")]
    lines = [line for line in (lines[:-1] if len(whole) >= _HEAD // 4 and lines[1:] else lines) if line.strip()]
    if not lines:
        return ""
    if lines[0].lstrip().startswith("<"):
        return "bioc" if _COLLECTION.search(whole) else ""
    if ending(file) in JSON and PASSAGES.search(whole):
        return "bioc"
    if lines[0].startswith("[") and ending(file) in JSON:
        return "annotated" if '"text"' in whole else ""
    if lines[0].startswith("{"):
        return "annotated" if '"text"' in lines[0] else ""
    if _TITLE.match(lines[0]):
        return "pubtator"
    return "conll" if _columns([line for line in lines if "-DOCSTART-" not in line and line[0] != "#"]) else ""


def _columns(lines: list[str]) -> bool:
    """Whether nine lines of ten have as many columns as most, and one of these columns labels in as many."""
    fields = [line.rstrip().split("\t" if "\t" in line else " ") for line in lines]
    width = max(map(len, fields), key=Counter(map(len, fields)).__getitem__, default=0)
    rows = [row for row in fields if len(row) == width]
    labelled = [sum(1 for value in column if _LABEL.fullmatch(value)) for column in zip(*rows, strict=True)]
    return 2 <= width <= _WIDEST and 10 * max(labelled) >= 9 * len(lines)


def _head(file: Path) -> str:
    try:
        with gzip.open(file) if file.suffix.lower() == ".gz" else file.open("rb") as opened:
            data = opened.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return ""
    codec = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data.decode(codec, "replace").replace("\r\n", "\n").replace("\r", "\n")


def language(text: str) -> str:
    """ru, zh or en by the letters: Russian texts of this field are full of Latin names."""
    cyrillic, han, latin = (len(letters.findall(text)) for letters in (_CYRILLIC, _HAN, _LATIN))
    if 4 * max(cyrillic, han) < latin or not cyrillic + han:
        return "en"
    return "ru" if cyrillic >= han else "zh"
