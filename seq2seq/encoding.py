"""A message and its reply as the ids that a model is trained and scored with."""

from __future__ import annotations

from seq2seq.batching import Encoding
from seq2seq.config import ModelConfig
from seq2seq.corpora import Pair
from seq2seq.source import read_source
from seq2seq.tokenizer import Tokenizer


def encode_pair(
    tokenizer: Tokenizer, config: ModelConfig, pair: Pair, reader: Tokenizer | None = None
) -> Encoding:
    """One pair as ids, its message read as it is in a conversation, its reply whole.

    Its personality counts only for a model that has personalities, and must then be one of them.
    `reader` cuts the message in the tokenizer's place.
    """
    personality = pair.personality if config.personalities else None
    source = read_source(reader or tokenizer, config, pair.message, pair.history, personality)
    return Encoding(source.ids, tokenizer.encode(pair.reply), len(pair.reply.encode()) + 1)
