"""A cut embedding table trains as the whole one does."""

from __future__ import annotations

import copy

import pytest
import torch
from transformers import BertConfig, BertModel

from chemxl.models.trimming import TrimmedEmbedding


def losses(model: BertModel, batches: list[torch.Tensor]) -> list[float]:
    """AdamW without decay on embeddings, as chemxl.models.training does."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0, foreach=False)
    found = []
    for ids in batches:
        loss = model(input_ids=ids, attention_mask=(ids != 0).long()).last_hidden_state.pow(3).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return found


def test_training_a_cut_table_equals_training_the_whole() -> None:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    quiet = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    whole = BertModel(BertConfig(vocab_size=200, **size, **quiet), add_pooling_layer=False)
    cut = copy.deepcopy(whole)
    before = whole.get_input_embeddings().weight.detach().clone()
    used = [3, 7, 20, 21, 22, 150, 199]
    batches = [torch.tensor(used)[torch.randint(7, (4, 9))] for _ in range(8)]
    for ids in batches:
        ids[0, 6:] = 0  # padding, which the text does not name
    trimmed = TrimmedEmbedding.within(cut, used)
    assert trimmed.table.num_embeddings == 8
    assert losses(cut, batches) == pytest.approx(losses(whole, batches), abs=1e-5)
    assert cut.get_input_embeddings() is trimmed
    trimmed.restore(cut)
    restored = cut.get_input_embeddings().weight.detach()
    assert restored.shape == before.shape
    torch.testing.assert_close(restored, whole.get_input_embeddings().weight.detach(), atol=1e-5, rtol=1e-4)
    unused = [i for i in range(200) if i not in used]
    assert torch.equal(restored[unused], before[unused])
    assert not torch.equal(restored[used], before[used])


def test_an_id_that_was_cut_away_is_an_error() -> None:
    table = TrimmedEmbedding(torch.nn.Embedding(10, 4, padding_idx=0), [5])
    assert table(torch.tensor([[0, 5]])).shape == (1, 2, 4)
    with pytest.raises(IndexError):
        table(torch.tensor([[6]]))


def test_a_frozen_table_stays_so() -> None:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertModel(BertConfig(vocab_size=50, **size), add_pooling_layer=False)
    model.get_input_embeddings().requires_grad_(False)
    before = model.get_input_embeddings().weight.clone()
    trimmed = TrimmedEmbedding.within(model, [3, 4])
    losses(model, [torch.tensor([[3, 4, 0]])] * 2)
    trimmed.restore(model)
    assert torch.equal(model.get_input_embeddings().weight, before)
    assert not model.get_input_embeddings().weight.requires_grad
