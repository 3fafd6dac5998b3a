"""The way from documents to tensors and from labels back to mentions, for every network."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, cast

import torch
from torch import nn

from chemxl.documents import Document, Flattened, Mention, Span, flatten, from_bio, to_bio
from chemxl.evaluation import metrics
from chemxl.evaluation.chunks import seqeval_scores
from chemxl.models import eight_bits
from chemxl.models.labellers import BiLstmLabeller, EncoderLabeller, Labeller, Vocabulary
from chemxl.models.predictor import FILE, Predictor
from chemxl.models.readers import Reader, SubwordReader, WordReader
from chemxl.models.reading import BertModel, FastTokenizer
from chemxl.models.training import Batch
from chemxl.models.windows import Window, window_labels

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


def gold(documents: Sequence[Document]) -> list[Flattened]:
    """The mentions that a tagger can find: those of each document, flattened to one layer."""
    return [flatten(document.mentions) for document in documents]


def bio_labels(types: Sequence[str]) -> list[str]:
    """The labels ``O`` and, for each type, one for the first and one for further words."""
    return ["O", *(f"{prefix}-{type_}" for type_ in types for prefix in "BI")]


class Windows:
    """Windows of documents to predict on."""

    def __init__(self, model: nn.Module, reader: Reader, documents: Sequence[Document]) -> None:
        self.model, self.reader = model, reader
        self.windows: list[Window] = reader.windows(documents)
        self.lengths = [len(window.ids) for window in self.windows]

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """See :meth:`Reader.collate`."""
        return self.reader.collate([self.windows[i] for i in indices])


class Labelling(Windows):
    """Windows with labels, to train on.

    Args:
        model: what is trained.
        reader: gives the windows.
        names: the names of the labels, as :func:`bio_labels` has them.
        lacking: types that are not annotated in a document, by its id.
    """

    def __init__(
        self,
        model: nn.Module,
        reader: Reader,
        names: Sequence[str],
        documents: Sequence[Document],
        lacking: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        super().__init__(model, reader, documents)
        index = {label: i for i, label in enumerate(names)}
        begin = [index[label.replace("I-", "B-", 1)] if label.startswith("I-") else i for i, label in enumerate(names)]
        labels = [
            [index[label] for label in to_bio(layer.mentions, document.words)[0]]
            for document, layer in zip(documents, gold(documents), strict=True)
        ]
        self.labels = [window_labels(window, labels[window.document], begin) for window in self.windows]
        self.outside: list[list[bool]] = []  # by window, what a word labelled O may be
        if lacking:
            free = [lacking.get(document.id, ()) for document in documents]
            self.outside = [[n == "O" or n[2:] in free[window.document] for n in names] for window in self.windows]

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """See :meth:`Reader.collate`; ``outside`` (B, L) as :meth:`chemxl.models.labellers.Labeller.forward` has it."""
        batch = self.reader.collate([self.windows[i] for i in indices], [self.labels[i] for i in indices])
        return batch | ({"outside": torch.tensor([self.outside[i] for i in indices])} if self.outside else {})


def joined(labels: Sequence[str], words: Sequence[Span], text: str) -> list[str]:
    """The labels, of which none begins a mention behind a blank and another mention of its type."""
    gaps = ["", *(text[a[1] : b[0]] for a, b in pairwise(words))]
    before = ["O", *labels]
    return [
        f"I{label[1:]}" if label.startswith("B") and label[1:] == last[1:] and gap == " " else label
        for label, last, gap in zip(labels, before, gaps, strict=False)
    ]


class Tagger(Predictor[Mention]):
    """A network with its reader that finds mentions in documents.

    Args:
        joins: two mentions of one type with just a blank between them are one.
    """

    NAME = "mentions"
    model: Labeller

    def __init__(self, model: Labeller, reader: Reader, *, joins: bool = False) -> None:
        super().__init__(model)
        self.reader, self.joins = reader, joins
        self.lacking: Mapping[str, Collection[str]] = {}  # see Labelling

    def task(self, documents: Sequence[Document]) -> Labelling:
        """Windows with labels, to train on."""
        return Labelling(self.model, self.reader, self.model.labels, documents, self.lacking)

    def used(self, documents: Sequence[Document]) -> set[int]:
        """See :meth:`chemxl.models.predictor.Predictor.used`."""
        return {i for window in self.reader.windows(documents) for i in window.ids}

    @classmethod
    def count(cls, documents: Sequence[Document], found: Sequence[Sequence[Mention]]) -> metrics.Counts:
        """Counts of exact character spans against the mentions flattened to one layer, by source document."""
        due = [layer.mentions for layer in gold(documents)]
        return metrics.count(due, found, sources=metrics.origins(documents))

    @classmethod
    def beside(cls, documents: Sequence[Document], found: Sequence[Sequence[Mention]]) -> dict[str, float]:
        """``nested.f1`` against every mention, seqeval's score, and the number of mentions that the one layer leaves
        out."""
        layers = gold(documents)
        wanted, given = (
            [to_bio(list(mentions), d.words)[0] for d, mentions in zip(documents, side, strict=True)]
            for side in ([layer.mentions for layer in layers], found)
        )
        return {
            "nested.f1": metrics.count([d.mentions for d in documents], found).scores()[metrics.MICRO].f1,
            "seqeval.f1": seqeval_scores(wanted, given)[metrics.MICRO].f1,
            "flattened": sum(layer.nested + layer.crossing for layer in layers),
        }

    @classmethod
    def packed(cls, item: Mention) -> list[Any]:
        """A mention as a row of JSON: type, start, end, score."""
        return [item.type, item.start, item.end, round(item.score or 0.0, 4)]

    @classmethod
    def unpacked(cls, row: Sequence[Any]) -> Mention:
        """The inverse of :meth:`packed`."""
        return Mention.of(*row[:3], score=row[3])

    def predict(
        self, documents: Sequence[Document], *, tokens: int = 512, precision: str = "auto", legal: bool = True
    ) -> list[list[Mention]]:
        """The mentions of every document; the score of each is the lowest probability of its words.

        Args:
            legal: search the best sequence in which I-x follows only B-x or I-x; else each word's best label is taken.
        """
        task = Windows(self.model, self.reader, documents)
        labels: list[list[str]] = [["O"] * len(d.words) for d in documents]
        scores: list[list[float]] = [[1.0] * len(d.words) for d in documents]

        def read(batch: Batch) -> Iterator[tuple[list[int], list[float]]]:
            """The labels of each window of a batch, with their probabilities."""
            best, sure = self.model.decode(legal=legal, **batch)
            return zip(best.tolist(), sure.tolist(), strict=True)

        for i, (best, sure) in self.inferred(read, task, tokens=tokens, precision=precision):
            window = task.windows[i]
            kept, here = slice(*window.kept), slice(*(word - window.words[0] for word in window.kept))
            labels[window.document][kept] = [self.model.labels[label] for label in best[here]]
            scores[window.document][kept] = sure[here]
        if self.joins:
            labels = [joined(row, d.words, d.text) for row, d in zip(labels, documents, strict=True)]
        return [from_bio(*row) for row in zip(labels, (d.words for d in documents), scores, strict=True)]

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the reader's files and the encoder's configuration."""
        self.reader.save(folder)
        if isinstance(self.model, EncoderLabeller):
            self.model.encoder.config.save_pretrained(folder)
        encoder = isinstance(self.model, EncoderLabeller)
        about = {"labels": list(self.model.labels), "crf": self.model.crf, "encoder": encoder}
        return about | ({"joins": True} if self.joins else {})

    @classmethod
    def restored(cls, folder: Path, about: dict[str, Any]) -> Self:
        """See :meth:`chemxl.models.predictor.Predictor.restored`."""
        if about["encoder"]:
            from transformers import PreTrainedTokenizerFast

            from chemxl.models import encoders

            model: Labeller = cls.network(encoders.unfilled(folder), about)
            # AutoTokenizer would build a BertTokenizer anew, which no longer cuts at words.
            reader: Reader = SubwordReader(PreTrainedTokenizerFast.from_pretrained(folder))
        else:
            table = json.loads((folder / "vocabulary.json").read_text("utf-8"))
            words, characters = table["words"], table["characters"]
            model = BiLstmLabeller(about["labels"], words=len(words) + 2, characters=len(characters) + 2)
            reader = WordReader(Vocabulary(words, characters))
        return cls(model, reader, joins=about.get("joins", False))

    @classmethod
    def to_read(cls, folder: Path) -> Tagger:
        """As :meth:`load`, but only to tag texts: it loads in a fraction of the time and can be neither trained nor
        saved.

        Raises:
            EncoderError: as :meth:`load` does.
        """
        with suppress(Exception):  # of what is not whole, which is said below
            about = json.loads((folder / FILE).read_text("utf-8"))
            plain = about["class"] == f"{Tagger.__module__}.{Tagger.__qualname__}" and about["encoder"]
            if plain and (encoder := BertModel.of(folder)):
                tokenizer = cast("PreTrainedTokenizerFast", FastTokenizer(folder))
                network = cls.network(cast("PreTrainedModel", encoder), about)
                made = Tagger(network, SubwordReader(tokenizer), joins=about.get("joins", False))
                made.model.load_state_dict(eight_bits.read(folder), assign=True)
                return made
        return cls.load(folder)

    @classmethod
    def network(cls, encoder: PreTrainedModel, about: dict[str, Any]) -> EncoderLabeller:
        """The head that :meth:`write` described, on an encoder."""
        return EncoderLabeller(encoder, about["labels"], crf=about["crf"])
