"""Figures for a chatbot on held-out pairs: perplexity, bits a byte, overlap and diversity."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from seq2seq.batching import PairTable
from seq2seq.chatbot import Chatbot
from seq2seq.corpora import Pair
from seq2seq.encoding import encode_pair
from seq2seq.options import DecodingOptions
from seq2seq.scoring import score_pairs

_AT_ONCE = 256  # messages between two reports of progress


@dataclass(frozen=True)
class Evaluation:
    """The figures that `python -m seq2seq evaluate` prints.

    exact_match is the share (0 to 1) of replies equal to the normalised reply of the pair, BLEU
    and chrF are sacrebleu's, from 0 to 100, distinct_n is the share of different word n-grams
    among all (Li et al. 2016, https://arxiv.org/abs/1510.03055).
    """

    pairs: int
    perplexity: float
    bits_per_byte: float
    exact_match: float
    bleu: float
    chrf: float
    distinct_1: float
    distinct_2: float
    pieces_per_second: float

    def to_dict(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def evaluate(
    bot: Chatbot,
    pairs: Sequence[Pair],
    options: DecodingOptions | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Score the given replies, decode the bot's own, and compare.

    `on_progress` is told how many pairs were scored or decoded, each pair counting twice. Raises
    ValueError without pairs.
    """
    if not pairs:
        raise ValueError("there is no pair to evaluate; the file needs at least one line")
    report = on_progress or (lambda count: None)
    checkpoint = bot.checkpoint
    score = score_pairs(checkpoint.model, pair_table(bot, pairs), on_batch=report)
    started, pieces, replies = time.perf_counter(), 0, []
    for start in range(0, len(pairs), _AT_ONCE):
        part = pairs[start : start + _AT_ONCE]
        traces = bot.reply_many(
            [pair.message for pair in part], options, histories=[pair.history for pair in part]
        )
        replies += [trace.reply for trace in traces]
        pieces += sum(len(trace.steps) for trace in traces)
        report(len(part))
    seconds = time.perf_counter() - started
    wanted = [pair.reply for pair in pairs]
    bleu, chrf = overlap(replies, wanted)
    # A bot can only write normalised text: "…" is three dots to it.
    normalized = [checkpoint.tokenizer.normalize(text) for text in wanted]
    same = [reply.strip() == text for reply, text in zip(replies, normalized, strict=True)]
    exact = sum(same) / len(pairs)
    return Evaluation(
        pairs=len(pairs),
        perplexity=score.perplexity,
        bits_per_byte=score.bits_per_byte,
        exact_match=exact,
        bleu=bleu,
        chrf=chrf,
        distinct_1=distinct(replies, 1),
        distinct_2=distinct(replies, 2),
        pieces_per_second=pieces / seconds,
    )


def pair_table(bot: Chatbot, pairs: Sequence[Pair]) -> PairTable:
    """The pairs as the bot's model reads and writes them."""
    tokenizer = bot.checkpoint.tokenizer
    return PairTable([encode_pair(tokenizer, bot.config, pair) for pair in pairs])


def overlap(replies: Sequence[str], wanted: Sequence[str]) -> tuple[float, float]:
    """Corpus BLEU and chrF (0 to 100), as sacrebleu computes them by default."""
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    references = [list(wanted)]
    bleu = BLEU().corpus_score(list(replies), references).score
    return float(bleu), float(CHRF().corpus_score(list(replies), references).score)


def distinct(texts: Sequence[str], n: int) -> float:
    """The share of different n-grams of words (n is 1 or 2) among all; 0 if there is none."""
    found: list[tuple[str, ...]] = []
    for text in texts:
        words = text.split()
        found += [(word,) for word in words] if n == 1 else list(pairwise(words))
    return len(set(found)) / len(found) if found else 0.0
