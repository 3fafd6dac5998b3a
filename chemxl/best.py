"""The model that is used if none is named: the tagger in the box, or else the newest that was trained here."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chemxl.experiments.experiment import runs
from chemxl.models.box import IN_THE_BOX, TAGGER
from chemxl.models.predictor import FILE, Predictor

if TYPE_CHECKING:  # what trains takes seconds to load, and tagging does without
    from chemxl.models.learner import SavedLearner

_MADE_UP = "mini"


def best_model(*, types: Collection[str] = ()) -> Path:
    """The folder of the tagger that is used if none is named; says on the error stream which one.

    It is the one in the box. Where that does not find all ``types``, it is what :func:`best` takes.

    Args:
        types: the types of mentions that it must find.
    """
    if _finds(TAGGER, types):
        print("Using the tagger in the box; --model names another", file=sys.stderr)
        return TAGGER
    from chemxl.corpora.corpus import Corpus
    from chemxl.models.tagger import Tagger
    from chemxl.models.training import Training
    from chemxl.ner import FineTune
    from chemxl.ner.chapter import TYPES

    made_up = tuple(Corpus(name=_MADE_UP, language=name, types=TYPES, sentences=1000) for name in ("en", "ru"))
    demonstration = FineTune(train=made_up, training=Training(epochs=4, rate=1e-3))
    return best(
        Tagger, demonstration, types=types, hint="give --model, or train one on real corpora with chemxl run 04"
    )


def named(model: Path | None, *, types: Collection[str] = ()) -> Path:
    """The folder of the tagger that was asked for: ``in-the-box`` or a folder; without a name see
    :func:`best_model`."""
    return best_model(types=types) if model is None else TAGGER if str(model) == IN_THE_BOX else model


def best(kind: type[Predictor[Any]], demonstration: SavedLearner, *, types: Collection[str] = (), hint: str) -> Path:
    """The folder of the newest finished run of a kind in ``CHEMXL_RUNS``; says on the error stream which one.

    Scores on different test sets cannot be compared, nor does more text make a better model: another one is chosen by
    its name. What the small book trains on made-up sentences is never taken. Where there is nothing else, a
    demonstration model is, trained now or before.

    Args:
        types: the types of mentions that it must find.
        hint: what to do about a demonstration.
    """
    saved = (path.parent for path in runs().glob(f"*/*/{FILE}"))
    able = [folder for folder in saved if kind.is_in(folder) and _finds(folder, types)]
    found = [(folder.stat().st_mtime, folder, said) for folder in able if (said := _said(folder))]
    if found:
        _, folder, said = max(found)
        print(f"Using the newest run, {said}: {folder}; --model names another", file=sys.stderr)
        return folder
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


def _said(folder: Path) -> str:
    """What a run began from and was trained on; empty if that is only made-up text, or if the folder is not
    complete."""
    try:
        config = json.loads((folder / "experiment.json").read_text("utf-8"))
        json.loads((folder / "metrics.json").read_text("utf-8"))
        names = dict.fromkeys(" ".join(filter(None, (one["name"], one.get("language")))) for one in config["train"])
        made_up = all(one["name"] == _MADE_UP for one in config["train"])
        encoder = config.get("encoder")
        while isinstance(encoder, dict):  # pretrained further: what it began from
            encoder = encoder["encoder"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return "" if made_up else f"{encoder or config['kind']} trained on {', '.join(names)}"
