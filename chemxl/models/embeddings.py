"""Texts to unit vectors: mean pooling over an encoder's last layer (Reimers and Gurevych 2019, arXiv:1908.10084)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch

from chemxl.errors import EncoderError
from chemxl.models import encoders
from chemxl.models.training import accelerator, token_batches
from chemxl.models.windows import token_inputs

BATCH_TOKENS = 2048  # padding counted; larger batches are not faster on a processor


class Embedder:
    """A function from texts to unit vectors, by an encoder.

    The vector of a text does not depend, but for rounding, on which other texts it is embedded with.

    Args:
        encoder: as for :func:`chemxl.models.encoders.load`.
        prefix: put before every text; ``"query: "`` for E5.
        max_tokens: how many tokens of a text are read, prefix and special tokens included.
        precision: ``auto`` is bf16 where the processor or GPU computes in it, ``fp32`` where rounding matters; the
            pooling is always in float32.
        seed: initialises what is not in the encoder's file.

    Raises:
        EncoderError: the encoder cannot be had, or does not read ``max_tokens`` at once.
    """

    def __init__(
        self,
        encoder: str = encoders.MINI,
        *,
        prefix: str = "",
        max_tokens: int = 256,
        precision: Literal["auto", "bf16", "fp32"] = "auto",
        seed: int = 0,
    ) -> None:
        self.tokenizer, self.model = encoders.load(encoder, seed=seed)
        limit = self.model.config.max_position_embeddings
        if not 3 <= max_tokens <= limit:
            raise EncoderError(f"max_tokens={max_tokens}: {encoder} reads 3 to {limit} tokens at once")
        self.prefix, self.max_tokens, self.precision = prefix, max_tokens, precision

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts.

        Returns:
            (N, d) float32, rows of length 1, in the order of ``texts``.
        """
        ids = self._ids(texts)
        engine = accelerator(self.precision)
        self.model.to(engine.device).eval()
        vectors = np.empty((len(ids), self.model.config.hidden_size), dtype=np.float32)  # (N, d)
        # One autocast around all batches: it keeps the weights that it has cast until it ends.
        with torch.inference_mode(), engine.autocast():
            for batch in token_batches([len(row) for row in ids], tokens=BATCH_TOKENS):
                vectors[batch] = self._pooled([ids[i] for i in batch], engine.device)
        return vectors

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of texts, cut to the longest length."""
        # Cut here: truncation in the tokenizer would stay switched on in one that others hold too.
        encoded = self.tokenizer.backend_tokenizer.encode_batch([self.prefix + text for text in texts])
        whole = (encoding.ids for encoding in encoded)
        return [ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]] for ids in whole]

    def _pooled(self, ids: Sequence[Sequence[int]], device: torch.device) -> np.ndarray:
        """Unit vectors of texts, (B, d)."""
        batch = {name: t.to(device) for name, t in token_inputs(ids, pad=int(self.tokenizer.pad_token_id)).items()}
        hidden = self.model(**batch).last_hidden_state.float()  # (B, T, d)
        mask = batch["attention_mask"][..., None]  # (B, T, 1)
        mean = hidden.masked_fill(mask == 0, 0).sum(1) / mask.sum(1)  # (B, d)
        pooled: np.ndarray = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
        return pooled
