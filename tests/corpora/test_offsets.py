"""Offsets that count something else than characters, in each format that also has the text of a mention."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from chemxl.corpora import annotated, brat, pubtator
from tests.corpora.reading import reading

Count = Callable[[str], int]
Marked = Sequence[tuple[int, int, str]]  # offsets as the file has them, and what it says is there

TITLE, ABSTRACT = "😀 Аспирин 'и' ибупрофен", "A & B: боль."
WORDS = ("Аспирин", "ибупрофен", "боль")
WAYS: dict[str, Count] = {
    "characters": len,
    "UTF-16": lambda text: len(text.encode("utf-16-le")) // 2,
    "bytes": lambda text: len(text.encode()),
    "escaped": lambda text: len(text.replace("&", "&amp;").replace("'", "&apos;")),
    "some escaped": lambda text: len(text.replace("&", "&amp;")),
}


def marked(text: str, count: Count = len, *, last: int = 0) -> Marked:
    places = [(text.index(word), text.index(word) + len(word)) for word in WORDS]
    return [(count(text[:start]), count(text[:end]) - last, text[start:end]) for start, end in places]


def read(format: str, folder: Path, text: str, mentions: Marked) -> tuple[list[str], list[str]]:
    """What the mentions are in the text that was read, and the faults."""
    if format == "brat":
        lines = [f"T{i}\tX {start} {end}\t{word}\n" for i, (start, end, word) in enumerate(mentions, 1)]
        (document,), faults = reading(brat.read, folder, {"a.txt": text, "a.ann": "".join(lines)})
    elif format == "pubtator":
        title, abstract = text.split(ABSTRACT)[0].rstrip(), ABSTRACT
        lines = [f"1\t{start}\t{end}\t{word}\tX\tD1\n" for start, end, word in mentions]
        content = f"1|t|{title}\n1|a|{abstract}\n{''.join(lines)}"
        (document,), faults = reading(pubtator.read, folder, {"a.txt": content})
    else:
        spans = [{"type": "X", "start": start, "end": end, "text": word} for start, end, word in mentions]
        content = json.dumps({"text": text, "spans": spans}, ensure_ascii=False)
        (document,), faults = reading(annotated.read, folder, {"a.jsonl": content})
    return [document.surface(mention) for mention in document.mentions], faults


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("format", ["brat", "pubtator", "annotated"])
def test_the_way_by_which_they_are_right_is_found(format: str, way: str, tmp_path: Path) -> None:
    text = f"{TITLE} {ABSTRACT}"
    assert read(format, tmp_path, text, marked(text, WAYS[way])) == (list(WORDS), [])


@pytest.mark.parametrize("format", ["brat", "pubtator", "annotated"])
def test_an_end_may_be_the_last_character(format: str, tmp_path: Path) -> None:
    text = f"{TITLE} {ABSTRACT}"
    assert read(format, tmp_path, text, marked(text, last=1)) == (list(WORDS), [])


@pytest.mark.parametrize(("there", "counted"), [("\r\n", "\n"), ("\n", "\r\n")])
@pytest.mark.parametrize("format", ["brat", "annotated"])
def test_ends_of_lines_may_be_counted_otherwise(format: str, there: str, counted: str, tmp_path: Path) -> None:
    """As where a program or a version control system exchanges them in one of two files."""
    text, other = (f"{TITLE}{end}{end}{ABSTRACT}" for end in (there, counted))
    assert read(format, tmp_path, text, marked(other)) == (list(WORDS), [])


@pytest.mark.parametrize("title", [TITLE, ""])
def test_title_and_abstract_may_be_glued(title: str, tmp_path: Path) -> None:
    words = [word for word in WORDS if word in title + ABSTRACT]
    mentions = [(at := (title + ABSTRACT).index(word), at + len(word), word) for word in words]
    assert read("pubtator", tmp_path, f"{title} {ABSTRACT}", mentions) == (words, [])


@pytest.mark.parametrize("format", ["brat", "pubtator", "annotated"])
def test_most_mentions_decide_and_the_others_are_faults(format: str, tmp_path: Path) -> None:
    text = f"{TITLE} {ABSTRACT}"
    units, characters = marked(text, WAYS["UTF-16"]), marked(text)
    found, (fault,) = read(format, tmp_path, text, [*units[:2], characters[2]])
    assert found == list(WORDS[:2]) and "is recorded as 'боль', but the text at" in fault
    found, (fault, other) = read(format, tmp_path, text, [units[0], characters[1], (0, 3, "боль")])
    assert found == [WORDS[1]] and "Аспирин" in fault and "боль" in other


def test_utf_16_files_of_brat(tmp_path: Path) -> None:
    text = f"{TITLE} {ABSTRACT}"
    ann = "".join(f"T{i}\tX {start} {end}\t{word}\n" for i, (start, end, word) in enumerate(marked(text), 1))
    files = {"a.txt": text.encode("utf-16"), "a.ann": ann.encode("utf-16")}
    (document,), faults = reading(brat.read, tmp_path, files)
    assert (document.text, len(document.mentions), faults) == (text, 3, [])
