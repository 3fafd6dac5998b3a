"""What the page of chapter 3 shows of pretraining: the texts, the pairs, a sentence with hidden pieces, and falling
perplexity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from chemxl import corpora
from chemxl.corpora.texts import ParallelText
from chemxl.models import encoders
from chemxl.pretrain.experiments import ContinualPretraining
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder, collate
from chemxl.pretrain.stream import masking
from chemxl.pretrain.text import pieces
from chemxl.results.tables import Cells


def followed(values: Sequence[ContinualPretraining], label: str) -> tuple[list[float], list[list[float]]]:
    """Thousands of tokens read, and for each run the perplexity of a probe after them, as measured during training.

    Runs are measured after as many steps but not after as many tokens: between measurements they are interpolated.
    """
    curves = []
    for value in values:
        history = value.run().history()
        read = np.cumsum([row.get("tokens", 0) / 1000 for row in history])
        asked = [i for i, row in enumerate(history) if "score" in row]
        curves.append((read[asked], [history[i][f"perplexity: {label}"] for i in asked]))
    grid = min((read for read, _ in curves), key=len)
    return grid.tolist(), [np.interp(grid, read, found).tolist() for read, found in curves]


def texts(value: ContinualPretraining) -> Cells:
    """For each source, its language, how much was kept of it, and how much was left out and why."""
    rows: Cells = []
    for part in value.gathered():
        entry = corpora.catalog()[part.source.name]
        rows.append(
            {
                "source": part.source.label,
                "documents": len(part.documents),
                "words": sum(len(document.words) for document in part.documents),
                "left out: tested on": part.leaking,
                "left out: copies": part.copies,
                "licence": entry.licence,
            }
        )
    return rows


def pairs(value: ContinualPretraining) -> Cells:
    """For each source, its pairs and the words of both sides together."""
    rows: Cells = []
    for source in value.pairs:
        found = source.pairs()
        name = f"{source.name}, {source.part}" if isinstance(source, ParallelText) else "abstracts that were aligned"
        words = sum(len(pair.source.split()) + len(pair.target.split()) for pair in found)
        rows.append({"source": name, "pairs": len(found), "words": words})
    return rows


def hidden(value: ContinualPretraining, text: str, *, seed: int) -> Cells:
    """The first pieces of a text as the encoder reads them, and what it has to predict."""
    tokenizer, whole = encoders.load(value, masked=True)
    model = MaskedLanguageModel(whole, range(whole.config.vocab_size))
    builder = Builder(encoders.specials(tokenizer), block=16)
    batch = collate(
        [builder.single(pieces(tokenizer, [text])[0][: builder.block - 2])],
        masking=masking(tokenizer, model, rate=0.3),
        pad=int(tokenizer.pad_token_id),
        generator=torch.Generator().manual_seed(seed),
    )
    read, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    return [
        {"read": tokenizer.convert_ids_to_tokens(i), "to say": "" if k < 0 else tokenizer.convert_ids_to_tokens(k)}
        for i, k in zip(read, labels, strict=True)
    ]
