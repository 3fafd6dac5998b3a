"""What chapter 3 runs: stages of pretraining by name, and the perplexity of each on several kinds of text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from chemxl import corpora
from chemxl.collect.experiments import AlignedPairs, Gathering
from chemxl.corpora.texts import OneSide, PairSource, ParallelText, Texts, TextSource
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.models import encoders
from chemxl.models.box import IN_THE_BOX
from chemxl.models.training import Training
from chemxl.pretrain.experiments import ContinualPretraining, Perplexity, read_pairs
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder, Mixture, collate
from chemxl.pretrain.perplexity import estimate
from chemxl.pretrain.stream import Reading, masking
from chemxl.pretrain.text import pieces
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Row, known
from chemxl.results.tables import Cells

stem = "03_continual_pretraining"
SCORER = "exp of the mean surprise of hidden pieces"
SHORTER = "after a shorter training"
HEAD = "head"  # the encoder as it is: only a language model's head has learnt
MIXTURES = {
    "mlm": Mixture(),
    "mlm+nsp": Mixture(mlm=0.5, nsp=0.5),
    "mlm+tlm": Mixture(mlm=0.5, tlm=0.5),
    "mlm+shuffled": Mixture(mlm=0.5, tlm=0.5),
}
TRANSFERRED = "new-"  # before a stage's name: with new pieces
NEW_PIECES = 8000
AMOUNTS = {"small": 20_000, "real": 2_000_000, "paper": 200_000_000}
ABLATION_AMOUNTS = {"small": 30_000, "real": 500_000, "paper": 20_000_000}
SHARES = (0.03, 0.1, 0.3)
EXAMPLE = "Аспирин необратимо ингибирует циклооксигеназу в тромбоцитах."
COMPARED = {"as it was": "e5-small", "MLM": "e5-small+mlm", "MLM and TLM": "e5-small+mlm+tlm"}
ENGLISH = "BC5CDR + BioNNE-R EN"
TAGGED = {  # how taggers are trained and what they are tested on
    "English": (ENGLISH, "BC5CDR"),
    "zero-shot Russian": (ENGLISH, "BioNNE-R RU"),
    "Russian": ("BioNNE-R RU", "BioNNE-R RU"),
}
_TRAINING = Training(epochs=1, tokens=2048, rate=2e-4, head_rate=1e-3)
_SMALL_TRAINING = Training(epochs=1, tokens=512, rate=1e-3, head_rate=1e-3)
_HEAD_AMOUNTS = {"small": 20_000, "real": 300_000, "paper": 10_000_000}


class Settings(chapters.Settings):
    """The notebook's parameters.

    Args:
        stages: what :func:`stage` names.
        ablated: the encoder whose objectives, and less text read more often, are compared after a shorter training.
        amount: of tokens that are read; 0 is the profile's.
        runs: seeds of the pretraining.
        models, epochs, tokens, rate, head_rate, sentences, seeds: of the taggers, see
            :class:`chemxl.ner.chapter.Settings`.
    """

    stages: tuple[str, ...] = ("in-the-box+head", "in-the-box+mlm", "in-the-box+mlm+tlm")
    ablated: str = "mini"
    amount: int = 0
    runs: tuple[int, ...] = (0, 1, 2)
    models: tuple[str, ...] = (IN_THE_BOX, "in-the-box+mlm+tlm")
    epochs: int = 2
    tokens: int = 256
    rate: float = 0.0005
    head_rate: float = 0.01
    sentences: int = 800
    seeds: tuple[int, ...] = (0, 1, 2)


def sources(profile: Profile) -> tuple[Texts, ...]:
    """Unlabelled Russian and English text. RuDReC and RuCCoN, which chapter 5 splits anew, are left out; what there is
    of DrugProt's text stands in ChemProt."""
    if profile == "small":
        return tuple(Texts(name="mini", split="train", language=language, sentences=800) for language in ("en", "ru"))
    english = ("bc5cdr", "chemprot", "psytar")
    russian = ("rumedbench-top3", "rumedbench-symptomrec", "rumedbench-danet")
    return (
        *(Texts(name=name, split="train") for name in english),
        Texts(name="pubmedqa"),
        *(Texts(name="bionne-r", split="train", language=language) for language in ("en", "ru")),
        *(Texts(name=name) for name in ("ru-sci-papers-chemistry", "ru-sci-papers-medicine")),
        *(Texts(name=name, split="train") for name in russian),
    )


def held_out(profile: Profile) -> tuple[Texts, ...]:
    """The test sets that models are chosen and tested on, in every chapter."""
    if profile == "small":
        return tuple(Texts(name="mini", split=split) for split in ("dev", "test"))
    both = ("bc5cdr", "bionne-r", "nerel-bio", "chemprot", "psytar", "rumedbench-top3")
    return (
        *(Texts(name=name, split=split) for name in both for split in ("dev", "test")),
        Texts(name="drugprot", split="dev"),
    )


def pairs(profile: Profile) -> tuple[PairSource, ...]:
    """Sentence pairs: general and medical ones, abstracts that chapter 1 aligned, and names of drugs and chemicals."""
    if profile == "small":
        return (ParallelText(name="mini"),)
    general = (ParallelText(name="tico19"), ParallelText(name="wmt-en-ru", part="first half"))
    names = (ParallelText(name="inn"), ParallelText(name="kalzium"))
    abstracts = Gathering(sources=(Texts(name="bionne-r", split="train"),), held_out=held_out(profile), query=False)
    return (*general, AlignedPairs(embedder="e5-small", gathering=abstracts), *names)


def probes(profile: Profile) -> dict[str, TextSource]:
    """The texts whose perplexity is measured, by kind."""
    if profile == "small":
        return {f"{x.upper()} all kinds": Texts(name="mini", split="test", language=x) for x in ("en", "ru")}
    general = ParallelText(name="wmt-en-ru", part="last half")
    return {
        "EN abstracts": Texts(name="bc5cdr", split="test"),
        "RU abstracts": Texts(name="bionne-r", split="test", language="ru"),
        "EN drug reviews": Texts(name="psytar", split="test"),
        "RU health records": Texts(name="rumedbench-top3", split="test"),
        "EN general": OneSide(text=general, language="en"),
        "RU general": OneSide(text=general, language="ru"),
    }


def stage(profile: Profile, name: str, *, amount: int = 0, share: float = 1.0, seed: int = 0) -> ContinualPretraining:
    """The pretraining of an encoder that a name means.

    Args:
        name: an encoder's, then ``+``, then ``head`` or a name of ``MIXTURES``; ``new-`` between gives it new pieces
            first, as in ``minilm+new-mlm+tlm``. Every mixture starts from the head.
        amount: of tokens that are read; 0 is the profile's.
        share: of the text that there is.
    """
    encoder, _, mixture = name.partition("+")
    plain = mixture.removeprefix(TRANSFERRED)
    if plain not in (HEAD, *MIXTURES):
        raise ChemxlError(f"{name!r} names no stage: write an encoder, +, and one of {', '.join((HEAD, *MIXTURES))}")
    shared: dict[str, Any] = {
        "text": sources(profile),
        "pairs": pairs(profile),
        "held_out": held_out(profile),
        "probes": tuple(probes(profile).values()),
        "training": _SMALL_TRAINING if profile == "small" else _TRAINING,
        "seed": seed,
    }
    head = ContinualPretraining(
        encoder=encoder,
        reading=Reading(amount=_HEAD_AMOUNTS[profile]),
        frozen=True,
        new_pieces=NEW_PIECES if plain != mixture else 0,
        **shared,
    )
    if plain == HEAD:
        return head
    reading = Reading(
        mixture=MIXTURES[plain],
        amount=amount or AMOUNTS[profile],
        share=share,
        shuffled=plain.endswith("shuffled"),
    )
    return ContinualPretraining(encoder=head, reading=reading, **shared)


def perplexities(settings: Settings) -> list[Line]:
    """Every stage on every text."""
    return [
        _line({"encoder": name, "text": label}, settings, text, name, amount=settings.amount)
        for name in settings.stages
        for label, text in probes(settings.profile).items()
    ]


def ablations(settings: Settings) -> list[Line]:
    """Lines after a shorter training: every objective, and less and less text, which is read more often."""
    ways = [*((name, 1.0) for name in MIXTURES), *(("mlm", share) for share in SHARES)]
    shorter = settings.amount or ABLATION_AMOUNTS[settings.profile]
    keys: Keys = {"table": SHORTER, "encoder": settings.ablated}
    return [
        _line(
            {**keys, "objective": name, "share": share, "text": label},
            settings,
            text,
            f"{settings.ablated}+{name}",
            amount=shorter,
            share=share,
        )
        for name, share in ways
        for label, text in list(probes(settings.profile).items())[:2]
    ]


def lines(settings: Settings) -> Lines:
    """The lines of each stage's perplexity, and of what objectives and less text change."""
    yield [*perplexities(settings), *ablations(settings)]


def _line(keys: Keys, settings: Settings, text: TextSource, name: str, **how: Any) -> Line:
    """The line of a stage on a text, one value a run of the pretraining."""
    values = [Perplexity(model=stage(settings.profile, name, seed=seed, **how), text=text) for seed in settings.runs]
    return Line(keys, values, partial(_rows, values))


def _rows(values: Sequence[Perplexity]) -> list[Row]:
    """A row with mean perplexity and its interval."""
    columns = [value.surprise() for value in values]
    return [known("perplexity", estimate(columns), values, n=len(columns[0]), scorer=SCORER)]


def runs(settings: Settings, name: str) -> list[ContinualPretraining]:
    """The runs of a stage, one value each."""
    return [stage(settings.profile, name, amount=settings.amount, seed=seed) for seed in settings.runs]


def followed(values: Sequence[ContinualPretraining], label: str) -> tuple[list[float], list[list[float]]]:
    """Thousands of tokens read, and for each run the perplexity of a probe after them, as measured during training.

    Runs are measured after as many steps but not after as many tokens: between measurements they are interpolated.
    """
    curves = []
    for value in values:
        history = value.run().history()
        read = np.cumsum([row.get("tokens", 0) / 1000 for row in history])
        asked = [i for i, row in enumerate(history) if "score" in row]
        curves.append((read[asked], [history[i][f"perplexity: {label}"] for i in asked]))
    grid = min((read for read, _ in curves), key=len)
    return grid.tolist(), [np.interp(grid, read, found).tolist() for read, found in curves]


def card(value: ContinualPretraining) -> Cells:
    """For each source, its language, how much was kept of it, and how much was left out and why."""
    rows: Cells = []
    for part in value.gathered():
        entry = corpora.catalog()[part.source.name]
        rows.append(
            {
                "source": part.source.label,
                "documents": len(part.documents),
                "words": sum(len(document.words) for document in part.documents),
                "left out: tested on": part.leaking,
                "left out: copies": part.copies,
                "licence": entry.licence,
            }
        )
    return rows


def pair_card(value: ContinualPretraining) -> Cells:
    """For each source, its pairs and the words of both sides together."""
    rows: Cells = []
    for source in value.pairs:
        found = read_pairs(source)
        name = f"{source.name}, {source.part}" if isinstance(source, ParallelText) else "abstracts that were aligned"
        words = sum(len(pair.source.split()) + len(pair.target.split()) for pair in found)
        rows.append({"source": name, "pairs": len(found), "words": words})
    return rows


def hidden(value: ContinualPretraining, text: str, *, seed: int) -> Cells:
    """The first pieces of a text as the encoder reads them, and what it has to predict."""
    tokenizer, whole = encoders.load(value, masked=True)
    model = MaskedLanguageModel(whole, range(whole.config.vocab_size))
    builder = Builder(encoders.specials(tokenizer), block=16)
    batch = collate(
        [builder.single(pieces(tokenizer, [text])[0][: builder.block - 2])],
        masking=masking(tokenizer, model, rate=0.3),
        pad=int(tokenizer.pad_token_id),
        generator=torch.Generator().manual_seed(seed),
    )
    read, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
    return [
        {"read": tokenizer.convert_ids_to_tokens(i), "to say": "" if k < 0 else tokenizer.convert_ids_to_tokens(k)}
        for i, k in zip(read, labels, strict=True)
    ]
