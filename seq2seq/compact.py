"""A trained Seq2Seq on weights of one or two bytes: what a step reads is what it costs.

What the weights multiply are a GRU's states, which lie in [-1, 1] by their nature. What is carried
on from step to step has a second byte; logits near the largest are computed again in full. A row
gets the same numbers, bit for bit, alone and in any crowd.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from seq2seq.attention import Attention
from seq2seq.int8 import Int8Linear, WideLinear, to_levels, to_two_levels
from seq2seq.model import Decoded, Decoder, Encoded, Encoder, Seq2Seq, source_lengths

_NEAR = 0.3  # nats below a row's largest logit within which logits are computed again
_PIECES = 64  # sums over pieces have a multiple of this many terms, so that they group alike


class CompactSeq2Seq:
    """A trained Seq2Seq with 8-bit weights: it stands in for it wherever replies are made."""

    def __init__(self, model: Seq2Seq) -> None:
        """Take copies of the model's weights; later changes to it change nothing here."""
        self.encoder = CompactEncoder(model.encoder)
        self.decoder = CompactDecoder(model.decoder)
        self.sos_token, self.eos_token = model.sos_token, model.eos_token
        self.pad_token = model.pad_token
        self.device = torch.device("cpu")

    @torch.inference_mode()
    def encode(self, src: Tensor) -> Encoded:
        """Read src (B, S), as `Seq2Seq.encode` does."""
        lengths, mask = source_lengths(src, self.pad_token)
        outputs, hidden = self.encoder(src, lengths)
        return Encoded(hidden, outputs, mask)


Runner = Seq2Seq | CompactSeq2Seq


class CompactEncoder:
    """A trained Encoder on 8-bit weights, both directions in the same steps."""

    def __init__(self, encoder: Encoder) -> None:
        gru = encoder.gru
        named = {name: p.detach().float().clone() for name, p in encoder.named_parameters()}
        suffixes = ("", "_reverse") if gru.bidirectional else ("",)
        self._first = [_looked_up(named, f"l0{suffix}") for suffix in suffixes]
        self._inputs = [
            [_linear(named, f"ih_l{n}{suffix}") for suffix in suffixes]
            for n in range(1, gru.num_layers)
        ]
        self._recurrent = [
            [_linear(named, f"hh_l{n}{suffix}") for suffix in suffixes]
            for n in range(gru.num_layers)
        ]
        self._size = gru.hidden_size

    def __call__(self, src: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Give outputs (B, S, H) and hidden (L, B, H) for src (B, S), lengths (B,)."""
        behind = torch.arange(src.size(1)) >= lengths.unsqueeze(1)  # (B, S), the padding
        turned = lengths.unsqueeze(1) - 1 - torch.arange(src.size(1))  # (B, S), from the last
        turned = torch.where(behind, torch.arange(src.size(1)), turned)
        given = [table[src].float() for table in self._first]  # D of (B, S, 3H)
        hidden: list[Tensor] = []
        outputs = given[0]
        for n, recurrent in enumerate(self._recurrent):
            if n:
                given = [linear(outputs) for linear in self._inputs[n - 1]]
            if len(given) == 2:
                given[1] = given[1].gather(1, turned.unsqueeze(2).expand_as(given[1]))
            states, last = self._layer(torch.stack(given), recurrent, behind)
            if len(given) == 2:
                states[1] = states[1].gather(1, turned.unsqueeze(2).expand_as(states[1]))
            outputs = torch.cat(list(states), dim=-1)  # (B, S, H)
            hidden.append(torch.cat(list(last), dim=-1))  # (B, H)
        return outputs, torch.stack(hidden)

    def _layer(
        self, given: Tensor, recurrent: list[WideLinear], behind: Tensor
    ) -> tuple[Tensor, Tensor]:
        """States (D, B, S, H) of D directions, zero in the padding, and the last ones (D, B, H)."""
        state = given.new_zeros(*given.shape[:2], self._size)  # (D, B, H)
        states = given.new_zeros(*given.shape[:3], self._size)
        anything = behind.any(dim=0).tolist()
        for t in range(given.size(2)):
            pairs = to_two_levels(state, dim=1)  # (D, 2, B, H)
            products = [linear.product(pairs[d]) for d, linear in enumerate(recurrent)]
            product = torch.stack(products)  # (D, B, 3H)
            new = _cell(given[:, :, t], product, state)
            if anything[t]:
                over = behind[:, t, None]  # (B, 1)
                states[:, :, t] = new.masked_fill(over, 0.0)
                state = torch.where(over, state, new)
            else:
                states[:, :, t] = state = new
        return states, state


class CompactDecoder:
    """A trained Decoder on 8-bit weights."""

    def __init__(self, decoder: Decoder) -> None:
        gru = decoder.gru
        named = {name: p.detach().float().clone() for name, p in decoder.named_parameters()}
        layers = range(gru.num_layers)
        self.output_dim = decoder.output_dim
        self._first = _looked_up(named, "l0")
        self._inputs = [None, *(_linear(named, f"ih_l{n}") for n in layers[1:])]
        self._recurrent = [_linear(named, f"hh_l{n}") for n in layers]
        self._attention = None
        if decoder.attention is not None:
            self._attention = CompactAttention(decoder.attention)
        tied = decoder.to_embedding is not None
        self._out = Int8Linear(
            decoder.fc_out.weight.detach().float(), None if tied else named["fc_out.bias"]
        )
        self._bias = named["fc_out.bias"]
        self._weight = decoder.fc_out.weight.detach().half()  # as checkpoints keep it
        self._to_embedding = None
        if decoder.to_embedding is not None:
            self._to_embedding = WideLinear(
                named["to_embedding.weight"], named["to_embedding.bias"]
            )

    @torch.inference_mode()
    def states(
        self, trg: Tensor, hidden: Tensor, encoded: Encoded | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Give what `Decoder.states` gives, a step after the other for the T pieces of trg."""
        given = self._first[trg].float()  # (B, T, 3H)
        tops = []
        for t in range(trg.size(1)):
            hidden = self._step(given[:, t], hidden)
            tops.append(hidden[-1])
        features, weights = self.features(torch.stack(tops, dim=1), encoded)
        return features, hidden, weights

    @torch.inference_mode()
    def features(
        self, states: Tensor, encoded: Encoded | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """What `fc_out` gets of the last layer's states (B, T, H), and attention (B, T, S)."""
        weights = None
        if self._attention is not None:
            if encoded is None:
                raise ValueError("a decoder with attention needs the encoder's outputs: encoded")
            states, weights = self._attention(states, encoded.memory, encoded.mask)
        if self._to_embedding is not None:
            states = self._to_embedding(states)
        return states, weights

    @torch.inference_mode()
    def fc_out(self, features: Tensor) -> Tensor:
        """The logits (..., V) of features (..., H), or (..., E) where weights are tied.

        Those near a row's largest are computed again in full: what is chosen does not turn on the
        last bit of a byte.
        """
        flat = features.flatten(0, -2)  # (N, H)
        if self._to_embedding is None:
            rough = self._out(to_levels(flat))
        else:  # a projection's outputs know no bounds: each row is brought to [-1, 1]
            size = flat.abs().amax(dim=1, keepdim=True).clamp(min=1e-8)
            rough = torch.addcmul(self._bias, self._out(to_levels(flat / size)), size)
        rows, ids = (rough > rough.amax(dim=1, keepdim=True) - _NEAR).nonzero(as_tuple=True)
        exact = (self._weight[ids].float() * flat[rows]).sum(dim=1) + self._bias[ids]
        return rough.index_put_((rows, ids), exact).view(*features.shape[:-1], -1)

    def logits(self, trg: Tensor, hidden: Tensor, encoded: Encoded | None = None) -> Decoded:
        """Feed trg (B, T) from hidden (L, B, H), as `Decoder.logits` does."""
        features, hidden, weights = self.states(trg, hidden, encoded)
        return Decoded(self.fc_out(features), hidden, weights)

    def _step(self, given: Tensor, hidden: Tensor) -> Tensor:
        """The states (L, B, H) that follow hidden, where the first layer is given (B, 3H)."""
        states: list[Tensor] = []
        for n, recurrent in enumerate(self._recurrent):
            layer = self._inputs[n]
            if layer is not None:
                given = layer(states[-1])
            states.append(_cell(given, recurrent(hidden[n]), hidden[n]))
        return torch.stack(states)


class CompactAttention:
    """A trained Attention on 8-bit weights.

    Every sum over numbers of the state is a row's own; sums over pieces go piece by piece, so that
    padding, whose weight is 0, adds exactly nothing.
    """

    def __init__(self, attention: Attention) -> None:
        named = {name: p.detach().float().clone() for name, p in attention.named_parameters()}
        self._kind = attention.kind
        self._combine = WideLinear(named["combine.weight"], named["combine.bias"])
        self._key = Int8Linear(named["key.weight"]) if "key.weight" in named else None
        self._query = None
        if "query.weight" in named:
            self._query = Int8Linear(named["query.weight"], named["query.bias"])
            self._score = named["score.weight"][0]  # (H,)

    def __call__(self, states: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mixed states (B, T, H) and weights (B, T, S), for memory (B, S, H), mask (B, S)."""
        keys = memory if self._key is None else self._key(to_levels(memory))
        steps = [self._one(states[:, t], keys, memory, mask) for t in range(states.size(1))]
        mixed, weights = zip(*steps, strict=True)
        return torch.stack(mixed, dim=1), torch.stack(weights, dim=1)

    def _one(
        self, state: Tensor, keys: Tensor, memory: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One step's mixed state (B, H) and weights (B, S)."""
        if self._query is None:
            scores = (keys * state.unsqueeze(1)).sum(dim=-1)  # (B, S)
        else:
            joined = torch.tanh(keys + self._query(to_levels(state)).unsqueeze(1))
            scores = (joined * self._score).sum(dim=-1)
        scores = scores.masked_fill(~mask, float("-inf"))
        room = -scores.size(1) % _PIECES
        weights = F.pad(scores, (0, room), value=float("-inf")).softmax(dim=-1)
        weights = weights[:, : scores.size(1)]
        context = weights[:, :1] * memory[:, 0]
        for s in range(1, memory.size(1)):
            context = torch.addcmul(context, weights[:, s : s + 1], memory[:, s])
        mixed = self._combine(torch.cat([context, state], dim=-1))
        return torch.tanh(mixed), weights


def _looked_up(named: dict[str, Tensor], name: str) -> Tensor:
    """What a GRU's first layer is given by each piece, (V, 3H) in float16: no product in a step."""
    given = named["embedding.weight"] @ named[f"gru.weight_ih_{name}"].T
    return (given + named[f"gru.bias_ih_{name}"]).half()


def _linear(named: dict[str, Tensor], name: str) -> WideLinear:
    return WideLinear(named[f"gru.weight_{name}"], named[f"gru.bias_{name}"])


def _cell(given: Tensor, recurrent: Tensor, hidden: Tensor) -> Tensor:
    """The GRU's next state (..., H): given (..., 3H) by its input, recurrent (..., 3H) by itself.

    The gates in nn.GRU's order, reset, update, new:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
    """
    size = hidden.size(-1)
    gates = torch.sigmoid(given[..., : 2 * size] + recurrent[..., : 2 * size])
    reset, update = gates[..., :size], gates[..., size:]
    new = torch.tanh(torch.addcmul(given[..., 2 * size :], reset, recurrent[..., 2 * size :]))
    return torch.lerp(new, hidden, update)
