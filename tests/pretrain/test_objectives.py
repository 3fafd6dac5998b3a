"""Masks, examples of every objective, and batches of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chemxl.models.training import IGNORED
from chemxl.pretrain.objectives import Builder, Example, Masking, Mixture, collate
from chemxl.pretrain.text import Pieces

PAD, FIRST, LAST, MASK = 0, 2, 3, 4
OWN, OTHER = range(5, 60), torch.arange(60, 80)  # what texts hold, and what is drawn from: told apart
SIZES = st.lists(st.integers(1, 4), max_size=12)  # pieces a word
SEEDS = st.integers(0, 2**31)


def text(sizes: Sequence[int], seed: int = 0) -> Pieces:
    """Words of so many pieces."""
    words = np.repeat(np.arange(len(sizes)), sizes)
    return Pieces(np.random.default_rng(seed).choice(OWN, size=len(words)).astype(np.int32), words.astype(np.int32))


def numbered(size: int, *, start: int = 0) -> Pieces:
    """A piece a word, each with an id of its own."""
    return Pieces(np.arange(start, start + size), np.arange(size))


def builder(block: int = 64) -> Builder:
    return Builder((FIRST, LAST), block=block)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def masking(**changed: object) -> Masking:
    return Masking(**({"mask": MASK, "pieces": OTHER} | changed))  # type: ignore[arg-type]


def table(examples: Sequence[Example], name: str, filler: int) -> torch.Tensor:
    """A naive padding, (B, T)."""
    longest = max(len(example) for example in examples)
    return torch.tensor([[*getattr(e, name).tolist(), *[filler] * (longest - len(e))] for e in examples])


def examples(sizes: Sequence[Sequence[int]]) -> list[Example]:
    """Each text by itself, and each beside the next."""
    texts = [text(own, seed) for seed, own in enumerate(sizes)]
    made = [builder().single(own) for own in texts]
    return made + [builder().double(a, b) for a, b in pairwise(texts)]


@settings(deadline=None)
@given(st.lists(SIZES, min_size=1, max_size=5), SEEDS, st.sampled_from([0.0, 0.15, 0.5, 1.0]), st.booleans())
def test_only_words_are_hidden_and_only_what_is_hidden_is_asked(
    sizes: list[list[int]], seed: int, rate: float, whole_words: bool
) -> None:
    rows = examples(sizes)
    made = masking(rate=rate, whole_words=whole_words)
    batch = collate(rows, masking=made, pad=PAD, generator=generator(seed))
    ids, words = table(rows, "ids", PAD), table(rows, "words", -1)
    read, labels = batch["input_ids"], batch["labels"]
    asked = labels != IGNORED
    assert not asked[(ids == PAD) | (ids == FIRST) | (ids == LAST)].any()
    assert torch.equal(labels[asked], ids[asked])
    assert torch.equal(read[~asked], ids[~asked])
    assert all(now in (MASK, was) or now in OTHER for now, was in zip(read[asked], ids[asked], strict=True))
    if rate == 0.0:
        assert not asked.any()
    if rate == 1.0:
        assert torch.equal(asked, words >= 0)
    if whole_words:
        for row, numbers in zip(asked, words, strict=True):
            assert all(len(set(row[numbers == n].tolist())) == 1 for n in set(numbers.tolist()) - {-1})
    again = collate(rows, masking=made, pad=PAD, generator=generator(seed))
    assert all(torch.equal(batch[name], again[name]) for name in batch)


@pytest.mark.parametrize("whole_words", [False, True])
def test_fifteen_in_a_hundred_are_hidden_and_eight_in_ten_masked(whole_words: bool) -> None:
    sizes = np.random.default_rng(0).integers(1, 5, size=(200, 400)).tolist()
    rows = [builder().single(text(own, seed)) for seed, own in enumerate(sizes)]
    batch = collate(rows, masking=masking(whole_words=whole_words), pad=PAD, generator=generator())
    ids, words = table(rows, "ids", PAD), table(rows, "words", -1)
    asked, read = batch["labels"] != IGNORED, batch["input_ids"]
    count = int(asked.sum())
    assert count > 20_000
    assert count / int((words >= 0).sum()) == pytest.approx(0.15, abs=0.01)
    fates = [(read == MASK) & asked, torch.isin(read, OTHER) & asked, (read == ids) & asked]
    assert [int(fate.sum()) / count for fate in fates] == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
    drawn = Counter(read[fates[1]].tolist())
    assert set(drawn) == set(OTHER.tolist())
    assert max(drawn.values()) < 2 * min(drawn.values())
    # Of a word's pieces after a hidden one, all are hidden, or 15 in 100.
    inner = (words[:, 1:] == words[:, :-1]) & (words[:, 1:] >= 0) & asked[:, :-1]
    assert float(asked[:, 1:][inner].float().mean()) == pytest.approx(1.0 if whole_words else 0.15, abs=0.01)
    # Of the words after a hidden one, always 15 in 100.
    outer = (words[:, 1:] != words[:, :-1]) & (words[:, 1:] >= 0) & asked[:, :-1]
    assert float(asked[:, 1:][outer].float().mean()) == pytest.approx(0.15, abs=0.02)
    # Rows are drawn for themselves.
    assert len({tuple(row[:200].tolist()) for row in asked}) == len(rows)


def test_a_words_number_tells_it_apart_and_nothing_more() -> None:
    """Late blocks of a large corpus have numbers of millions: they must not cost memory."""
    made, ids = masking(whole_words=True, rate=0.5), torch.full((4, 12), 7)
    words = torch.tensor([[-1, 0, 0, 1, 2, 2, -1, 3, 4, 4, 4, -1]]).expand(4, -1)
    low = made(ids, words, generator())
    high = made(ids, torch.where(words < 0, words, words + 1000), generator())
    assert all(torch.equal(a, b) for a, b in zip(low, high, strict=True))
    assert (low[1] != IGNORED).any()


@pytest.mark.parametrize("whole_words", [False, True])
def test_nothing_to_hide(whole_words: bool) -> None:
    batch = collate(
        [builder().single(numbered(0))], masking=masking(whole_words=whole_words), pad=PAD, generator=generator()
    )
    assert batch["input_ids"].tolist() == [[FIRST, LAST]]
    assert (batch["labels"] == IGNORED).all()


def test_masks_differ_from_batch_to_batch() -> None:
    drawn, rows = generator(), [builder().single(text([1] * 40))]
    first, second = (collate(rows, masking=masking(), pad=PAD, generator=drawn)["labels"] for _ in range(2))
    assert not torch.equal(first, second)


def test_a_batch_by_hand() -> None:
    rows = [
        builder().double(numbered(2, start=10), numbered(1, start=20), follows=1),
        builder().translation(numbered(1, start=30), numbered(1, start=40), ("ru", "en")),
        builder().single(numbered(2, start=50)),
    ]
    batch = collate(rows, masking=masking(rate=0.0), pad=PAD, generator=generator())
    assert {name: tensor.tolist() for name, tensor in batch.items()} == {
        "input_ids": [
            [FIRST, 10, 11, LAST, 20, LAST],
            [FIRST, 30, LAST, 40, LAST, PAD],
            [FIRST, 50, 51, LAST, PAD, PAD],
        ],
        "attention_mask": [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0]],
        "token_type_ids": [[0, 0, 0, 0, 1, 1], [1, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]],
        "position_ids": [[0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 0], [0, 1, 2, 3, 0, 0]],
        "labels": [[IGNORED] * 6] * 3,
        "follows": [1, IGNORED, IGNORED],
    }
    assert all(tensor.dtype == torch.int64 for tensor in batch.values())


@settings(deadline=None)
@given(SIZES, SIZES, st.integers(8, 40), st.booleans(), st.sampled_from([(0, 1), (1, 0), (1, 1)]))
def test_two_stretches(left: list[int], right: list[int], block: int, reset: bool, segments: tuple[int, int]) -> None:
    a, b = text(left, 1), text(right, 2)
    made = builder(block).double(a, b, segments=segments, reset=reset, follows=1)
    half = (block - 3) // 2
    first, second = [FIRST, *a.ids[:half], LAST], [*b.ids[:half], LAST]
    assert made.ids.tolist() == first + second
    assert len(made) <= block
    assert made.segments.tolist() == [segments[0]] * len(first) + [segments[1]] * len(second)
    whole = list(range(len(made)))
    assert made.positions.tolist() == ([*whole[: len(first)], *whole[: len(second)]] if reset else whole)
    assert made.follows == 1
    own, other = made.words[1 : len(first) - 1], made.words[len(first) : -1]
    assert made.words[[0, len(first) - 1, -1]].tolist() == [-1] * 3
    assert not set(own.tolist()) & set(other.tolist()), "a word of one stretch is none of the other"
    for found, given_words in ((own, a.words), (other, b.words)):
        assert np.array_equal(np.diff(found), np.diff(given_words[:half]))
        assert (found >= 0).all()


@pytest.mark.parametrize(("languages", "segments"), [(("en", "ru"), [0, 1]), (("ru", "en"), [1, 0])])
def test_a_translation_tells_languages_and_begins_anew(languages: tuple[str, str], segments: list[int]) -> None:
    made = builder(12).translation(numbered(9, start=10), numbered(3, start=30), languages)
    assert made.ids.tolist() == [FIRST, 10, 11, 12, 13, LAST, 30, 31, 32, LAST]
    assert made.segments.tolist() == [segments[0]] * 6 + [segments[1]] * 4
    assert made.positions.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3]
    assert made.follows == IGNORED


def stretches(counts: Sequence[int]) -> list[list[Pieces]]:
    """Stretches of one piece, whose id tells the text and the place in it."""
    return [[numbered(1, start=1000 * (t + 1) + place) for place in range(n)] for t, n in enumerate(counts)]


def places(example: Example) -> tuple[tuple[int, int], tuple[int, int]]:
    """Text and place of both stretches."""
    _, a, _, b, _ = example.ids.tolist()
    return divmod(a, 1000), divmod(b, 1000)


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), SEEDS)
def test_successions_tell_true_neighbours_from_others(counts: list[int], seed: int) -> None:
    made = list(builder().successions(stretches(counts), np.random.default_rng(seed)))
    asked = [(t + 1, place) for t, n in enumerate(counts) for place in range(n - 1)]
    assert [places(example)[0] for example in made] == asked, "each stretch that has a next is asked once"
    for example in made:
        (text_a, a), (text_b, b) = places(example)
        assert example.follows == int(text_a == text_b)
        assert text_a != text_b or b == a + 1
        assert example.segments.tolist() == [0, 0, 0, 1, 1]


def test_half_of_the_successions_follow() -> None:
    made = list(builder().successions(stretches([500, 500, 500, 500]), np.random.default_rng(0)))
    assert sum(example.follows for example in made) / len(made) == pytest.approx(0.5, abs=0.05)
    drawn = Counter((a, b) for (a, _), (b, _) in map(places, made) if a != b)
    assert len(drawn) == 12, "every other text is drawn from"
    assert max(drawn.values()) < 2 * min(drawn.values())
    spread = {place for example in made for place in [places(example)[1][1]] if not example.follows}
    assert len(spread) > 400, "and so are all places of it"


def test_a_lone_text_has_followers_only_and_an_empty_one_has_none() -> None:
    lone = list(builder().successions(stretches([4]), np.random.default_rng(0)))
    assert [example.follows for example in lone] == [1, 1, 1]
    beside = list(builder().successions([[], *stretches([40, 40]), []], np.random.default_rng(0)))
    assert len(beside) == 78
    assert {example.follows for example in beside} == {0, 1}


def test_blocks_are_full() -> None:
    made = list(builder(8).blocks([numbered(7, start=10), numbered(8, start=30)]))
    assert [example.ids.tolist() for example in made] == [
        [FIRST, 10, 11, 12, 13, 14, 15, LAST],
        [FIRST, 16, LAST, 30, 31, 32, 33, LAST],
        [FIRST, 34, 35, 36, 37, LAST],
    ]
    for example in made:
        assert np.array_equal(example.words < 0, np.isin(example.ids, [FIRST, LAST]))
        assert example.positions.tolist() == list(range(len(example)))
        assert not example.segments.any()
        assert example.follows == IGNORED


def test_shares_make_a_whole() -> None:
    assert Mixture(mlm=0.5, tlm=0.5).nsp == 0
    assert Mixture(mlm=0.7, nsp=0.2, tlm=0.1)
    with pytest.raises(ValidationError, match="make their sum 1"):
        Mixture(tlm=0.5)
    with pytest.raises(ValidationError):
        Mixture(mlm=1.5, tlm=-0.5)
