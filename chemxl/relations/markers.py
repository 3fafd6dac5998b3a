"""Markers around mentions, either in the text with one pair a row, or behind a text that is encoded once.

Both give the same :class:`MarkedRow`: tokens, some of them markers, with their places and with what sees what.
Written into the text (inline; paper 2, section III, after Zhong and Chen 2021, section 3.3), a marker is a token like
others, and every pair needs the text again. Behind it (packed; there section 3.4), the markers of a pair share the
places of the first and the last token of their mentions. They see the text and each other. The text does not see them,
so that it is the same for all pairs, and one pass serves many. The two are different models; packed pairs are what they
are alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from chemxl.documents import Document, Span
from chemxl.models.training import IGNORED
from chemxl.models.windows import cuts, padded

Encoding = Literal["packed", "inline"]
MAX_TEXT = 256  # tokens of text at once, as in paper 2, section IV.A
OVERLAP = 128  # of two windows of a longer sentence; mentions that are farther apart are no pair
CHUNK = 64  # items behind one text at most: a sentence of 437 pairs is read in seven rows
TEXT, PADDING = -1, -2  # owners of tokens that no item owns


class MarkedRow(NamedTuple):
    """A row that the encoder reads at once: T tokens, for P items of k mentions each.

    Args:
        items: their numbers (P).
        ids: the ids of tokens (T); any id at the place of a marker.
        markers: numbers from 1 on (T); 0 is no marker.
        places: position ids from 0 on (T).
        owners: the item within the row whose marker it is (T), or ``TEXT``, which every token sees.
        starts: where the items' mentions begin to be marked, P times k.
    """

    items: list[int]
    ids: list[int]
    markers: list[int]
    places: list[int]
    owners: list[int]
    starts: list[list[int]]


class Item(NamedTuple):
    """What is classified: one mention or a pair.

    Args:
        number: its number.
        mentions: their places in the document.
    """

    number: int
    mentions: tuple[int, ...]


class Markers:
    """The numbers of markers: an opening and a closing one for each type, different ones for heads and for tails.

    Args:
        types: the types that are marked.
    """

    def __init__(self, types: Sequence[str]) -> None:
        self.types = tuple(types)
        self._places = {type: i for i, type in enumerate(self.types)}

    def __len__(self) -> int:
        return 4 * len(self.types)

    def number(self, role: int, type: str, *, close: bool) -> int:
        """The number of a marker, from 1 on.

        Args:
            role: 0 for a head, ``[S:type]``, 1 for a tail, ``[O:type]``.
        """
        return 1 + 2 * (role * len(self.types) + self._places[type]) + close


class _Ends(NamedTuple):
    """A mention in a window: its first and last token, and its two markers."""

    first: int
    last: int
    opening: int
    closing: int


class TokenizedDocument:
    """A document's tokens, and the rows that some of its items are read in.

    Args:
        marked: the type that each mention is marked with.
    """

    def __init__(
        self, document: Document, tokens: Sequence[int], starts: np.ndarray, marked: Sequence[str], markers: Markers
    ) -> None:
        self.document, self.tokens, self.starts = document, tokens, starts
        self.marked, self.markers = marked, markers

    def rows(
        self, span: Span, items: Sequence[Item], *, edge: tuple[int, int], encoding: Encoding
    ) -> Iterator[MarkedRow]:
        """Rows that hold each item once, if its mentions fit into one window.

        Args:
            span: the stretch of the text, in code points.
            edge: ids of the tokens that a text begins and ends with.
        """
        low, high = (int(i) for i in np.searchsorted(self.starts, span))
        ends = {i: self._ends(i) for item in items for i in item.mentions}
        low = min([low, *(first for first, _ in ends.values())])  # a token may begin before its word
        windows = [(low + begin, low + stop) for begin, stop, _, _ in cuts(high - low, MAX_TEXT, OVERLAP)]
        inside: dict[int, list[Item]] = {}
        for item in items:
            first, last = min(ends[i][0] for i in item.mentions), max(ends[i][1] for i in item.mentions)
            window = bisect_right(windows, last, key=lambda one: one[1])  # the first that goes so far
            if windows[window][0] <= first:
                inside.setdefault(window, []).append(item)
        chunk = CHUNK if encoding == "packed" else 1
        for window, (begin, stop) in enumerate(windows):
            text = [edge[0], *self.tokens[begin:stop], edge[1]]
            held = inside.get(window, [])
            for at in range(0, len(held), chunk):
                chosen = held[at : at + chunk]
                own = [self._marks(item.mentions, ends, begin - 1) for item in chosen]
                yield (_packed if encoding == "packed" else _inline)([item.number for item in chosen], text, own)

    def _ends(self, mention: int) -> tuple[int, int]:
        """The first and last token of a mention."""
        start, end = self.document.mentions[mention].span
        first, last = np.searchsorted(self.starts, [start, end - 1], side="right") - 1
        return max(0, int(first)), max(0, int(last))

    def _marks(self, mentions: Sequence[int], ends: dict[int, tuple[int, int]], before: int) -> list[_Ends]:
        """The mentions of an item, with their places in a window and their markers."""
        return [
            _Ends(
                *(token - before for token in ends[i]),
                *(self.markers.number(role, self.marked[i], close=close) for close in (False, True)),
            )
            for role, i in enumerate(mentions)
        ]


def readings(
    documents: Sequence[Document],
    tokenizer: PreTrainedTokenizerFast,
    marked: Callable[[Document], Sequence[str]],
    markers: Markers,
) -> Iterator[TokenizedDocument]:
    """Each document as tokens, which are the same whatever the markers are."""
    encoded = tokenizer.backend_tokenizer.encode_batch([d.text for d in documents], add_special_tokens=False)
    for document, encoding in zip(documents, encoded, strict=True):
        starts = np.array([start for start, _ in encoding.offsets], dtype=np.int64)
        yield TokenizedDocument(document, encoding.ids, starts, marked(document), markers)


def _packed(items: list[int], text: list[int], own: Sequence[list[_Ends]]) -> MarkedRow:
    """A row with all items behind the text."""
    behind = [
        (marker, place, item)
        for item, mentions in enumerate(own)
        for m in mentions
        for marker, place in ((m.opening, m.first), (m.closing, m.last))
    ]
    markers, places, owners = (list(column) for column in zip(*behind, strict=True))
    each = 2 * len(own[0])
    return MarkedRow(
        items,
        [*text, *[text[0]] * len(behind)],
        [*[0] * len(text), *markers],
        [*range(len(text)), *places],
        [*[TEXT] * len(text), *owners],
        [[len(text) + item * each + 2 * role for role in range(each // 2)] for item in range(len(own))],
    )


def _inline(items: list[int], text: list[int], own: Sequence[list[_Ends]]) -> MarkedRow:
    """A row with one item whose markers stand in the text; if several meet, the one that opened last closes first."""
    [mentions] = own
    inserted = []
    for role, m in enumerate(mentions):
        length = m.last - m.first
        inserted.append((m.first, 1, -length, role, m.opening))
        inserted.append((m.last + 1, 0, length, -role, m.closing))
    ids, markers, at = list[int](), list[int](), 0
    for place, _, _, _, marker in sorted(inserted):
        ids += [*text[at:place], text[0]]
        markers += [*[0] * (place - at), marker]
        at = place
    ids += text[at:]
    markers += [0] * (len(text) - at)
    starts = [[markers.index(m.opening) for m in mentions]]
    return MarkedRow(items, ids, markers, list(range(len(ids))), [TEXT] * len(ids), starts)


def collate(rows: Sequence[MarkedRow], *, pad: int) -> dict[str, torch.Tensor]:
    """Tensors of a batch: ``input_ids``, ``markers``, ``places``, ``owners`` (B, T), ``starts`` (B, P, k).

    Where a row has fewer items, its first one stands again; :func:`labelled` leaves it out.
    """
    most = max(len(row.items) for row in rows)
    starts = torch.tensor([[*row.starts, *[row.starts[0]] * (most - len(row.items))] for row in rows])  # (B, P, k)
    return {
        "input_ids": padded([row.ids for row in rows], pad),
        "markers": padded([row.markers for row in rows]),
        "places": padded([row.places for row in rows]),
        "owners": padded([row.owners for row in rows], PADDING),
        "starts": starts,
    }


def labelled(rows: Sequence[MarkedRow], labels: Sequence[int] | Sequence[Sequence[int]]) -> torch.Tensor:
    """The labels of the rows' items (B, P, ...), ``IGNORED`` if a row has no item at that place."""
    most = max(len(row.items) for row in rows)
    one = labels[rows[0].items[0]]
    nothing = IGNORED if isinstance(one, int) else [IGNORED] * len(one)
    return torch.tensor([[*(labels[i] for i in row.items), *[nothing] * (most - len(row.items))] for row in rows])
