"""A corpus as a value, a part of an experiment's configuration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

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
        types: unified types wanted, in order of preference; none: the corpus's own types, as they are.
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
        """A digest of all that a load depends on."""
        return corpora.read_digest(self.name, split=self.split, language=self.language, expanded=self.sentences > 0)


@lru_cache(maxsize=32)
def _read(corpus: Corpus, digest: str) -> list[Document]:
    name, split, language = corpus.name, corpus.split, corpus.language
    if not corpus.sentences:
        return corpora.load(name, split=split, language=language, types=corpus.types or None, faults=[])
    made = corpora.expand(name, corpus.sentences, seed=corpus.seed, split=split, language=language)
    return [document.retyped(corpora.unified(name, corpus.types)) for document in made] if corpus.types else made
