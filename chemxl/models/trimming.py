"""Training with the rows of an embedding table that a text uses, since most of a multilingual table is never looked
up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class TrimmedEmbedding(nn.Module):
    """An embedding table with only the rows that a text uses, in place of the whole table.

    Rows that no text uses have no gradient, so training the cut table equals training the whole one where the
    optimiser decays no embedding. :meth:`restore` writes the trained rows back; a table that is frozen stays so.

    Args:
        whole: the table.
        ids: what a text uses; the padding id always stays.
    """

    def __init__(self, whole: nn.Embedding, ids: Sequence[int]) -> None:
        super().__init__()
        padding = whole.padding_idx
        rows = torch.tensor(sorted({*ids, *([padding] if padding is not None else [])}))
        self.register_buffer("rows", rows)
        places = torch.full((whole.num_embeddings,), -1)  # an id that was cut away is an error, not another's row
        places[rows] = torch.arange(len(rows))
        self.register_buffer("places", places, persistent=False)
        self.table = nn.Embedding(len(rows), whole.embedding_dim, int(places[padding]) if padding is not None else None)
        self.table.weight = nn.Parameter(whole.weight.detach()[rows].clone(), whole.weight.requires_grad)
        self._whole = [whole]  # in a list: not a submodule, so neither moved nor trained

    @classmethod
    def within(cls, model: PreTrainedModel, ids: Sequence[int]) -> TrimmedEmbedding:
        """The model's trimmed table, put in place of the whole one."""
        whole = cast("nn.Embedding", model.get_input_embeddings())
        trimmed = cls(whole, ids)
        model.set_input_embeddings(trimmed)
        return trimmed

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Embeddings of ids of the whole vocabulary, (B, T) -> (B, T, d)."""
        return cast("torch.Tensor", self.table(cast("torch.Tensor", self.places)[ids]))

    def restore(self, model: PreTrainedModel) -> None:
        """Write the rows back and put the whole table into the model again."""
        whole = self._whole[0]
        with torch.no_grad():
            whole.weight[cast("torch.Tensor", self.rows).cpu()] = (
                self.table.weight.detach().cpu().to(whole.weight.dtype)
            )
        model.set_input_embeddings(whole.to(self.table.weight.device))


@contextmanager
def trimmed(model: PreTrainedModel, ids: Iterable[int]) -> Iterator[None]:
    """A context in which the model's embedding table holds only the rows of these ids."""
    table = TrimmedEmbedding.within(model, sorted(set(ids)))
    try:
        yield
    finally:
        table.restore(model)
