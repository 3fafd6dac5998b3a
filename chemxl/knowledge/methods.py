"""Methods to pretrain on text that is anchored to knowledge: the paper's levels, and controls."""

from __future__ import annotations

from typing import Any

from chemxl.corpora.texts import PairSource, Texts
from chemxl.errors import ChemxlError
from chemxl.experiments import Profile
from chemxl.knowledge.experiments import KnowledgePretraining
from chemxl.knowledge.facts import Facts
from chemxl.knowledge.lexicon import MINI, Lexicon
from chemxl.knowledge.passages import Linked
from chemxl.knowledge.stream import Levels
from chemxl.models import encoders
from chemxl.models.training import Training
from chemxl.pretrain import tasks as pretraining
from chemxl.pretrain.stream import Reading
from chemxl.results import chapters

BASE, PLAIN, MASKED, WRONG, GENERAL = "base", "plain text", "masked names", "wrong dictionary", "general dictionary"
FAMILY = "Ent, BioNNE-L's names, too"
ENT, FACT, PAS = "Ent", "Ent + Fact", "Ent + Fact + Pas"
FALSE_FACT, FALSE_PAS = "Ent + permuted relations", "Ent + Fact + permuted passages"
LEXICON = "lexicon alone"
# Tokens of the paper's corpora of the three levels, in millions (table 1).
_ENT, _FACT, _PAS = 31.3, 19.6, 14.0


def _levels(*tokens: float, **how: Any) -> Levels:
    """Levels with half of the tokens plain text and the other half divided as in the paper."""
    names = ("entities", "facts", "passages")
    shares: dict[str, Any] = {name: 0.5 * part / sum(tokens) for name, part in zip(names, tokens, strict=False)}
    return Levels(plain=0.5, **shares, **how)


METHODS: dict[str, Levels] = {
    PLAIN: Levels(plain=1),
    MASKED: _levels(_ENT, switched=False),
    WRONG: _levels(_ENT),
    GENERAL: _levels(_ENT),
    ENT: _levels(_ENT),
    FAMILY: _levels(_ENT),
    FACT: _levels(_ENT, _FACT),
    PAS: _levels(_ENT, _FACT, _PAS),
    FALSE_FACT: _levels(_ENT, _FACT),
    FALSE_PAS: _levels(_ENT, _FACT, _PAS, permuted=True),
}
BESIDE = (PLAIN, MASKED, WRONG)  # what the levels are compared with
STEPS = {ENT: PLAIN, FACT: ENT, PAS: FACT}  # each level added to the one before


class Settings(chapters.EncoderSettings):
    """The notebook's parameters.

    Args:
        base: tokens of the base, which hides words and names alike in plain text; 0: none, all start from the encoder.
        amount: tokens of each pretraining behind it.
        methods: names of ``METHODS``.
        tagged: methods whose taggers are trained, too; the base's are always.
        tasks: what taggers learn from, see :func:`chemxl.knowledge.tasks.recognition`: ``EN``, ``RU``, and with real
            corpora ``ZH`` and ``ADE``; classifiers learn ``EN`` and ``ZH``.
        shots: documents of the language that is tested, beside all English ones, in further trainings.
        classified: methods whose classifiers are trained, too; none where there is nothing to classify.
        classes: what they classify: ``GAD``, sentences; ``HoC``, abstracts.
        epochs, rate, head_rate: the training of taggers and classifiers.
        sentences: for ``small``: how many the training part is expanded to.
        seeds: each of them draws the pretraining and the fine-tuning behind it anew; the base is the same for all.
    """

    base: int = 8_000
    amount: int = 12_000
    methods: tuple[str, ...] = (PLAIN, WRONG, ENT, FACT, PAS)
    tagged: tuple[str, ...] = (PLAIN, PAS)
    classified: tuple[str, ...] = ()
    classes: tuple[str, ...] = ("GAD", "HoC")
    tasks: tuple[str, ...] = ("EN",)
    shots: tuple[int, ...] = ()
    epochs: int = 3
    rate: float = 0.0005
    head_rate: float = 0.01
    sentences: int = 200
    seeds: tuple[int, ...] = (0, 1, 2)


def languages(profile: Profile) -> tuple[str, ...]:
    """The languages beside English."""
    return ("ru",) if profile == "small" else ("ru", "zh")


def lexicons(
    profile: Profile, *, general: bool = False, wrong: bool = False, family: bool = False
) -> tuple[Lexicon, ...]:
    """Lexicons of the field's names, or of a general dictionary with the same names held out.

    Args:
        general: a general dictionary.
        wrong: each name with another's translation.
        family: with BioNNE-L's names, mentions of the family of corpora that Russian is tested on. They are left out
            otherwise, and XL-BEL's always.
    """
    if profile == "small":
        return (Lexicon(language="ru", sources=(MINI,), held_out=0.2, wrong=wrong),)
    shared = ("names-icd10", "names-kalzium", "names-tico19", "names-hand")
    of_field: dict[str, tuple[str, ...]] = {
        "ru": (*shared, "names-inn", "names-atc", "names-ruccon", *(("names-bionne-l",) if family else ())),
        "zh": (*shared, "names-hpo", "names-ghs", "names-aspen"),
    }
    return tuple(
        Lexicon(language=code, sources=("muse",) if general else of_field[code], wrong=wrong)
        for code in languages(profile)
    )


def sources(profile: Profile) -> tuple[Texts, ...]:
    """Unlabelled text in all languages: in English and Russian that of chapter 3; for ``mini`` the passages themselves,
    without variants of one passage with other names."""
    if profile == "small":
        return tuple(Texts(name=MINI, split="train", language=language) for language in ("en", "ru"))
    return (*pretraining.sources(profile), Texts(name="huatuo"), Texts(name="toyhom"))


def held_out(profile: Profile) -> tuple[Texts, ...]:
    """The test sets in every language, which are not read."""
    if profile == "small":
        return pretraining.held_out(profile)
    translated = ("kbioxlm-cdr", "kbioxlm-ade", "kbioxlm-gad", "kbioxlm-hoc")
    return (*pretraining.held_out(profile), *(Texts(name=n, split=s) for n in translated for s in ("dev", "test")))


def linked(profile: Profile) -> tuple[PairSource, ...]:
    """Passages on the same subject: linked ones from English and Chinese Wikipedia, and abstracts with Russian
    translations."""
    if profile == "small":
        return (Linked(name=MINI, language="ru"),)
    return (Linked(name="kbioxlm-linked", language="zh"), Linked(name="bionne-r", language="ru"))


def facts(profile: Profile, *, permuted: bool = False) -> tuple[Facts, ...]:
    """The facts, without those that need a name of BioNNE-L or XL-BEL."""
    name = MINI if profile == "small" else "knowledge-facts"
    without = ("cui:bionnel", "cui:xlbel")
    return tuple(Facts(language=code, name=name, without=without, permuted=permuted) for code in languages(profile))


def base(settings: Settings) -> str | encoders.Pretrained:
    """The encoder that every method continues from: with a language model's head if it had none, and after the paper's
    first stage (appendix A.1), which hides words and names alike."""
    if not settings.base:
        return settings.start
    head = _pretraining(settings, settings.start, Levels(plain=1), amount=settings.base // 4, frozen=True)
    start = settings.start if settings.encoder == encoders.MINI else head
    return _pretraining(settings, start, Levels(plain=0, entities=1, switched=False, words=0.5), amount=settings.base)


def anchored(settings: Settings, method: str, seed: int) -> KnowledgePretraining:
    """The pretraining of a method of ``METHODS``.

    Raises:
        ChemxlError: there is none of that name.
    """
    if method not in METHODS:
        raise ChemxlError(f"{method!r} is no way to pretrain: take one of {', '.join(METHODS)}")
    return _pretraining(
        settings,
        base(settings),
        METHODS[method],
        amount=settings.amount,
        seed=seed,
        lexicons=lexicons(settings.profile, general=method == GENERAL, wrong=method == WRONG, family=method == FAMILY),
        facts=facts(settings.profile, permuted=method == FALSE_FACT),
    )


def _pretraining(
    settings: Settings, encoder: str | encoders.Pretrained, levels: Levels, *, amount: int, **how: Any
) -> KnowledgePretraining:
    """A pretraining on these levels, with the settings that all of them share."""
    small = settings.profile == "small"
    training = Training(epochs=1, tokens=512 if small else 2048, rate=5e-4 if small else 2e-4)
    shared: dict[str, Any] = {
        "text": sources(settings.profile),
        "held_out": held_out(settings.profile),
        "lexicons": lexicons(settings.profile),
        "facts": facts(settings.profile),
        "linked": linked(settings.profile),
        "training": training,
        "reading": Reading(amount=amount),
    }
    return KnowledgePretraining(encoder=encoder, levels=levels, **(shared | how))
