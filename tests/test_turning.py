"""The first step that other options would change: found without decoding, checked by decoding."""

from __future__ import annotations

import dataclasses

import pytest
from random_models import random_bot

from seq2seq.chatbot import Chatbot
from seq2seq.inspection.turning import Odds, TurningPoint, turning_point
from seq2seq.options import DecodingOptions
from seq2seq.trace import Trace

GREEDY = DecodingOptions(max_len=12)
DRAWN = DecodingOptions(method="sample", seed=4, temperature=1.5, max_len=12)
OTHERS = {
    "temperature": {"temperature": 0.4},
    "top_k": {"top_k": 3},
    "top_p": {"top_p": 0.3},
    "seed": {"seed": 8},
    "repetition_penalty": {"repetition_penalty": 1.8},
    "no_repeat_ngram": {"no_repeat_ngram": 1},
    "min_len": {"min_len": 10},
    "greedy": {"method": "greedy"},
    "sample": {"method": "sample", "seed": 2},
    "beam": {"method": "beam", "beam_size": 4},
    "longer": {"max_len": 16},
    "shorter": {"max_len": 5},
    "same": {},
}


@pytest.fixture(scope="module", params=[{}, {"attention": "general", "n_layers": 1}], ids=str)
def bot(request: pytest.FixtureRequest) -> Chatbot:
    return random_bot(request.param)


def first_difference(one: Trace, other: Trace) -> int | None:
    for t, (a, b) in enumerate(zip(one.ids, other.ids, strict=False)):
        if a != b:
            return t
    return None if len(one.ids) == len(other.ids) else min(len(one.ids), len(other.ids))


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("options", [GREEDY, DRAWN], ids=["greedy", "drawn"])
@pytest.mark.parametrize("message", ["hello", "how are you?", "I am well, thank you."])
def test_it_is_where_the_decoded_replies_part(
    bot: Chatbot, options: DecodingOptions, changes: dict[str, object], message: str
) -> None:
    trace = bot.reply(message, options)
    other = dataclasses.replace(options, **changes)
    decoded = bot.reply(message, other)
    found = turning_point(bot.checkpoint, trace, other)
    expected = first_difference(trace, decoded)
    if expected is None:
        assert found is None
        return
    assert isinstance(found, TurningPoint)
    assert found.step == expected
    if expected < len(trace.ids) and expected < len(decoded.ids):
        assert (found.old, found.new) == (trace.ids[expected], decoded.ids[expected])


def test_the_reason_is_told(bot: Chatbot) -> None:
    trace = bot.reply("hello", DRAWN)
    far = next(step for step in trace.steps if step.rank > 1)
    found = turning_point(bot.checkpoint, trace, dataclasses.replace(DRAWN, top_k=1))
    assert isinstance(found, TurningPoint)
    assert found.step <= far.step
    assert (found.reason, found.stage) == ("cut", "top_k")
    assert found.old_span is None
    assert found.new_span is not None
    drawn = turning_point(bot.checkpoint, trace, dataclasses.replace(DRAWN, seed=5))
    assert isinstance(drawn, TurningPoint)
    assert drawn.reason == "draw"
    assert drawn.draw is not None
    assert drawn.new_span is not None
    assert drawn.old_span is not None
    assert drawn.new_span[0] <= drawn.draw <= drawn.new_span[1]
    assert not drawn.old_span[0] < drawn.draw < drawn.old_span[1]


def test_a_drawn_reply_is_compared_under_its_own_seed(bot: Chatbot) -> None:
    trace = bot.reply("hello", dataclasses.replace(DRAWN, seed=None))
    again = dataclasses.replace(DRAWN, seed=None)
    assert turning_point(bot.checkpoint, trace, again) is None


def test_without_any_seed_the_odds_are_told(bot: Chatbot) -> None:
    trace = bot.reply("hello", GREEDY)
    found = turning_point(bot.checkpoint, trace, dataclasses.replace(DRAWN, seed=None))
    assert isinstance(found, Odds)
    sampled = [
        bot.reply(
            "hello", dataclasses.replace(DRAWN, prefix_ids=trace.ids[:t], candidates=300)
        ).steps[t]
        for t in range(len(trace.ids))
    ]
    chance = 1.0
    for t, step in enumerate(sampled):
        (at,) = [c for c in step.candidates if c.id == trace.ids[t]]
        chance *= at.sampling_probability
        assert (found.doubtful is not None and found.doubtful <= t) == (chance < 0.5)
    assert found.same == pytest.approx(chance, rel=1e-3, abs=1e-12)


def test_forced_pieces_stay(bot: Chatbot) -> None:
    trace = bot.reply("hello", GREEDY)
    other = next(c.id for c in trace.steps[2].candidates if c.id > 10 and c.id != trace.ids[2])
    *_, branch = bot.branch(trace, 2, other)
    assert turning_point(bot.checkpoint, branch, GREEDY) is None
    found = turning_point(bot.checkpoint, branch, dataclasses.replace(GREEDY, max_len=1))
    assert isinstance(found, TurningPoint)
    assert (found.step, found.reason) == (3, "shorter")
