"""A few documents of the language that is tested."""

from __future__ import annotations

from chemxl.corpora.samples import Portion
from chemxl.documents import Document
from chemxl.knowledge.downstream import unspaced


class Shots(Portion):
    """The first documents of a corpus in an order that ``draw`` gives, so that a larger number of one draw includes the
    smaller.

    Which examples its few shots are the paper does not say. Chinese loses the blanks that its file puts in.
    """

    def load(self) -> list[Document]:
        """The documents."""
        return [unspaced(document) if self.language == "zh" else document for document in super().load()]
