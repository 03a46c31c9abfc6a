"""The figures of evaluate, by hand where they can be had so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from contract import FIGURES

from seq2seq.chatbot import Chatbot
from seq2seq.corpora import Pair
from seq2seq.evaluation import distinct, evaluate, overlap, pair_table, replies_to
from seq2seq.options import DecodingOptions
from seq2seq.scoring import score_pairs
from seq2seq.tokenizer import EOS_ID

KNOWN = [
    ("hello", "Hi there! How are you today?"),
    ("goodbye", "See you soon!"),
    ("tell me a joke", "A penguin walks into a bar."),
    ("what is your name?", "I'm a little chatbot."),
]


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


def pairs(items: list[tuple[str, str]]) -> list[Pair]:
    return [Pair(message, reply, (), None, "test") for message, reply in items]


@pytest.mark.parametrize(
    ("texts", "n", "expected"),
    [
        (["a b a"], 1, 2 / 3),
        (["a b a"], 2, 1.0),
        (["a b", "a b", "b a"], 1, 2 / 6),
        (["a b", "a b", "b a"], 2, 2 / 3),
        (["a", "b"], 2, 0.0),
        (["a b c", "a b d"], 2, 3 / 4),
        ([], 1, 0.0),
        (["", "  "], 1, 0.0),
        (["a  b\na"], 1, 2 / 3),
    ],
)
def test_distinct_is_the_share_of_different_ngrams(
    texts: list[str], n: int, expected: float
) -> None:
    assert distinct(texts, n) == pytest.approx(expected)


def test_overlap_is_full_for_equal_texts_and_none_for_different_ones() -> None:
    texts = ["the cat sat on the mat", "how are you doing today my friend?"]
    assert overlap(texts, texts) == pytest.approx((100.0, 100.0))
    bleu, chrf = overlap(["aaaa bbbb cccc dddd"], ["xyxy zwzw vuvu tsts"])
    assert bleu < 1e-6
    assert chrf < 1e-6


def test_overlap_compares_each_reply_with_its_own_reference() -> None:
    texts = ["the cat sat on the mat", "how are you doing today my friend?"]
    bleu, chrf = overlap(texts, texts[::-1])
    assert bleu < 20
    assert chrf < 50


def test_a_bot_that_says_what_is_wanted_has_the_best_figures(bot: Chatbot) -> None:
    figures = evaluate(bot, pairs(KNOWN))
    assert list(figures.to_dict()) == FIGURES
    assert figures.pairs == 4
    assert figures.exact_match == 1.0
    assert figures.bleu == pytest.approx(100.0)
    assert figures.chrf == pytest.approx(100.0)
    assert 1.0 < figures.perplexity < 1.5
    assert 0.0 < figures.bits_per_byte < 0.5
    assert figures.pieces_per_second > 0
    replies = [reply for _, reply in KNOWN]
    assert figures.distinct_1 == distinct(replies, 1)
    assert figures.distinct_2 == distinct(replies, 2)


def test_exact_match_is_a_share(bot: Chatbot) -> None:
    changed = [*KNOWN[:3], (KNOWN[3][0], "Something else.")]
    figures = evaluate(bot, pairs(changed))
    assert figures.exact_match == 0.75
    assert figures.bleu < 100
    assert figures.perplexity > 1.5


def test_perplexity_is_of_the_given_replies_whatever_is_decoded(bot: Chatbot) -> None:
    given = pairs(KNOWN)
    short = evaluate(bot, given, DecodingOptions(max_len=2))
    whole = evaluate(bot, given)
    score = score_pairs(bot.checkpoint.runner, pair_table(bot, given))
    assert short.perplexity == whole.perplexity == score.perplexity
    assert short.bits_per_byte == whole.bits_per_byte == score.bits_per_byte
    assert short.exact_match == 0.0


def test_the_table_has_the_pieces_and_bytes_of_the_pairs(bot: Chatbot) -> None:
    table = pair_table(bot, pairs([("HELLO", "Héllo 세"), ("a", "b")]))
    tokenizer = bot.checkpoint.tokenizer
    assert table.reply_bytes.tolist() == [1 + 2 + 3 + 1 + 3 + 1, 2]
    assert table.reply_lengths.tolist() == [
        len(tokenizer.encode("Héllo 세")),
        len(tokenizer.encode("b")),
    ]
    batch = table.batch(table.reply_lengths.argsort()[-1:])
    assert batch.src.tolist() == [[*tokenizer.encode("hello"), EOS_ID]]


def test_progress_counts_every_pair_twice(bot: Chatbot) -> None:
    seen: list[int] = []
    evaluate(bot, pairs(KNOWN * 3), DecodingOptions(max_len=3), seen.append)
    assert sum(seen) == 24


def test_sampling_with_a_seed_repeats(bot: Chatbot) -> None:
    options = DecodingOptions(method="sample", seed=1, temperature=3.0, max_len=8)
    one, other = (evaluate(bot, pairs(KNOWN), options).to_dict() for _ in range(2))
    del one["pieces_per_second"], other["pieces_per_second"]
    assert one == other


def test_no_pair_is_refused(bot: Chatbot) -> None:
    with pytest.raises(ValueError, match="no pair to evaluate"):
        evaluate(bot, [])


def test_pairs_draw_from_seeds_of_their_own(bot: Chatbot) -> None:
    options = DecodingOptions(method="sample", seed=4, temperature=3.0, max_len=8)
    found = replies_to(bot, pairs([("hello", "x")] * 3), options)
    assert [trace.seed for trace in found] == [4, 5, 6]
    assert len({trace.ids for trace in found}) > 1
    assert found[1].ids == bot.reply("hello", replace(options, seed=5)).ids
