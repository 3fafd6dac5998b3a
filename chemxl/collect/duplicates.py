"""Leaks between training and test documents: one text in both, or a text and its translation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chemxl.collect.margin import Embed
from chemxl.collect.shingles import WORDS, Shingling, copies, likeness
from chemxl.collect.similar import nearest
from chemxl.corpora.corpus import twin_key
from chemxl.documents import Document

Kind = Literal["same id", "translation", "near duplicate", "contained"]


@dataclass(frozen=True, slots=True)
class Leak:
    """A training document that gives away a test document.

    Args:
        left: id on the training side.
        right: id on the test side.
        similarity: the Jaccard index of the texts; of a contained text the share that is contained; the cosine of a
            translation that the encoder found; None of a translation that only its key tells.
    """

    left: str
    right: str
    kind: Kind
    similarity: float | None


def leaks(
    train: Sequence[Document],
    test: Sequence[Document],
    *,
    key: Callable[[str], str] | None = twin_key,
    threshold: float = 0.5,
    containment: float = 0.8,
    shingling: Shingling = WORDS,
    embed: Embed | None = None,
    margin: float = 1.02,
) -> list[Leak]:
    """Pairs of documents, one of each side, that are one text, or a text and its translation.

    Each pair once, under the first kind that fits: "same id" (key and language are equal), "translation" (the key is
    equal, or the encoder finds it, and the languages differ), "near duplicate", "contained".

    Args:
        key: what a document shares with its copies and translations, made from its id; "" for nothing. None where ids
            of the two corpora mean nothing to each other.
        threshold: least Jaccard index of near duplicates.
        containment: least share of a text's shingles that the other holds.
        embed: an encoder, to find translations whose keys differ; see :func:`translations`.
        margin: the lead that :func:`translations` asks for.
    """
    found: dict[tuple[int, int], Leak] = {}

    def add(i: int, j: int, kind: Kind, similarity: float | None) -> None:
        """Note a pair, unless it was found in another way before."""
        found.setdefault((i, j), Leak(train[i].id, test[j].id, kind, similarity))

    texts = [document.text for document in train], [document.text for document in test]
    for i, j in _same_key(train, test, key) if key else ():
        if train[i].language == test[j].language:
            add(i, j, "same id", likeness(shingling.shingles(texts[0][i]), shingling.shingles(texts[1][j]))[0])
        else:
            add(i, j, "translation", None)
    if embed:
        for i, j, cosine in translations(train, test, embed=embed, margin=margin):
            add(i, j, "translation", cosine)
    for match in copies(*texts, threshold=threshold, containment=containment, shingling=shingling):
        if match.jaccard >= threshold:
            add(match.left, match.right, "near duplicate", match.jaccard)
        else:
            add(match.left, match.right, "contained", match.containment)
    return [found[pair] for pair in sorted(found)]


def _same_key(
    train: Sequence[Document], test: Sequence[Document], key: Callable[[str], str]
) -> Iterator[tuple[int, int]]:
    """Pairs of a training and a test document whose ids have the same key."""
    places: dict[str, list[int]] = {}
    for i, document in enumerate(train):
        places.setdefault(key(document.id), []).append(i)
    places.pop("", None)
    return ((i, j) for j, document in enumerate(test) for i in places.get(key(document.id), ()))


def translations(
    left: Sequence[Document], right: Sequence[Document], *, embed: Embed, margin: float = 1.02, neighbours: int = 4
) -> list[tuple[int, int, float]]:
    """Pairs in two languages that are each other's nearest by cosine, with a clear lead: (left, right, cosine).

    Args:
        embed: texts to unit vectors, the same for all languages.
        margin: least ratio of the cosine to the mean cosine of both documents with their ``neighbours`` nearest on the
            other side (Artetxe & Schwenk, 2019). A lone document has nothing to stand out from and is not found. With
            e5-small, of BioNNE-R's 257 twins among 258 English and 920 Russian abstracts, 1.02 finds 230 and nothing
            else, 1.01 finds 253; where no twin is to be found, 1.02 finds 2 that are none.
    """
    sides = tuple(
        {d.language: [i for i, o in enumerate(s) if o.language == d.language] for d in s} for s in (left, right)
    )
    vectors = [
        {language: embed([side[i].text for i in places]) for language, places in of_language.items()}
        for side, of_language in zip((left, right), sides, strict=True)
    ]
    found = []
    for source, target in ((a, b) for a in sides[0] for b in sides[1] if a != b):
        x, y = vectors[0][source], vectors[1][target]
        forward, backward = nearest(x, y, neighbours), nearest(y, x, neighbours)
        for i, (j, cosine) in enumerate(zip(forward.indices[:, 0], forward.scores[:, 0], strict=True)):
            around = (forward.scores[i].mean() + backward.scores[j].mean()) / 2
            if backward.indices[j, 0] == i and cosine >= margin * around:
                found.append((sides[0][source][i], sides[1][target][int(j)], float(cosine)))
    return sorted(found)
