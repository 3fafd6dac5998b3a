"""Long documents as overlapping windows, so that no text is lost.

Papers 0 and 4 truncate at the encoder's limit. Here every word of a document is predicted exactly once, in the
window where it has most context on its poorer side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from chemxl.documents import Document
from chemxl.models.reading import specials
from chemxl.models.training import IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a document that the model reads at once.

    Args:
        document: index of the document.
        words: first and one past the last word that the window holds.
        kept: first and one past the last word whose prediction is taken from here.
        ids: token ids, special tokens included.
        units: for every word the index in ``ids`` of its first piece.
    """

    document: int
    words: tuple[int, int]
    kept: tuple[int, int]
    ids: list[int]
    units: list[int]


def cuts(total: int, size: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """The fewest windows of at most ``size`` that cover ``total`` units: (start, stop, keep from, keep to).

    All have one length and overlap by at least ``overlap`` units; what is kept meets in the middle of an overlap.
    """
    if total <= size:
        return [(0, total, 0, total)]
    overlap = min(overlap, size - 1)
    count = math.ceil((total - overlap) / (size - overlap))
    size = math.ceil((total + (count - 1) * overlap) / count)
    starts = [round(i * (total - size) / (count - 1)) for i in range(count)]
    edges = [0, *((starts[i + 1] + starts[i] + size) // 2 for i in range(count - 1)), total]
    return [(start, start + size, edges[i], edges[i + 1]) for i, start in enumerate(starts)]


def subword_windows(
    documents: Sequence[Document], tokenizer: PreTrainedTokenizerFast, *, max_tokens: int, overlap: int
) -> list[Window]:
    """Windows of at most ``max_tokens`` sub-tokens, special tokens included."""
    first, last = specials(tokenizer)
    windows: list[Window] = []
    for index, encoding in enumerate(
        tokenizer.backend_tokenizer.encode_batch([d.text for d in documents], add_special_tokens=False)
    ):
        spans, ids = documents[index].words, encoding.ids  # asked for once: it is made anew each time
        if not spans or not ids:
            continue
        starts = np.array([start for start, _ in encoding.offsets])
        pieces = np.searchsorted(starts, [start for start, _ in spans], side="right") - 1
        pieces = np.maximum(pieces, 0)
        for start, stop, keep_from, keep_to in cuts(len(ids), max_tokens - 2, overlap):
            low, high, kept_low, kept_high = np.searchsorted(pieces, [start, stop, keep_from, keep_to]).tolist()
            if kept_low < kept_high:
                units = (pieces[low:high] - start + 1).tolist()
                windows.append(
                    Window(index, (low, high), (kept_low, kept_high), [first, *ids[start:stop], last], units)
                )
    return windows


def window_labels(window: Window, labels: Sequence[int], inside_to_begin: Sequence[int]) -> list[int]:
    """The labels of a window's words; a mention that the window cuts begins again in it."""
    own = list(labels[slice(*window.words)])
    if own:
        own[0] = inside_to_begin[own[0]]
    return own


def collate(
    windows: Sequence[Window], *, pad: int, labels: Sequence[Sequence[int]] | None = None
) -> dict[str, torch.Tensor]:
    """Tensors of a batch: ``input_ids`` and ``attention_mask`` (B, T), ``units`` and ``labels`` (B, W),
    ``lengths`` (B,) in words."""
    batch = token_inputs([w.ids for w in windows], pad=pad)
    batch |= {"units": padded([w.units for w in windows]), "lengths": torch.tensor([len(w.units) for w in windows])}
    return batch | {"labels": padded(labels, IGNORED)} if labels is not None else batch


def token_inputs(ids: Sequence[Sequence[int] | np.ndarray], *, pad: int) -> dict[str, torch.Tensor]:
    """``input_ids`` and ``attention_mask`` (B, T), from the token ids of every row."""
    return {"input_ids": padded(ids, pad), "attention_mask": padded([[1] * len(row) for row in ids])}


def padded(rows: Sequence[Sequence[int] | np.ndarray], filler: int = 0) -> torch.Tensor:
    """Rows of numbers in one table, (B, T)."""
    return pad_sequence([torch.as_tensor(row, dtype=torch.long) for row in rows], True, filler)
