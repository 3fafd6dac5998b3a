"""The texts of chapter 5: which corpus stands for which language and kind of text, and which part of it is tested
on."""

from __future__ import annotations

from dataclasses import dataclass

from chemxl.corpora.samples import ALL, HeldOut
from chemxl.experiments import Profile

DRUG, DISEASE = "DRUG", "DISEASE"
SHARE = 0.3  # is tested on, of the documents of a corpus without a test part of its own (paper 1, section 4: 70 to 30)


@dataclass(frozen=True)
class Text:
    """A corpus, or one kind of text in a corpus.

    Args:
        label: its name in tables.
        types: what it is annotated for.
        own: it has a test part of its own.
        family: corpora whose documents may stand in one another, under the same id.
        scored: sentences that are scored at most, drawn from all held-out documents; none of these is learnt from.
        sentences: for ``mini``, how many sentences of each language and all kinds of text to learn from, and to test
            on.
    """

    label: str
    corpus: str
    language: str
    types: tuple[str, ...] = (DRUG, DISEASE)
    own: bool = True
    domain: str = ""
    family: str = ""
    scored: int = ALL
    sentences: tuple[int, int] = (0, 0)

    def held_out(self, type: str) -> HeldOut:
        """The documents that are not learnt from: the corpus's own test part, or three in ten."""
        return HeldOut(
            name=self.corpus,
            split="test" if self.own else "train",
            language=self.language,
            types=(type,),
            share=1.0 if self.own else SHARE,
            domain=self.domain,
            sentences=self.sentences[1],
        )

    def tested(self, type: str) -> HeldOut:
        """The sentences or documents that are tested on."""
        return self.held_out(type).model_copy(update={"most": self.scored})


def texts(profile: Profile) -> list[Text]:
    """All texts: the paper's or their substitutes; in ``mini`` reviews and notes in both languages."""
    if profile == "small":
        return [
            Text(f"{language.upper()} {domain}", "mini", language, (DRUG,), domain=domain, sentences=(2400, 300))
            for language in ("en", "ru")
            for domain in ("reviews", "notes")
        ]
    if profile == "paper":
        russian = [Text("RU UGT", "rudrec", "ru", own=False), Text("RU EHR", "ruccon", "ru", own=False)]
        return [Text("EN UGT", "cadec", "en", own=False), Text("EN EHR", "n2c2", "en"), *russian]
    # What is scored is cut where it would take most of two cores' time. BioNNE-R's English abstracts are no source:
    # beside what is tested on, 591 sentences are left of them.
    return [
        Text("EN UGT", "psytar", "en", (DISEASE,), scored=900),
        Text("EN BC5CDR", "bc5cdr", "en", family="pubmed", scored=900),
        Text("RU UGT", "rudrec", "ru", own=False),
        Text("RU EHR", "ruccon", "ru", own=False, scored=950),
        Text("RU abstracts", "bionne-r", "ru", family="pubmed", scored=900),
    ]


def targets(profile: Profile) -> list[str]:
    """The labels of the texts from which few sentences are learnt."""
    return {"small": ["RU reviews"], "real": ["RU UGT", "RU EHR"], "paper": ["EN UGT", "RU UGT", "RU EHR"]}[profile]
