"""Three kinds of pairs, each as often, each learnt."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from chemxl.errors import CorpusError
from chemxl.knowledge.passages import KINDS, Linked, examples
from chemxl.pretrain.objectives import Builder, Example
from chemxl.pretrain.text import Pieces

BUILDER = Builder((1, 2), block=16)


def stretch(*ids: int) -> Pieces:
    return Pieces(np.array(ids, np.int32), np.arange(len(ids), dtype=np.int32))


# Passage n: English stretches 100 n + 1, ..., in the other language 100 n + 51, ...
PASSAGES = [
    (tuple(stretch(100 * n + i) for i in range(1, 4)), tuple(stretch(100 * n + i) for i in range(51, 54)))
    for n in range(1, 9)
]


def sides(example: Example) -> tuple[int, int]:
    first, second = example.ids[1], example.ids[3]
    return int(first), int(second)


@pytest.mark.parametrize("seed", range(5))
def test_each_kind_is_what_it_says_and_as_frequent(seed: int) -> None:
    made = list(examples(BUILDER, PASSAGES, np.random.default_rng(seed)))
    assert Counter(example.follows for example in made) == {kind: len(PASSAGES) for kind in range(3)}
    for example in made:
        first, second = sorted(sides(example))
        same, languages = first // 100 == second // 100, {first % 100 > 50, second % 100 > 50}
        match KINDS[example.follows]:
            case "positive":
                assert same and len(languages) == 2
            case "random":
                assert not same and len(languages) == 2
            case "context":
                assert same and len(languages) == 1 and second - first == 1 and sides(example) == (first, second)
        assert (example.words == -1).all(), "nothing is hidden"


def test_labels_are_permuted_and_as_frequent() -> None:
    right, wrong = (
        [e.follows for e in examples(BUILDER, PASSAGES, np.random.default_rng(0), permuted=permuted)]
        for permuted in (False, True)
    )
    assert Counter(right) == Counter(wrong) and right != wrong


def test_a_passage_of_one_stretch_follows_itself_and_one_pair_is_too_few() -> None:
    short = [((stretch(1, 2, 3, 4),), (stretch(5, 6, 7, 8),)), ((stretch(9, 10),), (stretch(11, 12),))]
    context = [e for e in examples(BUILDER, short, np.random.default_rng(0)) if KINDS[e.follows] == "context"]
    assert context[0].ids.tolist() in ([1, 1, 2, 2, 3, 4, 2], [1, 5, 6, 2, 7, 8, 2])
    with pytest.raises(CorpusError, match="at least two pairs"):
        list(examples(BUILDER, short[:1], np.random.default_rng(0)))


def test_twins_are_about_the_same_thing() -> None:
    pairs = Linked(name="mini", language="ru").pairs()
    assert len(pairs) > 50 and all(pair.languages == ("en", "ru") for pair in pairs)
    assert pairs[0].source.count("\n") == pairs[0].target.count("\n")
