"""Two replies compared: how far apart the models are, each reply's scores, and the alignment."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise

import pytest
import torch
from random_models import random_bot, variants
from torch import Tensor

from seq2seq import Chatbot, DecodingOptions, Trace
from seq2seq.inspection.comparing import Apart, Block, Comparison, Side, align, apart, compare
from seq2seq.inspection.kept import kept_logits
from seq2seq.model import build_model
from seq2seq.tokenizer import EOS_ID, SOS_ID, TOKENS, Tokenizer

SAMPLE = DecodingOptions(method="sample", seed=1, max_len=8)
OTHER_TEXTS = ["how is it that you know me?", "thank you, hello and well met."] * 5


def bot(options: dict[str, object], seed: int = 1) -> Chatbot:
    """A random bot with a hash of its own, as every checkpoint has."""
    made = random_bot(options, seed)
    return Chatbot(dataclasses.replace(made.checkpoint, sha256=f"{options}{seed}"))


def side(asked: Chatbot, message: str = "hello", options: DecodingOptions = SAMPLE) -> Side:
    return asked.checkpoint, asked.reply(message, options)


def with_pieces_of_its_own(seed: int = 1) -> Chatbot:
    """A random bot whose tokenizer was learned from other texts than the other bots'."""
    tokenizer = Tokenizer.train(OTHER_TEXTS, 290)
    made = random_bot({}).checkpoint
    config = dataclasses.replace(made.config, vocab_size=tokenizer.vocab_size)
    torch.manual_seed(seed)
    model = build_model(config, TOKENS).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1, 1)
    own = {"config": config, "model": model, "tokenizer": tokenizer, "sha256": "other pieces"}
    return Chatbot(dataclasses.replace(made, **own))


def said(asked: Chatbot, reply: str) -> Side:
    """A side whose reply is forced, its end too."""
    ids = (*asked.checkpoint.tokenizer.encode(reply), EOS_ID)
    return side(asked, options=DecodingOptions(prefix_ids=ids))


def apart_along(found: Comparison, reply: int) -> Apart:
    assert found.along is not None
    return found.along[reply].model


@torch.inference_mode()
def one_at_a_time(asked: Side, ids: tuple[int, ...]) -> Tensor:
    """The log-probabilities (T, V) of a model that reads its message and is fed piece by piece."""
    checkpoint, trace = asked
    encoded = checkpoint.model.encode(torch.tensor([[piece.id for piece in trace.source]]))
    hidden, rows = encoded.hidden, []
    for fed in (SOS_ID, *ids[:-1]):
        step = checkpoint.model.decoder.logits(torch.tensor([[fed]]), hidden, encoded)
        hidden = step.hidden
        rows.append(step.logits[0, 0].double().log_softmax(dim=-1))
    return torch.stack(rows)


def bits(p: list[float], q: list[float]) -> float:
    return sum(a * math.log2(a / b) if b else math.inf for a, b in zip(p, q, strict=True) if a)


@variants
def test_divergences_are_those_of_a_loop_over_steps_and_pieces(options: dict[str, object]) -> None:
    left = side(bot(options, 1))
    right = side(bot({"n_layers": 1}, 2), "how are you?")
    found = compare(left, right)
    for reply, (own, other) in enumerate(((left, right), (right, left))):
        ids = own[1].ids
        measured = apart_along(found, reply)
        tables = [one_at_a_time(one, ids).exp().tolist() for one in (own, other)]
        for t, (p, q) in enumerate(zip(*tables, strict=True)):
            middle = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
            assert float(measured.kl[t]) == pytest.approx(bits(p, q), rel=1e-3, abs=1e-5)
            shannon = (bits(p, middle) + bits(q, middle)) / 2
            assert float(measured.js[t]) == pytest.approx(shannon, rel=1e-3, abs=1e-5)


@variants
def test_a_model_is_nowhere_apart_from_itself(options: dict[str, object]) -> None:
    asked = bot(options)
    found = compare(side(asked), side(asked, options=dataclasses.replace(SAMPLE, seed=2)))
    assert found.along is not None
    for along in found.along:
        assert along.sampling is not None
        for measured in (along.model, along.sampling):
            assert not measured.kl.any()
            assert float(measured.js.max()) < 1e-12


def test_the_same_weights_under_another_name_are_not_apart_either() -> None:
    asked = bot({"attention": "general"})
    renamed = Chatbot(dataclasses.replace(asked.checkpoint, sha256="renamed"))
    found = compare(side(asked), side(renamed))
    assert not found.alike
    torch.testing.assert_close(
        apart_along(found, 0).kl, torch.zeros(8, dtype=torch.float64), atol=1e-6, rtol=0
    )


def test_divergences_are_bounded_and_jensen_shannon_is_symmetric() -> None:
    torch.manual_seed(0)
    left, right = (torch.randn(40, 30).mul(9).double().log_softmax(dim=-1) for _ in range(2))
    one, two = apart(left, right), apart(right, left)
    torch.testing.assert_close(one.js, two.js)
    assert not torch.allclose(one.kl, two.kl)
    for measured in (one, two):
        assert float(measured.kl.min()) >= 0
        assert float(measured.js.min()) >= 0
        assert float(measured.js.max()) <= 1
    assert torch.equal(one.own, left)


def test_forbidden_pieces_make_one_direction_infinite_and_nothing_not_a_number() -> None:
    half, sure, other = ([0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    left, right = (torch.tensor(rows).log() for rows in ([half, sure, sure], [sure, half, other]))
    found = apart(left, right)
    assert found.kl.tolist() == [math.inf, 1.0, math.inf]
    assert float(found.js[0]) == pytest.approx(float(found.js[1]))
    assert 0 < float(found.js[0]) < 1
    assert float(found.js[2]) == pytest.approx(1.0)


def test_settings_are_compared_by_what_a_piece_is_drawn_from() -> None:
    asked = bot({})
    cool = dataclasses.replace(SAMPLE, temperature=0.5)
    few = dataclasses.replace(SAMPLE, top_k=2)
    found = compare(side(asked, options=cool), side(asked, options=few))
    assert found.along is not None
    cooled, filtered = found.along
    assert not cooled.model.kl.any()
    assert cooled.sampling is not None
    assert filtered.sampling is not None
    assert cooled.shown is cooled.sampling
    assert bool(cooled.sampling.kl.isinf().all())  # top-k forbids what a cool model allows
    assert bool(filtered.sampling.kl.isfinite().all())
    assert bool(((cooled.sampling.js > 0) & (cooled.sampling.js < 1)).all())
    sides = (side(asked, options=cool), side(asked, options=few))
    for along, (_, trace) in zip(found.along, sides, strict=True):
        assert along.sampling is not None
        at = torch.tensor(trace.ids).unsqueeze(1)
        drawn = along.sampling.own.gather(1, at).squeeze(1).exp().tolist()
        assert drawn == pytest.approx([s.sampling_probability for s in trace.steps], rel=1e-4)


def test_another_message_is_another_source_and_leaves_no_sampling_to_compare() -> None:
    asked = bot({})
    found = compare(side(asked, "hello"), side(asked, "how are you?"))
    assert not found.alike
    assert found.along is not None
    assert found.along[0].sampling is None
    assert float(found.along[0].shown.kl.max()) > 1e-4


def test_scores_are_each_reply_under_both_models() -> None:
    left, right = side(bot({}, 1)), side(bot({}, 2))
    found = compare(left, right)
    for own, other, scores in ((left, right, found.scores[0]), (right, left, found.scores[1])):
        ids = own[1].ids
        ended = ids[-1] == EOS_ID
        at = torch.tensor(ids).unsqueeze(1)
        expected = -float(one_at_a_time(other, ids).gather(1, at).sum())
        assert scores.own.nats == pytest.approx(-own[1].logprob)
        assert scores.other.nats == pytest.approx(expected, rel=1e-4)
        assert scores.own.bytes == scores.other.bytes == len(own[1].reply.encode()) + ended


@pytest.mark.parametrize("ended", [False, True])
def test_different_tokenizers_are_compared_by_the_text_alone(ended: bool) -> None:
    left, right = side(bot({})), side(with_pieces_of_its_own())
    if ended:
        left, right = said(bot({}), "hello you"), said(with_pieces_of_its_own(), "thank you")
    found = compare(left, right)
    assert found.along is None
    for own, other, scores in ((left, right, found.scores[0]), (right, left, found.scores[1])):
        ids = (*other[0].tokenizer.encode(own[1].reply), *([EOS_ID] * ended))
        at = torch.tensor(ids).unsqueeze(1)
        expected = -float(one_at_a_time(other, ids).gather(1, at).sum())
        assert scores.other.nats == pytest.approx(expected, rel=1e-4)
        assert scores.other.pieces == len(ids)
        assert scores.other.bytes == scores.own.bytes
    both = [step for block in found.blocks for step in block.left]
    assert both == list(range(len(left[1].steps)))


def test_the_same_text_in_other_pieces_never_parts() -> None:
    left, right = (said(one, "hello, how are you?") for one in (bot({}), with_pieces_of_its_own()))
    assert len(left[1].ids) != len(right[1].ids)
    found = compare(left, right)
    assert found.parting is None
    words = ["hello,", "how", "are", "you?", ""]
    for trace, runs in (
        (left[1], [b.left for b in found.blocks]),
        (right[1], [b.right for b in found.blocks]),
    ):
        texts = ["".join(trace.steps[t].text for t in run).strip() for run in runs]
        assert texts == words


def test_a_reply_without_text_or_end_has_a_score_of_nothing_under_other_pieces() -> None:
    left = side(bot({}))
    broken = dataclasses.replace(left[1].steps[0], piece="<0xC3>", text="", id=5)
    cut = dataclasses.replace(left[1], steps=(broken,))
    scores = compare((left[0], cut), side(with_pieces_of_its_own())).scores[0]
    assert (scores.other.nats, scores.other.pieces) == (0.0, 0)
    assert math.isfinite(scores.other.bits_per_byte)


def test_a_trace_of_other_weights_or_without_steps_is_refused() -> None:
    left, right = side(bot({}, 1)), side(bot({}, 2))
    with pytest.raises(ValueError, match="load the one that wrote it"):
        compare(left, (left[0], right[1]))
    with pytest.raises(ValueError, match="load the one that wrote it"):
        compare((right[0], left[1]), side(with_pieces_of_its_own()))
    with pytest.raises(ValueError, match="no steps"):
        compare((left[0], dataclasses.replace(left[1], steps=())), right)


def pieces(text: str) -> list[tuple[str, range]]:
    return [(piece, range(t, t + 1)) for t, piece in enumerate(text)]


@pytest.mark.parametrize(
    ("left", "right"),
    [("abc", "abc"), ("abc", "xyz"), ("abcd", "acd"), ("ab", "abc"), ("xabc", "xxabc"), ("a", "b")],
)
def test_an_alignment_gives_back_both_replies_in_order(left: str, right: str) -> None:
    blocks = list(align(pieces(left), pieces(right)))
    assert "".join(left[t] for block in blocks for t in block.left) == left
    assert "".join(right[t] for block in blocks for t in block.right) == right
    for block in blocks:
        texts = (
            left[block.left.start : block.left.stop],
            right[block.right.start :][: len(block.right)],
        )
        assert (block.kind == "equal") == (texts[0] == texts[1])
        assert (block.kind == "left") == (not texts[1])
        assert (block.kind == "right") == (not texts[0])
    assert all(one.kind != two.kind for one, two in pairwise(blocks))


def test_what_both_replies_begin_with_is_aligned_before_a_longer_run() -> None:
    blocks = list(align(pieces("xabc"), pieces("xxabc")))
    assert blocks[0] == Block("equal", range(0, 1), range(0, 1))


def test_the_parting_is_the_first_step_that_differs() -> None:
    asked = bot({})
    left = side(asked)
    other = next(c.id for c in left[1].steps[3].candidates if c.id not in (EOS_ID, left[1].ids[3]))
    *_, branched = asked.branch(left[1], 3, other)
    assert compare(left, (left[0], branched)).parting == (3, 3)
    assert compare(left, left).parting is None
    short: Trace = dataclasses.replace(left[1], steps=left[1].steps[:2])
    assert compare(left, (left[0], short)).parting == (2, 2)


def test_words_are_aligned_whatever_pieces_they_are_cut_into() -> None:
    left = [("how", range(0, 2)), ("now", range(2, 3)), ("are", range(3, 4)), ("you", range(4, 5))]
    right = [("how", range(0, 1)), ("now", range(1, 3)), ("is", range(3, 4)), ("you", range(4, 7))]
    assert list(align(left, right, single=True)) == [
        Block("equal", range(0, 2), range(0, 1)),
        Block("equal", range(2, 3), range(1, 3)),
        Block("replaced", range(3, 4), range(3, 4)),
        Block("equal", range(4, 5), range(4, 7)),
    ]


def test_nothing_that_was_given_is_changed() -> None:
    left, right = side(bot({}, 1)), side(bot({"attention": "dot"}, 2))
    before = [kept_logits(*one).clone() for one in (left, right)]
    compare(left, right)
    for one, kept in zip((left, right), before, strict=True):
        assert torch.equal(kept_logits(*one), kept)
