"""What if: a reply gone on with from any of its steps by another piece."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from random_models import VARIANTS, random_bot

from seq2seq.chatbot import Chatbot
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID, SOS_ID, TOKENS
from seq2seq.trace import Trace

METHODS = {
    "greedy": DecodingOptions(max_len=12, min_len=6, no_repeat_ngram=2),
    "sample": DecodingOptions(method="sample", seed=3, temperature=1.5, max_len=12, min_len=6),
    "beam": DecodingOptions(method="beam", beam_size=3, max_len=12, min_len=6),
}


@pytest.fixture(scope="module", params=VARIANTS, ids=str)
def bot(request: pytest.FixtureRequest) -> Chatbot:
    return random_bot(request.param)


def last(bot: Chatbot, trace: Trace, step: int, id: int) -> Trace:
    *_, end = bot.branch(trace, step, id)
    return end


def another(trace: Trace, step: int) -> int:
    others = {trace.steps[step].id, *TOKENS.values()}
    return next(c.id for c in trace.steps[step].candidates if c.id not in others)


@pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)
def test_a_branch_is_the_reply_that_its_options_give(
    bot: Chatbot, options: DecodingOptions
) -> None:
    trace = bot.reply("how are you, hello?", options)
    for step in (0, 1, len(trace.steps) - 1):
        id = another(trace, step)
        branch = last(bot, trace, step, id)
        assert branch.ids[:step] == trace.ids[:step]
        assert branch.ids[step] == id
        assert branch.options.prefix_ids == branch.ids[: step + 1]
        again = bot.reply("how are you, hello?", branch.options)
        assert again.ids == branch.ids
        assert again.reply == branch.reply
        assert again.finish_reason == branch.finish_reason
        assert again.logprob == pytest.approx(branch.logprob, abs=1e-5)
        assert [s.draw for s in again.steps] == [s.draw for s in branch.steps]


@pytest.mark.parametrize("method", ["greedy", "sample"])
def test_the_same_piece_gives_the_same_reply(bot: Chatbot, method: str) -> None:
    trace = bot.reply("hello", METHODS[method])
    for step in (0, 3, len(trace.steps) - 1):
        branch = last(bot, trace, step, trace.steps[step].id)
        assert branch.ids == trace.ids
        assert branch.logprob == pytest.approx(trace.logprob, abs=1e-5)


def test_kept_steps_stay_as_they_were_and_the_chosen_one_is_forced(bot: Chatbot) -> None:
    trace = bot.reply("hello", METHODS["sample"])
    grown = list(bot.branch(trace, 4, another(trace, 4)))
    assert [len(each.steps) for each in grown] == list(range(5, 5 + len(grown)))
    assert grown[-1].steps[:4] == trace.steps[:4]
    assert grown[0].steps[4].forced
    assert not any(step.forced for step in grown[-1].steps[5:])


def test_nothing_is_encoded_and_no_kept_step_is_decoded_again(
    bot: Chatbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = bot.reply("hello", METHODS["greedy"])
    calls: list[torch.Tensor] = []
    decoder = bot.checkpoint.model.decoder
    step_of = type(decoder).logits

    def counted(self: object, fed: torch.Tensor, *rest: object) -> object:
        calls.append(fed)
        return step_of(self, fed, *rest)

    monkeypatch.setattr(type(decoder), "logits", counted)
    monkeypatch.setattr(type(bot.checkpoint.model), "encode", None)
    branch = last(bot, trace, 5, another(trace, 5))
    assert [fed.shape for fed in calls] == [(1, 1)] * (len(branch.steps) - 5)
    assert int(calls[0]) == trace.steps[4].id


def test_a_branch_of_a_branch_goes_on_from_it(bot: Chatbot) -> None:
    trace = bot.reply("hello", METHODS["greedy"])
    first = last(bot, trace, 3, another(trace, 3))
    second = last(bot, first, 5, another(first, 5))
    assert second.ids[:5] == first.ids[:5]
    assert bot.reply("hello", second.options).ids == second.ids


@pytest.mark.parametrize("step", [0, 1, 5])
def test_a_trace_without_states_can_be_gone_on_with(bot: Chatbot, step: int) -> None:
    trace = bot.reply("hello", METHODS["sample"])
    bare = dataclasses.replace(
        trace, encoded=None, steps=tuple(dataclasses.replace(s, state=None) for s in trace.steps)
    )
    id = another(trace, step)
    assert last(bot, bare, step, id).ids == last(bot, trace, step, id).ids


def test_the_end_token_ends_a_branch(bot: Chatbot) -> None:
    trace = bot.reply("hello", METHODS["greedy"])
    branch = last(bot, trace, 2, EOS_ID)
    assert branch.finish_reason == "eos"
    assert branch.ids == (*trace.ids[:2], EOS_ID)


def test_what_cannot_be_is_refused(bot: Chatbot) -> None:
    trace = bot.reply("hello", METHODS["greedy"])
    id = another(trace, 1)
    with pytest.raises(ValueError, match=r"step is 12; it must be at least 0 and at most"):
        bot.branch(trace, 12, id)
    with pytest.raises(ValueError, match="step is True"):
        bot.branch(trace, True, id)
    with pytest.raises(ValueError, match="piece ids are from 0 to"):
        bot.branch(trace, 1, 10**6)
    with pytest.raises(ValueError, match="no reply has it"):
        bot.branch(trace, 1, SOS_ID)
    with pytest.raises(ValueError, match="load the one that wrote it"):
        bot.branch(dataclasses.replace(trace, sha256="1" * 64), 1, id)
    help_trace = bot.reply("i want to kill myself")
    with pytest.raises(ValueError, match="points to help"):
        bot.branch(help_trace, 1, id)
