"""A small encoder in place of a large one: with fewer layers and pieces, trained to make the same states.

Layers that are kept begin as layers of the teacher, and learn what it says of the same pieces, as in Sanh et al. 2019
(DistilBERT, arXiv:1910.01108) and Jiao et al. 2020 (TinyBERT, arXiv:1909.10351, equation 8). The student's pieces are
pieces of its teacher, so that both read the same sequence and their states stand side by side.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import nn
from transformers import PreTrainedModel

from chemxl.corpora.texts import Texts, TextSource
from chemxl.documents import Document
from chemxl.errors import EncoderError
from chemxl.experiments.checkpoints import clear
from chemxl.experiments.experiment import seed_everything
from chemxl.models import encoders
from chemxl.models.encoders import Encoder, specials
from chemxl.models.packed import states
from chemxl.models.training import IGNORED, Training, fit
from chemxl.models.windows import token_inputs
from chemxl.pretrain.stream import grouped, until
from chemxl.pretrain.text import Gathered, gather, pieces
from chemxl.pretrain.vocabulary import reduce

LENGTHS = (32, 64, 128, 256, 512)  # of what is read at once: sentences and abstracts
_MEASURED = 64  # examples that say how far the teacher's states spread
_PROBED = 32  # examples of each probe


class Distillation(encoders.Pretrained, encoders.FromEncoder):
    """The training of a small encoder to make the states of a large one, its teacher.

    Args:
        encoder: the teacher.
        text: what both read; of each language as much.
        held_out: what models are tested on; nothing of it, in whatever language, is read.
        probes: texts on which the student is compared with its teacher while it learns.
        pieces: how many pieces of the vocabulary stay: those that the text uses most.
        layers: for each layer of the student the teacher's layer that it begins as, counted from 1.
        targets: for each layer of the student the teacher's layer whose output it learns to make, counted from 1.
        amount: tokens that are read.
    """

    text: tuple[Texts, ...]
    held_out: tuple[Texts, ...] = ()
    probes: tuple[TextSource, ...] = ()
    pieces: int = Field(default=12_000, ge=1)
    layers: tuple[int, ...] = (4, 8, 12)
    targets: tuple[int, ...] = (4, 8, 12)
    amount: int = Field(default=700_000, ge=0)
    training: Training = Training(epochs=1, tokens=1024, rate=1e-3)
    seed: int = 0

    @model_validator(mode="after")
    def _paired(self) -> Distillation:
        """Check that each layer of the student has a layer of the teacher as its target."""
        if len(self.layers) != len(self.targets) or not self.layers or min(self.layers + self.targets) < 1:
            raise ValueError(f"layers {self.layers} and targets {self.targets}: name one of each for every layer")
        return self

    def gathered(self) -> list[Gathered]:
        """The documents of every source, without leaks and copies."""
        return gather(self.text, self.held_out)

    def compute(self, folder: Path) -> dict[str, float]:
        """Cut, train, continuing where a killed run stopped, and save the student in the layout of transformers."""
        seed_everything(self.seed)
        teacher = encoders.load(self.encoder, **encoders.WITHOUT_DROPOUT)
        documents = [document for source in self.gathered() for document in source.documents]
        student = self.student(teacher, documents)
        generator = np.random.default_rng(self.seed)
        model = Student(student, teacher, self.targets)
        task = Stretches(model, student, examples(student, documents, amount=self.amount, generator=generator))
        probes = {probe.label: examples(student, probe.load(), amount=0, generator=generator) for probe in self.probes}
        model.measure([task.collate([i]) for i in range(min(_MEASURED, len(task.examples)))])
        fit(
            task,
            settings=self.training,
            seed=self.seed,
            folder=folder,
            evaluate=partial(_probed, task, probes) if probes else None,
            every=math.ceil(sum(task.lengths) / self.training.tokens / 8),
            label=f"distillation seed {self.seed}",
        )
        encoders.save(Encoder(student.tokenizer, model.encoder), folder)
        clear(folder)
        sizes = {"documents": len(documents), "tokens": sum(task.lengths), "pieces": len(student.tokenizer)}
        return sizes | {f"unexplained: {label}": loss for label, loss in _losses(task, probes).items()}

    def student(self, teacher: Encoder, documents: Sequence[Document]) -> Encoder:
        """The small encoder before its first step, with some layers and pieces of its teacher.

        Raises:
            EncoderError: the teacher has fewer layers.
        """
        most = teacher.model.config.num_hidden_layers
        if max(self.layers + self.targets) > most:
            raise EncoderError(f"{self.encoder} has {most} layers: name none above")
        groups = grouped(documents)
        small = reduce(teacher, [[d.text for d in own] for _, own in sorted(groups.items())], pieces=self.pieces)
        layers = cast("Any", small.model).encoder.layer
        cast("Any", small.model).encoder.layer = nn.ModuleList(copy.deepcopy(layers[i - 1]) for i in self.layers)
        small.model.config.num_hidden_layers = len(self.layers)
        return small


class Student(nn.Module):
    """An encoder with the teacher whose states it learns to make.

    Args:
        student: its pieces are pieces of the teacher.
        targets: layers of the teacher, from 1.
    """

    def __init__(self, student: Encoder, teacher: Encoder, targets: Sequence[int]) -> None:
        super().__init__()
        self.encoder = student.model
        self._teacher = [teacher.model.requires_grad_(False).eval()]  # in a list: neither trained nor stored
        self.targets = tuple(targets)
        names = cast("list[str]", student.tokenizer.convert_ids_to_tokens([*range(len(student.tokenizer))]))
        ids = torch.tensor(teacher.tokenizer.convert_tokens_to_ids(names))
        self.register_buffer("ids", ids, persistent=False)  # (V,) of the teacher
        self.register_buffer("spread", torch.ones(len(targets), student.model.config.hidden_size), persistent=False)

    @torch.no_grad()
    def taught(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> list[torch.Tensor]:
        """The teacher's states, (N, d) for each target."""
        teacher: PreTrainedModel = self._teacher[0].to(input_ids.device)
        ids = cast("torch.Tensor", self.ids)[input_ids]
        made = states(teacher, input_ids=ids, attention_mask=attention_mask)
        return [made[target] for target in self.targets]

    def measure(self, batches: Sequence[dict[str, torch.Tensor]]) -> None:
        """Measure the spread of each component of the teacher's states, by which errors are divided."""
        seen = [self.taught(b["input_ids"], b["attention_mask"]) for b in batches]
        columns = [torch.cat(column).std(0).clamp(min=1e-3) for column in zip(*seen, strict=True)]
        self.spread = torch.stack(columns)  # (L, d)

    def losses(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """For each target, the share of its variance that the student leaves unexplained, (L,)."""
        wanted = self.taught(input_ids, attention_mask)
        made = states(self.encoder, input_ids=input_ids, attention_mask=attention_mask)[1:]
        pairs = zip(made, wanted, self.spread, strict=True)
        return torch.stack([((a - b) / spread).square().mean() for a, b, spread in pairs])

    def forward(self, labels: torch.Tensor, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The mean of :meth:`losses`, (); ``labels`` (B, T) only tell tokens from padding."""
        return self.losses(input_ids, attention_mask).mean()


class Stretches:
    """Stretches of text, as the training loop takes them."""

    def __init__(self, model: Student, encoder: Encoder, examples: Sequence[np.ndarray]) -> None:
        self.model, self.pad, self.examples = model, int(encoder.tokenizer.pad_token_id), examples
        self.lengths = [len(example) for example in examples]

    def collate(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """``input_ids``, ``attention_mask`` and ``labels`` (B, T)."""
        return self.stacked([self.examples[i] for i in indices])

    def stacked(self, chosen: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        """See :meth:`collate`."""
        batch = token_inputs(chosen, pad=self.pad)
        return batch | {"labels": batch["input_ids"].masked_fill(batch["attention_mask"] == 0, IGNORED)}


def examples(
    encoder: Encoder, documents: Sequence[Document], *, amount: int, generator: np.random.Generator
) -> list[np.ndarray]:
    """Stretches of documents with special tokens around them, as many tokens in each language.

    Args:
        amount: tokens; documents are read anew when they end. 0: the first stretches of one pass.
    """
    bounds, longest = specials(encoder.tokenizer), encoder.model.config.max_position_embeddings
    groups = grouped(documents)

    def stretches(own: Sequence[Document]) -> list[np.ndarray]:
        """The stretches of one language's documents, of mixed lengths, in random order."""
        texts = pieces(encoder.tokenizer, [document.text for document in own])
        made = []
        for i in generator.permutation(len(texts)):
            size = min(int(generator.choice(LENGTHS)), longest) - 2
            ids = texts[i].ids.astype(np.int64)
            made += [
                np.concatenate([bounds[:1], ids[start : start + size], bounds[1:]])
                for start in range(0, len(ids), size)
            ]
        return [made[i] for i in generator.permutation(len(made))]

    if not amount:
        return [stretch for own in groups.values() for stretch in stretches(own)[:_PROBED]]
    return [
        stretch
        for _, own in sorted(groups.items())
        for stretch in until(iter(partial(stretches, own), None), amount / len(groups))
    ]


@torch.no_grad()
def _losses(task: Stretches, probes: dict[str, list[np.ndarray]]) -> dict[str, float]:
    """The unexplained share of the teacher's last states, by probe."""
    task.model.eval()
    device, found = next(task.model.parameters()).device, dict[str, float]()
    for label, chosen in probes.items():
        losses = []
        for example in chosen:
            batch = {name: tensor.to(device) for name, tensor in task.stacked([example]).items()}
            losses.append(task.model.losses(batch["input_ids"], batch["attention_mask"])[-1])
        found[label] = float(torch.stack(losses).mean())
    return found


def _probed(task: Stretches, probes: dict[str, list[np.ndarray]]) -> dict[str, float]:
    """The losses of all probes; ``score`` decides on early stopping."""
    found = _losses(task, probes)
    return {"score": -float(np.mean(list(found.values())))} | {f"unexplained: {k}": loss for k, loss in found.items()}
