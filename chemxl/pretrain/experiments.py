"""Continual pretraining and perplexity as values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import Field
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast

from chemxl.corpora.texts import PairSource, Texts, TextSource
from chemxl.documents import Document, Pair
from chemxl.experiments.checkpoints import clear, write_tensors
from chemxl.experiments.experiment import Experiment, seed_everything
from chemxl.models import encoders
from chemxl.models.training import Training, fit
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder
from chemxl.pretrain.perplexity import perplexity, surprisals, windows
from chemxl.pretrain.stream import Reading, Stream, masking
from chemxl.pretrain.text import Gathered, gather, pieces, screened
from chemxl.pretrain.vocabulary import extend

PIECES = "pieces.safetensors"
_PROBES = 8  # evaluations while it trains


class ContinualPretraining(encoders.Pretrained, encoders.FromEncoder):
    """An encoder that is trained further on text without labels (paper 0, section IV).

    Args:
        encoder: what it starts from; a masked language model's head comes along where there is one.
        text: sources of documents.
        pairs: sources of sentences and their translations.
        held_out: what models are tested on; nothing of it, in whatever language, is trained on.
        probes: texts whose perplexity is followed.
        reading: how much is read for which objective.
        new_pieces: how many are added to the vocabulary, learnt from the text; see :func:`extend`.
        frozen: only the language model's head learns; what an encoder without one needs first.
        checkpointing: compute activations again in the backward pass instead of keeping them.
    """

    text: tuple[Texts, ...]
    pairs: tuple[PairSource, ...] = ()
    held_out: tuple[Texts, ...] = ()
    probes: tuple[TextSource, ...] = ()
    reading: Reading = Reading()
    new_pieces: int = Field(default=0, ge=0)
    frozen: bool = False
    checkpointing: bool = False
    training: Training = Training(epochs=1, tokens=4096, rate=2e-4)
    seed: int = 0

    def gathered(self) -> list[Gathered]:
        """The documents of every source, without leaks and copies."""
        return gather(self.text, self.held_out)

    def translations(self) -> list[Pair]:
        """All sentence pairs, except those of which a side stands in a test set."""
        return screened([pair for source in self.pairs for pair in source.pairs()], self.held_out)

    def compute(self, folder: Path) -> dict[str, float]:
        """Train, continuing where a killed run stopped, and save the model in the layout of transformers."""
        seed_everything(self.seed)
        gathered = self.gathered()
        documents = [document for source in gathered for document in source.documents]
        translations = self.translations()
        pairs = translations if self.reading.mixture.tlm else []
        tokenizer, whole = self._start(documents)
        probes = {probe.label: probe.load() for probe in self.probes}
        read = self.read_ids(tokenizer, _everything(documents, translations, probes))
        model = MaskedLanguageModel(whole, read, frozen=self.frozen, kinds=self.kinds)
        if self.checkpointing:
            whole.config.use_cache = False
            # Its name before transformers 5.20 was gradient_checkpointing_enable.
            getattr(whole, "activation_checkpointing_enable", whole.gradient_checkpointing_enable)()
        task = self.stream(tokenizer, model, documents, pairs)
        fit(
            task,
            settings=self.training,
            seed=self.seed,
            folder=folder,
            evaluate=partial(task.probed, probes) if probes else None,
            every=math.ceil(sum(task.lengths) / self.training.tokens / _PROBES),
            label=f"pretraining seed {self.seed}",
        )
        write_tensors(folder / PIECES, {"pieces": model.rows}, {})
        encoders.save(encoders.Encoder(tokenizer, model.restore()), folder)
        clear(folder)
        return {
            "documents": len(documents),
            "left out: tested on": sum(source.leaking for source in gathered),
            "left out: copies": sum(source.copies for source in gathered),
            "sentence pairs": len(pairs),
            "tokens": sum(task.lengths) * self.training.epochs,
            "pieces": len(read),
        } | task.counts

    @property
    def kinds(self) -> int:
        """How many kinds of pairs of stretches are told apart: two with NSP, otherwise none."""
        return 2 if self.reading.mixture.nsp else 0

    def read_ids(self, tokenizer: PreTrainedTokenizerFast, texts: Iterator[str]) -> list[int]:
        """The ids of the pieces that stay in the table, special tokens included.

        Args:
            texts: documents, pairs and probes.
        """
        used = {int(i) for text in pieces(tokenizer, list(texts)) for i in np.unique(text.ids)}
        return sorted(used | {int(i) for i in tokenizer.all_special_ids})

    def stream(
        self,
        tokenizer: PreTrainedTokenizerFast,
        model: MaskedLanguageModel,
        documents: Sequence[Document],
        pairs: Sequence[Pair],
    ) -> Stream:
        """The examples that the run reads."""
        return Stream(self.reading, tokenizer, model, documents, pairs, seed=self.seed)

    def _start(self, documents: Sequence[Document]) -> encoders.Encoder:
        """The encoder to begin with, with new pieces if there are to be some."""
        if not self.new_pieces:
            return encoders.load(self.encoder, seed=self.seed, masked=True, **encoders.WITHOUT_DROPOUT)
        small = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        return encoders.with_head(extend(small, (d.text for d in documents), pieces=self.new_pieces))


def _everything(
    documents: Sequence[Document], pairs: Sequence[Pair], probes: dict[str, list[Document]]
) -> Iterator[str]:
    """All texts, pairs and probes, whose pieces stay."""
    # Pairs and probes count whatever the mixture is: runs that differ in it alone have perplexities to compare.
    yield from (document.text for document in documents)
    yield from (side for pair in pairs for side in (pair.source, pair.target))
    yield from (document.text for probe in probes.values() for document in probe)


class Perplexity(Experiment):
    """A measure of how well a pretrained model guesses hidden pieces of a text that it was not trained on.

    Args:
        most: pieces of the text that are read, its first documents.
    """

    model: ContinualPretraining
    text: TextSource
    most: int = 30_000

    @property
    def seed(self) -> int:
        """The seed of the pretraining."""
        return self.model.seed

    def trained(self) -> tuple[Experiment, ...]:
        """The pretraining."""
        return (self.model,)

    def compute(self, folder: Path) -> dict[str, float]:
        """The exponential of the mean surprisal; keeps for every document its sum and the number of hidden pieces."""
        made = self.model.run().folder
        tokenizer, whole = encoders.load(self.model, masked=True, **encoders.WITHOUT_DROPOUT)
        model = MaskedLanguageModel(whole, load_file(made / PIECES)["pieces"].tolist())
        builder = Builder(encoders.specials(tokenizer), block=self.model.reading.block)
        parts = windows(tokenizer, self.text.load(), builder, most=self.most)
        examples = [example for part in parts for example in part]
        masks = masking(tokenizer, model)
        found = surprisals(model, examples, masking=masks, pad=int(tokenizer.pad_token_id))  # (N, 2)
        owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        counts = np.stack([np.bincount(owner, found[:, i], minlength=len(parts)) for i in range(2)], axis=1)  # (D, 2)
        np.savetxt(folder / "surprise.tsv", counts, delimiter="\t")
        return {"perplexity": perplexity(counts), "hidden": float(counts[:, 1].sum()), "documents": len(parts)}

    def surprisal(self) -> np.ndarray:
        """For each document, the sum of surprisals in nats and the number of hidden pieces, (D, 2)."""
        values: np.ndarray = np.loadtxt(self.run().folder / "surprise.tsv", delimiter="\t", ndmin=2)
        return values
