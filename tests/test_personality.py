"""Personalities: the control piece that asks for one, from training to the reply."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from small_talk import PAIRS, WITTY, write_cast

from seq2seq.__main__ import main
from seq2seq.chatbot import Chatbot
from seq2seq.config import PERSONALITIES, ModelConfig, TrainingConfig
from seq2seq.corpora import Pair
from seq2seq.encoding import encode_pair
from seq2seq.evaluation import evaluate, replies_to
from seq2seq.options import DecodingOptions
from seq2seq.source import chosen_personality, read_source
from seq2seq.tokenizer import EOS_ID, PERSONALITY_IDS, TURN_ID, Tokenizer
from seq2seq.training.data import variation
from seq2seq.training.setup import RunSettings, prepare

FRIENDLY = dict(PAIRS)


@pytest.fixture(scope="module")
def cast(cast_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(cast_checkpoint)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["hello how are you today", "well, and you?"] * 5, 330)


def config(*personalities: str, **values: int) -> ModelConfig:
    sizes = {"vocab_size": 330, "emb_dim": 4, "hidden_dim": 4, **values}
    return ModelConfig(**sizes, personalities=personalities)


def test_each_personality_has_its_control_piece(tokenizer: Tokenizer) -> None:
    names = [tokenizer.piece(PERSONALITY_IDS[name]) for name in PERSONALITIES]
    assert names == [f"<{name}>" for name in PERSONALITIES]
    assert len(set(PERSONALITY_IDS.values())) == 5
    assert set(PERSONALITY_IDS.values()) <= set(tokenizer.never_written)


def test_the_control_piece_stands_between_message_and_end(tokenizer: Tokenizer) -> None:
    message = tokenizer.encode("hello")
    chosen = config("friendly", "witty")
    asked = read_source(tokenizer, chosen, "hello", personality="witty").ids
    assert asked == [*message, PERSONALITY_IDS["witty"], EOS_ID]
    default = read_source(tokenizer, chosen, "hello").ids
    assert default == [*message, PERSONALITY_IDS["friendly"], EOS_ID]
    assert read_source(tokenizer, config(), "hello").ids == [*message, EOS_ID]


@pytest.mark.parametrize("room", [3, 4, 6, 20])
def test_a_long_message_leaves_room_for_the_control_piece(tokenizer: Tokenizer, room: int) -> None:
    message = "hello how are you today " * 9
    source = read_source(tokenizer, config("caring", max_source=room), message)
    assert len(source.ids) == room
    assert source.ids[-2:] == [PERSONALITY_IDS["caring"], EOS_ID]
    assert source.ids[:-2] + source.unread == tokenizer.encode(message)


def test_earlier_turns_come_before_message_and_control_piece(tokenizer: Tokenizer) -> None:
    chosen = config("witty", context_turns=1)
    ids = read_source(tokenizer, chosen, "hello", ["how are you"]).ids
    turn, message = tokenizer.encode("how are you"), tokenizer.encode("hello")
    assert ids == [*turn, TURN_ID, *message, PERSONALITY_IDS["witty"], EOS_ID]


def test_a_typed_control_piece_asks_for_nobody(tokenizer: Tokenizer) -> None:
    ids = read_source(tokenizer, config("friendly", "witty"), "hello <witty>").ids
    assert PERSONALITY_IDS["witty"] not in ids


def test_who_answers_is_checked() -> None:
    assert chosen_personality(config(), None) is None
    assert chosen_personality(config("witty", "caring"), None) == "witty"
    with pytest.raises(ValueError, match=r"'caring'.*does not have; it has friendly, witty"):
        chosen_personality(config("friendly", "witty"), "caring")
    with pytest.raises(ValueError, match=r"'witty'.*it has no personalities: leave the option out"):
        chosen_personality(config(), "witty")


@pytest.mark.parametrize("value", ["grumpy", "", 3, "Witty"])
def test_options_take_one_of_the_five(value: object) -> None:
    with pytest.raises(ValueError, match=r"personality is .*friendly, professional, witty"):
        DecodingOptions(personality=value)


def test_a_config_refuses_what_is_no_personality_and_one_given_twice() -> None:
    with pytest.raises(ValueError, match="personality is 'grumpy'"):
        config("grumpy")
    with pytest.raises(ValueError, match="'witty' is given twice"):
        config("witty", "witty")
    with pytest.raises(ValueError, match=r"max_source is 2; it must be at least 3"):
        config("witty", max_source=2)


@pytest.mark.parametrize(("message", "witty"), WITTY)
def test_the_reply_is_that_of_the_personality(cast: Chatbot, message: str, witty: str) -> None:
    assert cast.personalities == ("friendly", "witty")
    assert cast.reply(message).reply == FRIENDLY[message]
    trace = cast.reply(message, DecodingOptions(personality="witty"))
    assert trace.reply == witty
    assert [piece.piece for piece in trace.source][-2:] == ["<witty>", "</s>"]


def test_a_trace_says_who_answered_and_is_repeated_from_its_options(cast: Chatbot) -> None:
    trace = cast.reply("hello")
    told = trace.to_dict()["options"]
    assert told["personality"] == "friendly"
    again = DecodingOptions.from_dict(json.loads(json.dumps(told)))
    assert cast.reply("hello", again).ids == trace.ids


def test_a_checkpoint_without_personalities_says_so(tiny_checkpoint: Path) -> None:
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    assert bot.personalities == ()
    assert bot.reply("hello").options.personality is None
    with pytest.raises(ValueError, match="it has no personalities: leave the option out"):
        bot.stream("hello", DecodingOptions(personality="witty"))


def test_a_pair_is_answered_and_scored_as_its_personality(cast: Chatbot) -> None:
    pairs = [Pair(m, reply, personality="witty") for m, reply in WITTY]
    pairs += [Pair(m, FRIENDLY[m]) for m, _ in WITTY]
    found = replies_to(cast, pairs, DecodingOptions())
    assert [trace.reply for trace in found] == [pair.reply for pair in pairs]
    right = evaluate(cast, pairs)
    assert right.exact_match == 1.0
    swapped = [dataclasses.replace(pair, personality=None) for pair in pairs[:4]]
    assert evaluate(cast, swapped).perplexity > right.perplexity * 1.05
    asked = evaluate(cast, swapped, DecodingOptions(personality="witty"))
    assert asked.exact_match == 1.0
    assert asked.perplexity == pytest.approx(evaluate(cast, pairs[:4]).perplexity)


def test_pairs_of_no_personality_get_one_by_lot_and_keep_some_history() -> None:
    model = config("friendly", "witty", "caring", context_turns=2)
    pairs = [Pair("a", "b", history=("x", "y"))] * 600
    vary = variation(model, seed=3)
    varied = [vary(pair) for pair in pairs]
    for name in model.personalities:
        assert 150 < sum(pair.personality == name for pair in varied) < 250
    for kept in ((), ("y",), ("x", "y")):
        assert 150 < sum(pair.history == kept for pair in varied) < 250
    again = variation(model, seed=3)
    assert [again(pair) for pair in pairs] == varied
    assert variation(config(), 3)(Pair("a", "b")) == Pair("a", "b")
    assert vary(Pair("a", "b", personality="caring")).personality == "caring"


def test_held_out_pairs_are_read_as_the_default_personality(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    rows = "".join(f"question {i},answer {i}\n" for i in range(200))
    path.write_text("message,reply\n" + rows, encoding="utf-8")
    model = dataclasses.replace(config(*PERSONALITIES), vocab_size=400)
    run = RunSettings(TrainingConfig(corpora=(str(path),)), model)
    run.save(tmp_path)
    material = prepare(run, tmp_path, lambda text: None)
    held_out = material.valid.table.batch(material.valid.table.reply_lengths.argsort()).src
    assert (held_out == PERSONALITY_IDS["friendly"]).any(dim=1).all()
    for pair in material.valid.pairs[:3]:
        ids = encode_pair(material.tokenizer, material.config, pair).source
        assert PERSONALITY_IDS["friendly"] in ids
    rows_of = material.train.table
    trained = rows_of.batch(rows_of.reply_lengths.argsort()).src
    assert all((trained == PERSONALITY_IDS[name]).any() for name in PERSONALITIES)


def test_a_personality_of_ones_own_file_that_is_not_learned_is_named(tmp_path: Path) -> None:
    corpus = write_cast(tmp_path / "cast.csv")
    model = dataclasses.replace(config("friendly", "caring"), vocab_size=400)
    run = RunSettings(TrainingConfig(corpora=(str(corpus),)), model)
    run.save(tmp_path)
    with pytest.raises(ValueError, match="'witty'"):
        prepare(run, tmp_path, lambda text: None)


def test_the_command_line_asks_for_a_personality(
    cast_checkpoint: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["chat", "hello", "--personality", "witty", "--checkpoint"]
    assert main([*arguments, str(cast_checkpoint)]) == 0
    assert capsys.readouterr().out.strip() == dict(WITTY)["hello"]
    assert main([*arguments, str(tiny_checkpoint)]) == 2
    assert "it has no personalities: leave the option out" in capsys.readouterr().err


def test_train_learns_all_or_some_personalities(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = str(write_cast(tmp_path / "cast.csv", copies=3))
    sizes = [
        "--vocab-size",
        "330",
        "--emb-dim",
        "4",
        "--hidden-dim",
        "4",
        "--n-layers",
        "1",
        "--epochs",
        "0.2",
    ]
    for flags, expected in (
        (["all"], PERSONALITIES),
        (["witty", "friendly"], ("friendly", "witty")),
    ):
        out = tmp_path / flags[0]
        chosen = [word for flag in flags for word in ("--personality", flag)]
        assert main(["train", "--corpus", corpus, "--out", str(out), *sizes, *chosen]) == 0
        assert Chatbot.from_pretrained(out).personalities == expected
    capsys.readouterr()


def test_pairs_are_written_with_personality_and_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "turns.jsonl"
    rows = [{"turns": [f"a {i}", f"b {i}", f"c {i}"], "personality": "caring"} for i in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = ["pairs", "--corpus", str(path), "--split", "train"]
    assert main(arguments) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"message", "reply", "personality"} == set(found[0])
    assert main([*arguments, "--context-turns", "1"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    second = next(row for row in found if row["message"].startswith("b"))
    assert second["history"] == [second["message"].replace("b", "a")]
