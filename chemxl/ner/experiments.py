"""Training and evaluation of taggers as values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import nn

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Flattened, Mention, flatten, to_bio
from chemxl.errors import CorpusError
from chemxl.evaluation import metrics
from chemxl.experiments.checkpoints import clear
from chemxl.experiments.experiment import Experiment, seed_everything
from chemxl.models import encoders
from chemxl.models.labellers import BiLstmLabeller, EncoderLabeller, Vocabulary
from chemxl.models.tagger import Reader, SubwordReader, Tagger, WordReader
from chemxl.models.training import Training, fit
from chemxl.models.trimming import trimmed
from chemxl.models.windows import Window, window_labels


def gold(documents: Sequence[Document]) -> list[Flattened]:
    """What a tagger can be asked for: each document's mentions flattened to one layer."""
    return [flatten(document.mentions) for document in documents]


def bio_labels(types: Sequence[str]) -> list[str]:
    """``O`` and a begin and an inside label per type."""
    return ["O", *(f"{prefix}-{type_}" for type_ in types for prefix in "BI")]


class Labelling:
    """Windows with labels, as the training loop wants them.

    Args:
        model: what is trained.
        reader: gives the windows.
        names: of the labels, as :func:`bio_labels` has them.
    """

    def __init__(self, model: nn.Module, reader: Reader, names: Sequence[str], documents: Sequence[Document]) -> None:
        index = {label: i for i, label in enumerate(names)}
        begin = [index[label.replace("I-", "B-", 1)] if label.startswith("I-") else i for i, label in enumerate(names)]
        labels = [
            [index[label] for label in to_bio(layer.mentions, document.words)[0]]
            for document, layer in zip(documents, gold(documents), strict=True)
        ]
        self.model, self.reader = model, reader
        self.windows: list[Window] = reader.windows(documents)
        self.labels = [window_labels(window, labels[window.document], begin) for window in self.windows]
        self.lengths = [len(window.ids) for window in self.windows]

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """See :meth:`chemxl.models.tagger.SubwordReader.collate`."""
        return self.reader.collate([self.windows[i] for i in indices], [self.labels[i] for i in indices])


class NerModel(Experiment):
    """A tagger trained on annotated documents.

    Args:
        train: corpora that are read one after the other.
        dev: evaluated after every epoch; decides about early stopping where ``training.patience`` is set.
    """

    train: tuple[Corpus, ...]
    dev: Corpus | None = None
    training: Training = Training()
    seed: int = 0

    @property
    def types(self) -> tuple[str, ...]:
        """The unified types that it learns."""
        return tuple(dict.fromkeys(type_ for corpus in self.train for type_ in corpus.types))

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The network before its first step."""
        raise NotImplementedError

    def compute(self, folder: Path) -> dict[str, float]:
        """Train, continuing where a killed run stopped, and save the tagger."""
        tagger, sizes = self.fitted(folder)
        tagger.save(folder)
        clear(folder)
        return sizes

    def fitted(self, folder: Path) -> tuple[Tagger, dict[str, float]]:
        """The tagger after its last step, and how much it learnt from; checkpoints and history go to the folder."""
        seed_everything(self.seed)
        documents = [document for corpus in self.train for document in corpus.load()]
        tagger = self.untrained(documents)
        task = Labelling(tagger.model, tagger.reader, tagger.model.labels, documents)
        if not task.windows:
            raise CorpusError(f"nothing to train on: {', '.join(c.name for c in self.train)} gave no text")
        dev = self.dev.load() if self.dev else []
        used = {i for window in (*task.windows, *tagger.reader.windows(dev)) for i in window.ids}
        with trimmed(tagger.model.encoder, used) if isinstance(tagger.model, EncoderLabeller) else nullcontext():
            fit(
                task,
                settings=self.training,
                seed=self.seed,
                folder=folder,
                evaluate=(lambda: _dev_scores(tagger, dev)) if dev else None,
                label=f"{type(self).__name__} seed {self.seed}",
            )
        return tagger, {"documents": len(documents), "windows": len(task.windows), "tokens": sum(task.lengths)}

    def tagger(self) -> Tagger:
        """The trained tagger, trained now where the cache does not have it."""
        return Tagger.load(self.run().folder)


class FineTune(NerModel):
    """An encoder with a softmax head (paper 0, section V; paper 1, section 3) or a CRF (paper 3, section 5.1.2)."""

    kind: Literal["FineTune"] = "FineTune"
    encoder: str | encoders.Pretrained = encoders.MINI
    head: Literal["softmax", "crf"] = "softmax"

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The encoder under a fresh head."""
        # Only the head has dropout.
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        model = EncoderLabeller(encoder, bio_labels(self.types), crf=self.head == "crf")
        return Tagger(model, SubwordReader(tokenizer))

    def data_digest(self) -> str:
        """The encoder's files."""
        return encoders.file_digest(self.encoder)


class BiLstmCrf(NerModel):
    """The baseline without pretraining (paper 1, table 2)."""

    kind: Literal["BiLstmCrf"] = "BiLstmCrf"
    training: Training = Training(epochs=10, tokens=2048, rate=2e-3, head_rate=2e-3, clip=5.0)

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """Random embeddings over the words and characters of the training texts."""
        vocabulary = Vocabulary.of([d.text[s:e] for s, e in d.words] for d in documents)
        words, characters = len(vocabulary.words) + 2, len(vocabulary.characters) + 2
        return Tagger(
            BiLstmLabeller(bio_labels(self.types), words=words, characters=characters), WordReader(vocabulary)
        )


def _dev_scores(tagger: Tagger, documents: Sequence[Document]) -> dict[str, float]:
    counts = metrics.count([layer.mentions for layer in gold(documents)], tagger.predict(documents))
    score = counts.scores()[metrics.MICRO]
    return {"score": score.f1, "precision": score.precision, "recall": score.recall}


class Evaluation(Experiment):
    """A trained tagger on a corpus: exact character spans, micro and per type, seqeval's number beside."""

    model: FineTune | BiLstmCrf = Field(discriminator="kind")
    corpus: Corpus

    @property
    def seed(self) -> int:
        """Of the training."""
        return self.model.seed

    def trained(self) -> NerModel:
        """The training."""
        return self.model

    def compute(self, folder: Path) -> dict[str, float]:
        """Predict, score, keep the predictions as JSON lines.

        ``micro.f1`` is against the mentions flattened to one layer, ``nested.f1`` against every mention.
        """
        documents = self.corpus.load()
        found = self.model.tagger().predict(documents)
        rows = (
            json.dumps({"id": d.id, "mentions": [[m.type, m.start, m.end, round(m.score or 0.0, 4)] for m in mentions]})
            for d, mentions in zip(documents, found, strict=True)
        )
        (folder / "predictions.jsonl").write_text("".join(f"{row}\n" for row in rows), "utf-8")
        layers = gold(documents)
        scores = metrics.count([layer.mentions for layer in layers], found).scores()
        result: dict[str, float] = {}
        for name, score in scores.items():
            result |= {f"{name}.precision": score.precision, f"{name}.recall": score.recall, f"{name}.f1": score.f1}
            result[f"{name}.gold"] = score.gold
        result["nested.f1"] = metrics.count([d.mentions for d in documents], found).scores()[metrics.MICRO].f1
        result["seqeval.f1"] = _seqeval(documents, layers, found)
        result["documents"] = len(documents)
        result["flattened"] = sum(layer.nested + layer.crossing for layer in layers)
        return result

    def outcome(self) -> tuple[list[Document], list[list[Mention]]]:
        """The documents and what was predicted in each."""
        path = self.run().folder / "predictions.jsonl"
        rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        found = [[Mention.of(t, start, end, score=score) for t, start, end, score in row["mentions"]] for row in rows]
        return self.corpus.load(), found

    def counts(self) -> metrics.Counts:
        """Per document, for intervals and paired tests."""
        documents, found = self.outcome()
        return metrics.count([layer.mentions for layer in gold(documents)], found)


def _seqeval(documents: Sequence[Document], layers: Sequence[Flattened], found: Sequence[Sequence[Mention]]) -> float:
    wanted = [to_bio(layer.mentions, d.words)[0] for d, layer in zip(documents, layers, strict=True)]
    given = [to_bio(list(mentions), d.words)[0] for d, mentions in zip(documents, found, strict=True)]
    return metrics.seqeval_scores(wanted, given)[metrics.MICRO].f1
