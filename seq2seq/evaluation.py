"""Figures for a chatbot on held-out pairs: perplexity, bits a byte, overlap and diversity."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from seq2seq.batching import PairTable
from seq2seq.chatbot import Chatbot
from seq2seq.corpora import Pair
from seq2seq.encoding import encode_pair
from seq2seq.options import DecodingOptions
from seq2seq.scoring import score_pairs
from seq2seq.source import chosen_personality
from seq2seq.trace import Trace

_AT_ONCE = 256  # messages between two reports of progress


@dataclass(frozen=True)
class Answer:
    """What the bot said to one message."""

    reply: str
    pieces: int  # the end piece included
    ended: bool  # by its own end piece


@dataclass(frozen=True)
class Evaluation:
    """The figures that `python -m seq2seq evaluate` prints.

    exact_match is the share (0 to 1) of replies equal to the normalised reply of the pair, BLEU
    and chrF are sacrebleu's, from 0 to 100, distinct_n is the share of different word n-grams
    among all (Li et al. 2016, https://arxiv.org/abs/1510.03055). `answers` are the bot's replies,
    in the order of the pairs.
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
    answers: tuple[Answer, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, float]:
        """The figures by name."""
        names = [name for name in self.__dataclass_fields__ if name != "answers"]
        return {name: getattr(self, name) for name in names}


def evaluate(
    bot: Chatbot,
    pairs: Sequence[Pair],
    options: DecodingOptions | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Score the given replies, decode the bot's own, and compare.

    `on_progress` is told how many pairs were scored or decoded, each pair counting twice. Raises
    ValueError without pairs, or for a personality that the bot does not have.
    """
    if not pairs:
        raise ValueError("there is no pair to evaluate; the file needs at least one line")
    report = on_progress or (lambda count: None)
    options = options or DecodingOptions()
    chosen_personality(bot.config, options.personality)
    pairs = [replace(pair, personality=pair.personality or options.personality) for pair in pairs]
    score = score_pairs(bot.checkpoint.runner, pair_table(bot, pairs), on_batch=report)
    started = time.perf_counter()
    answers: list[Answer] = []
    for start in range(0, len(pairs), _AT_ONCE):
        part = pairs[start : start + _AT_ONCE]
        moved = None if options.seed is None else (options.seed + start) % 2**63
        for trace in replies_to(bot, part, replace(options, seed=moved)):
            answers.append(Answer(trace.reply, len(trace.steps), trace.finish_reason == "eos"))
        report(len(part))
    seconds = time.perf_counter() - started
    replies = [answer.reply for answer in answers]
    wanted = [pair.reply for pair in pairs]
    bleu, chrf = overlap(replies, wanted)
    return Evaluation(
        pairs=len(pairs),
        perplexity=score.perplexity,
        bits_per_byte=score.bits_per_byte,
        exact_match=exact_match(bot, replies, wanted),
        bleu=bleu,
        chrf=chrf,
        distinct_1=distinct(replies, 1),
        distinct_2=distinct(replies, 2),
        pieces_per_second=sum(answer.pieces for answer in answers) / seconds,
        answers=tuple(answers),
    )


def replies_to(bot: Chatbot, pairs: Sequence[Pair], options: DecodingOptions) -> list[Trace]:
    """The bot's reply to each pair's message and history, as the pair's personality.

    A pair without one gets the default's. A bot without personalities answers as itself. With a
    seed, each pair's is by one larger than the one before: equal draws would make replies alike.
    """
    each = []
    for index, pair in enumerate(pairs):
        seed = None if options.seed is None else (options.seed + index) % 2**63
        wanted = pair.personality if bot.personalities else None
        each.append(replace(options, seed=seed, personality=wanted))
    return bot.reply_many(
        [pair.message for pair in pairs], each, histories=[pair.history for pair in pairs]
    )


def pair_table(bot: Chatbot, pairs: Sequence[Pair]) -> PairTable:
    """The pairs as the bot's model reads and writes them."""
    tokenizer = bot.checkpoint.tokenizer
    return PairTable([encode_pair(tokenizer, bot.config, pair) for pair in pairs])


def exact_match(bot: Chatbot, replies: Sequence[str], wanted: Sequence[str]) -> float:
    """The share of replies equal to the wanted ones, as the bot's tokenizer normalises these.

    A bot can only write normalised text: "…" is three dots to it.
    """
    normalize = bot.checkpoint.tokenizer.normalize
    same = [reply.strip() == normalize(text) for reply, text in zip(replies, wanted, strict=True)]
    return sum(same) / len(same)


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
