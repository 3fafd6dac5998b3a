"""Letters that look right and are of another alphabet: Latin, Cyrillic and Greek doubles, brought home.

A word is a run of letters and digits, cut at a hyphen. Where its letters are of several alphabets it is decided so:

1. Letters that have no double tell the alphabet: ``ф`` or ``л`` one, ``D`` or ``t`` the other (``токоферoл`` is
   Cyrillic, ``СYP2D6`` and ``Αspirin`` Latin). Where two alphabets have such letters (``ОКСпST``), or capitals of one
   meet small letters of the other (``MAPкиназа``), two words were written as one: they are left alone and counted as
   ``MIXED``.
2. Where every letter has a double, symbols of the field (``pKa``, ``COX``) and words with a digit (``Р2Y1``) are Latin.
3. Else the neighbours decide: the nearest words on the line that hold a letter without a double. Among Latin words the
   word is Latin, as it is where it stands alone in a text in Latin letters, but for what reads as a Russian word. Among
   Cyrillic ones it is Cyrillic, but for abbreviations in capitals, which follow most of their letters, as do words
   between neighbours that differ. Where both have as many letters and the text does not tell either, the word is left
   alone and counted as ``MIXED``.

A word in one alphabet is left alone (``ДНК-binding``, ``α-токоферол``, the dose ``2р``), but for what is surely Latin
though typed in Cyrillic letters: symbols and formulae (``рН``, ``СО2``, ``СН3СООН``), ``р`` before ``< 0,05``, and in a
text in Latin letters single ones, abbreviations and words with a digit; and for the Latin ``c`` that should be the
preposition ``с``. Greek capitals and omicron are not meant where no Greek word stands; ``ß``, ``µ`` and ``∆`` become
the Greek letters that they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple
from unicodedata import normalize

MIXED = "mixed scripts, left alone"


class Edit(NamedTuple):
    """``text[start:end]`` becomes ``new``."""

    start: int
    end: int
    new: str
    kind: str


# Letters that look alike in print. Cyrillic ones that Russian does not have are doubles of Latin ones only.
_RUSSIAN = dict(zip("АВЕКМНОРСТУХЁаеорсухё", "ABEKMHOPCTYXËaeopcyxë", strict=True))
_GREEK_DOUBLES = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True))
_LATIN_DOUBLES = {latin: cyrillic for cyrillic, latin in _RUSSIAN.items()}
_TO_LATIN = _RUSSIAN | dict(zip("ІЇЈЅіїјѕ", "IÏJSiïjs", strict=True)) | _GREEK_DOUBLES
_TO_CYRILLIC = (
    _LATIN_DOUBLES
    | {greek: _LATIN_DOUBLES[latin] for greek, latin in _GREEK_DOUBLES.items() if latin in _LATIN_DOUBLES}
    | {normalize("NFC", vowel + "\u0301"): _LATIN_DOUBLES[vowel] + "\u0301" for vowel in "AEOYaeoy"}  # a stress mark
)
_LATIN = re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]")
_CYRILLIC = re.compile("[\u0400-\u0481\u048a-\u052f]")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")
_DOUBLE = re.compile(f"[{''.join(_GREEK_DOUBLES)}]")
_ROMAN = re.compile("[ΙΧ]+")
# What tells the alphabet of a word; letters that clean-up itself may bring in are not among them.
_SURELY_LATIN = re.compile("[DFGLQRUVWbdfghk-nqrtuvwz]")
_SURELY_CYRILLIC = re.compile(f"(?![{''.join(_TO_LATIN)}]){_CYRILLIC.pattern}")
_JUNCTION = re.compile("[A-Z]{2}[а-яё]{2}|[А-ЯЁ]{2}[a-z]{2}")
_WORD = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")
_ON = "[\\w\u0300-\u036f]"
# A word of Cyrillic and other letters, with a Greek double, or of Cyrillic letters that all have doubles.
_SUSPECT = re.compile(
    rf"(?<![^\W_])(?<![\u0300-\u036f])(?:(?={_ON}*{_CYRILLIC.pattern})(?={_ON}*{_LATIN.pattern})|(?={_ON}*{_DOUBLE.pattern})"
    rf"|(?=[{''.join(_TO_LATIN)}\d²³⁰-⁹₀-₉Α-Ωα-ω]+(?!{_ON}))){_WORD.pattern}"
)
_NEAR, _REACH = 5, 120  # words, and characters in which they are looked for

# As they read in Latin letters; what of them is Cyrillic may be all of it. Salts of potassium have oxygen.
_SYMBOL = re.compile(
    r"p(?:H|OH|K[ab]|A2)|(?:p[av]?|\d{0,2})C?O[2₂]|\d{0,2}H[2₂]|cAMP|[CE]C[59]0|Apo[ACEH]|COX|HCOOH|KOH|CaO|(?:Me|Ac)OH|H?OAc|OMe"
    r"|\d{0,2}(?=[A-Za-z]*(?:[2-9₂-₉]|[1-9]\d))(?:K(?=.*O)|Ca|Co|Me|Ac|[CHOP])(?:(?:[2-9₂-₉]|[1-9]\d)?(?:Ca|Co|Me|Ac|[CHOP]))+"
    r"(?:[2-9₂-₉]|[1-9]\d)?|A549|K562|HCT116|PC12"  # lines of cells
)
_ION = re.compile("(?:Ca[2²]|[KH])[+⁺]|(?:Co|Mo)[(]")
# Groups in a formula, Fe(OH)3, and what a multiple bond holds, CH2=CH-CH3.
_GROUP = re.compile(
    r"[A-Za-z\d]\((?:OH|CO|CH|CN|NO|OCOCH)\)|[A-Za-zА-Я\d)][=≡](?:CH|CN|C|O)(?!\w)|(?<!\w)(?:CH|HC|C|O)[=≡][A-ZА-Я]"
)
# Abbreviations in Russian all of whose letters have doubles.
_ABBREVIATION = re.compile("РНК|М?РТ|О?КТ|МСКТ|МНО|ОКС|ОНМК|АСТ|ХСН|СКВ|МСК|АРВ?Т|МОС(?:25|50|75)?|НСР(?:05|01)?")
# What stays in a text in Latin letters: a Russian word or abbreviation that is spoken of.
_QUOTED = re.compile(rf"[а-яё]{{2,}}|[А-ЯЁ][а-яё]{{2,}}|{_ABBREVIATION.pattern}")
_PVALUE = re.compile(r"(?<![\w\u0300-\u036f-])р(?=\s?[<>=≤≥]\s?0?[.,]\d)")
_KAPPA = re.compile(
    r"(?<![^\W\d_])(?:(?:NF[-‐‑–]?|I)к[BВ]|к(?=[-‐‑–](?:opioid|опиоид|casein|казеин|carrageen|каррагин)))"
)
# Inside of a word ß is German and ɑ phonetic.
_SIGN = re.compile(r"[µ∆ϐϑϕϰϱϵ]|(?<![a-zäöü])ß(?![A-Za-zäöü])|(?<![^\W\d_])(?<![\u0300-\u036f])ɑ(?![^\W\d_])")
_MEANT = dict(zip("µ∆ɑßϐϑϕϰϱϵкВр", "μΔαββθφκρεκBp", strict=True))
# "c" or "C" before an instrumental, "B" at the head of a sentence before another case of place and time.
_PREPOSITION = re.compile(
    r"(?:(?<![^\s(])c|(?:(?<=[.!?] )|(?<![^\n]))C)(?= (?:[а-яё]+[ои] )?[а-яё]+(?:[оеёыи]м|[оеь]й|[оеь]ю|[аяыи]ми)\b)"
    r"|(?:(?<=[.!?] )|(?<![^\n]))B(?= (?!клет|лимфоц)[а-яё]+(?:[ую]ю|[оеё]м|[ыиая]х|ой)\b)"
)
_PARAMETER = re.compile(
    r"(?:параметр|реш[её]тк|ос[ьи]|констант|переменн|концентрац|скорост|света|витамин|групп|тип)\w*\s$"
)


def signs(text: str) -> Iterator[Edit]:
    """Signs that stand for Greek letters, and two Cyrillic ones that are meant to be others: NF-кВ, р < 0,05."""
    if text.isascii():
        return
    found = [*_SIGN.finditer(text), *_PVALUE.finditer(text), *_KAPPA.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        for i in range(*match.span()):
            if text[i] in _MEANT:
                yield Edit(i, i + 1, _MEANT[text[i]], "homoglyph")


def words(text: str) -> Iterator[Edit]:
    """Letters of another alphabet than the word that they stand in."""
    if text.isascii():
        return
    found = _Words(text)
    for match in _SUSPECT.finditer(text):
        doubles = found.doubles(match)
        if doubles is None:
            yield Edit(match.start(), match.start(), "", MIXED)
            continue
        for at in range(*match.span()):
            if text[at] in doubles:
                yield Edit(at, at + 1, doubles[text[at]], "homoglyph")


def prepositions(text: str) -> Iterator[Edit]:
    """The Russian prepositions с and в that were typed in Latin letters."""
    if text.isascii():
        return
    for match in _PREPOSITION.finditer(text):
        if not _PARAMETER.search(text, max(0, match.start() - 30), match.start()):
            yield Edit(*match.span(), _LATIN_DOUBLES[match[0]], "homoglyph")


class _Words:
    """The words of a text, by the alphabets that they and their neighbours are surely in."""

    def __init__(self, text: str) -> None:
        self.text = text

    def doubles(self, match: re.Match[str]) -> dict[str, str] | None:
        """What brings a word into one alphabet, nothing where it stays; None where it cannot be told which."""
        latin, cyrillic, greek = (letters.findall(match[0]) for letters in (_LATIN, _CYRILLIC, _DOUBLE))
        if latin and cyrillic:
            found = self._mixed(match, latin, cyrillic)
        elif greek:
            found = self._greek(match, greek) if not (latin or cyrillic) else _TO_LATIN if latin else _TO_CYRILLIC
        else:
            found = {}
        if not cyrillic or found is None or found is _TO_LATIN or any(letter not in _TO_LATIN for letter in cyrillic):
            return found
        return _TO_LATIN if self._is_latin(match) else found  # as it would be if it had come in Cyrillic letters

    def _mixed(self, match: re.Match[str], latin: list[str], cyrillic: list[str]) -> dict[str, str] | None:
        word = match[0]
        only_latin = any(letter not in _TO_CYRILLIC for letter in latin)
        only_cyrillic = any(letter not in _TO_LATIN for letter in cyrillic)
        if (only_latin and only_cyrillic) or _JUNCTION.search(word):
            return None
        if only_latin or only_cyrillic:
            return _TO_LATIN if only_latin else _TO_CYRILLIC
        near = self.near(match)
        if "Cyrillic" in near and _ABBREVIATION.fullmatch(_read(word, _TO_CYRILLIC)):
            return _TO_CYRILLIC
        if any(map(str.isdigit, word)) or self._is_symbol(match) or near == {"Latin"}:
            return _TO_LATIN
        if near == {"Cyrillic"} and not word.isupper():
            return _TO_CYRILLIC
        if len(latin) == len(cyrillic):
            return {"Latin": _TO_LATIN, "Cyrillic": _TO_CYRILLIC}.get(self.context(near))
        return _TO_LATIN if len(latin) > len(cyrillic) else _TO_CYRILLIC

    def _greek(self, match: re.Match[str], doubles: list[str]) -> dict[str, str]:
        """Of a word in Greek letters and digits."""
        near = self.near(match)
        if _sure(match[0]) == "Greek" or "Greek" in near:
            return {}
        context = self.context(near)
        russian = context == "Cyrillic" and match[0].isalpha() and all(map(_TO_CYRILLIC.get, doubles))
        return _TO_CYRILLIC if russian else _TO_LATIN if context else {}

    def _is_latin(self, match: re.Match[str]) -> bool:
        """Whether a word, all of whose letters have doubles, is surely meant to be Latin, Cyrillic ones too."""
        if self._is_symbol(match):
            return True
        quoted = _QUOTED.fullmatch(_read(match[0], _TO_CYRILLIC))
        return self.foreign and not quoted and not self.near(match) & {"Cyrillic", "Greek"}

    def _is_symbol(self, match: re.Match[str]) -> bool:
        reading = _read(match[0], _TO_LATIN)
        before, behind = self.text[max(0, match.start() - 2) : match.start()], self.text[match.end() : match.end() + 2]
        if _SYMBOL.fullmatch(reading) or _ION.fullmatch(reading + behind[:1]):
            return True
        group = _GROUP.search(before + reading + behind)
        return group is not None and group.start() < len(before) + len(reading) and group.end() > len(before)

    def context(self, near: set[str]) -> str:
        """The alphabet of the words around a word, or where they differ that of the text; empty where none tells."""
        latin, cyrillic = self.letters
        return min(near) if len(near) == 1 else "" if latin == cyrillic else "Latin" if latin > cyrillic else "Cyrillic"

    def near(self, match: re.Match[str]) -> set[str]:
        """Alphabets of the nearest words on the line, on the left and on the right, that are surely in one."""
        left = self.text[max(0, match.start() - _REACH) : match.start()].rpartition("\n")[2]
        right = self.text[match.end() : match.end() + _REACH].partition("\n")[0]
        sides = (_WORD.findall(left)[: -_NEAR - 1 : -1], _WORD.findall(right)[:_NEAR])
        return {next(filter(None, map(_sure, side)), "") for side in sides} - {""}

    @cached_property
    def letters(self) -> tuple[int, int]:
        """How many letters of the text are surely Latin, and how many Cyrillic."""
        return len(_SURELY_LATIN.findall(self.text)), len(_SURELY_CYRILLIC.findall(self.text))

    @property
    def foreign(self) -> bool:
        """Whether it is a text in Latin letters that may quote Russian, and no Russian one with Latin names."""
        latin, cyrillic = self.letters
        return latin > 4 * cyrillic


def _sure(word: str) -> str:
    """The alphabet of a word by its letters without a double; empty where there are none or they differ."""
    latin, cyrillic = _SURELY_LATIN.search(word), _SURELY_CYRILLIC.search(word)
    if latin or cyrillic:
        # One letter, such as the conjunction "и" in a list of genes, tells nothing of its neighbours.
        return "" if (latin and cyrillic) or len(word) == 1 else "Latin" if latin else "Cyrillic"
    return "Greek" if len(_GREEK.findall(word)) > 2 and not _ROMAN.fullmatch(word) else ""


def _read(word: str, doubles: dict[str, str]) -> str:
    return "".join(doubles.get(letter, letter) for letter in word)
