"""A trained network with everything that it needs to read documents and predict, and its folder on disk."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, Generic, Self, TypeVar

import torch
from torch import nn

from chemxl.documents import Document
from chemxl.errors import EncoderError
from chemxl.evaluation.metrics import Counts
from chemxl.experiments.checkpoints import write_tensors
from chemxl.models import eight_bits
from chemxl.models.training import Batch, Task, accelerator, token_batches
from chemxl.models.trimming import trimmed

FILE = "predictor.json"
_OURS = re.compile(r"chemxl(\.[a-z_]+)+")

Row = TypeVar("Row")
Item = TypeVar("Item")  # what is predicted, such as a mention; of a document there are several, or none


class Predictor(ABC, Generic[Item]):
    """The result of a :class:`chemxl.models.learner.Learner`. Subclasses say what is predicted, and by which network.

    Args:
        model: the network. If it has an ``encoder``, that is trained with the rows of its embedding table that the
            documents use.
    """

    NAME: ClassVar[str]  # of what is predicted, in the plural

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    @abstractmethod
    def task(self, documents: Sequence[Document]) -> Task:
        """Annotated documents as the training loop takes them."""

    @abstractmethod
    def predict(self, documents: Sequence[Document]) -> list[list[Item]]:
        """The network's predictions for each document.

        Where it takes ``tokens``, that is the budget of a batch: it changes speed and memory, and results only by
        rounding.
        """

    @abstractmethod
    def used(self, documents: Sequence[Document]) -> set[int]:
        """The ids of the encoder's vocabulary that occur in documents."""

    @classmethod
    @abstractmethod
    def count(cls, documents: Sequence[Document], found: Sequence[Sequence[Item]]) -> Counts:
        """Counts of right, found and due, by source document."""

    @classmethod
    def beside(cls, documents: Sequence[Document], found: Sequence[Sequence[Item]]) -> dict[str, float]:
        """Further scores by name, to stand beside those of :meth:`count`."""
        return {}

    @classmethod
    @abstractmethod
    def packed(cls, item: Item) -> list[Any]:
        """A prediction as a row of JSON."""

    @classmethod
    @abstractmethod
    def unpacked(cls, row: Sequence[Any]) -> Item:
        """The inverse of :meth:`packed`."""

    def inferred(
        self, read: Callable[[Batch], Iterable[Row]], task: Task, *, tokens: int, precision: str
    ) -> list[tuple[int, Row]]:
        """The network's output for every example of a task, with the example's place, in any order.

        Args:
            read: a batch of the task, on the network's device, to a row an example.
            tokens: budget of a batch.
        """
        engine, stopped = accelerator(precision), Event()
        self.model.to(engine.device).eval()

        def rows(batches: Sequence[Sequence[int]]) -> list[tuple[int, Row]]:
            """The outputs of some batches."""
            found: list[tuple[int, Row]] = []
            # One autocast around all batches: it keeps the weights that it has cast until it ends.
            with torch.inference_mode(), engine.autocast():
                for chosen in batches:
                    if stopped.is_set():
                        break
                    batch = {name: tensor.to(engine.device) for name, tensor in task.collate(chosen).items()}
                    found += zip(chosen, read(batch), strict=True)
            return found

        batches = token_batches(task.lengths, tokens=tokens)
        threads = torch.get_num_threads()
        if engine.device.type != "cpu" or threads == 1:
            return rows(batches)
        # On a processor each thread takes batches of its own: a fifth faster than all threads on one batch.
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            try:
                parts = list(pool.map(rows, [batches[i::threads] for i in range(threads)]))
            except BaseException:  # Ctrl-C, too: the pool waits for its threads
                stopped.set()
                raise
        torch.set_num_threads(threads)  # a thread's number is its own, but not that of the library beneath
        return [row for part in parts for row in part]

    def trimmed(self, documents: Sequence[Document]) -> AbstractContextManager[None]:
        """A context in which the encoder's embedding table holds only rows that these documents use."""
        encoder: Any = getattr(self.model, "encoder", None)
        able = hasattr(encoder, "get_input_embeddings")
        return trimmed(encoder, self.used(documents)) if able else nullcontext()

    @abstractmethod
    def write(self, folder: Path) -> dict[str, Any]:
        """Write what is needed to read documents; returns, as JSON, what :meth:`restored` needs."""

    @classmethod
    @abstractmethod
    def restored(cls, folder: Path, about: dict[str, Any]) -> Self:
        """The predictor that :meth:`write` described, with arbitrary weights."""

    def save(self, folder: Path) -> None:
        """Write ``predictor.json``, the weights as safetensors, and what :meth:`write` writes."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {"class": f"{type(self).__module__}.{type(self).__qualname__}", **self.write(folder)}
        write_tensors(folder / "model.safetensors", self.model.state_dict(), {})
        (folder / FILE).write_text(json.dumps(about, ensure_ascii=False), "utf-8")

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether a folder holds a predictor of this class or a derived one."""
        return issubclass(_saved(folder) or type(None), cls)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a predictor of this class or a derived one that :meth:`save` wrote.

        Raises:
            EncoderError: the folder holds none, or one that is not whole.
        """
        kind = _saved(folder)
        if kind is None or not issubclass(kind, cls):
            wanted, held = cls.__name__, f", but a {kind.__name__}" if kind else ""
            raise EncoderError(
                f"{folder} holds no {wanted.lower()}{held}: give the folder of a finished run or of {wanted}.save"
            )
        try:
            made = kind.restored(folder, json.loads((folder / FILE).read_text("utf-8")))
            made.model.load_state_dict(eight_bits.read(folder))
        except Exception as error:  # of tokenizers, which have no class of their own, among others
            raise EncoderError(
                f"the {cls.__name__.lower()} in {folder} is not whole: train it again ({error!r:.200})"
            ) from error
        return made


def _saved(folder: Path) -> type[Predictor[Any]] | None:
    """The class of the predictor in a folder; None if there is none.

    A module of this package is imported for it; of others, only what is imported already is taken.
    """
    try:
        name = str(json.loads((folder / FILE).read_text("utf-8"))["class"])
        module = name.rpartition(".")[0]
        if _OURS.fullmatch(module):
            import_module(module)
    except (OSError, ValueError, TypeError, KeyError, ImportError):
        return None
    kinds: list[type[Predictor[Any]]] = Predictor.__subclasses__()
    for kind in kinds:  # which grows while it is gone through
        kinds += kind.__subclasses__()
    return next((kind for kind in kinds if f"{kind.__module__}.{kind.__qualname__}" == name), None)
