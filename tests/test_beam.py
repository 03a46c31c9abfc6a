"""Beam search: against exhaustive search, and what it promises as a way of decoding."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from seq2seq import Chatbot, Decoder, DecodingOptions, Encoder, Seq2Seq
from seq2seq.beam import search
from seq2seq.tokenizer import EOS_ID, SOS_ID, TOKENS

VOCABULARY = 6
LONGEST = 4


@pytest.fixture
def model(request: pytest.FixtureRequest) -> Seq2Seq:
    """A random model of six pieces whose choices are far from even."""
    torch.manual_seed(getattr(request, "param", 0))
    sizes = (VOCABULARY, 5, 7, 2, 0.0)
    made = Seq2Seq(Encoder(*sizes), Decoder(*sizes), "cpu", VOCABULARY, TOKENS).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(4)
    return made


def log_probabilities(model: Seq2Seq, src: torch.Tensor, ids: tuple[int, ...]) -> list[float]:
    """The log-probability of each piece of a reply, teacher-forced."""
    encoded = model.encode(src)
    fed = torch.tensor([[SOS_ID, *ids[:-1]]])
    logits = model.decoder.logits(fed, encoded.hidden).logits[0].double()
    return [float(logits[t].log_softmax(-1)[id]) for t, id in enumerate(ids)]


def every_reply(longest: int) -> list[tuple[int, ...]]:
    """All that can be written in so many steps: ended by the end token, or cut at the longest."""
    others = [id for id in range(VOCABULARY) if id != EOS_ID]
    replies = []
    for count in range(longest):
        replies += [(*ids, EOS_ID) for ids in itertools.product(others, repeat=count)]
    return [*replies, *itertools.product(others, repeat=longest)]


@pytest.mark.parametrize("model", range(4), indirect=True)
@pytest.mark.parametrize("length_penalty", [-1.0, 0.0, 0.7, 1.0, 1.6])
@torch.no_grad()
def test_a_beam_as_wide_as_the_tree_finds_what_exhaustive_search_finds(
    model: Seq2Seq, length_penalty: float
) -> None:
    src = torch.tensor([[4, 5, EOS_ID]])
    options = DecodingOptions(method="beam", max_len=LONGEST, length_penalty=length_penalty)
    found = search(model, model.encode(src), options, beam_size=VOCABULARY**LONGEST)
    scored = {
        ids: sum(log_probabilities(model, src, ids)) / len(ids) ** length_penalty
        for ids in every_reply(LONGEST)
    }
    best = sorted(scored, key=lambda ids: -scored[ids])
    assert [tuple(node.ids()) for node in found[:20]] == best[:20]
    for node in found[:20]:
        assert node.score(length_penalty) == pytest.approx(scored[tuple(node.ids())], abs=1e-5)


def allowed(ids: tuple[int, ...], options: DecodingOptions) -> bool:
    """Whether the filters let a reply be written, step by step."""
    if EOS_ID in ids and len(ids) - 1 < options.min_len:
        return False
    n = options.no_repeat_ngram or 0
    grams = [ids[i : i + n] for i in range(len(ids) - n + 1)] if n else []
    return len(grams) == len(set(grams))


@pytest.mark.parametrize("model", range(3), indirect=True)
@pytest.mark.parametrize(
    "filters", [{"min_len": 3}, {"no_repeat_ngram": 2}, {"no_repeat_ngram": 1}]
)
@pytest.mark.parametrize("length_penalty", [0.5, 1.0, 1.5])
@torch.no_grad()
def test_a_wide_beam_finds_the_best_of_what_the_filters_allow(
    model: Seq2Seq, filters: dict[str, int], length_penalty: float
) -> None:
    src = torch.tensor([[4, 5, EOS_ID]])
    options = DecodingOptions(
        method="beam", max_len=LONGEST, length_penalty=length_penalty, **filters
    )
    found = search(model, model.encode(src), options, beam_size=VOCABULARY**LONGEST)
    scored = {
        ids: sum(log_probabilities(model, src, ids)) / len(ids) ** length_penalty
        for ids in every_reply(LONGEST)
        if allowed(ids, options)
    }
    best = sorted(scored, key=lambda ids: -scored[ids])
    assert len(best) < len(every_reply(LONGEST))
    assert [tuple(node.ids()) for node in found[:20]] == best[:20]


@pytest.mark.parametrize("model", range(8), indirect=True)
@torch.no_grad()
def test_no_narrow_beam_beats_the_best_and_scores_are_sums(model: Seq2Seq) -> None:
    src = torch.tensor([[4, 5, EOS_ID]])
    options = DecodingOptions(method="beam", max_len=LONGEST, length_penalty=0.0)
    best = max(sum(log_probabilities(model, src, ids)) for ids in every_reply(LONGEST))
    for width in (1, 2, 3, 8):
        for node in search(model, model.encode(src), options, beam_size=width):
            summed = sum(log_probabilities(model, src, tuple(node.ids())))
            assert node.logprob == pytest.approx(summed, abs=1e-6)
            assert node.logprob <= best + 1e-6


@pytest.fixture(scope="module")
def bot(tiny_checkpoint: Path) -> Chatbot:
    return Chatbot.from_pretrained(tiny_checkpoint)


MESSAGES = ("hello", "what is a robot?", "tell me your name", "dinner", "zzz 😀")


@pytest.mark.parametrize("message", MESSAGES)
def test_a_beam_of_one_is_greedy(bot: Chatbot, message: str) -> None:
    narrow = DecodingOptions(method="beam", beam_size=1, length_penalty=0.0)
    assert bot.reply(message, narrow).ids == bot.reply(message).ids


@pytest.mark.parametrize("message", MESSAGES)
def test_the_n_best_are_different_ordered_and_begin_with_the_reply(
    bot: Chatbot, message: str
) -> None:
    trace = bot.reply(message, DecodingOptions(method="beam", beam_size=6, length_penalty=0.5))
    assert trace.hypotheses is not None
    assert trace.hypotheses[0].ids == trace.ids
    assert trace.hypotheses[0].reply == trace.reply
    assert trace.hypotheses[0].logprob == trace.logprob
    assert len({hypothesis.ids for hypothesis in trace.hypotheses}) == len(trace.hypotheses) <= 6
    scores = [hypothesis.score for hypothesis in trace.hypotheses]
    assert scores == sorted(scores, reverse=True)
    for hypothesis in trace.hypotheses:
        assert hypothesis.score == pytest.approx(hypothesis.logprob / len(hypothesis.ids) ** 0.5)


def test_every_step_is_recorded_as_if_the_reply_had_been_forced(bot: Chatbot) -> None:
    found = bot.reply("what is a robot?", DecodingOptions(method="beam"))
    forced = bot.reply("what is a robot?", DecodingOptions(prefix_ids=found.ids))
    assert [step.id for step in found.steps] == [step.id for step in forced.steps]
    for one, other in zip(found.steps, forced.steps, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-5)
        assert one.logprob == pytest.approx(other.logprob, abs=1e-5)
        assert one.text == other.text
        assert one.rank == other.rank
        assert not one.forced


def test_prefix_length_and_repeats_hold_for_every_hypothesis(bot: Chatbot) -> None:
    prefix = bot.reply("goodbye").ids[:2]
    options = DecodingOptions(
        method="beam", prefix_ids=prefix, min_len=6, max_len=9, no_repeat_ngram=2
    )
    trace = bot.reply("hello", options)
    assert [step.forced for step in trace.steps][:3] == [True, True, False]
    for hypothesis in trace.hypotheses or ():
        assert hypothesis.ids[:2] == prefix
        assert len([id for id in hypothesis.ids if id != EOS_ID]) >= 6
        assert len(hypothesis.ids) <= 9
        pairs = list(itertools.pairwise(hypothesis.ids))
        assert len(pairs) == len(set(pairs))


def test_a_stream_and_a_batch_give_the_same_reply(bot: Chatbot) -> None:
    options = DecodingOptions(method="beam", beam_size=3)
    alone = [bot.reply(message, options) for message in MESSAGES]
    assert [trace.ids for trace in bot.reply_many(MESSAGES, options)] == [t.ids for t in alone]
    grown = list(bot.stream("hello", options))
    assert [len(trace.steps) for trace in grown] == list(range(1, len(grown) + 1))
    assert [trace.finish_reason for trace in grown[:-1]] == [None] * (len(grown) - 1)
