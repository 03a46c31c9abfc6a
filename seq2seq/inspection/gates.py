"""What a GRU computes at each step: its gates, its candidate state and its hidden state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seq2seq.checkpoint import Checkpoint
from seq2seq.model import Seq2Seq
from seq2seq.tokenizer import SOS_ID
from seq2seq.trace import Trace


@dataclass(frozen=True)
class Gates:
    """One layer of a GRU over T steps, in one direction; each tensor is (T, H).

    Row t belongs to piece t in either direction: a backward layer comes to the last row first.
    `hidden` is (1 - update) * candidate + update * before, so an update gate near 1 keeps the old
    state; the reset gate says how much of it the candidate is made with.
    """

    layer: int  # from 0
    backward: bool
    before: Tensor  # the hidden state that the step starts from
    reset: Tensor
    update: Tensor
    candidate: Tensor
    hidden: Tensor

    def last(self) -> Tensor:
        """The hidden state (H,) after the last step that the layer makes."""
        return self.hidden[0 if self.backward else -1]


@dataclass(frozen=True)
class Insides:
    """The gates of both halves: their layers from the bottom up, forward before backward.

    T counts the message's pieces in the encoder and the reply's steps in the decoder. A direction
    of a bidirectional encoder has H / 2 units.
    """

    encoder: tuple[Gates, ...]
    decoder: tuple[Gates, ...]


def insides(checkpoint: Checkpoint, trace: Trace) -> Insides:
    """Both halves while this reply was made, computed again from its ids.

    Raises ValueError if another checkpoint made the trace, or if it has no step yet.
    """
    if trace.sha256 != checkpoint.sha256:
        raise ValueError(
            f"the trace was made by checkpoint {trace.checkpoint} ({trace.sha256[:8]}), this is "
            f"{checkpoint.name} ({checkpoint.sha256[:8]}); load the checkpoint that made it"
        )
    encoder = encoder_gates(checkpoint.model, [piece.id for piece in trace.source])
    context = context_of(encoder)
    return Insides(encoder, decoder_gates(checkpoint.model, trace.ids, context))


@torch.inference_mode()
def encoder_gates(model: Seq2Seq, ids: Sequence[int]) -> tuple[Gates, ...]:
    """The encoder's layers while it reads these pieces, without dropout; ValueError for none."""
    weight = model.encoder.embedding.weight
    _check(ids, weight.size(0), "the message")
    gru = model.encoder.gru
    directions = 2 if gru.bidirectional else 1
    initial = weight.new_zeros(gru.num_layers * directions, gru.hidden_size)
    return gru_gates(gru, weight[list(ids)], initial)


@torch.inference_mode()
def decoder_gates(model: Seq2Seq, ids: Sequence[int], context: Tensor) -> tuple[Gates, ...]:
    """The decoder's layers while it writes these pieces from context (L, H), without dropout.

    Row t is the step that chose ids[t]: it was fed the piece before, the first one the start token.
    Raises ValueError if there are no pieces.
    """
    weight = model.decoder.embedding.weight
    _check(ids, weight.size(0), "the reply")
    fed = [SOS_ID, *ids[:-1]]
    return gru_gates(model.decoder.gru, weight[fed], context)


def context_of(encoder: Sequence[Gates]) -> Tensor:
    """The context vector (L, H) that the decoder starts from, of the encoder's layers."""
    layers = sorted({gates.layer for gates in encoder})
    ends = [[gates.last() for gates in encoder if gates.layer == layer] for layer in layers]
    return torch.stack([torch.cat(directions) for directions in ends])  # (L, H)


def gru_gates(gru: nn.GRU, inputs: Tensor, initial: Tensor) -> tuple[Gates, ...]:
    """The layers of a GRU that reads inputs (T, E) from initial (L * directions, H).

    The layers come in the order of `initial`. Equations of
    https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html, dropout left out.
    """
    directions = 2 if gru.bidirectional else 1
    found: list[Gates] = []
    for layer in range(gru.num_layers):
        for direction in range(directions):
            start = initial[layer * directions + direction]
            found.append(_layer(gru, layer, bool(direction), inputs, start))
        inputs = torch.cat([gates.hidden for gates in found[-directions:]], dim=-1)
    return tuple(found)


def _layer(gru: nn.GRU, layer: int, backward: bool, inputs: Tensor, hidden: Tensor) -> Gates:
    """One layer in one direction over inputs (T, E or H), from hidden (H,)."""
    name = f"l{layer}_reverse" if backward else f"l{layer}"
    bias_ih = getattr(gru, f"bias_ih_{name}", None)
    bias_hh = getattr(gru, f"bias_hh_{name}", None)
    weight_hh = getattr(gru, f"weight_hh_{name}")
    of_inputs = F.linear(inputs, getattr(gru, f"weight_ih_{name}"), bias_ih)  # (T, 3 H)
    rows = list(of_inputs.flip(0) if backward else of_inputs)
    steps: list[tuple[Tensor, ...]] = []
    for row in rows:
        of_input, of_state = row.chunk(3), F.linear(hidden, weight_hh, bias_hh).chunk(3)
        reset = torch.sigmoid(of_input[0] + of_state[0])
        update = torch.sigmoid(of_input[1] + of_state[1])
        # torch resets after the matrix product; Cho et al. 2014 reset the state before it.
        candidate = torch.tanh(of_input[2] + reset * of_state[2])
        before, hidden = hidden, (1 - update) * candidate + update * hidden
        steps.append((before, reset, update, candidate, hidden))
    ordered = steps[::-1] if backward else steps
    return Gates(layer, backward, *map(torch.stack, zip(*ordered, strict=True)))


def _check(ids: Sequence[int], vocab_size: int, which: str) -> None:
    """Raise ValueError unless there are ids and the embedding has a row for each."""
    if not ids:
        raise ValueError(f"{which} has no pieces; there is nothing that the GRU computed")
    for id in ids:
        if not 0 <= id < vocab_size:
            raise ValueError(f"{which} holds id {id}; ids are from 0 to {vocab_size - 1}")
