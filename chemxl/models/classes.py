"""Classes of whole documents, one or several each: the head, how documents are read, and the training as a value.

A chapter that classifies something else, such as a pair of marked mentions, derives from :class:`Classifier` what is
read (``examples``) and from :class:`EncoderClassifier` what the head looks at (``vector``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self, cast

import torch
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from chemxl.documents import Document, Label
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.models import encoders
from chemxl.models.learner import SavedLearner
from chemxl.models.predictor import Predictor
from chemxl.models.readers import MAX_TOKENS, OVERLAP
from chemxl.models.training import IGNORED, Batch
from chemxl.models.windows import cuts, token_inputs

SURE = 0.5  # the least probability of a label, where a document may have any number of them


class EncoderClassifier(nn.Module):
    """An encoder with a linear layer on its first token (Devlin et al. 2019, figure 4a).

    Args:
        labels: the L classes.
        several: whether an example may have any number of them, each of which is then asked for alone.
    """

    def __init__(self, encoder: PreTrainedModel, labels: Sequence[str], *, several: bool, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder, self.labels, self.several = encoder, tuple(labels), several
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, len(labels))

    def vector(self, *, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The vector that the head classifies: (B, T), (B, T) -> (B, d)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state  # (B, T, d)
        return cast("torch.Tensor", hidden[:, 0])

    def logits(self, **batch: torch.Tensor) -> torch.Tensor:
        """The scores of the classes, (B, L) in float32."""
        return cast("torch.Tensor", self.head(self.dropout(self.vector(**batch))).float())

    def forward(self, labels: torch.Tensor, **batch: torch.Tensor) -> torch.Tensor:
        """The mean cross entropy with labels (B,), or the mean binary one over examples and classes with labels (B,
        L)."""
        logits = self.logits(**batch)
        if self.several:
            return F.binary_cross_entropy_with_logits(logits, labels.float())
        return F.cross_entropy(logits, labels, ignore_index=IGNORED)

    def probabilities(self, **batch: torch.Tensor) -> torch.Tensor:
        """The probability of each class, (B, L)."""
        logits = self.logits(**batch)
        return logits.sigmoid() if self.several else logits.softmax(dim=1)


@dataclass(frozen=True, slots=True)
class Example:
    """A stretch of a document that is read at once.

    Args:
        item: the place of what it belongs to, such as a document; one that is long is read in several examples.
        ids: token ids, special ones included.
    """

    item: int
    ids: list[int]


class Classes:
    """Examples with the classes of their documents, as the training loop takes them.

    Args:
        labels: by item, the places of its classes; None to predict.
    """

    def __init__(
        self, model: EncoderClassifier, examples: Sequence[Example], pad: int, labels: Sequence[set[int]] | None = None
    ) -> None:
        self.model, self.examples, self.pad, self.labels = model, examples, pad, labels
        self.lengths = [len(example.ids) for example in examples]

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """``input_ids`` and ``attention_mask`` (B, T), ``labels`` (B,) or, where there may be several, (B, L)."""
        chosen = [self.examples[i] for i in indices]
        batch = token_inputs([example.ids for example in chosen], pad=self.pad)
        if self.labels is None:
            return batch
        own = [self.labels[example.item] for example in chosen]
        if not self.model.several:
            return batch | {"labels": torch.tensor([next(iter(places)) for places in own])}
        return batch | {
            "labels": torch.tensor([[i in places for i in range(len(self.model.labels))] for places in own]).long()
        }


class Classifier(Predictor[Label]):
    """A network with its tokenizer that labels documents.

    A document that is longer than the encoder reads at once is read in several examples. All of them are trained on
    with the document's labels; its probabilities are their mean.
    """

    NAME = "labels"
    model: EncoderClassifier

    def __init__(self, model: EncoderClassifier, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__(model)
        self.tokenizer = tokenizer

    def examples(self, documents: Sequence[Document]) -> list[Example]:
        """The examples of documents; every token is in at least one."""
        first, last = encoders.specials(self.tokenizer)
        texts = [document.text for document in documents]
        made = []
        for item, encoding in enumerate(self.tokenizer.backend_tokenizer.encode_batch(texts, add_special_tokens=False)):
            ids = encoding.ids  # made anew each time that it is asked for
            for start, stop, _, _ in cuts(len(ids), MAX_TOKENS - 2, OVERLAP):
                made.append(Example(item, [first, *ids[start:stop], last]))
        return made

    def task(self, documents: Sequence[Document]) -> Classes:
        """Examples with labels, to train on.

        Raises:
            ChemxlError: a document has a label that the network does not know, or not the one label that is due.
        """
        places = {label: i for i, label in enumerate(self.model.labels)}
        labels = []
        for document in documents:
            own = {label.type for label in document.labels}
            if own - places.keys() or (not self.model.several and len(own) != 1):
                due = "any of" if self.model.several else "one of"
                raise ChemxlError(
                    f"{document.id} has the labels {', '.join(sorted(own)) or 'none'}; {due} {', '.join(places)} is due"
                )
            labels.append({places[label] for label in own})
        return self._classes(documents, labels)

    def _classes(self, documents: Sequence[Document], labels: Sequence[set[int]] | None = None) -> Classes:
        """Examples of documents, with their labels if given."""
        return Classes(self.model, self.examples(documents), int(self.tokenizer.pad_token_id), labels)

    def used(self, documents: Sequence[Document]) -> set[int]:
        """See :meth:`chemxl.models.predictor.Predictor.used`."""
        return {i for example in self.examples(documents) for i in example.ids}

    def predict(
        self, documents: Sequence[Document], *, tokens: int = 2048, precision: str = "auto"
    ) -> list[list[Label]]:
        """The labels of every document, each with its probability."""
        names = self.model.labels
        return [
            [Label(names[i], score=row[i]) for i in self._chosen(row)]
            for row in self.probabilities(documents, tokens=tokens, precision=precision).tolist()
        ]

    def _chosen(self, row: Sequence[float]) -> Sequence[int]:
        """The classes that a document gets from its probabilities."""
        if self.model.several:
            return [i for i, share in enumerate(row) if share >= SURE]
        return [max(range(len(row)), key=row.__getitem__)]

    def probabilities(
        self, documents: Sequence[Document], *, tokens: int = 2048, precision: str = "auto"
    ) -> torch.Tensor:
        """The probability of each class in each document, (D, L) float32."""
        task = self._classes(documents)

        def read(batch: Batch) -> Iterator[torch.Tensor]:
            """The probabilities of a batch."""
            return iter(self.model.probabilities(**batch).cpu())

        total = torch.zeros(len(documents), len(self.model.labels))  # (D, L)
        parts = torch.zeros(len(documents), 1)
        for i, row in self.inferred(read, task, tokens=tokens, precision=precision):
            total[task.examples[i].item] += row
            parts[task.examples[i].item] += 1
        return total / parts

    @classmethod
    def count(cls, documents: Sequence[Document], found: Sequence[Sequence[Label]]) -> metrics.Counts:
        """Counts of labels that match."""
        return metrics.count_labels([d.labels for d in documents], found, sources=metrics.origins(documents))

    @classmethod
    def packed(cls, item: Label) -> list[Any]:
        """A label as a row of JSON: type, score."""
        return [item.type, round(item.score or 0.0, 4)]

    @classmethod
    def unpacked(cls, row: Sequence[Any]) -> Label:
        """The inverse of :meth:`packed`."""
        return Label(row[0], score=row[1])

    def write(self, folder: Path) -> dict[str, Any]:
        """Write the tokenizer's files and the encoder's configuration."""
        self.tokenizer.save_pretrained(folder)
        self.model.encoder.config.save_pretrained(folder)
        return {"labels": list(self.model.labels), "several": self.model.several}

    @classmethod
    def restored(cls, folder: Path, about: dict[str, Any]) -> Self:
        """See :meth:`chemxl.models.predictor.Predictor.restored`."""
        model = EncoderClassifier(encoders.unfilled(folder), about["labels"], several=about["several"])
        return cls(model, PreTrainedTokenizerFast.from_pretrained(folder))


class Classification(SavedLearner, encoders.FromEncoder):
    """A training of an encoder to label documents.

    Args:
        several: whether a document may have any number of labels.
    """

    predictor: ClassVar[type[Classifier]] = Classifier

    several: bool = False

    def untrained(self, documents: Sequence[Document]) -> Classifier:
        """The encoder with a fresh head; its classes are the labels in the documents."""
        labels = sorted({label.type for document in documents for label in document.labels})
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        return Classifier(EncoderClassifier(encoder, labels, several=self.several), tokenizer)
