"""A corpus as a value, a part of an experiment's configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from chemxl import corpora
from chemxl.documents import Document
from chemxl.experiments.experiment import Value

_LANGUAGE_SUFFIX = re.compile(r"[._-](?:en|ru|es|zh)$")


def translation_key(document_id: str) -> str:
    """What a document shares with its translation: its id without the language (for abstracts, the PubMed id)."""
    return _LANGUAGE_SUFFIX.sub("", document_id)


def twin_key(document_id: str) -> str:
    """What it shares with its translations and with the copies of it that ``mini.expand`` made."""
    return translation_key(document_id.split("~")[0])


class Corpus(Value):
    """Documents of one split with unified types.

    Args:
        types: unified types wanted, in order of preference.
        without: corpora whose documents, in whatever language and under whatever id, are left out here, so that
            nothing leaks.
        sentences: for ``mini`` alone: at least so many sentences made by ``mini.expand`` with ``seed``.
    """

    name: str
    split: str = "train"
    language: str | None = None
    types: tuple[str, ...] = ("CHEM",)
    without: tuple[Corpus, ...] = ()
    sentences: int = 0
    seed: int = 0

    def load(self) -> list[Document]:
        """The documents, leaks removed; read once in a process as long as the files stay what they are."""
        return self.free(_read(self, self.data_digest()))

    def free(self, documents: Sequence[Document]) -> list[Document]:
        """Those that are in no corpus of ``without``, themselves, translated, or under another id."""
        held_out = [document for corpus in self.without for document in corpus.load()]
        ids, texts = {twin_key(document.id) for document in held_out}, {document.text for document in held_out}
        return [document for document in documents if twin_key(document.id) not in ids and document.text not in texts]

    def data_digest(self) -> str:
        """A digest of the files that a load reads, and of what the catalogue says about how."""
        return read_digest(self.name, split=self.split, language=self.language, expanded=self.sentences > 0)


def read_digest(name: str, *, split: str | None, language: str | None = None, expanded: bool = False) -> str:
    """A digest of the files of a part, and of what the catalogue says about how they are read.

    Args:
        expanded: the part is of ``mini`` and is expanded: its lexicon is read, too, and both languages are.
    """
    how = corpora.catalog()[name].model_dump_json(include={"reader", "options", "types"})
    if not expanded:
        return f"{how} {corpora.digest(name, split=split, language=language)}"
    from chemxl.corpora import mini

    names = (Path(mini.__file__).parent / "lexicon.tsv").read_text("utf-8")
    return f"{how} {corpora.digest(name, split=split)} {names}"


@lru_cache(maxsize=32)
def _read(corpus: Corpus, digest: str) -> list[Document]:
    if not corpus.sentences:
        return corpora.load(corpus.name, split=corpus.split, language=corpus.language, types=corpus.types, faults=[])
    from chemxl.corpora import mini

    made = mini.expand(corpus.sentences, corpus.seed, split=corpus.split, language=corpus.language)
    return [document.retyped(corpora.unified(corpus.name, corpus.types)) for document in made]
