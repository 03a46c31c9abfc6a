"""The gates inside a GRU: what torch computes, made visible."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from random_models import TOKENS, V, random_model, variants
from torch import Tensor, nn

from seq2seq import Chatbot, DecodingOptions
from seq2seq.inspection.gates import (
    Gates,
    context_of,
    decoder_gates,
    encoder_gates,
    gru_gates,
    insides,
)
from seq2seq.tokenizer import SOS_ID

SOURCE, REPLY = [5, 4, 9, 7, 3], [6, 11, 4, 4, 8, 3]


def assert_gates(gates: Gates) -> None:
    for gate in (gates.reset, gates.update):
        assert bool(((gate > 0) & (gate < 1)).all())
    assert float(gates.candidate.abs().max()) <= 1
    mixed = (1 - gates.update) * gates.candidate + gates.update * gates.before
    assert torch.allclose(gates.hidden, mixed, atol=1e-6)
    hidden, before = gates.hidden, gates.before
    if gates.backward:
        hidden, before = hidden.flip(0), before.flip(0)
    assert torch.equal(before[1:], hidden[:-1])


def one_layer(gru: nn.GRU, layer: int, backward: bool) -> nn.GRU:
    """Torch's own GRU with the weights of one layer in one direction."""
    suffix = "_reverse" if backward else ""
    names = [f"{kind}_{part}" for kind in ("weight", "bias") for part in ("ih", "hh")]
    weights = {name: getattr(gru, f"{name}_l{layer}{suffix}") for name in names}
    alone = nn.GRU(weights["weight_ih"].size(1), gru.hidden_size, batch_first=True)
    alone.load_state_dict({f"{name}_l0": value for name, value in weights.items()})
    return alone


def assert_torch(gru: nn.GRU, inputs: Tensor, initial: Tensor, found: tuple[Gates, ...]) -> None:
    """Every layer's outputs, and all final states, are those of torch's nn.GRU."""
    directions = 2 if gru.bidirectional else 1
    assert [(g.layer, g.backward) for g in found] == [
        (layer, bool(way)) for layer in range(gru.num_layers) for way in range(directions)
    ]
    outputs, final = gru(inputs.unsqueeze(0), initial.unsqueeze(1))
    for index, gates in enumerate(found):
        assert_gates(gates)
        assert torch.allclose(gates.last(), final[index, 0], atol=1e-5)
        if gates.layer:
            below = found[(gates.layer - 1) * directions : gates.layer * directions]
            fed = torch.cat([one.hidden for one in below], dim=-1)
        else:
            fed = inputs
        fed = fed.flip(0) if gates.backward else fed
        alone = one_layer(gru, gates.layer, gates.backward)
        states = alone(fed.unsqueeze(0), initial[index].view(1, 1, -1))[0][0]
        states = states.flip(0) if gates.backward else states
        assert torch.allclose(gates.hidden, states, atol=1e-5)
    top = torch.cat([gates.hidden for gates in found[-directions:]], dim=-1)
    assert torch.allclose(top, outputs[0], atol=1e-5)


@variants
@torch.no_grad()
def test_encoder_is_torchs_gru_in_every_layer(options: dict[str, object]) -> None:
    model = random_model(options)
    gru = model.encoder.gru
    found = encoder_gates(model, SOURCE)
    initial = torch.zeros(len(found), gru.hidden_size)
    assert_torch(gru, model.encoder.embedding(torch.tensor(SOURCE)), initial, found)
    context = model.encode(torch.tensor([SOURCE])).hidden[:, 0]
    assert torch.allclose(context_of(found), context, atol=1e-5)


@variants
@torch.no_grad()
def test_decoder_is_torchs_gru_in_every_layer(options: dict[str, object]) -> None:
    model = random_model(options)
    context = model.encode(torch.tensor([SOURCE])).hidden[:, 0]
    found = decoder_gates(model, REPLY, context)
    fed = torch.tensor([SOS_ID, *REPLY[:-1]])
    assert_torch(model.decoder.gru, model.decoder.embedding(fed), context, found)
    assert torch.equal(found[0].before[0], context[0])


@torch.no_grad()
def test_a_gru_without_biases_is_read_too() -> None:
    torch.manual_seed(3)
    gru = nn.GRU(4, 5, bias=False, batch_first=True)
    inputs = torch.randn(6, 4)
    (gates,) = gru_gates(gru, inputs, torch.zeros(1, 5))
    assert torch.allclose(gates.hidden, gru(inputs.unsqueeze(0))[0][0], atol=1e-6)


@pytest.mark.parametrize("method", ["greedy", "sample", "beam"])
def test_states_are_those_that_the_trace_keeps(tiny_checkpoint: Path, method: str) -> None:
    for precision, tolerance in (("fp32", 1e-4), ("auto", 0.005)):
        bot = Chatbot.from_pretrained(tiny_checkpoint, precision=precision)
        trace = bot.reply("what is your name?", DecodingOptions(method=method, seed=1))
        found = insides(bot.checkpoint, trace)
        states = torch.stack([gates.hidden for gates in found.decoder], dim=1)  # (T, L, H)
        kept = torch.stack([step.state for step in trace.steps if step.state is not None])
        assert torch.allclose(states, kept, atol=tolerance)
        assert {len(gates.hidden) for gates in found.encoder} == {len(trace.source)}


def test_nothing_of_the_model_changes_and_dropout_is_left_out() -> None:
    model = random_model({"dropout": 0.5})
    weights = [parameter.clone() for parameter in model.parameters()]
    calm = encoder_gates(model, SOURCE)
    model.train()
    again = encoder_gates(model, SOURCE)
    for one, other in zip(calm, again, strict=True):
        for field in fields(Gates):
            assert torch.equal(
                torch.as_tensor(getattr(one, field.name)),
                torch.as_tensor(getattr(other, field.name)),
            )
    assert all(map(torch.equal, weights, model.parameters()))


def test_what_cannot_be_read_is_refused_with_a_remedy(tiny_checkpoint: Path) -> None:
    model = random_model({})
    assert model.pad_token == TOKENS["pad_token"]
    with pytest.raises(ValueError, match="the message has no pieces"):
        encoder_gates(model, [])
    with pytest.raises(ValueError, match=f"holds id {V}; ids are from 0 to {V - 1}"):
        decoder_gates(model, [4, V], torch.zeros(2, 8))
    bot = Chatbot.from_pretrained(tiny_checkpoint)
    other = replace(bot.reply("hello"), sha256="f" * 64)
    with pytest.raises(ValueError, match="load the checkpoint that made it"):
        insides(bot.checkpoint, other)
