"""A text that is read in another's place: what is found in it is found where it came from."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chemxl.collect import cleanup, homoglyphs, line_ends
from chemxl.collect.cleanup import Mended, clean
from chemxl.documents import Document, Mention, words
from tests.collect.test_cleanup import ALPHABET

TEXTS = st.text(st.sampled_from(f"{ALPHABET}-‐¬\u00ad\r\n\u2028 ()"), max_size=60)


def traced(text: str) -> list[tuple[str, int, int]]:
    """The characters of the mended text, each with what it was: step by step, character by character."""
    now = [(character, i, i + 1) for i, character in enumerate(text)]
    for step in (line_ends.joins, *cleanup._STEPS):
        was, done, made = now, 0, []
        for edit in step("".join(character for character, *_ in was)):
            made += was[done : edit.start]
            if edit.start < edit.end:
                made += [(new, was[edit.start][1], was[edit.end - 1][2]) for new in edit.new]
            done = edit.end
        now = [*made, *was[done:]]
    return now


@given(TEXTS, st.data())
def test_offsets_go_back_to_what_characters_were(text: str, data: st.DataObject) -> None:
    mended, due = Mended(text), traced(text)
    assert mended.text == "".join(character for character, *_ in due)
    spans = words(mended.text)
    if mended.text:
        start = data.draw(st.integers(0, len(mended.text) - 1))
        spans.append((start, data.draw(st.integers(start + 1, len(mended.text)))))
    for start, end in spans:
        assert mended.back((start, end)) == (due[start][1], due[end - 1][2])


@given(TEXTS)
def test_words_go_back_to_words_beside_each_other(text: str) -> None:
    mended = Mended(text)
    found = [mended.back(span) for span in words(mended.text)]
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(first[0] <= second[0] and first[1] <= second[1] for first, second in pairwise(found))
    for start, end in found:
        assert text[start] not in "\u00ad\u200b" and text[end - 1] not in "\u00ad\u200b", "nothing that went beside it"


@given(TEXTS.map(lambda text: text.replace("\n", " ").replace("\r", " ").replace("\u2028", " ")))
def test_what_is_found_is_what_cleaning_makes_of_it(text: str) -> None:
    """The way there, of :func:`clean`, and the way back."""
    mended = Mended(text)
    spans = words(mended.text)
    mentions = tuple(Mention.of("X", *mended.back(span), id=f"T{i}") for i, span in enumerate(spans))
    there, _ = clean(Document("d", text, mentions))
    assert there.text == mended.text
    for mention in there.mentions:
        start, end = spans[int(mention.id[1:])]
        assert mention.start <= start and end <= mention.end
        if mention.span != (start, end):  # the word ends inside of characters that one was mended into
            assert any(
                mended.back((i, i + 1)) == mended.back((i + 1, i + 2))
                for i in range(*mention.span[:1], mention.end - 1)
            )


@given(TEXTS)
@example("D\u2028CВо")  # of letters that have doubles, alone on its line, in a text in Latin letters
@example("D ΑВ")
@example("αxαΑМ👩В\u2028IDαap")  # a word that its mended neighbour tells of
@example("Бé\x00ɑ")
@example("\u200d\u00ad\u1112\u1161H")
def test_a_text_without_traps_stays(text: str) -> None:
    once = Mended(text).text
    again = Mended(once)
    if "-" not in once and "‐" not in once and "¬" not in once:
        assert again.text == once and again.back((0, 1)) == (0, 1)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("ацетил-\nсалициловая кислота", "ацетилсалициловая кислота"),
        ("ацетил- \n  салициловая", "ацетилсалициловая"),
        ("acetylsali-\r\ncylic acid", "acetylsalicylic acid"),
        ("acetylsali\u00ad\ncylic acid", "acetylsalicylic acid"),
        ("ацетил¬\nсалициловая", "ацетилсалициловая"),
        ("АЦЕТИЛ¬\nСАЛИЦИЛОВАЯ", "АЦЕТИЛСАЛИЦИЛОВАЯ"),
        ("2-\nmethylpropane", "2-methylpropane"),
        ("N-\nacetylcysteine", "N-acetylcysteine"),
        ("tert-\nbutyl", "tert-butyl"),
        ("альфа-\nтокоферол", "альфа-токоферол"),
        ("(3,4-dihydroxy)-\nphenyl", "(3,4-dihydroxy)-phenyl"),
        ("COX-\n2", "COX-2"),
        ("Anglo-\nSaxon", "Anglo-Saxon"),
        ("beta-blocker, a beta-\nblocker", "beta-blocker, a beta-blocker"),
        ("calcium-channel, then calcium-\nchannel", "calcium-channel, then calcium-channel"),
        ("betaine, beta-\nine", "betaine, betaine"),
    ],
)
def test_words_that_were_cut_at_a_line_end(text: str, right: str) -> None:
    assert Mended(text).text == right


@pytest.mark.parametrize("text", ["- one\n- two", "acid -\nbase", "amino-\n\nacid", "x—\ny", "-\n-", "a-\n"])
def test_other_line_ends_are_left_alone(text: str) -> None:
    mended = Mended(text)
    assert mended.text == text and mended.back((0, 1)) == (0, 1)


def test_the_surface_is_that_of_the_text_that_came() -> None:
    text = "СОX\u00ad-2, eﬃcacy of cafe\u0301ine; амино-\nкислота"
    mended = Mended(text)
    assert mended.text == "COX-2, efficacy of caféine; аминокислота"
    surfaces = [text[slice(*mended.back(span))] for span in words(mended.text)]
    assert surfaces == ["СОX", "-", "2", ",", "eﬃcacy", "of", "cafe\u0301ine", ";", "амино-\nкислота"]
    assert homoglyphs.MIXED not in mended.text
