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


def test_characters_by_their_numbers(tmp_path: Path) -> None:
    content = 'msgid "\\x66e\\166\\x65r \\\\x41 \\302"\nmsgstr "жар\\v"\n'
    ((pair,), faults) = reading(po.read, tmp_path, {"a.po": content}, **EN_RU)
    assert (pair.source, pair.target, faults) == ("fever \\x41 \\302", "жар\v", [])  # a byte beyond ASCII stays


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


def messages(folder: Path, content: str) -> tuple[list[str], list[str]]:
    pairs, faults = reading(po.read, folder, {"a.po": content}, **EN_RU)
    return [pair.source for pair in pairs], faults


BASE = 'msgid "Base"\nmsgstr "Основание"\n'
OBSOLETE = {
    "an obsolete message": '#, fuzzy\n#~ msgid "Flask"\n#~ msgstr "Склянка"\n\n',
    "one of several lines": '#, fuzzy\n#~ msgid ""\n#~ "Flask"\n#~ msgstr ""\n#~ "Склянка"\n',
    "one with what it was before": '#, fuzzy\n#~| msgid "Flasks"\n#~ msgid "Flask"\n#~ msgstr "Склянка"\n\n',
    "one behind a comment": '# Somebody said:\n#, c-format, fuzzy\n#~ msgid "Flask"\n#~ msgstr "Склянка"\n\n',
    "a flag that is not fuzzy": "#, no-fuzzy, c-format\n",
    "a comment": "# fuzzy\n#. fuzzy\n#: fuzzy.c:1\n",
}


@pytest.mark.parametrize("before", OBSOLETE.values(), ids=OBSOLETE)
def test_what_does_not_make_the_next_message_fuzzy(tmp_path: Path, before: str) -> None:
    assert messages(tmp_path, f'msgid "Acid"\nmsgstr "Кислота"\n\n{before}{BASE}') == (["Acid", "Base"], [])


@pytest.mark.parametrize(
    "flags", ["#, fuzzy", "#,fuzzy", "#, c-format, fuzzy", "#= fuzzy", "#, fuzzy\n# comment", "#, fuzzy\n"]
)
def test_what_makes_it_fuzzy(tmp_path: Path, flags: str) -> None:
    assert messages(tmp_path, f"{flags}\n{BASE}") == ([], [])
    assert messages(tmp_path, f'{flags}\n#| msgid "Bases"\n{BASE}') == ([], [])


@pytest.mark.parametrize(
    ("content", "line"),
    [('msgid "Acid"\n', 1), ('msgid "Acid"\n"s"', 2), ('# msgid "Acid"\nmsgstr "Кислота"\n', 2), ('msgctxt "x"\n', 1)],
)
def test_half_a_message_is_a_fault(tmp_path: Path, content: str, line: int) -> None:
    message = f"a.po:{line}: a message without its msgid or its msgstr; message left out"
    assert messages(tmp_path, f"{BASE}\n{content}") == (["Base"], [message.replace(f":{line}:", f":{line + 3}:")])


@pytest.mark.parametrize(
    "code", ["KOI8-R", "windows-1251", "CP866", "iso-8859-5", "UTF-8", "utf8", "UTF-16", "CHARSET"]
)
def test_the_head_names_the_character_set(tmp_path: Path, code: str) -> None:
    head = f'msgid ""\nmsgstr ""\n"Project-Id-Version: x\\n"\n"Content-Type: text/plain; charset={code}\\n"\n\n'
    content = (head + BASE).encode("utf-8" if code == "CHARSET" else code)
    pairs, faults = reading(po.read, tmp_path, {"a.po": content}, **EN_RU)
    assert ([(pair.source, pair.target) for pair in pairs], faults) == ([("Base", "Основание")], [])


def test_a_character_set_that_the_file_is_not_in(tmp_path: Path) -> None:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-16\\n"\n\n'
    pairs, (fault,) = reading(po.read, tmp_path, {"a.po": head + BASE}, **EN_RU)
    assert (pairs, fault.partition(": ")[2]) == (
        [],
        "bytes that are not utf-16, which the file's head names; file left out",
    )
