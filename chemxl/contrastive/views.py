"""Translations of labelled sentences, as further views of them."""

from __future__ import annotations

from chemxl.corpora.corpus import Corpus, translation_key
from chemxl.corpora.samples import Sample, split
from chemxl.documents import Document


class Translated(Corpus):
    """The sentences of translated documents that stand at the places of given sentences in the originals.

    Documents are paired by their ids, sentences by their place in the document, since nothing says which sentence is
    whose translation.

    Args:
        of: the sentences; one whose document has no translation here has no view.
    """

    of: Sample

    def load(self) -> list[Document]:
        """The sentences, each once, in the order of the originals."""
        translated = {translation_key(d.id): split(d) for d in super().load()}
        lengths = {translation_key(d.id): len(split(d)) for d in self.of.whole().load()}
        views: dict[str, Document] = {}
        for sentence in self.of.load():
            document, _, place = sentence.id.rpartition("~")
            key = translation_key(document)
            if parts := translated.get(key):
                share = (int(place) - 1) / max(1, lengths[key] - 1)  # 0 is the first sentence, 1 the last
                view = parts[round(share * (len(parts) - 1))]
                views[view.id] = view
        return list(views.values())
