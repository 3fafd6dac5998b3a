"""What a full stop is: that of an abbreviation, of an initial or of a list's number, or the end of a sentence."""

from __future__ import annotations

import re
from typing import NamedTuple

from chemxl.corpora import abbreviations as known
from chemxl.corpora.abbreviations import Kind

OPENERS = "\"'«„“‘({[¿¡（【《「『"
WINDOW = 40  # characters before a place that decide about it

_PAIR = re.compile(r"(?<!\w)(\w{1,3})\.\s(\w{1,4})\Z")  # т. е., т. пл., p. ej.
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")  # i.v, х.ч
_INITIALS = re.compile(r"[^\W\d_](?:\.-?[^\W\d_]){0,3}")  # A, A.B, J.-P
_ITEM = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[IVX]{1,5}|[^\W\d_])")
_FIRST_ITEM = re.compile(r"[^\W\d]\s?[:;]\s+\(?[1IaAаА]\Z")  # the aims were: 1
_NUMBERED = re.compile(r"\(?(\d{1,3})[.)]\s")
_UNIT = re.compile(r"(?:[\d½]|\d\s|\b[IVX]+\s)(?P<unit>[^\W\d_]{1,4})\Z")  # 2010г, 5 h, XX в
# Of a reference in the Russian style, 2001. Т. 71. Вып. 5. С. 800; of a journal, 2003, 125; of a hydrate, CuSO4. 5H2O.
_REFERENCE = re.compile(r"(?:(?:Т|Вып|С|Ч|Кн|Сер|Vol|P|Pp)\.|№)\s?\w")
_YEAR = re.compile(r"(?:18|19|20)\d\d(?:[.,;]?\s(?:Т|№|Вып|С|Vol)|[,;]\s?\d)|\d{1,2}H2O\b")
_VOLUME = re.compile(r"\b(?:Сер|Т|Вып)\.\s\Z")
_BEHIND_LETTER = re.compile(r"(?<!\w)[^\W\d_](?:,|,? (?:and|or|to|и|или|до|y|o|e|а))\s*\Z")  # groups A and
_ONLY_A_TIME = re.compile(  # В 2003 г.
    r"(?:(?:в|с|к|до|по|после|за|уже|ещё|лишь|только|так|впервые|начал|конц|летом|осенью|зимой|весной)\w{0,2},?\s){1,3}"
    r"(?:\w{3,8}\s)?[\dIVX–— -]+(?:\sпо\s\d+)?\s?(?:гг?|вв?)",
    re.IGNORECASE,
)


class Stop(NamedTuple):
    """A full stop and what stands around it.

    Args:
        begin: of the sentence that could end here; ``at``: of the full stop.
        word: right before it; ``earlier``: before the word, some dozen characters; ``next``: a match of what stands
            behind, with the groups ``token``, ``word`` and ``sign``.
        spaced: whether a space stands between the word and the full stop.
    """

    text: str
    language: str
    begin: int
    at: int
    word: str
    earlier: str
    next: re.Match[str]
    spaced: bool


def kind(stop: Stop) -> Kind:
    """The kind of a full stop, by what stands right before and behind it."""
    word, start = stop.word, stop.next.start("token")
    small, kinds = word.casefold(), known.KINDS[stop.language]
    if (len(word) < 8 and _is_item(stop)) or stop.next["word"] == "Сер":
        return "always"
    if stop.next["token"][0].isdigit():
        if _follows_item(stop):
            return "plain"
        if _YEAR.match(stop.text, start) or (stop.spaced and word[-1:].isdigit()):  # 4 . 5
            return "always"
    if word[-1:].isdigit():
        return "always" if _REFERENCE.match(stop.text, start) else "named" if _VOLUME.search(stop.earlier) else "plain"
    pair = _PAIR.search(stop.earlier + word) if len(word) < 5 else None
    if pair and (found := kinds.get(f"{pair[1]}.{pair[2]}".casefold())):
        return found
    unit = _UNIT.search(stop.earlier[-5:] + small) if small in known.UNITS or word[:1].isnumeric() else None
    if unit and unit["unit"] in known.UNITS:
        return _unit(stop, unit["unit"])
    if word.islower() and stop.earlier.endswith("/"):
        return "tail"
    if word.isupper() and _INITIALS.fullmatch(word):
        return "named" if len(word) > 1 else _letter(stop)
    return _abbreviation(stop)


def _unit(stop: Stop, unit: str) -> Kind:
    """The kind behind a number and its unit."""
    initial = stop.next["sign"] == "." and len(stop.next["word"]) == 1
    if unit == "г" and (initial or stop.earlier.rstrip("0123456789 \n").endswith("№")):
        return "named"  # в 1976 г. А. Паркс; больница № 6 г. Москвы
    alone = stop.at - stop.begin < WINDOW and _ONLY_A_TIME.fullmatch(stop.earlier + stop.word)
    return "always" if alone else "tail"


def _abbreviation(stop: Stop) -> Kind:
    word, following = stop.word, stop.next
    small = word.casefold()
    acronym = not word.islower() and not word.istitle() and "." not in word and small not in known.SHOUTED  # CF, kDa
    kind: Kind = "plain" if acronym else known.KINDS[stop.language].get(small, "plain")
    if kind in ("always", "named"):
        return kind
    if word in known.CAPITALISED:
        return "named"
    if kind == "plain" and word.istitle():  # Beilst. J. Org. Chem. Nanotoxicol. 2003
        before = stop.earlier.rstrip().rpartition(" ")[2]
        behind = following["word"] in known.CAPITALISED or following["word"] in ("J", "Z")
        if (before[-1:] == "." and before[:-1] in known.CAPITALISED) or (behind and following["sign"] == "."):
            return "named"
    if kind == "plain" and _DOTTED.fullmatch(word):
        return "named" if word.isupper() else "tail"
    return kind


def _letter(stop: Stop) -> Kind:
    """Whether a single capital letter is an initial, or the end of a name: protein kinase A."""
    earlier, word = stop.earlier, stop.next["word"]
    if word in known.BEHIND_INITIALS or (stop.next["sign"] == "." and (len(word) == 1 or word in known.CAPITALISED)):
        return "named"
    if earlier[-1:] in set("/,-–") or _BEHIND_LETTER.search(earlier):
        return "plain"
    words = earlier.split()
    previous = words[-1].lstrip(OPENERS) if words else ""
    if previous[-1:].isdigit() or previous[-1:] in set("%°<>=+"):
        return "plain"
    piece = re.split(r"[-–/]", previous)[-1]
    small = piece.casefold()
    if small in known.LETTERED or small.startswith(known.LETTERED_STEMS):
        return "plain"
    if small in known.BEFORE_NAMES or small.startswith(known.BEFORE_NAMES_STEMS) or not piece.isalpha():
        return "named"
    if not piece.islower():
        begins = (len(words) == 1 or small[0] < "а") and known.SUBSTANCE.search(small)
        return "plain" if begins or (piece.isupper() and len(piece) > 1) else "named"
    if stop.word == "L" and words[-2:-1] and words[-2].istitle():
        return "tail"  # Linnaeus: Crocus sativus L. (Saffron)
    if small[0] < "а":
        return "named" if known.NO_LABEL.search(small) else "plain"
    return "plain" if known.SUBSTANCE.search(small) or (stop.word in "DFGIJLNQRSUVWZ" and word[:1] >= "А") else "named"


def _is_item(stop: Stop) -> bool:
    """Whether this is the number of a list item, at the beginning of a sentence or behind a colon."""
    begins = stop.at - len(stop.word) <= stop.begin + 1
    return bool(_ITEM.fullmatch(stop.word) and (begins or _FIRST_ITEM.search(stop.earlier + stop.word)))


def _follows_item(stop: Stop) -> bool:
    """Whether list item n ends here and item n + 1 begins."""
    starts = (stop.begin, stop.next.start("token"))
    numbers = [int(match[1]) for start in starts if (match := _NUMBERED.match(stop.text, start))]
    return len(numbers) == 2 and numbers[1] == numbers[0] + 1
