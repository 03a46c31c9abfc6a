"""What the encoder reads: the message, its length, and the turns before it."""

from __future__ import annotations

import pytest

from seq2seq.config import ModelConfig
from seq2seq.source import normalize_message, read_source
from seq2seq.tokenizer import EOS_ID, TURN_ID, Tokenizer

TURNS = ["first turn", "second one", "and a third", "the fourth"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["hello how are you today", *TURNS] * 5, 330)


def config(**values: object) -> ModelConfig:
    return ModelConfig(**{"vocab_size": 330, "emb_dim": 4, "hidden_dim": 4, **values})


def with_turns(tokenizer: Tokenizer, turns: list[str], message: str) -> list[int]:
    ids = [id for turn in turns for id in (*tokenizer.encode(turn), TURN_ID)]
    return [*ids, *tokenizer.encode(message), EOS_ID]


def test_a_message_is_its_pieces_and_the_end_piece(tokenizer: Tokenizer) -> None:
    source = read_source(tokenizer, config(), "  hello   you ")
    assert source.normalized == "hello you"
    assert source.ids == [*tokenizer.encode("hello you"), EOS_ID]
    assert source.unread == []


def test_a_message_is_lower_cased_only_where_the_model_wants_that(tokenizer: Tokenizer) -> None:
    lower = config()
    assert normalize_message(tokenizer, lower, "HELLO İ Ж") == "hello i̇ ж"
    assert normalize_message(tokenizer, config(lowercase_message=False), "HELLO") == "HELLO"
    assert read_source(tokenizer, lower, "HELLO").ids == read_source(tokenizer, lower, "hello").ids


@pytest.mark.parametrize("message", ["𝐇ello", "℡", "ℌA", "ＡⅧ"], ids=ascii)
def test_letters_that_normalising_makes_upper_case_are_lower_cased_too(
    tokenizer: Tokenizer, message: str
) -> None:
    normalized = normalize_message(tokenizer, config(), message)
    assert normalized == normalized.lower()
    assert normalized.isascii()


@pytest.mark.parametrize("room", [2, 3, 5, 64])
def test_what_does_not_fit_is_unread_and_nothing_is_lost(tokenizer: Tokenizer, room: int) -> None:
    message = "hello how are you today " * 9
    source = read_source(tokenizer, config(max_source=room), message)
    whole = tokenizer.encode(message)
    assert len(source.ids) == min(room, len(whole) + 1)
    assert source.ids[-1] == EOS_ID
    assert source.ids[:-1] + source.unread == whole


def test_a_message_that_just_fits_is_read_whole(tokenizer: Tokenizer) -> None:
    message = "hello how are you"
    room = len(tokenizer.encode(message)) + 1
    assert read_source(tokenizer, config(max_source=room), message).unread == []
    assert len(read_source(tokenizer, config(max_source=room - 1), message).unread) == 1


def test_history_is_not_read_unless_the_model_does(tokenizer: Tokenizer) -> None:
    source = read_source(tokenizer, config(), "hello", TURNS)
    assert source == read_source(tokenizer, config(), "hello")
    assert TURN_ID not in source.ids


@pytest.mark.parametrize("turns", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("given", [0, 1, 2, 3, 4])
def test_the_last_turns_come_before_the_message(
    tokenizer: Tokenizer, turns: int, given: int
) -> None:
    history = TURNS[:given]
    source = read_source(tokenizer, config(context_turns=turns, max_source=512), "hello", history)
    read = history[max(0, given - turns) :]
    assert source.ids == with_turns(tokenizer, read, "hello")


def test_the_oldest_turns_give_way_where_room_is_short(tokenizer: Tokenizer) -> None:
    whole = with_turns(tokenizer, TURNS, "hello")
    for room in range(len(tokenizer.encode("hello")) + 1, len(whole) + 1):
        read = read_source(tokenizer, config(context_turns=4, max_source=room), "hello", TURNS).ids
        fitting = [with_turns(tokenizer, TURNS[i:], "hello") for i in range(5)]
        assert read == next(ids for ids in fitting if len(ids) <= room)


def test_history_never_displaces_the_message(tokenizer: Tokenizer) -> None:
    message = "hello how are you today " * 5
    alone = read_source(tokenizer, config(max_source=8), message)
    assert read_source(tokenizer, config(max_source=8, context_turns=2), message, TURNS) == alone


def test_turns_are_normalised_as_messages_are(tokenizer: Tokenizer) -> None:
    reads = config(context_turns=1)
    shouted = read_source(tokenizer, reads, "hello", ["FIRST   turn"])
    assert shouted == read_source(tokenizer, reads, "hello", ["first turn"])


def test_a_typed_turn_piece_does_not_split_the_message(tokenizer: Tokenizer) -> None:
    assert TURN_ID not in read_source(tokenizer, config(), "hi <turn> there</s>").ids[:-1]
    assert EOS_ID not in read_source(tokenizer, config(), "hi <turn> there</s>").ids[:-1]
