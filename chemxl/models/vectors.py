"""Pretrained word vectors for a BiLSTM-CRF, beside those that it learns; paper 1, table 2, has word2vec's.

Files are those of navec (github.com/natasha/navec): Russian vectors of parts each of which is one of 256, so that a
quarter of a million words take 25 MB (product quantisation, Jégou et al. 2011, doi:10.1109/TPAMI.2010.57).
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import nn

from chemxl.documents import Document
from chemxl.errors import EncoderError
from chemxl.models.labellers import PAD, BiLstmLabeller, Vocabulary
from chemxl.models.readers import WordReader
from chemxl.models.tagger import Tagger
from chemxl.models.windows import Window, padded

FILES = {"navec-news": "navec_news_v1_1B_250K_300d_100q.tar"}
_KNOWN = "known.json"
_MOST = 1 << 28  # bytes of one part of a file, unpacked
_NONE = 0  # the row of words that have no vector


class Vectors(NamedTuple):
    """Word vectors of Q parts, each one of K.

    Args:
        words: V of them.
        codes: which part it is, (V, Q).
        parts: (Q, K, d / Q).
    """

    words: list[str]
    codes: np.ndarray
    parts: np.ndarray


def place(name: str) -> Path:
    """The file of word vectors: in ``CHEMXL_MODELS``, or in the package natasha, which comes with it.

    Raises:
        EncoderError: it is in neither.
    """
    if name not in FILES:
        raise EncoderError(f"{name!r} are no word vectors: take one of {', '.join(FILES)}")
    package = find_spec("natasha")
    beside = [Path(package.origin).parent / "data/emb"] if package and package.origin else []
    folders = [*(Path(root) for root in [os.environ.get("CHEMXL_MODELS")] if root), *beside]
    for folder in folders:
        if (folder / FILES[name]).is_file():
            return folder / FILES[name]
    raise EncoderError(
        f"no word vectors {name!r}: install natasha, which brings them (pip install --no-deps natasha), "
        f"or put {FILES[name]} into CHEMXL_MODELS"
    )


def read(path: Path) -> Vectors:
    """Vectors of a file in navec's format, an archive of ``vocab.bin`` and ``pq.bin``; nothing is unpacked to disk.

    Raises:
        EncoderError: it is not whole.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            vocabulary, quantised = (_part(archive, name) for name in ("vocab.bin", "pq.bin"))
        with gzip.open(io.BytesIO(vocabulary)) as packed:
            unpacked = packed.read(_MOST + 1)
        if len(unpacked) > _MOST:
            raise ValueError("its vocabulary is too large")
        count = int(np.frombuffer(unpacked, "<u4", 1)[0])
        words = unpacked[4 + 4 * count :].decode().split("\n")  # before them: how often each occurs
        rows, width, parts, kinds = np.frombuffer(quantised, "<u4", 4).tolist()
        codes = np.frombuffer(quantised, np.uint8, rows * parts, 16).reshape(rows, parts)
        values = np.frombuffer(quantised, "<f4", kinds * width, 16 + rows * parts).reshape(parts, kinds, -1)
        if len(words) != rows or values.shape[2] * parts != width or codes.max() >= kinds:
            raise ValueError("its sizes do not agree")
        if not np.isfinite(values).all():
            raise ValueError("it holds what is no number")
    except (OSError, EOFError, ValueError, KeyError, OverflowError, tarfile.TarError, zlib.error) as error:
        raise EncoderError(f"{path} is no file of word vectors in navec's format: get it anew ({error})") from error
    return Vectors(words, codes, values)


def _part(archive: tarfile.TarFile, name: str) -> bytes:
    """A file of an archive."""
    member = archive.getmember(name)
    file = archive.extractfile(member) if member.isfile() and member.size <= _MOST else None
    if file is None:
        raise ValueError(f"{name} is no file, or too large")
    return file.read()


class PretrainedWords(nn.Module):
    """Word vectors that training does not change.

    Args:
        sizes: the number of vectors, of their parts, of kinds of each, and the dimensions of a part; see
            :class:`Vectors`.
    """

    def __init__(self, rows: int, parts: int, kinds: int, width: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(rows, parts, dtype=torch.uint8))
        self.register_buffer("parts", torch.zeros(parts, kinds, width))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The vectors of these rows, (B, W) to (B, W, d); zeros for what has none."""
        codes: torch.Tensor = self.get_buffer("codes")[rows].long()  # (B, W, Q)
        found: torch.Tensor = self.get_buffer("parts")[
            torch.arange(codes.shape[2], device=rows.device), codes
        ]  # (B, W, Q, d / Q)
        return found.flatten(2) * (rows != _NONE)[..., None]


class WordTable(nn.Module):
    """What is learnt of a word and its pretrained vector, one behind the other."""

    def __init__(self, learnt: nn.Embedding, pretrained: PretrainedWords) -> None:
        super().__init__()
        self.learnt, self.pretrained = learnt, pretrained

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """Vectors (B, W, d) of rows (B, W, 2) of the two tables."""
        return torch.cat([self.learnt(words[..., 0]), self.pretrained(words[..., 1])], dim=-1)


class VectorLabeller(BiLstmLabeller):
    """The BiLSTM-CRF over words, characters and pretrained word vectors."""

    def __init__(
        self,
        labels: Sequence[str],
        *,
        words: int,
        characters: int,
        sizes: Sequence[int],
        word_size: int = 100,
    ) -> None:
        _, parts, _, width = sizes
        super().__init__(labels, words=words, characters=characters, word_size=word_size + parts * width)
        learnt = nn.Embedding(words, word_size, padding_idx=PAD)
        self.word_table = WordTable(learnt, PretrainedWords(*sizes))  # type: ignore[assignment]


class VectorReader(WordReader):
    """A reader of words that also gives the rows of their pretrained vectors."""

    def __init__(self, vocabulary: Vocabulary, known: Mapping[str, int]) -> None:
        super().__init__(vocabulary)
        self.known = known

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[int]] | None = None
    ) -> dict[str, torch.Tensor]:
        """See :meth:`WordReader.collate`; ``words`` (B, W, 2) are rows of both tables."""
        batch, names = super().collate(windows, labels), list(self.forms)
        rows = padded([[self.known.get(names[i].lower(), _NONE) for i in window.ids] for window in windows], _NONE)
        return batch | {"words": torch.stack([batch["words"], rows], dim=-1)}

    def save(self, folder: Path) -> None:
        """Write both vocabularies as JSON."""
        super().save(folder)
        (folder / _KNOWN).write_text(json.dumps(self.known, ensure_ascii=False), "utf-8")


class VectorTagger(Tagger):
    """A BiLSTM-CRF with pretrained word vectors, which it keeps with its weights."""

    model: VectorLabeller

    @classmethod
    def untrained(cls, labels: Sequence[str], documents: Sequence[Document], vectors: Vectors) -> Self:
        """The network before its first step, with the vocabulary of these documents."""
        vocabulary = Vocabulary.of([d.text[s:e] for s, e in d.words] for d in documents)
        sizes = (1 + len(vectors.words), *vectors.parts.shape)
        made = cls._of(labels, vocabulary, {word: i + 1 for i, word in enumerate(vectors.words)}, sizes)
        pretrained = made.model.get_submodule("word_table.pretrained")
        pretrained.get_buffer("codes")[1:] = torch.from_numpy(vectors.codes.copy())
        pretrained.get_buffer("parts")[:] = torch.from_numpy(vectors.parts.copy())
        return made

    @classmethod
    def _of(cls, labels: Sequence[str], vocabulary: Vocabulary, known: Mapping[str, int], sizes: Sequence[int]) -> Self:
        """A tagger with arbitrary weights."""
        words, characters = len(vocabulary.words) + 2, len(vocabulary.characters) + 2
        model = VectorLabeller(labels, words=words, characters=characters, sizes=sizes)
        return cls(model, VectorReader(vocabulary, known))

    def write(self, folder: Path) -> dict[str, Any]:
        """See :meth:`Tagger.write`."""
        pretrained = self.model.get_submodule("word_table.pretrained")
        sizes = [len(pretrained.get_buffer("codes")), *pretrained.get_buffer("parts").shape]
        return super().write(folder) | {"sizes": sizes}

    @classmethod
    def restored(cls, folder: Path, about: dict[str, Any]) -> Self:
        """See :meth:`chemxl.models.predictor.Predictor.restored`."""
        table, known = (json.loads((folder / name).read_text("utf-8")) for name in ("vocabulary.json", _KNOWN))
        made = cls._of(about["labels"], Vocabulary(table["words"], table["characters"]), known, about["sizes"])
        made.joins = about.get("joins", False)
        return made
