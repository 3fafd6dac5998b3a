"""Sentence splitting: hard places, and offsets that hold for any text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.sentences import held_out, ours, paragraphs, score
from chemxl.corpora.sentences import LANGUAGES, sentences
from chemxl.errors import ChemxlError

# Each sentence of a case is one; joined by a space they are the text.
ENGLISH = [
    ["As shown in Fig. 2, it melted.", "See Figs. 3 and 4 for more."],
    ["It is the herbicide 2,4-D.", "The dose was 1.5 mg."],
    ["Smith et al. reported it.", "Cells of E. coli died at pH 7.4.", "S. aureus did not."],
    ["Authors found this (Smith et al., 2019).", "Jones et al. (2020) did not."],
    ["N-(4-hydroxyphenyl)acetamide was heated.", "2-Chlorobenzene was added.", "n-Butanol was not."],
    ["α-D-Glucose and bicyclo[2.2.1]heptane were mixed.", "tert-Butyl chloride boiled."],
    ["J. R. Smith and A. B. Jones wrote it.", "They were at the N. N. Burdenko Institute."],
    ["U.S. Pat. No. 5,123,456 describes it.", "The U.S. Food and Drug Administration agreed."],
    ["Add conc. HCl and aq. NaOH, i.e. an acid and a base, e.g. here.", "It was 5 wt. % of the mass."],
    ["M.p. 120 °C, b.p. 200 °C vs. 210 °C.", "1H NMR was taken."],
    ["It lasted 10 min.", "Then 5 mL were added.", "It took 3 hr. at most."],
    ["Vitamin C.", "Patients with hepatitis B.", "Strains of type A.", "DNA.", "Samples of mRNA."],
    ["Was it?", "Yes!", 'He said "It was."', "(It was.)", "So... it went on."],
    ["1. First we mix.", "2. Second we stir.", "In 2010.", "At pH 7.", "No. 5 won.", "The answer is no.", "We left."],
    ["mRNA was low.", "siRNA was lower.", "pH was 7.", "It rose (p < 0.05).", "It fell [12, 13].", "It held."],
]
RUSSIAN = [
    ["Как видно на рис. 2, он расплавился.", "См. табл. 3 и гл. 4."],
    ["Это гербицид 2,4-Д.", "Доза 1,5 мг.", "Доза 1.5 мг."],
    ["Это заметили Петров и др.", "Позже это повторили.", "Работы Петрова и др. [12] верны."],
    ["Клетки E. coli погибли при pH 7.4.", "S. aureus нет."],
    ["N-(4-гидроксифенил)ацетамид, т. е. парацетамол, нагрели.", "Добавили 1,2-дихлорэтан.", "2-Хлорбензол нет."],
    ["Содержание 5 вес. % массы.", "Объём 3 об. % смеси.", "Т. пл. 120 °C, т. кип. 200 °C."],
    ["Иванов И. И. и Петров П.П. писали.", "Им помог А. С. Сидоров.", "Это т. н. метод Smith et al. из США."],
    ["Это было в 2010 г.", "Потом в г. Москва.", "В НИИ им. В. И. Вернадского.", "Акад. Иванов был там."],
    ["Перемешивали 10 мин.", "Затем 2 ч.", "Затем добавили 5 мл.", "И т. д.", "И т. п.", "Всё."],
    ["Больных с гепатитом B.", "Пациенты с витамином C.", "Штаммы типа А.", "ДНК.", "Образцы мРНК."],
    ["Так ли это?", "Да!", "«Это так.»", "(Это так.)", "Так... и шло."],
    [
        "1. Сначала смешать.",
        "2. Потом растворить.",
        "В воде (см. табл. 2).",
        "В спирте [12, 13].",
        "Давление 5 мм рт. ст.",
    ],
    ["Т.к. их было мало, т.е. два, ждали.", "Ср. рис. 5а.", "Напр. так.", "При 34 °С.", "Потом при 20 г/т."],
]
SPANISH = [
    ["El Dr. García vio la Fig. 2, p. ej. aquí.", "Los pacientes mejoraron.", "EE. UU. no."],
    ["¿Era así?", "¡Sí!", "N-(4-hidroxifenil)acetamida al 5 % vol. en agua.", "Fin."],
]


@pytest.mark.parametrize(
    ("language", "case"),
    [(language, case) for language, cases in (("en", ENGLISH), ("ru", RUSSIAN), ("es", SPANISH)) for case in cases],
)
@pytest.mark.parametrize("space", [" ", "\n", " \u00a0"])
def test_hard_places(language: str, case: list[str], space: str) -> None:
    text = space.join(case)
    assert [text[start:end] for start, end in sentences(text, language)] == case


def places() -> Iterator[tuple[str, str]]:
    language = ""
    for line in Path(__file__).with_name("sentence_places.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            language = line[2:]
        else:
            yield language, line


@pytest.mark.parametrize(("language", "marked"), list(places()))
def test_hard_places_of_every_kind(language: str, marked: str) -> None:
    parts = marked.split("¦")
    text = "".join(parts)
    assert [text[start:end] for start, end in sentences(text, language)] == [part.strip() for part in parts]


@pytest.mark.parametrize(("language", "least"), [("en", 300), ("ru", 300), ("es", 100), ("zh", 100)])
def test_the_gold_text_is_split_as_it_is_marked(language: str, least: int) -> None:
    gold = paragraphs(language)
    assert sum(len(paragraph.ends) + 1 for paragraph in gold) >= least
    for part in (gold, [paragraph for paragraph in gold if held_out(paragraph)]):
        found = score(part, ours(language))
        assert found.due >= least / 10
        assert found.precision >= 0.98 and found.recall >= 0.98


def test_a_score_counts_boundaries() -> None:
    gold = paragraphs("en")[:3]
    assert score(gold, ours("en")).f1 == 1.0
    assert score(gold, lambda text: [len(text)]) == (0, 0, sum(len(paragraph.ends) for paragraph in gold))
    one = score(gold, lambda text: [1, len(text)])
    assert (one.precision, one.recall, one.f1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("It was in vain.\nhe left, approx.\nfive more", ["It was in vain.", "he left, approx.\nfive more"]),
        ("Помогло.\nно потом нет! А так, ок.\nпять", ["Помогло.", "но потом нет!", "А так, ок.\nпять"]),
        ("Болит? и где? Ой! как так... и вот", ["Болит?", "и где?", "Ой!", "как так... и вот"]),
        ("It rose.1,2 The cause (Fig.2 The map) is not.3", ["It rose.1,2", "The cause (Fig.2 The map) is not.3"]),
        ("Вес вырос.Потом нет, см.Рис.2, www.яндекс.Рф", ["Вес вырос.", "Потом нет, см.Рис.2, www.яндекс.Рф"]),
    ],
)
def test_small_letters_and_missing_spaces(text: str, parts: list[str]) -> None:
    language = "ru" if text > "А" else "en"
    assert [text[start:end] for start, end in sentences(text, language)] == parts


def test_chinese_needs_no_space() -> None:
    text = "阿司匹林抑制环氧合酶。它有效吗？“是的。”真好！2,4-D很好。"
    found = [text[start:end] for start, end in sentences(text, "zh")]
    assert found == ["阿司匹林抑制环氧合酶。", "它有效吗？", "“是的。”", "真好！", "2,4-D很好。"]


def test_a_blank_line_ends_a_sentence_and_a_line_break_does_not() -> None:
    text = "A heading\n \t\nIt goes\non here.\r\n\r\nThe end"
    assert [text[start:end] for start, end in sentences(text, "en")] == ["A heading", "It goes\non here.", "The end"]


def test_another_language_is_an_error() -> None:
    with pytest.raises(ChemxlError, match="the language 'la': take one of en, es, ru, zh"):
        sentences("Sic.", "la")


SIGNS = [
    ". ",
    ".",
    "...",
    "? ",
    "!",
    "。",
    "？",
    "\n\n",
    "\n",
    " ",
    "\u00a0",
    "\u2028",
    "\u200b",
    "\x1c",
    ")",
    '"',
    "»",
    "(",
]
WORDS = [
    "1. A",
    "5 г. ",
    "kinase A. ",
    "(a. ",
    "[1] ",
    "слово.Слово",
    "word.12 The",
    "（图。）",
    "“好。”",
    "т. ",
    "е. ",
    "и др. ",
    "Fig. ",
    "E. ",
    "coli",
    "2,4-D. ",
    "И. ",
    "рис. 2",
    "1. ",
    "pH 7.4",
    "α-D",
    "е́",
    "The ",
]
PIECE = st.sampled_from([*SIGNS, *WORDS, "Для ", "вес. % ", "😀", "\ud800"]) | st.text(max_size=3)


@settings(deadline=None)
@given(st.lists(PIECE, max_size=30).map("".join), st.sampled_from(LANGUAGES))
def test_spans_cover_every_character_that_is_no_space_once(text: str, language: str) -> None:
    covered = []
    last = 0
    for start, end in sentences(text, language):
        assert last <= start < end <= len(text)
        assert not text[start].isspace() and not text[end - 1].isspace()
        covered += range(start, end)
        last = end
    assert {i for i, sign in enumerate(text) if not sign.isspace()} <= set(covered)


@pytest.mark.parametrize("language", ["en", "ru", "zh"])
@pytest.mark.parametrize(
    "piece",
    [
        ". ",
        ".",
        ".) ",
        "a.\n",
        "А. ",
        ".\n\n",
        "\n ",
        'a;"',
        "т. е. ",
        "Fig. 2. The ",
        "(a. ",
        "(",
        "1. A ",
        "。",
        "“。",
        "a",
    ],
)
def test_a_long_text_of_traps_ends(piece: str, language: str) -> None:
    # 60,000 characters: any step of quadratic time would take minutes here.
    spans = sentences(piece * (60_000 // len(piece)), language)
    assert len(spans) <= 60_000 // len(piece) + 1
