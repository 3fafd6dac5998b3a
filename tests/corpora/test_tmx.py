"""TMX: what is read and written, and what is said of a unit that is wrong."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from chemxl.corpora import Log, tmx
from chemxl.documents import Pair
from chemxl.errors import CorpusError
from tests.corpora.reading import reading
from tests.corpora.samples import EN_RU, TMX

HEAD = '<tmx version="1.4"><header/><body>\n'
GOOD = '<tu tuid="g"><tuv xml:lang="en"><seg>salt</seg></tuv><tuv xml:lang="ru"><seg>соль</seg></tuv></tu>\n'
# What TMX 1.4 asks of the elements that are written.
DTD = """<!ELEMENT tmx (header, body)> <!ATTLIST tmx version CDATA #FIXED "1.4">
<!ELEMENT header (note|prop|ude)*> <!ELEMENT note (#PCDATA)> <!ELEMENT ude EMPTY>
<!ATTLIST header creationtool CDATA #REQUIRED creationtoolversion CDATA #REQUIRED
  segtype (block|paragraph|sentence|phrase) #REQUIRED o-tmf CDATA #REQUIRED adminlang CDATA #REQUIRED
  srclang CDATA #REQUIRED datatype CDATA #REQUIRED>
<!ELEMENT body (tu*)> <!ELEMENT tu ((note|prop)*, tuv+)> <!ATTLIST tu tuid CDATA #IMPLIED>
<!ELEMENT tuv ((note|prop)*, seg)> <!ATTLIST tuv xml:lang CDATA #REQUIRED>
<!ELEMENT prop (#PCDATA)> <!ATTLIST prop type CDATA #REQUIRED> <!ELEMENT seg (#PCDATA)>"""


def test_pairs(tmp_path: Path) -> None:
    pairs, faults = reading(tmx.read, tmp_path, TMX, **EN_RU)
    assert pairs == [Pair("a:1", "a fever", "жар"), Pair("a-2", "cough", "кашель")]
    assert ([pair.score for pair in pairs], faults) == ([0.75, None], [])
    turned, _ = reading(tmx.read, tmp_path, TMX, languages=("ru", "en"))
    assert turned[0] == Pair("a:1", "жар", "a fever", ("ru", "en"))


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (GOOD, "the id g stands twice, with the same texts; pair left out"),
        (GOOD.replace('"g"', '"h"').replace('"ru"', '"de"'), "h has no text in ru; pair left out"),
        (GOOD.replace('"g"', '"h"').replace("соль", " "), "h has no text in ru; pair left out"),
        (
            GOOD.replace('"g"', '"h"').replace('"ru"', '"en-GB"'),
            "h has no text in ru; pair left out",
        ),
    ],
)
def test_a_wrong_unit_is_named_and_the_rest_is_read(tmp_path: Path, unit: str, message: str) -> None:
    content = HEAD + GOOD + unit + GOOD.replace('"g"', '"z"') + "</body></tmx>"
    pairs, faults = reading(tmx.read, tmp_path, {"x.tmx": content}, **EN_RU)
    assert ([pair.id for pair in pairs], faults) == (["g", "z"], [f"x.tmx:3: {message}"])


def test_a_wrong_score_is_named_and_the_pair_is_read(tmp_path: Path) -> None:
    content = HEAD + GOOD.replace("<tuv", '<prop type="x-score">much</prop><tuv', 1) + "</body></tmx>"
    (pair,), faults = reading(tmx.read, tmp_path, {"x.tmx": content}, **EN_RU)
    assert (pair.score, faults) == (None, ["x.tmx:2: g: 'much' is not a score; pair read without one"])


def test_entities_are_refused(tmp_path: Path) -> None:
    content = '<!DOCTYPE tmx [<!ENTITY x "y">]>' + HEAD + GOOD + "</body></tmx>"
    pairs, faults = reading(tmx.read, tmp_path, {"x.tmx": content}, **EN_RU)
    assert (pairs, faults) == ([], ["x.tmx:1: the file declares entities, which are never read; file left out"])


# Everything that XML can hold; what it cannot is refused, see below.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cc", "Cs"]))
SPACED = st.text(st.sampled_from(" \t\n\r<>&'\"]a"), max_size=8)
WRITTEN = st.one_of(TEXTS, SPACED).filter(lambda text: bool(text.strip()))
SCORES = st.none() | st.floats(-10, 10, allow_subnormal=False).filter(lambda score: not 0 < abs(score) < 1e-90)


@given(st.dictionaries(WRITTEN, st.tuples(WRITTEN, WRITTEN, SCORES), min_size=1, max_size=5))
def test_pairs_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, tuple[str, str, float | None]]
) -> None:
    pairs = [Pair(id, source, target, ("en", "ru"), score) for id, (source, target, score) in made.items()]
    path = tmp_path_factory.getbasetemp() / "round.tmx"
    tmx.write(path, pairs)
    again = tmx.read([path], Log(strict=True), languages=("en", "ru"))
    assert again == pairs
    assert [pair.score for pair in again] == [pair.score for pair in pairs]


def test_what_is_written_is_valid(tmp_path: Path) -> None:
    pairs = [Pair("1", "salt & <water>", "соль"), Pair("2", "кровь", "sangre", ("ru", "es"), 0.5)]
    tmx.write(tmp_path / "new" / "x.tmx", pairs)
    tree = etree.parse(tmp_path / "new" / "x.tmx")
    assert etree.DTD(io.StringIO(DTD)).validate(tree)
    assert tree.docinfo.doctype == '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'
    assert tree.find("header").get("srclang") == "*all*"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.tmx"]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "there is no pair to write"),
        ([Pair("1", "a\0", "b")], r"pair '1': XML cannot hold the character '\\x00'"),
        ([Pair("1", "a", "\ud800")], r"pair '1': XML cannot hold the character '\\ud800'"),
        ([Pair("1", "a", "b"), Pair("1", "c", "d")], "pair '1': an id has to stand, and to stand once"),
        ([Pair("", "a", "b")], "pair '': an id has to stand"),
        ([Pair("1", "a", "b", score=float("nan"))], "pair '1': nan is no score"),
        ([Pair("1", "a", "\n")], "pair '1': a text is blank"),
        ([Pair("1", "a", "b", ("en", "en"))], "pair '1': both texts are en"),
    ],
)
def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path, pairs: list[Pair], message: str) -> None:
    (tmp_path / "x.tmx").write_text("old", "utf-8")
    with pytest.raises(CorpusError, match=message):
        tmx.write(tmp_path / "x.tmx", pairs)
    assert [(path.name, path.read_text("utf-8")) for path in tmp_path.iterdir()] == [("x.tmx", "old")]


def unit(id: str, *texts: tuple[str, str]) -> str:
    variants = "".join(f'<tuv xml:lang="{code}"><seg>{text}</seg></tuv>' for code, text in texts)
    return f'<tu tuid="{id}">{variants}</tu>\n'


def test_an_id_that_is_not_unique(tmp_path: Path) -> None:
    files = {
        "a.tmx": unit("1", ("en", "Acid"), ("ru", "Кислота")) + unit("1", ("en", "Base"), ("ru", "Основание")),
        "b.tmx": unit("1-2", ("en", "Salt"), ("ru", "Соль")) + unit("1", ("en", "Iron"), ("ru", "Железо")),
        "c.tmx": unit("1", ("en", "Acid"), ("ru", "Кислота")),
    }
    pairs, faults = reading(
        tmx.read, tmp_path, {name: f"{HEAD}{units}</body></tmx>" for name, units in files.items()}, **EN_RU
    )
    assert [(pair.id, pair.source) for pair in pairs] == [
        ("1", "Acid"), ("1-2", "Base"), ("1-2-2", "Salt"), ("1-3", "Iron")
    ]  # fmt: skip
    assert faults == ["c.tmx:2: the id 1 stands twice, with the same texts; pair left out"]


VARIANTS = {
    (("en-US", "Sulfur"), ("en-GB", "Sulphur"), ("ru-RU", "Сера")): [("1", "Sulfur"), ("1-2", "Sulphur")],
    (("en-US", "Sulfur"), ("en-GB", "Sulfur"), ("ru-RU", "Сера")): [("1", "Sulfur")],
    (("en-US", "Sulfur"), ("en-GB", " "), ("ru-RU", "Сера")): [("1", "Sulfur")],
    (("en", "Sulfur"), ("ru", "Сера"), ("ru", "сера")): [("1", "Sulfur"), ("1-2", "Sulfur")],
}


@pytest.mark.parametrize(("texts", "expected"), VARIANTS.items())
def test_variants_of_a_language_are_a_pair_each(
    tmp_path: Path, texts: tuple[tuple[str, str], ...], expected: list[tuple[str, str]]
) -> None:
    content = f"{HEAD}{unit('1', *texts)}</body></tmx>"
    pairs, faults = reading(tmx.read, tmp_path, {"x.tmx": content}, **EN_RU)
    assert ([(pair.id, pair.source) for pair in pairs], faults) == (expected, [])


def test_a_unit_of_very_many_variants_is_refused(tmp_path: Path) -> None:
    texts = [(code, f"{code}{i}") for code in ("en", "ru") for i in range(100)]
    pairs, faults = reading(tmx.read, tmp_path, {"x.tmx": f"{HEAD}{unit('1', *texts)}</body></tmx>"}, **EN_RU)
    assert (pairs, faults) == ([], ["x.tmx:2: 1 has 100 by 100 texts; pairs left out"])
