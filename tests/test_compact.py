"""The model on 8-bit weights: close to the whole one, and the same alone and in any crowd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from random_models import EOS, SOS, V, padded, random_bot, random_model, variants

from seq2seq import Chatbot, DecodingOptions
from seq2seq.checkpoint import load_checkpoint
from seq2seq.compact import CompactSeq2Seq
from seq2seq.inspection.kept import kept_logits
from seq2seq.int8 import LEVELS, Int8Linear, WideLinear, to_levels, to_two_levels, usable

pytestmark = pytest.mark.skipif(not usable(), reason="this processor has no products of bytes")

SOURCES = [[4, 5, 6, EOS], [7, EOS], [8, 9, 4, 5, 6, 7, 11, EOS], [5, EOS]]


def test_levels_are_even_steps_between_minus_one_and_one() -> None:
    levels = to_levels(torch.tensor([-1.0, -0.5, 0.0, 1 / LEVELS, 1.0]))
    assert levels.dtype == torch.uint8
    assert levels.tolist() == [1, 65, 128, 129, 255]


def test_a_product_is_within_the_rounding_of_its_parts() -> None:
    torch.manual_seed(0)
    weight, bias, x = torch.randn(9, 40), torch.randn(9), torch.rand(6, 40) * 2 - 1
    found, exact = Int8Linear(weight, bias)(to_levels(x)), x @ weight.T + bias
    # Half a level of x times a weight, and half a level of a weight times x, 40 times.
    bound = 40 * (0.5 / LEVELS) * 2 * weight.abs().amax(dim=1)
    assert bool(((found - exact).abs() <= bound).all())
    assert float((found - exact).abs().mean()) < 0.05


def test_two_bytes_stand_for_a_value_within_a_256th_of_a_level() -> None:
    values = torch.linspace(-1, 1, 2001)
    high, low = to_two_levels(values).double() - 128
    assert torch.allclose(high + low / 256, values.double() * LEVELS, atol=0.51 / 256)


def test_two_bytes_are_a_hundred_times_as_exact_as_one() -> None:
    torch.manual_seed(0)
    weight, bias, x = torch.randn(9, 40), torch.randn(9), torch.rand(3, 2, 40) * 2 - 1
    exact = x @ weight.T + bias
    one = (Int8Linear(weight, bias)(to_levels(x)) - exact).abs().mean()
    two = (WideLinear(weight, bias)(x) - exact).abs().mean()
    assert float(two) < float(one) / 100


@variants
def test_it_follows_the_whole_model(options: dict[str, Any]) -> None:
    model = random_model({**options, "hidden_dim": 32})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.3)
        src = padded(SOURCES, 8)
        trg = torch.randint(4, V, (len(SOURCES), 6), generator=torch.Generator().manual_seed(1))
        compact = CompactSeq2Seq(model)
        whole, small = model.encode(src), compact.encode(src)
        assert torch.equal(whole.mask, small.mask)
        assert torch.allclose(whole.hidden, small.hidden, atol=0.002)
        assert torch.allclose(whole.memory, small.memory, atol=0.002)
        one = model.decoder.logits(trg, whole.hidden, whole)
        other = compact.decoder.logits(trg, small.hidden, small)
    assert one.logits.shape == other.logits.shape
    assert torch.allclose(one.logits, other.logits, atol=0.1)
    assert torch.equal(one.logits.argmax(dim=-1), other.logits.argmax(dim=-1))
    assert torch.allclose(one.hidden, other.hidden, atol=0.002)
    assert (one.attention is None) == (other.attention is None)
    if one.attention is not None and other.attention is not None:
        assert torch.allclose(one.attention, other.attention, atol=0.02)
        assert torch.allclose(other.attention.sum(dim=-1), torch.ones(4, 6))


@variants
def test_a_row_is_the_same_alone_and_in_a_crowd_bit_for_bit(options: dict[str, Any]) -> None:
    compact = CompactSeq2Seq(random_model({**options, "hidden_dim": 64}))
    trg = torch.randint(4, V, (len(SOURCES), 5), generator=torch.Generator().manual_seed(2))
    trg[:, 0] = SOS
    crowd = compact.encode(padded(SOURCES, 11))
    together = compact.decoder.logits(trg, crowd.hidden, crowd)
    for row, source in enumerate(SOURCES):
        alone = compact.encode(torch.tensor([source]))
        assert torch.equal(alone.hidden[:, 0], crowd.hidden[:, row])
        hidden = alone.hidden
        for t in range(trg.size(1)):
            step = compact.decoder.logits(trg[row : row + 1, t : t + 1], hidden, alone)
            hidden = step.hidden
            assert torch.equal(step.logits[0, 0], together.logits[row, t])


def test_the_shipped_way_is_chosen_by_precision(tiny_checkpoint: Path) -> None:
    whole = Chatbot.from_pretrained(tiny_checkpoint, precision="fp32")
    assert (whole.precision, whole.checkpoint.runner) == ("fp32", whole.checkpoint.model)
    for precision in ("int8", "auto"):
        small = Chatbot.from_pretrained(tiny_checkpoint, precision=precision)
        assert small.precision == "int8"
        assert isinstance(small.checkpoint.runner, CompactSeq2Seq)
        trace, other = (bot.reply("what is your name?") for bot in (whole, small))
        assert trace.ids == other.ids
        assert trace.logprob == pytest.approx(other.logprob, abs=0.05)
    with pytest.raises(ValueError, match="precision is 'int4'; it must be one of auto, int8, fp32"):
        load_checkpoint(tiny_checkpoint, precision="int4")


def test_without_the_instructions_it_falls_back_or_says_so(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seq2seq.checkpoint.usable", lambda: False)
    assert Chatbot.from_pretrained(tiny_checkpoint).precision == "fp32"
    with pytest.raises(ValueError, match=r"this processor .* use 'fp32'"):
        Chatbot.from_pretrained(tiny_checkpoint, precision="int8")


@pytest.mark.parametrize("method", ["greedy", "sample", "beam"])
def test_what_is_said_about_a_reply_is_of_the_numbers_that_made_it(
    tiny_checkpoint: Path, method: str
) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint, precision="int8")
    trace = bot.reply("tell me a joke please", DecodingOptions(method=method, seed=3))
    probabilities = kept_logits(bot.checkpoint, trace).softmax(dim=-1)  # (T, V)
    for step, row in zip(trace.steps, probabilities, strict=True):
        assert step.probability == pytest.approx(float(row[step.id]), abs=1e-9)


def test_many_replies_are_those_of_each_alone(tiny_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint, precision="int8")
    messages = ["hello", "what is your name?", "tell me a joke please", "zebra", "h"] * 3
    options = [
        DecodingOptions(method="sample", temperature=1.5, seed=seed, max_len=20)
        for seed in range(len(messages))
    ]
    for trace, message, chosen in zip(
        bot.reply_many(messages, options), messages, options, strict=True
    ):
        alone = bot.reply(message, chosen)
        assert trace.ids == alone.ids
        assert [step.probability for step in trace.steps] == [
            step.probability for step in alone.steps
        ]


def test_later_changes_to_the_model_change_nothing() -> None:
    bot = random_bot({"n_layers": 1})
    compact = CompactSeq2Seq(bot.checkpoint.model)
    source = torch.tensor([[9, 10, EOS]])
    before = compact.encode(source).hidden
    with torch.no_grad():
        for parameter in bot.checkpoint.model.parameters():
            parameter.zero_()
    assert torch.equal(compact.encode(source).hidden, before)
