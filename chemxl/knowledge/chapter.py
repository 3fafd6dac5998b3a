"""What chapter 7 runs: pretraining on text that is anchored to knowledge, its controls, and what each is worth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.texts import PairSource, Texts
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.experiments import Profile
from chemxl.knowledge.downstream import ASSOCIATED, Associations, LexiconTagger, Unspaced
from chemxl.knowledge.experiments import KnowledgePretraining
from chemxl.knowledge.facts import Facts
from chemxl.knowledge.lexicon import MINI, Lexicon
from chemxl.knowledge.passages import Linked
from chemxl.knowledge.retrieval import SCORER, Retrieval
from chemxl.knowledge.stream import Levels
from chemxl.models import encoders
from chemxl.models.classes import Classification
from chemxl.models.learner import Evaluation
from chemxl.models.training import Training
from chemxl.ner.chapter import TYPES
from chemxl.ner.experiments import FineTune
from chemxl.pretrain import chapter as pretraining
from chemxl.pretrain.experiments import ContinualPretraining
from chemxl.pretrain.stream import Reading
from chemxl.results import chapters
from chemxl.results.chapters import Line, Lines
from chemxl.results.rows import Keys, Pair, Row, counted, differences, scored
from chemxl.results.tables import Cells

stem = "07_knowledge"
BASE, PLAIN, MASKED, WRONG, GENERAL = "base", "plain text", "masked names", "wrong dictionary", "general dictionary"
ENT, FACT, PAS = "Ent", "Ent + Fact", "Ent + Fact + Pas"
FALSE_FACT, FALSE_PAS = "Ent + permuted relations", "Ent + Fact + permuted passages"
LEXICON = "lexicon alone"
# Tokens of the paper's corpora of the three levels, in millions (table 1).
_ENT, _FACT, _PAS = 31.3, 19.6, 14.0


def _levels(*tokens: float, **how: Any) -> Levels:
    """Half of the tokens plain text, the other half divided as the paper's tokens are."""
    shares = [0.5 * part / sum(tokens) for part in (*tokens, 0.0, 0.0)[:3]]
    return Levels(plain=0.5, entities=shares[0], facts=shares[1], passages=1 - 0.5 - shares[0] - shares[1], **how)


METHODS: dict[str, Levels] = {
    PLAIN: Levels(plain=1),
    MASKED: _levels(_ENT, switched=False),
    WRONG: _levels(_ENT),
    GENERAL: _levels(_ENT),
    ENT: _levels(_ENT),
    FACT: _levels(_ENT, _FACT),
    PAS: _levels(_ENT, _FACT, _PAS),
    FALSE_FACT: _levels(_ENT, _FACT),
    FALSE_PAS: _levels(_ENT, _FACT, _PAS, permuted=True),
}
BESIDE = (PLAIN, MASKED, WRONG)  # what the levels are compared with
STEPS = {ENT: PLAIN, FACT: ENT, PAS: FACT}  # each level added to the one before


class Settings(chapters.Settings):
    """The notebook's parameters.

    Args:
        encoder: what all start from.
        layers: how many of its layers are kept, the first ones; 0: all.
        base: tokens of the base, which hides words and names alike in plain text; 0: none, all start from the encoder.
        amount: tokens of each pretraining behind it.
        methods: of ``METHODS``.
        tagged: methods whose taggers are trained, too; the base's are always.
        classified: methods whose classifiers are trained, too; none where there is nothing to classify.
        epochs, rate, head_rate: of taggers and classifiers.
        sentences: for ``small``: how many the training part is expanded to.
        seeds: each of them draws the pretraining and the fine-tuning behind it anew; the base is the same for all.
    """

    encoder: str = "mini"
    layers: int = 0
    base: int = 40_000
    amount: int = 60_000
    methods: tuple[str, ...] = (PLAIN, MASKED, WRONG, ENT, FACT, PAS)
    tagged: tuple[str, ...] = (PLAIN, WRONG, PAS)
    classified: tuple[str, ...] = ()
    epochs: int = 4
    rate: float = 0.002
    head_rate: float = 0.002
    sentences: int = 400
    seeds: tuple[int, ...] = (0, 1, 2)

    @property
    def start(self) -> str | encoders.Pretrained:
        """The encoder, cut."""
        return encoders.FirstLayers(encoder=self.encoder, layers=self.layers) if self.layers else self.encoder

    @property
    def keys(self) -> Keys:
        """What all lines share."""
        return {"encoder": self.encoder} | ({"layers": self.layers} if self.layers else {})


def languages(profile: Profile) -> tuple[str, ...]:
    """Those beside English."""
    return ("ru",) if profile == "small" else ("ru", "zh")


def lexicons(profile: Profile, *, general: bool = False, wrong: bool = False) -> tuple[Lexicon, ...]:
    """Names of the field; or words of a general dictionary, the same names held out.

    BioNNE-L's names, mentions of the family of corpora that Russian is tested on, are left out, and so are XL-BEL's.
    """
    if profile == "small":
        return (Lexicon(language="ru", sources=(MINI,), held_out=0.2, wrong=wrong),)
    shared = ("names-icd10", "names-kalzium", "names-tico19", "names-hand")
    of_field = {
        "ru": (*shared, "names-inn", "names-atc", "names-ruccon"),
        "zh": (*shared, "names-hpo", "names-ghs", "names-aspen"),
    }
    return tuple(
        Lexicon(language=code, sources=("muse",) if general else of_field[code], wrong=wrong)
        for code in languages(profile)
    )


def sources(profile: Profile) -> tuple[Texts, ...]:
    """Text without labels in all languages; in English and Russian as chapter 3, of ``mini`` the passages themselves:
    where they are expanded, one name stands in the places of all others."""
    if profile == "small":
        return tuple(Texts(name=MINI, split="train", language=language) for language in ("en", "ru"))
    return (*pretraining.sources(profile), Texts(name="huatuo"), Texts(name="toyhom"))


def held_out(profile: Profile) -> tuple[Texts, ...]:
    """What is tested on, in every language."""
    if profile == "small":
        return pretraining.held_out(profile)
    translated = ("kbioxlm-cdr", "kbioxlm-ade", "kbioxlm-gad", "kbioxlm-hoc")
    return (*pretraining.held_out(profile), *(Texts(name=n, split=s) for n in translated for s in ("dev", "test")))


def linked(profile: Profile) -> tuple[PairSource, ...]:
    """Passages about the same thing: Wikipedia's in English and Chinese, abstracts and their Russian translations."""
    if profile == "small":
        return (Linked(name=MINI, language="ru"),)
    return (Linked(name="kbioxlm-linked", language="zh"), Linked(name="bionne-r", language="ru"))


def facts(profile: Profile, *, permuted: bool = False) -> tuple[Facts, ...]:
    """Facts, without those that need a name of BioNNE-L or XL-BEL."""
    name = MINI if profile == "small" else "knowledge-facts"
    without = ("cui:bionnel", "cui:xlbel")
    return tuple(Facts(language=code, name=name, without=without, permuted=permuted) for code in languages(profile))


def base(settings: Settings) -> str | encoders.Pretrained:
    """What every method goes on from: the encoder, a language model's head if it had none, and the paper's first stage
    (appendix A.1), in which words and names are hidden alike."""
    if not settings.base:
        return settings.start
    head = _pretraining(settings, settings.start, Levels(plain=1), amount=settings.base // 4, frozen=True)
    start = settings.start if settings.encoder == encoders.MINI else head
    return _pretraining(settings, start, Levels(plain=0, entities=1, switched=False, words=0.5), amount=settings.base)


def anchored(settings: Settings, method: str, seed: int) -> KnowledgePretraining:
    """A method of ``METHODS``.

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
        lexicons=lexicons(settings.profile, general=method == GENERAL, wrong=method == WRONG),
        facts=facts(settings.profile, permuted=method == FALSE_FACT),
    )


def _pretraining(
    settings: Settings, encoder: str | encoders.Pretrained, levels: Levels, *, amount: int, **how: Any
) -> KnowledgePretraining:
    small = settings.encoder == encoders.MINI
    training = Training(
        epochs=1, tokens=512 if small else 2048, rate=1e-3 if small else 2e-4, head_rate=1e-3, warmup=0.1
    )
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


class Test(NamedTuple):
    """A corpus that taggers are tested on, and the language of the names that are looked up in it."""

    name: str
    corpus: Corpus
    language: str


def train(settings: Settings) -> tuple[str, Corpus]:
    """What taggers learn from: English text alone."""
    tested = tuple(test.corpus for test in tests(settings.profile))
    if settings.profile == "small":
        return "mini EN", Corpus(name=MINI, language="en", types=TYPES, sentences=settings.sentences)
    return "BC5CDR", Corpus(name="bc5cdr", types=("CHEM", "DISEASE"), without=tested)


def tests(profile: Profile) -> tuple[Test, ...]:
    """The same kind of text in English, in translation, and in the other language."""
    if profile == "small":
        return tuple(
            Test(f"mini {x.upper()}", Corpus(name=MINI, split="test", language=x, types=TYPES), x) for x in ("en", "ru")
        )
    types = ("CHEM", "DISEASE")
    return (
        Test("BC5CDR", Corpus(name="bc5cdr", split="test", types=types), "en"),
        Test("BC5CDR ZH", Unspaced(name="kbioxlm-cdr", split="test", language="zh", types=types), "zh"),
        Test("BioNNE-R RU", Corpus(name="bionne-r", split="test", language="ru", types=types), "ru"),
    )


def tagger(settings: Settings, method: str, seed: int) -> FineTune:
    """A CRF tagger on a pretrained encoder (section 5.1.2)."""
    return FineTune(
        encoder=base(settings) if method == BASE else anchored(settings, method, seed),
        head="crf",
        train=(train(settings)[1],),
        training=Training(epochs=settings.epochs, rate=settings.rate, head_rate=settings.head_rate),
        seed=seed,
    )


def classifier(settings: Settings, method: str, name: str, seed: int) -> Evaluation:
    """A classifier that learnt from English sentences or abstracts, on Chinese ones."""
    several = name == "HoC"
    kind, corpus = (Corpus, "kbioxlm-hoc") if several else (Associations, "kbioxlm-gad")
    types: dict[str, Any] = {"name": corpus, "types": () if several else ("GENE", "DISEASE")}
    test = kind(split="test", language="zh", **types)
    model = Classification(
        encoder=base(settings) if method == BASE else anchored(settings, method, seed),
        train=(kind(language="en", without=(kind(split="test", language="en", **types), test), **types),),
        several=several,
        training=Training(epochs=settings.epochs, rate=settings.rate, head_rate=settings.head_rate),
        seed=seed,
    )
    return Evaluation(model=model, corpus=test)


def retrievals(settings: Settings) -> list[Line]:
    """Names, held out and taught, in each language, of the base and of every method."""
    return [
        Line(
            {**settings.keys, "pretraining": method, "language": lexicon.language.upper(), "names": names},
            values,
            partial(scored, values, scores={"top-1": metrics.f1}, scorer=SCORER),
        )
        for method in (BASE, *settings.methods)
        for lexicon in lexicons(settings.profile)
        for names in ("held out", "taught")
        for values in [
            [
                Retrieval(
                    encoder=base(settings) if method == BASE else anchored(settings, method, seed),
                    lexicon=lexicon,
                    taught=names == "taught",
                    seed=seed,
                )
                for seed in (settings.seeds[:1] if method == BASE else settings.seeds)
            ]
        ]
    ]


def tagging(settings: Settings) -> list[Line]:
    """Taggers of the base and of every method that is tagged with, and the lexicon alone."""
    name, corpus = train(settings)
    made = []
    for method in (BASE, *settings.tagged) if settings.tagged else ():
        for test in tests(settings.profile):
            values = [Evaluation(model=tagger(settings, method, s), corpus=test.corpus) for s in settings.seeds]
            keys: Keys = {**settings.keys, "pretraining": method, "train": name, "test": test.name}
            made.append(Line(keys, values, partial(_scores, values)))
    for test in tests(settings.profile):
        for lexicon in lexicons(settings.profile):
            if lexicon.language == test.language:
                alone = [LexiconTagger(train=(corpus,), corpus=test.corpus, lexicon=lexicon)]
                keys = {"pretraining": LEXICON, "train": name, "test": test.name}
                made.append(Line(keys, alone, partial(scored, alone, scores=metrics.SCORES)))
    return made


def classifying(settings: Settings) -> list[Line]:
    """Relations and classes of documents, learnt in English and asked in Chinese."""
    return [
        Line(
            {**settings.keys, "pretraining": method, "train": f"{name} EN", "test": f"{name} ZH"},
            values,
            partial(_class_scores, values, type),
        )
        for method in (BASE, *settings.classified)
        if settings.classified
        for name, type in (("GAD", ASSOCIATED), ("HoC", metrics.MICRO))
        for values in [[classifier(settings, method, name, seed) for seed in settings.seeds]]
    ]


def _scores(values: Sequence[Evaluation]) -> list[Row]:
    """F1, precision and recall of all types together, and of chemicals alone where there are others."""
    types = values[0].counts().types
    kinds = [metrics.MICRO, *(type for type in types if type == "CHEM" and len(types) > 1)]
    return [row for kind in kinds for row in scored(values, scores=metrics.SCORES, type=kind)]


def _class_scores(values: Sequence[Evaluation], type: str) -> list[Row]:
    made = scored(values, type=type, scorer="F1 of labels")
    return [row.model_copy(update={"keys": {}}) for row in made]


def compared(table: Sequence[Line], metric: str, scorer: str) -> list[Row]:
    """Of each test, every level against the controls and against the level below it."""
    made = []
    groups: dict[tuple[tuple[str, Any], ...], dict[str, Line]] = {}
    for line in table:
        rest = tuple(item for item in line.keys.items() if item[0] != "pretraining")
        groups.setdefault(rest, {})[str(line.keys["pretraining"])] = line
    for rest, own in groups.items():
        for method, below in STEPS.items():
            for other in dict.fromkeys((*BESIDE, below)):
                if {method, other} <= own.keys():
                    keys: Keys = {**dict(rest), "pretraining": method, "less_pretraining": other}
                    made.append(Pair(keys, own[method].experiments, own[other].experiments))
    return differences(made, metric=metric, scorer=scorer) if made else []


def lines(settings: Settings) -> Lines:
    """What was read, retrieval, taggers and classifiers; then differences."""
    read = [
        Line({"table": "read", "pretraining": method}, [value], partial(_read, value))
        for method in settings.methods
        for value in [anchored(settings, method, settings.seeds[0])]
    ]
    retrieved, tagged, classified = retrievals(settings), tagging(settings), classifying(settings)
    yield [*read, *retrieved, *tagged, *classified]
    for table, metric, scorer in (
        (retrieved, "difference of top-1", SCORER),
        (tagged, "difference of F1", "exact character spans, micro F1"),
        (classified, "difference of F1", "F1 of labels"),
    ):
        methods = [line for line in table if line.keys["pretraining"] not in (BASE, LEXICON)]
        if values := [value for line in methods for value in line.experiments]:
            yield [Line({}, values, partial(compared, methods, metric, scorer))]


def _read(value: KnowledgePretraining) -> list[Row]:
    names = ("tokens", "names switched", "facts said", "pairs of passages")
    found = value.run().metrics
    return counted({name: found[name] for name in names})


def card(settings: Settings) -> Cells:
    """A lexicon a row: its sources, its names, and how many are held out."""
    return [
        {
            "language": lexicon.language.upper(),
            "sources": ", ".join(lexicon.sources),
            "pairs": len(lexicon.pairs()),
            "taught": len(lexicon.taught()),
            "held out and asked for": len(lexicon.tested(most=10**6)),
        }
        for lexicon in lexicons(settings.profile)
    ]


__all__ = ["METHODS", "ContinualPretraining", "Settings", "lines", "stem"]
