"""What a page draws: payload lines, words, the learning curve, the model card, chat messages."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seq2seq import Chatbot, DecodingOptions
from seq2seq.tokenizer import PERSONALITY_IDS, TURN_ID
from seq2seq.views import (
    Listed,
    about_model,
    candidate_rows,
    card,
    chat_messages,
    figures,
    learning_curve,
    replies_line,
    sizes,
    trace_lines,
    words,
)
from seq2seq.views.wording import Words, in_english


def candidate(id: int, probability: float, sampling: float) -> dict[str, Any]:
    return {
        "id": id,
        "piece": f"▁{id}",
        "probability": probability,
        "sampling_probability": sampling,
    }


def step(id: int, candidates: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    other = 1 - sum(one["probability"] for one in candidates)
    return {
        "step": 0, "id": id, "piece": f"▁{id}", "text": f" {id}", "probability": 0.5,
        "sampling_probability": 0.6, "rank": 0, "entropy": 1.5, "logprob": -0.7, "forced": False,
        "candidates": candidates, "other": other, "attention": None, **changes,
    }  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    options = DecodingOptions().to_dict()
    return {
        "version": 1, "checkpoint": {"name": "en", "sha256": "0123456789abcdef"},
        "message": "Hello", "normalized": "hello",
        "source": [{"piece": "▁hello", "id": 17, "unknown": False}],
        "options": options, "seed": None, "reply": "5", "finish_reason": None, "logprob": -0.7,
        "steps": [step(5, [candidate(5, 0.5, 0.6), candidate(6, 0.2, 0.3)])],
        "hypotheses": None, "timings_ms": {"encode": 0.4, "decode": 12.2, "total": 12.6}, **changes,
    }  # fmt: skip


def lines(text: str) -> list[dict[str, Any]]:
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_rows_and_rest_add_up_to_one_in_both_columns() -> None:
    rows, rest = candidate_rows(step(5, [candidate(5, 0.5, 0.6), candidate(6, 0.2, 0.3)]))
    for name in ("probability", "sampling_probability"):
        assert sum(row[name] for row in rows) + rest[name] == pytest.approx(1)
    assert [row["chosen"] for row in rows] == [True, False]


def test_a_chosen_piece_beyond_the_candidates_leaves_everything_else() -> None:
    far = step(9, [candidate(5, 0.5, 0.6)], probability=0.1, sampling_probability=0.15)
    rows, rest = candidate_rows(far)
    assert [(row["id"], row["chosen"]) for row in rows] == [(5, False), (9, True)]
    assert rest["probability"] == pytest.approx(0.4)
    assert rest["sampling_probability"] == pytest.approx(0.25)


def test_rounding_never_makes_everything_else_negative() -> None:
    crowded = step(5, [candidate(5, 1.0000001, 1.0000002)], other=-1e-7)
    _, rest = candidate_rows(crowded)
    assert rest == {"probability": 0.0, "sampling_probability": 0.0}


def test_a_growing_reply_only_appends_lines() -> None:
    first = record()
    longer = record(steps=[*first["steps"], *first["steps"]])
    ended = {**longer, "finish_reason": "eos"}
    texts = [trace_lines(one, number=2) for one in (first, longer, ended)]
    assert texts[1].startswith(texts[0])
    assert texts[2].startswith(texts[1])
    assert [line["line"] for line in lines(texts[2])] == ["reply", "step", "step", "end"]


def test_header_carries_what_the_encoder_read_and_what_it_did_not() -> None:
    unread = [{"piece": "▁more", "id": 18, "unknown": True}]
    header = lines(trace_lines(record(), number=1, unread=unread, context=(2, 64)))[0]
    assert header["source"] == [["▁hello", 17, False, ""]]
    assert header["unread"] == [["▁more", 18, True, ""]]
    assert header["context"] == [2, 64]
    assert header["sha256"] == "01234567"
    assert header["seed"] is None


def test_text_with_line_breaks_stays_within_its_line() -> None:
    odd = record(message="a\nb\u2028c", normalized="a b c")
    text = trace_lines(odd, number=1) + replies_line([Listed(1, "a\nb", 1)])
    shown, _, replies, rest = text.split("\n")
    assert json.loads(shown)["message"] == "a\nb\u2028c"
    assert json.loads(replies)["replies"][0]["message"] == "a\nb"
    assert rest == ""


def test_control_pieces_are_marked() -> None:
    ids = [17, TURN_ID, 18, TURN_ID, PERSONALITY_IDS["witty"]]
    source = [{"piece": f"p{id}", "id": id, "unknown": False} for id in ids]
    header = lines(trace_lines(record(source=source), number=1))[0]
    assert [piece[3] for piece in header["source"]] == ["", "turn", "", "turn", "personality"]


def told(parts: list[Words]) -> str:
    return ", ".join(map(in_english, parts))


def test_words_tell_how_and_why() -> None:
    drawn = {"method": "sample", "temperature": 0.7, "top_k": 40, "top_p": 1.0, "min_len": 3}
    assert told(words.method(drawn)) == (
        "drawn at random, temperature 0.7, top-k 40, at least 3 pieces"
    )
    assert told(words.method({"min_len": 1})) == "always the likeliest piece, at least 1 piece"
    assert words.method({"method": "greedy", "temperature": 0.7}) == ["always the likeliest piece"]
    assert words.finish("eos", late=True) == "Ended by its own end token"
    assert words.finish("stopped") == "Stopped by you"
    assert "too long" in words.finish("stopped", late=True)
    assert words.finish(None) == ""
    assert told(words.timing({"encode": 0.4, "decode": 12.2}, 1)) == (
        "read in under 1 ms, 1 piece written in 12 ms"
    )
    assert told(words.timing({"encode": 3.2, "decode": 40}, 7)) == (
        "read in 3 ms, 7 pieces written in 40 ms"
    )
    assert words.timing({}, 3) == []


def test_chat_messages_are_escaped_and_never_empty() -> None:
    shown = chat_messages([("<b>hi</b>", None), ("x", ""), ("y", "a <unk> & b")])
    assert [one["role"] for one in shown] == ["user", "assistant"] * 3
    assert shown[0]["content"] == "&lt;b&gt;hi&lt;/b&gt;"
    assert shown[5]["content"] == "a &lt;unk&gt; &amp; b"
    assert all(one["content"] for one in shown)


def test_learning_curve_is_a_picture_that_names_its_lines() -> None:
    history = [
        {"step": n * 100, "train_loss": 5 / (n + 1), "valid_loss": 5.2 / (n + 1)} for n in range(5)
    ]
    picture = learning_curve(history)
    root = ET.fromstring(picture)
    labels = {node.text for node in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"training", "held out", "training steps", "400"} <= labels
    assert 'stroke="currentColor"' in picture


def test_nothing_is_called_held_out_where_nothing_was_held_back() -> None:
    history = [{"step": n, "train_loss": 2.0, "valid_loss": 1.0} for n in range(3)]
    metrics: dict[str, Any] = {"best": {"valid_perplexity": 9.0}, "history": history}
    for held_out_from, held_out in (("valid", True), ("train", False)):
        metrics["data"] = {"held_out_from": held_out_from}
        bot: Any = SimpleNamespace(
            metrics=metrics,
            card="",
            parameters=1,
            precision="fp32",
            config=SimpleNamespace(to_dict=dict),
        )
        facts, curve, _ = about_model(bot)
        for text, words_for_it in ((facts, "held-out"), (curve, "held out")):
            assert (words_for_it in text) == held_out
            assert ("the training pairs themselves (too few to hold any back)" in text) != held_out
        ET.fromstring(curve)


@pytest.mark.parametrize(
    "history",
    [
        [],
        [{"step": 1, "train_loss": 2.0}],
        [{"step": "x"}, {"train_loss": None}],
        [{"step": 1, "train_loss": float("nan")}] * 3,
        ["not a row"],
    ],
)
def test_without_two_points_there_is_no_curve(history: list[Any]) -> None:
    assert learning_curve(history) == ""


def test_a_flat_or_half_known_history_still_draws() -> None:
    flat = [{"step": n, "train_loss": 2.0} for n in range(3)]
    ET.fromstring(learning_curve(flat))


def test_card_keeps_markdown_and_drops_front_matter_markup_and_pictures() -> None:
    text = (
        "---\nlicense: mit\n---\n# Name\n![x](http://a/b.png)\n<img src=x onerror=y> `<unk>`\n"
        "1 < 2\n```\n<tag>\n```\n"
    )
    safe = card(text)
    assert safe.startswith("# Name")
    assert "a/b.png" not in safe
    assert "&lt;img" in safe
    assert "`<unk>`" in safe
    assert "1 < 2" in safe
    assert "\n<tag>\n" in safe


def test_figures_prefer_the_test_set_and_take_what_there_is() -> None:
    both = figures({"test": {"perplexity": 28.4}, "best": {"valid_perplexity": 9}})
    name = "perplexity: as unsure as a fair choice among this many pieces"
    assert both == ["On dialogues it never saw", "Figure", [[name, "28.4"]]]
    assert figures({"best": {"valid_perplexity": 9.0}})[2] == [["perplexity", "9.000"]]
    assert figures({}) == []
    assert figures({"test": {"perplexity": "many"}}) == []


def test_sizes_take_any_config() -> None:
    names, values, rows = sizes({"vocab_size": 8000, "hidden_dim": 512}, 11_700_000)
    table = {name: in_english(value) for name, value in rows}
    assert (names, values) == ("Part", "Size")
    assert table["Vocabulary"] == "8,000 pieces (V)"
    assert table["Parameters"] == "11,700,000"
    assert table["Embedding"] == "? numbers a piece (E)"


def test_a_real_trace_and_checkpoint_are_drawn(tiny_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    trace = bot.reply("hello", DecodingOptions(method="sample", seed=1, candidates=2))
    drawn = lines(trace_lines(trace.to_dict(), number=1))
    assert len(drawn) == len(trace.steps) + 2
    for line in drawn[1:-1]:
        for column in (2, 3):
            total = sum(row[column] for row in line["rows"]) + line["rest"][column - 2]
            assert total == pytest.approx(1, abs=1e-4)
    facts, curve, told = about_model(bot)
    assert f"{bot.parameters:,}" in facts
    assert curve.startswith("<svg")
    assert "# tiny" in told


def test_a_search_is_told_with_the_best_it_found(tiny_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    trace = bot.reply("hello", DecodingOptions(method="beam", beam_size=3))
    header, *_, end = [
        json.loads(line) for line in trace_lines(trace.to_dict(), number=1).splitlines()
    ]
    assert told(header["method"]) == "found by beam search, 3 kept at each step"
    assert [reply for reply, _, _ in end["best"]] == [h.reply for h in trace.hypotheses or ()]
