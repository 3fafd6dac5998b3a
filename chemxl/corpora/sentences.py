"""Sentence splitting by rules that know the abbreviations, initials and names of chemistry and biomedicine.

Every place where a sentence could end is judged by what stands right before and behind it. The word before gives the
kind of its full stop: of an abbreviation (``abbreviations.py``), of an initial, or of the end of a sentence. The token
behind has a shape: a name, a formula, a number, a word that begins sentences. One table says which shapes begin a
sentence behind which kind. Only some dozen characters around a place are looked at: the time is linear in the text.
"""

from __future__ import annotations

import re
from typing import Literal

from chemxl.corpora import abbreviations as known
from chemxl.corpora import stops
from chemxl.corpora.abbreviations import Kind
from chemxl.corpora.stops import OPENERS, WINDOW, Stop
from chemxl.documents import Span
from chemxl.errors import ChemxlError

LANGUAGES = ("en", "es", "ru", "zh")

Shape = Literal["small", "starter", "word", "code", "serial", "item", "number", "bracket", "other"]
_BEGINS: dict[Kind, frozenset[Shape]] = {
    "always": frozenset(),
    "named": frozenset({"starter"}),
    "numbered": frozenset({"starter", "word", "code"}),
    "coded": frozenset({"starter", "word", "item"}),
    "tail": frozenset({"starter", "word", "code", "serial", "item"}),
    "plain": frozenset({"starter", "word", "code", "serial", "item", "number", "bracket", "other"}),
}

_CLOSERS = "]\"'»”’)}」』】）》"  # begins with ], so that it can stand in a class as it is
_SMALL, _LARGE, _HAN = "a-zа-яёáéíóúñü", "A-ZА-ЯЁÁÉÍÓÚÑ", "\u3400-\u9fff"
_HIDDEN = "\u00ad\u200b-\u200d\u2060\ufeff"  # soft hyphens and characters without width
_CITED = r"(?:\s?\[\d[\d,;–\- ]{0,20}\]){1,9}"  # [12], [3][4]
_RAISED = r"\(\d{1,3}(?:[,–-]\s?\d{1,3}){0,8}\)|[¹²³⁰⁴-⁹]{1,3}(?:[,⁻–-][¹²³⁰⁴-⁹]{1,3}){0,8}"
# A blank line; signs that end a sentence, at the first of a run, with what closes behind them and references;
# a sign with no space behind it, "ended.The", or a reference, "ended.12 The", "ended.(12) The"; signs that need no
# space; a smiley.
_PLACE = re.compile(
    rf"[\n.!?…。！？｡．:;()](?:(?<=\n)(?P<gap>[^\S\n]*+\n)"
    rf"|(?<=[.!?…])(?<![.!?…]{{2}})(?P<run>[.!?…]*+)(?P<close>[{_CLOSERS}]*+)"
    rf"(?P<cited>{_CITED}|{_RAISED})?(?=\s)"
    rf"|(?<=[{_SMALL}]{{3}}[.!?])(?P<glued>(?:(?<=\.)\d{{1,3}}(?:[,–-]\d{{1,3}}){{0,8}}(?=\s))?)"
    rf"(?=\s?(?:[{_LARGE}¿¡][^\W\d_{_LARGE}]|[AВКСУ]\s))"
    rf"|(?P<wide>(?:(?<=[。！？｡])[。！？｡]*+|(?<=…)…++|(?<=[{_HAN}][.．!?])(?=[{_HAN}]))[{_CLOSERS}]*+)(?:{_CITED})?"
    r"|(?P<smile>(?:(?<=[:;])-?[)(]++|(?<=\))(?<!\)\))\)++|(?<=\()(?<!\(\()\(++)(?=\s)))"
)
_NEXT = re.compile(rf"[\s{_HIDDEN}]*+(?P<token>[{OPENERS}]*+(?P<word>[^\W\d_]*+)(?P<sign>\S?))")
_BLACK = re.compile(r"\S")
_ADDRESS = re.compile(r"(?:www|[/@\\])\S*\Z")
_CONTINUES = ".!?…,;:%‰°=<>±×+/&)]}»"
_DASHED = re.compile(rf"[^\S\n]*+[-–—]+\s*+[{_SMALL}]")  # «...?» — спросил он
_BRACKET = 150  # a bracket that is longer may be one that was never closed

_WORD = re.compile(rf"[^\s{re.escape(OPENERS)}/,;:，；：、{_HAN}{_HIDDEN}]*\Z")
_NEXT_ITEM = re.compile(rf"\d{{1,2}}[.)]\s+[{_LARGE}]")
_NEXT_NAME = re.compile(rf"\d[\d,'′.]*-[{_LARGE}]")  # 2-Chlorobenzene, 4-Летняя
_SERIAL = re.compile(r"[IVX]+\b(?!\.)|[^\W\d_]{1,4}(?:[-/][^\W\d_]{0,3})?\d")  # III, S12, PCT/RU2010
_SAYS = re.compile(rf"[{_HAN}]{{0,6}}?(?:说|问|答|喊|回答|表示)(?:[，。：！]|道)")
_PAIRS = ("（）", "《》", "“”", "「」", "()")


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
        if match["gap"] is not None:
            end = match.start()
        elif _wide_ends(text, begin, match) if match["wide"] is not None else _ends(text, begin, match, language):
            end = match.end()
        else:
            continue
        spans.append((begin, begin + len(text[begin:end].rstrip())))
        begin = _skip(text, match.end())
    if begin < len(text):
        spans.append((begin, begin + len(text[begin:].rstrip())))
    return spans


def _skip(text: str, start: int) -> int:
    return black.start() if (black := _BLACK.search(text, start)) else len(text)


def _ends(text: str, begin: int, match: re.Match[str], language: str) -> bool:
    following = _NEXT.match(text, match.end())
    assert following is not None
    token, closed = following["token"], match["close"] or ""
    if not token or token[0] in _CONTINUES or _DASHED.match(text, match.end()):
        return False
    if match["smile"] is not None:
        return _shape(text, following, language) in ("starter", "word") and _smiles(text, begin, match)
    if not closed and _within(text, begin, match, "(", ")"):
        return False
    shape, broken = _shape(text, following, language), "\n" in text[match.end() : following.start("token")]
    if text[match.start()] != "." or match["run"]:
        begins = following["word"] in known.STARTERS[language] and text[match.start()] in "!?" and not closed
        return shape != "small" or broken or begins
    stop = _stop(text, begin, match, following, language)
    kind = stops.kind(stop)
    if match["glued"] is not None and (stop.word[:1].isupper() or _ADDRESS.search(stop.earlier + stop.word)):
        return False
    if kind != "plain" and (match["glued"] is not None or match["cited"] or _closes_inside(text, begin, closed)):
        return shape == "starter" and bool(closed)
    if kind == "plain" and shape == "small":  # as in reviews and notes
        return bool(known.WHOLE_WORD.search(stop.word)) or (broken and len(stop.word) > 2)
    return shape in _BEGINS[kind]


def _stop(text: str, begin: int, match: re.Match[str], following: re.Match[str], language: str) -> Stop:
    at, kinds = match.start(), known.KINDS[language]
    before = text[max(begin, at - WINDOW) : at].rstrip()
    found = _WORD.search(before.rpartition(" ")[2])
    word = found[0] if found else ""
    first, _, rest = word.partition(".")  # им.А.Н
    word = rest if rest and len(first) > 1 and first.casefold() in kinds and word.casefold() not in kinds else word
    spaced = at > begin and text[at - 1].isspace()
    return Stop(text, language, begin, at, word, before[: len(before) - len(word)], following, spaced)


def _shape(text: str, following: re.Match[str], language: str) -> Shape:
    token, word, start = following["token"], following["word"], following.start("token")
    alone = not following["sign"] if len(word) == 1 else following["sign"] != "." or len(word) > 3
    starts = alone and word[:1].isupper() and word.casefold() in known.STARTERS[language]
    if token[0] in "([（":
        close = text.find(")", start, start + _BRACKET)
        return "starter" if starts and close > 0 and text[close - 1] in ".!?" else "bracket"
    if word[:1].islower():
        return "other" if known.SMALL_BEGIN.match(text, following.start("word")) else "small"
    if starts or token[0] in "¿¡":
        return "starter"
    if token[0].isdigit():
        return "item" if _NEXT_ITEM.match(text, start) else "word" if _NEXT_NAME.match(text, start) else "number"
    if not word[:1].isupper():
        return "other"
    if len(word) > 2 and word[1:].islower():
        return "word"
    return "serial" if _SERIAL.match(text, following.start("word")) else "code"


def _within(text: str, begin: int, match: re.Match[str], opener: str, closer: str) -> bool:
    """Whether the place is in a bracket that was opened in the sentence and will be closed."""
    opened = text.rfind(opener, max(begin + 1, match.start() - _BRACKET), match.start())
    if opened < 0 or text.find(closer, opened, match.start()) >= 0:
        return False
    closed = text.find(closer, match.end(), match.end() + _BRACKET)
    return closed >= 0 and text.find(opener, match.end(), closed) < 0


def _smiles(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether what looks like a smiley, :) or )), closes no bracket that was opened in the sentence."""
    opened = 0
    for sign in re.findall("[()]", text[max(begin, match.start() - _BRACKET) : match.start()]):
        opened = max(0, opened + (1 if sign == "(" else -1))
    return match[0].count(")") > opened or "(" in match[0]


def _closes_inside(text: str, begin: int, closed: str) -> bool:
    return any(sign in ")]}）" for sign in closed) and text[begin] not in "([{（"


def _wide_ends(text: str, begin: int, match: re.Match[str]) -> bool:
    wide = text[match.start() : match.end("wide")]
    if text[match.end() : match.end() + 1] in set("，、；：,;:") or _closes_inside(text, begin, wide):
        return False
    if wide[-1] in '”」』"' and _SAYS.match(text, match.end()):
        return False
    return not any(_within(text, begin, match, *pair) for pair in _PAIRS if pair[1] not in wide)
