"""Small documents with mentions that are nested, cross or are apart."""

from __future__ import annotations

import random

from chemxl.corpora.corpus import Corpus
from chemxl.documents import Document, Mention, Relation
from chemxl.experiments.digests import sha256

NESTED = Document(
    "nested",
    "Alpha beta kinase binds beta gamma well. No name here. Beta kinase was seen again.",
    (
        Mention.of("GENE", 0, 17, id="T1"),  # Alpha beta kinase
        Mention.of("CHEM", 6, 10, id="T2"),  # beta, inside
        Mention.of("CHEM", 24, 34, id="T3"),  # beta gamma
        Mention.of("GENE", 29, 34, id="T4"),  # gamma, inside
        Mention.of("CHEM", 55, 59, id="T5"),  # Beta
        Mention.of("GENE", 55, 66, id="T6"),  # Beta kinase, around it
    ),
    (Relation("PART-OF", "T2", "T1"), Relation("INHIBITOR", "T3", "T1"), Relation("INHIBITOR", "T5", "T6")),
    language="en",
)

CHEMICALS = {"FINE": ("alum", "borax", "cinnabar"), "COARSE": ("dolomite", "epsomite", "fluorite")}
GENES = ("kinase", "lyase", "mutase", "nuclease")
VERBS = {"INHIBITOR": ("blocks", "stops"), "ACTIVATOR": ("raises", "starts"), "": ("meets", "leaves")}


class RelatedPairs(Corpus):
    """Sentences in which a verb says how a chemical and a gene are related; fine types are those of a list of names.

    Args:
        types: none for fine types, CHEM and GENE for coarse ones.
    """

    types: tuple[str, ...] = ()
    count: int = 60

    def load(self) -> list[Document]:
        """The documents."""
        rng = random.Random(f"{self.split} {self.seed}")
        return [self._document(f"{self.split}-{i}", rng) for i in range(self.count)]

    def _document(self, id: str, rng: random.Random) -> Document:
        text, mentions, relations = "", list[Mention](), list[Relation]()
        for _ in range(3):
            type, verb, fine = rng.choice(sorted(VERBS)), "", rng.choice(sorted(CHEMICALS))
            verb = rng.choice(VERBS[type])
            names = rng.choice(CHEMICALS[fine]), rng.choice(GENES)
            start = len(text)
            text += f"The {names[0]} {verb} the {names[1]} here. "
            head = Mention.of(
                "CHEM" if self.types else fine, start + 4, start + 4 + len(names[0]), id=f"T{len(mentions)}"
            )
            at = text.index(names[1], start)
            tail = Mention.of("GENE", at, at + len(names[1]), id=f"T{len(mentions) + 1}")
            mentions += [head, tail]
            if type:
                relations.append(Relation(type, head.id, tail.id))
        return Document(id, text, tuple(mentions), tuple(relations), language="en")

    def data_digest(self) -> str:
        """Of what is written."""
        return sha256("".join(map(repr, self.load())))
