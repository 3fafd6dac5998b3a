"""A model whose hidden space is known, and pools of made-up sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from chemxl.active.reading import PIECE, Words, pieces
from chemxl.documents import Document, Mention

LABELS = ("O", "B-CHEM", "I-CHEM")
SIZE = 6


class Known:
    """Every form has a random place in the hidden space, always the same.

    Args:
        constant: all forms have one place.
        words: see :func:`chemxl.active.reading.pieces`.
    """

    def __init__(self, *, constant: bool = False, words: int = PIECE, size: int = SIZE) -> None:
        rng = np.random.default_rng(0)
        self.labels: Sequence[str] = LABELS
        self.weight = rng.standard_normal((len(LABELS), size)).astype(np.float32)
        self.bias = rng.standard_normal(len(LABELS)).astype(np.float32)
        self.dropout = 0.3
        self.table = rng.standard_normal((500, size)).astype(np.float32)
        self.constant, self.words = constant, words

    def read(self, documents: Sequence[Document]) -> Iterator[Words]:
        for piece in pieces(documents, words=self.words):
            # w12 is two words for us, w and 12: both are the form.
            found = [int(form) for d in piece for form in re.findall(r"\d+", d.text) for _ in "w1"]
            forms = [0] * len(found) if self.constant else found
            hidden = self.table[forms].reshape(-1, self.table.shape[1])
            counts = np.array([len(d.words) for d in piece], dtype=np.int64)
            yield Words(hidden, hidden @ self.weight.T + self.bias, counts)


def sentences(count: int, *, seed: int = 1, longest: int = 12, empty: Sequence[int] = ()) -> list[Document]:
    """Sentences of forms w0 to w499, each third word a mention."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        length = 0 if i in empty else int(rng.integers(1, longest))
        text, mentions = "", []
        for k, form in enumerate(rng.integers(500, size=length)):
            if k % 3 == 1:
                mentions.append(Mention.of("CHEM", len(text), len(text) + 1 + len(str(form))))
            text += f"w{form} "
        made.append(Document(f"{seed}-{i}", text, tuple(mentions)))
    return made
