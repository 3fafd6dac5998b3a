"""``chemxl.corpora.sentences`` beside razdel, pysbd and syntok: boundaries that are right, and characters a second.

The gold is that of ``tests/corpora/sentences_*.txt``. A boundary is the end of a sentence within a paragraph; the
paragraph's own end does not count. The rules were tuned on what :func:`held_out` is false for. Peers that are not
installed are left out (``pip install pysbd syntok``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks import Row, seconds, traced_mib
from chemxl.corpora.sentences import LANGUAGES, sentences
from chemxl.experiments.digests import sha256
from chemxl.experiments.experiment import hardware

GOLD = Path(__file__).parents[1] / "tests" / "corpora"
Splitter = Callable[[str], Iterable[int]]


class Paragraph(NamedTuple):
    """A text and where its sentences end, its own end left out."""

    text: str
    ends: frozenset[int]


class Score(NamedTuple):
    """Boundaries that are right, that were found and that are due."""

    right: int
    found: int
    due: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.due if self.due else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.found + self.due) if self.found + self.due else 0.0


def paragraphs(language: str) -> list[Paragraph]:
    """The gold of a language; sentences are joined by a space, in Chinese by nothing."""
    lines = (GOLD / f"sentences_{language}.txt").read_text("utf-8").splitlines()
    blocks = "\n".join(line for line in lines if not line.startswith("#")).split("\n\n")
    return [_paragraph(block.strip("\n").splitlines(), "" if language == "zh" else " ") for block in blocks if block.strip()]


def _paragraph(lines: Sequence[str], space: str) -> Paragraph:
    ends = [len(space.join(lines[:count])) for count in range(1, len(lines))]
    return Paragraph(space.join(lines), frozenset(ends))


def held_out(paragraph: Paragraph) -> bool:
    """A third of the paragraphs, by hash: what was not looked at when the rules were tuned."""
    return int(sha256(paragraph.text), 16) % 3 == 0


def score(gold: Iterable[Paragraph], split: Splitter) -> Score:
    """Of all boundaries together."""
    right = found = due = 0
    for text, ends in gold:
        guessed = {end for end in split(text) if end < len(text)}
        right, found, due = right + len(ends & guessed), found + len(guessed), due + len(ends)
    return Score(right, found, due)


def ours(language: str) -> Splitter:
    return lambda text: [end for _, end in sentences(text, language)]


def peers(language: str) -> dict[str, Splitter]:
    """Those that are installed; razdel's rules are Russian, syntok's English, Spanish and German, for all it is asked."""
    found: dict[str, Splitter] = {}
    if find_spec("razdel"):
        import razdel

        found["razdel"] = lambda text: [part.stop for part in razdel.sentenize(text)]
    if find_spec("pysbd"):
        import pysbd

        pragmatic = pysbd.Segmenter(language=language, clean=False, char_span=True)
        found["pysbd"] = lambda text: [span.start + len(span.sent.rstrip()) for span in pragmatic.segment(text)]
    if find_spec("syntok"):
        from syntok import segmenter

        found["syntok"] = lambda text: [
            sentence[-1].offset + len(sentence[-1].value) for part in segmenter.analyze(text) for sentence in part
        ]
    return found


def run(*, repeats: int = 3) -> list[Row]:
    """Of each language and peer one row for the boundaries, of the held-out part and of all, and one for the speed."""
    rows: list[Row] = []
    for language in LANGUAGES:
        gold = paragraphs(language)
        parts = {"all": gold, "held out": [paragraph for paragraph in gold if held_out(paragraph)]}
        mine = ours(language)
        text = "\n\n".join(paragraph.text for paragraph in gold)
        for peer, theirs in peers(language).items():
            agree = score([Paragraph(text, frozenset(theirs(text)) - {len(text)})], mine).f1
            for part, chosen in parts.items():
                own, other = score(chosen, mine).f1, score(chosen, theirs).f1
                name = f"sentences: {language}, {part}, {sum(len(p.ends) for p in chosen):,} boundaries"
                rows.append(_row(name, peer, "F1 of boundaries, %", 100 * own, 100 * other, agree))
            times = seconds(lambda: mine(text), lambda theirs=theirs: theirs(text), repeats=repeats)  # type: ignore[misc]
            row = _row(f"sentences: {language}, {len(text):,} characters", peer, "characters/s", 0.0, 1.0, agree)
            rows.append(row)
    return rows


def _row(name: str, peer: str, unit: str, own: float, other: float, agree: float) -> Row:
    return Row(name, peer, unit, own, other, own / other if other else 0.0, None, None, agree, hardware())
