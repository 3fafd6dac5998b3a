"""The CRF against brute force over all sequences, and against pytorch-crf."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torchcrf import CRF as Reference

from chemxl.models.crf import CRF, ILLEGAL, legal
from chemxl.models.training import IGNORED

LABELS = ("O", "B-CHEM", "I-CHEM", "B-GENE", "I-GENE")


def is_legal(sequence: tuple[int, ...]) -> bool:
    before = "O"
    for label in (LABELS[i] for i in sequence):
        if label.startswith("I-") and before[2:] != label[2:]:
            return False
        before = label
    return True


def made(batch: int, words: int, *, seed: int = 0) -> tuple[CRF, torch.Tensor, torch.Tensor]:
    """A CRF with transitions in float64, emissions (B, W, L), and lengths from 1 to W."""
    generator = torch.Generator().manual_seed(seed)
    crf = CRF(LABELS).double()
    with torch.no_grad():
        crf.begin.copy_(torch.randn(len(LABELS), generator=generator))
        crf.transitions.copy_(torch.randn(len(LABELS), len(LABELS), generator=generator))
    emissions = 2 * torch.randn(batch, words, len(LABELS), generator=generator, dtype=torch.float64)
    lengths = torch.randint(1, words + 1, (batch,), generator=generator)
    lengths[0] = words
    return crf, emissions, lengths


def score(crf: CRF, emissions: torch.Tensor, sequence: tuple[int, ...]) -> torch.Tensor:
    total = crf.begin[sequence[0]] + emissions[0, sequence[0]]
    for t in range(1, len(sequence)):
        total = total + crf.transitions[sequence[t - 1], sequence[t]] + emissions[t, sequence[t]]
    return total


def reference(crf: CRF) -> Reference:
    other = Reference(len(LABELS), batch_first=True).double()
    begin, transitions = crf.scores()
    with torch.no_grad():
        other.start_transitions.copy_(begin)
        other.transitions.copy_(transitions)
        other.end_transitions.zero_()
    return other


def legal_labels(lengths: torch.Tensor, words: int, *, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.full((len(lengths), words), IGNORED)
    for row, length in zip(labels, lengths.tolist(), strict=True):
        sequences = [s for s in product(range(len(LABELS)), repeat=length) if is_legal(s)]
        row[:length] = torch.tensor(sequences[int(torch.randint(len(sequences), (), generator=generator))])
    return labels


def test_what_is_legal() -> None:
    begins, follows = legal(LABELS)
    assert begins.tolist() == [True, True, False, True, False]
    for i, j in product(range(len(LABELS)), repeat=2):
        assert bool(follows[i, j]) == (not LABELS[j].startswith("I-") or LABELS[i][2:] == LABELS[j][2:])


@pytest.mark.parametrize("seed", range(3))
def test_likelihood_and_best_sequence_equal_brute_force(seed: int) -> None:
    crf, emissions, lengths = made(4, 5, seed=seed)
    labels = legal_labels(lengths, 5, seed=seed)
    expected = torch.zeros((), dtype=torch.float64)
    best = crf.decode(emissions, lengths)
    for b, length in enumerate(lengths.tolist()):
        sequences = [s for s in product(range(len(LABELS)), repeat=length) if is_legal(s)]
        scores = torch.stack([score(crf, emissions[b], s) for s in sequences])
        expected = expected + torch.logsumexp(scores, 0) - score(crf, emissions[b], tuple(labels[b, :length].tolist()))
        assert tuple(best[b, :length].tolist()) == sequences[int(scores.argmax())]
    loss = crf.negative_log_likelihood(emissions, labels)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-10)
    parameters = [crf.begin, crf.transitions]
    torch.testing.assert_close(torch.autograd.grad(loss, parameters), torch.autograd.grad(expected, parameters))


def test_likelihood_gradients_and_best_sequence_equal_pytorch_crf() -> None:
    crf, emissions, lengths = made(8, 12)
    labels = legal_labels(torch.full((8,), 5), 12)
    lengths = torch.tensor([5] * 8)
    mask = torch.arange(12) < lengths[:, None]
    other = reference(crf)
    ours_in, theirs_in = emissions.clone().requires_grad_(), emissions.clone().requires_grad_()
    ours = crf.negative_log_likelihood(ours_in, labels)
    theirs = -other(theirs_in, labels.clamp_min(0), mask=mask, reduction="sum")
    torch.testing.assert_close(ours, theirs)
    ours.backward()
    theirs.backward()
    torch.testing.assert_close(ours_in.grad, theirs_in.grad)
    torch.testing.assert_close(crf.begin.grad, other.start_transitions.grad)
    torch.testing.assert_close(crf.transitions.grad, other.transitions.grad)
    decoded = [row[:length].tolist() for row, length in zip(crf.decode(emissions, lengths), lengths, strict=True)]
    assert decoded == other.decode(emissions, mask=mask)


def test_gradients_by_finite_differences() -> None:
    crf, emissions, lengths = made(3, 4)
    labels = legal_labels(lengths, 4)
    assert torch.autograd.gradcheck(lambda e: crf.negative_log_likelihood(e, labels), emissions.requires_grad_())


@pytest.mark.parametrize("learned", [True, False])
def test_an_illegal_sequence_is_never_decoded(learned: bool) -> None:
    crf = CRF(LABELS, learned=learned)
    emissions = 30 * torch.randn(200, 20, len(LABELS), generator=torch.Generator().manual_seed(0))
    emissions[:100, :, [2, 4]] += 200  # the network is sure of inside labels
    lengths = torch.randint(1, 21, (200,), generator=torch.Generator().manual_seed(1))
    for row, length in zip(crf.decode(emissions, lengths).tolist(), lengths.tolist(), strict=True):
        assert is_legal(tuple(row[:length]))


def test_padding_changes_nothing() -> None:
    crf, emissions, lengths = made(4, 6)
    labels = legal_labels(lengths, 6)
    longer = torch.cat([emissions, torch.full((4, 3, len(LABELS)), 50.0, dtype=torch.float64)], dim=1)
    padded = torch.cat([labels, torch.full((4, 3), IGNORED)], dim=1)
    assert torch.equal(crf.negative_log_likelihood(emissions, labels), crf.negative_log_likelihood(longer, padded))
    for b, length in enumerate(lengths.tolist()):
        assert torch.equal(crf.decode(emissions, lengths)[b, :length], crf.decode(longer, lengths)[b, :length])


def test_a_decoder_for_softmax_learns_nothing() -> None:
    crf = CRF(LABELS, learned=False)
    assert not any(parameter.requires_grad for parameter in crf.parameters())
    assert float(crf.scores()[0].min().detach()) == ILLEGAL
