"""How well words of one label lie together, measured on held-out text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from chemxl.contrastive.words import states
from chemxl.corpora.corpus import Corpus
from chemxl.evaluation import metrics, significance
from chemxl.models import encoders
from chemxl.models.readers import SubwordReader
from chemxl.models.tagger import Labelling, bio_labels
from chemxl.results.rows import Row, Sides, differences_of, known

SILHOUETTES = "silhouettes.tsv"
_NOTHING = 1e-12  # a distance that rounding may leave between equal points
SCORER = "silhouettes of words in mentions, cosine distances of the encoder's output"


class Clusters(encoders.FromEncoder):
    """The silhouettes of the words of mentions, as an encoder gives them: whether a word is nearer to its label's words
    than to those of any other label.

    Args:
        encoder: with or without contrastive pretraining.
        corpus: held-out documents; a label is one of BIO of its types.
        seed: of the pretraining; nothing is drawn here.
    """

    corpus: Corpus
    seed: int = 0

    def compute(self, folder: Path) -> dict[str, float]:
        """The mean silhouette; keeps its sum and the number of words for every source document."""
        documents = self.corpus.load()
        tokenizer, encoder = encoders.load(self.encoder, **encoders.WITHOUT_DROPOUT)
        task = Labelling(encoder, SubwordReader(tokenizer), bio_labels(self.corpus.types), documents)
        labels, owners, hidden = (found.cpu().numpy() for found in states(encoder, task))
        inside = labels > 0
        found, owners = silhouettes(hidden, labels)[inside], owners[inside]
        sources, source = np.unique(metrics.origins(documents), return_inverse=True)
        owners = source[owners]
        columns = np.bincount(owners, found, len(sources)), np.bincount(owners, minlength=len(sources))
        sums = np.stack(columns, axis=1)  # (D, 2)
        np.savetxt(folder / SILHOUETTES, sums, delimiter="\t")
        return {"silhouette": float(found.mean()) if len(found) else 0.0, "words": float(len(found))}

    def sums(self) -> np.ndarray:
        """For each source document, the sum of silhouettes and the number of words in mentions, (D, 2)."""
        values: np.ndarray = np.loadtxt(self.run().folder / SILHOUETTES, delimiter="\t", ndmin=2)
        return values


def silhouettes(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """``(b - a) / max(a, b)`` of every point (Rousseeuw 1987, section 2), (n,); 0 where it is its label's only
    one, where there is one label alone, and where all points are equal.

    ``a`` is the mean cosine distance from the others of its label, ``b`` the least mean distance from another label.
    The mean distance of unit vectors from a label is that from the label's mean, so the time is linear in n.

    Args:
        points: (n, d)
        labels: (n,)
    """
    unit = torch.nn.functional.normalize(torch.from_numpy(points).double(), dim=1).numpy()  # (n, d)
    names, own, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(names), unit.shape[1]))
    np.add.at(sums, own, unit)  # (L, d)
    alike = unit @ sums.T  # (n, L), sums of cosines
    rows, others = np.arange(len(unit)), np.maximum(1, counts - 1)[own]
    within = 1 - (alike[rows, own] - 1) / others  # (n,), without the point itself
    between = 1 - alike / counts  # (n, L)
    between[rows, own] = np.inf
    nearest = between.min(axis=1)  # (n,)
    most = np.maximum(within, nearest)
    undefined = (counts[own] == 1) | ~np.isfinite(nearest) | (most <= _NOTHING)
    found: np.ndarray = np.where(undefined, 0.0, (nearest - within) / np.where(undefined, 1.0, most))
    return found


def silhouette(values: Sequence[Clusters]) -> list[Row]:
    """A row with the mean silhouette of values, one a seed."""
    columns = [value.sums() for value in values]
    found = significance.estimate(columns, score=metrics.mean, limits=(-1.0, 1.0))
    return [known("silhouette", found, values, n=len(columns[0]), scorer=SCORER)]


def apart(found: Mapping[str, Sequence[Clusters]], pairs: Sequence[tuple[str, str]]) -> list[Row]:
    """Rows with differences of the mean silhouette, the first method less the second.

    Args:
        found: by method; one value stands for all seeds where there was no pretraining.
    """
    seeds = max(len(values) for values in found.values())
    sums = {method: [v.sums() for v in values] * (seeds if len(values) == 1 else 1) for method, values in found.items()}
    sides = [Sides({"method": a, "less_method": b}, sums[a], sums[b], found[a]) for a, b in pairs]
    return differences_of(sides, metric="difference of silhouette", score=metrics.mean, scorer=SCORER)
