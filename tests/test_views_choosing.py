"""What the view from logits to choice is told: columns, rows, cuts, and how it was chosen."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from random_models import random_bot
from said import texts

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.filters import stages
from seq2seq.inspection.choosing import Choice, Cut, Weighed, choices
from seq2seq.tokenizer import TOKENS
from seq2seq.views import choosing
from seq2seq.views.choosing import choosing_payload, on_the_bar
from seq2seq.views.wording import Words, in_english

KOREAN = Path(__file__).parents[1] / "assets/korean/choosing.json"
FILTERED = DecodingOptions(
    method="sample",
    seed=5,
    temperature=1.4,
    top_k=30,
    top_p=0.9,
    repetition_penalty=1.2,
    no_repeat_ngram=2,
    min_len=8,
    max_len=12,
    candidates=20,
)


@pytest.fixture(scope="module")
def bot() -> Chatbot:
    return random_bot({})


@pytest.fixture(scope="module")
def filtered(bot: Chatbot) -> Trace:
    return bot.reply("how are you?", FILTERED)


def drawn(bot: Chatbot, trace: Trace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(choosing_payload(bot.checkpoint, trace, 3))
    return found


def told(sentences: list[Words]) -> str:
    return " ".join(map(in_english, sentences))


def all_words(found: dict[str, Any]) -> list[Words]:
    """Everything that the view says of a payload."""
    said = [
        found["formula"],
        *(one for column in found["columns"] for one in (column[0], column[2])),
    ]
    for shown in found["steps"]:
        cuts = [row[6][1] for row in shown["rows"] if row[6] is not None]
        said += [*cuts, *shown["cuts"], *shown["words"]]
    return said


def forced(bot: Chatbot, options: DecodingOptions) -> Trace:
    other = next(c.id for c in bot.reply("hello", options).steps[0].candidates[2:] if c.id > 10)
    return bot.reply("hello", dataclasses.replace(options, prefix_ids=(other,)))


def test_a_column_a_stage_that_is_on(bot: Chatbot, filtered: Trace) -> None:
    plain = drawn(bot, bot.reply("hello", DecodingOptions(max_len=4)))
    assert [in_english(heading) for heading, _, _ in plain["columns"]] == ["÷\u00a0temperature 1"]
    full = drawn(bot, filtered)
    assert [in_english(heading) for heading, _, _ in full["columns"]] == [
        "repetition penalty 1.2",
        "no run of 2 twice",
        "no end before 8 pieces",
        "÷\u00a0temperature 1.4",
        "top-k keeps 30",
        "top-p keeps the likeliest 0.9",
    ]
    assert [numbers for _, numbers, _ in full["columns"]] == [
        True,
        False,
        False,
        True,
        False,
        False,
    ]
    assert full["number"] == 3
    assert "T = 1.4:" in in_english(full["formula"])
    assert "penalised" in in_english(full["formula"])
    assert "penalised" not in in_english(plain["formula"])


def test_rows_and_the_rest_add_up_to_one(bot: Chatbot, filtered: Trace) -> None:
    for step, shown in zip(filtered.steps, drawn(bot, filtered)["steps"], strict=True):
        for column, rest in ((1, shown["rest"][0]), (2, shown["rest"][1])):
            assert sum(row[column] for row in shown["rows"]) + rest == pytest.approx(1, abs=5e-3)
        assert shown["rows"][shown["chosen"]][0] == shown["piece"] == step.piece


def test_a_row_goes_through_the_stages_until_it_is_cut(bot: Chatbot) -> None:
    found = drawn(bot, bot.reply("hello", dataclasses.replace(FILTERED, candidates=300)))
    cuts = []
    for shown in found["steps"]:
        for _, _, final, span, logit, values, cut in shown["rows"]:
            if cut is None:
                assert span[1] - span[0] == pytest.approx(final, abs=1e-3)
                assert values[3] == pytest.approx(values[0] / 1.4, rel=1e-3)
                assert values[0] == pytest.approx(logit, rel=1e-3) or values[0] < logit
            else:
                assert span is None
                assert final == 0
                assert all(value is None for value in values[cut[0] :])
                cuts.append(cut)
    assert [4, "cut by top-k"] in cuts
    assert [5, "cut by top-p"] in cuts
    assert [2, "cut: too early to end"] in cuts
    assert [0, "never written"] in cuts


def test_every_piece_of_the_vocabulary_is_cut_or_left(bot: Chatbot, filtered: Trace) -> None:
    for shown in drawn(bot, filtered)["steps"]:
        *cut, left = map(in_english, shown["cuts"])
        pieces = [int(re.search(r"(\d+) pieces?", words)[1]) for words in [*cut, left]]
        assert sum(pieces) == bot.config.vocab_size
        assert all("of the model’s probability" in words for words in cut)


def test_the_draw_is_told_with_the_share_that_it_fell_on(bot: Chatbot, filtered: Trace) -> None:
    for shown in drawn(bot, filtered)["steps"]:
        found = re.fullmatch(
            r"The draw ([\d.]+) fell on “(.+)”, which spans ([\d.]+) to ([\d.]+)\.",
            told(shown["words"]),
        )
        assert found is not None
        assert found[2] == shown["piece"]
        assert float(found[3]) <= float(found[1]) <= float(found[4])
        assert float(found[1]) == pytest.approx(shown["draw"], abs=1e-3)


def test_other_ways_of_choosing_are_told_as_such(bot: Chatbot) -> None:
    greedy = drawn(bot, bot.reply("hello", DecodingOptions(max_len=4)))["steps"][0]
    assert greedy["draw"] is None
    assert told(greedy["words"]) == f"No draw: the likeliest piece is taken, “{greedy['piece']}”."
    warm = drawn(bot, bot.reply("hello", DecodingOptions(max_len=4, temperature=2)))["steps"][0]
    assert "never change which piece that is" in told(warm["words"])
    beam = drawn(bot, bot.reply("hello", DecodingOptions(max_len=4, method="beam")))
    assert beam["method"] == "beam"
    assert "beam search weighs whole replies" in told(beam["steps"][0]["words"])
    assert [row[6] for row in beam["steps"][0]["rows"]].count(None) > 0


def test_a_forced_piece_is_no_choice(bot: Chatbot) -> None:
    first, then = drawn(bot, forced(bot, DecodingOptions(max_len=5)))["steps"][:2]
    assert told(first["words"]) == (
        f"No choice: “{first['piece']}” was forced here, whatever the numbers say."
    )
    assert "No draw" in told(then["words"])
    sampled = DecodingOptions(max_len=5, method="sample", seed=1, candidates=300)
    first, then = drawn(bot, forced(bot, sampled))["steps"][:2]
    idle = re.search(
        r"would have been ([\d.]+), on “(.+)” \(([\d.]+) to ([\d.]+)\)", told(first["words"])
    )
    assert idle is not None
    assert float(idle[3]) <= float(idle[1]) <= float(idle[4])
    assert "The draw" in told(then["words"])


def test_the_end_as_last_resort_is_told(bot: Chatbot) -> None:
    logits = torch.tensor([[5.0, 4.0, 1.0, 3.0, 0.0]], dtype=torch.float64)
    passed = list(stages(logits, [[]], DecodingOptions(min_len=1, max_len=2), never=[0, 1, 2, 4]))
    names = tuple(stage.name for stage in passed)
    after = tuple(
        None if v == float("-inf") else v for v in (float(s.logits[0, 3]) for s in passed)
    )
    end = Weighed(TOKENS["eos_token"], "</s>", 3.0, after, None, 0.2, 1.0, (0.0, 1.0))
    choice = Choice(0, names, (end,), (Cut("min_len", 1, 0.2),), 1, None)
    step = dataclasses.replace(bot.reply("hello").steps[0], id=end.id, piece=end.piece)
    shown = choosing._step(step, choice, ["min_len", "temperature"], DecodingOptions(min_len=1))
    column, cut = shown["rows"][0][6]
    assert column == 0
    assert in_english(cut) == "cut: too early to end; left as the last resort"
    assert in_english(shown["cuts"][-1]).startswith("The filters cut every piece")


def test_one_piece_and_several_are_counted_in_their_own_words() -> None:
    assert in_english(choosing._cut_words(Cut("top_k", 1, 0.2))) == (
        "Top-k cut 1 piece with 0.200 of the model’s probability."
    )
    assert in_english(choosing._cut_words(Cut("top_k", 1234, 1e-5))) == (
        "Top-k cut 1,234 pieces with under 0.001 of the model’s probability."
    )


def test_all_that_the_view_is_told_is_known_in_korean(bot: Chatbot, filtered: Trace) -> None:
    korean = json.loads(KOREAN.read_text(encoding="utf-8"))
    sampled = DecodingOptions(max_len=5, method="sample", seed=1, candidates=300)
    traces = [
        bot.reply("hello", dataclasses.replace(FILTERED, candidates=300)),
        bot.reply("hello", DecodingOptions(max_len=4, temperature=2)),
        bot.reply("hello", DecodingOptions(max_len=4, method="beam")),
        forced(bot, sampled),
        filtered,
    ]
    said = [words for trace in traces for words in all_words(drawn(bot, trace))]
    assert {text for words in said for text in texts(words)} <= korean.keys()


def test_spans_are_told_in_digits_that_keep_the_draw_in_its_place() -> None:
    drawn, told = on_the_bar(0.437, [(0.31, 0.52)])
    assert (drawn, told) == ("0.437", [("0.31", "0.52")])
    drawn, ((low, high), (_, before)) = on_the_bar(0.40004, [(0.40001, 0.40007), (0.1, 0.40001)])
    assert float(before) <= float(low) < float(drawn) < float(high)


def test_numbers_are_kept_short(bot: Chatbot, filtered: Trace) -> None:
    text = choosing_payload(bot.checkpoint, filtered, 1)
    digits = re.findall(r"[:,\[]-?(\d*\.?\d+)(?:e-?\d+)?(?=[,\]}])", text)
    assert len(digits) > 100
    assert all(len(number.replace(".", "").lstrip("0")) <= 4 for number in digits)


def test_a_reply_without_a_piece_draws_nothing(bot: Chatbot, filtered: Trace) -> None:
    assert choosing_payload(bot.checkpoint, dataclasses.replace(filtered, steps=()), 1) == ""
    assert len(drawn(bot, filtered)["steps"]) == len(choices(bot.checkpoint, filtered))
