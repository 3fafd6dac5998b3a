"""A tagger trained on a person's own corpus, in a folder that appears when it is complete."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from chemxl import corpora
from chemxl.documents import Document
from chemxl.errors import ChemxlError, EncoderError
from chemxl.experiments.checkpoints import CHECKPOINT
from chemxl.experiments.digests import sha256, source_digest
from chemxl.experiments.experiment import write_json
from chemxl.experiments.provenance import provenance
from chemxl.files import unwritable
from chemxl.models import encoders, predictor
from chemxl.models.box import IN_THE_BOX
from chemxl.models.tagger import Tagger
from chemxl.models.training import Training
from chemxl.ner import FineTune
from chemxl.own import report as reports
from chemxl.own.division import divided, left_out, types_of

PREFERRED = (IN_THE_BOX, encoders.MINI)  # the first that is here
RATES = {encoders.MINI: 1e-3, IN_THE_BOX: 3e-4}  # others learn at the default of Training
LEARNT, REPORT, ERRORS, PAGE = "learnt.json", "report.md", "errors.tsv", "errors.html"
NOTED = "experiment.json"
# What this and the export write into a folder, tokenizers of all kinds included.
WRITTEN = {LEARNT, REPORT, ERRORS, PAGE, NOTED, predictor.FILE, "model.safetensors", "config.json", "history.jsonl"}
WRITTEN |= {"metrics.json", "provenance.json", "README.md", "pipeline.py", "tokenizer.json", "tokenizer_config.json"}
WRITTEN |= {"special_tokens_map.json", "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt"}


class TrainingRequest(NamedTuple):
    """What a person asks to train.

    Args:
        corpus: a name of the catalogue, or a path.
        start: an encoder, see :func:`chemxl.models.encoders.load`; the first of ``PREFERRED`` that is here by default.
        types: the types of the corpus to learn; all by default.
        epochs: passes over the texts, at most; by default as many as few texts need, see :func:`value_of`.
        rate: the learning rate.
    """

    corpus: str
    start: str = ""
    types: tuple[str, ...] = ()
    language: str | None = None
    epochs: int = 0
    rate: float = 0.0
    seed: int = 0


def value_of(request: TrainingRequest) -> FineTune:
    """The training as a value.

    Up to 50 passes over few texts, fewer over many; it stops where the held-out documents show no gain for a fifth of
    them, and takes the weights that were best there.

    Raises:
        ChemxlError: the corpus or the encoder cannot be had, or has nothing to learn from.
    """
    start = request.start or next(name for name in PREFERRED if encoders.available(name))
    folder = encoders.local_folder(start) if start != encoders.MINI else None
    if folder and (folder / predictor.FILE).exists():
        raise EncoderError(f"{folder} is a trained model, not an encoder: start from what it was trained from")
    encoders.load(start)  # before anything is said or written
    types = types_of(request.corpus, request.types)
    division = divided(request.corpus, types=types, language=request.language, seed=request.seed)
    epochs = request.epochs or max(5, min(50, 2000 // len(division.train.load())))
    rate = request.rate or RATES.get(start, Training().rate)
    training = Training(epochs=epochs, rate=rate, patience=max(3, epochs // 5))
    return FineTune(train=(division.train,), dev=division.dev, encoder=start, training=training, seed=request.seed)


def train(request: TrainingRequest, out: Path, *, force: bool = False) -> reports.Report:
    """Train, test, and write the model with its report into a folder.

    Until it is whole, all is in ``OUT.unfinished`` beside it. What was stopped goes on from there, if it is asked for
    again.

    Raises:
        ChemxlError: something is in the way, or see :func:`value_of`; stopped by hand.
    """
    out = out.resolve()
    check_out(out, force=force, holds=predictor.FILE)
    faults: list[corpora.Fault] = []
    corpora.load(request.corpus, language=request.language, faults=faults)
    if faults:
        print(f"{len(faults)} faults in it are left out: chemxl corpora check {request.corpus}", file=sys.stderr)
    value = value_of(request)
    division = divided(request.corpus, types=value.types, language=request.language, seed=request.seed)
    part = out.with_name(f"{out.name}.unfinished")
    if part.exists() and not (part / NOTED).exists():
        raise ChemxlError(f"{part} is in the way, and no training was stopped there: move it, or name another place")
    part.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(part / ".lock", timeout=0), _left_only_if_worth(part):
            _begin(part, value, force=force)
            learnt, held_out, tested = (portion.load() for portion in division)
            print(
                f"Learning {', '.join(value.types)} from {len(learnt)} documents, stopping by {len(held_out)}, "
                f"testing on {len(tested)}; from {value.encoder}, up to {value.training.epochs} passes",
                file=sys.stderr,
            )
            if count := left_out(division):
                print(f"{count} documents are left out: dev or test holds them, too", file=sys.stderr)
            if not (part / predictor.FILE).exists():  # else it was stopped behind the training
                value.compute(part)
            made = reports.Report.of(tested, Tagger.load(part).predict(tested), value.types)
            _describe(part, request, made, learnt, held_out)
    except Timeout:
        raise ChemxlError(f"another training writes into {part}: wait for it, or name another place") from None
    except KeyboardInterrupt:
        said = "goes on from there" if part.exists() else "begins again"
        raise ChemxlError(f"stopped; the same command {said}") from None
    check_out(out, force=force, holds=predictor.FILE)  # again: hours may have passed
    (part / ".lock").unlink(missing_ok=True)
    if out.exists():
        shutil.rmtree(out)
    part.replace(out)
    return made


@contextmanager
def _left_only_if_worth(part: Path) -> Iterator[None]:
    """If the training fails, the folder stays only if it holds something to continue from."""
    try:
        yield
    except BaseException:
        if not any((part / name).exists() for name in (CHECKPOINT, predictor.FILE)):
            shutil.rmtree(part)
        raise


def check_out(out: Path, *, force: bool, holds: str) -> None:
    """Raise an error if a folder cannot be made; asked before the work begins.

    Args:
        force: one may take the place of what is there, if that is of the kind and holds nothing else.
        holds: a file that tells the kind.

    Raises:
        ChemxlError: it may not.
    """
    if reason := unwritable(out / "file"):
        raise ChemxlError(f"{out} cannot be written ({reason}): name another place")
    if out.is_mount():
        raise ChemxlError(f"{out} is where a disk begins, which nothing can replace: name a folder in it")
    if not out.exists() or not (there := {path.name for path in out.iterdir()}):
        return
    if not force:
        raise ChemxlError(f"{out} is there already: name another place, or write over it with --force")
    if holds not in there or (strange := sorted(there - WRITTEN)):
        strange = strange if holds in there else sorted(there)
        raise ChemxlError(f"{out} is there already and holds {strange[0]}, which would be lost: name another place")


def check_file(path: Path, *, force: bool) -> None:
    """Raise an error if a file cannot be made; asked before the work begins.

    Raises:
        ChemxlError: it may not be written.
    """
    if path.is_dir() or (reason := unwritable(path)):
        raise ChemxlError(f"{path} cannot be written ({'a folder' if path.is_dir() else reason}): name another file")
    if path.exists() and not force:
        raise ChemxlError(f"{path} is there already: name another file, or write over it with --force")


def _begin(part: Path, value: FineTune, *, force: bool) -> None:
    """Note what is trained. The rest of another training that was stopped here is removed only with ``force``."""
    data = [held.data_digest() for held in value.parts()]
    about = {**value.config(), "digest": sha256("".join([source_digest(type(value).__module__), *data]))}
    noted = part / NOTED
    if noted.exists() and json.loads(noted.read_text("utf-8")) != json.loads(json.dumps(about)):
        if not force:
            raise ChemxlError(
                f"{part} holds a training that was stopped, with other settings or texts: --force drops it"
            )
        for path in part.iterdir():
            if path.name != ".lock":
                path.unlink()
    write_json(noted, about)


def _describe(
    part: Path, request: TrainingRequest, made: reports.Report, learnt: Sequence[Document], held_out: Sequence[Document]
) -> None:
    """Write beside the model the report, the errors, the documents that it learnt from, and the files of a run."""
    write_json(part / "provenance.json", provenance())
    write_json(part / LEARNT, sorted(digest_of(document) for document in [*learnt, *held_out]))
    (part / ERRORS).write_text(made.listed(), "utf-8")
    (part / PAGE).write_text(made.page(), "utf-8")
    write_json(part / "metrics.json", {"documents": len(learnt)} | {f"{row.type}.f1": row.f1[0] for row in made.rows()})
    name, count = Path(request.corpus).name, len(made.documents)
    text = f"# A tagger trained on {name}\n\nTested on {count} documents that it never saw.\n\n{reports.markdown(made)}"
    (part / REPORT).write_text(text, "utf-8")


def digest_of(document: Document) -> str:
    """A digest by which a document is recognised as one that the model learnt from."""
    return hashlib.sha256(" ".join(document.text.split()).encode("utf-8", "replace")).hexdigest()[:16]
