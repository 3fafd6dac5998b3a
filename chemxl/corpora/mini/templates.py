"""Passages of the mini corpus taken apart, so that their names can be exchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from chemxl.corpora import brat, standoff
from chemxl.corpora.faults import Log
from chemxl.corpora.mini.lexicon import CASES, KINDS, Concept, concepts
from chemxl.corpora.mini.sounds import agrees
from chemxl.documents import Document, Relation
from chemxl.errors import CorpusError

_HERE = Path(__file__).parent
LANGUAGES = ("en", "ru")
# Locants and the like stay as they are at the beginning of a sentence: "4-Aminophenol", "β-Carotene".
_FIRST_LETTER = re.compile(r"(?:[\dα-ωA-Z,′]+-)*[a-zа-яё]")


@dataclass(frozen=True, slots=True)
class Slot:
    """A mention, the text between the mention before and this one, and, if it is keyed, its concept and form."""

    before: str
    surface: str
    type: str
    id: str
    concept: Concept | None
    number: int = 0
    case: int = 0
    capital: bool = False
    yo: bool = True

    def filled(self, concept: Concept, language: str) -> str:
        """The concept's name in this place; without ё in a passage that is written without it."""
        name = concept.form(language, self.number, self.case)
        if not self.yo:
            name = name.replace("ё", "е").replace("Ё", "Е")
        return capitalized(name) if self.capital else name


@dataclass(frozen=True, slots=True)
class Page:
    """A passage in one language; ``tail`` is the text behind the last mention."""

    language: str
    slots: tuple[Slot, ...]
    tail: str
    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage in all languages, and for each of its concepts those that can take its place."""

    id: str
    domain: str
    sentences: int
    pages: tuple[Page, ...]
    choices: tuple[tuple[Concept, tuple[Concept, ...]], ...]


def capitalized(name: str) -> str:
    """The name as it begins a sentence."""
    found = _FIRST_LETTER.match(name)
    return name if found is None else name[: found.end() - 1] + name[found.end() - 1 :][0].upper() + name[found.end() :]


@cache
def passages(split: str) -> tuple[Passage, ...]:
    """The passages of a split, in the order of ``splits.yaml``.

    Raises:
        CorpusError: there is no such split, or a shipped file was damaged.
    """
    splits = yaml.safe_load((_HERE / "splits.yaml").read_text(encoding="utf-8"))
    if split not in splits:
        raise CorpusError(f"mini has no split {split!r}; it has {', '.join(splits)}")
    found = {path.name.split(".")[0]: path.parent for path in _HERE.glob("*/*.en.ann")}
    return tuple(_passage(id, found[id], split) for id in splits[split])


def _passage(id: str, folder: Path, split: str) -> Passage:
    paths = [folder / f"{id}.{language}.{suffix}" for language in LANGUAGES for suffix in ("txt", "ann")]
    documents = brat.read(paths, Log(strict=True))
    pages = tuple(_page(document, folder) for document in documents)
    return Passage(id, folder.name, documents[0].text.count("\n"), pages, _choices(pages, split))


def _page(document: Document, folder: Path) -> Page:
    records = [line.record for line in standoff.parse((folder / f"{document.id}.ann").read_bytes())]
    keys = {r.target: r.reference.removeprefix("MINI:") for r in records if isinstance(r, standoff.Normalisation)}
    marks = {(r.target, r.type): r.value for r in records if isinstance(r, standoff.Attribute)}
    language = document.id.rpartition(".")[2]
    yo = "ё" in document.text
    slots, end = [], 0
    for mention in sorted(document.mentions, key=lambda m: m.start):
        before, surface = document.text[end : mention.start], document.surface(mention)
        end = mention.end
        concept = concepts()[KINDS[mention.type], keys[mention.id]] if mention.id in keys else None
        number = int(marks.get((mention.id, "Number")) == "Plur")
        case = CASES.index(marks.get((mention.id, "Case"), "Nom").lower())
        slot = Slot(before, surface, mention.type, mention.id, concept, number, case, False, yo)
        slots.append(slot if concept is None else _with_capital(slot, concept, language))
    return Page(language, tuple(slots), document.text[end:], document.relations)


def _with_capital(slot: Slot, concept: Concept, language: str) -> Slot:
    plain = slot.filled(concept, language)
    first = slot.before == "" or slot.before.endswith("\n")
    # A name with a capital of its own does not tell whether the sentence begins with one, but its place does.
    return replace(slot, capital=slot.surface == capitalized(plain) and (slot.surface != plain or first))


def _choices(pages: tuple[Page, ...], split: str) -> tuple[tuple[Concept, tuple[Concept, ...]], ...]:
    places: dict[Concept, list[tuple[Slot, str]]] = {}
    for page in pages:
        for slot in page.slots:
            if slot.concept is not None:
                places.setdefault(slot.concept, []).append((slot, page.language))
    return tuple((concept, _stand_ins(concept, where, split)) for concept, where in places.items())


def _stand_ins(concept: Concept, places: list[tuple[Slot, str]], split: str) -> tuple[Concept, ...]:
    """The split's other concepts of the same group and gender that fit behind the words in front of each mention.

    The concept itself if there is no other.
    """
    like = (concept.kind, concept.group, concept.gender)
    numbers = 1 + max(slot.number for slot, _ in places)
    found = tuple(
        other
        for other in concepts().values()
        if other is not concept
        and other.split == split
        and (other.kind, other.group, other.gender) == like
        and len(other.english) >= numbers
        and all(agrees(slot.before, other.form(language, slot.number, slot.case)) for slot, language in places)
    )
    return found or (concept,)
