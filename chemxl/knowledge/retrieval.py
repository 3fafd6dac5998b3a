"""Retrieval of translations: is a name's translation the nearest name? A cheap test of alignment, on names that no run
was taught."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chemxl.documents import Pair
from chemxl.evaluation.metrics import MICRO, Counts
from chemxl.experiments.experiment import Experiment
from chemxl.knowledge.lexicon import Lexicon
from chemxl.models import encoders
from chemxl.models.embeddings import Embedder

SCORER = "nearest of all held-out names in the other language, both ways"


class Retrieval(encoders.FromEncoder, Experiment):
    """For each held-out name, whether its translation is the nearest of all held-out names in the other language.

    A name is read by itself; its vector is the mean of the last layer. From the vectors of a language their mean is
    taken away, since encoders put each language in a place of its own.

    Args:
        encoder: whose vectors.
        lexicon: whose held-out pairs.
        taught: ask for pairs that may have been switched instead, as many.
        most: pairs.
        seed: the seed of the pretraining.
    """

    lexicon: Lexicon
    taught: bool = False
    most: int = 1000
    seed: int = 0

    def trained(self) -> tuple[Experiment, ...]:
        """The pretraining, if there is one."""
        return (self.encoder,) if isinstance(self.encoder, Experiment) else (self,)

    def pairs(self) -> list[Pair]:
        """The pairs of names to find."""
        return self.lexicon.tested(most=self.most, taught=self.taught)

    def compute(self, folder: Path) -> dict[str, float]:
        """Embed the names and compare them; keeps which pairs were found in which direction."""
        name = self.encoder if isinstance(self.encoder, str) else str(self.encoder.run().folder)
        embed = Embedder(name, max_tokens=64, precision="fp32")
        pairs = self.pairs()
        sides = [_centred(embed([getattr(pair, side) for pair in pairs])) for side in ("source", "target")]
        hits = nearest(*sides)  # (N, 2)
        np.savetxt(folder / "hits.tsv", hits, "%d", delimiter="\t")
        return {"pairs": len(hits), "top-1": float(hits.mean()), "chance": 1 / max(1, len(hits))}

    def counts(self) -> Counts:
        """For each pair, right, found and due in both directions; their F1 is the share that is right."""
        hits = np.loadtxt(self.run().folder / "hits.tsv", dtype=np.int64, ndmin=2)  # (N, 2)
        asked = np.full(len(hits), 2)
        return Counts((MICRO,), np.stack([hits.sum(axis=1), asked, asked], axis=1)[:, None])  # (N, 1, 3)


def nearest(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Whether the i-th vector's nearest on the other side is the i-th, from either side, (N, 2); vectors (N, d)
    each."""
    close = first @ second.T  # (N, N)
    own = np.arange(len(close))
    return np.stack([close.argmax(axis=1) == own, close.argmax(axis=0) == own], axis=1)


def _centred(vectors: np.ndarray) -> np.ndarray:
    """Vectors less their mean, at length 1."""
    moved = vectors - vectors.mean(axis=0)
    unit: np.ndarray = moved / np.maximum(1e-9, np.linalg.norm(moved, axis=1, keepdims=True))
    return unit
