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

_LITTLE = 0.1  # bits of the whole reply; less is not worth a sentence

BOTTLENECK = (
    "This model has no attention. Everything that its decoder knows of the message passes through "
    "one context vector of {layers} × {hidden} numbers, so there is no looking back that could be "
    "drawn; but one can leave a piece out, read the message again, and see what the same reply "
    "loses."
)
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


def influence_payload(checkpoint: Checkpoint, trace: Trace, number: int) -> str:
    """The view's JSON for this reply; '' while it has no piece.

    `number` counts the visitor's replies from 1. Drops and totals are in bits, attention is T x S,
    drop, without and instead S x T; instead counts into `pieces`. Raises ValueError for a trace of
    another checkpoint.
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


def findings(trace: Trace, found: LeaveOneOut) -> Iterator[str]:
    """What the figures say of this reply, a sentence each, the weightiest first."""
    totals = found.totals.tolist()
    inner = [i for i in range(len(totals)) if _kind(trace, i) != "end"]
    helped = max(inner, key=totals.__getitem__, default=None)
    if helped is not None and totals[helped] >= _LITTLE:
        yield _helped(trace, helped, found.drop[helped].tolist())
    elif inner:
        yield (
            f"No piece of the message was needed by itself: leaving out any one of them makes the "
            f"whole reply less likely by under {_LITTLE} bits, or more likely."
        )
    against = min(inner, key=totals.__getitem__, default=None)
    if against is not None and totals[against] <= -_LITTLE:
        yield (
            f"Without {_quoted(trace.source[against].piece)} it would have been "
            f"{-totals[against]:.1f} bits more likely: that piece spoke against it."
        )
    if trace.source and _kind(trace, len(totals) - 1) == "end" and abs(totals[-1]) >= _LITTLE:
        yield _end_piece(trace.source[-1].piece, totals[-1])
    if any(step.forced for step in trace.steps):
        yield (
            "Pieces of this reply were forced; the figures tell how likely the model itself would "
            "have found them."
        )
    if trace.unread:
        yield (
            f"The last {len(trace.unread)} pieces of the message were not read; nothing here can "
            "come from them."
        )


def _helped(trace: Trace, piece: int, drop: Sequence[float]) -> str:
    """The sentence about the piece that the reply needed most, and where it needed it."""
    total, step = sum(drop), max(range(len(drop)), key=drop.__getitem__)
    sentence = (
        f"Without {_quoted(trace.source[piece].piece)} the reply would have been {total:.1f} bits "
        "less likely"
    )
    if len(drop) == 1:
        return sentence + "."
    where = _quoted(trace.steps[step].piece)
    if total / 2 <= drop[step] <= total:
        return f"{sentence}, most of it at {where} (step {step + 1})."
    return f"{sentence}; at {where} (step {step + 1}) alone, {drop[step]:.1f} bits."


def _end_piece(piece: str, total: float) -> str:
    change = f"{abs(total):.1f} bits {'less' if total > 0 else 'more'} likely"
    return (
        f"Without the end piece {_quoted(piece)} it would have been {change}. That tells about the "
        "reading, not the message: in training, every message ended with it."
    )


def _agreement(alike: Agreement) -> dict[str, Any]:
    """The measure, and a sentence that reads it with care."""
    kinds = ((0.6, "much alike"), (0.3, "alike in part"), (-0.3, "hardly alike"))
    verdict = next((words for least, words in kinds if alike.tau >= least), "rather in reverse")
    steps = "1 step" if alike.steps == 1 else f"{alike.steps} steps"
    tau, chance = f"{alike.tau:.2f}".replace("-", "−"), f"{alike.chance:.2f}"
    return {
        "tau": _round(alike.tau),
        "steps": alike.steps,
        "pieces": alike.pieces,
        "chance": _round(alike.chance),
        "words": (
            f"Attention and leave-one-out order the {alike.pieces} pieces {verdict}: Kendall’s tau "
            f"is {tau} on average over {steps} (1 is the same order, 0 no relation, −1 the "
            f"reverse). Two orders that have nothing to do with each other pass ±{chance} about "
            "once in twenty steps, so take this as a hint and not as a proof."
        ),
    }


def _model(checkpoint: Checkpoint, found: LeaveOneOut) -> str:
    if found.attention is not None:
        return ATTENTION
    config = checkpoint.config
    return BOTTLENECK.format(layers=config.n_layers, hidden=config.hidden_dim)


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
