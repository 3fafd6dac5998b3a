"""Knowledge-anchored pretraining as a value: amounts, balance, the authors' defects, killed and resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pydantic
import pytest
import torch
from safetensors.torch import load_file

from chemxl.corpora.corpus import Corpus
from chemxl.corpora.texts import Texts
from chemxl.documents import Document
from chemxl.errors import CorpusError
from chemxl.experiments.experiment import Value
from chemxl.knowledge.experiments import KnowledgePretraining
from chemxl.knowledge.facts import Facts
from chemxl.knowledge.lexicon import Lexicon
from chemxl.knowledge.passages import KINDS, Linked
from chemxl.knowledge.retrieval import Retrieval, nearest
from chemxl.knowledge.stream import AnchoredStream, Levels, stretches
from chemxl.models import encoders
from chemxl.models.subwords import mini_tokenizer
from chemxl.models.training import IGNORED, Training
from chemxl.ner import FineTune
from chemxl.pretrain.experiments import PIECES
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.stream import Reading

TEXT = tuple(Texts(name="mini", split="train", language=language) for language in ("en", "ru"))
LEARN = Training(epochs=1, tokens=512, rate=1e-3, precision="fp32")
FULL = Levels(plain=0.25, entities=0.25, facts=0.25, passages=0.25)


def pretraining(levels: Levels = FULL, *, amount: int = 3000, **changed: Any) -> KnowledgePretraining:
    given: dict[str, Any] = {
        "text": TEXT,
        "lexicons": (Lexicon(language="ru", sources=("mini",), held_out=0.2),),
        "facts": (Facts(language="ru", name="mini"),),
        "linked": (Linked(name="mini", language="ru"),),
        "reading": Reading(amount=amount, block=48),
        "training": LEARN,
    }
    return KnowledgePretraining(levels=levels, **(given | changed))


def stream(value: KnowledgePretraining) -> AnchoredStream:
    documents = [document for source in value.gathered() for document in source.documents]
    tokenizer, whole = encoders.load("mini", masked=True)
    model = MaskedLanguageModel(whole, range(len(tokenizer)), kinds=value.kinds)
    made = value.stream(tokenizer, model, documents, [])
    assert isinstance(made, AnchoredStream)
    return made


def test_every_level_reads_its_share_and_all_runs_as_much() -> None:
    ways = (FULL, Levels(plain=1), Levels(entities=0.5), Levels(plain=0, entities=1, switched=False, words=0.5))
    read = [stream(pretraining(levels, amount=6000)) for levels in ways]
    for made in read:
        assert 6000 <= sum(made.lengths) < 6000 + 7 * 48, "a block a language and level over, at most"
        assert max(made.lengths) <= 48
    kinds = [example.follows for example in read[0].examples if example.follows != IGNORED]
    passages = [len(example) for example in read[0].examples if example.follows != IGNORED]
    assert 1500 <= sum(passages) < 1500 + 48 and set(kinds) == {0, 1, 2}
    assert [made.counts["names switched"] > 0 for made in read] == [True, False, True, False]


def test_as_many_names_are_switched_in_each_direction() -> None:
    counts = stream(pretraining(Levels(plain=0, entities=1), amount=24_000)).counts
    assert counts["names switched"] == counts["names switched in EN"] + counts["names switched in RU"] > 300
    assert counts["names switched in EN"] == pytest.approx(counts["names switched in RU"], rel=0.1)


def test_at_most_so_many_names_of_a_stretch_are_switched() -> None:
    many, one = (stream(pretraining(Levels(plain=0, entities=1, most=most), amount=6000)) for most in (10, 1))
    assert one.counts["names switched"] <= len(one.examples)
    assert many.counts["names switched"] > 1.5 * one.counts["names switched"]


def test_no_held_out_name_is_put_in() -> None:
    """Neither by switching nor by facts: no held-out pair stands together but where a text has both itself."""
    value = pretraining(Levels(plain=0, entities=0.5, facts=0.5), amount=12_000)
    targets = [pair.target for pair in value.lexicons[0].tested(most=1000)]
    tokenizer = mini_tokenizer()
    english = [e for e in stream(value).examples if "the" in tokenizer.decode(e.ids).split()]
    texts = "\n".join(tokenizer.decode(example.ids).lower() for example in english)
    assert len(english) > 50 and not [target for target in targets if f" {target.lower()} " in texts]


def test_padding_is_not_attended_and_labels_are_what_was_hidden() -> None:
    """In the authors' code the attention mask is padded with ones, and small ids go into a large table."""
    made = stream(pretraining())
    order = np.argsort(made.lengths)
    chosen = [int(order[0]), int(order[-1])]
    torch.manual_seed(0)
    batch = made.collate(chosen)
    lengths = [made.lengths[i] for i in chosen]
    assert batch["attention_mask"].sum(1).tolist() == lengths and lengths[0] < lengths[1]
    for row, i in enumerate(chosen):
        ids = torch.from_numpy(made.examples[i].ids.astype(np.int64))
        labels = batch["labels"][row, : len(ids)]
        assert torch.equal(labels[labels != IGNORED], ids[labels != IGNORED])
        assert (batch["labels"][row, len(ids) :] == IGNORED).all()


def test_every_kind_of_passages_is_learnt_with_as_many_outputs() -> None:
    """In the authors' code class 0, the positive one, becomes -100, and four outputs stand for three kinds."""
    made = stream(pretraining(Levels(plain=0, passages=1), amount=1500))
    model = made.model
    assert model.head_follows is not None and model.head_follows[-1].out_features == len(KINDS) == 3
    for kind in range(3):
        chosen = [i for i, example in enumerate(made.examples) if example.follows == kind][:4]
        model.zero_grad()
        model(**made.collate(chosen))["follows"].backward()
        gradient = model.head_follows[-1].bias.grad
        assert gradient is not None and gradient[kind] < 0, "what is right becomes likelier"


def test_the_heads_transform_and_the_rest_of_the_table_are_kept() -> None:
    """The authors cut the head to a matrix, and drop its transform."""
    run = pretraining().run()
    before, after = (encoders.load(e, masked=True).model.state_dict() for e in ("mini", str(run.folder)))
    assert before.keys() == after.keys() and "cls.predictions.transform.dense.weight" in after
    read = load_file(run.folder / PIECES)["pieces"]
    table = "bert.embeddings.word_embeddings.weight"
    unread = torch.ones(len(after[table]), dtype=torch.bool)
    unread[read] = False
    assert torch.equal(before[table][unread], after[table][unread])
    assert not torch.equal(before[table][~unread], after[table][~unread])


def test_both_languages_are_read_as_what_they_are() -> None:
    """In the authors' script the English corpus is the Chinese one."""
    made = stream(pretraining(Levels(plain=1), amount=12_000))
    sizes = {True: 0, False: 0}
    for example in made.examples:
        letters = [sign for sign in made.tokenizer.decode(example.ids[1:-1]).lower() if sign.isalpha()]
        sizes[2 * sum("а" <= sign <= "я" for sign in letters) > len(letters)] += len(example)
    assert sizes[True] == pytest.approx(sizes[False], rel=0.1)


def test_the_levels_are_a_whole_and_have_text() -> None:
    with pytest.raises(pydantic.ValidationError, match="make their sum 1"):
        Levels(plain=0.5)
    nobody = (Lexicon(language="ru", sources=("mini",), held_out=0.99999),)
    for levels, message in {
        Levels(entities=0.5): "no name of the lexicons",
        Levels(facts=0.5): "both ends of a fact",
    }.items():
        with pytest.raises(CorpusError, match=message):
            stream(pretraining(levels, lexicons=nobody))


def test_runs_that_differ_in_levels_keep_the_same_pieces_and_a_tagger_takes_them() -> None:
    first, second = (pretraining(levels, amount=1500) for levels in (FULL, Levels(plain=1)))
    wrong = pretraining(amount=1500, lexicons=(Lexicon(language="ru", sources=("mini",), held_out=0.2, wrong=True),))
    assert len({value.run().metrics["pieces"] for value in (first, second, wrong)}) == 1
    assert first.folder != second.folder and Value.from_config(first.config()) == first
    tagger = FineTune(encoder=first, head="crf", train=(Corpus(name="mini", split="dev"),), training=LEARN).tagger()
    assert tagger.predict([Document("x", "Aspirin")]) is not None


@pytest.mark.parametrize("wrong", [False, True])
def test_a_name_that_is_put_in_anywhere_keeps_its_pieces(wrong: bool) -> None:
    lexicon = Lexicon(language="ru", sources=("mini",), held_out=0.2, wrong=wrong)
    value = pretraining(lexicons=(lexicon,))
    tokenizer, _ = encoders.load("mini")
    kept = set(value.read_ids(tokenizer, iter(["— ( ) - / ,"])))
    for name in (name for pair in lexicon.taught() for name in (pair.source, pair.target)):
        for text in (f"({name})", f"— {name}, {name}/{name}-{name}"):  # behind a sign it has no blank
            assert set(tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids) <= kept, text


def test_a_killed_run_ends_in_the_same_weights(killed_twice: Callable[..., None]) -> None:
    killed_twice(pretraining, ["model.safetensors", "history.jsonl", "pieces.safetensors"])


def test_stretches_are_whole_sentences_up_to_a_size() -> None:
    tokenizer = mini_tokenizer()
    text = "One two three. Four five six. Seven eight nine ten. Eleven."
    made = stretches(tokenizer, Document("x", text, language="en"), 9)
    assert " ".join(made) == text and len(made) > 1
    sizes = [len(tokenizer(part, add_special_tokens=False)["input_ids"]) for part in made]
    assert all(size <= 9 or part.count(".") == 1 for size, part in zip(sizes, made, strict=True))


def test_retrieval_counts_both_ways() -> None:
    own = np.eye(4, dtype=np.float32)
    assert nearest(own, own).all()
    swapped = own[[1, 0, 2, 3]]
    assert nearest(own, swapped).tolist() == [[False] * 2, [False] * 2, [True] * 2, [True] * 2]
    value = Retrieval(encoder="mini", lexicon=Lexicon(language="ru", sources=("mini",), held_out=0.2), most=30)
    metrics, counts = value.run().metrics, value.counts()
    assert counts.values.shape == (30, 1, 3) and metrics["pairs"] == 30
    assert counts.values[..., 0].sum() / 60 == pytest.approx(metrics["top-1"])
    taught = value.model_copy(update={"taught": True}).pairs()
    assert not any(value.lexicon.hides(pair.source) for pair in taught) and len(taught) == 30
