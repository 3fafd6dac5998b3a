"""The scores of two shared tasks, from files that are read as the organisers' scripts read them.

Both are counts of sets: what is right, found and due. Where a script departs from its own definition, ours keeps to the
definition: DrugProt's gives the last pair of a document and the first of the next one cell of its matrix, and stops
where nothing is predicted; BioNNE-R's keeps one relation of a pair, and reads quotation marks as quotes. Scores of
documents and not of files are :func:`chemxl.evaluation.metrics.count_relations`, which counts the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from chemxl.errors import CorpusError
from chemxl.evaluation import metrics

DRUGPROT = (
    "ACTIVATOR",
    "AGONIST",
    "AGONIST-ACTIVATOR",
    "AGONIST-INHIBITOR",
    "ANTAGONIST",
    "DIRECT-REGULATOR",
    "INDIRECT-DOWNREGULATOR",
    "INDIRECT-UPREGULATOR",
    "INHIBITOR",
    "PART-OF",
    "PRODUCT-OF",
    "SUBSTRATE",
    "SUBSTRATE_PRODUCT-OF",
)
SCORER = "DrugProt: type, chemical and gene, micro F1"
MACRO = "BioNNE-R: type, head and tail, mean F1 of the types that gold has"
_BIONNE = ("document_id", "relation", "head_span", "tail_span")
_Keys = dict[str, set[tuple[str, ...]]]


def drugprot(gold: Path, predicted: Path, entities: Path, documents: Path) -> metrics.Counts:
    """Right, found and due relations of each document; a pair of a chemical and a gene counts in any order.

    Rows of other types, other pairs and, of predictions, other documents count for nothing.

    Args:
        gold, predicted: rows of document, type, Arg1:mention, Arg2:mention.
        entities: rows of document, mention, type, start, end, text; the fine types GENE-Y and GENE-N are genes, too.
        documents: the ids of those that are scored, one a line.

    Raises:
        CorpusError: a row has another number of columns, or a file cannot be read.
    """
    kinds = {(id, mention): type.partition("-")[0] for id, mention, type, *_ in cells(entities, 6)}
    listed = {id.strip() for (id,) in cells(documents, 1)}

    def keys(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The relations in a file: the document, the type, and the names of both ends."""
        for id, type, *ends in cells(path, 4):
            pair = sorted((kinds.get((id, name := end.rpartition(":")[2]), ""), name) for end in ends)
            if type in DRUGPROT and [kind for kind, _ in pair] == ["CHEMICAL", "GENE"]:
                yield id, (type, *(name for _, name in pair))

    found = ((id, key) for id, key in keys(predicted) if id in listed)
    return _counted(_gathered(keys(gold)), _gathered(found))


def bionne_r(gold: Path, predicted: Path) -> metrics.Counts:
    """Right, found and due relations of each document; types, spans and direction must be equal.

    Args:
        gold, predicted: tables with a head line; columns are found by name, quotation marks are characters like others.

    Raises:
        CorpusError: a column is missing, a row has another number of columns, or a file cannot be read.
    """
    return _counted(*(_gathered(_spans(path)) for path in (gold, predicted)))


def _spans(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The relations in a file: the document, and types and spans of both ends."""
    rows = cells(path, 0)
    names = next(rows, [])
    if missing := [name for name in _BIONNE if name not in names]:
        raise CorpusError(f"{path}:1: there is no column {missing[0]}: name the columns in the first line")
    places = [names.index(name) for name in _BIONNE]
    for row in rows:
        id, *key = (row[place] for place in places)
        yield id, tuple(key)


def cells(path: Path, width: int) -> Iterator[list[str]]:
    """The cells of each line of a table that is not blank.

    Args:
        width: how many there are; 0: as many as in the first line.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if line := line.removesuffix("\r"):
            row = line.split("\t")
            width = width or len(row)
            if len(row) != width:
                raise CorpusError(f"{path}:{number}: {len(row)} columns where {width} are due: mend the row")
            yield row


def _gathered(found: Iterator[tuple[str, tuple[str, ...]]]) -> _Keys:
    """The relations of each document, as sets."""
    made: _Keys = {}
    for id, key in found:
        made.setdefault(id, set()).add(key)
    return made


def _counted(gold: _Keys, predicted: _Keys) -> metrics.Counts:
    """Counts of two sides, by document."""
    ids = list(dict.fromkeys([*gold, *predicted]))
    wanted, given = ([side.get(id, set()) for id in ids] for side in (gold, predicted))
    if not ids:
        return metrics.Counts((), np.zeros((0, 0, 3), dtype=np.int64))
    return metrics.count_keys(wanted, given, ids)
