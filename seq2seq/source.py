"""A message into what the encoder reads: normalised, cut into pieces, kept to its length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.config import ModelConfig
from seq2seq.tokenizer import EOS_ID, PERSONALITY_IDS, TURN_ID, Tokenizer


@dataclass(frozen=True)
class Source:
    """What the encoder reads, and what it leaves unread of a message that is too long."""

    normalized: str
    ids: list[int]  # the end piece is the last
    unread: list[int]


def read_source(
    tokenizer: Tokenizer,
    config: ModelConfig,
    message: str,
    history: Sequence[str] = (),
    personality: str | None = None,
) -> Source:
    """The pieces of a message, at most `config.max_source` with the end piece.

    A model with personalities reads its control piece behind the message, where a GRU forgets it
    least: that of `personality`, or of the model's default. Of the history (earlier turns, oldest
    first) the last `config.context_turns` come before the message, each followed by the turn piece;
    the oldest give way first where room is short. What does not fit of the message itself is
    `unread`. Raises ValueError for a personality that the model does not have.
    """
    control = control_pieces(config, personality)
    normalized = normalize_message(tokenizer, config, message)
    ids = tokenizer.encode(normalized)
    room = config.max_source - 1 - len(control)
    read, unread = ids[:room], ids[room:]
    turns = history[-config.context_turns :] if config.context_turns else ()
    for turn in reversed(turns):
        earlier = tokenizer.encode(normalize_message(tokenizer, config, turn))
        if len(earlier) + 1 + len(read) > room:
            break
        read = [*earlier, TURN_ID, *read]
    return Source(normalized, [*read, *control, EOS_ID], unread)


def control_pieces(config: ModelConfig, personality: str | None) -> list[int]:
    """The control piece that asks for this personality; none for a model without any."""
    chosen = chosen_personality(config, personality)
    return [] if chosen is None else [PERSONALITY_IDS[chosen]]


def chosen_personality(config: ModelConfig, wanted: str | None) -> str | None:
    """Who answers: the personality wanted, or the model's default, or None where it has none.

    Raises ValueError for one that the model does not have.
    """
    if wanted is None:
        return config.personalities[0] if config.personalities else None
    if wanted not in config.personalities:
        known = ", ".join(config.personalities)
        remedy = f"it has {known}" if known else "it has no personalities: leave the option out"
        raise ValueError(
            f"personality is {wanted!r}, which this checkpoint does not have; {remedy}"
        )
    return wanted


def normalize_message(tokenizer: Tokenizer, config: ModelConfig, message: str) -> str:
    """The message as the model's tokenizer is given it: lower-cased where the model wants that."""
    normalized = tokenizer.normalize(message)
    # Lower-casing comes after NFKC, which makes letters of symbols, and may itself undo it.
    return tokenizer.normalize(normalized.lower()) if config.lowercase_message else normalized
