"""Plain text: a document a file, or a document a folder of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chemxl.corpora.faults import Log, read_text
from chemxl.documents import Document


def read(paths: Sequence[Path], log: Log, *, root: Path | None = None, joined: str = "") -> list[Document]:
    """Documents without annotation, every character as it stands in the file.

    Args:
        log: takes the faults; a file that cannot be read, or that is blank, is left out.
        root: document ids are paths relative to it, without the ending; names alone without it.
        joined: names of files without their endings, in order, apart by spaces: those of one folder are one document,
            named after the folder, with an empty line between them. Files of other names are not read.
    """
    order = joined.split()
    texts: dict[str, list[str]] = {}
    chosen = [path for path in paths if not order or path.stem in order]
    for path in sorted(chosen, key=lambda path: (path.parent, order.index(path.stem) if order else 0, path)):
        place = path.parent if order else path.with_suffix("")
        text = read_text(path, log)
        if text is None:
            continue
        text = text.removeprefix("\ufeff")
        if not text.strip():
            log.add(path, 1, "there is no text in it; file left out")
            continue
        texts.setdefault(place.relative_to(root).as_posix() if root else place.name, []).append(text)
    return [Document(id, "\n\n".join(pieces)) for id, pieces in texts.items()]
