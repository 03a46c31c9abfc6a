"""A message into what the encoder reads: normalised, cut into pieces, kept to its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.config import ModelConfig
from seq2seq.tokenizer import EOS_ID, TURN_ID, Tokenizer


@dataclass(frozen=True)
class Source:
    """What the encoder reads, and what it leaves unread of a message that is too long."""

    normalized: str
    ids: list[int]  # the end piece is the last
    unread: list[int]


def read_source(
    tokenizer: Tokenizer, config: ModelConfig, message: str, history: Sequence[str] = ()
) -> Source:
    """The pieces of a message, at most `config.max_source` with the end piece.

    Of the history (earlier turns, oldest first) the last `config.context_turns` come before the
    message, each followed by the turn piece; the oldest give way first where room is short. What
    does not fit of the message itself is `unread`.
    """
    normalized = normalize_message(tokenizer, config, message)
    ids = tokenizer.encode(normalized)
    room = config.max_source - 1
    read, unread = ids[:room], ids[room:]
    turns = history[-config.context_turns :] if config.context_turns else ()
    for turn in reversed(turns):
        earlier = tokenizer.encode(normalize_message(tokenizer, config, turn))
        if len(earlier) + 1 + len(read) > room:
            break
        read = [*earlier, TURN_ID, *read]
    return Source(normalized, [*read, EOS_ID], unread)


def normalize_message(tokenizer: Tokenizer, config: ModelConfig, message: str) -> str:
    """The message as the model's tokenizer is given it: lower-cased where the model wants that."""
    normalized = tokenizer.normalize(message)
    # Lower-casing comes after NFKC, which makes letters of symbols, and may itself undo it.
    return tokenizer.normalize(normalized.lower()) if config.lowercase_message else normalized
