"""Texts without what is tested on, their pieces, and packed blocks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.corpora.texts import OneSide, ParallelText, Texts
from chemxl.documents import Document
from chemxl.models.subwords import mini_tokenizer
from chemxl.pretrain.text import Gathered, Pieces, gather, pack, pieces

SEPARATOR = 3
SIZES = st.lists(st.integers(1, 4), max_size=8)  # pieces a word


def texts(sizes: Sequence[Sequence[int]]) -> list[Pieces]:
    """Words of so many pieces; no id stands twice, and none is the separator's."""
    made, start = [], 10
    for own in sizes:
        words = np.repeat(np.arange(len(own)), own)
        made.append(Pieces(np.arange(start, start + len(words), dtype=np.int32), words.astype(np.int32)))
        start += len(words)
    return made


@settings(deadline=None)
@given(st.lists(SIZES, max_size=8), st.integers(1, 20))
def test_packing_loses_and_doubles_nothing(sizes: list[list[int]], size: int) -> None:
    given_texts = texts(sizes)
    blocks = list(pack(given_texts, size=size, separator=SEPARATOR))
    assert all(len(block) == size for block in blocks[:-1])
    assert all(0 < len(block) <= size for block in blocks[-1:])
    ids = [i for block in blocks for i in block.ids.tolist()]
    expected = [i for text in given_texts for i in [*text.ids.tolist(), SEPARATOR]][:-1]
    assert ids == expected
    # A number stands for one word of one text, and a word has one number.
    numbers = [n for block in blocks for n in block.words.tolist()]
    owners = [(t, n) for t, text in enumerate(given_texts) for n in [*text.words.tolist(), None]][:-1]
    assert len(numbers) == len(owners)
    for number, (_, word) in zip(numbers, owners, strict=True):
        assert (number == -1) == (word is None)
    told = {(number, owner) for number, owner in zip(numbers, owners, strict=True) if number >= 0}
    assert len(told) == len({number for number, _ in told}) == len({owner for _, owner in told})


def test_the_end_of_a_text_and_the_begin_of_the_next_are_two_words() -> None:
    (block,) = pack(texts([[1, 2], [3]]), size=10, separator=SEPARATOR)
    assert block.ids.tolist() == [10, 11, 12, SEPARATOR, 13, 14, 15]
    a, b, c = block.words[[0, 1, 4]].tolist()
    assert block.words.tolist() == [a, b, b, -1, c, c, c]
    assert len({a, b, c, -1}) == 4


def test_a_slice_of_pieces() -> None:
    (text,) = texts([[2, 1, 1]])
    assert (text[1:3].ids.tolist(), text[1:3].words.tolist(), len(text[1:3])) == ([11, 12], [0, 1], 2)


def test_pieces_are_the_tokenizers_without_its_special_ones() -> None:
    tokenizer = mini_tokenizer()
    sentences = ["Aspirin lowered it by 12%, unexpectedly.", "", "Аспирин снизил его."]
    for sentence, found in zip(sentences, pieces(tokenizer, sentences), strict=True):
        encoded = tokenizer(sentence, add_special_tokens=False)
        assert found.ids.tolist() == encoded["input_ids"]
        assert found.words.tolist() == encoded.word_ids()
        assert len(found) == len(encoded["input_ids"])
    first = pieces(tokenizer, sentences)[0]
    starts = [not token.startswith("##") for token in tokenizer.convert_ids_to_tokens(first.ids.tolist())]
    assert np.array_equal(np.diff(first.words, prepend=-1) == 1, starts), "a word is all of its pieces"
    assert not all(starts)


MINI = ParallelText(name="mini", split="test")


@pytest.mark.parametrize(("language", "side"), [("en", "source"), ("ru", "target")])
@pytest.mark.parametrize("lines", [1, 7])
def test_one_side_of_a_parallel_text(language: str, side: str, lines: int) -> None:
    sentences = [getattr(pair, side) for block in MINI.load() for pair in block]
    documents = OneSide(text=MINI, language=language, lines=lines).load()
    assert [line for document in documents for line in document.text.split("\n")] == sentences
    assert all(document.text.count("\n") == lines - 1 for document in documents[:-1])
    assert {document.language for document in documents} == {language}
    assert len({document.id for document in documents}) == len(documents)
    other = OneSide(text=MINI, language="ru" if language == "en" else "en", lines=lines).load()
    assert not {d.id for d in documents} & {d.id for d in other}


def test_a_side_that_a_text_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="es"):
        OneSide(text=MINI, language="es").load()


@dataclass(frozen=True)
class Given:
    """A source of these documents."""

    documents: tuple[Document, ...]

    def load(self) -> list[Document]:
        return list(self.documents)


def document(id: str, text: str, *, language: str = "en") -> Document:
    return Document(id, text, language=language)


LIVER = "The new inhibitor lowered the activity of the enzyme in rat liver by a third within two hours of a single dose"
HEART = "Patients with a failing heart were given the old glycoside every morning for six weeks without any side effect"
LUNG = "Mice that had breathed fine silver dust for a month showed scars in both lungs and fewer cells in their blood"
BRAIN = (
    "A peptide from the venom of a cone snail silenced pain in the spinal cord of dogs better than morphine ever did"
)
KIDNEY = "Почки крыс, получавших соль свинца, весили на четверть больше, а мочевина в крови выросла за неделю вдвое"


def counts(found: Sequence[Gathered]) -> list[tuple[list[str], int, int]]:
    """Ids that stay, leaks, copies."""
    for source in found:
        assert len(source.documents) + source.leaking + source.copies == len(source.source.load())
    return [([d.id for d in source.documents], source.leaking, source.copies) for source in found]


def gathered(sources: Sequence[Sequence[Document]], held_out: Sequence[Sequence[Document]]) -> list[Gathered]:
    return gather([Given(tuple(s)) for s in sources], [Given(tuple(s)) for s in held_out])  # type: ignore[misc]


def test_what_is_tested_on_is_left_out_by_id_translation_and_text() -> None:
    source = [
        document("1_en", LIVER),
        document("2_en", HEART),
        document("3_en", LUNG),
        document("4_en", f"Preface to what follows. {BRAIN} indeed."),
        document("5_ru", KIDNEY, language="ru"),
    ]
    first = [document("1_en", "Another text altogether under the same id")]
    second = [document("2_ru", "Перевод, о котором говорит только номер", language="ru"), document("9_en", BRAIN)]
    assert counts(gathered([source], [])) == [([d.id for d in source], 0, 0)]
    assert counts(gathered([source], [first, second])) == [(["3_en", "5_ru"], 3, 0)]
    (found,) = gathered([source], [first, second])
    assert found.documents == [source[2], source[4]], "as they are"


def test_copies_are_left_out_of_the_later_source() -> None:
    one = [document("1_en", LIVER), document("2_en", HEART), document("3_en", f"{LIVER}.")]
    other = [document("a", LUNG), document("b", f"{HEART} at all"), document("c", LUNG)]
    assert counts(gathered([one, other], [])) == [(["1_en", "2_en"], 0, 1), (["a"], 0, 2)]
    assert counts(gathered([other, one], [])) == [(["a", "b"], 0, 1), (["1_en"], 0, 2)]


def test_a_leak_that_is_also_a_copy_counts_once() -> None:
    one, other = [document("1_en", LIVER), document("2_en", LUNG)], [document("a", LIVER), document("b", BRAIN)]
    assert counts(gathered([one, other], [[document("9_en", LIVER)]])) == [(["2_en"], 1, 0), (["b"], 1, 0)]


def test_the_mini_corpus_is_tested_on_what_it_is_not_trained_on() -> None:
    train = Texts(name="mini", split="train")
    (found,) = gather([train], [Texts(name="mini", split="test"), Texts(name="mini", split="dev")])
    assert (found.leaking, found.copies) == (0, 0)
    assert found.documents == train.load()
    assert found.source == train


def test_translations_of_what_is_tested_on_are_left_out() -> None:
    english, russian = (Texts(name="mini", split="train", language=language) for language in ("en", "ru"))
    (found,) = gather([english], [russian])
    assert (found.documents, found.leaking, found.copies) == ([], len(english.load()), 0)
