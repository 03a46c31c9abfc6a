"""The hidden states and gates behind one reply, as the view "Inside the GRU" draws them."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from seq2seq.checkpoint import Checkpoint
from seq2seq.inspection.gates import Gates, insides
from seq2seq.tokenizer import SOS_ID
from seq2seq.trace import Trace
from seq2seq.views.wording import Words, words

LIMIT = 420_000  # bytes of values; as base64, with the words around them, under 600 KB

# What becomes of the message beyond the context vector, by whether the decoder attends.
_READ_AGAIN = {
    False: "What replaced the rest may still tell of the message; nothing reads the message again.",
    True: "What replaced the rest may still tell of the message; its attention can look at the "
    "message again.",
}


@dataclass(frozen=True)
class Packing:
    """How values become bytes: `bits` (8 or 4) each, of every n-th unit."""

    bits: int
    every: int

    def top(self, low: float) -> int:
        """The code of 1: even where codes start at -1, so that 0 has a code of its own."""
        return (1 << self.bits) - (2 if low < 0 else 1)

    def note(self) -> Words:
        """What the packing leaves out, in words; '' for nothing that could be seen."""
        shades = 2**self.bits
        if self.bits == 8:
            return ""
        if self.every == 1:
            return words(
                "There is much to show here: values are rounded to {shades} shades.", shades=shades
            )
        return words(
            "There is much to show here: values are rounded to {shades} shades, and one unit of "
            "every {every} is drawn.",
            shades=shades,
            every=self.every,
        )

    def pack(self, values: Tensor, low: float) -> str:
        """Values (T, H) from low to 1, rows first, as base64; of 4 bits the first is the upper."""
        top = self.top(low)
        kept = values[:, :: self.every].flatten().cpu()
        codes = ((kept - low) / (1 - low) * top).round().clamp(0, top).to(torch.uint8)
        if self.bits == 4:
            pairs = torch.nn.functional.pad(codes, (0, len(codes) % 2)).view(-1, 2)
            codes = pairs[:, 0] * 16 + pairs[:, 1]
        return b64encode(codes.numpy().tobytes()).decode()


def inside_payload(checkpoint: Checkpoint, trace: Trace, number: int) -> str:
    """One JSON object with both halves of the reply; '' while it has no step.

    `number` is the reply's, counted from 1. Each layer has its hidden states and gates packed as
    the object's `bits`, `every` and `top` say, and for each step the mean update gate (`kept`), the
    mean reset gate (`used`), the root mean square change of a unit (`moved`) and `share`:
    `context_shares` in the encoder, `carried_on` in the decoder. Raises ValueError if another
    checkpoint made the trace.
    """
    if not trace.steps:
        return ""
    found = insides(checkpoint, trace)
    packing = packing_for((*found.encoder, *found.decoder))
    read, written = [piece.piece for piece in trace.source], [step.piece for step in trace.steps]
    decoder = partial(decoder_words, attends=checkpoint.config.attention != "none")
    payload = {
        "number": number,
        "bits": packing.bits,
        "every": packing.every,
        "note": packing.note(),
        "top": {"hidden": packing.top(-1), "update": packing.top(0), "reset": packing.top(0)},
        "start": checkpoint.tokenizer.piece(SOS_ID),
        "encoder": _half(found.encoder, packing, read, context_shares, encoder_words),
        "decoder": _half(found.decoder, packing, written, carried_on, decoder),
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def packing_for(layers: Iterable[Gates], limit: int = LIMIT) -> Packing:
    """The finest packing that keeps three values a unit and step within `limit` bytes.

    8 bits each; or 4; or 4 of every n-th unit only.
    """
    count = 3 * sum(gates.hidden.numel() for gates in layers)
    if count <= limit:
        return Packing(bits=8, every=1)
    return Packing(bits=4, every=max(1, math.ceil(count / 2 / limit)))


def kept_shares(gates: Gates) -> Tensor:
    """(T,) the mean update gate of a step: how much of the old state it kept."""
    return gates.update.mean(dim=1)


def movements(gates: Gates) -> Tensor:
    """(T,) the root mean square, over the units, of what a step added to the state."""
    return (gates.hidden - gates.before).square().mean(dim=1).sqrt()


def carried_on(gates: Gates) -> Tensor:
    """(T,) how much of the state before the first step is in each step's state as it was.

    A unit keeps the share `update` at each step, so after several their product; the mean over
    the units. What replaced the rest was made from the old state and may tell of it still.
    """
    return gates.update.cumprod(dim=0).mean(dim=1)


def context_shares(gates: Gates) -> Tensor:
    """(T,) how much of the state after the last piece read was written at each piece.

    A unit's candidate enters with 1 - update and is kept by all later steps' update gates; the
    mean over the units. With what is left of the zeros at the start they add up to 1.
    """
    update = gates.update.flip(0) if gates.backward else gates.update  # in the order of reading
    later = update.flip(0).cumprod(dim=0).flip(0)[1:]  # (T - 1, H)
    share = ((1 - update) * torch.cat([later, torch.ones_like(update[:1])])).mean(dim=1)
    return share.flip(0) if gates.backward else share


def encoder_words(gates: Gates, pieces: Sequence[str]) -> list[Words]:
    """Where the encoder's state moves most, and which piece wrote most of what is left of it."""
    moved, shares = movements(gates), context_shares(gates)
    most, widest = int(moved.argmax()), int(shares.argmax())
    return [
        words(
            "While the message is read, this layer’s state moves most at piece {n}, “{piece}” "
            "(by {by}).",
            n=most + 1,
            piece=pieces[most],
            by=f"{float(moved[most]):.2f}",
        ),
        words(
            "No piece wrote more of what the layer hands to the decoder than piece {n}, “{piece}”: "
            "{share}.",
            n=widest + 1,
            piece=pieces[widest],
            share=_percent(shares[widest]),
        ),
    ]


def decoder_words(gates: Gates, pieces: Sequence[str], attends: bool) -> list[Words]:
    """Where the message fades from the decoder's state, and where that state moves most."""
    moved = movements(gates)
    most = int(moved.argmax())
    return [
        _fading(carried_on(gates), pieces),
        _READ_AGAIN[attends],
        words(
            "The state moves most at step {n}, “{piece}” (by {by}).",
            n=most + 1,
            piece=pieces[most],
            by=f"{float(moved[most]):.2f}",
        ),
    ]


def _fading(left: Tensor, pieces: Sequence[str]) -> Words:
    """From which step on less than half of the context vector is carried on, if from any."""
    last = _percent(left[-1])
    fades = [step for step in range(len(pieces)) if float(left[step]) < 0.5]
    if not fades:
        return words(
            "This layer keeps hold of its context vector: at the last step {last} of it is still "
            "carried on as it was.",
            last=last,
        )
    return words(
        "From step {n}, “{piece}”, less than half of this layer’s context vector is carried on as "
        "it was: {there} of it there, {last} at the last step.",
        n=fades[0] + 1,
        piece=pieces[fades[0]],
        there=_percent(left[fades[0]]),
        last=last,
    )


def _half(
    found: Sequence[Gates],
    packing: Packing,
    pieces: list[str],
    share: Callable[[Gates], Tensor],
    described: Callable[[Gates, list[str]], list[Words]],
) -> dict[str, Any]:
    both = any(gates.backward for gates in found)
    layers = [
        {
            "name": _name(gates, both),
            "backward": gates.backward,
            "units": gates.hidden.size(1),
            "hidden": packing.pack(gates.hidden, -1),
            "update": packing.pack(gates.update, 0),
            "reset": packing.pack(gates.reset, 0),
            "kept": _rounded(kept_shares(gates)),
            "used": _rounded(gates.reset.mean(dim=1)),
            "moved": _rounded(movements(gates)),
            "share": _rounded(share(gates)),
            "words": described(gates, pieces),
        }
        for gates in found
    ]
    return {"pieces": pieces, "layers": layers}


def _name(gates: Gates, both: bool) -> Words:
    number = gates.layer + 1
    if not both:
        return str(number)
    if gates.backward:
        return words("{layer}, backward", layer=number)
    return words("{layer}, forward", layer=number)


def _rounded(values: Tensor) -> list[float]:
    return [float(f"{value:.4g}") for value in values.tolist()]


def _percent(share: Tensor) -> Words:
    percent = 100 * float(share)
    return words("under {n}%", n=1) if 0 < percent < 0.5 else f"{percent:.0f}%"
