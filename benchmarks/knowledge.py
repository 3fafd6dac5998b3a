"""Names of a lexicon in text: :class:`chemxl.corpora.matcher.Matcher` beside flashtext; and text with names exchanged
beside a look-up of all word n-grams, as the authors of paper 3 do it.

The text is drawn: words of letters of both scripts, with frequencies that fall with the rank; 100,000 names of one to
four words that are no words of the text otherwise, half of them English and half Russian; 5 MB (UTF-8) of text, half
English and half Russian. One unit in sixteen is a name, about as many as BC5CDR has of the book's lexicons, and one in
sixteen begins with a name and goes on, as «больной» begins with «боль». Names are made ready beforehand.

They agree as far as the names that both find are the same, of all that either finds. What flashtext finds and we do not
is counted as false where a letter or digit stands right beside it: its words end at any character that is not ASCII.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from benchmarks import Row, seconds, traced_mib
from chemxl.corpora.matcher import Matcher
from chemxl.documents import Pair
from chemxl.experiments.provenance import hardware
from chemxl.knowledge.entities import Names

LETTERS = {"en": "etaoinshrdlucmfw", "ru": "оеаинтсрвлкмдпуя"}
NAMES, BYTES, WORDS = 100_000, 5_000_000, 40_000
Span = tuple[int, int]


@dataclass(frozen=True)
class Setup:
    """Names and text of both languages.

    Args:
        names: how many, of both languages together.
        size: bytes of text.
        words: of each language.
    """

    names: int = NAMES
    size: int = BYTES
    words: int = WORDS

    def made(self) -> tuple[dict[str, list[str]], dict[str, str]]:
        """By language the names and the text."""
        rng = np.random.default_rng(0)
        names, texts = {}, {}
        for code, letters in LETTERS.items():
            named, general = (vocabulary(letters, self.words, rng, shortest=shortest) for shortest in (5, 2))
            lengths = rng.choice([1, 2, 3, 4], self.names // 2, p=[0.4, 0.35, 0.15, 0.1])
            own = names[code] = list(dict.fromkeys(" ".join(rng.choice(named, n)) for n in lengths))
            weights = 1 / (np.arange(len(general)) + 11) ** 1.1
            units = self.size // 2 // (17 if code == "ru" else 9)  # bytes of a unit and its blank, about
            drawn = rng.choice(general, units, p=weights / weights.sum()).tolist()
            for i, kind in enumerate(rng.integers(16, size=units).tolist()):
                if kind < 2:
                    name = own[int(rng.integers(len(own)))]
                    drawn[i] = name if kind else f"{name}{letters[:3]}"
            texts[code] = " ".join(drawn)
        return names, texts


def vocabulary(letters: str, count: int, rng: np.random.Generator, *, shortest: int) -> np.ndarray:
    """Different words of ``shortest`` to that and eight letters."""
    made: dict[str, None] = {}
    while len(made) < count:
        made["".join(rng.choice(list(letters), rng.integers(shortest, shortest + 9)))] = None
    return np.array(list(made))


def ngrams(text: str, translations: dict[str, list[str]], *, most: int = 10) -> str:
    """The authors' way: every run of one to five words is written down, then looked up, with an exception where it is
    no name; the longest of those that begin alike and of those that end alike stay; up to ``most`` are exchanged, the
    first ones."""
    words = text.split()
    runs: dict[Span, str] = {}
    for start in range(len(words)):
        for size in range(1, 6):
            runs[start, min(start + size, len(words))] = " ".join(words[start : start + size]).strip()
    found: dict[Span, str] = {}
    for span, run in runs.items():
        try:
            translations[run]
        except KeyError:
            continue
        found[span] = run
    by_start: dict[int, int] = {}
    for start, end in found:
        by_start[start] = max(end, by_start.get(start, 0))
    by_end: dict[int, int] = {}
    for start, end in by_start.items():
        by_end[end] = min(start, by_end.get(end, start))
    spans = [(start, end) for end, start in by_end.items()]
    kept = [s for s in spans if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in spans)]
    parts, at = [], 0
    for start, end in sorted(kept)[:most]:
        if start >= at:
            parts += [*words[at:start], translations[found[start, end]][0]]
            at = end
    return " ".join([*parts, *words[at:]])


def false_ones(text: str, spans: set[Span]) -> int:
    """Spans with a letter or digit right beside one of the same word."""
    return sum(
        (a > 0 and text[a - 1].isalnum() and text[a].isalnum())
        or (b < len(text) and text[b].isalnum() and text[b - 1].isalnum())
        for a, b in spans
    )


def matching(setup: Setup) -> Iterator[Row]:
    """Names to spans."""
    from flashtext import KeywordProcessor

    names, texts = setup.made()
    every = [name for own in names.values() for name in own]
    text = " ".join(texts.values())
    matcher, processor = Matcher(every), KeywordProcessor()
    processor.add_keywords_from_list(every)

    def ours() -> set[Span]:
        return {(match.start, match.end) for match in matcher.find(text)}

    def theirs() -> set[Span]:
        return {(start, end) for _, start, end in processor.extract_keywords(text, span_info=True)}

    spent = seconds(ours, theirs, repeats=3)
    a, b = ours(), theirs()
    peer = f"flashtext ({false_ones(text, b):,} of its {len(b):,} matches false, of ours {false_ones(text, a):,})"
    size, same = len(text.encode()) / 1e6, len(a & b) / max(1, len(a | b))
    yield row("names found", peer, size, spent, (ours, theirs), same)


def switching(setup: Setup) -> Iterator[Row]:
    """Texts of about a block to texts with names exchanged."""
    names, texts = setup.made()
    pairs = [Pair(str(i), en, ru) for i, (en, ru) in enumerate(zip(names["en"], names["ru"], strict=False))]
    words = texts["en"].split()
    blocks = [" ".join(words[i : i + 100]) for i in range(0, len(words), 100)]
    known = Names(pairs, "en")
    table = {pair.source: [pair.target] for pair in pairs}

    def ours() -> list[str]:
        rng, made = np.random.default_rng(0), []
        for block in blocks:
            matches = known.find(block)
            made.append(known.switch(block, matches, range(min(10, len(matches))), rng).text)
        return made

    def theirs() -> list[str]:
        return [ngrams(block, table) for block in blocks]

    spent = seconds(ours, theirs, repeats=3)
    same = np.mean([a == b for a, b in zip(ours(), theirs(), strict=True)])
    yield row(
        "text with names exchanged",
        "word n-grams looked up",
        len(" ".join(blocks).encode()) / 1e6,
        spent,
        (ours, theirs),
        float(same),
    )


def row(
    name: str,
    peer: str,
    megabytes: float,
    spent: Sequence[float],
    tasks: tuple[Callable[[], object], ...],
    agree: float,
) -> Row:
    """Both sides in MB of text a second."""
    ours, theirs = (megabytes / one for one in spent)
    memory = [traced_mib(task) for task in tasks]
    return Row(name, peer, "MB/s", ours, theirs, ours / theirs, *memory, agree, hardware())


def run(setup: Setup | None = None) -> Iterator[Row]:
    """Both comparisons; flashtext's where it is installed."""
    setup = setup or Setup()
    if find_spec("flashtext"):
        yield from matching(setup)
    yield from switching(setup)
