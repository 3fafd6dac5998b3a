"""Sentence splitting by rules that know the abbreviations, initials and names of chemistry and biomedicine.

Every place where a sentence could end is judged by what stands right before and behind it, in this order: the rules
below, which hold in every language; for Russian then razdel, which is asked about a few dozen characters around the
place; elsewhere a sentence ends where the next word does not begin with a small letter. So the time is linear in the
text. (pysbd was measured and not taken: its time grows with the square of the text, 18 s for 96,000 characters, and
it cuts behind ``wt.`` and ``Pat.``.)
"""

from __future__ import annotations

import re
from typing import NamedTuple

import razdel

from chemxl.documents import Span
from chemxl.errors import ChemxlError

LANGUAGES = ("en", "es", "ru", "zh")

_OPENERS = "\"'«„“‘({["
_CLOSERS = "]\"'»”’)}」』】）"  # begins with ], so that it can stand in a class as it is
# Signs that end a sentence, at the first of a run, with what closes behind them; or a blank line.
_PLACE = re.compile(
    rf"(?P<gap>\n[^\S\n]*+\n)|(?<![.!?…])(?P<sign>[.!?…]++)[{_CLOSERS}]*+(?=\s)|(?P<wide>[。！？]++)[{_CLOSERS}]*+"
)
_NEXT = re.compile(rf"\s*+(?P<token>[{_OPENERS}]*+(?P<word>[^\W\d_]*+)(?P<sign>\S?))")
_BLACK = re.compile(r"\S")
_CONTINUES = ".!?…,;:%‰°=<>±×+/)]}»"
_WINDOW = 40  # characters before and behind a place that decide about it


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Without their last full stop, in small letters. Whatever follows these belongs to the same sentence.
_ALWAYS = _set(
    "ee fig figs tab eq eqs eqn refs sect chap vs cf e.g i.e eg ie viz approx calcd appl b.p m.p "
    "рис табл ср напр т.е т.к т.н т.о гл пп разд уравн ок прибл пат заявл акад проф доц канд докт "
    "sra dra p.ej pág págs núm aprox"
)
# What follows these belongs to the same sentence unless it begins with a capital letter.
_TAIL = _set(
    "al etc wt vol mol min max sec hr hrs h no nos ex ref inc corp co ltd sp spp var subsp equiv temp bp mp "
    "a.m p.m p.o i.v i.p s.c b.i.d "
    "вес масс об обл рт.ст мол ат мас мин макс сек час др т.д т.п т.пл т.кип т.ч пр млн млрд тыс руб кв куб экв "
    "конц разб н.э с.ш в.д"
)
# What follows these belongs to the same sentence unless sentences begin with such a word: names and reagents follow.
_NAMED = _set("u.s u.k ph.d conc aq sat anhyd satd abs ee.uu ed eds jr ser pat ca dr mr mrs ms prof st sr natl j")
_STARTERS = _set(
    "a an the this that these those it its he she they we our in on at by for from to of with after before when while "
    "if as although however moreover furthermore thus therefore hence then here there both each all some such another "
    "results conclusion conclusions methods background objective "
    "в во на из к с у о об при для по от до за как это этот эта эти то так также таким поэтому однако кроме если "
    "когда после затем далее мы он она они его их все у был была были было не результаты выводы заключение методы цель "
    "el la los las un una en se este esta estos con por para su sin al del es como"
)
_INITIALS = re.compile(r"[^\W\d_](?:\.-?[^\W\d_]){0,3}")  # A, A.B, J.-P
_LETTERED = re.compile(  # these are named by a letter: vitamin C, гепатит B
    r"\b(?:vitamin|hepatitis|type|group|class|panel|form|strain|step|compound|factor|hemoglobin|tipo|grupo|clase|"
    r"витамин|гепатит|тип|групп|класс|форм|штамм|стади|соединени|фактор|гемоглобин)\w*\s+\Z",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(?<!\w)(\w{1,2})\.\s(\w{1,3})\Z")  # т. е., т. пл.
_NAME_END = re.compile(r"[\d)\]]\Z|[\d,–/°-]\w\Z")  # a number, a bracket, the end of a name, no initial: 2,4-D
_QUANTITY = re.compile(r"[\dIVX]\s?(?:гг?|вв?|ч|см|д)\Z")
_MARKER = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[IVX]{1,5}|[^\W\d_])")
# Sentences that begin with a small letter: n-Butanol, α-D-Glucose, tert-Butyl, mRNA, pH.
_SMALL_BEGIN = re.compile(r"[^\W\d_]{1,4}-[^\W\da-zа-яё_]|[a-z]{1,3}[A-Z]")


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

    A line break is a space like others; a blank line always ends a sentence.

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
        elif match["wide"] or _ends(text, _Place(begin, match.start(), match.end()), language):
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


def _ends(text: str, place: _Place, language: str) -> bool:
    following = _NEXT.match(text, place.end)
    assert following is not None
    if not following["token"] or following["token"][0] in _CONTINUES:
        return False
    small = following["word"][:1].islower()
    if small and not _SMALL_BEGIN.match(text, following.start("word")):
        return False
    if text[place.sign : place.end] != ".":
        return True  # an exclamation, a question, an ellipsis, or a sentence within quotes or brackets
    known = _known(text, place, following["word"], following["sign"])
    if known is None and language == "ru" and not small:
        return _razdel(text, place)
    return known is not False


def _known(text: str, place: _Place, word: str, sign: str) -> bool | None:
    """Whether the sentence ends here, as far as the token before the full stop tells."""
    before = text[max(place.begin, place.sign - _WINDOW) : place.sign]
    left = before.split()[-1].lstrip(_OPENERS) if before and not before[-1].isspace() else ""
    if _MARKER.fullmatch(left) and place.begin == place.sign - len(left):
        return False  # the number of a list item
    if _NAME_END.search(left):
        return True
    if _QUANTITY.search(before):
        return word[:1].isupper()
    pair = _PAIR.search(before)
    names = {left.casefold(), ".".join(pair.groups()).casefold() if pair else ""}
    if names & _ALWAYS:
        return False
    if names & _TAIL and not left.isupper():
        return word[:1].isupper()
    initials = left.isupper() and _INITIALS.fullmatch(left)
    if initials or names & _NAMED:
        starts = word.casefold() in _STARTERS or (initials and _LETTERED.search(before[: -len(left)]))
        return bool(starts) and not (len(word) == 1 and sign == ".")
    return None


def _razdel(text: str, place: _Place) -> bool:
    start = max(place.begin, place.sign - _WINDOW)
    return any(start + part.stop == place.end for part in razdel.sentenize(text[start : place.end + _WINDOW]))
