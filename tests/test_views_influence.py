"""What the view of a reply's sources is told: tables, kinds of pieces, sentences."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from said import texts

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.checkpoint import Checkpoint, load_checkpoint
from seq2seq.inspection.occlusion import LeaveOneOut, explain
from seq2seq.model import build_model
from seq2seq.tokenizer import TOKENS, TURN_ID
from seq2seq.views.influence import findings, influence_payload
from seq2seq.views.wording import Words, in_english

KOREAN = Path(__file__).parents[1] / "assets/korean/influence.json"
SAD = "i am feeling sad today"


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module")
def attending(tiny_checkpoint: Path) -> Chatbot:
    """A model with attention and random weights, with the tiny one's pieces."""
    tiny = load_checkpoint(tiny_checkpoint)
    config = dataclasses.replace(tiny.config, attention="general", bidirectional=True)
    torch.manual_seed(0)
    model = build_model(config, TOKENS).eval()
    return Chatbot(dataclasses.replace(tiny, config=config, model=model, sha256="random"))


def drawn(checkpoint: Checkpoint, trace: Trace) -> dict[str, Any]:
    text = influence_payload(checkpoint, trace, 3)
    found: dict[str, Any] = json.loads(text)
    return found


def shape(table: list[list[float]]) -> tuple[int, int]:
    (width,) = {len(row) for row in table}
    return len(table), width


def made_up(trace: Trace, drop: list[list[float]]) -> LeaveOneOut:
    """A finding with these drops (S, T), for the sentences."""
    table = torch.tensor(drop)
    return LeaveOneOut(table[0], table, table, table.long(), None)


def told(trace: Trace, rows: dict[int, list[float]]) -> str:
    """The sentences where only these source pieces matter: their drops at the first steps."""
    drop = [[0.0] * len(trace.steps) for _ in trace.source]
    for row, values in rows.items():
        drop[row][: len(values)] = values
    return " ".join(map(in_english, findings(trace, made_up(trace, drop))))


def test_tables_have_a_row_a_source_piece_and_a_column_a_reply_piece(bot: Chatbot) -> None:
    trace = bot.reply(SAD)
    found = drawn(bot.checkpoint, trace)
    sizes = (len(trace.source), len(trace.steps))
    assert [piece for piece, _ in found["source"]] == [piece.piece for piece in trace.source]
    assert [piece for piece, _ in found["reply"]] == [step.piece for step in trace.steps]
    assert shape(found["drop"]) == shape(found["without"]) == shape(found["instead"]) == sizes
    assert found["number"] == 3
    for total, row in zip(found["totals"], found["drop"], strict=True):
        assert total == pytest.approx(sum(row), rel=1e-2, abs=1e-2)


def test_the_likeliest_pieces_are_named(bot: Chatbot) -> None:
    trace = bot.reply(SAD)
    found = drawn(bot.checkpoint, trace)
    likeliest = explain(bot.checkpoint, trace).likeliest.tolist()
    named = [[found["pieces"][number] for number in row] for row in found["instead"]]
    assert named == [[bot.checkpoint.tokenizer.piece(id) for id in row] for row in likeliest]


def test_a_model_without_attention_is_told_as_a_bottleneck(bot: Chatbot) -> None:
    found = drawn(bot.checkpoint, bot.reply("hello"))
    assert found["attention"] is None
    assert found["agreement"] is None
    assert "one context vector of 2 × 64 numbers" in in_english(found["words"]["model"])
    assert len(found["words"]["care"]) == 1


def test_a_model_with_attention_shows_it_with_its_agreement(attending: Chatbot) -> None:
    trace = attending.reply(SAD, DecodingOptions(max_len=6))
    found = drawn(attending.checkpoint, trace)
    assert shape(found["attention"]) == (len(trace.steps), len(trace.source))
    for row, step in zip(found["attention"], trace.steps, strict=True):
        assert sum(row) == pytest.approx(1, abs=1e-3)
        assert row == pytest.approx(step.attention, abs=1e-3)
    assert found["agreement"]["pieces"] == len(trace.source)
    assert -1 <= found["agreement"]["tau"] <= 1
    order, hint = map(in_english, found["agreement"]["words"])
    assert f"the {len(trace.source)} pieces" in order
    assert "hint" in hint
    assert "not why it chose" in found["words"]["care"][0]


def test_numbers_are_kept_short(attending: Chatbot) -> None:
    text = influence_payload(attending.checkpoint, attending.reply(SAD), 1)
    digits = re.findall(r"[:,\[]-?(\d*\.?\d+)(?:e-?\d+)?(?=[,\]}])", text)
    assert digits
    assert all(len(number.replace(".", "").lstrip("0")) <= 4 for number in digits)


def test_a_reply_without_a_piece_draws_nothing(bot: Chatbot) -> None:
    empty = dataclasses.replace(bot.reply("hello"), steps=())
    assert influence_payload(bot.checkpoint, empty, 1) == ""


def test_control_pieces_and_the_end_are_told_apart(cast_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(cast_checkpoint)
    trace = bot.reply("hello", DecodingOptions(personality="witty"))
    turn = dataclasses.replace(trace.source[0], piece="<turn>", id=TURN_ID)
    found = drawn(bot.checkpoint, dataclasses.replace(trace, source=(turn, *trace.source)))
    kinds = [kind for _, kind in found["source"]]
    assert (kinds[0], kinds[-2], kinds[-1]) == ("turn", "personality", "end")
    assert set(kinds[1:-2]) == {""}


def test_sentences_name_the_piece_that_helped_most_and_where(bot: Chatbot) -> None:
    trace = bot.reply(SAD)
    first, second = (piece.piece for piece in trace.source[:2])
    step = trace.steps[1].piece
    most = told(trace, {0: [0.2, 5.0], 1: [1.0, -3.0]})
    assert f"Without “{first}” the reply would have been 5.2 bits less likely" in most
    assert f"most of it at “{step}” (step 2)." in most
    assert f"Without “{second}” it would have been 2.0 bits more likely" in most
    assert "4.0 bits less likely; at “" in told(trace, {0: [2.0, 5.0, -3.0]})


def test_the_end_piece_is_never_the_piece_that_helped_most(bot: Chatbot) -> None:
    trace = bot.reply(SAD)
    text = told(trace, {0: [1.0], -1: [9.0]})
    assert text.startswith(f"Without “{trace.source[0].piece}”")
    assert "the end piece “</s>” it would have been 9.0 bits less likely" in text
    assert "No piece of the message was needed by itself" in told(trace, {-1: [9.0]})


def test_forced_pieces_and_unread_ones_are_mentioned(bot: Chatbot) -> None:
    trace = bot.reply(SAD)
    assert "forced" not in told(trace, {0: [1.0]})
    forced = tuple(dataclasses.replace(step, forced=True) for step in trace.steps)
    odd = dataclasses.replace(trace, steps=forced, unread=trace.source[:2])
    assert "were forced" in told(odd, {0: [1.0]})
    assert "The last 2 pieces of the message were not read" in told(odd, {0: [1.0]})
    odd = dataclasses.replace(odd, unread=trace.source[:1])
    assert "The last piece of the message was not read" in told(odd, {0: [1.0]})


def test_all_that_the_view_is_told_is_known_in_korean(bot: Chatbot, attending: Chatbot) -> None:
    korean = json.loads(KOREAN.read_text(encoding="utf-8"))
    said: list[Words] = []
    for speaker in (bot, attending):
        found = drawn(speaker.checkpoint, speaker.reply(SAD, DecodingOptions(max_len=6)))
        words, alike = found["words"], found["agreement"]
        said += [words["model"], *words["found"], *words["care"]]
        said += alike["words"] if alike else []
    trace = bot.reply(SAD)
    odd = dataclasses.replace(
        trace,
        steps=tuple(dataclasses.replace(step, forced=True) for step in trace.steps),
        unread=trace.source[:2],
    )
    width = len(trace.steps) - 2
    for first, last in (([0.2, 5.0], 9.0), ([2.0, 5.0], -9.0), ([-4.0, 0.0], 0.0)):
        drop = [[0.0] * len(trace.steps) for _ in trace.source]
        drop[0], drop[-1][0] = [*first, *[0.0] * width], last
        said += findings(odd, made_up(odd, drop))
    assert {text for one in said for text in texts(one)} <= korean.keys()
