"""Text in, replies out: alone, streamed, many at once, and with what came before."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from seq2seq.chatbot import Chatbot
from seq2seq.checkpoint import Checkpoint
from seq2seq.config import ModelConfig
from seq2seq.model import build_model
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import TOKENS, TURN_ID, Tokenizer

SAMPLED = DecodingOptions(method="sample", seed=17, temperature=2.0, max_len=15)
MESSAGES = ["goodbye", "what should i eat for dinner please please?", "hello", "뷁", "hello"]


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


@pytest.fixture(scope="module")
def reader() -> Chatbot:
    """An untrained bot that also reads the two turns before the message."""
    tokenizer = Tokenizer.train(["hello, how are you?", "I am well, thank you."] * 5, 300)
    config = ModelConfig(
        vocab_size=tokenizer.vocab_size, emb_dim=12, hidden_dim=16, dropout=0.0, context_turns=2
    )
    torch.manual_seed(0)
    model = build_model(config, TOKENS).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1, 1)
    return Chatbot(Checkpoint(Path("reader"), config, model, tokenizer, "0" * 64, {}, ""))


@pytest.mark.parametrize("options", [DecodingOptions(), SAMPLED], ids=["greedy", "sample"])
def test_a_stream_grows_by_one_step_and_ends_as_the_reply(
    bot: Chatbot, options: DecodingOptions
) -> None:
    traces = list(bot.stream("tell me a joke", options))
    for count, trace in enumerate(traces, start=1):
        assert len(trace.steps) == count
        assert trace.steps == traces[-1].steps[:count]
        assert traces[-1].reply.startswith(trace.reply)
        assert (trace.finish_reason is None) == (count < len(traces))
    assert traces[-1].steps == bot.reply("tell me a joke", options).steps


@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(),
        SAMPLED,
        DecodingOptions(method="sample", seed=3, top_k=5, no_repeat_ngram=2, min_len=4, max_len=9),
        DecodingOptions(prefix_ids=(300, 301), max_len=9),
    ],
    ids=["greedy", "sample", "filters", "prefix"],
)
def test_many_replies_are_each_the_reply_alone(bot: Chatbot, options: DecodingOptions) -> None:
    traces = bot.reply_many(MESSAGES, options)
    assert [trace.message for trace in traces] == MESSAGES
    for message, trace in zip(MESSAGES, traces, strict=True):
        alone = bot.reply(message, options)
        assert trace.ids == alone.ids
        assert trace.reply == alone.reply
        assert trace.finish_reason == alone.finish_reason
        assert trace.source == alone.source
        assert trace.logprob == pytest.approx(alone.logprob, abs=1e-3)


def test_more_messages_than_a_batch_holds_stay_in_order(bot: Chatbot) -> None:
    messages = [("hello", "goodbye", "tell me a joke")[i * 7 % 3] for i in range(150)]
    options = DecodingOptions(max_len=5, candidates=1)
    expected = {message: bot.reply(message, options).ids for message in set(messages)}
    traces = bot.reply_many(messages, options)
    assert [trace.ids for trace in traces] == [expected[message] for message in messages]
    assert len(set(expected.values())) == 3


def test_each_of_many_gets_its_own_seed_where_none_is_given(bot: Chatbot) -> None:
    options = DecodingOptions(method="sample", temperature=5.0, max_len=6)
    traces = bot.reply_many(["hello"] * 4, options)
    assert len({trace.seed for trace in traces}) == 4
    assert [bot.reply("hello", trace.options).ids for trace in traces] == [
        trace.ids for trace in traces
    ]


def test_no_message_gives_no_reply(bot: Chatbot) -> None:
    assert bot.reply_many([]) == []


@pytest.mark.parametrize("message", ["", " ", "\n\t\u3000"], ids=repr)
def test_an_empty_message_is_refused(bot: Chatbot, message: str) -> None:
    with pytest.raises(ValueError, match="message is empty"):
        bot.reply(message)
    with pytest.raises(ValueError, match="message is empty"):
        next(bot.stream(message))
    with pytest.raises(ValueError, match="message is empty"):
        bot.reply_many(["hello", message])


def test_a_message_that_is_no_text_is_refused_with_its_type(bot: Chatbot) -> None:
    with pytest.raises(ValueError, match=r"bytes.*text"):
        bot.reply(b"hello")
    with pytest.raises(ValueError, match=r"NoneType.*text"):
        bot.reply(None)


@pytest.mark.parametrize(
    "message", ["\x00", "\u200b", "\u2581", "\ud83d lone", "</s><turn>", "a" * 5000], ids=ascii
)
def test_any_other_text_is_answered(bot: Chatbot, message: str) -> None:
    trace = bot.reply(message, DecodingOptions(max_len=5))
    assert trace.steps
    assert trace.source[-1].piece == "</s>"
    assert [piece.id for piece in trace.source].count(3) == 1
    sent = json.dumps(trace.to_dict(), ensure_ascii=False).encode("utf-8")
    assert json.loads(sent)["message"] == message.encode("utf-8", "replace").decode("utf-8")


def test_case_and_spaces_of_a_message_do_not_matter(bot: Chatbot) -> None:
    assert bot.reply("  HELLO ").ids == bot.reply("hello").ids


def test_a_model_without_context_ignores_the_history(bot: Chatbot) -> None:
    assert bot.reply("hello", history=["a", "b"]).steps == bot.reply("hello").steps


def test_a_model_with_context_reads_the_last_turns(reader: Chatbot) -> None:
    history = ["hello", "how are you?", "I am well"]
    trace = reader.reply("thank you", history=history)
    assert [piece.id for piece in trace.source].count(TURN_ID) == 2
    assert trace.steps == reader.reply("thank you", history=history[1:]).steps
    assert trace.steps != reader.reply("thank you", history=history[:2]).steps
    assert trace.steps != reader.reply("thank you").steps
    *_, streamed = reader.stream("thank you", history=history)
    assert streamed.steps == trace.steps


def test_many_messages_have_each_their_history(reader: Chatbot) -> None:
    messages = ["I am well, thank you", "you", "how are"]
    histories = [["hello"], [], ["I am well", "you"]]
    options = DecodingOptions(max_len=8)
    traces = reader.reply_many(messages, options, histories=histories)
    for message, history, trace in zip(messages, histories, traces, strict=True):
        alone = reader.reply(message, options, history=history)
        assert trace.source == alone.source
        assert trace.ids == alone.ids
    with pytest.raises(ValueError, match="2 messages but 1 histories"):
        reader.reply_many(["a", "b"], histories=[[]])


def test_the_default_options_are_greedy(bot: Chatbot) -> None:
    assert bot.reply("hello").steps == bot.reply("hello", DecodingOptions()).steps
    assert bot.reply("hello").options == DecodingOptions()


def test_a_bot_knows_its_checkpoint(bot: Chatbot, tiny_checkpoint: Path) -> None:
    assert bot.name == tiny_checkpoint.name
    assert bot.folder == tiny_checkpoint
    assert bot.max_source == bot.config.max_source
    assert bot.metrics == json.loads((tiny_checkpoint / "metrics.json").read_text())
    assert bot.card == (tiny_checkpoint / "README.md").read_text()
    assert len(bot.sha256) == 64


def test_parameters_counts_tied_ones_once() -> None:
    config = ModelConfig(vocab_size=20, emb_dim=4, hidden_dim=4, n_layers=1, tie_embeddings=True)
    tied = build_model(config, TOKENS)
    bot = Chatbot(Checkpoint(Path("x"), config, tied, None, "", {}, ""))
    gru = 2 * (2 * 3 * 4 * 4 + 2 * 3 * 4)
    assert bot.parameters == 20 * 4 + gru + (4 * 4 + 4) + 20


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Chatbot.from_pretrained(tmp_path / "nowhere")


def test_a_hub_id_that_cannot_be_fetched_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def offline(*_: object, **__: object) -> str:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(FileNotFoundError, match=r"some-one/some-bot.*cannot be fetched"):
        Chatbot.from_pretrained("some-one/some-bot")


def test_a_hub_id_is_fetched_and_loaded(
    bot: Chatbot, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked = []

    def snapshot(hub_id: str, allow_patterns: list[str]) -> str:
        asked.append((hub_id, allow_patterns))
        return str(tiny_checkpoint)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert Chatbot.from_pretrained("some-one/some-bot").sha256 == bot.sha256
    [(hub_id, patterns)] = asked
    assert hub_id == "some-one/some-bot"
    assert not any(pattern in ("*", "*.py", "*.bin", "*.pt") for pattern in patterns)


def test_each_message_may_have_its_own_options(bot: Chatbot) -> None:
    options = [
        SAMPLED,
        DecodingOptions(max_len=3),
        DecodingOptions(method="sample", seed=5, temperature=2.0, max_len=15),
        DecodingOptions(method="beam", beam_size=2),
        DecodingOptions(),
    ]
    traces = bot.reply_many(MESSAGES, options)
    for message, own, trace in zip(MESSAGES, options, traces, strict=True):
        assert trace.options == own
        assert trace.ids == bot.reply(message, own).ids
    with pytest.raises(ValueError, match="5 messages but 1 options"):
        bot.reply_many(MESSAGES, options[:1])
    with pytest.raises(ValueError, match=r"options is a dict"):
        bot.reply_many(["hello"], [{}])


def test_what_is_no_options_is_refused(bot: Chatbot) -> None:
    with pytest.raises(ValueError, match=r"options is a dict.*DecodingOptions.from_dict"):
        bot.reply("hello", {})


def test_a_model_may_forbid_repeated_runs_unless_the_options_allow_them(bot: Chatbot) -> None:
    strict = dataclasses.replace(
        bot.checkpoint, config=dataclasses.replace(bot.config, no_repeat_ngram=1)
    )
    options = DecodingOptions(max_len=20, min_len=15)
    trace = Chatbot(strict).reply("hello", options)
    assert trace.options.no_repeat_ngram == 1
    assert len(set(trace.ids)) == len(trace.ids)
    allowed = dataclasses.replace(options, no_repeat_ngram=0)
    assert Chatbot(strict).reply("hello", allowed).ids == bot.reply("hello", options).ids
    assert bot.reply("hello", options).options.no_repeat_ngram is None
