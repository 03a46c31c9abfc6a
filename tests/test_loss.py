"""The loss: from logits, over each reply's own pieces, the same alone and in a batch."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from random_models import EOS, PAD, SOS, V, padded, random_model, variants

from seq2seq.loss import CrossEntropy, reply_loss
from seq2seq.model import Seq2Seq

SOURCES = [[5, 6, EOS], [7, EOS], [8, 9, 10, 11, EOS]]
REPLIES = [[SOS, 5, EOS], [SOS, 7, 8, 9, 10, EOS], [SOS, EOS]]


def by_steps(model: Seq2Seq, source: list[int], reply: list[int], smoothing: float = 0.0) -> float:
    """The loss of one row, a decoder step at a time and from probabilities."""
    encoded = model.encode(torch.tensor([source]))
    hidden, total = encoded.hidden, 0.0
    for fed, wanted in pairwise(reply):
        prediction, hidden = model.decoder(torch.tensor([fed]), hidden, encoded)
        logs = prediction[0].double().log()
        total -= (1 - smoothing) * logs[wanted].item() + smoothing * logs.mean().item()
    return total


@variants
def test_one_call_over_the_target_equals_single_steps(options: dict[str, object]) -> None:
    model = random_model(options)
    for source, reply in zip(SOURCES, REPLIES, strict=True):
        loss, count = reply_loss(model, torch.tensor([source]), torch.tensor([reply]))
        assert loss.item() == pytest.approx(by_steps(model, source, reply), rel=1e-4)
        assert count == len(reply) - 1


@variants
def test_a_padded_batch_has_the_sum_of_its_rows(options: dict[str, object]) -> None:
    model = random_model(options)
    loss, count = reply_loss(model, padded(SOURCES, 9), padded(REPLIES, 11))
    pairs = list(zip(SOURCES, REPLIES, strict=True))
    assert loss.item() == pytest.approx(sum(by_steps(model, *pair) for pair in pairs), rel=1e-4)
    assert count == sum(len(reply) - 1 for reply in REPLIES)


@variants
def test_scheduled_sampling_that_forces_everything_equals_one_call(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = random_model(options)
    src, trg = padded(SOURCES, 6), padded(REPLIES, 7)
    whole, count = reply_loss(model, src, trg)
    free, _ = reply_loss(model, src, trg, teacher_force_ratio=0.0)
    monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.zeros(shape))
    stepped, stepped_count = reply_loss(model, src, trg, teacher_force_ratio=0.5)
    assert stepped.item() == pytest.approx(whole.item(), rel=1e-5)
    assert stepped_count == count
    assert free.item() != pytest.approx(whole.item(), rel=1e-3)


def test_at_ratio_zero_the_models_own_pieces_are_fed() -> None:
    model = random_model({}, seed=1)
    source, reply = [5, 6, EOS], [SOS, 7, 8, 9, EOS]
    encoded = model.encode(torch.tensor([source]))
    hidden, fed, expected = encoded.hidden, torch.tensor([SOS]), 0.0
    for wanted in reply[1:]:
        prediction, hidden = model.decoder(fed, hidden, encoded)
        expected -= prediction[0, wanted].log().item()
        fed = prediction.argmax(dim=1)
    loss, _ = reply_loss(model, torch.tensor([source]), torch.tensor([reply]), 0.0)
    assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_label_smoothing_mixes_in_the_mean_over_the_vocabulary() -> None:
    model = random_model({})
    source, reply = SOURCES[1], REPLIES[1]
    src, trg = torch.tensor([source]), torch.tensor([reply])
    loss, _ = reply_loss(model, src, trg, label_smoothing=0.2)
    assert loss.item() == pytest.approx(by_steps(model, source, reply, 0.2), rel=1e-4)


def test_pieces_after_the_end_token_do_not_count() -> None:
    model = random_model({})
    src = torch.tensor([[5, EOS], [5, EOS]])
    trg = torch.tensor([[SOS, 6, EOS, 7, 8], [SOS, 6, EOS, EOS, 9]])
    loss, count = reply_loss(model, src, trg)
    assert loss.item() == pytest.approx(2 * by_steps(model, [5, EOS], [SOS, 6, EOS]), rel=1e-4)
    assert count == 4


def test_padding_does_not_count_where_a_target_was_cut_before_its_end() -> None:
    model = random_model({})
    src, cut = torch.tensor([[5, EOS]]), torch.tensor([[SOS, 6, 7, PAD, PAD]])
    for ratio in (1.0, 0.0):
        loss, count = reply_loss(model, src, cut, ratio)
        assert loss.item() == pytest.approx(reply_loss(model, src, cut[:, :3], ratio)[0].item())
        assert count == 2


def test_a_model_that_knows_nothing_loses_the_log_of_the_vocabulary_a_piece() -> None:
    model = random_model({})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    loss, count = reply_loss(model, padded(SOURCES, 6), padded(REPLIES, 7))
    assert loss.item() == pytest.approx(count * math.log(V), rel=1e-6)


def test_a_perfect_model_loses_nothing() -> None:
    # A cross-entropy of probabilities instead of logits could not fall below about log(1 + 11/e).
    model = random_model({})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.fc_out.bias[EOS] = 50
    loss, _ = reply_loss(model, torch.tensor([[5, EOS]]), torch.tensor([[SOS, EOS]]))
    assert loss.item() < 1e-6


@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_every_parameter_gets_a_gradient(ratio: float) -> None:
    model = random_model({"attention": "general", "bidirectional": True})
    loss, _ = reply_loss(model, padded(SOURCES, 6), padded(REPLIES, 7), ratio)
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_padding_gets_no_gradient() -> None:
    model = random_model({})
    loss, _ = reply_loss(model, padded(SOURCES, 9), padded(REPLIES, 11))
    loss.backward()
    assert not model.encoder.embedding.weight.grad[PAD].any()
    assert not model.decoder.embedding.weight.grad[PAD].any()


def test_no_input_is_modified() -> None:
    model = random_model({})
    src, trg = padded(SOURCES, 6), padded(REPLIES, 7)
    before = src.clone(), trg.clone()
    for ratio in (1.0, 0.5):
        reply_loss(model, src, trg, ratio)
    assert torch.equal(src, before[0])
    assert torch.equal(trg, before[1])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
def test_loss_and_gradient_are_those_of_torch(smoothing: float, scale: float) -> None:
    torch.manual_seed(0)
    values = torch.randn(7, 11, dtype=torch.float32) * scale
    targets = torch.randint(0, 11, (7,))
    ours, theirs = values.clone().requires_grad_(), values.clone().requires_grad_()
    loss = CrossEntropy.of(ours, targets, smoothing)
    expected = F.cross_entropy(theirs, targets, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected)
    (loss * 0.3).backward()
    (expected * 0.3).backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_gradient_has_the_precision_of_the_logits() -> None:
    logits = torch.randn(3, 5).bfloat16().requires_grad_()
    loss = CrossEntropy.of(logits, torch.tensor([0, 4, 2]))
    assert loss.dtype == torch.float32
    loss.backward()
    assert logits.grad is not None
    assert logits.grad.dtype == torch.bfloat16
