"""A student of a tiny teacher: what it keeps of it, that it learns, and that a killed run ends in the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from chemxl import corpora
from chemxl.corpora.texts import Texts
from chemxl.errors import EncoderError
from chemxl.models import encoders
from chemxl.models.training import Training
from chemxl.pretrain.distillation import Distillation, Stretches, Student, examples
from chemxl.pretrain.vocabulary import reduce

LETTERS = sorted({letter for document in corpora.load("mini", split="train") for letter in document.text} - {" ", "\n"})
WORDS = ["▁the", "▁of", "ин", "ме", "▁in", "ol", "▁при", "zzz"]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four layers over the letters of mini and a few longer pieces, one of which no text has."""
    folder = tmp_path_factory.mktemp("teacher")
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    scores = [(piece, -8.0) for piece in ["▁", *LETTERS]] + [(word, -6.0) for word in WORDS] + [("<mask>", 0.0)]
    backend = Tokenizer(models.Unigram([*special, *scores], 3))
    backend.normalizer, backend.pre_tokenizer = normalizers.NFC(), pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = {
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "mask_token": "<mask>",
    }
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **names)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    size = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(tokenizer), pad_token_id=1, initializer_range=0.3, **size)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def value(teacher: Path, **changed: Any) -> Distillation:
    text = tuple(Texts(name="mini", split="train", language=language) for language in ("en", "ru"))
    return Distillation(
        **{
            "encoder": str(teacher),
            "text": text,
            "probes": (Texts(name="mini", split="dev", language="ru"),),
            "pieces": len(LETTERS) + 8,
            "layers": (2, 4),
            "targets": (2, 4),
            "amount": 12_000,
            "training": Training(epochs=1, tokens=512, rate=3e-3),
            **changed,
        }
    )


def test_the_student_reads_pieces_of_its_teacher_and_begins_with_its_weights(teacher: Path) -> None:
    whole = encoders.load(str(teacher))
    texts = [document.text for document in corpora.load("mini", split="train")]
    small = reduce(whole, [texts], pieces=len(LETTERS) + 8)
    assert len(small.tokenizer) == small.model.config.vocab_size < len(whole.tokenizer)
    assert "zzz" not in small.tokenizer.get_vocab() and "▁the" in small.tokenizer.get_vocab()
    assert small.tokenizer.unk_token_id == 3 and small.tokenizer.pad_token_id == small.model.config.pad_token_id
    rows, own = (one.model.get_input_embeddings().weight for one in (whole, small))
    for piece, i in small.tokenizer.get_vocab().items():
        assert torch.equal(own[i], rows[whole.tokenizer.convert_tokens_to_ids(piece)]), piece
    for text in texts[:20]:
        kept, all_of = (one.tokenizer.convert_ids_to_tokens(one.tokenizer(text)["input_ids"]) for one in (small, whole))
        assert kept.count("<unk>") == all_of.count("<unk>") and kept[0] == "<s>" and kept[-1] == "</s>"
    assert len(whole.tokenizer.get_vocab()) == whole.model.config.vocab_size, "the one given stays as it is"
    with pytest.raises(EncoderError, match="Unigram"):
        reduce(encoders.load("mini"), [texts], pieces=100)


def test_a_student_of_all_layers_explains_everything(teacher: Path) -> None:
    whole, documents = encoders.load(str(teacher)), corpora.load("mini", split="dev")
    student = value(teacher, layers=(1, 2, 3, 4), targets=(1, 2, 3, 4)).student(whole, documents)
    model = Student(student, whole, (1, 2, 3, 4))
    task = Stretches(model, student, examples(student, documents, amount=0, generator=np.random.default_rng(0)))
    batch = task.collate(range(4))
    assert model.losses(batch["input_ids"], batch["attention_mask"]).max() < 1e-9
    assert not any(p.requires_grad for p in whole.model.parameters())
    assert {name.split(".")[0] for name in model.state_dict()} == {"encoder"}, "the teacher is not stored"


def test_it_learns(teacher: Path) -> None:
    run = value(teacher).run()
    scores = [row["score"] for row in run.history() if "score" in row]
    assert scores[-1] > scores[0] + 0.05
    made = encoders.load(value(teacher))
    assert made.model.config.num_hidden_layers == 2 and len(made.tokenizer) == run.metrics["pieces"]


def test_a_killed_run_ends_in_the_same(teacher: Path, killed_twice: Callable[..., None]) -> None:
    killed_twice(lambda: value(teacher, amount=3000), ("model.safetensors", "metrics.json", "tokenizer.json"))


def test_languages_are_read_alike(teacher: Path) -> None:
    small = encoders.load(str(teacher))
    documents = corpora.load("mini", split="train")
    documents = [d for d in documents if d.language == "en"] + [d for d in documents if d.language == "ru"][:2]
    made = examples(small, documents, amount=8000, generator=np.random.default_rng(0))
    letters = small.tokenizer.convert_ids_to_tokens(np.concatenate(made).tolist())
    cyrillic = sum("а" <= piece[-1].lower() <= "я" for piece in letters)
    assert 0.35 < cyrillic / sum(piece[-1].isalpha() for piece in letters) < 0.65
    assert max(map(len, made)) <= 512 and {ids[0] for ids in made} == {0} and {ids[-1] for ids in made} == {2}


def test_bad_layers_are_named(teacher: Path) -> None:
    with pytest.raises(ValueError, match="name one of each"):
        value(teacher, layers=(1, 2, 3))
    with pytest.raises(EncoderError, match="4 layers"):
        value(teacher, layers=(2, 9)).run()


def test_its_recipe_is_a_value_that_comes_back(teacher: Path) -> None:
    made = value(teacher)
    assert Distillation.from_config(json.loads(json.dumps(made.config()))) == made
