"""The pipeline that ``chemxl export`` puts beside a model: it finds the entities of ``chemxl tag`` with transformers
alone.

Words are runs of letters, runs of digits, or single signs. A word has the scores of its first piece, and the labels of
all words are the best sequence in which I-x follows only B-x or I-x. Long texts are read in windows that overlap.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from transformers import TokenClassificationPipeline

_Base: Any = TokenClassificationPipeline  # half typed, and not as it is called


class EntityPipeline(_Base):  # type: ignore[misc]
    """A pipeline from text to dictionaries with ``entity_group``, ``score``, ``word``, ``start`` and ``end``.

    How it reads stands in ``config.json`` under ``entities``: the pattern of a word, the tokens that a text begins and
    ends with, the size and overlap of windows, and the scores of the labels that begin a text (L,) and that follow each
    other (L, L).
    """

    def _sanitize_parameters(
        self, aggregation_strategy: str | None = None, **others: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Accept ``aggregation_strategy`` and ignore it, since there is one way to join words."""
        if strange := [name for name, value in others.items() if value]:
            raise ValueError(f"this pipeline reads plain text and gives entities, without {', '.join(strange)}")
        return {}, {}, {}

    def preprocess(self, sentence: str, **_: Any) -> Iterator[dict[str, Any]]:
        """The windows of a text."""
        about = self.model.config.entities
        spans = [match.span() for match in re.finditer(about["word"], sentence)]
        encoding = self.tokenizer.backend_tokenizer.encode(sentence, add_special_tokens=False)
        read = encoding.ids  # asked for once: it is made anew each time
        starts = [start for start, _ in encoding.offsets]
        pieces = np.maximum(np.searchsorted(starts, [start for start, _ in spans], side="right") - 1, 0)  # (W,)
        windows = cuts(len(starts), about["max_tokens"] - 2, about["overlap"])
        for i, (start, stop, keep_from, keep_to) in enumerate(windows):
            low, high, kept_low, kept_high = np.searchsorted(pieces, [start, stop, keep_from, keep_to]).tolist()
            ids = torch.tensor([[about["first"], *read[start:stop], about["last"]]])  # (1, T)
            yield {
                "input_ids": ids,
                "attention_mask": torch.ones_like(ids),
                "units": torch.tensor(pieces[None, low:high] - start + 1),  # (1, w), where words begin
                "kept": torch.tensor([[kept_low - low, kept_high - low, high - low if starts else 0]]),
                "sentence": sentence if i == 0 else None,
                "is_last": i == len(windows) - 1,
            }

    def _forward(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The scores of the words of a window, (B, w, L)."""
        logits = self.model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits  # (B, T, L)
        units = inputs["units"][..., None].expand(-1, -1, logits.shape[-1])  # (B, w, L)
        return {"logits": logits.float().gather(1, units)} | {
            key: inputs[key] for key in ("kept", "sentence", "is_last")
        }

    def postprocess(self, windows: Sequence[dict[str, Any]], **_: Any) -> list[dict[str, Any]]:
        """The entities, from the labels of the words that each window keeps."""
        about, names = self.model.config.entities, self.model.config.id2label
        labels: list[str] = []
        scores: list[float] = []
        for window in windows:
            low, high, count = window["kept"][0].tolist()
            logits = window["logits"][0, :count].cpu().numpy()  # (w, L)
            if low < high:
                best = viterbi(logits, np.array(about["begin"]), np.array(about["follow"]))  # (w,)
                odds = np.exp(logits - logits.max(axis=1, keepdims=True))
                sure = odds[np.arange(count), best] / odds.sum(axis=1)  # (w,)
                labels += [names[label] for label in best[low:high].tolist()]
                scores += sure[low:high].tolist()
        text: str = windows[0]["sentence"]
        words = [match.span() for match in re.finditer(about["word"], text)][: len(labels)]
        return entities(text, words, labels, scores, joins=about["joins"])


def cuts(total: int, size: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """The fewest windows that cover ``total`` pieces: (start, stop, keep from, keep to); kept parts meet in
    mid-overlap."""
    if total <= size:
        return [(0, total, 0, total)]
    overlap = min(overlap, size - 1)
    count = math.ceil((total - overlap) / (size - overlap))
    size = math.ceil((total + (count - 1) * overlap) / count)
    starts = [round(i * (total - size) / (count - 1)) for i in range(count)]
    edges = [0, *((starts[i + 1] + starts[i] + size) // 2 for i in range(count - 1)), total]
    return [(start, start + size, edges[i], edges[i + 1]) for i, start in enumerate(starts)]


def viterbi(logits: np.ndarray, begin: np.ndarray, follow: np.ndarray) -> np.ndarray:
    """The best sequence of labels (w,) for scores (w, L), with scores of beginning (L,) and of following (L, L)."""
    best, back = begin + logits[0], []
    for scores in logits[1:]:
        paths = best[:, None] + follow  # (L, L)
        back.append(paths.argmax(axis=0))
        best = paths.max(axis=0) + scores
    path = [int(best.argmax())]
    for source in reversed(back):
        path.append(int(source[path[-1]]))
    return np.array(path[::-1])


def entities(
    text: str, words: Sequence[tuple[int, int]], labels: Sequence[str], scores: Sequence[float], *, joins: bool
) -> list[dict[str, Any]]:
    """Words joined to entities; an entity's score is the lowest of its words.

    Args:
        joins: two entities of one group with just a blank between them are one.
    """
    found: list[dict[str, Any]] = []
    before = ""  # the type of the word before
    for (start, end), label, score in zip(words, labels, scores, strict=True):
        prefix, _, group = label.partition("-")
        if prefix != "O" and group == before and (prefix == "I" or (joins and text[found[-1]["end"] : start] == " ")):
            found[-1] |= {"end": end, "score": min(score, found[-1]["score"])}
        elif prefix != "O":
            found.append({"entity_group": group, "score": score, "word": "", "start": start, "end": end})
        before = group
    return [{**one, "word": text[one["start"] : one["end"]]} for one in found]
