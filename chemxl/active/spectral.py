"""A tagger whose head has a spectrally normalised layer (paper 0, section II, equations 2 to 4).

As in the code that the paper's group published, ``dropout(gelu(W x + b))`` stands in front of the layer that gives the
labels' scores. What that last layer reads is the hidden representation that distances are computed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.models import encoders
from chemxl.models.labellers import EncoderLabeller, first_pieces
from chemxl.models.learner import Evaluation
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Tagger, bio_labels
from chemxl.ner.experiments import FineTune

Norm = Literal["none", "always", "bound"]
_LAST = 200  # iterations after the last step: what is saved is divided by the norm of these very weights


def power_iteration(weight: torch.Tensor, u: torch.Tensor, *, steps: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """The first singular vectors ``u`` (m,) and ``v`` (n,) of a matrix (m, n), nearer by each step.

    ``u @ weight @ v`` is then the spectral norm of equation 2.
    """
    for _ in range(steps):
        v = F.normalize(weight.T @ u, dim=0)  # (n,)
        u = F.normalize(weight @ v, dim=0)  # (m,)
    return u, v


class SpectralLinear(nn.Linear):
    """A linear layer that computes with ``W / v``, v being the spectral norm of its weights W.

    At each training step the power iteration goes on from where the last one ended; gradients flow through v
    (Miyato et al. 2018). The vectors are buffers, so that a checkpoint holds them. For one state of torch's generator
    layers of every ``norm`` begin alike, with orthogonal weights: all singular values are 1, so that nothing that the
    encoder tells apart is lost before the first step. With torch's usual weights a word keeps a third of its length.

    Args:
        iterations: at each step. With one, as in Vazhentsev et al.'s code, v may lag: training lowers the singular
            value that is divided by, others overtake it, and after the few steps of a small training set v is a sixth
            too small.
        norm: ``always`` divides by v (paper 0); ``bound`` by v / bound where that is above 1 (Vazhentsev et al.);
            ``none`` never, which is ``nn.Linear``.
    """

    def __init__(self, inputs: int, outputs: int, *, norm: Norm, bound: float = 1.0, iterations: int = 10) -> None:
        super().__init__(inputs, outputs)
        nn.init.orthogonal_(self.weight)
        nn.init.zeros_(self.bias)
        self.norm, self.bound, self.iterations = norm, bound, iterations
        self.u: torch.Tensor
        self.v: torch.Tensor
        if norm != "none":
            first = torch.randn(outputs, generator=torch.Generator().manual_seed(0))
            u, v = power_iteration(self.weight.detach(), first)
            self.register_buffer("u", u)
            self.register_buffer("v", v)

    def normalised(self) -> torch.Tensor:
        """The weights that the layer computes with, (outputs, inputs)."""
        if self.norm == "none":
            return self.weight
        spectral = self.u @ self.weight @ self.v  # ()
        divisor = spectral if self.norm == "always" else (spectral / self.bound).clamp_min(1.0)
        return self.weight / divisor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs)"""
        if self.norm == "none":
            return super().forward(x)
        with torch.autocast(x.device.type, enabled=False):  # or the products would be rounded to bf16
            if self.training:
                with torch.no_grad():
                    self.u, self.v = power_iteration(self.weight, self.u, steps=self.iterations)
            weight = self.normalised()
        return F.linear(x, weight, self.bias)

    def settle(self) -> None:
        """Make the weights those that it computes with, after a last iteration: from now on an ordinary layer."""
        with torch.no_grad():
            if self.norm != "none":
                self.u, self.v = power_iteration(self.weight, self.u, steps=_LAST)
            self.weight.copy_(self.normalised())
        if self.norm != "none":
            del self.u, self.v
        self.norm = "none"


class SpectralLabeller(EncoderLabeller):
    """An encoder with a normalised layer, a nonlinearity, dropout and the layer that computes the labels' scores.

    The normalised layer is trained at the encoder's rate. At a head's, which is ten times higher or more, its largest
    singular value runs away from the others, and division leaves little of those.

    Args:
        dense: the normalised layer, of the encoder's hidden size.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        labels: Sequence[str],
        *,
        crf: bool,
        dense: SpectralLinear,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(encoder, labels, crf=crf, dropout=dropout)
        self.dense = dense

    def emissions(self, **batch: torch.Tensor) -> torch.Tensor:
        """As ``EncoderLabeller.emissions``, (B, W, L)."""
        words = F.gelu(self.dense(first_pieces(self.encoder, **batch)))  # (B, W, d)
        return cast("torch.Tensor", self.head(self.dropout(words)).float())


class SpectralTagger(Tagger):
    """A tagger with such a head. The weights are saved after normalisation, so a loaded tagger needs no power
    iteration."""

    model: SpectralLabeller

    def write(self, folder: Path) -> dict[str, Any]:
        """As :meth:`chemxl.models.tagger.Tagger.write`."""
        self.model.dense.settle()
        return super().write(folder)

    @classmethod
    def network(cls, encoder: PreTrainedModel, about: dict[str, Any]) -> SpectralLabeller:
        """As :meth:`chemxl.models.tagger.Tagger.network`."""
        size = encoder.config.hidden_size
        dense = SpectralLinear(size, size, norm="none")
        return SpectralLabeller(encoder, about["labels"], crf=about["crf"], dense=dense)


class SpectralFineTune(FineTune):
    """:class:`chemxl.ner.experiments.FineTune` with a spectrally normalised layer in its head.

    Args:
        norm: see :class:`SpectralLinear`; ``none`` is the same head without normalisation, to compare with.
        bound: for ``bound``, the spectral norm up to which weights stay as they are.
        iterations: see :class:`SpectralLinear`.
    """

    norm: Norm = "always"
    bound: float = Field(default=1.0, gt=0)
    iterations: int = Field(default=10, ge=1)

    def untrained(self, documents: Sequence[Document]) -> Tagger:
        """The encoder under a fresh head."""
        tokenizer, encoder = encoders.load(self.encoder, seed=self.seed, **encoders.WITHOUT_DROPOUT)
        size = encoder.config.hidden_size
        dense = SpectralLinear(size, size, norm=self.norm, bound=self.bound, iterations=self.iterations)
        model = SpectralLabeller(encoder, bio_labels(self.types), crf=self.head == "crf", dense=dense)
        return SpectralTagger(model, SubwordReader(tokenizer))


class SpectralEvaluation(Evaluation):
    """:class:`chemxl.models.learner.Evaluation` of such a tagger, under the name that records know."""

    model: SpectralFineTune


def evaluation(model: FineTune, corpus: Corpus) -> Evaluation:
    """The evaluation of a tagger of either kind."""
    if isinstance(model, SpectralFineTune):
        return SpectralEvaluation(model=model, corpus=corpus)
    return Evaluation(model=model, corpus=corpus)
