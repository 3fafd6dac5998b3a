"""From documents to tensors and from labels back to mentions, for every network; trained taggers on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

from chemxl.documents import Document, Mention, from_bio
from chemxl.errors import EncoderError
from chemxl.experiments.checkpoints import write_tensors
from chemxl.models.labellers import PAD, BiLstmLabeller, EncoderLabeller, Labeller, Vocabulary
from chemxl.models.training import accelerator, token_batches
from chemxl.models.windows import Window, collate, cuts, subword_windows

MAX_TOKENS, OVERLAP = 512, 64  # what encoders read at once: an abstract is seldom cut
MAX_WORDS, WORD_OVERLAP = 128, 24


class Reader(Protocol):
    """How a network reads documents."""

    def windows(self, documents: Sequence[Document]) -> list[Window]:
        """Every word of every document is kept in exactly one window."""

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[int]] | None = None
    ) -> dict[str, torch.Tensor]:
        """The tensors that the network wants."""

    def save(self, folder: Path) -> None:
        """Write what is needed to read again."""


class SubwordReader:
    """Sub-tokens of a pretrained tokenizer."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, *, max_tokens: int = MAX_TOKENS, overlap: int = OVERLAP
    ) -> None:
        self.tokenizer, self.max_tokens, self.overlap = tokenizer, max_tokens, overlap

    def windows(self, documents: Sequence[Document]) -> list[Window]:
        """See :func:`chemxl.models.windows.subword_windows`."""
        return subword_windows(documents, self.tokenizer, max_tokens=self.max_tokens, overlap=self.overlap)

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[int]] | None = None
    ) -> dict[str, torch.Tensor]:
        """See :func:`chemxl.models.windows.collate`."""
        return collate(windows, pad=int(self.tokenizer.pad_token_id), labels=labels)

    def save(self, folder: Path) -> None:
        """The tokenizer's files."""
        self.tokenizer.save_pretrained(folder)


class WordReader:
    """Words and their spelling, for the BiLSTM. Window ids are places in ``forms``."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.forms: dict[str, int] = {}

    def windows(self, documents: Sequence[Document]) -> list[Window]:
        """Windows of at most ``MAX_WORDS`` words."""
        made = []
        for index, document in enumerate(documents):
            ids = [self.forms.setdefault(document.text[s:e], len(self.forms)) for s, e in document.words]
            for start, stop, keep_from, keep_to in cuts(len(ids), MAX_WORDS, WORD_OVERLAP) if ids else ():
                made.append(
                    Window(index, (start, stop), (keep_from, keep_to), ids[start:stop], list(range(stop - start)))
                )
        return made

    def collate(
        self, windows: Sequence[Window], labels: Sequence[Sequence[int]] | None = None
    ) -> dict[str, torch.Tensor]:
        """``words`` and ``forms`` (B, W), ``characters`` (1, F, C) of the F distinct forms, ``lengths`` (B,)."""
        names = list(self.forms)
        distinct = sorted({i for window in windows for i in window.ids})
        place = {i: k + 1 for k, i in enumerate(distinct)}  # row 0 is padding
        spelt = [[PAD], *(self.vocabulary.spell(names[i]) for i in distinct)]
        characters = torch.zeros((len(spelt), max(map(len, spelt))), dtype=torch.long)
        for row, ids in zip(characters, spelt, strict=True):
            row[: len(ids)] = torch.tensor(ids)
        batch = collate(windows, pad=PAD, labels=labels)
        length = batch["input_ids"].shape[1]
        words = [[self.vocabulary.word(names[i]) for i in w.ids] + [PAD] * (length - len(w.ids)) for w in windows]
        forms = [[place[i] for i in w.ids] + [0] * (length - len(w.ids)) for w in windows]
        return {
            "words": torch.tensor(words),
            "forms": torch.tensor(forms),
            "characters": characters[None],
            "lengths": batch["lengths"],
        } | ({"labels": batch["labels"]} if labels is not None else {})

    def save(self, folder: Path) -> None:
        """The vocabulary as JSON."""
        table = {"words": list(self.vocabulary.words), "characters": list(self.vocabulary.characters)}
        (folder / "vocabulary.json").write_text(json.dumps(table, ensure_ascii=False), "utf-8")


class Tagger:
    """A network with its reader: documents in, mentions out."""

    def __init__(self, model: Labeller, reader: Reader) -> None:
        self.model, self.reader = model, reader

    def predict(
        self, documents: Sequence[Document], *, tokens: int = 512, precision: str = "auto", legal: bool = True
    ) -> list[list[Mention]]:
        """Mentions of every document, each with the least probability of its words as score.

        Args:
            tokens: budget of a batch; it changes speed and memory, and results only by rounding.
            legal: search the best sequence in which I-x follows only B-x or I-x; else each word's best label is taken.
        """
        labels: list[list[str]] = [["O"] * len(d.words) for d in documents]
        scores: list[list[float]] = [[1.0] * len(d.words) for d in documents]
        names = self.model.labels
        for window, best, sure in self._decoded(documents, tokens, precision, legal):
            kept, here = slice(*window.kept), slice(*(word - window.words[0] for word in window.kept))
            labels[window.document][kept] = [names[label] for label in best[here]]
            scores[window.document][kept] = sure[here]
        return [from_bio(*row) for row in zip(labels, (d.words for d in documents), scores, strict=True)]

    def _decoded(
        self, documents: Sequence[Document], tokens: int, precision: str, legal: bool
    ) -> list[tuple[Window, list[int], list[float]]]:
        windows = self.reader.windows(documents)
        engine = accelerator(precision)
        self.model.to(engine.device).eval()

        def decoded(batches: Sequence[Sequence[int]]) -> list[tuple[Window, list[int], list[float]]]:
            rows: list[tuple[Window, list[int], list[float]]] = []
            # One autocast around all batches: it keeps the weights that it has cast until it ends.
            with torch.inference_mode(), engine.autocast():
                for batch in batches:
                    chosen = [windows[i] for i in batch]
                    tensors = {name: t.to(engine.device) for name, t in self.reader.collate(chosen).items()}
                    best, sure = self.model.decode(legal=legal, **tensors)
                    rows += zip(chosen, best.tolist(), sure.tolist(), strict=True)
            return rows

        batches = token_batches([len(w.ids) for w in windows], tokens=tokens)
        threads = torch.get_num_threads()
        if engine.device.type != "cpu" or threads == 1:
            return decoded(batches)
        # On a processor each thread takes batches of its own: a fifth faster than all threads on one batch.
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            parts = list(pool.map(decoded, [batches[i::threads] for i in range(threads)]))
        torch.set_num_threads(threads)  # a thread's number is its own, but not that of the library beneath
        return [row for part in parts for row in part]

    def save(self, folder: Path) -> None:
        """``tagger.json``, the reader's files, the encoder's configuration, weights as safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        self.reader.save(folder)
        model = self.model
        kind = {"labels": list(model.labels), "crf": model.crf, "encoder": isinstance(model, EncoderLabeller)}
        if isinstance(model, EncoderLabeller):
            model.encoder.config.save_pretrained(folder)
        write_tensors(folder / "model.safetensors", {n: t.detach() for n, t in model.state_dict().items()}, {})
        (folder / "tagger.json").write_text(json.dumps(kind), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Tagger:
        """Read what :meth:`save` wrote.

        Raises:
            EncoderError: the folder holds no tagger.
        """
        if not (folder / "tagger.json").exists():
            raise EncoderError(f"{folder} holds no tagger.json: give the folder of a finished run or of Tagger.save")
        kind = json.loads((folder / "tagger.json").read_text("utf-8"))
        if kind["encoder"]:
            # AutoTokenizer would build a BertTokenizer anew, which no longer cuts at words.
            encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder), add_pooling_layer=False).float()
            model: Labeller = EncoderLabeller(encoder, kind["labels"], crf=kind["crf"])
            reader: Reader = SubwordReader(PreTrainedTokenizerFast.from_pretrained(folder))
        else:
            table = json.loads((folder / "vocabulary.json").read_text("utf-8"))
            vocabulary = Vocabulary(table["words"], table["characters"])
            model = BiLstmLabeller(
                kind["labels"], words=len(table["words"]) + 2, characters=len(table["characters"]) + 2
            )
            reader = WordReader(vocabulary)
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return cls(model, reader)
