"""What a run may do beyond plain steps: two optimizers, averaged weights, hidden pieces."""

from __future__ import annotations

import copy

import pytest
import torch
from random_models import random_model
from test_training import MODEL

from seq2seq.batching import hide_pieces
from seq2seq.config import PERSONALITIES, ModelConfig, TrainingConfig
from seq2seq.corpora import CorpusChoice, Mixture, Pair
from seq2seq.corpora.counts import Cleaning
from seq2seq.model import build_model
from seq2seq.tokenizer import EOS_ID, LAST_CONTROL_ID, PAD_ID, TOKENS, UNK_ID, Tokenizer
from seq2seq.training.averaging import Shown
from seq2seq.training.data import make_split
from seq2seq.training.optimizer import Optimizer

TEXTS = ["hello, how are you today?", "what a wonderful evening", "tell me a good joke"]


def moved_by_muon(config: ModelConfig, **changes: object) -> set[str]:
    """The names of the parameters that one step moved as Muon does."""
    torch.manual_seed(0)
    model = build_model(config, TOKENS)
    optimizer = Optimizer(model, TrainingConfig(("-",), weight_decay=0.0, **changes))
    before = {name: value.clone() for name, value in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step(1.0)
    moved = {
        name: value.detach() - before[name].detach() for name, value in model.named_parameters()
    }
    assert all(bool(change.any()) for change in moved.values())
    assert all(not p.grad.any() for p in model.parameters() if p.grad is not None)
    # AdamW's first step is the rate itself, up or down, everywhere; an orthogonalised one varies.
    return {
        name for name, m in moved.items() if m.ndim == 2 and float(m.detach().abs().std()) > 1e-4
    }


@pytest.mark.parametrize(
    "config",
    [MODEL, ModelConfig(vocab_size=40, emb_dim=8, hidden_dim=8, attention="general")],
    ids=["plain", "attention"],
)
def test_muon_moves_the_matrices_between_hidden_layers_and_nothing_else(
    config: ModelConfig,
) -> None:
    model = build_model(config, TOKENS)
    hidden = {
        name
        for name, value in model.named_parameters()
        if value.ndim == 2 and "embedding" not in name and "fc_out" not in name
    }
    assert moved_by_muon(config) == hidden
    assert moved_by_muon(config, optimizer="adamw") == set()


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_an_optimizer_goes_on_from_its_tensors(optimizer: str) -> None:
    torch.manual_seed(0)
    config = TrainingConfig(("-",), optimizer=optimizer)
    model = build_model(MODEL, TOKENS)
    first = Optimizer(model, config)

    def step(optimizer: Optimizer, of: torch.nn.Module) -> None:
        for index, parameter in enumerate(of.parameters()):
            parameter.grad = torch.full_like(parameter, 0.1 * (index + 1)).cumsum(0)
        optimizer.step(0.5)

    step(first, model)
    twin = copy.deepcopy(model)
    second = Optimizer(twin, config)
    second.load({name: tensor.clone() for name, tensor in first.tensors().items()})
    step(first, model)
    step(second, twin)
    for one, other in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_average_follows_the_weights_and_is_what_is_shown() -> None:
    model = random_model({})
    shown = Shown(model, 0.75)
    values = []
    for value in (1.0, 2.0, 6.0):
        with torch.no_grad():
            model.decoder.fc_out.bias.fill_(value)
        shown.update()
        values.append(shown.model.decoder.fc_out.bias[0].item())
    assert values == pytest.approx([1.0, 1.25, 0.75 * 1.25 + 0.25 * 6.0])
    assert shown.model is not model
    assert Shown(model, 0.0).model is model


def test_an_average_that_was_put_back_goes_on() -> None:
    model = random_model({})
    shown = Shown(model, 0.75)
    shown.restored(9)
    average = shown.model.decoder.fc_out.bias[0].item()
    with torch.no_grad():
        model.decoder.fc_out.bias.fill_(4.0)
    shown.update()
    assert shown.model.decoder.fc_out.bias[0].item() == pytest.approx(0.75 * average + 1.0)


def test_hidden_pieces_are_a_share_of_the_message_alone() -> None:
    src = torch.randint(LAST_CONTROL_ID + 1, 400, (200, 50))
    src[:, -2], src[:, -1] = EOS_ID, PAD_ID
    src[:, 0] = LAST_CONTROL_ID
    found = hide_pieces(src, 0.3)
    changed = found != src
    assert bool((found[changed] == UNK_ID).all())
    assert not changed[:, [0, -2, -1]].any()
    assert 0.25 < float(changed[:, 1:-2].float().mean()) < 0.35
    assert hide_pieces(src, 0.0) is src


def test_a_text_is_cut_another_way_each_time_and_reads_the_same() -> None:
    tokenizer = Tokenizer.train(TEXTS * 5, 360)
    drawn = tokenizer.sampling(0.1, seed=1)
    ways = [drawn.encode(TEXTS[0]) for _ in range(50)]
    assert len({tuple(ids) for ids in ways}) > 5
    assert {tokenizer.decode(ids) for ids in ways} == {TEXTS[0]}
    again = tokenizer.sampling(0.1, seed=1)
    assert [again.encode(TEXTS[0]) for _ in range(50)] == ways
    assert tokenizer.encode(TEXTS[0]) == tokenizer.encode(TEXTS[0])


def test_a_weighted_corpus_is_cut_anew_for_each_showing() -> None:
    tokenizer = Tokenizer.train(TEXTS * 5, 360)
    pairs = [Pair(text, "yes") for text in TEXTS]
    choices = (CorpusChoice("a", 4.5), CorpusChoice("b", 0.5))
    mixture = Mixture(choices, {"train": (pairs, pairs)}, Cleaning())
    config = ModelConfig(tokenizer.vocab_size, emb_dim=4, hidden_dim=4, personalities=PERSONALITIES)
    plain, _ = make_split(mixture, "train", tokenizer, config, 40)
    assert plain.weights.tolist() == [4.5] * 3 + [0.5] * 3
    drawn, _ = make_split(
        mixture, "train", tokenizer, config, 40, reader=tokenizer.sampling(0.1, 0)
    )
    assert drawn.weights.tolist() == pytest.approx([1.125] * 12 + [0.5] * 3)
    assert float(drawn.weights.sum()) == pytest.approx(float(plain.weights.sum()))
    rows = [drawn.table.batch(torch.tensor([i])) for i in range(4)]
    assert len({tuple(row.src[0].tolist()) for row in rows}) > 1
    assert len({tuple(row.trg[0].tolist()) for row in rows}) == 1
    assert (
        make_split(mixture, "train", tokenizer, config, 1, reader=tokenizer.sampling(0.1, 0))[1]
        == 6
    )
