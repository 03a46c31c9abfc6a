"""Leave-one-out: the same as by hand, and its agreement with attention."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch
from random_models import EOS, SOS, padded, random_model, variants
from torch import Tensor

from seq2seq import Chatbot, DecodingOptions
from seq2seq.inspection import occlusion
from seq2seq.inspection.occlusion import agreement, explain, kendall_tau, leave_one_out
from seq2seq.model import Encoded, Seq2Seq

SOURCE = [5, 7, 6, 9, 4, EOS]
REPLY = [8, 5, 11, 7, EOS]


def by_hand(model: Seq2Seq, source: list[int], reply: list[int]) -> Tensor:
    """The probabilities (T,) of the reply's pieces, one message and one step at a time."""
    with torch.no_grad():
        encoded = model.encode(torch.tensor([source]))
        hidden, found = encoded.hidden, []
        for fed, chosen in zip([SOS, *reply[:-1]], reply, strict=True):
            probabilities, hidden = model.decoder(torch.tensor([fed]), hidden, encoded)
            found.append(probabilities[0, chosen])
    return torch.stack(found)


@variants
def test_each_piece_left_out_at_once_is_each_left_out_by_hand(options: dict[str, object]) -> None:
    model = random_model(options)
    found = leave_one_out(model, SOURCE, REPLY)
    base = by_hand(model, SOURCE, REPLY)
    assert torch.allclose(found.base, base, atol=1e-5)
    assert found.without.shape == found.drop.shape == (len(SOURCE), len(REPLY))
    for left_out in range(len(SOURCE)):
        rest = SOURCE[:left_out] + SOURCE[left_out + 1 :]
        without = by_hand(model, rest, REPLY)
        assert torch.allclose(found.without[left_out], without, atol=1e-5)
        bits = (base / without).log2()
        assert torch.allclose(found.drop[left_out], bits, atol=1e-3)
        assert float(found.totals[left_out]) == pytest.approx(float(bits.sum()), abs=1e-3)
    assert found.drop.abs().max() > 0.1, "these models must depend on their message"


@variants
def test_a_message_of_one_piece_leaves_the_end_piece_alone(options: dict[str, object]) -> None:
    model = random_model(options)
    found = leave_one_out(model, [5, EOS], REPLY)
    assert torch.allclose(found.without[0], by_hand(model, [EOS], REPLY), atol=1e-5)
    assert torch.allclose(found.without[1], by_hand(model, [5], REPLY), atol=1e-5)


@variants
def test_without_its_only_piece_the_decoder_starts_from_nothing(options: dict[str, object]) -> None:
    model = random_model(options)
    found = leave_one_out(model, [EOS], REPLY)
    layers, size = model.decoder.gru.num_layers, model.decoder.gru.hidden_size
    nothing = Encoded(
        torch.zeros(layers, 1, size), torch.zeros(1, 1, size), torch.ones(1, 1, dtype=torch.bool)
    )
    with torch.no_grad():
        logits = model.decoder.logits(
            torch.tensor([[SOS, *REPLY[:-1]]]), nothing.hidden, nothing
        ).logits[0]
    wanted = logits.softmax(dim=-1)[range(len(REPLY)), REPLY]
    assert found.without.shape == (1, len(REPLY))
    assert torch.allclose(found.without[0], wanted, atol=1e-5)
    assert bool(found.drop.isfinite().all())


@variants
def test_padding_changes_nothing(options: dict[str, object]) -> None:
    model = random_model(options)
    rows = [SOURCE, SOURCE[1:], SOURCE[:2]]
    wide, narrow = padded(rows, 11), padded(rows, len(SOURCE))
    fed = torch.tensor([[SOS, *REPLY[:-1]]] * len(rows))
    with torch.no_grad():
        many = [model.encode(src) for src in (wide, narrow)]
        first, second = (model.decoder.logits(fed, e.hidden, e) for e in many)
    assert torch.allclose(first.logits, second.logits, atol=1e-5)
    if first.attention is None:
        return
    assert torch.allclose(first.attention.sum(dim=2), torch.ones(3, len(REPLY)), atol=1e-5)
    for row, source in enumerate(rows):
        assert float(first.attention[row, :, len(source) :].sum()) == 0.0


@variants
def test_attention_is_that_over_the_whole_message(options: dict[str, object]) -> None:
    model = random_model(options)
    attention = leave_one_out(model, SOURCE, REPLY).attention
    if "attention" not in options:
        assert attention is None
        return
    assert attention is not None
    assert attention.shape == (len(REPLY), len(SOURCE))
    assert torch.allclose(attention.sum(dim=1), torch.ones(len(REPLY)), atol=1e-5)


def test_the_likeliest_piece_instead_is_the_one_that_would_come_first() -> None:
    model = random_model({"attention": "dot"})
    found = leave_one_out(model, SOURCE, REPLY)
    with torch.no_grad():
        encoded = model.encode(torch.tensor([SOURCE[1:]]))
        fed = torch.tensor([[SOS, *REPLY[:-1]]])
        logits = model.decoder.logits(fed, encoded.hidden, encoded).logits
    assert found.likeliest[0].tolist() == logits[0].argmax(dim=1).tolist()


def test_few_logits_at_once_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model({})
    at_once = leave_one_out(model, SOURCE, REPLY)
    monkeypatch.setattr(occlusion, "_LOGITS_AT_ONCE", 1)
    in_blocks = leave_one_out(model, SOURCE, REPLY)
    assert torch.allclose(at_once.drop, in_blocks.drop, atol=1e-4)
    assert torch.equal(at_once.likeliest, in_blocks.likeliest)


def test_nothing_given_is_said_so() -> None:
    model = random_model({})
    with pytest.raises(ValueError, match="source has no piece"):
        leave_one_out(model, [], REPLY)
    with pytest.raises(ValueError, match="reply has no piece"):
        leave_one_out(model, SOURCE, [])


@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(),
        DecodingOptions(method="sample", seed=3, temperature=1.5),
        DecodingOptions(method="beam", beam_size=3),
        DecodingOptions(max_len=3),
    ],
    ids=["greedy", "sample", "beam", "cut short"],
)
def test_base_is_the_traces_own_probability(
    tiny_checkpoint: Path, options: DecodingOptions
) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    trace = bot.reply("i am feeling sad today", options)
    found = explain(bot.checkpoint, trace)
    own = [step.probability for step in trace.steps]
    assert found.base.tolist() == pytest.approx(own, abs=1e-4)
    assert found.drop.shape == (len(trace.source), len(trace.steps))


def test_the_asked_for_personality_counts_as_a_piece(cast_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(cast_checkpoint, precision="fp32")
    trace = bot.reply("tell me a joke", DecodingOptions(personality="witty"))
    assert trace.source[-2].piece == "<witty>"
    ids = [piece.id for piece in trace.source]
    without = by_hand(bot.checkpoint.model, [*ids[:-2], ids[-1]], list(trace.ids))
    assert torch.allclose(explain(bot.checkpoint, trace).without[-2], without, atol=1e-5)


def test_a_growing_reply_is_the_beginning_of_the_whole_one(tiny_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    trace = bot.reply("hello")
    begun = dataclasses.replace(trace, steps=trace.steps[:2], finish_reason=None)
    whole, part = (explain(bot.checkpoint, one) for one in (trace, begun))
    assert torch.allclose(part.drop, whole.drop[:, :2], atol=1e-3)


def test_a_trace_of_other_weights_is_refused(tiny_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    other = dataclasses.replace(bot.reply("hello"), sha256="0123456789")
    with pytest.raises(ValueError, match="01234567"):
        explain(bot.checkpoint, other)


def test_kendall_tau_knows_the_same_order_the_reverse_and_ties() -> None:
    up = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    assert kendall_tau(up, up * 3).item() == pytest.approx(1)
    assert kendall_tau(up, -up).item() == pytest.approx(-1)
    one_swap = torch.tensor([[1.0, 2.0, 4.0, 3.0]])
    assert kendall_tau(up, one_swap).item() == pytest.approx(4 / 6)  # 5 pairs alike, 1 not
    tied = torch.tensor([[1.0, 2.0, 3.0, 3.0]])
    assert kendall_tau(up, tied).item() == pytest.approx(5 / math.sqrt(6 * 5))
    assert math.isnan(kendall_tau(up, torch.ones(1, 4)).item())


def test_agreement_looks_at_sizes_and_skips_steps_that_tell_nothing() -> None:
    attention = torch.tensor([[0.1, 0.3, 0.6], [0.1, 0.3, 0.6], [1 / 3] * 3])  # (T, S)
    drop = torch.tensor([[0.5, 1.0, 1.0], [-2.0, 2.0, 2.0], [3.0, -3.0, 3.0]])  # (S, T)
    found = agreement(attention, drop)
    assert found is not None
    assert (found.tau, found.steps, found.pieces) == (pytest.approx(1), 2, 3)
    assert 0 < found.chance <= 1


def test_two_pieces_are_too_few_to_compare() -> None:
    assert agreement(torch.tensor([[0.2, 0.8]]), torch.tensor([[1.0], [2.0]])) is None
    assert agreement(torch.ones(2, 4) / 4, torch.rand(4, 2)) is None
