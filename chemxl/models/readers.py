"""How networks read documents: in windows of sub-tokens, or of words and their spelling."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch

from chemxl.documents import Document
from chemxl.models.labellers import PAD, Vocabulary
from chemxl.models.windows import Window, collate, cuts, subword_windows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

MAX_TOKENS, OVERLAP = 512, 64  # what encoders read at once: an abstract is seldom cut
MAX_WORDS, WORD_OVERLAP = 128, 24


class Reader(Protocol):
    """How a network reads documents."""

    def windows(self, documents: Sequence[Document]) -> list[Window]:
        """The windows of documents; every word is kept in exactly one."""

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[int]] | None = None
    ) -> dict[str, torch.Tensor]:
        """The tensors of a batch, as the network takes them."""

    def save(self, folder: Path) -> None:
        """Write what is needed to read again."""


class SubwordReader:
    """A reader of the sub-tokens of a pretrained tokenizer."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, *, max_tokens: int = MAX_TOKENS, overlap: int = OVERLAP
    ) -> None:
        self.tokenizer, self.max_tokens, self.overlap = tokenizer, max_tokens, overlap

    def windows(self, documents: Sequence[Document]) -> list[Window]:
        """See :func:`chemxl.models.windows.subword_windows`."""
        return subword_windows(documents, self.tokenizer, max_tokens=self.max_tokens, overlap=self.overlap)

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[int]] | None = None
    ) -> dict[str, torch.Tensor]:
        """See :func:`chemxl.models.windows.collate`."""
        return collate(windows, pad=int(self.tokenizer.pad_token_id), labels=labels)

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files."""
        self.tokenizer.save_pretrained(folder)


class WordReader:
    """A reader of words and their spelling, for the BiLSTM. A window's ids are places in ``forms``."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.forms: dict[str, int] = {}

    def windows(self, documents: Sequence[Document]) -> list[Window]:
        """Windows of at most ``MAX_WORDS`` words."""
        made = []
        for index, document in enumerate(documents):
            ids = [self.forms.setdefault(document.text[s:e], len(self.forms)) for s, e in document.words]
            for start, stop, keep_from, keep_to in cuts(len(ids), MAX_WORDS, WORD_OVERLAP) if ids else ():
                made.append(
                    Window(index, (start, stop), (keep_from, keep_to), ids[start:stop], list(range(stop - start)))
                )
        return made

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[int]] | None = None
    ) -> dict[str, torch.Tensor]:
        """``words`` and ``forms`` (B, W), ``characters`` (1, F, C) of the F distinct forms, ``lengths`` (B,)."""
        names = list(self.forms)
        distinct = sorted({i for window in windows for i in window.ids})
        place = {i: k + 1 for k, i in enumerate(distinct)}  # row 0 is padding
        spelt = [[PAD], *(self.vocabulary.spell(names[i]) for i in distinct)]
        characters = torch.zeros((len(spelt), max(map(len, spelt))), dtype=torch.long)
        for row, ids in zip(characters, spelt, strict=True):
            row[: len(ids)] = torch.tensor(ids)
        batch = collate(windows, pad=PAD, labels=labels)
        length = batch["input_ids"].shape[1]
        words = [[self.vocabulary.word(names[i]) for i in w.ids] + [PAD] * (length - len(w.ids)) for w in windows]
        forms = [[place[i] for i in w.ids] + [0] * (length - len(w.ids)) for w in windows]
        return {
            "words": torch.tensor(words),
            "forms": torch.tensor(forms),
            "characters": characters[None],
            "lengths": batch["lengths"],
        } | ({"labels": batch["labels"]} if labels is not None else {})

    def save(self, folder: Path) -> None:
        """Write the vocabulary as JSON."""
        table = {"words": list(self.vocabulary.words), "characters": list(self.vocabulary.characters)}
        (folder / "vocabulary.json").write_text(json.dumps(table, ensure_ascii=False), "utf-8")
