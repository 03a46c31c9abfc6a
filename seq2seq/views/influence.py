"""What each piece of a reply drew on: leave-one-out and attention as the text of one view."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from seq2seq.checkpoint import Checkpoint
from seq2seq.inspection.occlusion import Agreement, LeaveOneOut, agreement, explain
from seq2seq.tokenizer import EOS_ID, PERSONALITY_IDS, TURN_ID
from seq2seq.trace import Trace
from seq2seq.views.wording import Words, words

_LITTLE = 0.1  # bits of the whole reply; less is not worth a sentence

ATTENTION = (
    "This model has attention: at each step its decoder also looks back and spreads a weight of 1 "
    "over the message's pieces. Beside it stands what the same reply loses when a piece is left "
    "out."
)
READ_ATTENTION = (
    "Attention says where the model looked, not why it chose: the pieces have already been mixed "
    "with their neighbours when it looks, and other weights can give the same reply (Jain and "
    "Wallace 2019; Wiegreffe and Pinter 2019 say when it is evidence all the same)."
)
READ_OMISSION = (
    "Leaving a piece out asks a different question of the model, and sometimes an odd one: a "
    "message with a hole in it, or without its end piece, is unlike what it was trained on. Two "
    "pieces that say the same can each be missed without a loss, so the figures do not add up."
)


_HELPED = {  # a reply of one piece; one that needed it mostly at one step; at several
    "": "Without {piece} the reply would have been {bits} bits less likely.",
    "most": (
        "Without {piece} the reply would have been {bits} bits less likely, most of it at {where} "
        "(step {n})."
    ),
    "some": (
        "Without {piece} the reply would have been {bits} bits less likely; at {where} (step {n}) "
        "alone, {some} bits."
    ),
}
_ALIKE = (  # the least tau, and what it makes of two orders
    (0.6, "much alike"),
    (0.3, "alike in part"),
    (-0.3, "hardly alike"),
    (-1.0, "rather in reverse"),
)


def influence_payload(checkpoint: Checkpoint, trace: Trace, number: int) -> str:
    """The view's JSON for this reply; '' while it has no piece.

    `number` counts the visitor's replies from 1. Drops and totals are in bits, attention is T x S,
    drop, without and instead S x T; instead counts into `pieces`. Raises ValueError for a trace of
    another checkpoint. What is to be said is `Words`.
    """
    if not trace.steps:
        return ""
    found = explain(checkpoint, trace)
    alike = None if found.attention is None else agreement(found.attention, found.drop)
    instead, pieces = _instead(checkpoint, found)
    payload = {
        "number": number,
        "source": [[piece.piece, _kind(trace, i)] for i, piece in enumerate(trace.source)],
        "reply": [
            [step.piece, _round(p)]
            for step, p in zip(trace.steps, found.base.tolist(), strict=True)
        ],
        "attention": None if found.attention is None else _rounded(found.attention),
        "drop": _rounded(found.drop),
        "without": _rounded(found.without),
        "instead": instead,
        "pieces": pieces,
        "totals": [_round(total) for total in found.totals.tolist()],
        "agreement": None if alike is None else _agreement(alike),
        "words": {
            "model": _model(checkpoint, found),
            "found": list(findings(trace, found)),
            "care": [READ_ATTENTION] * (found.attention is not None) + [READ_OMISSION],
        },
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def findings(trace: Trace, found: LeaveOneOut) -> Iterator[Words]:
    """What the figures say of this reply, a sentence each, the weightiest first."""
    totals = found.totals.tolist()
    inner = [i for i in range(len(totals)) if _kind(trace, i) != "end"]
    helped = max(inner, key=totals.__getitem__, default=None)
    if helped is not None and totals[helped] >= _LITTLE:
        yield _helped(trace, helped, found.drop[helped].tolist())
    elif inner:
        yield words(
            "No piece of the message was needed by itself: leaving out any one of them makes the "
            "whole reply less likely by under {bits} bits, or more likely.",
            bits=_LITTLE,
        )
    against = min(inner, key=totals.__getitem__, default=None)
    if against is not None and totals[against] <= -_LITTLE:
        yield words(
            "Without {piece} it would have been {bits} bits more likely: that piece spoke against "
            "it.",
            piece=_quoted(trace.source[against].piece),
            bits=f"{-totals[against]:.1f}",
        )
    if trace.source and _kind(trace, len(totals) - 1) == "end" and abs(totals[-1]) >= _LITTLE:
        yield _end_piece(trace.source[-1].piece, totals[-1])
    if any(step.forced for step in trace.steps):
        yield (
            "Pieces of this reply were forced; the figures tell how likely the model itself would "
            "have found them."
        )
    if trace.unread:
        yield _unread(len(trace.unread))


def _helped(trace: Trace, piece: int, drop: Sequence[float]) -> Words:
    """The sentence about the piece that the reply needed most, and where it needed it."""
    total, step = sum(drop), max(range(len(drop)), key=drop.__getitem__)
    values = {"piece": _quoted(trace.source[piece].piece), "bits": f"{total:.1f}"}
    if len(drop) == 1:
        return words(_HELPED[""], **values)
    values |= {"where": _quoted(trace.steps[step].piece), "n": str(step + 1)}
    if total / 2 <= drop[step] <= total:
        return words(_HELPED["most"], **values)
    return words(_HELPED["some"], some=f"{drop[step]:.1f}", **values)


def _end_piece(piece: str, total: float) -> Words:
    values = {"piece": _quoted(piece), "bits": f"{abs(total):.1f}"}
    if total > 0:
        return words(
            "Without the end piece {piece} it would have been {bits} bits less likely. That tells "
            "about the reading, not the message: in training, every message ended with it.",
            **values,
        )
    return words(
        "Without the end piece {piece} it would have been {bits} bits more likely. That tells "
        "about the reading, not the message: in training, every message ended with it.",
        **values,
    )


def _unread(count: int) -> Words:
    if count == 1:
        return "The last piece of the message was not read; nothing here can come from it."
    return words(
        "The last {n} pieces of the message were not read; nothing here can come from them.",
        n=f"{count:,}",
    )


def _agreement(alike: Agreement) -> dict[str, Any]:
    """The measure, and two sentences that read it with care."""
    verdict = next((told for least, told in _ALIKE if alike.tau >= least), _ALIKE[-1][1])
    return {
        "tau": _round(alike.tau),
        "steps": alike.steps,
        "pieces": alike.pieces,
        "chance": _round(alike.chance),
        "words": [
            words(
                "Attention and leave-one-out order the {pieces} pieces {verdict}: Kendall’s tau "
                "is {tau} on average over {steps} (1 is the same order, 0 no relation, −1 the "
                "reverse).",
                pieces=alike.pieces,
                verdict=[verdict, {}],
                tau=f"{alike.tau:.2f}".replace("-", "−"),
                steps=["1 step", {}] if alike.steps == 1 else words("{n} steps", n=alike.steps),
            ),
            words(
                "Two orders that have nothing to do with each other pass ±{chance} about once in "
                "twenty steps, so take this as a hint and not as a proof.",
                chance=f"{alike.chance:.2f}",
            ),
        ],
    }


def _model(checkpoint: Checkpoint, found: LeaveOneOut) -> Words:
    if found.attention is not None:
        return ATTENTION
    return words(
        "This model has no attention. Everything that its decoder knows of the message passes "
        "through one context vector of {layers} × {hidden} numbers, so there is no looking back "
        "that could be drawn; but one can leave a piece out, read the message again, and see what "
        "the same reply loses.",
        layers=checkpoint.config.n_layers,
        hidden=checkpoint.config.hidden_dim,
    )


def _kind(trace: Trace, index: int) -> str:
    """What a source piece is beside the message's own: end, turn, personality, unknown or ''."""
    piece = trace.source[index]
    if piece.id == EOS_ID and index == len(trace.source) - 1:
        return "end"
    if piece.id == TURN_ID:
        return "turn"
    if piece.id in PERSONALITY_IDS.values():
        return "personality"
    return "unknown" if piece.unknown else ""


def _instead(checkpoint: Checkpoint, found: LeaveOneOut) -> tuple[list[list[int]], list[str]]:
    """The likeliest piece of each cell as a number into a list of pieces, and that list."""
    rows = found.likeliest.tolist()
    numbers = {id: n for n, id in enumerate(dict.fromkeys(id for row in rows for id in row))}
    pieces = [checkpoint.tokenizer.piece(id) for id in numbers]
    return [[numbers[id] for id in row] for row in rows], pieces


def _quoted(piece: str) -> str:
    return f"“{piece}”"


def _rounded(table: Tensor) -> list[list[float]]:
    return [[_round(value) for value in row] for row in table.tolist()]


def _round(value: float) -> float:
    return float(f"{value:.4g}")
