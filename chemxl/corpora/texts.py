"""Text as values: documents with their own types, and parallel text cut into documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from chemxl import corpora
from chemxl.corpora.corpus import translation_key
from chemxl.documents import Document, Pair
from chemxl.experiments.experiment import Value


class TextSource(Value):
    """Documents without regard to what is annotated in them."""

    def load(self) -> list[Document]:
        """The documents."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """What a table calls it."""
        raise NotImplementedError


class PairSource(Value):
    """Sentences and their translations."""

    def pairs(self) -> list[Pair]:
        """The pairs, in their order."""
        raise NotImplementedError


class Texts(TextSource):
    """Documents of a corpus with its own types; corpora without entities, too.

    Args:
        sentences: for ``mini`` alone: at least so many sentences a language, made by ``mini.expand``.
    """

    name: str
    split: str | None = None
    language: str | None = None
    sentences: int = 0

    def load(self) -> list[Document]:
        """The documents; faults were reported where the corpus was verified."""
        if self.sentences:
            return corpora.expand(self.name, self.sentences, split=self.split or "train", language=self.language)
        return corpora.load(self.name, split=self.split, language=self.language, faults=[])

    def data_digest(self) -> str:
        """A digest of the files, and of how they are read."""
        return corpora.read_digest(self.name, split=self.split, language=self.language, expanded=self.sentences > 0)

    @property
    def label(self) -> str:
        """Name, language and split, for a table."""
        return " ".join(filter(None, (self.name, (self.language or "").upper(), self.split)))


class ParallelText(PairSource):
    """English and Russian sentence pairs in their order, cut into documents.

    Args:
        name: ``mini``, or a corpus of pairs.
        part: the first or the last half of it; all by default. What is chosen on one is tested on the other.
        block: pairs a document, at most.
    """

    name: str
    split: str = "train"
    part: Literal["all", "first half", "last half"] = "all"
    block: int = 100

    def pairs(self) -> list[Pair]:
        """The pairs of the half that is taken."""
        if self.name == "mini":
            found = twin_sentences(self.split)
        else:
            found = corpora.pairs(self.name, split=self.split, language="en-ru", faults=[])
        half = len(found) // 2
        return {"all": found, "first half": found[:half], "last half": found[half:]}[self.part]

    def load(self) -> list[list[Pair]]:
        """Documents as lists of pairs."""
        found = self.pairs()
        return [found[i : i + self.block] for i in range(0, len(found), self.block)]

    def data_digest(self) -> str:
        """A digest of the files, and of how they are read."""
        return corpora.read_digest(self.name, split=self.split, language=None if self.name == "mini" else "en-ru")


def twin_sentences(split: str, *, expanded: int = 0) -> list[Pair]:
    """Sentence pairs of the mini corpus, whose twins translate each other line by line."""
    if expanded:
        documents = corpora.expand("mini", expanded, split=split)
    else:
        documents = corpora.load("mini", split=split, faults=[])
    return [
        Pair(f"{name}:{i}", source, target, domain=twin["en"].domain)
        for name, twin in twins(documents).items()
        for i, (source, target) in enumerate(
            zip(twin["en"].text.splitlines(), twin["ru"].text.splitlines(), strict=True), 1
        )
    ]


def twins(documents: Sequence[Document]) -> dict[str, dict[str, Document]]:
    """Documents that are there in English and in Russian, by what their ids share, each by its language."""
    grouped: dict[str, dict[str, Document]] = {}
    for document in documents:
        grouped.setdefault(translation_key(document.id), {})[document.language] = document
    return {name: group for name, group in grouped.items() if {"en", "ru"} <= group.keys()}


class OneSide(TextSource):
    """One language of a parallel text, as documents.

    Args:
        lines: sentences a document.
    """

    text: ParallelText
    language: Literal["en", "ru"]
    lines: int = 10

    def load(self) -> list[Document]:
        """Documents of so many sentences."""
        pairs = self.text.pairs()
        sentences = [pair.source if self.language == pair.languages[0] else pair.target for pair in pairs]
        blocks = {i: "\n".join(sentences[i : i + self.lines]) for i in range(0, len(sentences), self.lines)}
        name = f"{self.text.name}:{self.language}"
        return [Document(f"{name}:{i}", text, language=self.language) for i, text in blocks.items()]

    def data_digest(self) -> str:
        """A digest of the files."""
        return self.text.data_digest()

    @property
    def label(self) -> str:
        """Name and language, for a table."""
        return f"{self.text.name} {self.language.upper()}"
