"""New pieces for an encoder that cuts a language into letters (vocabulary transfer), and fewer pieces for a small
encoder.

The English MiniLM knows the Cyrillic letters and next to no Cyrillic words, so a Russian word takes six pieces of its
window. Here pieces are learnt from Russian text and put behind the old ones, and each begins as the average of the old
pieces that it stands for, as in Gee et al., "Fast Vocabulary Transfer for Language Model Compression" (EMNLP 2022,
industry track, doi:10.18653/v1/2022.emnlp-industry.41). They replace the vocabulary; here it grows, so that what the
encoder could read it reads as before. Continual pretraining then teaches it what the new pieces mean.

Pieces are learnt from words without an ASCII character and so hold none: text in ASCII keeps its ids, and so does
every text in which no new piece occurs.
"""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import nn
from transformers import PreTrainedTokenizerFast

from chemxl.errors import EncoderError
from chemxl.models.encoders import Encoder

# What a text in English or Russian may always hold.
_LETTERS = [*map(chr, range(33, 127)), *map(chr, range(0x410, 0x450)), *"ЁёαβγδεζηθικλμνξπρστυφχψωΔΩµ°±×·→–—«»“”’…№"]


def extend(encoder: Encoder, texts: Iterable[str], *, pieces: int) -> Encoder:
    """The encoder with new pieces for the script of these texts; the given encoder does not change.

    Old pieces keep their ids and their rows, bit by bit. New ids follow the old ones: first the letters that had none,
    then the merged pieces, the most frequent first. A new row is the average of the rows of the pieces that the old
    tokenizer cuts the new one into, by itself or, for a continuing piece, inside a word. Nothing is random: the same
    texts give the same encoder in every process.

    Pieces for a Unigram tokenizer are merged in the same way: its own trainer only thinks of strings that two different
    words hold, and so misses many a frequent word. A new piece is scored so that it is chosen before its own cut.

    Args:
        encoder: with a WordPiece or a Unigram tokenizer.
        texts: what is to be read, such as the Russian side of the pretraining text.
        pieces: how many new pieces at most; fewer where the texts give no more.

    Raises:
        EncoderError: the tokenizer is of another kind, its ids are not the rows of the embedding, or ``pieces`` is
            negative.
    """
    backend, table = encoder.tokenizer.backend_tokenizer, cast("nn.Embedding", encoder.model.get_input_embeddings())
    old = _pieces(backend)
    if pieces < 0:
        raise EncoderError(f"{pieces} new pieces: ask for none or more")
    if sorted(old.ids.values()) != list(range(len(old.ids))) or len(old.ids) > table.num_embeddings:
        raise EncoderError(
            f"the tokenizer's {len(old.ids)} ids have gaps or are more than the model's {table.num_embeddings} rows: "
            "take the tokenizer that was saved with the model"
        )

    counts = _words(backend, texts, old.longest)
    new = old.learn(counts, pieces)
    tokenizer, model = copy.deepcopy(encoder)
    tokenizer.backend_tokenizer.model = old.with_new(new)
    rows = table.weight.detach()
    averages = [rows[old.cut(piece)].mean(0, keepdim=True) for piece in new]  # (1, d) each
    rows = torch.cat([rows[: len(old.ids)], *averages])  # (V + new, d); spare rows, which no piece has, go
    model.set_input_embeddings(nn.Embedding.from_pretrained(rows, freeze=False, padding_idx=table.padding_idx))
    model.config.vocab_size = len(rows)
    return Encoder(tokenizer, model)


def reduce(encoder: Encoder, texts: Sequence[Sequence[str]], *, pieces: int) -> Encoder:
    """The encoder with only the pieces that texts use most, and their rows; the given encoder does not change.

    Special tokens stay, and so does every letter and sign of the texts that is a piece: what can be read now can be
    read then. Texts that fall apart where a piece has gone are counted anew, once.

    Args:
        encoder: with a Unigram tokenizer.
        texts: groups, such as of a language each, that count alike however large they are.
        pieces: how many stay, special tokens counted; more where there are more letters.

    Raises:
        EncoderError: the tokenizer is of another kind.
    """
    small = encoder
    for size in (2 * pieces, pieces):
        small = _reduced(small, texts, size)
    return small


def _reduced(encoder: Encoder, texts: Sequence[Sequence[str]], size: int) -> Encoder:
    """The encoder with its most frequent pieces, each group of texts counting alike."""
    tokenizer, table = encoder.tokenizer, cast("nn.Embedding", encoder.model.get_input_embeddings())
    backend = tokenizer.backend_tokenizer
    if not isinstance(old := _pieces(backend), _Unigram):
        raise EncoderError("only a Unigram tokenizer can lose pieces: take an encoder that has one")
    frequency = np.zeros(len(old.ids))
    for group in texts:
        counts = np.zeros(len(old.ids))
        for encoding in backend.encode_batch(list(group), add_special_tokens=False):
            np.add.at(counts, encoding.ids, 1)
        frequency += counts / max(1.0, counts.sum())
    letters = {piece for piece, i in old.ids.items() if len(piece.removeprefix("▁")) <= 1 and frequency[i] > 0}
    always = {old.ids[piece] for piece in {*letters, *_LETTERS, "▁"} & old.ids.keys()} | set(tokenizer.all_special_ids)
    ranked = [
        i for i in np.lexsort((np.arange(len(frequency)), -frequency)).tolist() if frequency[i] and i not in always
    ]
    kept = sorted([*always, *ranked[: max(0, size - len(always))]])
    rows = table.weight.detach()[kept]  # (V, d)
    model = copy.deepcopy(encoder.model)
    padding = kept.index(table.padding_idx) if table.padding_idx is not None else None
    model.set_input_embeddings(nn.Embedding.from_pretrained(rows.clone(), freeze=False, padding_idx=padding))
    model.config.vocab_size, model.config.pad_token_id = len(kept), kept.index(int(tokenizer.pad_token_id))
    return Encoder(_renumbered(tokenizer, old, kept), model)


def _renumbered(tokenizer: PreTrainedTokenizerFast, old: _Unigram, kept: Sequence[int]) -> PreTrainedTokenizerFast:
    """The tokenizer with only these pieces, numbered by their places."""
    settings, scores = json.loads(tokenizer.backend_tokenizer.to_str()), list(old.scores.items())
    places = {id: place for place, id in enumerate(kept)}
    settings["model"] |= {"vocab": [scores[id] for id in kept], "unk_id": places[old.unknown]}
    for added in settings["added_tokens"]:
        added["id"] = places[added["id"]]
    for special in settings["post_processor"]["special_tokens"].values():
        special["ids"] = [places[id] for id in special["ids"]]
    names = tokenizer.special_tokens_map
    made = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(settings)), **names)
    made.model_max_length = tokenizer.model_max_length
    return made


def _words(backend: Tokenizer, texts: Iterable[str], longest: int | None) -> Counter[str]:
    """The words that the tokenizer's model gets, as far as they have a letter and no ASCII character."""
    counts: Counter[str] = Counter()
    for text in texts:
        normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
        counts.update(word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal))
    return Counter(
        {
            word: count
            for word, count in counts.items()
            if any(map(str.isalpha, word)) and not any(map(str.isascii, word)) and len(word) <= (longest or len(word))
        }
    )


def _pieces(backend: Tokenizer) -> _Pieces:
    """The pieces of a tokenizer, by the kind of its model."""
    settings = json.loads(backend.to_str())["model"]
    kinds = {"WordPiece": _WordPiece, "Unigram": _Unigram}
    if settings["type"] not in kinds:
        raise EncoderError(
            f"a tokenizer of kind {settings['type']} gets no new pieces: take an encoder with {' or '.join(kinds)}"
        )
    return kinds[settings["type"]](backend, settings)


class _Pieces(ABC):
    """The pieces of a tokenizer: how its model cuts text into them, and how it learns more.

    Args:
        backend: the tokenizer; it is only read.
        settings: the settings of its model, as in the tokenizer's file.
    """

    prefix = ""  # of a piece inside a word
    longest: int | None = None  # characters of a word that is cut at all
    unknown: int

    def __init__(self, backend: Tokenizer, settings: dict[str, Any]) -> None:
        self.settings = settings
        # With tokens that were added behind the model's own pieces: the model takes them in, so that no id is missing.
        self.ids: dict[str, int] = backend.get_vocab(with_added_tokens=True)
        self.first = self.inside = backend.model

    @abstractmethod
    def with_new(self, new: Sequence[str]) -> Any:
        """The tokenizer's model with further pieces."""

    def cut(self, piece: str) -> list[int]:
        """The ids into which the old tokenizer cuts a piece, or those of its letters if it cannot read the piece as a
        whole."""
        text = piece.removeprefix(self.prefix)
        first = self.first if text == piece else self.inside
        ids = [token.id for token in first.tokenize(text)]
        if self.unknown in ids:
            cutters = [first, *[self.inside] * (len(text) - 1)]
            ids = [token.id for cutter, letter in zip(cutters, text, strict=True) for token in cutter.tokenize(letter)]
        return ids

    def learn(self, counts: Counter[str], pieces: int) -> list[str]:
        """New pieces, at most ``pieces``: letters first, then merged ones, the most frequent first."""
        letters = set[str]().union(*counts)
        # Named beforehand, since the trainer's own numbers differ between processes: see subwords.mini_tokenizer.
        inner = sorted({self.prefix + letter for word in counts for letter in word[1:]})
        known = sum(letters.issuperset(piece.removeprefix(self.prefix)) for piece in self.ids)  # it may find them again
        merges = min(known + pieces, sum(map(len, counts)))  # it sets memory aside, so no more than there can be
        trainer = trainers.WordPieceTrainer(
            vocab_size=len(letters) + len(inner) + merges,
            special_tokens=inner,
            continuing_subword_prefix=self.prefix,
            show_progress=False,
        )
        learner = Tokenizer(models.WordPiece())
        learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        learner.train_from_iterator((" ".join([word] * count) for word, count in counts.items()), trainer)
        spare = letters - {word[0] for word in counts} - set(inner)  # the trainer lets a word begin with any letter
        ids = learner.get_vocab()
        learnt = [piece for piece in sorted(ids, key=ids.__getitem__) if piece not in self.ids and piece not in spare]
        return learnt[:pieces]


class _WordPiece(_Pieces):
    """The pieces of a WordPiece tokenizer."""

    def __init__(self, backend: Tokenizer, settings: dict[str, Any]) -> None:
        super().__init__(backend, settings)
        self.prefix, self.longest = settings["continuing_subword_prefix"], settings["max_input_chars_per_word"]
        self.unknown = self.ids[settings["unk_token"]]
        # Inside a word the first piece, too, is a continuing one: here those go by their names without the prefix.
        inner = {piece: id for piece, id in self.ids.items() if piece.startswith(self.prefix)}
        bare = {piece.removeprefix(self.prefix): id for piece, id in inner.items()}
        self.inside = self._model(bare | inner | {settings["unk_token"]: self.unknown})

    def _model(self, ids: dict[str, int]) -> models.WordPiece:
        """A model with these pieces."""
        return models.WordPiece(
            ids,
            unk_token=self.settings["unk_token"],
            continuing_subword_prefix=self.prefix,
            max_input_chars_per_word=self.longest,
        )

    def with_new(self, new: Sequence[str]) -> models.WordPiece:
        """The model with further pieces."""
        return self._model(self.ids | {piece: len(self.ids) + i for i, piece in enumerate(new)})


class _Unigram(_Pieces):
    """The pieces of a Unigram tokenizer."""

    def __init__(self, backend: Tokenizer, settings: dict[str, Any]) -> None:
        super().__init__(backend, settings)
        self.unknown = settings["unk_id"]
        scores = dict(settings["vocab"])
        self.lowest = min(scores.values())
        self.scores = {piece: scores.get(piece, self.lowest) for piece in sorted(self.ids, key=self.ids.__getitem__)}

    def with_new(self, new: Sequence[str]) -> models.Unigram:
        """The model with further pieces, each scored as the least likely of the old pieces that it replaces.

        A score is a logarithm of a probability, and a whole is at most as likely as any of its parts: the new piece
        takes that bound. It is above the sum that its own cut has, and on the scale of the old scores, which stay.
        """
        old = list(self.scores.values())  # by id
        scores = dict(self.scores)
        for piece in new:
            ids = self.cut(piece)
            # What an unknown letter costs hangs on the lowest score, so nothing falls below.
            scores[piece] = self.lowest if self.unknown in ids else min(old[id] for id in ids)
        return models.Unigram(list(scores.items()), self.unknown, self.settings["byte_fallback"])
