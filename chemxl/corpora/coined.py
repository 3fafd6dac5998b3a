"""Names of substances by rule, in English and in Russian with case: formulae, salts, acids, systematic names.

What is written in a paper is seldom on a list: K2CO3, [Ru(bpy)3]2+, 2-хлор-4-метиланилин, уксусным ангидридом. A tagger
that has seen many names of a kind finds others of it. The names are well formed; not every one can be bought.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from chemxl.corpora.mini.declension import forms


class Name(NamedTuple):
    """A name in both languages.

    Args:
        russian: the nominative.
        gender: as for :func:`chemxl.corpora.mini.declension.forms`.
    """

    english: str
    russian: str
    gender: str = "-"

    def form(self, language: str, case: int = 0) -> str:
        """The name in a language; ``case`` is a place in ``CASES``."""
        return self.english if language == "en" else forms(self.russian, self.gender)[case]


_MADE_UP = 0.4  # share of the abbreviations of diseases and others
_CAPITALS = {"en": "ABCDEFGHIKLMNOPRSTUV", "ru": "АБВГДЗИКЛМНОПРСТФХЦЭ"}


@cache
def _table(kind: str) -> list[list[str]]:
    """Rows of ``coined.yaml``, each as its parts."""
    text = Path(__file__).with_suffix(".yaml").read_text("utf-8")
    return [[part.replace("_", " ") for part in row.split(":")] for row in yaml.safe_load(text)[kind].split()]


def drawn(rng: random.Random) -> Name:
    """A name of one of the kinds, all equally often."""
    return rng.choice(_KINDS)(rng)


def formulaic(rng: random.Random) -> Name:
    """A formula: of a salt, a molecule or an ion, or a complex."""
    return rng.choice((_salt_formula, _molecule, _molecule, _complex))(rng)


def traded(rng: random.Random, language: str) -> Name:
    """A trade name that is used where the language is spoken."""
    [name] = rng.choice(_table(f"trade_{language}"))
    return Name(name, name, gender(name))


def listed(rng: random.Random, kind: str) -> Name:
    """One of ``diseases``, or of ``words`` that name no substance, disease or gene."""
    return Name(*rng.choice(_table(kind)))


def short(rng: random.Random, kind: str, language: str) -> Name:
    """An abbreviation of one of ``substances``, ``diseases`` and ``others``; of the last two, some are made up."""
    if kind == "substances" or rng.random() >= _MADE_UP:
        [name] = rng.choice(_table(f"short_{kind}_{language}"))
        return Name(name, name)
    known = {row[0] for table in (f"short_substances_{language}", "molecules") for row in _table(table)}
    while (name := "".join(rng.choices(_CAPITALS[language], k=rng.choice((2, 3, 3, 4, 5))))) in known:
        pass
    return Name(name, name)


def surname(rng: random.Random, language: str) -> Name:
    """A person's, a man's in Russian."""
    [name] = rng.choice(_table(f"surnames_{language}"))
    return Name(name, name, "m")


def formula(cation: Sequence[str], anion: Sequence[str]) -> str:
    """The formula of a salt: ``Fe2(SO4)3``."""
    (metal, plus, *_), (rest, minus, *_) = cation, anion
    a, b = int(plus), int(minus)
    most = next(n for n in range(min(a, b), 0, -1) if a % n == 0 and b % n == 0)
    return _times(metal, b // most) + _times(rest, a // most)


def _times(part: str, count: int) -> str:
    group = sum(letter.isupper() for letter in part) > 1 or any(map(str.isdigit, part))
    return part if count == 1 else f"({part}){count}" if group else f"{part}{count}"


def _salt_formula(rng: random.Random) -> Name:
    made = formula(rng.choice(_table("cations")), rng.choice(_table("anions")))
    if rng.random() < 0.15:
        made += f"·{rng.choice((2, 4, 5, 6, 7, 10))}H2O"
    return Name(made, made)


def _molecule(rng: random.Random) -> Name:
    [made] = rng.choice(_table("molecules"))
    return Name(made, made)


def _complex(rng: random.Random) -> Name:
    [metal], n, m = rng.choice(_table("metals")), rng.choice((2, 3, 4, 6)), rng.choice((2, 3))
    ligands = [part for [part] in rng.sample(_table("ligands"), 2)]
    inner = f"{metal}({ligands[0]}){n}" + (f"({ligands[1]}){m}" if rng.random() < 0.3 else "")
    shapes = (inner, f"[{inner}]", f"[{inner}]{m}+", f"[{inner}]Cl{m}", f"[{inner}](PF6)2", f"K{m + 1}[{metal}(CN){n}]")
    made = rng.choice(shapes)
    return Name(made, made)


def _salt(rng: random.Random) -> Name:
    (_, _, metal, genitive), (_, _, anion, russian) = rng.choice(_table("cations")), rng.choice(_table("anions"))
    return Name(f"{metal} {anion}", f"{russian} {genitive}", "m")


def _acid(rng: random.Random) -> Name:
    english, russian = rng.choice(_table("acids"))
    return Name(f"{english} acid", f"{russian} кислота", "f")


def _alcohol(rng: random.Random) -> Name:
    english, russian = rng.choice(_table("alkyls"))
    return Name(f"{english} alcohol", f"{russian} спирт", "m")


def _systematic(rng: random.Random) -> Name:
    parts, count = [], rng.choice((1, 1, 2, 2, 3))
    for substituent in rng.sample(_table("substituents"), count):
        locant = ",".join(map(str, sorted(rng.sample(range(1, 8), 2 if substituent[0].startswith("di") else 1))))
        parts.append((rng.choice((locant, locant, locant, "N", "O")) if len(locant) == 1 else locant, *substituent))
    parent = rng.choice(_table("parents"))
    tail = rng.choice(("", "", "", f"-{rng.randrange(1, 8)}-"))
    english, russian = ("-".join(f"{p[0]}-{p[i]}" for p in parts) for i in (1, 2))
    hydro = tail.rstrip("-")
    stem = ("carboxylic acid", "карбоновая кислота") if hydro and rng.random() < 0.5 else None
    if stem:
        return Name(f"{english}{parent[0]}{tail}{stem[0]}", f"{russian}{parent[1]}{tail}{stem[1]}", "f")
    prefix = rng.choice(("", "", "", "(R)-", "(S)-", "(E)-", "cis-", "trans-", "α-", "L-", "D-"))
    return Name(prefix + english + parent[0], prefix + russian + parent[1], "m")


def _common(rng: random.Random) -> Name:
    return Name(*rng.choice(_table("common")))


_KINDS: Sequence[Callable[[random.Random], Name]] = (
    _salt_formula,
    _molecule,
    _complex,
    _salt,
    _acid,
    _alcohol,
    _systematic,
    _systematic,
    _common,
    _common,
    _common,
)


@cache
def gender(russian: str) -> str:
    """The gender of a Russian name of a medicine by its ending; ``-``, which is not declined, for a name in Latin."""
    return {"а": "f", "я": "f", "о": "n"}.get(russian[-1:], "m" if russian[-1:] in "бвгджзйклмнпрстфхцчшщ" else "-")
