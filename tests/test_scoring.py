"""Perplexity and bits a byte, against what can be computed by hand."""

from __future__ import annotations

import math

import pytest
import torch

from seq2seq.batching import Encoding, PairTable
from seq2seq.config import ModelConfig
from seq2seq.loss import reply_loss
from seq2seq.model import Seq2Seq, build_model
from seq2seq.scoring import Score, score_pairs
from seq2seq.tokenizer import EOS_ID, SOS_ID, TOKENS

V = 12
PAIRS = [
    Encoding([5, EOS_ID], [6, 7, 8], 9),
    Encoding([6, 7, 9, EOS_ID], [], 1),
    Encoding([EOS_ID], [11], 30),
    Encoding([8, 8, EOS_ID], [5, 6, 7, 8, 9, 10], 12),
]


def random_model(**options: object) -> Seq2Seq:
    torch.manual_seed(0)
    config = ModelConfig(vocab_size=V, **{"emb_dim": 6, "hidden_dim": 8, "dropout": 0.0, **options})
    model = build_model(config, TOKENS).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.uniform_(-1.5, 1.5)
    return model


def constant_model(probabilities: list[float]) -> Seq2Seq:
    """A model that says the same at every step."""
    model = random_model()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.decoder.fc_out.bias.copy_(torch.tensor(probabilities).log())
    return model


def test_a_model_that_knows_nothing_has_the_vocabulary_as_perplexity() -> None:
    score = score_pairs(constant_model([1 / V] * V), PairTable(PAIRS))
    assert score.pieces == 4 + 1 + 2 + 7
    assert score.bytes == 9 + 1 + 30 + 12
    assert score.perplexity == pytest.approx(V, rel=1e-5)
    assert score.bits_per_byte == pytest.approx(14 * math.log2(V) / 52, rel=1e-5)


def test_a_constant_model_is_scored_as_by_hand() -> None:
    # The end piece with probability 1/2, the eleven others with 1/22 each.
    model = constant_model([1 / 22] * EOS_ID + [0.5] + [1 / 22] * (V - EOS_ID - 1))
    score = score_pairs(model, PairTable(PAIRS))
    bits = 10 * math.log2(22) + 4 * 1.0
    assert score.bits_per_byte == pytest.approx(bits / 52, rel=1e-5)
    assert score.perplexity == pytest.approx(2 ** (bits / 14), rel=1e-5)
    assert score.loss == pytest.approx(bits * math.log(2) / 14, rel=1e-5)
    assert score.to_dict() == {
        "perplexity": score.perplexity,
        "bits_per_byte": score.bits_per_byte,
    }


@pytest.mark.parametrize("budget", [1, 9, 10**6])
@pytest.mark.parametrize(
    "options", [{}, {"attention": "dot", "bidirectional": True}], ids=["plain", "attention"]
)
def test_the_score_does_not_depend_on_the_batches(budget: int, options: dict[str, object]) -> None:
    model = random_model(**options)
    total = 0.0
    for pair in PAIRS:
        trg = torch.tensor([[SOS_ID, *pair.reply, EOS_ID]])
        total += reply_loss(model, torch.tensor([pair.source]), trg)[0].item()
    score = score_pairs(model, PairTable(PAIRS), batch_pieces=budget)
    assert score.nats == pytest.approx(total, rel=1e-5)
    assert score.pieces == 14


def test_only_the_named_rows_are_scored() -> None:
    model = random_model()
    some = score_pairs(model, PairTable(PAIRS), torch.tensor([0, 3]))
    alone = score_pairs(model, PairTable([PAIRS[0], PAIRS[3]]))
    assert some.nats == pytest.approx(alone.nats, rel=1e-6)
    assert (some.pieces, some.bytes) == (alone.pieces, alone.bytes) == (11, 21)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(ValueError, match="no pair"):
        score_pairs(random_model(), PairTable([]))
    with pytest.raises(ValueError, match="no pair"):
        score_pairs(random_model(), PairTable(PAIRS), torch.tensor([], dtype=torch.long))


def test_scoring_is_without_dropout_and_leaves_the_mode_as_it_was() -> None:
    model = random_model(dropout=0.5)
    quiet = score_pairs(model, PairTable(PAIRS))
    assert not model.training
    model.train()
    assert score_pairs(model, PairTable(PAIRS)) == quiet
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_progress_counts_every_pair() -> None:
    seen: list[int] = []
    score_pairs(random_model(), PairTable(PAIRS * 5), batch_pieces=20, on_batch=seen.append)
    assert sum(seen) == 20
    assert len(seen) > 1


def test_a_hopeless_model_has_a_finite_perplexity() -> None:
    assert math.isfinite(Score(nats=1e9, pieces=1, bytes=1).perplexity)
