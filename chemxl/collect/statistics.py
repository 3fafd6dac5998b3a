"""Statistics of a corpus: sizes, entities, languages, licences, and sub-tokens that entities of two corpora share.

Most functions give plain rows, ready for :func:`chemxl.results.show.table`. A token is one of
:func:`chemxl.documents.words`: a run of letters, a run of digits, or one sign, so that sentences and names count
longer than where words are cut at spaces alone. In a corpus that has one document a sentence, documents and sentences
are about as many.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from transformers import PreTrainedTokenizerBase

from chemxl.corpora import entries
from chemxl.corpora.sentences import sentences
from chemxl.documents import Document, words

Row = dict[str, object]

SCRIPTS = {"en": "Latin", "es": "Latin", "ru": "Cyrillic", "zh": "Han"}  # what a language is written in
_LETTERS = {
    "Latin": re.compile("[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff]"),
    "Cyrillic": re.compile("[\u0400-\u0481\u048a-\u052f]"),
    "Han": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
}


def sizes(name: str, documents: Sequence[Document], *, types: Sequence[str] | None = None) -> Row:
    """Documents, sentences, entities and their mean lengths, as in paper 1, table 1.

    Args:
        name: the name of the corpus in the row.
        types: the types of entities, in this order; by default all that occur, the most frequent first.

    Returns:
        One row; the mean of nothing is None.

    Raises:
        ChemxlError: a document's language has no sentence rules.
    """
    lengths = [
        [len(words(document.text[start:end])) for start, end in sentences(document.text, document.language)]
        for document in documents
    ]
    wanted = _types(documents) if types is None else types
    entities: dict[str, list[int]] = {type: [] for type in wanted}
    for document in documents:
        for mention in document.mentions:
            if mention.type in entities:
                entities[mention.type].append(len(words(document.surface(mention))))
    row: Row = {
        "corpus": name,
        "documents": len(documents),
        "sentences": sum(map(len, lengths)),
        "tokens": sum(map(sum, lengths)),
        "sentences a document": _mean([len(of_document) for of_document in lengths]),
        "tokens a sentence": _mean([length for of_document in lengths for length in of_document]),
    }
    for type, found in entities.items():
        row |= {type: len(found), f"tokens a {type}": _mean(found)}
    return row


def lengths(documents: Sequence[Document], *, types: Sequence[str]) -> np.ndarray:
    """(D, T, 2): of every source document and type the words of all mentions, and the number of mentions."""
    rows = {origin: row for row, origin in enumerate(dict.fromkeys(document.origin for document in documents))}
    made = np.zeros((len(rows), len(types), 2))
    for document in documents:
        for mention in document.mentions:
            if mention.type in types:
                count = len(words(document.surface(mention)))
                made[rows[document.origin], types.index(mention.type)] += (count, 1)
    return made


def _types(documents: Iterable[Document]) -> list[str]:
    """The types of mentions, the most frequent first."""
    counts = Counter(mention.type for document in documents for mention in document.mentions)
    return sorted(counts, key=lambda type: (-counts[type], type))


def _mean(numbers: Sequence[int]) -> float | None:
    """The mean; None without numbers."""
    return sum(numbers) / len(numbers) if numbers else None


def script(text: str) -> str:
    """The script of most letters, out of Latin, Cyrillic and Han; "" if there is none of these."""
    counts = {name: len(letters.findall(text)) for name, letters in _LETTERS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else ""


def languages(documents: Sequence[Document]) -> list[Row]:
    """One row for each declared language: documents, characters, and how many documents are mainly in another script.

    "elsewhere" is None for a language whose script is not in ``SCRIPTS``; texts without letters are not counted there.
    """
    rows: list[Row] = []
    for language in sorted({document.language for document in documents}):
        texts = [document.text for document in documents if document.language == language]
        found = Counter(script(text) for text in texts)
        due = SCRIPTS.get(language)
        rows.append(
            {
                "language": language or "not declared",
                "documents": len(texts),
                "characters": sum(map(len, texts)),
                "script": found.most_common(1)[0][0],
                "elsewhere": None if due is None else found.total() - found[due] - found[""],
            }
        )
    return rows


def licences(documents: Mapping[str, int]) -> list[Row]:
    """One row for each licence, the most documents first: the corpora under it and the number of their documents.

    Args:
        documents: how many are taken from each corpus of the catalogue.

    Raises:
        CorpusError: the catalogue has no such corpus.
    """
    under: dict[str, list[str]] = {}
    for name in sorted(documents):
        under.setdefault(entries.entry(name).licence, []).append(name)
    rows: list[tuple[int, Row]] = []
    for licence, names in under.items():
        total = sum(documents[name] for name in names)
        rows.append((total, {"licence": licence, "corpora": ", ".join(names), "documents": total}))
    return [row for _, row in sorted(rows, key=lambda pair: (-pair[0], str(pair[1]["licence"])))]


def overlap(
    first: tuple[str, Sequence[Document]],
    second: tuple[str, Sequence[Document]],
    tokenizer: PreTrainedTokenizerBase,
    *,
    type: str,
) -> Row:
    """The share of sub-tokens that the entities of two corpora have in common, as in paper 1, table 4.

    Args:
        first, second: (name, documents) of each corpus.
        tokenizer: cuts each entity's surface, apart from its context; special and unknown tokens do not count.
        type: the type of the entities in both.

    Returns:
        One row; a percentage of nothing is None.
    """
    left, right = (_pieces(documents, tokenizer, type) for _, documents in (first, second))
    both = len(left & right)
    return {
        "D1": first[0],
        "D2": second[0],
        "type": type,
        "unique in D1": len(left),
        "unique in D2": len(right),
        "in both": both,
        "% of D1": 100 * both / len(left) if left else None,
        "% of D2": 100 * both / len(right) if right else None,
    }


def _pieces(documents: Sequence[Document], tokenizer: PreTrainedTokenizerBase, type: str) -> set[int]:
    """The sub-tokens of all mentions of a type."""
    surfaces = sorted({d.surface(mention) for d in documents for mention in d.mentions if mention.type == type})
    if not surfaces:
        return set()
    cut: list[list[int]] = tokenizer(surfaces, add_special_tokens=False)["input_ids"]
    return {piece for pieces in cut for piece in pieces} - set(tokenizer.all_special_ids)
