"""Switching loses no text, and of a text with entities whole entities are hidden."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from chemxl.documents import Pair
from chemxl.knowledge.entities import Marked, Names, hiding, marked_pieces
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import IGNORED
from chemxl.pretrain.objectives import Builder, Masking, collate

PAIRS = [
    Pair("1", "renal failure", "почечная недостаточность"),
    Pair("2", "aspirin", "аспирин"),
    Pair("3", "failure to thrive", "задержка развития"),
    Pair("4", "aspirin", "阿司匹林", ("en", "zh")),
    Pair("5", "pain", "боль"),
]
ENGLISH, RUSSIAN, CHINESE = (Names(PAIRS, code) for code in ("en", "ru", "zh"))
TEXT = "Aspirin for pain in renal failure to thrive."
TOKENIZER = mini_tokenizer()
BUILDER = Builder(encoders.specials(TOKENIZER), block=64)


def test_names_change_places_with_a_translation_into_any_language() -> None:
    matches = ENGLISH.find(TEXT)
    assert [TEXT[m.start : m.end] for m in matches] == ["Aspirin", "pain", "failure to thrive"]
    seen = set()
    for seed in range(20):
        made = ENGLISH.switch(TEXT, matches, [0, 2], np.random.default_rng(seed))
        seen.add(made.text)
        assert [made.text[a:b] for a, b in made.spans][1:] == ["pain", "задержка развития"]
        assert made.switched == (made.spans[0], made.spans[2])
    assert seen == {f"{name} for pain in renal задержка развития." for name in ("аспирин", "阿司匹林")}


def test_both_directions_and_every_case_form() -> None:
    text = "После аспирина боли прошли"
    made = RUSSIAN.switch(text, RUSSIAN.find(text), [0, 1], np.random.default_rng(0))
    assert made.text == "После aspirin pain прошли"
    assert (
        CHINESE.switch("服阿司匹林后", CHINESE.find("服阿司匹林后"), [0], np.random.default_rng(0)).text
        == "服aspirin后"
    )


@settings(max_examples=80, deadline=None)
@given(
    words=st.lists(st.sampled_from([*"ab,.", "pain", "Aspirin", "renal failure to thrive", "painful"]), max_size=12),
    seed=st.integers(0, 99),
)
def test_nothing_between_names_is_lost(words: list[str], seed: int) -> None:
    """The authors' code loses what stands behind the last name that is switched, and names that overlap."""
    text, rng = " ".join(words), np.random.default_rng(seed)
    matches = ENGLISH.find(text)
    chosen = [i for i in range(len(matches)) if rng.random() < 0.5]
    made = ENGLISH.switch(text, matches, chosen, rng)

    def between(text: str, spans: list[tuple[int, int]]) -> list[str]:
        ends = [0, *(end for _, end in spans)]
        return [text[a:b] for a, b in zip(ends, [*(start for start, _ in spans), len(text)], strict=True)]

    assert between(text, [(m.start, m.end) for m in matches]) == between(made.text, list(made.spans))
    kept = [i for i in range(len(matches)) if i not in chosen]
    assert [made.text[slice(*made.spans[i])] for i in kept] == [text[matches[i].start : matches[i].end] for i in kept]
    assert len(made.switched) == len(chosen)


def test_pieces_of_an_entity_are_one_unit() -> None:
    text = "боль и почечная недостаточность"
    [(pieces, entity)] = marked_pieces(TOKENIZER, [Marked(text, ((0, 4), (7, len(text))))])
    assert len(pieces) == len(entity) and set(entity.tolist()) == {-1, 0, 1}
    assert len(set(pieces.words[entity == 1].tolist())) == 1 and (entity == 1).sum() > 1
    assert not set(pieces.words[entity == 1].tolist()) & set(pieces.words[entity != 1].tolist())
    [(nothing, none)] = marked_pieces(TOKENIZER, [Marked("", ())])
    assert len(nothing) == len(none) == 0


MASKING = Masking(TOKENIZER.mask_token_id, torch.arange(10, 400), rate=0.15, whole_words=True)


def hidden(marked: Marked, *, draws: int = 300, **how: float) -> torch.Tensor:
    """(draws, T) which pieces of a text are asked for."""
    [(pieces, entity)] = marked_pieces(TOKENIZER, [marked])
    example = hiding(BUILDER, pieces, entity, rate=0.15, **how)  # type: ignore[arg-type]
    batch = collate([example] * draws, masking=MASKING, pad=0, generator=torch.Generator().manual_seed(0))
    return batch["labels"] != IGNORED


LONG = "Patients took aspirin and ibuprofen every day, and the pain was gone within two hours of the first dose."


def spans(*names: str) -> tuple[tuple[int, int], ...]:
    return tuple((LONG.index(name), LONG.index(name) + len(name)) for name in names)


def test_whole_entities_alone_are_hidden_as_often_as_the_rate_says() -> None:
    names = ("aspirin", "ibuprofen", "pain")
    asked = hidden(Marked(LONG, spans(*names)))
    [(pieces, entity)] = marked_pieces(TOKENIZER, [Marked(LONG, spans(*names))])
    assert not asked[:, np.pad(entity, 1, constant_values=-1) < 0].any(), "nothing outside of entities"
    for i in range(3):
        of = asked[:, np.pad(entity, 1, constant_values=-1) == i]
        assert (of.all(1) | ~of.any(1)).all() and of.any() and not of.all()
    assert asked.sum() / asked.shape[0] == pytest.approx(0.15 * len(pieces), rel=0.15)


def test_words_and_entities_one_to_one() -> None:
    """The paper's appendix: half of what is hidden are words."""
    marked = Marked(LONG, spans("aspirin", "ibuprofen", "pain"))
    [(pieces, entity)] = marked_pieces(TOKENIZER, [marked])
    asked = hidden(marked, words=0.5)[:, 1:-1]
    named = torch.from_numpy(entity >= 0)
    inside, outside = asked[:, named].sum().item(), asked[:, ~named].sum().item()
    assert inside == pytest.approx(outside, rel=0.2)
    assert (inside + outside) / len(asked) == pytest.approx(0.15 * len(pieces), rel=0.15)


def test_a_bound_on_the_pieces_of_an_entity() -> None:
    marked = Marked(LONG, spans("aspirin", "ibuprofen"))
    [(_, entity)] = marked_pieces(TOKENIZER, [marked])
    sizes = {i: int((entity == i).sum()) for i in (0, 1)}
    longest = min(sizes.values())
    assert len(set(sizes.values())) == 2, "the test needs a short and a long one"
    asked = hidden(marked, longest=longest)[:, 1:-1]
    for i, size in sizes.items():
        assert bool(asked[:, torch.from_numpy(entity == i)].any()) == (size <= longest)
