"""What is said of a finished reply under other settings: the sentence, its step, and silence."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
from random_models import random_bot

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.inspection.turning import Odds, TurningPoint, turning_point
from seq2seq.tokenizer import EOS_ID
from seq2seq.views.turning import FORCED, STAYS, turning_payload, turning_words
from seq2seq.views.wording import in_english

GREEDY = DecodingOptions(max_len=12)
DRAWN = DecodingOptions(method="sample", seed=4, temperature=1.5, max_len=12)


@pytest.fixture(scope="module")
def bot() -> Chatbot:
    return random_bot({})


@pytest.fixture(scope="module")
def greedy(bot: Chatbot) -> Trace:
    return bot.reply("hello", GREEDY)


@pytest.fixture(scope="module")
def sampled(bot: Chatbot) -> Trace:
    return bot.reply("hello", DRAWN)


def told(bot: Chatbot, trace: Trace, **changes: object) -> dict[str, Any]:
    options = dataclasses.replace(trace.options, **changes)
    found: dict[str, Any] = json.loads(turning_payload(bot.checkpoint, trace, 2, options))
    return {**found, "sentence": in_english(found["sentence"])}


def words(bot: Chatbot, trace: Trace, found: TurningPoint | Odds, **changes: object) -> str:
    options = dataclasses.replace(trace.options, **changes)
    return in_english(turning_words(bot.checkpoint, trace, options, found))


def test_nothing_is_said_under_the_reply_s_own_settings(
    bot: Chatbot, greedy: Trace, sampled: Trace
) -> None:
    for trace in (greedy, sampled):
        again = dataclasses.replace(trace.options, seed=None, candidates=3)
        assert turning_payload(bot.checkpoint, trace, 1, again) == ""
        growing = dataclasses.replace(trace, finish_reason=None)
        warm = dataclasses.replace(trace.options, temperature=0.2)
        assert turning_payload(bot.checkpoint, growing, 1, warm) == ""
        assert turning_payload(bot.checkpoint, dataclasses.replace(trace, steps=()), 1, warm) == ""


def test_a_reply_that_stays_is_said_to(bot: Chatbot, greedy: Trace) -> None:
    found = told(bot, greedy, temperature=0.2)
    assert found == {"number": 2, "step": None, "sentence": STAYS, "kind": "same"}


def test_a_draw_that_falls_elsewhere_is_told_with_both_shares(bot: Chatbot, sampled: Trace) -> None:
    found = told(bot, sampled, seed=5)
    assert found["kind"] == "draw"
    old, new = (
        re.escape(bot.checkpoint.tokenizer.piece(id))
        for id in (sampled.ids[found["step"]], bot.reply("hello", _seeded(5)).ids[found["step"]])
    )
    span = r"([\d.]+) to ([\d.]+)"
    match = re.fullmatch(
        rf"With these settings it would go another way at step {found['step'] + 1}: .*“{new}” "
        rf"instead of .*“{old}”, because the draw ([\d.]+) now falls on .*“{new}” \({span}; "
        rf".*“{old}” spans {span}\)\.",
        found["sentence"],
    )
    assert match is not None
    draw, low, high, old_low, old_high = map(float, match.groups())
    assert low <= draw <= high
    assert not old_low < draw < old_high


def _seeded(seed: int) -> DecodingOptions:
    return dataclasses.replace(DRAWN, seed=seed)


def test_a_filter_that_cuts_the_piece_is_named(bot: Chatbot, sampled: Trace) -> None:
    found = told(bot, sampled, top_k=1)
    assert found["kind"] == "cut"
    assert re.search(r"because top-k 1 cuts .*, and the draw [\d.]+ now falls", found["sentence"])
    assert "because top-p 0.01 cuts" in told(bot, sampled, top_p=0.01)["sentence"]
    other = TurningPoint(1, "cut", EOS_ID, 30, stage="min_len")
    assert "the end may not come before 9 pieces" in words(bot, sampled, other, min_len=9)
    other = TurningPoint(1, "cut", 31, 30, stage="no_repeat_ngram")
    assert "would repeat a run of 3 pieces." in words(bot, sampled, other, no_repeat_ngram=3)
    assert "is there already." in words(bot, sampled, other, no_repeat_ngram=1)


def test_the_likeliest_piece_and_beam_search_are_reasons(
    bot: Chatbot, greedy: Trace, sampled: Trace
) -> None:
    found = told(bot, sampled, method="greedy")
    assert found["kind"] == "likelier"
    assert found["sentence"].endswith("is the likeliest piece there.")
    other = TurningPoint(1, "likelier", 30, 31)
    assert words(bot, greedy, other).endswith("is the likeliest piece there now.")
    assert "beam search, which weighs whole" in words(
        bot, greedy, TurningPoint(1, "search", 30, 31)
    )


def test_a_reply_cut_off_elsewhere_is_told(bot: Chatbot, greedy: Trace) -> None:
    assert greedy.finish_reason == "length"
    shorter = told(bot, greedy, max_len=5)
    assert (shorter["kind"], shorter["step"]) == ("shorter", 5)
    assert "cut off before step 6" in shorter["sentence"]
    assert "5 pieces at most" in shorter["sentence"]
    longer = told(bot, greedy, max_len=20)
    assert (longer["kind"], longer["step"]) == ("longer", 11)
    assert "go on after step 12, where it reached its length limit" in longer["sentence"]
    stopped = dataclasses.replace(greedy, finish_reason="stopped")
    assert "where it was stopped" in told(bot, stopped, max_len=20)["sentence"]


def test_odds_are_told_where_each_reply_draws_anew(bot: Chatbot, greedy: Trace) -> None:
    found = told(bot, greedy, method="sample", seed=None)
    odds = turning_point(bot.checkpoint, greedy, dataclasses.replace(GREEDY, method="sample"))
    assert isinstance(odds, Odds)
    assert (found["kind"], found["step"]) == ("odds", odds.doubtful)
    assert words(bot, greedy, Odds(0.12, 3)) == (
        "Drawn anew each time: the same reply again has a chance of 12 %; from step 4 on another "
        "is likelier than not."
    )
    assert words(bot, greedy, Odds(0.997, None)).endswith("a chance of over 99 %.")
    assert "under 0.01 %" in words(bot, greedy, Odds(1e-9, 0))
    assert "of 0.25 %" in words(bot, greedy, Odds(0.0025, 0))


def test_another_personality_is_read_by_the_encoder() -> None:
    bot = random_bot({"personalities": ("friendly", "witty")})
    trace = bot.reply("hello", DecodingOptions(max_len=4, personality="witty"))
    found = told(bot, trace, personality=None)
    assert (found["kind"], found["step"]) == ("source", 0)
    assert "With the personality friendly instead of witty" in found["sentence"]


def test_a_reply_forced_from_end_to_end_does_not_turn(bot: Chatbot, greedy: Trace) -> None:
    whole = dataclasses.replace(GREEDY, prefix_ids=(*greedy.ids[:3], EOS_ID))
    trace = bot.reply("hello", whole)
    found = told(bot, trace, method="sample", seed=1)
    assert (found["kind"], found["sentence"], found["step"]) == ("forced", FORCED, None)


def test_the_page_can_say_every_value_in_its_own_language(bot: Chatbot, sampled: Trace) -> None:
    end, other = (TurningPoint(1, "cut", id, 30, stage="top_k") for id in (EOS_ID, 31))
    because = turning_words(bot.checkpoint, sampled, DRAWN, end)[1]
    assert because["old"][0] == "the end piece {piece}"
    assert because["why"][0] == "top-k {value} cuts {old}"
    assert isinstance(turning_words(bot.checkpoint, sampled, DRAWN, other)[1]["old"], str)
    search = turning_words(bot.checkpoint, sampled, DRAWN, TurningPoint(1, "search", 30, 31))[1]
    assert search["why"] == [
        "beam search, which weighs whole replies, ends with another one", {}
    ]  # fmt: skip
    chance = turning_words(bot.checkpoint, sampled, DRAWN, Odds(1e-9, None))[1]["chance"]
    assert chance == ["under {percent}", {"percent": "0.01 %"}]


def test_one_piece_is_told_in_the_singular(bot: Chatbot, sampled: Trace) -> None:
    cut = TurningPoint(1, "cut", EOS_ID, 30, stage="min_len")
    assert "before 1 piece." in words(bot, sampled, cut, min_len=1)
    assert "top-k 1 cuts" in words(
        bot, sampled, TurningPoint(1, "cut", 31, 30, stage="top_k"), top_k=1
    )
    assert "1 piece at most" in words(bot, sampled, TurningPoint(1, "shorter", 31, None), max_len=1)


def test_a_draw_is_told_with_the_spans_that_are_known(bot: Chatbot, sampled: Trace) -> None:
    for old, new, told in (
        ((0.2, 0.3), (0.6, 0.7), r"\(0.60 to 0.70; .* spans 0.20 to 0.30\)"),
        (None, (0.6, 0.7), r"\(0.60 to 0.70\)"),
        ((0.2, 0.3), None, r"\(.* spans 0.20 to 0.30\)"),
        (None, None, ""),
    ):
        found = TurningPoint(1, "draw", 30, 31, draw=0.61, old_span=old, new_span=new)
        assert re.search(rf"now falls on “[^”]*” ?{told}\.$", words(bot, sampled, found))
