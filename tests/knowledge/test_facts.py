"""Facts are found where both ends stand, said in the other language, and asked for by their relation alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from chemxl.corpora.paired import Fact
from chemxl.errors import CorpusError
from chemxl.knowledge import facts as module
from chemxl.knowledge.entities import Marked, marked_pieces
from chemxl.knowledge.facts import RELATIONS, FactFinder, Facts, Part, behind, names_of
from chemxl.knowledge.lexicon import Lexicon
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import IGNORED
from chemxl.pretrain.objectives import Builder, Masking, collate
from chemxl.pretrain.text import pieces

TOKENIZER = mini_tokenizer()
BUILDER = Builder(encoders.specials(TOKENIZER), block=48)
NOTHING_HIDDEN = Lexicon(language="ru", sources=("mini",), held_out=0)


def fact(relation: str, head: str, tail: str, head_ru: str, tail_ru: str, code: str = "ru") -> Fact:
    by = ("us",)
    return Fact(head + tail, relation, (head, tail), (head_ru, tail_ru), ("en", code), by, (by, by))


KNOWN = [
    fact("treats", "aspirin", "headache", "аспирин", "Головная боль"),
    fact("may cause", "aspirin", "nausea", "аспирин", "тошнота"),
    fact("treats", "cisplatin", "cancer", "顺铂", "癌症", "zh"),
]
ENGLISH, RUSSIAN = (FactFinder(KNOWN, code, [NOTHING_HIDDEN]) for code in ("en", "ru"))


def test_both_ends_have_to_stand_in_the_text() -> None:
    assert ENGLISH.find("Headache after aspirin, no nausea") == KNOWN[:2]
    assert ENGLISH.find("Aspirin for pain") == ENGLISH.find("headache and nausea") == []
    assert RUSSIAN.find("От головной боли помог аспирин") == KNOWN[:1]


def test_a_fact_is_said_in_the_other_language() -> None:
    said = ENGLISH.verbalised(KNOWN[0])
    assert said.text == "аспирин применяют при: головная боль"
    assert [said.text[a:b] for a, b in said.spans] == ["аспирин", RELATIONS["treats"]["ru"], "головная боль"]
    assert RUSSIAN.verbalised(KNOWN[0]).text == "aspirin treats headache"
    chinese = FactFinder(KNOWN, "en", []).verbalised(KNOWN[2])
    assert chinese.text == "顺铂治疗癌症" and [chinese.text[a:b] for a, b in chinese.spans] == ["顺铂", "治疗", "癌症"]


def test_held_out_names_are_in_no_fact() -> None:
    lexicon = Lexicon(language="ru", sources=("mini",), held_out=0.5)
    finder = FactFinder(Facts(language="ru", name="mini").load(), "en", [lexicon])
    kept = [one for found in finder.facts.values() for one in found]
    assert kept and not any(lexicon.hides(name) for one in kept for name in one.source)
    hidden = {pair.target for pair in lexicon.pairs() if lexicon.hides(pair.source)}
    assert not hidden & {name for one in kept for name in one.target}
    assert len(kept) < len(Facts(language="ru", name="mini").load())


def test_relations_are_permuted_and_sources_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given = Facts(language="ru", name="mini")
    right, wrong = given.load(), given.model_copy(update={"permuted": True}).load()
    assert sorted(one.relation for one in right) == sorted(one.relation for one in wrong)
    assert [one.source for one in right] == [one.source for one in wrong]
    assert np.mean([a.relation != b.relation for a, b in zip(right, wrong, strict=True)]) > 0.2
    monkeypatch.setattr(module, "_facts", lambda *_: KNOWN)
    assert given.load() == KNOWN, "languages are the reader's business"
    assert given.model_copy(update={"without": ("us",)}).load() == []


@pytest.mark.parametrize(("hides", "place"), [("relation", 1), ("tail", 2)])
def test_all_of_the_relation_is_asked_for_and_nothing_else(hides: Part, place: int) -> None:
    [text] = pieces(TOKENIZER, ["Headache after aspirin."])
    said = [ENGLISH.verbalised(one) for one in KNOWN[:2]]
    example = behind(BUILDER, text, marked_pieces(TOKENIZER, said), hides=hides)
    masking = Masking(TOKENIZER.mask_token_id, torch.arange(10, 400), whole_words=True)
    batch = collate([example], masking=masking, pad=0, generator=torch.Generator().manual_seed(0))
    asked = batch["labels"][0]
    wanted = [marked_pieces(TOKENIZER, [Marked(one.text[slice(*one.spans[place])], ())])[0][0] for one in said]
    assert TOKENIZER.decode(asked[asked != IGNORED]) == TOKENIZER.decode([i for one in wanted for i in one.ids])
    assert (batch["input_ids"][0] != torch.from_numpy(example.ids)).sum() <= (asked != IGNORED).sum()


def test_a_long_text_makes_room_for_a_fact_and_a_block_is_never_too_long() -> None:
    [text] = pieces(TOKENIZER, ["aspirin headache nausea " * 30])
    said = marked_pieces(TOKENIZER, [ENGLISH.verbalised(one) for one in KNOWN[:2]] * 5)
    example = behind(BUILDER, text, said, hides="relation")
    assert len(example) <= BUILDER.block and example.rates is not None and example.rates.sum() > 0
    assert (example.ids == BUILDER.last).sum() >= 2
    with pytest.raises(CorpusError, match="at least one fact"):
        behind(BUILDER, text, [], hides="relation")


def test_all_that_can_be_said_is_known_beforehand() -> None:
    said = set(names_of(KNOWN))
    for finder in (ENGLISH, RUSSIAN):
        for found in finder.facts.values():
            for one in found:
                made = finder.verbalised(one)
                assert {made.text[a:b] for a, b in made.spans} <= said
