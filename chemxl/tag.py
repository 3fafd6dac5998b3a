"""Text in, entities out: what a practitioner takes out of the book."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chemxl.corpora import brat
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.faults import decoded
from chemxl.documents import Document
from chemxl.errors import ChemxlError, CorpusError
from chemxl.experiments.experiment import runs
from chemxl.files import replaced, unwritable
from chemxl.models import encoders
from chemxl.models.learner import SavedLearner
from chemxl.models.predictor import FILE, Predictor
from chemxl.models.training import Training
from chemxl.ner import FineTune, Tagger
from chemxl.ner.chapter import TYPES
from chemxl.results import show

Format = Callable[[Sequence[Document]], Iterator[str]]
STDIN = "-"
_MADE_UP = tuple(Corpus(name="mini", language=language, types=TYPES, sentences=1000) for language in ("en", "ru"))
_MEND = "name another place with --out, or write over it with --force"
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def best_model(*, types: Collection[str] = ()) -> Path:
    """The folder of the best tagger in ``CHEMXL_RUNS``, which is named on the error stream.

    A pretrained encoder beats ``mini`` and the BiLSTM, and more training documents beat fewer: scores on different test
    sets cannot be compared. What the small book trains, ``mini`` and the BiLSTM on made-up sentences of one language,
    is never taken. Where there is nothing else, a demonstration model of both languages is, trained now or before.

    Args:
        types: that it must find.
    """
    demonstration = FineTune(train=_MADE_UP, training=Training(epochs=4, rate=1e-3))
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
        made_up = all(one["name"] == _MADE_UP[0].name for one in config["train"])
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


def read(files: Sequence[str]) -> list[Document]:
    """Texts of files, ``-`` being standard input; a document's id is its file's name without the ending.

    Raises:
        CorpusError: a file is missing or not UTF-8, or standard input is closed.
        ChemxlError: two files would have one id.
    """
    documents = []
    for name in files or [STDIN]:
        try:
            text = decoded(_standard_input() if name == STDIN else Path(name).read_bytes())
        except UnicodeError as error:
            raise CorpusError(f"{name}:{error}") from error
        except OSError as error:
            raise CorpusError(f"{name} cannot be read ({error.strerror}): name a file of text") from error
        language = "ru" if _CYRILLIC.search(text) else "en"
        documents.append(Document("stdin" if name == STDIN else Path(name).stem, text, language=language))
    ids = [document.id for document in documents]
    if repeated := sorted({id for id in ids if ids.count(id) > 1}):
        raise ChemxlError(f"two files are called {repeated[0]}: rename one, since results are named after their file")
    return documents


def _standard_input() -> bytes:
    if sys.stdin is None:  # as under cron or systemd
        raise CorpusError("standard input is closed: name a file of text")
    return sys.stdin.buffer.read()


def check_out(out: Path, documents: Sequence[Document], *, brat_files: bool, force: bool = False) -> None:
    """Pass if the results may be written: before the tagging, not after it.

    Args:
        out: the folder of brat files, or the one file.
        force: write over what is there.

    Raises:
        ChemxlError: a file that is there would be written over, or there is no place or no right to write.
    """
    if not brat_files and out.is_dir():
        raise ChemxlError(f"{out} is a folder: name a file in it")
    if not brat_files and not out.absolute().parent.exists():
        raise ChemxlError(f"{out} cannot be written: make the folder {out.parent} first")
    if reason := unwritable(out / "file" if brat_files else out):
        raise ChemxlError(f"{out} cannot be written ({reason}): name another place with --out")
    for document in documents if brat_files else ():
        text, annotation = brat.places(document, out)
        if not force and text.exists() and text.read_bytes() != document.text.encode("utf-8"):
            raise ChemxlError(f"{text} is there already and holds another text: {_MEND}")
        if not force and annotation.exists():
            raise ChemxlError(f"{annotation} is there already, perhaps a person's work: {_MEND}")
    if not brat_files and not force and out.is_file():
        raise ChemxlError(f"{out} is there already: {_MEND}")


def read_for(out: Path | None, files: Sequence[str], *, brat_files: bool, force: bool) -> list[Document]:
    """What :func:`read` reads, as long as what is found in it may be written, see :func:`check_out`.

    Raises:
        ChemxlError: it may not; or brat files, of which each text has its own, have no folder.
    """
    documents = read(files)
    if brat_files and out is None and len(documents) > 1:
        raise ChemxlError("brat keeps one file per text: name a folder with --out, or take --format jsonl")
    if out is not None:
        check_out(out, documents, brat_files=brat_files, force=force)
    elif sys.stdout is None:
        raise ChemxlError("standard output is closed: name a place with --out")
    return documents


def write(documents: Sequence[Document], out: Path | None, format: Format | None) -> None:
    """To standard output, into a file, or, without a format, as brat files into a folder, whose names are printed."""
    if out is not None and format is None:
        for document in documents:
            print(brat.write(document, out))
        return
    data = "".join(format(documents) if format else ()).encode("utf-8")
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    elif out.exists() and not out.is_file():  # a pipe or a device
        out.write_bytes(data)
    else:
        with replaced(out) as beside:
            beside.write_bytes(data)


def tag(documents: Sequence[Document], *, model: Path | None = None) -> list[Document]:
    """The documents with the mentions that a tagger finds.

    Args:
        model: the folder of a finished run; the best on this machine by default.

    Raises:
        EncoderError: the folder holds no tagger.
    """
    found = Tagger.load(model or best_model()).predict(documents)
    return [
        Document(d.id, d.text, tuple(mentions), language=d.language)
        for d, mentions in zip(documents, found, strict=True)
    ]


def as_brat(documents: Sequence[Document]) -> Iterator[str]:
    """The ``.ann`` of each document."""
    for document in documents:
        yield brat.annotation(document)


def as_json_lines(documents: Sequence[Document]) -> Iterator[str]:
    """One line a document: ``id``, ``text``, ``mentions`` with ``type``, ``start``, ``end``, ``text``, ``score``."""
    for d in documents:
        mentions = [
            {"type": m.type, "start": m.start, "end": m.end, "text": d.surface(m), "score": round(m.score or 0.0, 4)}
            for m in d.mentions
        ]
        yield json.dumps({"id": d.id, "text": d.text, "mentions": mentions}, ensure_ascii=False) + "\n"


def as_html(documents: Sequence[Document]) -> Iterator[str]:
    """One page with every document."""
    yield show.page([show.entities(document, caption=document.id) for document in documents], title="Entities")


FORMATS: dict[str, Format] = {
    "brat": as_brat,
    "jsonl": as_json_lines,
    "html": as_html,
}
