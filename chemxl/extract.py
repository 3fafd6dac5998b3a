"""Text in, entities and relations out: brat, JSON lines, a page with arcs, or a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from chemxl import best, outputs
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document
from chemxl.models.box import IN_THE_BOX
from chemxl.models.tagger import Tagger
from chemxl.models.training import Training
from chemxl.relations import pipeline
from chemxl.relations.experiments import RelationModel
from chemxl.relations.extractor import Extractor
from chemxl.relations.tasks import MINI
from chemxl.results import show
from chemxl.results.arcs import relations

_MADE_UP = (Corpus(name="mini", types=(), sentences=1000),)
_SHORT = Training(epochs=2, tokens=256, rate=6e-4, head_rate=1e-2)


def best_model() -> Path:
    """The folder of the relation model that is used if none is named, see :func:`chemxl.best.best`."""
    demonstration = RelationModel(encoder=IN_THE_BOX, train=_MADE_UP, scheme=MINI, unrelated=1, training=_SHORT)
    return best.best(Extractor, demonstration, hint="give --model, or train one on real corpora with chemxl run 08")


def extract(documents: Sequence[Document], *, tagger: Path | None = None, model: Path | None = None) -> list[Document]:
    """The documents with mentions that a tagger finds, and relations between them that another model finds.

    Args:
        tagger, model: folders of finished runs; by default the best on this machine that go together.

    Raises:
        EncoderError: a folder holds no tagger, or no extractor.
    """
    return finder(tagger, model)(documents)


def finder(tagger: Path | None = None, model: Path | None = None) -> Callable[[Sequence[Document]], list[Document]]:
    """The function behind :func:`extract`, with its models loaded once."""
    extractor = Extractor.load(model or best_model())
    paired = {type for signature in extractor.signatures for type in signature}
    reader = Tagger.load(best.named(tagger, types=paired))
    return lambda documents: pipeline.extract(documents, reader, extractor)


def as_json_lines(documents: Iterable[Document]) -> Iterator[str]:
    """One line a document, as in :mod:`chemxl.outputs`; mentions also have an ``id``, and ``relations`` have ``id``,
    ``type``, ``head``, ``tail`` and ``score``."""
    for d in documents:
        mentions = [{"id": m.id, **own} for m, own in zip(d.mentions, outputs.mentions(d), strict=True)]
        relations = [
            {"id": r.id, "type": r.type, "head": r.head, "tail": r.tail, "score": round(r.score or 0.0, 4)}
            for r in d.relations
        ]
        yield outputs.line({"id": d.id, "text": d.text, "mentions": mentions, "relations": relations})


def as_html(documents: Iterable[Document]) -> Iterator[str]:
    """One page with all documents; a relation's arc is drawn while a person points at it or has the keyboard's focus on
    it."""
    return show.pieces((relations(document, caption=document.id) for document in documents), title="Relations")


def as_triples(documents: Iterable[Document]) -> Iterator[str]:
    """A table for spreadsheets, one relation a line: document, sentence, head, tail, type, score."""
    yield _line(["document", "sentence", "head", "tail", "type", "score"])
    for d in documents:
        mentions = {mention.id: mention for mention in d.mentions}
        spans = sentences(d.text, d.language or "en") if d.relations else []
        for r in d.relations:
            ends = mentions[r.head], mentions[r.tail]
            start, end = min(m.start for m in ends), max(m.end for m in ends)
            parts = [span for span in spans if span[0] < end and start < span[1]]
            sentence = d.text[min(start, parts[0][0]) : max(end, parts[-1][1])] if parts else d.text[start:end]
            cells = [" ".join(text.split()) for text in (sentence, *map(d.surface, ends))]
            yield _line([d.id, *cells, r.type, f"{r.score or 0.0:.4f}"])


def _line(cells: Sequence[str]) -> str:
    """One line of CSV. A cell that a spreadsheet would compute gets an apostrophe in front."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(
        [f"'{cell}" if cell[:1] in set("=+-@\t") else cell for cell in cells]
    )
    return file.getvalue()


FORMATS: dict[str, outputs.Format] = {
    "brat": outputs.as_brat,
    "jsonl": as_json_lines,
    "html": as_html,
    "csv": as_triples,
}
