"""Training data as ids: the mixture of corpora, its tokenizer, and one table a split."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seq2seq.batching import PairTable
from seq2seq.config import ModelConfig
from seq2seq.corpora import Mixture, Pair
from seq2seq.encoding import encode_pair
from seq2seq.tokenizer import Tokenizer

_TOKENIZER_TEXTS = 400_000  # more change an 8,000-piece vocabulary hardly, and take minutes


@dataclass(frozen=True)
class Split:
    """One split's pairs, as text and as ids, in the same order."""

    pairs: list[Pair]
    table: PairTable
    weights: Tensor  # (N,), how often an epoch shows each pair


def train_tokenizer(mixture: Mixture, config: ModelConfig, vocab_size: int, seed: int) -> Tokenizer:
    """Learn the pieces from the training split's messages and replies, each text once."""
    texts: dict[str, None] = {}
    for pair, _ in _weighted(mixture, "train"):
        texts[pair.message.lower() if config.lowercase_message else pair.message] = None
        texts[pair.reply] = None
    chosen = list(texts)
    random.Random(seed).shuffle(chosen)
    return Tokenizer.train(chosen[:_TOKENIZER_TEXTS], vocab_size)


def make_split(
    mixture: Mixture,
    split: str,
    tokenizer: Tokenizer,
    config: ModelConfig,
    max_target: int | None = None,
    vary: Callable[[Pair], Pair] | None = None,
    reader: Tokenizer | None = None,
) -> tuple[Split, int]:
    """A split's pairs as ids, and how many were left out.

    For the training split only, since a held-out split that leaves out what is hard is no measure:
    `max_target`, the most pieces of a reply; `vary`, made by `variation`; `reader`, which cuts
    messages in the tokenizer's place, those that an epoch shows several times as often anew.
    """
    pairs, encodings, weights, left_out = [], [], [], 0
    for pair, weight in _weighted(mixture, split):
        copies = max(1, math.floor(weight)) if reader else 1
        for _ in range(copies):
            encoding = encode_pair(tokenizer, config, vary(pair) if vary else pair, reader)
            if max_target is not None and len(encoding.reply) + 1 > max_target:
                left_out += 1
                break
            pairs.append(pair)
            encodings.append(encoding)
            weights.append(weight / copies)
    return Split(pairs, PairTable(encodings), torch.tensor(weights)), left_out


def variation(config: ModelConfig, seed: int) -> Callable[[Pair], Pair]:
    """What makes training pairs as varied as use will: a function of a pair, seeded.

    A pair of no personality gets one by lot, so that the control piece tells nothing about the
    corpus; of its earlier turns, where the model reads any, it keeps a number drawn from 0 up, so
    that a first message finds a model which has seen first messages.
    """
    draws = random.Random(seed)

    def vary(pair: Pair) -> Pair:
        personality, history = pair.personality, pair.history
        if personality is None and config.personalities:
            personality = draws.choice(config.personalities)
        if history:
            history = history[len(history) - draws.randint(0, len(history)) :]
        return replace(pair, personality=personality, history=history)

    return vary


def _weighted(mixture: Mixture, split: str) -> Iterator[tuple[Pair, float]]:
    """Each pair of a split, with its corpus's weight."""
    for pairs, weight in zip(mixture.pairs[split], mixture.weights, strict=True):
        for pair in pairs:
            yield pair, weight


def fingerprint(table: PairTable, weights: Tensor) -> str:
    """A hash that changes when the training data do."""
    digest = hashlib.sha256()
    for tensor in (*table.contents(), weights):
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
