"""The networks that label words: a softmax or CRF head on an encoder, and the older BiLSTM-CRF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn import functional as F

from chemxl.errors import ChemxlError
from chemxl.models.crf import CRF
from chemxl.models.packed import encode
from chemxl.models.training import IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PAD, UNKNOWN = 0, 1


class Labeller(nn.Module):
    """The base of all networks here: emissions at words, then a softmax or a CRF over BIO labels."""

    def __init__(self, labels: Sequence[str], *, crf: bool) -> None:
        super().__init__()
        self.labels = tuple(labels)
        self.head_crf = CRF(labels, learned=crf)
        self.crf = crf

    @property
    def types(self) -> list[str]:
        """The types of mentions, in the order of the labels."""
        return list(dict.fromkeys(label[2:] for label in self.labels if label != "O"))

    def emissions(self, **batch: torch.Tensor) -> torch.Tensor:
        """The scores of labels at words, (B, W, L) in float32."""
        raise NotImplementedError

    def forward(self, labels: torch.Tensor, outside: torch.Tensor | None = None, **batch: torch.Tensor) -> torch.Tensor:
        """The mean loss per word: cross entropy (softmax) or negative log-likelihood of the sequence (CRF).

        Args:
            labels: (B, W)
            outside: (B, L), true for what a word labelled ``O`` may be: more than that where types are not annotated.
                Then the loss of the softmax is that of the labels that are possible, together (Greenberg et al. 2018,
                doi:10.18653/v1/D18-1306, equation 4, for words by themselves).

        Raises:
            ChemxlError: a CRF with ``outside``.
        """
        emissions = self.emissions(**batch)  # (B, W, L)
        if outside is not None:
            if self.crf:
                raise ChemxlError("a CRF learns from whole annotation alone: take head=softmax, or one corpus")
            return _marginal(emissions, labels, outside)
        if not self.crf:
            return F.cross_entropy(emissions.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
        return self.head_crf.negative_log_likelihood(emissions, labels) / (labels != IGNORED).sum()

    @torch.no_grad()
    def decode(self, *, legal: bool = True, **batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The best label of each word (B, W) and its softmax probability (B, W); ``lengths`` (B,) count words.

        Args:
            legal: the best legal sequence, and not the best label of each word.
        """
        emissions = self.emissions(**batch)
        best = self.head_crf.decode(emissions, batch["lengths"]) if legal else emissions.argmax(2)
        return best, emissions.softmax(-1).gather(2, best[..., None])[..., 0]


def _marginal(emissions: torch.Tensor, labels: torch.Tensor, outside: torch.Tensor) -> torch.Tensor:
    """The mean over words of ``-log P(any of the possible labels)``, ()."""
    asked = labels != IGNORED  # (B, W)
    possible = F.one_hot(labels.clamp(min=0), emissions.shape[2]).bool()  # (B, W, L)
    possible = possible | ((labels == 0)[..., None] & outside[:, None])
    of_these = emissions.masked_fill(~possible, -torch.inf).logsumexp(2)  # (B, W)
    return (emissions.logsumexp(2) - of_these)[asked].mean()


def first_pieces(
    encoder: PreTrainedModel,
    *,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    units: torch.Tensor,
    **_: torch.Tensor,
) -> torch.Tensor:
    """The encoder's output at the first piece of each word, (B, W, d).

    Args:
        input_ids, attention_mask: (B, T)
        units: where words begin, (B, W).
    """
    wanted = torch.zeros_like(input_ids, dtype=torch.bool).scatter(1, units, True)  # (B, T)
    hidden = encode(encoder, wanted, input_ids=input_ids, attention_mask=attention_mask)  # (M, d)
    rows = wanted.flatten().cumsum(0).view_as(wanted) - 1  # (B, T), of ``hidden`` where one is wanted
    return hidden[rows.gather(1, units)]


class EncoderLabeller(Labeller):
    """An encoder with a linear layer on the first piece of every word (paper 0, section V; CRF head: paper 3)."""

    def __init__(self, encoder: PreTrainedModel, labels: Sequence[str], *, crf: bool, dropout: float = 0.1) -> None:
        super().__init__(labels, crf=crf)
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, len(labels))

    def emissions(self, **batch: torch.Tensor) -> torch.Tensor:
        """Scores (B, W, L); the encoder reads ``input_ids`` and ``attention_mask`` (B, T), words begin at ``units`` (B,
        W)."""
        words = first_pieces(self.encoder, **batch)  # (B, W, d)
        return cast("torch.Tensor", self.head(self.dropout(words)).float())


class BiLstmLabeller(Labeller):
    """Word embeddings and a character CNN, then a BiLSTM and a CRF (Ma and Hovy 2016; the baseline of paper 1, table
    2).

    Paper 1 takes the Saber library's defaults with word2vec vectors; here word embeddings begin at random, and
    :mod:`chemxl.models.vectors` has a network that reads pretrained ones beside them.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        words: int,
        characters: int,
        word_size: int = 100,
        char_size: int = 30,
        hidden: int = 100,
    ) -> None:
        super().__init__(labels, crf=True)
        self.word_table = nn.Embedding(words, word_size, padding_idx=PAD)
        self.char_table = nn.Embedding(characters, char_size, padding_idx=PAD)
        self.char_cnn = nn.Conv1d(char_size, 2 * char_size, kernel_size=3, padding=1)
        self.dropout = nn.Dropout(0.5)
        self.forwards = nn.LSTM(word_size + 2 * char_size, hidden, batch_first=True)
        self.backwards = nn.LSTM(word_size + 2 * char_size, hidden, batch_first=True)
        self.head = nn.Linear(2 * hidden, len(labels))

    def emissions(self, **batch: torch.Tensor) -> torch.Tensor:
        """Scores (B, W, L) of ``words`` (B, W), which are spelt as ``forms`` (B, W) of ``characters`` (1, F, C), with
        ``lengths`` (B,)."""
        characters = batch["characters"][0]  # (F, C)
        blank = (characters == PAD)[:, None]  # (F, 1, C)
        spelt = self.char_cnn(self.char_table(characters).transpose(1, 2))  # (F, c, C)
        spelt = F.relu(spelt.masked_fill(blank, -torch.inf).amax(2))  # (F, c)
        read = torch.cat([self.word_table(batch["words"]), spelt[batch["forms"]]], dim=-1)  # (B, W, d)
        read = self.dropout(read.float())
        back = flipped(read.shape[1], batch["lengths"])  # (B, W)
        after = _taken(self.backwards(_taken(read, back))[0], back)
        hidden = torch.cat([self.forwards(read)[0], after], dim=-1)  # (B, W, 2h)
        return cast("torch.Tensor", self.head(self.dropout(hidden)).float())


def flipped(width: int, lengths: torch.Tensor) -> torch.Tensor:
    """The places that reverse each sequence within its own length, (B, W); doing so twice changes nothing.

    Padding stays behind the words in both directions, so no packing is needed: packed sequences keep torch from its
    fused LSTM on a processor, which is several times faster.
    """
    places = torch.arange(width, device=lengths.device).expand(len(lengths), -1)
    return torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)


def _taken(read: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """The vectors at these places, (B, W, d)."""
    return read.gather(1, places[..., None].expand(-1, -1, read.shape[-1]))


class Vocabulary:
    """The lower-cased words and the characters of training texts; all others are unknown."""

    def __init__(self, words: Iterable[str], characters: Iterable[str]) -> None:
        self.words = {word: i + 2 for i, word in enumerate(words)}
        self.characters = {character: i + 2 for i, character in enumerate(characters)}

    @classmethod
    def of(cls, texts: Iterable[Iterable[str]], *, least: int = 2) -> Vocabulary:
        """The vocabulary of texts: words that occur often enough, and every character."""
        words = list(chain.from_iterable(texts))
        lowered = Counter(map(str.lower, words))
        return cls(sorted(w for w, n in lowered.items() if n >= least), sorted(set(chain.from_iterable(words))))

    def word(self, form: str) -> int:
        """The id of a word, lower-cased."""
        return self.words.get(form.lower(), UNKNOWN)

    def spell(self, form: str, *, longest: int = 24) -> list[int]:
        """The ids of a word's first characters."""
        return [self.characters.get(c, UNKNOWN) for c in form[:longest]]
