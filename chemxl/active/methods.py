"""A method of active learning as a chapter's settings write it and as its rows have it."""

from __future__ import annotations

from typing import Any, NamedTuple, get_args

from chemxl.active.reading import AGGREGATIONS, Aggregation
from chemxl.active.spectral import Norm
from chemxl.errors import ChemxlError
from chemxl.results.rows import Keys

NO_LAYER = "no layer"  # that could be normalised: the head is one layer
HEADS = {
    NO_LAYER: "one layer",
    "none": "two layers",
    "always": "two layers, normalised",
    "bound": "two layers, normalised above the bound",
}


class Method(NamedTuple):
    """A way to choose sentences, and the model that chooses.

    Args:
        strategy: one of ``chemxl.active.strategies.STRATEGIES``.
        norm: the normalisation of the layer below the one that computes the scores; None if there is no such layer.
        aggregate: how the uncertainties of words become that of a sentence.
    """

    strategy: str
    norm: Norm | None = None
    aggregate: Aggregation = "mean"

    @classmethod
    def of(cls, setting: str) -> Method:
        """The method that a setting names, such as ``entropy``, ``mahalanobis+always`` or ``entropy+none+sum``.

        Raises:
            ChemxlError: what stands after a ``+`` is neither a normalisation nor an aggregation.
        """
        strategy, *parts = setting.split("+")
        fields: dict[str, Any] = {}
        for part in parts:
            if part not in (*get_args(Norm), *AGGREGATIONS):
                known = ", ".join((*get_args(Norm), *AGGREGATIONS))
                raise ChemxlError(f"{setting!r}: {part!r} is neither a normalisation nor an aggregation: {known}")
            fields["aggregate" if part in AGGREGATIONS else "norm"] = part
        return cls(strategy, **fields)

    @property
    def control(self) -> Method:
        """The method that it is compared with: random sentences with the same head."""
        return Method("random", self.norm)

    @property
    def keys(self) -> Keys:
        """The keys of this method in a row; the mean aggregation is not named."""
        keys: Keys = {"method": self.strategy, "normalisation": self.norm or NO_LAYER}
        return keys if self.aggregate == "mean" else {**keys, "aggregation": self.aggregate}
