"""Text in, entities out, and relations between them: what a practitioner takes out of the book."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from chemxl.corpora import brat
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, Mention
from chemxl.errors import ChemxlError, CorpusError
from chemxl.experiments.experiment import runs
from chemxl.models import encoders
from chemxl.models.learner import SavedLearner
from chemxl.models.predictor import FILE, Predictor
from chemxl.models.training import Training
from chemxl.ner import FineTune, Tagger
from chemxl.ner.chapter import TYPES
from chemxl.relations import pipeline
from chemxl.relations.experiments import RelationModel
from chemxl.relations.extractor import Extractor
from chemxl.relations.tasks import MINI
from chemxl.results import show
from chemxl.results.arcs import relations

STDIN = "-"
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")


def best_model(kind: type[Predictor[Any]] = Tagger, *, types: Collection[str] = ()) -> Path:
    """The folder of the best tagger in ``CHEMXL_RUNS``, or model of relations; a small one is trained now where there
    is none.

    A pretrained encoder beats ``mini``, an encoder beats the BiLSTM, and more training documents beat fewer: scores on
    different test sets cannot be compared.

    Args:
        types: that a tagger must know.
    """
    saved = [path.parent for path in runs().glob(f"*/*/{FILE}")]
    ranked = sorted((_rank(folder), folder) for folder in saved if kind.is_in(folder) and _knows(folder, types))
    if ranked:
        return ranked[-1][1]
    print(
        f"No trained {kind.__name__.lower()} in CHEMXL_RUNS: training a small demonstration model now.", file=sys.stderr
    )
    related = kind is Extractor
    corpora = tuple(
        Corpus(name="mini", language=language, types=() if related else TYPES, sentences=1000)
        for language in ("en", "ru")
    )
    training = Training(epochs=4, rate=1e-3)
    made: SavedLearner = FineTune(train=corpora, training=training)
    return (made.to(RelationModel, scheme=MINI) if related else made).run().folder


def _knows(folder: Path, types: Collection[str]) -> bool:
    """Whether a tagger finds mentions of all these types."""
    try:
        labels = json.loads((folder / FILE).read_text("utf-8")).get("labels", [])
    except (OSError, ValueError):
        return False
    return {f"B-{type}" for type in types} <= set(labels)


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


def extract(documents: Sequence[Document], *, tagger: Path | None = None, model: Path | None = None) -> list[Document]:
    """The documents with the mentions that a tagger finds, and the relations that a model finds between these.

    Args:
        tagger, model: folders of finished runs; by default the best on this machine that go together.

    Raises:
        EncoderError: a folder holds no tagger, or no extractor.
    """
    extractor = Extractor.load(model or best_model(Extractor))
    wanted = {type for signature in extractor.signatures for type in signature}
    return pipeline.extract(documents, Tagger.load(tagger or best_model(types=wanted)), extractor)


def as_brat(documents: Sequence[Document]) -> Iterator[str]:
    """The ``.ann`` of each document."""
    for document in documents:
        yield brat.annotation(document)


def as_json_lines(documents: Sequence[Document]) -> Iterator[str]:
    """One line a document: ``id``, ``text``, ``mentions`` with ``type``, ``start``, ``end``, ``text``, ``score``."""
    for d in documents:
        row = {"id": d.id, "text": d.text, "mentions": [_mention(d, m) for m in d.mentions]}
        yield json.dumps(row, ensure_ascii=False) + "\n"


def as_html(documents: Sequence[Document]) -> Iterator[str]:
    """One page with every document."""
    yield show.page([show.entities(document, caption=document.id) for document in documents], title="Entities")


def as_related_lines(documents: Sequence[Document]) -> Iterator[str]:
    """As :func:`as_json_lines`; mentions have an ``id``, and there are ``relations`` with ``id``, ``type``, ``head``,
    ``tail``, ``score``."""
    for d in documents:
        mentions = [{"id": m.id, **_mention(d, m)} for m in d.mentions]
        relations = [
            {"id": r.id, "type": r.type, "head": r.head, "tail": r.tail, "score": round(r.score or 0.0, 4)}
            for r in d.relations
        ]
        row = {"id": d.id, "text": d.text, "mentions": mentions, "relations": relations}
        yield json.dumps(row, ensure_ascii=False) + "\n"


def as_related_html(documents: Sequence[Document]) -> Iterator[str]:
    """One page with every document; a relation's arc is drawn while it is pointed at or has the keyboard's focus."""
    yield show.page([relations(document, caption=document.id) for document in documents], title="Relations")


def as_triples(documents: Sequence[Document]) -> Iterator[str]:
    """A table for spreadsheets: document, sentence, head, tail, type, score; a line a relation."""
    yield _line(["document", "sentence", "head", "tail", "type", "score"])
    for d in documents:
        mentions = {mention.id: mention for mention in d.mentions}
        spans = sentences(d.text, d.language or "en") if d.relations else []
        for r in d.relations:
            ends = mentions[r.head], mentions[r.tail]
            start, end = min(m.start for m in ends), max(m.end for m in ends)
            parts = [span for span in spans if span[0] < end and start < span[1]]
            sentence = d.text[min(start, parts[0][0]) : max(end, parts[-1][1])] if parts else d.text[start:end]
            yield _line([d.id, " ".join(sentence.split()), *map(d.surface, ends), r.type, f"{r.score or 0.0:.4f}"])


def _mention(document: Document, mention: Mention) -> dict[str, object]:
    own = {"type": mention.type, "start": mention.start, "end": mention.end}
    return {**own, "text": document.surface(mention), "score": round(mention.score or 0.0, 4)}


def _line(cells: Sequence[str]) -> str:
    """One line of CSV. A cell that a spreadsheet would compute begins with an apostrophe, as spreadsheets write it."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([f"'{cell}" if cell[:1] in "=+-@\t" else cell for cell in cells])
    return file.getvalue()


Format = Callable[[Sequence[Document]], Iterator[str]]
FORMATS: dict[str, Format] = {"brat": as_brat, "jsonl": as_json_lines, "html": as_html}
RELATED: dict[str, Format] = {
    "brat": as_brat,
    "jsonl": as_related_lines,
    "html": as_related_html,
    "csv": as_triples,
}
