"""The trace: complete, the same as JSON, and enough to make the reply again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seq2seq.chatbot import Chatbot
from seq2seq.options import DecodingOptions
from seq2seq.trace import Trace

KEYS = {
    "version": int,
    "checkpoint": dict,
    "message": str,
    "normalized": str,
    "source": list,
    "options": dict,
    "seed": (int, type(None)),
    "reply": str,
    "finish_reason": str,
    "logprob": float,
    "steps": list,
    "hypotheses": (list, type(None)),
    "timings_ms": dict,
}
STEP_KEYS = {
    "step": int,
    "id": int,
    "piece": str,
    "text": str,
    "probability": float,
    "sampling_probability": float,
    "rank": int,
    "entropy": float,
    "logprob": float,
    "forced": bool,
    "candidates": list,
    "other": float,
    "attention": (list, type(None)),
}
CANDIDATE_KEYS = {"id": int, "piece": str, "probability": float, "sampling_probability": float}
SAMPLED = DecodingOptions(method="sample", temperature=1.5, top_p=0.95, max_len=15)


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


def assert_fields(found: dict[str, object], wanted: dict[str, object]) -> None:
    assert list(found) == list(wanted)
    for name, kind in wanted.items():
        assert isinstance(found[name], kind), name


@pytest.mark.parametrize("options", [DecodingOptions(), SAMPLED], ids=["greedy", "sample"])
def test_as_json_it_has_exactly_the_documented_keys(bot: Chatbot, options: DecodingOptions) -> None:
    trace = bot.reply("hello", options)
    found = json.loads(json.dumps(trace.to_dict(), allow_nan=False))
    assert found == trace.to_dict()
    assert_fields(found, KEYS)
    assert_fields(found["checkpoint"], {"name": str, "sha256": str})
    assert_fields(found["timings_ms"], {"encode": float, "decode": float, "total": float})
    for piece in found["source"]:
        assert_fields(piece, {"piece": str, "id": int, "unknown": bool})
    for step in found["steps"]:
        assert_fields(step, STEP_KEYS)
        assert len(step["candidates"]) == options.candidates
        for candidate in step["candidates"]:
            assert_fields(candidate, CANDIDATE_KEYS)
    assert found["version"] == 1
    assert found["options"] == trace.options.to_dict()


def test_json_holds_what_the_trace_holds(bot: Chatbot) -> None:
    trace = bot.reply("Hello", SAMPLED)
    found = trace.to_dict()
    assert found["message"] == "Hello"
    assert found["normalized"] == "hello"
    assert found["reply"] == trace.reply
    assert found["logprob"] == trace.logprob
    assert [step["id"] for step in found["steps"]] == list(trace.ids)
    assert found["timings_ms"]["total"] == pytest.approx(trace.encode_ms + trace.decode_ms)
    assert found["timings_ms"]["encode"] > 0
    assert found["timings_ms"]["decode"] > 0


@pytest.mark.parametrize("message", ["hello", "tell me a joke", "what is 뷁?"])
def test_a_reply_repeats_from_its_trace(bot: Chatbot, message: str) -> None:
    for options in (DecodingOptions(), SAMPLED):
        trace = bot.reply(message, options)
        found = json.loads(json.dumps(trace.to_dict()))
        again = bot.reply(found["message"], DecodingOptions.from_dict(found["options"]))
        assert again.ids == trace.ids
        assert again.steps == trace.steps


def test_the_seed_that_was_drawn_is_recorded(bot: Chatbot) -> None:
    trace = bot.reply("hello", SAMPLED)
    assert isinstance(trace.seed, int)
    assert trace.options.seed == trace.seed == trace.to_dict()["seed"]
    assert len({bot.reply("hello", SAMPLED).seed for _ in range(3)}) == 3


def test_a_greedy_reply_has_no_seed(bot: Chatbot) -> None:
    assert bot.reply("hello").seed is None
    assert bot.reply("hello", DecodingOptions(seed=5)).seed is None


def test_it_names_the_checkpoint_and_its_hash(bot: Chatbot, tiny_checkpoint: Path) -> None:
    import hashlib

    weights = (tiny_checkpoint / "model.safetensors").read_bytes()
    assert bot.reply("hello").to_dict()["checkpoint"] == {
        "name": tiny_checkpoint.name,
        "sha256": hashlib.sha256(weights).hexdigest(),
    }


def test_the_source_is_the_message_in_pieces_and_the_end_piece(bot: Chatbot) -> None:
    trace = bot.reply("How are YOU?")
    tokenizer = bot.checkpoint.tokenizer
    assert [piece.id for piece in trace.source[:-1]] == tokenizer.encode("how are you?")
    assert trace.source[-1].piece == "</s>"
    assert all(piece.piece == tokenizer.piece(piece.id) for piece in trace.source)
    assert not any(piece.unknown for piece in trace.source)
    assert trace.unread == ()


def test_what_of_a_long_message_is_unread_is_kept(bot: Chatbot) -> None:
    message = "tell me a joke " * 50
    trace = bot.reply(message)
    assert len(trace.source) == bot.max_source
    assert trace.source[-1].piece == "</s>"
    ids = [piece.id for piece in (*trace.source[:-1], *trace.unread)]
    assert ids == bot.checkpoint.tokenizer.encode(message)
    assert trace.unread


def test_a_stopped_trace_says_so_and_an_ended_one_stays(bot: Chatbot) -> None:
    first, *_, last = bot.stream("hello")
    assert first.finish_reason is None
    assert first.stopped().finish_reason == "stopped"
    assert first.finish_reason is None
    assert first.stopped().steps == first.steps
    assert last.stopped().finish_reason == "eos"


def test_a_trace_without_steps_has_an_empty_reply() -> None:
    trace = Trace("name", "0", "hi", "hi", (), (), DecodingOptions())
    assert (trace.reply, trace.ids, trace.logprob, trace.seed) == ("", (), 0.0, None)
    assert json.dumps(trace.to_dict())


def test_one_checkpoint_gives_one_reply_however_often_it_is_loaded(
    bot: Chatbot, tiny_checkpoint: Path
) -> None:
    other = Chatbot.from_pretrained(tiny_checkpoint)
    options = DecodingOptions(method="sample", seed=9, temperature=2.0)
    assert other.reply("hello", options).steps == bot.reply("hello", options).steps
