"""Text in, entities out: what a practitioner takes out of the book."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chemxl import inputs
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.experiments.experiment import runs
from chemxl.models import encoders
from chemxl.models.learner import SavedLearner
from chemxl.models.predictor import FILE, Predictor
from chemxl.models.tagger import Tagger
from chemxl.models.training import Training

_MADE_UP = "mini"


def best_model(*, types: Collection[str] = ()) -> Path:
    """The folder of the best tagger in ``CHEMXL_RUNS``, which is named on the error stream.

    A pretrained encoder beats ``mini`` and the BiLSTM, and more training documents beat fewer: scores on different test
    sets cannot be compared. What the small book trains, ``mini`` and the BiLSTM on made-up sentences of one language,
    is never taken. Where there is nothing else, a demonstration model of both languages is, trained now or before.

    Args:
        types: that it must find.
    """
    from chemxl.ner import FineTune  # what trains takes seconds to load, and tagging does without
    from chemxl.ner.chapter import TYPES

    made_up = tuple(Corpus(name=_MADE_UP, language=name, types=TYPES, sentences=1000) for name in ("en", "ru"))
    demonstration = FineTune(train=made_up, training=Training(epochs=4, rate=1e-3))
    return best(
        Tagger, demonstration, types=types, hint="give --model, or train one on real corpora with chemxl run 04"
    )


def best(kind: type[Predictor[Any]], demonstration: SavedLearner, *, types: Collection[str] = (), hint: str) -> Path:
    """The folder of the best model of a kind, see :func:`best_model`.

    Args:
        hint: what to do about a demonstration.
    """
    saved = (path.parent for path in runs().glob(f"*/*/{FILE}"))
    able = (folder for folder in saved if kind.is_in(folder) and _finds(folder, types))
    if found := max(filter(None, map(_candidate, able)), default=None):
        print(f"Using {found.said}: {found.folder}", file=sys.stderr)
        return found.folder
    how = "from the cache" if demonstration.finished() else "trained now"
    print(
        f"Using a demonstration model ({how}), which has seen made-up sentences alone and finds little else: "
        f"{hint} --profile real",
        file=sys.stderr,
    )
    return demonstration.run().folder


def _finds(folder: Path, types: Collection[str]) -> bool:
    """Whether a tagger finds mentions of all these types."""
    try:
        labels = json.loads((folder / FILE).read_text("utf-8")).get("labels", ())
    except (OSError, ValueError, AttributeError):
        return False
    return {f"B-{type}" for type in types} <= set(labels)


class _Candidate(NamedTuple):
    """A tagger that may be the best; of two the larger one is."""

    pretrained: bool
    documents: float
    changed: float
    folder: Path
    said: str


def _candidate(folder: Path) -> _Candidate | None:
    """What is known of a run's tagger; None if it is a demonstration, or its folder is not whole."""
    try:
        config = json.loads((folder / "experiment.json").read_text("utf-8"))
        documents = json.loads((folder / "metrics.json").read_text("utf-8"))["documents"]
        names = dict.fromkeys(" ".join(filter(None, (one["name"], one.get("language")))) for one in config["train"])
        made_up = all(one["name"] == _MADE_UP for one in config["train"])
        encoder = config.get("encoder")
        while isinstance(encoder, dict):  # pretrained further: what it began from
            encoder = encoder["encoder"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    pretrained = encoder not in {None, encoders.MINI}
    if made_up and not pretrained:
        return None
    said = f"{encoder or config['kind']} trained on {', '.join(names)} ({documents:.0f} documents)"
    return _Candidate(pretrained, documents, folder.stat().st_mtime, folder, said)


def read(names: Sequence[str]) -> list[Document]:
    """The texts of files, folders and globs, see :func:`chemxl.inputs.sources`, all at once.

    Raises:
        CorpusError: one cannot be read.
        ChemxlError: two texts would have one id.
    """
    faults = inputs.strict()
    return list(inputs.read(inputs.sources(names, faults), faults))


def tag(documents: Sequence[Document], *, model: Path | None = None) -> list[Document]:
    """The documents with the mentions that a tagger finds.

    Args:
        model: the folder of a finished run; the best on this machine by default.

    Raises:
        EncoderError: the folder holds no tagger.
    """
    return finder(model)(documents)


def finder(model: Path | None = None) -> Callable[[Sequence[Document]], list[Document]]:
    """What :func:`tag` does with documents, its model read once."""
    tagger = Tagger.to_read(model or best_model())

    def find(documents: Sequence[Document]) -> list[Document]:
        found = zip(documents, tagger.predict(documents), strict=True)
        return [Document(d.id, d.text, tuple(mentions), language=d.language) for d, mentions in found]

    return find
