"""Small taggers of one shape trained together, with stacked weights, beside one after the other.

Stacked: ``torch.func.vmap`` over the gradient of ``functional_call``, one AdamW over all weights, gradients clipped by
model. Both begin from the same weights and read the same batches, on the GPU where there is one. They agree where all
weights are the same up to rounding. On a processor the products of matrices take the time, and stacking saves little;
what it saves are calls, of which a GPU has to wait for many.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks import Row, seconds
from chemxl.experiments import processes
from chemxl.experiments.provenance import hardware
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller
from chemxl.models.tagger import bio_labels

SAME = 1e-5  # a tenth of a step
RATE, CLIP = 1e-4, 1.0

Batch = dict[str, torch.Tensor]


class Mapped(EncoderLabeller):
    """By the encoder's own forward pass: ``vmap`` needs shapes that do not depend on data."""

    def emissions(self, **batch: torch.Tensor) -> torch.Tensor:
        """(B, W, L)."""
        read = self.encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        places = batch["units"][..., None].expand(-1, -1, read.last_hidden_state.shape[-1])  # (B, W, d)
        made: torch.Tensor = self.head(read.last_hidden_state.gather(1, places))
        return made


def taggers(count: int) -> list[EncoderLabeller]:
    """The mini encoder under a head for one type, another seed each."""
    how = {"attn_implementation": "eager", **encoders.WITHOUT_DROPOUT}
    made = [encoders.load(encoders.MINI, seed=seed, **how).model for seed in range(count)]
    return [Mapped(m, bio_labels(("DISEASE",)), crf=False).to(processes.place().device) for m in made]


def batches(count: int, sentences: int, length: int, steps: int) -> list[Batch]:
    """By step, a batch of each model, (M, B, ...). The mask is added to scores: one of zeros and ones is not mapped."""
    generator = torch.Generator().manual_seed(0)
    shape, words = (count, sentences), length - 2
    units = torch.arange(1, words + 1).expand(*shape, words)  # (M, B, W)
    made: list[Batch] = []
    for _ in range(steps):
        ids = torch.randint(5, 4000, (*shape, length), generator=generator)  # (M, B, T)
        labels = torch.randint(3, (*shape, words), generator=generator)  # (M, B, W)
        mask = torch.zeros(*shape, 1, length, length)  # (M, B, 1, T, T)
        batch = {"input_ids": ids, "attention_mask": mask, "units": units, "labels": labels}
        made.append({name: tensor.to(processes.place().device) for name, tensor in batch.items()})
    return made


def one_by_one(models: list[EncoderLabeller], given: list[Batch]) -> dict[str, torch.Tensor]:
    """Train each model, one after the other; their weights, (M, ...)."""
    for i, model in enumerate(models):
        optimiser = torch.optim.AdamW(_trained(model).values(), lr=RATE, fused=True)
        for batch in given:
            model(**{name: tensor[i] for name, tensor in batch.items()}).backward()
            nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            optimiser.step()
            optimiser.zero_grad()
    return {name: torch.stack([_trained(m)[name].detach() for m in models]) for name in _trained(models[0])}


def together(models: list[EncoderLabeller], given: list[Batch]) -> dict[str, torch.Tensor]:
    """Train all models at once; their weights, (M, ...)."""
    base, stacked = models[0], stack_module_state(models)[0]  # type: ignore[arg-type]
    weights = {name: nn.Parameter(stacked[name].detach()) for name in _trained(base)}
    fixed = dict(base.named_buffers())

    def loss(own: dict[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        made: torch.Tensor = functional_call(base, {**own, **fixed}, (), batch)
        return made

    gradients = vmap(grad(loss))
    optimiser = torch.optim.AdamW(weights.values(), lr=RATE, fused=True)
    for batch in given:
        found = gradients({name: weight.detach() for name, weight in weights.items()}, batch)
        norms = torch.stack([g.flatten(1).square().sum(1) for g in found.values()]).sum(0).sqrt()  # (M,)
        factor = (CLIP / (norms + 1e-6)).clamp(max=1)
        for name, weight in weights.items():
            weight.grad = found[name] * factor.view(-1, *[1] * (weight.ndim - 1))
        optimiser.step()
    return {name: weight.detach() for name, weight in weights.items()}


def _trained(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: parameter for name, parameter in model.named_parameters() if not name.startswith("head_crf")}


def agreement(count: int, given: list[Batch]) -> float:
    """The share of weights that are the same up to rounding; those without a gradient, biases of keys, follow noise."""
    ours, theirs = together(taggers(count), given), one_by_one(taggers(count), given)
    same = [((ours[name] - theirs[name]).abs() <= SAME).flatten() for name in ours]
    return float(torch.cat(same).float().mean())


def run(*, count: int = 8, sentences: int = 10, length: int = 24, steps: int = 4, repeats: int = 3) -> list[Row]:
    """One row: trainings of a hundred steps that are done in a minute."""
    given = batches(count, sentences, length, steps)
    stacked, single = taggers(count), taggers(count)
    own, peer = seconds(lambda: together(stacked, given), lambda: one_by_one(single, given), repeats=repeats)
    trainings = 60 * count * steps / 100
    return [
        Row(
            name=f"stacked training: {count} mini taggers, {sentences} sentences of {length} pieces a step",
            peer="one after the other",
            unit="models/min (100 steps)",
            ours=trainings / own,
            theirs=trainings / peer,
            ratio=peer / own,
            ours_mib=None,
            theirs_mib=None,
            agree=agreement(2, batches(2, sentences, length, steps)),
            hardware=hardware(),
        )
    ]
