"""From logits to choice: every stage of every step, from what the trace keeps."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from random_models import VARIANTS, random_bot

from seq2seq.chatbot import Chatbot
from seq2seq.filters import stages
from seq2seq.inspection.choosing import choices
from seq2seq.inspection.kept import kept_logits
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import TOKENS
from seq2seq.trace import Trace

FILTERED = DecodingOptions(
    method="sample",
    seed=5,
    temperature=1.4,
    top_k=30,
    top_p=0.9,
    repetition_penalty=1.2,
    no_repeat_ngram=2,
    min_len=8,
    max_len=14,
    candidates=20,
)


@pytest.fixture(scope="module", params=VARIANTS, ids=str)
def bot(request: pytest.FixtureRequest) -> Chatbot:
    return random_bot(request.param)


def without_states(trace: Trace) -> Trace:
    steps = tuple(dataclasses.replace(step, state=None) for step in trace.steps)
    return dataclasses.replace(trace, steps=steps, encoded=None)


def test_kept_states_give_the_logits_again(bot: Chatbot) -> None:
    trace = bot.reply("how are you?", FILTERED)
    for known in (trace, without_states(trace)):
        probabilities = kept_logits(bot.checkpoint, known).softmax(dim=-1)
        assert probabilities.shape == (len(trace.steps), bot.config.vocab_size)
        for row, step in zip(probabilities, trace.steps, strict=True):
            assert float(row[step.id]) == pytest.approx(step.probability, rel=1e-4, abs=1e-9)


def test_a_choice_is_what_its_step_recorded(bot: Chatbot) -> None:
    trace = bot.reply("how are you?", FILTERED)
    for choice, step in zip(choices(bot.checkpoint, trace), trace.steps, strict=True):
        by_id = {weighed.id: weighed for weighed in choice.weighed}
        assert {c.id for c in step.candidates} | {step.id} == set(by_id)
        for candidate in step.candidates:
            weighed = by_id[candidate.id]
            assert weighed.probability == pytest.approx(candidate.probability, rel=1e-4)
            assert weighed.sampling_probability == pytest.approx(
                candidate.sampling_probability, rel=1e-3, abs=1e-6
            )
        chosen = by_id[step.id]
        assert chosen.cut_by is None
        assert choice.draw is not None
        assert chosen.span is not None
        low, high = chosen.span
        assert low - 1e-6 <= choice.draw <= high + 1e-6


def test_every_piece_is_cut_once_or_left(bot: Chatbot) -> None:
    trace = bot.reply("hello", FILTERED)
    for choice in choices(bot.checkpoint, trace):
        assert sum(cut.pieces for cut in choice.cuts) + choice.allowed == bot.config.vocab_size
        assert all(0 <= cut.mass <= 1 + 1e-9 and cut.pieces > 0 for cut in choice.cuts)
        cutting = {cut.stage for cut in choice.cuts}
        for weighed in choice.weighed:
            assert (weighed.cut_by is None) == (weighed.span is not None)
            assert (weighed.cut_by is None) == (weighed.sampling_probability > 0)
            if weighed.cut_by is not None:
                place = choice.stages.index(weighed.cut_by)
                assert weighed.cut_by in cutting
                assert all(value is None for value in weighed.after[place:])
                assert all(value is not None for value in weighed.after[:place])


def test_stages_are_those_that_the_options_turn_on(bot: Chatbot) -> None:
    plain = bot.reply("hello", DecodingOptions(max_len=5))
    assert choices(bot.checkpoint, plain)[0].stages == (
        "never_written",
        "temperature",
        "last_resort",
    )
    assert choices(bot.checkpoint, plain)[0].draw is None
    full = bot.reply("hello", FILTERED)
    assert choices(bot.checkpoint, full)[0].stages == (
        "never_written",
        "repetition_penalty",
        "no_repeat_ngram",
        "min_len",
        "temperature",
        "top_k",
        "top_p",
        "last_resort",
    )


def test_special_pieces_are_cut_first(bot: Chatbot) -> None:
    trace = bot.reply("hello", dataclasses.replace(FILTERED, candidates=300))
    pad = TOKENS["pad_token"]
    for choice in choices(bot.checkpoint, trace):
        (found,) = [weighed for weighed in choice.weighed if weighed.id == pad]
        assert found.cut_by == "never_written"


def test_an_end_that_nothing_else_is_left_for_is_no_cut_piece() -> None:
    logits = torch.tensor([[5.0, 4.0, 1.0, 3.0, 0.0]], dtype=torch.float64)
    passed = list(stages(logits, [[]], DecodingOptions(min_len=1, max_len=2), never=[0, 1, 2, 4]))
    assert [stage.name for stage in passed][-1] == "last_resort"
    assert torch.isneginf(passed[-2].logits).all()
    assert float(passed[-1].logits[0, 3]) == 0.0


def test_the_trace_of_another_checkpoint_is_refused(bot: Chatbot) -> None:
    trace = dataclasses.replace(bot.reply("hello", FILTERED), sha256="f" * 64)
    with pytest.raises(ValueError, match="load the one that wrote it"):
        choices(bot.checkpoint, trace)
    with pytest.raises(ValueError, match="no steps"):
        kept_logits(bot.checkpoint, dataclasses.replace(bot.reply("hello"), steps=()))
