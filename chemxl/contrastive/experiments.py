"""Contrastive pretraining as a value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import Field
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from chemxl.contrastive.model import ContrastiveModel, Distance
from chemxl.contrastive.words import WordVectors, divergence, read
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.errors import ChemxlError, CorpusError
from chemxl.experiments import processes
from chemxl.experiments.checkpoints import clear, write_tensors
from chemxl.experiments.experiment import seed_everything
from chemxl.models import encoders
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Labelling, bio_labels
from chemxl.models.training import Training, fit
from chemxl.models.trimming import trimmed

HEADS = "heads.safetensors"
_PROBES = 8  # evaluations while it trains


class ContrastivePretraining(encoders.Pretrained, encoders.FromEncoder):
    """An encoder that learns to tell labels apart before it is fine-tuned (paper 4, section 2.2).

    Args:
        encoder: what it starts from.
        train: annotated corpora.
        views: the same texts, or others with the same types, in further languages; read beside ``train``.
        probe: of its words, how far labels are apart is followed; nothing is chosen by it.
        distance: between Gaussians, Gaussians with the identity for covariance, or the cosine of points.
        size: dimensions of the projection.
        temperature: the temperature of the cosine; Gaussians have none.
        outside: whether words outside of every mention take part.
    """

    train: tuple[Corpus, ...]
    views: tuple[Corpus, ...] = ()
    probe: Corpus | None = None
    distance: Distance = "gaussian"
    size: int = Field(default=128, ge=1)
    temperature: float = Field(default=0.1, gt=0)
    outside: bool = True
    training: Training = Training()
    seed: int = 0

    def names(self) -> list[str]:
        """The labels, ``O`` first."""
        return bio_labels(list(dict.fromkeys(type_ for corpus in self.train for type_ in corpus.types)))

    def compute(self, folder: Path) -> dict[str, float]:
        """Train, continuing where a killed run stopped; save the encoder, and the projections beside it.

        Raises:
            ChemxlError: several processes, which would each see only their own pairs.
        """
        if processes.place().num_processes > 1:
            raise ChemxlError("contrastive pretraining compares all words of a batch: start it in one process")
        seed_everything(self.seed)
        tokenizer, model = self._on(self.encoder)
        reader = SubwordReader(tokenizer)
        documents = [document for corpus in (*self.train, *self.views) for document in corpus.load()]
        task = Labelling(model, reader, self.names(), documents)
        if not task.windows:
            raise CorpusError(f"nothing to train on: {', '.join(c.name for c in self.train)} gave no text")
        probe = Labelling(model, reader, self.names(), self.probe.load() if self.probe else [])
        steps = sum(task.lengths) * self.training.epochs / self.training.tokens
        with trimmed(model.encoder, (i for w in (*task.windows, *probe.windows) for i in w.ids)):
            fit(
                task,
                settings=self.training,
                seed=self.seed,
                folder=folder,
                evaluate=partial(divergence, model, probe) if self.probe else None,
                every=math.ceil(steps / _PROBES),
                label=f"contrastive pretraining seed {self.seed}",
            )
        heads = {n: t for n, t in model.state_dict().items() if n.startswith("head")}
        write_tensors(folder / HEADS, heads, {})
        encoders.save(encoders.Encoder(tokenizer, model.encoder), folder)
        clear(folder)
        return {"documents": len(documents), "windows": len(task.windows), "tokens": sum(task.lengths)}

    def _on(self, encoder: str | encoders.Pretrained) -> tuple[PreTrainedTokenizerFast, ContrastiveModel]:
        """The tokenizer, and the model with fresh projections on an encoder."""
        tokenizer, loaded = encoders.load(encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        model = ContrastiveModel(
            loaded, distance=self.distance, size=self.size, temperature=self.temperature, outside=self.outside
        )
        return tokenizer, model

    def seen(self, documents: Sequence[Document], *, most: int, trained: bool = True) -> WordVectors:
        """The first words of documents, as the model sees them before or after training."""
        tokenizer, model = self._on(self if trained else self.encoder)
        if trained:
            model.load_state_dict(load_file(self.run().folder / HEADS), strict=False)
        return read(model, Labelling(model, SubwordReader(tokenizer), self.names(), documents), most=most)
