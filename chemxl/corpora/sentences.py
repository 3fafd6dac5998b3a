"""Sentence splitting by rules that know the abbreviations, initials and names of chemistry and biomedicine.

Every place where a sentence could end is judged by what stands right before and behind it: the word before gives the
kind of its full stop (an abbreviation of some kind, an initial, the end of a sentence), the word behind gives a shape
(a name, a formula, a number, a word that begins sentences), and one table says which shapes begin a new sentence behind
which kind. Only a few dozen characters around a place are looked at, so the time is linear in the text.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from chemxl.corpora.abbreviations import (
    BEFORE_NAMES,
    BEFORE_NAMES_STEMS,
    CAPITALISED,
    KINDS,
    LETTERED,
    LETTERED_STEMS,
    SHOUTED,
    STARTERS,
    UNITS,
    Kind,
)
from chemxl.documents import Span
from chemxl.errors import ChemxlError

LANGUAGES = ("en", "es", "ru", "zh")

Shape = Literal["small", "starter", "word", "code", "serial", "item", "number", "bracket", "other"]
_NEVER: frozenset[Shape] = frozenset()
_ENDS: dict[Kind, frozenset[Shape]] = {
    "always": _NEVER,
    "named": frozenset({"starter"}),
    "numbered": frozenset({"starter", "word", "code"}),
    "coded": frozenset({"starter", "word", "item"}),
    "tail": frozenset({"starter", "word", "code", "serial", "item"}),
    "plain": frozenset({"starter", "word", "code", "serial", "item", "number", "bracket", "other"}),
}

_OPENERS = "\"'«„“‘({[¿¡（【《「『"
_CLOSERS = "]\"'»”’)}」』】）》"  # begins with ], so that it can stand in a class as it is
_SMALL, _LARGE = "a-zа-яёáéíóúñü", "A-ZА-ЯЁÁÉÍÓÚÑ"
_HAN = "\u3400-\u9fff"
# Signs that end a sentence, at the first of a run, with what closes behind them and a reference; or a blank line.
_PLACE = re.compile(
    rf"(?P<gap>\n[^\S\n]*+\n)"
    rf"|(?<![.!?…])(?P<sign>[.!?…]++)(?P<close>[{_CLOSERS}]*+)(?P<cited>\s?\[\d[\d,;–\- ]{{0,20}}\])?(?=\s)"
    rf"|(?<=[{_SMALL}]{{3}})(?P<glued>[.!?]|\.\d{{1,3}}(?:[,–-]\d{{1,3}}){{0,8}}(?=\s))(?=\s?(?:[{_LARGE}¿¡][^\W\d_{_LARGE}]|[AВКСУ]\s))"
    rf"|(?P<wide>[。！？｡]++|…{{2,}}+|(?<=[{_HAN}])[.．!?](?=[{_HAN}]))[{_CLOSERS}]*+"
)
_NEXT = re.compile(rf"\s*+(?P<token>[{_OPENERS}]*+(?P<word>[^\W\d_]*+)(?P<sign>\S?))")
_BLACK = re.compile(r"\S")
_CONTINUES = ".!?…,;:%‰°=<>±×+/&)]}»"
_DASHED = re.compile(rf"[^\S\n]*+[-–—]+\s*+[{_SMALL}]")  # «...?» — спросил он
_WINDOW = 40  # characters before a place that decide about it
_BRACKET = 150  # a bracket that is longer may be one that was never closed

_LEFT = re.compile(rf"[^\s{re.escape(_OPENERS)}/,;:，；：、{_HAN}]*\Z")
_PAIR = re.compile(r"(?<!\w)(\w{1,3})\.\s(\w{1,4})\Z")  # т. е., т. пл., p. ej.
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")  # i.v, х.ч
_INITIALS = re.compile(r"[^\W\d_](?:\.-?[^\W\d_]){0,3}")  # A, A.B, J.-P
_MARKER = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[IVX]{1,5}|[^\W\d_])")
_COLON = re.compile(r"[^\W\d]\s?[:;]\s+\(?\Z")
_FIRST = frozenset("1IiAaАа")
_NUMBERED = re.compile(r"\(?(\d{1,3})[.)]\s")
_NAME = re.compile(rf"\d[\d,'′.]*-[{_LARGE}]")  # 2-Chlorobenzene, 4-Летняя
_ITEM = re.compile(rf"\d{{1,2}}[.)]\s+[{_LARGE}]")
_GLUED_UNIT = re.compile(r"[\d½]([^\W\d_]{1,4})\Z")  # 2010г, 1т
_BEHIND_NUMBER = re.compile(r"(?:\d|\b[IVX]+)\s?\Z")
# Of a reference in the Russian style: 2001. Т. 71. Вып. 5. С. 800.
_REFERENCE = re.compile(r"(?:(?:18|19|20)\d\d[.,;]?\s)?(?:(?:Т|Вып|С|Ч|Кн|Vol|P|Pp)\.|№)\s?\d|(?:18|19|20)\d\d[,;]\s?\d")
_SERIAL = re.compile(r"[IVX]+\b(?!\.)|[^\W\d_]{1,4}(?:[-/][^\W\d_]{0,3})?\d")  # III, S12, PCT/RU2010
_BEHIND_LETTER = re.compile(r"(?<!\w)[^\W\d_](?:,|,? (?:and|or|to|и|или|до|y|o|e|а))\Z")  # groups A and
# Sentences that begin with a small letter: n-Butanol, α-D-Glucose, tert-Butyl, mRNA, p53, beta 2-Adrenergic, β-catenin.
_SMALL_BEGIN = re.compile(
    rf"[^\W\d_]{{1,6}}-[{_LARGE}]|[a-zа-я]{{1,5}}[A-ZА-Я]|[a-z]{{1,4}}\d|[α-ω]\W|(?:alpha|beta|gamma|delta)\W{{0,2}}[A-Z\d]"
)
# Russian words that a letter stands behind more often than an initial: циклоспорин А, протеинкиназы C.
_SUBSTANCE = re.compile(r"(?:[ио]н|аз|оид|ол|ид|ат|ит|ген|вирус|фактор)(?:[аыуеоия]|ом|ой|ов|ам|ами|ах)?\Z")
_NOT_RUSSIAN = "DFGIJLNQRSUVWZ"
_WHOLE_WORD = re.compile(  # no abbreviation: those are cut behind a consonant
    r"[а-яё]{3,}(?:[аеёиоуыэюяйь]|[аеёиоуыя][лмх])\Z|[a-záéíóúñ]{3,}(?:[aeouyáéíóú]s?|ed|ing|ion|er|al|nt)\Z"
)
_ONLY_A_TIME = re.compile(  # В 2003 г.
    r"(?:(?:в|с|к|до|по|после|за|уже|ещё|лишь|только|так|впервые|начал|конц|летом|осенью|зимой|весной)\w{0,2},?\s){1,3}"
    r"(?:\w{3,8}\s)?[\d–— -]+(?:\sпо\s\d+)?\s?гг?",
    re.IGNORECASE,
)
_SAYS = re.compile(rf"[{_HAN}]{{0,6}}?(?:说|问|答|喊|回答|表示)(?:[，。：！]|道)")


class _Place(NamedTuple):
    """Where a sentence could end.

    Args:
        begin: of the sentence that could end here.
        sign: start of the sign; ``end``: behind it and what closes.
    """

    begin: int
    sign: int
    end: int


def sentences(text: str, language: str) -> list[Span]:
    """Offsets of the sentences: ascending, disjoint, not empty, no space at either end, no other character left out.

    A line break is a space like others; a blank line always ends a sentence. The number of a list item belongs to the
    item, a reference behind the full stop to the sentence before it.

    Args:
        language: one of ``LANGUAGES``. Chinese may end a sentence at 。！？ without a space.

    Raises:
        ChemxlError: another language.
    """
    if language not in LANGUAGES:
        raise ChemxlError(f"no sentence rules for the language {language!r}: take one of {', '.join(LANGUAGES)}")
    spans: list[Span] = []
    begin = _skip(text, 0)
    for match in _PLACE.finditer(text):
        if match.start() < begin:
            continue
        if match["gap"]:
            end = match.start()
        elif _ends(text, _Place(begin, match.start(), match.end()), match, language):
            end = match.end()
        else:
            continue
        spans.append((begin, begin + len(text[begin:end].rstrip())))
        begin = _skip(text, match.end())
    if begin < len(text):
        spans.append((begin, begin + len(text[begin:].rstrip())))
    return spans


def _skip(text: str, start: int) -> int:
    black = _BLACK.search(text, start)
    return black.start() if black else len(text)


def _ends(text: str, place: _Place, match: re.Match[str], language: str) -> bool:
    following = _NEXT.match(text, place.end)
    assert following is not None
    closed = match["close"] or ""
    if match["wide"]:
        return _wide_ends(text, place, following)
    if not following["token"] or following["token"][0] in _CONTINUES or _DASHED.match(text, place.end):
        return False
    if not closed and _within(text, place, "(", ")"):
        return False
    shape = _shape(text, following, language)
    kind: Kind = "plain"
    left = ""
    if text[place.sign] == "." and match["sign"] in (".", None):
        kind, left = _kind(text, place, following, language)
        if kind != "plain" and (match["glued"] or match["cited"] or _closes_inside(text, place, closed)):
            return shape == "starter" and bool(closed)
    if shape == "small":  # sentences of reviews and notes begin so
        broken = "\n" in text[place.end : following.start("token")] and (len(left) > 3 or not left)
        return kind == "plain" and (broken or _WHOLE_WORD.search(left) is not None)
    return shape in _ENDS[kind]


def _shape(text: str, following: re.Match[str], language: str) -> Shape:
    token, word, start = following["token"], following["word"], following.start("token")
    small, sign = word.casefold(), following["sign"]
    alone = sign != "." or small not in KINDS[language] if len(word) > 1 else not sign
    starts = word[:1].isupper() and small in STARTERS[language] and alone
    if token[0] in "([（":
        close = text.find(")", start, start + _BRACKET)
        return "starter" if starts and close > 0 and text[close - 1] in ".!?" else "bracket"
    if word[:1].islower():
        return "other" if _SMALL_BEGIN.match(text, following.start("word")) else "small"
    if starts or token[0] in "¿¡":
        return "starter"
    if token[0].isdigit():
        return "item" if _ITEM.match(text, start) else "word" if _NAME.match(text, start) else "number"
    if word[:1].isupper():
        if len(word) > 2 and word[1:].islower():
            return "word"
        return "serial" if _SERIAL.match(text, following.start("word")) else "code"
    return "other"


def _kind(text: str, place: _Place, following: re.Match[str], language: str) -> tuple[Kind, str]:
    """The kind of a full stop, and the word before it."""
    space = text[place.sign - 1].isspace() if place.sign > place.begin else False
    before = text[max(place.begin, place.sign - _WINDOW) : place.sign].rstrip()
    left = _left(before, language)
    earlier = before[: len(before) - len(left)]
    start, first = following.start("token"), following["token"][0]
    if len(left) < 8 and _is_item(place, earlier, left):
        return "always", left
    if first.isdigit():
        if _follows_item(text, place, start):
            return "plain", left
        if space and left[-1:].isdigit():
            return "always", left  # a number that a tokenizer has spaced: 4 . 5
    if first in "12ТВСЧК№VP" and _REFERENCE.match(text, start):
        return "always", left
    small = left.casefold()
    pair = _PAIR.search(before) if len(left) < 5 else None
    if pair and (kind := KINDS[language].get(f"{pair[1]}.{pair[2]}".casefold())):
        return kind, left
    unit = _GLUED_UNIT.search(small)
    if (unit and unit[1] in UNITS) or (small in UNITS and _BEHIND_NUMBER.search(earlier)):
        if (unit[1] if unit else small) == "г" and (earlier.rstrip("0123456789 \n").endswith("№") or following["sign"] == "." and len(following["word"]) == 1):
            return "named", left  # больница № 6 г. Москвы; в 1976 г. А. Паркс
        alone = place.sign - place.begin < _WINDOW and _ONLY_A_TIME.fullmatch(before)
        return "always" if alone else "tail", left
    if left.islower() and earlier.endswith("/"):
        return "tail", left
    if left.isupper() and _INITIALS.fullmatch(left):
        return ("named" if len(left) > 1 else _letter(left, earlier, following)), left
    return _word(left, earlier, language), left


def _left(before: str, language: str) -> str:
    """The last word, without what opens before it, and without an abbreviation that is written as one with it."""
    match = _LEFT.search(before.rpartition(" ")[2])
    left = match[0] if match else ""
    first, stop, rest = left.partition(".")
    kinds = KINDS[language]
    return rest if stop and len(first) > 1 and first.casefold() in kinds and left.casefold() not in kinds else left


def _word(left: str, earlier: str, language: str) -> Kind:
    """The kind of the full stop behind a word that is no initial."""
    small = left.casefold()
    if not left.isupper() or "." in left or small in SHOUTED:
        if kind := KINDS[language].get(small):
            return kind
    if left in CAPITALISED:
        return "named"
    if _DOTTED.fullmatch(left):
        return "named" if left.isupper() else "tail"
    if left.istitle() and (previous := earlier.rstrip()).endswith(".") and _left(previous[:-1], language) in CAPITALISED:
        return "named"  # J. Chem. Nanotoxicol. 2003
    return "plain"


def _letter(letter: str, earlier: str, following: re.Match[str]) -> Kind:
    """Whether a single capital letter is an initial, or the end of a name: protein kinase A."""
    word = following["word"]
    if following["sign"] == "." and (len(word) == 1 or word in CAPITALISED):
        return "named"
    if earlier[-1:] in set("/,-–") or _BEHIND_LETTER.search(earlier.rstrip()):
        return "plain"
    words = earlier.split()
    previous = words[-1].lstrip(_OPENERS) if words else ""
    if previous[-1:].isdigit() or previous[-1:] in ("%", "°"):
        return "plain"
    piece = re.split(r"[-–/]", previous)[-1]
    small = piece.casefold()
    if small in LETTERED or small.startswith(LETTERED_STEMS):
        return "plain"
    if small in BEFORE_NAMES or small.startswith(BEFORE_NAMES_STEMS) or not piece.isalpha():
        return "named"
    if not piece.islower():
        return "plain" if piece.isupper() and len(piece) > 1 else "named"
    if letter == "L" and words[-2:-1] and words[-2].istitle():
        return "tail"  # Linnaeus: Crocus sativus L. (Saffron)
    if small[0] < "а":
        return "named" if small.endswith(("ing", "ed", "ly")) else "plain"
    return "plain" if _SUBSTANCE.search(small) or letter in _NOT_RUSSIAN and word[:1] >= "А" else "named"


def _is_item(place: _Place, earlier: str, left: str) -> bool:
    """Whether this is the number of a list item, at the beginning of a sentence or behind a colon."""
    if not _MARKER.fullmatch(left):
        return False
    begins = place.sign - len(left) <= place.begin + 1
    return begins or (left.strip("(") in _FIRST and _COLON.search(earlier) is not None)


def _follows_item(text: str, place: _Place, start: int) -> bool:
    """Whether list item n ends here and item n + 1 begins."""
    numbers = [int(match[1]) for at in (place.begin, start) if (match := _NUMBERED.match(text, at))]
    return len(numbers) == 2 and numbers[1] == numbers[0] + 1


def _within(text: str, place: _Place, opener: str, closer: str) -> bool:
    """Whether the place is in a bracket that was opened in the sentence and will be closed."""
    opened = text.rfind(opener, max(place.begin + 1, place.sign - _BRACKET), place.sign)
    if opened < 0 or text.find(closer, opened, place.sign) >= 0:
        return False
    closed = text.find(closer, place.end, place.end + _BRACKET)
    return closed >= 0 and text.find(opener, place.end, closed) < 0


def _closes_inside(text: str, place: _Place, closed: str) -> bool:
    return any(sign in ")]}）" for sign in closed) and text[place.begin] not in "([{（"


def _wide_ends(text: str, place: _Place, following: re.Match[str]) -> bool:
    closed = text[place.sign : place.end]
    if following["token"][:1] in set("，、；：,;:") - {""} or _closes_inside(text, place, closed):
        return False
    if closed[-1] in "”」』\"" and _SAYS.match(text, place.end):
        return False
    pairs = ("（", "）"), ("《", "》"), ("“", "”"), ("「", "」"), ("(", ")")
    return not any(_within(text, place, *pair) for pair in pairs if pair[1] not in closed)
