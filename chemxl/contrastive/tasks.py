"""The corpora of chapter 6: what is learnt from, what is tested on, and the views beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chemxl.contrastive.views import Translated
from chemxl.corpora.corpus import Corpus
from chemxl.corpora.samples import ALL, Sample, split
from chemxl.experiments import Profile
from chemxl.ner.chapter import TYPES
from chemxl.results.tables import Cells


@dataclass(frozen=True)
class Task:
    """A corpus to learn from, the one to test on, and the views that contrastive pretraining also reads.

    Args:
        views: text in another language with labels of the same types.
        translated: that text is a translation of the documents to learn from.
    """

    name: str
    train: Corpus
    test: Corpus
    views: tuple[Corpus, ...] = ()
    translated: bool = False


def tasks(profile: Profile) -> list[Task]:
    """The tasks, in Spanish, English and Russian.

    Only BC5CDR has a translation with labels, by machine, into Chinese. PharmaCoNER is read beside ChemProt, which has
    its types, and the Russian abstracts of BioNNE-R beside its English ones, of which few are of the same articles:
    more labelled text, in another language. Nothing here has LivingNER's humans apart.
    """
    if profile == "small":
        test = Corpus(name="mini", split="test", language="ru", types=TYPES)
        views = Corpus(name="mini", language="en", types=TYPES, sentences=800, without=(test,))
        train = Corpus(name="mini", language="ru", types=TYPES, sentences=800, without=(test,))
        return [Task("mini RU", train, test, (views,), translated=True)]

    def own(name: str, types: tuple[str, ...], *, split: str = "train", **part: Any) -> tuple[Corpus, Corpus]:
        """The training part and the test part of a corpus."""
        test = Corpus(name=name, split="test", types=types, **part)
        return Corpus(name=name, split=split, types=types, without=(test,), **part), test

    whole = profile == "paper"  # of LivingNER what the task gave out, else the part that anyone can have
    living = own("livingner-task" if whole else "livingner", ("HUMAN", "SPECIES"), split="train" if whole else "dev")
    pharma = own("pharmaconer", ("CHEM", "GENE"))
    bc5cdr = own("bc5cdr", ("CHEM",))
    chinese = Corpus(name="kbioxlm-cdr", language="zh", types=("CHEM",), without=(bc5cdr[1],))
    bionne = own("bionne-r", ("CHEM",), language="ru")
    return [
        Task("LivingNER", *living),
        Task("PharmaCoNER", *pharma, (Corpus(name="chemprot", types=("CHEM", "GENE")),)),
        Task("BC5CDR", *bc5cdr, (chinese,), translated=True),
        Task("BioNNE-R RU", *bionne, (Corpus(name="bionne-r", language="en", types=("CHEM",), without=(bionne[1],)),)),
    ]


def overview(chosen: Sequence[Task]) -> Cells:
    """For each task, sentences that can be drawn, sentences that are tested on, and the units that intervals
    resample."""
    rows: Cells = []
    for task in chosen:
        parts = {"train": (task.train,), "view": task.views, "test": (task.test,)}
        for part, corpus in ((part, corpus) for part, corpora in parts.items() for corpus in corpora):
            whole = corpus.load()
            drawable = sample(corpus, ALL, 0).load()
            sentences = [s for document in whole for s in split(document)] if part == "test" else drawable
            rows.append(
                {
                    "task": task.name,
                    "part": part,
                    "corpus": f"{corpus.name} {corpus.language or ''}".strip(),
                    "documents": len(whole),
                    "sentences": len(sentences),
                    "words": sum(len(s.words) for s in sentences),
                    "mentions": sum(len(s.mentions) for s in sentences),
                    "types": ", ".join(corpus.types),
                }
            )
    return rows


def sample(corpus: Corpus, size: int, seed: int) -> Sample:
    """Labelled sentences, so many; samples of one seed are nested."""
    return Sample(**dict(corpus), most=size, draw=seed)


def drawn_views(task: Task, size: int, seed: int) -> tuple[Corpus, ...]:
    """As many sentences of each view: translations of the labelled sentences, or sentences drawn in the same way."""
    if not task.translated:
        return tuple(sample(view, size, seed) for view in task.views)
    return tuple(Translated(**dict(view), of=sample(task.train, size, seed)) for view in task.views)
