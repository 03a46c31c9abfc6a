"""Attention: its weights, its masks, and the formulas it is named after."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from seq2seq.attention import Attention

KINDS = ("dot", "general", "additive")
B, T, S, H = 3, 4, 6, 5


def made(kind: str) -> Attention:
    torch.manual_seed(0)
    return Attention(kind, H)


def inputs() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    mask = torch.ones(B, S, dtype=torch.bool)
    mask[1, 4:] = False
    mask[2, 1:] = False
    return torch.randn(B, T, H), torch.randn(B, S, H), mask


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_distributions_over_what_was_read(kind: str) -> None:
    states, memory, mask = inputs()
    mixed, weights = made(kind)(states, memory, mask)
    assert mixed.shape == (B, T, H)
    assert weights.shape == (B, T, S)
    assert torch.allclose(weights.sum(dim=-1), torch.ones(B, T))
    assert (weights[mask.unsqueeze(1).expand_as(weights)] > 0).all()
    assert (weights[~mask.unsqueeze(1).expand_as(weights)] == 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_under_the_padding_changes_nothing(kind: str) -> None:
    states, memory, mask = inputs()
    attention = made(kind)
    other = torch.where(mask.unsqueeze(2), memory, torch.full_like(memory, 7.0))
    for one, two in zip(
        attention(states, memory, mask), attention(states, other, mask), strict=True
    ):
        assert torch.equal(one, two)


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_piece_gets_all_the_weight(kind: str) -> None:
    states, memory, mask = inputs()
    _, weights = made(kind)(states, memory, mask)
    assert torch.equal(weights[2, :, 0], torch.ones(T))


@pytest.mark.parametrize("kind", KINDS)
def test_each_state_attends_for_itself(kind: str) -> None:
    states, memory, mask = inputs()
    attention = made(kind)
    mixed, weights = attention(states, memory, mask)
    for t in range(T):
        alone = attention(states[:, t : t + 1], memory, mask)
        assert torch.allclose(alone[0][:, 0], mixed[:, t], atol=1e-6)
        assert torch.allclose(alone[1][:, 0], weights[:, t], atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_and_mixture_are_those_of_the_papers(kind: str) -> None:
    states, memory, mask = inputs()
    attention = made(kind)
    mixed, weights = attention(states, memory, mask)
    for b in range(B):
        read = memory[b][mask[b]]  # (S', H)
        for t in range(T):
            query = states[b, t]
            if kind == "dot":
                scores = torch.stack([query @ m for m in read])
            elif kind == "general":
                scores = torch.stack([query @ attention.key.weight @ m for m in read])
            else:
                sums = [attention.query(query) + attention.key.weight @ m for m in read]
                scores = torch.stack([attention.score.weight[0] @ s.tanh() for s in sums])
            expected = scores.softmax(dim=0)
            assert torch.allclose(weights[b, t][mask[b]], expected, atol=1e-5)
            context = (expected.unsqueeze(1) * read).sum(dim=0)
            joined = attention.combine.weight @ torch.cat([context, query])
            joined = (joined + attention.combine.bias).tanh()
            assert torch.allclose(mixed[b, t], joined, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_no_input_is_modified_and_all_parameters_learn(kind: str) -> None:
    given = inputs()
    before = [tensor.clone() for tensor in given]
    attention = made(kind)
    mixed, _ = attention(*given)
    mixed.square().sum().backward()
    assert all(torch.equal(a, b) for a, b in zip(given, before, strict=True))
    for name, parameter in attention.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
