"""gettext: which messages are pairs, and what is said of a line that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from chemxl.corpora import po
from chemxl.documents import Pair
from tests.corpora.reading import reading
from tests.corpora.samples import EN_RU, PO

EXPECTED = [
    Pair("ru/a-7", "Iron", "Железо"),
    Pair("ru/a-11", 'A "noble" gas', "Инертный газ"),
    Pair("ru/a-16", "one", "один"),
]


def test_pairs(tmp_path: Path) -> None:
    assert reading(po.read, tmp_path, {"ru/a.po": PO["a.po"]}, **EN_RU) == (EXPECTED, [])


def test_escapes(tmp_path: Path) -> None:
    content = r'msgid "a\n\t\\\"\q"' + "\n" + 'msgstr "б"\n'
    ((pair,), faults) = reading(po.read, tmp_path, {"a.po": content}, **EN_RU)
    assert (pair.source, faults) == ('a\n\t\\"\\q', [])


def test_what_is_not_translated_is_no_pair(tmp_path: Path) -> None:
    content = 'msgid "a"\nmsgstr ""\n\nmsgid ""\nmsgstr "head"\n\n#, fuzzy, c-format\nmsgid "b"\nmsgstr "б"\n'
    assert reading(po.read, tmp_path, {"a.po": content}, **EN_RU) == ([], [])


@pytest.mark.parametrize(
    ("line", "number"),
    [("nonsense", 2), ('"a string of nothing"', 1), ('msgstr "б" x', 2), ('msgstr "б\\"', 2), ("msgid_plural b", 2)],
)
def test_a_wrong_line_takes_its_message_with_it(tmp_path: Path, line: str, number: int) -> None:
    content = f'{line}\nmsgid "a"\n' if number == 1 else f'msgid "a"\n{line}\n'
    content += 'msgstr "а"\n\nmsgid "b"\nmsgstr "б"\n'
    pairs, faults = reading(po.read, tmp_path, {"a.po": content}, **EN_RU)
    assert pairs[-1].source == "b"
    assert faults == [f"a.po:{number}: {line[:40]!r} is not the next line of a message; message left out"]
    assert len(pairs) == (2 if number == 1 else 1)
