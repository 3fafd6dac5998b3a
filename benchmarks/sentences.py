"""``chemxl.corpora.sentences`` beside razdel, pysbd and syntok: boundaries that are right, and characters a second.

The gold is that of ``tests/corpora/sentences_*.txt``: abstracts, methods, notes, patents and reviews, written for this
project. A boundary is the end of a sentence within a paragraph; the paragraph's own end does not count. The rules were
tuned on the paragraphs that :func:`held_out` is false for. Peers that are not installed are left out (``pip install
razdel pysbd syntok``). ``python -m benchmarks.sentences`` prints precision, recall and F1 of both parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from benchmarks import Row, seconds
from chemxl.corpora.sentences import LANGUAGES, sentences
from chemxl.experiments.digests import sha256
from chemxl.experiments.provenance import hardware

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


def paragraphs(language: str, name: str = "sentences") -> list[Paragraph]:
    """The gold of a language; sentences are joined by a space, in Chinese by nothing."""
    lines = (GOLD / f"{name}_{language}.txt").read_text("utf-8").splitlines()
    blocks = "\n".join(line for line in lines if not line.startswith("#")).split("\n\n")
    space = "" if language == "zh" else " "
    return [_paragraph(block.split("\n"), space) for block in map(str.strip, blocks) if block]


def _paragraph(lines: Sequence[str], space: str) -> Paragraph:
    return Paragraph(space.join(lines), frozenset(len(space.join(lines[:count])) for count in range(1, len(lines))))


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
    """Those that are installed. Razdel's rules are Russian, syntok's English, Spanish and German, whatever the text."""
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


def _all(split: Splitter, gold: Sequence[Paragraph]) -> list[Iterable[int]]:
    return [split(text) for text, _ in gold]


def run(*, repeats: int = 3) -> list[Row]:
    """Of each language and peer one row for F1 and one for the speed."""
    rows: list[Row] = []
    for language in LANGUAGES:
        gold, mine = paragraphs(language), ours(language)
        size, due = sum(len(text) for text, _ in gold), sum(len(ends) for _, ends in gold)
        for peer, theirs in peers(language).items():
            agree = score([Paragraph(text, frozenset(theirs(text)) - {len(text)}) for text, _ in gold], mine).f1
            own, other = 100 * score(gold, mine).f1, 100 * score(gold, theirs).f1
            rows.append(_row(f"sentences: {language}, {due} boundaries", peer, "F1, %", own, other, agree))
            times = seconds(partial(_all, mine, gold), partial(_all, theirs, gold), repeats=repeats)
            speeds = (size / times[0], size / times[1])
            rows.append(_row(f"sentences: {language}, {size:,} characters", peer, "characters/s", *speeds, agree))
    return rows


def _row(name: str, peer: str, unit: str, own: float, other: float, agree: float) -> Row:
    return Row(name, peer, unit, own, other, own / other if other else float("inf"), None, None, agree, hardware())


def main() -> None:
    """Precision, recall and F1 of each splitter, on what the rules were tuned on and on what they were not."""
    for language in LANGUAGES:
        for part in (False, True):
            gold = [paragraph for paragraph in paragraphs(language) if held_out(paragraph) == part]
            for name, split in ({"chemxl": ours(language)} | peers(language)).items():
                found = score(gold, split)
                figures = "\t".join(f"{value:.4f}" for value in (found.precision, found.recall, found.f1))
                print(language, "held out" if part else "tuned on", found.due, name, figures, sep="\t")


if __name__ == "__main__":
    main()
