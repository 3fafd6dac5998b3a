"""What chapter 7 declares: methods that differ in what they should, equal tokens, and a page of numbers."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from chemxl import corpora
from chemxl.errors import ChemxlError
from chemxl.evaluation import metrics
from chemxl.experiments import Profile
from chemxl.knowledge import chapter, pages, tasks
from chemxl.knowledge import methods as ways
from chemxl.knowledge.experiments import KnowledgePretraining
from chemxl.knowledge.shots import Shots
from chemxl.results import chapters
from chemxl.results.chapters import Line
from chemxl.results.rows import Row, frame
from tests.curves import Counted

SETTINGS = chapter.Settings(encoder="mini", methods=tuple(ways.METHODS), tagged=(ways.PLAIN, ways.PAS), seeds=(0, 1))
REAL = chapter.Settings(profile="real", encoder="e5-small", layers=6, methods=tuple(ways.METHODS))


def test_methods_differ_in_what_they_should() -> None:
    made = {name: ways.anchored(REAL, name, 0) for name in ways.METHODS}
    plain, ent, full = made[ways.PLAIN], made[ways.ENT], made[ways.PAS]
    assert ent.model_copy(update={"levels": plain.levels}) == plain
    assert made[ways.MASKED].levels == ent.levels.model_copy(update={"switched": False})
    wrong = made[ways.WRONG]
    assert [one.wrong for one in wrong.lexicons] == [True, True] and wrong.levels == ent.levels
    assert wrong.model_copy(update={"lexicons": ent.lexicons}) == ent
    general = made[ways.GENERAL]
    assert {one.sources for one in general.lexicons} == {("muse",)} and general.levels == ent.levels
    assert [one.permuted for one in made[ways.FALSE_FACT].facts] == [True, True]
    assert made[ways.FALSE_PAS].levels == full.levels.model_copy(update={"permuted": True})
    assert (full.levels.entities, full.levels.facts, full.levels.passages) == pytest.approx(
        [0.5 * part / 64.9 for part in (31.3, 19.6, 14.0)]
    )
    assert {one.reading.amount for one in made.values()} == {REAL.amount}
    assert len({one.encoder for one in made.values()}) == 1, "one base for all"


def test_the_base_is_the_papers_first_stage_behind_a_head() -> None:
    base = ways.base(REAL)
    assert isinstance(base, KnowledgePretraining) and base.seed == 0
    assert (base.levels.switched, base.levels.words, base.levels.plain) == (False, 0.5, 0)
    assert isinstance(base.encoder, KnowledgePretraining) and base.encoder.frozen
    assert ways.base(REAL.model_copy(update={"base": 0})) == REAL.start
    with pytest.raises(ChemxlError, match="take one of plain text"):
        ways.anchored(SETTINGS, "plain", 0)


@pytest.mark.parametrize("profile", get_args(Profile))
def test_what_may_not_be_taught_is_left_out(profile: Profile) -> None:
    known = corpora.catalog()
    for lexicon in ways.lexicons(profile):
        assert not {"names-bionne-l", "names-xlbel"} & set(lexicon.sources)
        assert all(source in known for source in lexicon.sources)
    for facts in ways.facts(profile):
        assert facts.without == ("cui:bionnel", "cui:xlbel")
    held = {(texts.name, texts.split) for texts in ways.held_out(profile)}
    for test in tasks.tests(profile):
        assert (test.corpus.name, test.corpus.split) in held
    assert {texts.name for texts in ways.sources(profile)} <= known.keys()


def test_lines_are_of_the_base_and_every_method() -> None:
    retrieved = chapter.retrievals(SETTINGS)
    assert [line.keys["pretraining"] for line in retrieved[::2]] == [ways.BASE, *ways.METHODS]
    assert [len(line.experiments) for line in retrieved[::2]] == [1] + [2] * len(ways.METHODS)
    tagged = chapter.tagging(SETTINGS)
    assert {line.keys["pretraining"] for line in tagged} == {ways.BASE, ways.PLAIN, ways.PAS, ways.LEXICON}
    for line in tagged:
        for value in line.experiments:
            model = getattr(value, "model", None)
            assert model is None or (model.head == "crf" and model.train[0].language in ("en", None))
    assert chapter.classifying(SETTINGS) == []


def test_tasks_lead_from_every_language_to_the_others_without_a_leak() -> None:
    settings = REAL.model_copy(update={"tasks": ("EN", "ADE", "ZH", "RU"), "shots": (10, 100)})
    made = {(task.keys["train"], task.keys.get("documents")): task for task in tasks.recognition(settings)}
    assert {key: [test.language for test in task.tests] for key, task in made.items()} == {
        ("BC5CDR", None): ["en", "zh", "ru"],
        ("ADE", None): ["en", "zh"],
        ("BC5CDR ZH", None): ["en", "zh"],
        ("BioNNE-R RU", None): ["en", "ru"],
        **{(f"BC5CDR + {code.upper()}", n): [code] for code in ("zh", "ru") for n in (10, 100)},
    }
    for (name, documents), task in made.items():
        for corpus in task.train:
            assert {test.corpus for test in task.tests} <= set(corpus.without), name
            assert corpus.split == "train"
        assert isinstance(task.train[-1], Shots) == (documents is not None)
    assert [line.keys["pretraining"] for line in chapter.tagging(settings)][-2:] == [ways.LEXICON] * 2
    with pytest.raises(ChemxlError, match="take one of EN, RU"):
        list(tasks.recognition(SETTINGS.model_copy(update={"tasks": ("ES",)})))


def test_shots_hold_the_fewer_ones_and_chinese_has_no_blanks() -> None:
    some, more = (Shots(name="mini", language="ru", types=("CHEM",), most=n).load() for n in (3, 9))
    assert len(some) == 3 and {one.id for one in some} < {one.id for one in more}
    english = list(next(tasks.recognition(SETTINGS)).train)
    [task] = list(tasks.recognition(SETTINGS.model_copy(update={"shots": (2,)})))[1:]
    assert task.keys == {"train": "mini EN + RU", "documents": 2} and list(task.train[:-1]) == english


def test_the_family_of_a_test_is_taught_in_one_method_alone() -> None:
    for name in ways.METHODS:
        held = {source for lexicon in ways.anchored(REAL, name, 0).lexicons for source in lexicon.sources}
        assert ("names-bionne-l" in held) == (name == ways.FAMILY) and "names-xlbel" not in held


def test_classifiers_learn_english_and_are_asked_chinese() -> None:
    lines = chapter.classifying(REAL.model_copy(update={"classified": (ways.PAS,)}))
    assert [(line.keys["pretraining"], line.keys["test"]) for line in lines] == [
        (method, test) for method in (ways.BASE, ways.PAS) for test in ("GAD ZH", "HoC ZH")
    ]
    for line in lines:
        value = line.experiments[0]
        assert value.corpus.language == "zh" and value.model.train[0].language == "en"
        assert value.model.several == (line.keys["test"] == "HoC ZH")
        assert {one.language for one in value.model.train[0].without} == {"en", "zh"}


def test_every_split_of_the_papers_sets_is_counted_in_both_languages() -> None:
    assert chapter.sets(SETTINGS) == []
    lines = chapter.sets(REAL)
    assert len(lines) == 2 * len(tasks.SETS)
    for line in lines:
        corpora = [value.corpus for value in line.experiments]
        assert [corpus.split for corpus in corpora] == ["train", "dev", "test"]
        assert {(corpus.name, corpus.language) for corpus in corpora} == {
            (tasks.SETS[str(line.keys["text"])], str(line.keys["language"]).lower())
        }


def test_one_corpus_of_classes_can_be_left_out() -> None:
    lines = chapter.classifying(REAL.model_copy(update={"classified": (ways.PAS,), "classes": ("GAD",)}))
    assert [line.keys["test"] for line in lines] == ["GAD ZH", "GAD ZH"]


def test_classifiers_go_the_other_way_round_where_chinese_is_learnt() -> None:
    lines = chapter.classifying(REAL.model_copy(update={"classified": (ways.PAS,), "tasks": ("ZH",)}))
    assert {line.keys["test"] for line in lines} == {"GAD EN", "HoC EN"}
    assert {line.experiments[0].model.train[0].language for line in lines} == {"zh"}


def line(method: str, right: int) -> Line:
    return Line({"pretraining": method, "test": "x"}, [Counted(right), Counted(right)], list)


def test_each_level_is_compared_with_the_controls_and_the_level_below() -> None:
    table = [line(ways.PLAIN, 2), line(ways.WRONG, 3), line(ways.ENT, 4), line(ways.FACT, 5)]
    rows = chapter.compared(table, "difference of F1", "spans")
    found = {(row.keys["pretraining"], row.keys["less_pretraining"]): round(row.value, 6) for row in rows}
    assert found == {
        (ways.ENT, ways.PLAIN): 0.2,
        (ways.ENT, ways.WRONG): 0.1,
        (ways.FACT, ways.PLAIN): 0.3,
        (ways.FACT, ways.WRONG): 0.2,
        (ways.FACT, ways.ENT): 0.1,
    }
    assert chapter.compared(table[:2], "difference of F1", "spans") == []


def test_a_class_is_no_type_of_entity() -> None:
    [row] = chapter._class_scores([Counted(4), Counted(4)], metrics.MICRO)  # type: ignore[list-item]
    assert row.value == pytest.approx(0.4) and row.keys == {}


def recorded(metric: str, value: float, **keys: Any) -> Row:
    return Row(source="recorded", metric=metric, value=value, low=value - 0.1, high=value + 0.1, keys=keys)


def test_a_figure_says_what_was_not_run() -> None:
    rows = frame([recorded("F1", 0.375, test="BC5CDR ZH", pretraining=ways.LEXICON)])
    drawn = pages.bars(rows, "F1", [ways.LEXICON, ways.ENT], group="test")
    assert [(bar.label, bar.value, bar.group) for bar in drawn] == [
        (ways.LEXICON, 0.375, "BC5CDR ZH"),
        (ways.ENT, None, "BC5CDR ZH"),
    ]
    assert [bar.value for bar in pages.bars(rows[:0], "F1", [ways.ENT], group="test")] == [None]


def test_what_was_learnt_from_english_alone_stands_apart() -> None:
    one: dict[str, Any] = {"pretraining": ways.PAS, "test": "BC5CDR ZH"}
    rows = frame(
        [
            recorded("F1", 0.5, train="BC5CDR", **one),
            recorded("F1", 0.6, train="BC5CDR", type="CHEM", **one),
            recorded("F1", 0.7, train="BC5CDR + ZH", documents=10, **one),
            recorded("F1", 0.8, train="GAD EN", pretraining=ways.PAS, test="GAD ZH", type="ASSOCIATED"),
        ]
    )
    assert list(pages.recognised(rows).value) == [0.5, 0.6]
    assert list(pages.others(rows).value) == [0.7, 0.8]
    assert len(pages.others(rows[:2])) == 0
    first = {tasks.english(ways.Settings(profile=profile)).keys["train"] for profile in get_args(Profile)}
    assert first == set(pages.FIRST)


def test_the_page_shows_switched_text_and_facts() -> None:
    for language, other in (("en", "ru"), ("ru", "en")):
        document = pages.example(language)
        put_in = [document.surface(mention) for mention in document.mentions if mention.type == "put in"]
        assert 2 <= len(put_in) <= 10
        cyrillic = [any("а" <= sign <= "я" for sign in name.lower()) for name in put_in]
        assert all(cyrillic) if other == "ru" else not any(cyrillic)
    said = pages.fact_examples()
    assert len(said) == 6 and all(str(row["hidden"]) in str(row["behind it"]) for row in said)


def test_the_card_counts(real: object) -> None:
    [row] = pages.card(SETTINGS)
    assert row["pairs"] > row["taught"] > 0 and row["sources"] == "mini"  # type: ignore[operator]
    assert chapters.settled(chapters.named(chapter.stem), "small") == chapter.Settings()
