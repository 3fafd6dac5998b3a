"""Sentences of chemistry and medicine with places for names: as many annotated ones as are asked for, in two languages.

``carriers.tsv`` was written for this project and is CC0 like ``mini``. A place is ``{C.gen}``: C a substance, F a
formula, S a short name of a substance, M a medicine, T a trade name, D a disease, A a short name of one, G a gene;
behind it, in Russian, the case. ``{C:THF}`` is that name itself. B, an organism, N, another abbreviation, P, a surname,
and W, another word, only look like names: they are no mentions. What is then said need not be true.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from chemxl.corpora.coined import Name, drawn, formulaic, gender, listed, short, surname, traded
from chemxl.corpora.mini.declension import CASES
from chemxl.corpora.mini.lexicon import Concept, concepts
from chemxl.documents import Document, Mention
from chemxl.experiments.digests import sha256

_PLACE = re.compile(r"\{([CFSMTDAGBNPW])(?:\.(\w+)|:([^{}]+))?\}")
_TYPES = {**dict.fromkeys("CFSMT", "CHEM"), "D": "DISEASE", "A": "DISEASE", "G": "GENE"}
_KINDS = {"C": "substance", "M": "substance", "D": "disease", "G": "gene", "B": "species"}
_SHORT = {"S": "substances", "A": "diseases", "N": "others"}


def carried(n: int, rng: random.Random, language: str, medicines: Sequence[Name]) -> list[Document]:
    """``n`` documents of one to three sentences with names in their places.

    Args:
        medicines: names beside those of ``mini``'s lexicon and those that are made by rule.
    """
    return [_document(f"carrier-{language}-{i}", rng, language, medicines) for i in range(n)]


def digest() -> str:
    """What tells one set of sentences, and of parts that names are made of, from another."""
    files = [Path(__file__).with_name(name) for name in ("carriers.tsv", "coined.yaml")]
    return sha256(b"".join(file.read_bytes() for file in files))


@cache
def _carriers() -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    with Path(__file__).with_name("carriers.tsv").open(encoding="utf-8", newline="") as file:
        for language, text in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            made.setdefault(language, []).append(text)
    return made


@cache
def _known(place: str) -> list[Concept]:
    """The training names of ``mini``'s lexicon; its others stay unseen."""
    kind = _KINDS[place]
    wanted = [c for c in concepts().values() if c.kind == kind and c.split == "train"]
    return [c for c in wanted if (c.group == "medicine") == (place == "M")] if kind == "substance" else wanted


def _document(id: str, rng: random.Random, language: str, medicines: Sequence[Name]) -> Document:
    text, mentions = "", list[Mention]()
    for sentence in rng.sample(_carriers()[language], rng.choice((1, 1, 2, 3))):
        text, end = text + (" " if text else ""), 0
        for match in _PLACE.finditer(sentence):
            text += sentence[end : match.start()]
            name = _filled(match, rng, language, medicines)
            name = name[0].upper() + name[1:] if match.start() == 0 else name
            if match[1] in _TYPES:
                mentions.append(Mention.of(_TYPES[match[1]], len(text), len(text) + len(name)))
            text, end = text + name, match.end()
        text += sentence[end:]
    return Document(id, text, tuple(mentions), language=language)


def _filled(place: re.Match[str], rng: random.Random, language: str, medicines: Sequence[Name]) -> str:
    kind, case, draw = place[1], CASES.index(place[2] or "nom"), rng.random()
    if place[3]:
        return place[3]
    if kind == "F":
        return formulaic(rng).english
    if kind in _SHORT:
        return short(rng, _SHORT[kind], language).form(language)
    if kind == "P":
        return surname(rng, language).form(language, case)
    if kind == "T":
        name = traded(rng, language).form(language, case)
        return name if draw < 0.5 else name.lower()  # as patients write
    if kind == "W" or (kind == "D" and draw < 0.6):
        return listed(rng, "words" if kind == "W" else "diseases").form(language, case)
    if kind == "C" and draw < 0.75:
        return drawn(rng).form(language, case)
    if kind == "M" and draw < 0.25:
        return traded(rng, language).form(language, case)
    if kind == "M" and draw < 0.75 and medicines:
        return rng.choice(medicines).form(language, case)
    return rng.choice(_known(kind)).form(language, 0, case)


def named(pairs: Sequence[tuple[str, str]]) -> list[Name]:
    """Names of medicines, English and Russian, of one word each."""
    whole = [(english, russian) for english, russian in pairs if " " not in english + russian]
    return [Name(english, russian, gender(russian)) for english, russian in whole]
