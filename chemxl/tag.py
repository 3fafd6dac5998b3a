"""Text in, entities out: what a practitioner takes out of the book."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from chemxl.corpora import brat
from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document
from chemxl.errors import ChemxlError, CorpusError
from chemxl.experiments.experiment import runs
from chemxl.models import encoders
from chemxl.models.predictor import FILE
from chemxl.models.training import Training
from chemxl.ner import FineTune, Tagger
from chemxl.ner.chapter import TYPES
from chemxl.results import show

STDIN = "-"
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def best_model() -> Path:
    """The folder of the best tagger in ``CHEMXL_RUNS``; a small one is trained now where there is none.

    A pretrained encoder beats ``mini``, an encoder beats the BiLSTM, and more training documents beat fewer: scores on
    different test sets cannot be compared.
    """
    saved = (path.parent for path in runs().glob(f"*/*/{FILE}"))
    ranked = sorted((_rank(folder), folder) for folder in saved if Tagger.is_in(folder))
    if ranked:
        return ranked[-1][1]
    print("No trained tagger in CHEMXL_RUNS: training a small demonstration model now.", file=sys.stderr)
    corpora = tuple(Corpus(name="mini", language=language, types=TYPES, sentences=1000) for language in ("en", "ru"))
    return FineTune(train=corpora, training=Training(epochs=4, rate=1e-3)).run().folder


def _rank(folder: Path) -> tuple[int, float, float]:
    try:
        config = json.loads((folder / "experiment.json").read_text("utf-8"))
        documents = json.loads((folder / "metrics.json").read_text("utf-8"))["documents"]
    except (OSError, ValueError, KeyError):
        return -1, 0.0, 0.0
    encoder = config.get("encoder")
    return (0 if encoder is None else 1 if encoder == encoders.MINI else 2), documents, folder.stat().st_mtime


def read(files: Sequence[str]) -> list[Document]:
    """Texts of files, ``-`` being standard input; a document's id is its file's name without the ending.

    Raises:
        CorpusError: a file is missing or not UTF-8.
        ChemxlError: two files would have one id.
    """
    documents = []
    for name in files or [STDIN]:
        try:
            data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
            text = data.decode("utf-8-sig")  # a byte order mark is no text
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise CorpusError(
                f"{name}:{line}: not UTF-8; convert it, for example with iconv -f cp1251 -t utf-8"
            ) from error
        except OSError as error:
            raise CorpusError(f"{name} cannot be read: {error.strerror}") from error
        language = "ru" if _CYRILLIC.search(text) else "en"
        documents.append(Document("stdin" if name == STDIN else Path(name).stem, text, language=language))
    ids = [document.id for document in documents]
    if repeated := sorted({id for id in ids if ids.count(id) > 1}):
        raise ChemxlError(f"two files are called {repeated[0]}: rename one, since results are named after their file")
    return documents


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


FORMATS: dict[str, Callable[[Sequence[Document]], Iterator[str]]] = {
    "brat": as_brat,
    "jsonl": as_json_lines,
    "html": as_html,
}
