"""Text in, entities out: what a practitioner takes out of the book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from chemxl.best import named
from chemxl.documents import Document
from chemxl.inputs.faults import strict
from chemxl.inputs.files import input_files
from chemxl.inputs.texts import read_files
from chemxl.models.tagger import Tagger


def read(names: Sequence[str], *, field: str = "text", id: str = "id") -> list[Document]:
    """All texts of files, folders and globs, see :func:`chemxl.inputs.files.input_files`.

    Args:
        field, id: where the rows of files that hold many texts have them, and their ids.

    Raises:
        CorpusError: one cannot be read.
        ChemxlError: two texts would have one id.
    """
    faults = strict()
    return list(read_files(input_files(names, faults), faults, field=field, id=id))


def tag(documents: Sequence[Document], *, model: Path | None = None) -> list[Document]:
    """The documents with the mentions that a tagger finds.

    Args:
        model: the folder of a finished run, or ``in-the-box``, which is the default.

    Raises:
        EncoderError: the folder holds no tagger.
    """
    return finder(model)(documents)


def finder(model: Path | None = None) -> Callable[[Sequence[Document]], list[Document]]:
    """The function behind :func:`tag`, with its model loaded once."""
    tagger = Tagger.to_read(named(model))

    def find(documents: Sequence[Document]) -> list[Document]:
        """The documents with the mentions that are found."""
        found = zip(documents, tagger.predict(documents), strict=True)
        return [Document(d.id, d.text, tuple(mentions), language=d.language) for d, mentions in found]

    return find
