"""Windows lose no word and grow over no limit."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.documents import Document
from chemxl.models.labellers import Vocabulary
from chemxl.models.readers import MAX_WORDS, WordReader
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import IGNORED
from chemxl.models.windows import Window, collate, cuts, subword_windows, window_labels

WORD = st.sampled_from(
    ["аспирин", "aspirin", "COX-2", "(ASA)", "β", "Ca2+", "е́лка", "😀", "α-D-глюкоза", "x\x00y", "\u200b", "²"]
)
TEXT = st.lists(st.tuples(WORD, st.sampled_from([" ", "\n", "", "  ", "\u00a0"])), max_size=60).map(
    lambda parts: "".join(word + space for word, space in parts)
)


@given(st.integers(0, 500), st.integers(1, 80), st.integers(0, 60))
def test_cuts_keep_every_unit_once(total: int, size: int, overlap: int) -> None:
    made = cuts(total, size, overlap)
    assert (made[0][0], made[-1][1]) == (0, total)
    assert (made[0][2], made[-1][3]) == (0, total)
    for start, stop, keep_from, keep_to in made:
        assert stop - start <= size
        assert start <= keep_from <= keep_to <= stop
    for left, right in pairwise(made):
        assert left[3] == right[2]
        assert left[1] - right[0] >= min(overlap, size - 1)
        # Context on both sides of the seam is as good as equal.
        assert abs((left[1] - left[3]) - (right[2] - right[0])) <= 1


@given(st.integers(2, 500), st.integers(2, 80), st.integers(0, 40))
def test_cuts_are_as_few_as_can_be(total: int, size: int, overlap: int) -> None:
    overlap = min(overlap, size - 1)
    count = len(cuts(total, size, overlap))
    assert count == 1 or (count - 1) * (size - overlap) + overlap < total


def kept_words(windows: list[Window], document: int) -> list[int]:
    return [word for window in windows if window.document == document for word in range(*window.kept)]


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=3), st.integers(8, 40), st.integers(0, 12))
def test_every_word_is_kept_exactly_once(texts: list[str], size: int, overlap: int) -> None:
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    tokenizer = mini_tokenizer()
    windows = subword_windows(documents, tokenizer, max_tokens=size, overlap=overlap)
    for index, document in enumerate(documents):
        assert kept_words(windows, index) == list(range(len(document.words)))
    for window in windows:
        assert len(window.ids) <= size
        assert (window.ids[0], window.ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
        assert len(window.units) == window.words[1] - window.words[0]
        assert all(0 < unit < len(window.ids) - 1 for unit in window.units)
        assert window.units == sorted(window.units)
        assert window.words[0] <= window.kept[0] < window.kept[1] <= window.words[1]


def test_a_word_is_read_at_its_first_piece() -> None:
    document = Document("a", "аспирин COX-2 (ASA)")
    tokenizer = mini_tokenizer()
    [window] = subword_windows([document], tokenizer, max_tokens=160, overlap=24)
    encoding = tokenizer.backend_tokenizer.encode(document.text)
    assert [encoding.offsets[unit][0] for unit in window.units] == [start for start, _ in document.words]


@given(st.integers(0, 3 * MAX_WORDS))
@settings(max_examples=20, deadline=None)
def test_the_word_reader_loses_nothing(total: int) -> None:
    reader = WordReader(Vocabulary(["a"], ["a"]))
    windows = reader.windows([Document("a", " ".join(["аб"] * total))])
    assert kept_words(windows, 0) == list(range(total))
    assert all(len(window.ids) <= MAX_WORDS for window in windows)


def test_a_mention_that_a_window_cuts_begins_anew() -> None:
    window = Window(0, (2, 5), (3, 5), [0] * 5, [1, 2, 3])
    begin = [0, 1, 1]  # O, B-CHEM, I-CHEM
    assert window_labels(window, [0, 1, 2, 2, 0], begin) == [1, 2, 0]


def test_a_batch_is_padded_on_the_right() -> None:
    windows = [Window(0, (0, 1), (0, 1), [7, 8, 9], [1]), Window(1, (0, 2), (0, 2), [7, 8, 8, 9], [1, 2])]
    batch = collate(windows, pad=5, labels=[[1], [0, 2]])
    assert batch["input_ids"].tolist() == [[7, 8, 9, 5], [7, 8, 8, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]
    assert batch["labels"].tolist() == [[1, IGNORED], [0, 2]]
    assert batch["lengths"].tolist() == [1, 2]


@pytest.mark.parametrize("text", ["", " \n\t", "\u00a0"])
def test_a_text_without_words_has_no_window(text: str) -> None:
    assert subword_windows([Document("a", text)], mini_tokenizer(), max_tokens=160, overlap=24) == []
