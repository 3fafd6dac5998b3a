"""The sparse, trimmed masked language model against transformers' whole one, and against its Trainer."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    Trainer,
    TrainingArguments,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)

from chemxl.errors import EncoderError
from chemxl.experiments.checkpoints import CHECKPOINT
from chemxl.models.training import IGNORED, Training, fit
from chemxl.pretrain.model import MaskedLanguageModel
from chemxl.pretrain.objectives import Builder, Example, Masking, collate
from chemxl.pretrain.text import Pieces

SIZE = 60
Batch = dict[str, torch.Tensor]


class Kind(NamedTuple):
    """A family of models and its special tokens."""

    config: type
    model: type
    pad: int
    bounds: tuple[int, int]
    mask: int
    segments: int

    @property
    def special(self) -> set[int]:
        return {self.pad, *self.bounds, self.mask}


BERT = Kind(BertConfig, BertForMaskedLM, 0, (2, 3), 4, 2)
XLMR = Kind(XLMRobertaConfig, XLMRobertaForMaskedLM, 1, (0, 2), SIZE - 1, 1)
KINDS = pytest.mark.parametrize("kind", [BERT, XLMR], ids=["bert", "xlm-r"])
TEXT = range(5, SIZE - 1)  # ids that texts may hold
KEPT = [*range(5, 30), 41, 47]


def whole(kind: Kind = BERT, *, seed: int = 0, dropout: float = 0.0, **changed: Any) -> PreTrainedModel:
    """A tiny model whose every weight is large enough to be told from zero."""
    config = kind.config(
        vocab_size=SIZE,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        pad_token_id=kind.pad,
        bos_token_id=kind.bounds[0],
        eos_token_id=kind.bounds[1],
        type_vocab_size=kind.segments,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        **changed,
    )
    torch.manual_seed(seed)
    model: PreTrainedModel = kind.model(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return model.train()


def pieces(size: int, ids: Sequence[int], seed: int) -> Pieces:
    """The first ids are the frequent ones, so that there is something to learn."""
    chances = 1 / np.arange(1, len(ids) + 1)
    drawn = np.random.default_rng(seed).choice(ids, size=size, p=chances / chances.sum())
    return Pieces(drawn, np.arange(size))


def examples(kind: Kind, ids: Sequence[int] = TEXT, *, count: int = 4, even: bool = False) -> list[Example]:
    """Single texts, neighbours, and translations both ways; of one length, or not."""
    builder, made = Builder(kind.bounds, block=32), []
    for i in range(count):
        a, b = (pieces(14 if even else 3 + (5 * i + 7 * j) % 11, ids, 10 * i + j) for j in range(2))
        if i % 4 == 0:
            made.append(builder.single(pieces(29 if even else 3 + 5 * i % 11, ids, 10 * i)))
        elif i % 4 == 1:
            made.append(builder.double(a, b, follows=i // 4 % 2))
        else:
            made.append(builder.translation(a, b, ("en", "ru") if i % 4 == 2 else ("ru", "en")))
    return made


def masked(
    kind: Kind, rows: Sequence[Example], ids: Sequence[int] = TEXT, *, seed: int = 0, rate: float = 0.4
) -> Batch:
    masking = Masking(kind.mask, torch.tensor(list(ids)), rate=rate)
    return collate(rows, masking=masking, pad=kind.pad, generator=torch.Generator().manual_seed(seed))


def logits(model: PreTrainedModel, kind: Kind, batch: Batch) -> torch.Tensor:
    """The whole model's, (B, T, V)."""
    shift, segments = (kind.pad + 1, {}) if kind is XLMR else (0, {"token_type_ids": batch["token_type_ids"]})
    found: torch.Tensor = model(
        input_ids=batch["input_ids"],
        attention_mask=batch["attention_mask"],
        position_ids=batch["position_ids"] + shift,
        **segments,
    ).logits
    return found


def naive_loss(model: PreTrainedModel, kind: Kind, batch: Batch, kept: Sequence[int]) -> torch.Tensor:
    """Of all logits, those of other pieces minus infinity."""
    other = torch.ones(SIZE, dtype=torch.bool)
    other[list(kept)] = False
    all_logits = logits(model, kind, batch).masked_fill(other, -torch.inf)
    return F.cross_entropy(all_logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORED)


def total(model: nn.Module, batch: Batch) -> torch.Tensor:
    """The sum of the model's loss terms, ()."""
    return torch.stack([*model(**batch).values()]).sum()


def scattered(rows: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Values of the rows that stay among zeros."""
    return torch.zeros(SIZE, *values.shape[1:]).index_copy(0, rows, values)


def gradients(
    model: PreTrainedModel, call: Callable[[MaskedLanguageModel], torch.Tensor], kept: Sequence[int], **options: Any
) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradients of our model, under the names and in the shapes of the whole one's."""
    own = copy.deepcopy(model)
    parameters, table = dict(own.named_parameters()), own.get_input_embeddings().weight
    ours = MaskedLanguageModel(own, kept, **options).train()
    loss = call(ours)
    loss.backward()
    assert {name for name, p in ours.named_parameters() if p.grad is None} == set(), "it is trained, or not there"
    found = {}
    for name, parameter in parameters.items():
        if parameter is table:
            found[name] = scattered(ours.rows, ours.table.table.weight.grad)
        elif name in ("cls.predictions.bias", "lm_head.bias"):
            found[name] = scattered(ours.rows, ours.head_bias.grad)
        else:
            assert parameter.grad is not None, name
            found[name] = parameter.grad
    return loss.item(), found


def assert_close(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor], *, atol: float = 1e-5) -> None:
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], atol=atol, rtol=0, msg=lambda m, n=name: f"{n}: {m}")


def assert_same_bits(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


@KINDS
@pytest.mark.parametrize("cut", [False, True], ids=["all pieces", "cut"])
@pytest.mark.parametrize("even", [False, True], ids=["padded", "even"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_loss_and_gradients_are_the_whole_models(kind: Kind, cut: bool, even: bool, attention: str) -> None:
    ids = KEPT if cut else list(TEXT)
    kept = sorted({*KEPT, *kind.special}) if cut else list(range(SIZE))
    model = whole(kind, attn_implementation=attention)
    batch = masked(kind, examples(kind, ids, even=even), ids)
    assert bool(batch["attention_mask"].all()) == even
    assert (batch["token_type_ids"] == 1).any()
    assert (batch["position_ids"][:, 1:] == 0)[batch["attention_mask"][:, 1:] == 1].any(), "a position begins anew"
    assert 10 < int((batch["labels"] != IGNORED).sum()) < int(batch["attention_mask"].sum()) / 2

    loss, ours = gradients(model, lambda own: total(own, batch), kept)
    expected = naive_loss(model, kind, batch, kept)
    expected.backward()
    assert loss == pytest.approx(expected.item(), abs=1e-5)
    theirs = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert_close(ours, theirs)

    weak = {name for name, gradient in theirs.items() if gradient.abs().max() < 1e-3}
    assert all(name.endswith("key.bias") for name in weak), "a gradient near zero compares nothing"
    (table,) = (gradient for gradient in ours.values() if gradient.shape == (SIZE, 16))
    other = sorted(set(range(SIZE)) - set(kept))
    assert not table[other].any()
    assert table[kept].any(dim=1).all()


@KINDS
def test_all_pieces_give_the_loss_that_transformers_computes(kind: Kind) -> None:
    """A text as people give it, positions and padding as the model itself makes them."""
    builder, model = Builder(kind.bounds, block=32), whole(kind)
    batch = masked(kind, [builder.single(pieces(n, TEXT, n)) for n in (5, 20, 11)])
    expected = model(batch["input_ids"], batch["attention_mask"], labels=batch["labels"])
    expected.loss.backward()
    loss, ours = gradients(model, lambda own: total(own, batch), range(SIZE))
    assert loss == pytest.approx(expected.loss.item(), abs=1e-5)
    assert_close(ours, {name: parameter.grad for name, parameter in model.named_parameters()})


@KINDS
def test_logits_and_surprisal_are_the_whole_models_at_kept_ids(kind: Kind) -> None:
    model = whole(kind).eval()
    batch = masked(kind, examples(kind, KEPT), KEPT)
    ours = MaskedLanguageModel(copy.deepcopy(model), [*kind.special, *KEPT]).eval()
    asked = batch["labels"] != IGNORED
    with torch.no_grad():
        expected = logits(model, kind, batch)
        hidden = ours.hidden(asked, **batch)
        found, surprisal = ours.logits(hidden), ours.surprisal(hidden, batch["labels"][asked])
    kept = ours.rows.tolist()
    assert kept == sorted({*kind.special, *KEPT})
    torch.testing.assert_close(found, expected[asked][:, kept], atol=1e-5, rtol=0)
    told = expected[..., kept].log_softmax(-1)
    naive = [-told[i, j, kept.index(batch["labels"][i, j])] for i, j in asked.nonzero().tolist()]
    torch.testing.assert_close(surprisal, torch.stack(naive), atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore:.gradient_checkpointing_enable. is deprecated:FutureWarning")
def test_recomputed_activations_give_the_same_gradients() -> None:
    batch = masked(BERT, examples(BERT))

    def checkpointed(own: MaskedLanguageModel) -> torch.Tensor:
        own.encoder.gradient_checkpointing_enable()
        return total(own, batch)

    plain, again = (gradients(whole(), call, range(SIZE)) for call in (lambda own: total(own, batch), checkpointed))
    assert plain[0] == again[0]
    assert_close(plain[1], again[1], atol=1e-7)


@KINDS
def test_restore_without_training_changes_no_bit(kind: Kind) -> None:
    model = whole(kind)
    before, name = state(model), type(model.get_input_embeddings())
    restored = MaskedLanguageModel(model, [*kind.special, *KEPT]).restore()
    assert restored is model
    assert type(restored.get_input_embeddings()) is name
    assert_same_bits(before, state(restored))
    tied = restored.get_output_embeddings().weight
    assert tied is restored.get_input_embeddings().weight
    assert all(parameter.requires_grad for parameter in restored.parameters())


@KINDS
def test_restore_brings_back_what_was_learnt(kind: Kind) -> None:
    model = whole(kind)
    before = state(model)
    ours = MaskedLanguageModel(model, [*kind.special, *KEPT])
    batch = masked(kind, examples(kind, KEPT), KEPT)
    optimizer = torch.optim.AdamW(ours.parameters(), lr=1e-2, weight_decay=0.0)
    for _ in range(3):
        optimizer.zero_grad()
        total(ours, batch).backward()
        optimizer.step()
    kept = ours.rows.tolist()
    other = sorted(set(range(SIZE)) - set(kept))
    asked = batch["labels"] != IGNORED
    with torch.no_grad():
        trimmed = ours.logits(ours.hidden(asked, **batch))
        restored = ours.restore()
        again = logits(restored, kind, batch)[asked][:, kept]
    torch.testing.assert_close(again, trimmed, atol=1e-5, rtol=0)
    after = state(restored)
    assert after.keys() == before.keys()
    for name, tensor in after.items():
        if name.endswith(
            ("word_embeddings.weight", "decoder.weight", "predictions.bias", "lm_head.bias", "decoder.bias")
        ):
            assert torch.equal(tensor[other], before[name][other]), name
            assert (tensor[kept] != before[name][kept]).reshape(len(kept), -1).any(dim=1).all(), name
        else:
            assert not torch.equal(tensor, before[name]), name


def test_a_piece_that_was_cut_away_is_an_error() -> None:
    ours = MaskedLanguageModel(whole(), [*BERT.special, *KEPT])
    batch = masked(BERT, examples(BERT, KEPT), KEPT)
    for name in ("input_ids", "labels"):
        changed = batch | {name: batch[name].clone()}
        row, column = (batch["labels"] != IGNORED).nonzero()[0].tolist()
        changed[name][row, column] = 55
        with pytest.raises(IndexError):
            total(ours, changed)


def test_models_without_a_known_head_are_refused() -> None:
    small = {"vocab_size": SIZE, "bos_token_id": 0, "eos_token_id": 0}
    distil = DistilBertForMaskedLM(DistilBertConfig(vocab_size=SIZE, dim=16, n_layers=1, n_heads=2, hidden_dim=16))
    gpt = GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=2, **small))
    for model in (distil, gpt):
        with pytest.raises(EncoderError, match=type(model).__name__):
            MaskedLanguageModel(model, range(SIZE))


def test_a_model_whose_tables_are_two_is_refused() -> None:
    with pytest.raises(EncoderError, match="tie"):
        MaskedLanguageModel(whole(tie_word_embeddings=False), range(SIZE))


def test_nothing_hidden_gives_a_finite_loss_and_no_gradient() -> None:
    batch = masked(BERT, examples(BERT), rate=0.0)
    loss, found = gradients(whole(), lambda own: total(own, batch), range(SIZE))
    assert loss == 0.0
    assert not any(gradient.any() for gradient in found.values())


def test_the_next_stretch_is_asked_only_where_it_is() -> None:
    rows = examples(BERT, count=12)
    batch = masked(BERT, rows)
    asked = batch["follows"] != IGNORED
    assert batch["follows"].tolist() == [IGNORED, 0, *[IGNORED] * 3, 1, *[IGNORED] * 3, 0, *[IGNORED] * 2]

    def head(own: MaskedLanguageModel) -> dict[str, torch.Tensor]:
        return {name: p.grad for name, p in own.named_parameters() if "head_follows" in name and p.grad is not None}

    ours = MaskedLanguageModel(whole(), range(SIZE), kinds=2)
    loss = total(ours, batch)
    loss.backward()
    mixed = head(ours)
    plain = MaskedLanguageModel(whole(), range(SIZE))
    first = torch.zeros_like(batch["labels"], dtype=torch.bool)
    first[:, 0] = True
    with torch.no_grad():
        told = ours.head_follows(ours.hidden(first, **batch)[asked])
        expected = total(plain, batch) + F.cross_entropy(told, batch["follows"][asked])
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)

    ours.zero_grad()
    total(ours, {name: tensor[asked] for name, tensor in batch.items()}).backward()
    assert len(mixed) == 4
    assert_close(mixed, head(ours))
    assert all(gradient.abs().max() > 1e-3 for gradient in mixed.values())

    ours.zero_grad()
    none = total(ours, {name: tensor[~asked] for name, tensor in batch.items()})
    none.backward()
    assert torch.isfinite(none)
    assert not any(gradient.any() for gradient in head(ours).values())


class Task:
    """Examples under fresh masks, drawn as a run draws them; ``deadline`` steps, and it is killed."""

    def __init__(
        self, *, kept: Sequence[int] = range(SIZE), dropout: float = 0.0, deadline: int = 1000, **options: Any
    ) -> None:
        self.ids = [i for i in kept if i in TEXT]
        self.rows = examples(BERT, self.ids, count=24)
        self.lengths = [len(row) for row in self.rows]
        self.whole, self.deadline = whole(dropout=dropout), deadline
        self.model = MaskedLanguageModel(self.whole, kept, **options)
        self.batches: list[Batch] = []

    def collate(self, indices: Sequence[int]) -> Batch:
        if len(self.batches) == self.deadline:
            raise KeyboardInterrupt
        masking = Masking(BERT.mask, torch.tensor(self.ids))
        rows = [self.rows[i] for i in indices]
        self.batches.append(collate(rows, masking=masking, pad=BERT.pad, generator=torch.default_generator))
        return self.batches[-1]


def settings(**changed: object) -> Training:
    same = {"epochs": 3, "tokens": 160, "rate": 1e-2, "head_rate": 1e-2, "warmup": 0.0, "precision": "fp32"}
    return Training.model_validate(same | changed)


def losses(folder: Path) -> list[float]:
    rows = [json.loads(line) for line in (folder / "history.jsonl").read_text("utf-8").splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


class Recording(Trainer):
    """Reads given batches in their order, and keeps every loss."""

    def get_train_dataloader(self) -> DataLoader:
        return DataLoader(self.train_dataset, batch_size=None, shuffle=False)

    def compute_loss(self, model: nn.Module, inputs: Batch, *rest: Any, **options: Any) -> Any:
        loss = super().compute_loss(model, inputs, *rest, **options)
        self.__dict__.setdefault("losses", []).append(loss.item())
        return loss


@pytest.mark.parametrize("kept", [list(range(SIZE)), sorted({*BERT.special, *KEPT})], ids=["all pieces", "cut"])
def test_the_trainer_goes_the_same_way(kept: list[int], tmp_path: Path) -> None:
    """Same batches and masks; in its model the bias of every other piece is minus infinity."""
    task = Task(kept=kept)
    fit(task, settings=settings(weight_decay=0.0, clip=0.5, epochs=4), seed=1, folder=tmp_path / "ours")
    ours = losses(tmp_path / "ours")

    model = whole()
    other = sorted(set(range(SIZE)) - set(kept))
    with torch.no_grad():
        model.cls.predictions.bias[other] = -torch.inf
    arguments = TrainingArguments(
        str(tmp_path / "theirs"),
        use_cpu=True,
        max_steps=len(task.batches),
        learning_rate=1e-2,
        lr_scheduler_type="linear",
        weight_decay=0.0,
        max_grad_norm=0.5,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    batches = [{name: tensor for name, tensor in batch.items() if name != "follows"} for batch in task.batches]
    trainer = Recording(model, arguments, train_dataset=batches)
    trainer.train()
    assert len(ours) == len(batches) >= 10
    assert ours == pytest.approx(trainer.losses, abs=1e-4)
    assert np.mean(ours[-3:]) < np.mean(ours[:3]) - 0.5
    restored, expected = state(task.model.restore()), state(model)
    for name in restored:
        stay = kept if name.endswith("bias") and restored[name].shape == (SIZE,) else slice(None)
        if not name.endswith("key.bias"):  # has no effect, so its gradient is noise
            torch.testing.assert_close(restored[name][stay], expected[name][stay], atol=1e-3, rtol=0)


def test_a_frozen_encoder_stays_and_its_head_learns(tmp_path: Path) -> None:
    task = Task(kept=[*BERT.special, *KEPT], frozen=True, kinds=2)
    before, batch = state(task.model), masked(BERT, task.rows, task.ids)

    def loss() -> float:
        with torch.no_grad():
            return float(total(task.model.eval(), batch))

    start = loss()
    fit(task, settings=settings(epochs=15, head_rate=3e-2), seed=0, folder=tmp_path)
    after = state(task.model)
    for name in before:
        assert torch.equal(after[name], before[name]) == name.startswith("encoder."), name
    assert loss() < start - 0.5
    assert all(parameter.grad is None for parameter in task.model.encoder.parameters())
    restored = task.model.restore()
    assert all(parameter.requires_grad for parameter in restored.parameters())


def test_the_same_seed_gives_the_same_bits(tmp_path: Path) -> None:
    tasks = [Task(dropout=0.1, kinds=2) for _ in range(3)]
    for i, (task, seed) in enumerate(zip(tasks, (4, 4, 5), strict=True)):
        torch.manual_seed(100 + i)  # what was drawn before does not count
        fit(task, settings=settings(), seed=seed, folder=tmp_path / str(i))
    same, again, other = (state(task.model.restore()) for task in tasks)
    assert_same_bits(same, again)
    assert losses(tmp_path / "0") == losses(tmp_path / "1") != losses(tmp_path / "2")
    assert not all(torch.equal(same[name], other[name]) for name in same)


@pytest.mark.parametrize("options", [{"kinds": 2}, {"frozen": True}], ids=["nsp", "frozen"])
def test_a_killed_training_ends_in_the_same_bits(options: dict[str, bool], tmp_path: Path) -> None:
    def live(folder: str, deadline: int = 1000) -> Task:
        task = Task(kept=[*BERT.special, *KEPT], dropout=0.1, deadline=deadline, **options)
        fit(task, settings=settings(), seed=2, folder=tmp_path / folder, checkpoint_seconds=0.0)
        return task

    unbroken = live("whole")
    for deadline in (1, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            live("broken", deadline)
        assert (tmp_path / "broken" / CHECKPOINT).exists()
    last = live("broken")
    assert len(last.batches) == len(unbroken.batches) - 8, "it went on where it had stopped"
    assert losses(tmp_path / "broken") == losses(tmp_path / "whole")
    assert_same_bits(state(unbroken.model), state(last.model))
    assert_same_bits(state(unbroken.model.restore()), state(last.model.restore()))
