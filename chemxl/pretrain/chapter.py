"""What chapter 3 runs: stages of pretraining by name, and the perplexity of each on several kinds of text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from chemxl.corpora.texts import TextSource
from chemxl.errors import ChemxlError
from chemxl.evaluation.metrics import mean
from chemxl.experiments import Profile
from chemxl.models import encoders
from chemxl.models.box import IN_THE_BOX
from chemxl.models.training import Training
from chemxl.ner import chapter as ner
from chemxl.ner import scores
from chemxl.pretrain.experiments import ContinualPretraining, Perplexity
from chemxl.pretrain.objectives import Mixture
from chemxl.pretrain.perplexity import estimate
from chemxl.pretrain.stream import Reading
from chemxl.pretrain.tasks import held_out, pairs, probes, sources
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Row, Sides, differences_of, known

stem = "03_continual_pretraining"
SCORER = "exp of the mean surprise of hidden pieces"
NATS = "mean surprise of hidden pieces, in nats"
DIFFERENCE = "difference of surprise"
SHORTER, ENTITIES = "after a shorter training", "entities"
HEAD = "head"  # the encoder as it is: only a language model's head has learnt
MIXTURES = {
    "mlm": Mixture(),
    "mlm+nsp": Mixture(mlm=0.5, nsp=0.5),
    "mlm+tlm": Mixture(mlm=0.5, tlm=0.5),
    "mlm+shuffled": Mixture(mlm=0.5, tlm=0.5),
    "tlm": Mixture(mlm=0.0, tlm=1.0),
}
TWICE, THEN = "mlm, twice as long", "mlm, then tlm"
# What is read after the head has learnt, one after the other: a mixture, and how many times the tokens of a row.
OBJECTIVES = {
    **{name: ((name, 1),) for name in ("mlm", "mlm+nsp", "mlm+tlm", "mlm+shuffled")},
    TWICE: (("mlm", 2),),
    THEN: (("mlm", 1), ("tlm", 1)),  # as paper 0 does
}
AGAINST = (
    *(("mlm", HEAD), ("mlm+nsp", "mlm"), ("mlm+tlm", "mlm"), ("mlm+tlm", "mlm+shuffled")),
    *((THEN, "mlm"), (THEN, TWICE)),
)
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
        stages: as :func:`stage` names them.
        layers: how many layers of their encoders, and of those that taggers start from, are kept; 0: all.
        amount: how many tokens are read; 0 means the profile's number.
        runs: seeds of the pretraining.
        ablated: the encoder whose objectives, and less text read more often, are compared after a shorter training.
        ablated_layers: how many of its layers are kept, the first ones; 0: all.
        ablated_amount: how many tokens each objective reads; 0 means ``amount``, or the profile's number.
        ablated_runs: seeds of these trainings.
        objectives: of ``OBJECTIVES``, those that are compared.
        models, epochs, tokens, rate, head_rate, sentences, seeds: of the taggers, see
            :class:`chemxl.ner.chapter.Settings`.
    """

    stages: tuple[str, ...] = ("in-the-box+head", "in-the-box+mlm", "in-the-box+mlm+tlm")
    layers: int = 0
    amount: int = 0
    runs: tuple[int, ...] = (0, 1, 2)
    ablated: str = "mini"
    ablated_layers: int = 0
    ablated_amount: int = 0
    ablated_runs: tuple[int, ...] = (0, 1, 2)
    objectives: tuple[str, ...] = tuple(OBJECTIVES)
    models: tuple[str, ...] = (IN_THE_BOX, "in-the-box+mlm+tlm")
    epochs: int = 2
    tokens: int = 256
    rate: float = 0.0005
    head_rate: float = 0.01
    sentences: int = 800
    seeds: tuple[int, ...] = (0, 1, 2)


class TaggerSettings(ner.Settings):
    """The settings of chapter 4's taggers on what :func:`stage` names. Each starts from a run of its own if there are
    several."""

    amount: int
    runs: tuple[int, ...]

    def start(self, encoder: str, *, seed: int) -> str | encoders.Pretrained:
        """The encoder, or its stage: the run in the place that the tagger's seed has among the seeds.

        Raises:
            ChemxlError: there are several runs, but fewer than seeds.
        """
        if "+" not in encoder:
            return super().start(encoder, seed=seed)
        if 1 < len(self.runs) < len(self.seeds):
            raise ChemxlError(f"{len(self.seeds)} seeds of taggers need as many runs, or one: not {len(self.runs)}")
        run = self.runs[self.seeds.index(seed) if len(self.runs) > 1 else 0]
        return stage(self.profile, encoder, layers=self.layers, amount=self.amount, seed=run)


def stage(
    profile: Profile, name: str, *, layers: int = 0, amount: int = 0, share: float = 1.0, seed: int = 0
) -> ContinualPretraining:
    """The pretraining of an encoder that a name means.

    Args:
        name: an encoder's, then ``+``, then ``head`` or a name of ``OBJECTIVES``; ``new-`` between gives it new pieces
            first, as in ``minilm+new-mlm+tlm``. Every objective starts from the head.
        layers: how many of the encoder's layers are kept, the first ones; 0: all.
        amount: how many tokens are read; 0 means the profile's number.
        share: the share of the text that may be read.

    Raises:
        ChemxlError: it names no objective.
    """
    encoder, _, objective = name.partition("+")
    plain = objective.removeprefix(TRANSFERRED)
    if plain not in (HEAD, *OBJECTIVES):
        raise ChemxlError(f"{name!r} names no stage: write an encoder, +, and one of {'; '.join((HEAD, *OBJECTIVES))}")
    made = ContinualPretraining(
        encoder=chapters.EncoderSettings(encoder=encoder, layers=layers).start,
        reading=Reading(amount=_HEAD_AMOUNTS[profile]),
        frozen=True,
        new_pieces=NEW_PIECES if plain != objective else 0,
        seed=seed,
        **_shared(profile),
    )
    for mixture, times in OBJECTIVES.get(plain, ()):
        reading = Reading(
            mixture=MIXTURES[mixture],
            amount=times * (amount or AMOUNTS[profile]),
            share=share,
            shuffled=mixture.endswith("shuffled"),
        )
        made = ContinualPretraining(encoder=made, reading=reading, seed=seed, **_shared(profile))
    return made


def _shared(profile: Profile) -> dict[str, Any]:
    """The settings that all stages share."""
    return {
        "text": sources(profile),
        "pairs": pairs(profile),
        "held_out": held_out(profile),
        "probes": tuple(probes(profile).values()),
        "training": _SMALL_TRAINING if profile == "small" else _TRAINING,
    }


def perplexities(settings: Settings) -> list[Line]:
    """The lines of every stage on every text."""
    keys: Keys = {"layers": settings.layers} if settings.layers else {}
    return [
        _line({"encoder": name, **keys, "text": label}, runs(settings, name), text)
        for name in settings.stages
        for label, text in probes(settings.profile).items()
    ]


def ablated(settings: Settings, objective: str, *, share: float = 1.0) -> list[ContinualPretraining]:
    """The ablated encoder's stage after a shorter training, one value a run."""
    amount = settings.ablated_amount or settings.amount or ABLATION_AMOUNTS[settings.profile]
    name, how = f"{settings.ablated}+{objective}", {"layers": settings.ablated_layers, "amount": amount}
    return [stage(settings.profile, name, share=share, seed=seed, **how) for seed in settings.ablated_runs]


def ablations(settings: Settings) -> list[Line]:
    """Lines after a shorter training: every objective, and less and less text, which is read more often."""
    keys: Keys = {"table": SHORTER, "encoder": settings.ablated}
    keys |= {"layers": settings.ablated_layers} if settings.ablated_layers else {}
    texts = list(probes(settings.profile).items())[:2]
    ways = [*((name, 1.0) for name in (HEAD, *settings.objectives)), *(("mlm", share) for share in SHARES)]
    made = {
        (name, share, label): _line(
            {**keys, "objective": name, "share": share, "text": label}, ablated(settings, name, share=share), text
        )
        for name, share in ways
        for label, text in texts
    }
    compared: list[tuple[Keys, Line, Line]] = [
        ({"objective": a, "less_objective": b, "text": label}, made[a, 1.0, label], made[b, 1.0, label])
        for a, b in AGAINST
        if {a, b} <= {HEAD, *settings.objectives}
        for label, _ in texts
    ]
    every = [value for _, a, b in compared for value in (*a.experiments, *b.experiments)]
    return [*made.values(), Line(keys, list(dict.fromkeys(every)), partial(_compared, compared))]


def tagged(settings: Settings) -> list[Line]:
    """The lines of the taggers of chapter 4 on encoders as they were and after stages, and of tests between them."""
    made = [line._replace(keys={"table": ENTITIES, **line.keys}) for line in ner.table(settings.to(TaggerSettings))]
    every = [value for line in made for value in line.experiments]
    return [*made, Line({"table": ENTITIES}, every, partial(scores.paired, made), compared=True)]


def lines(settings: Settings) -> Lines:
    """The lines of each stage's perplexity, of what objectives and less text change, and of taggers."""
    yield [*perplexities(settings), *ablations(settings), *tagged(settings)]


def _line(keys: Keys, models: Sequence[ContinualPretraining], text: TextSource) -> Line:
    """The line of these models on a text."""
    values = [Perplexity(model=model, text=text) for model in models]
    return Line(keys, values, partial(_rows, values))


def _rows(values: Sequence[Perplexity]) -> list[Row]:
    """A row with mean perplexity and its interval."""
    columns = [value.surprisal() for value in values]
    return [known("perplexity", estimate(columns), values, n=len(columns[0]), scorer=SCORER)]


def _compared(pairs: Sequence[tuple[Keys, Line, Line]]) -> list[Row]:
    """Rows with differences of the mean surprisal, which are logarithms of the ratio of two perplexities."""
    sides = []
    for keys, a, b in pairs:
        first, second = ([one.surprisal() for one in line.experiments] for line in (a, b))
        sides.append(Sides(keys, first, second, a.experiments))
    return differences_of(sides, metric=DIFFERENCE, score=mean, scorer=NATS)


def runs(settings: Settings, name: str) -> list[ContinualPretraining]:
    """The runs of a stage, one value each."""
    how = {"layers": settings.layers, "amount": settings.amount}
    return [stage(settings.profile, name, seed=seed, **how) for seed in settings.runs]
