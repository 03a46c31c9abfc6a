"""Where a finished reply would have gone another way under other options, and why.

Nothing is decoded again: as long as the pieces stay the same, so do the states, and so the logits.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seq2seq.asking import complete_options
from seq2seq.beam import search
from seq2seq.checkpoint import Checkpoint
from seq2seq.decoding import Reply, choose, cumulative_bar
from seq2seq.filters import FORBIDDEN, stages
from seq2seq.inspection.kept import encoded_of, kept_logits
from seq2seq.options import DecodingOptions
from seq2seq.trace import Trace


@dataclass(frozen=True)
class TurningPoint:
    """The first step that other options would have changed.

    reason: `cut` (a filter, `stage`, forbids the old piece), `likelier` (the new piece has the
    highest logit now), `draw` (the random number falls on the new piece: `old_span` and `new_span`
    are their places on the cumulative bar), `search` (beam search prefers another reply), `longer`
    (the reply would go on), `shorter` (it would be cut off), `source` (the encoder would read
    another control piece).
    """

    step: int
    reason: str
    old: int | None  # the piece that the reply has, None after its end
    new: int | None  # the piece that it would have, None where that is not known
    stage: str | None = None
    draw: float | None = None
    old_span: tuple[float, float] | None = None
    new_span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Odds:
    """How likely the same reply is where each reply draws anew (no seed is given).

    `doubtful` is the first step by which it is rather another reply, None if there is none.
    """

    same: float
    doubtful: int | None


@torch.inference_mode()
def turning_point(
    checkpoint: Checkpoint, trace: Trace, options: DecodingOptions
) -> TurningPoint | Odds | None:
    """The first step at which the reply would differ under these options; None if at none.

    A reply with forced pieces keeps them. Options without a seed take the reply's own; where it was
    not drawn either, the answer is its `Odds`. Raises ValueError for options that the model cannot
    take and for a trace of another checkpoint.
    """
    prefix = trace.options.prefix_ids
    options = dataclasses.replace(
        options,
        prefix_ids=prefix,
        max_len=max(options.max_len, len(prefix)),
        seed=trace.seed if options.seed is None else options.seed,
    )
    options = complete_options(checkpoint, options)
    logits = kept_logits(checkpoint, trace)  # (T, V)
    if options.personality != trace.options.personality:
        return TurningPoint(0, "source", trace.ids[0], None)
    if options.method == "beam":
        return _searched(checkpoint, trace, options)
    written = [trace.ids[:t] for t in range(len(trace.ids))]
    passed = list(stages(logits, written, options, checkpoint.tokenizer.never_written))
    allowed = passed[-1].logits
    if options.method == "sample" and options.seed is None:
        return _odds(allowed, trace)
    draws = _draws(options, len(trace.ids))
    chosen = choose(allowed, draws, options.method).tolist()
    for t, (old, new) in enumerate(zip(trace.ids[: options.max_len], chosen, strict=False)):
        if t >= len(prefix) and old != new:
            cut = next((s.name for s in passed if float(s.logits[t, old]) == FORBIDDEN), None)
            return _changed(t, old, new, cut, allowed[t], draws[t])
    return _ending(trace, options)


def _draws(options: DecodingOptions, count: int) -> list[float | None]:
    reply = Reply(options.seed if options.method == "sample" else None)
    return [reply.draw() for _ in range(count)]


def _changed(
    step: int, old: int, new: int, cut: str | None, allowed: Tensor, draw: float | None
) -> TurningPoint:
    """Why `new` is chosen in the place of `old` from these logits (V,)."""
    if draw is None:
        return TurningPoint(step, "cut" if cut else "likelier", old, new, stage=cut)
    old_span, new_span = _spans(allowed, (old, new))
    reason = "cut" if cut else "draw"
    return TurningPoint(step, reason, old, new, cut, draw, old_span, new_span)


def _spans(allowed: Tensor, ids: Sequence[int]) -> list[tuple[float, float] | None]:
    """Where these pieces lie on the cumulative bar of logits (V,)."""
    sampling = allowed.softmax(dim=-1)
    ends, order = cumulative_bar(sampling.unsqueeze(0))
    spans: list[tuple[float, float] | None] = []
    for id in ids:
        width = float(sampling[id])
        end = float(ends[0, (order[0] == id).nonzero()[0, 0]])
        spans.append((max(end - width, 0.0), end) if width > 0 else None)
    return spans


def _odds(allowed: Tensor, trace: Trace) -> Odds:
    """The chance that drawing anew gives the same pieces, forced ones aside."""
    at = torch.tensor(trace.ids).unsqueeze(1)
    chances = allowed.softmax(dim=-1).gather(1, at).squeeze(1).tolist()
    same, doubtful = 1.0, None
    for t, chance in enumerate(chances):
        if t >= len(trace.options.prefix_ids):
            same *= chance
        if same < 0.5 and doubtful is None:
            doubtful = t
    return Odds(same if math.isfinite(same) else 0.0, doubtful)


def _searched(
    checkpoint: Checkpoint, trace: Trace, options: DecodingOptions
) -> TurningPoint | None:
    """Where beam search's best reply leaves this one: whole replies are weighed, so it is run."""
    encoded = encoded_of(checkpoint, trace)
    best = search(checkpoint.runner, encoded, options, checkpoint.tokenizer.never_written)[0].ids()
    for t, (old, new) in enumerate(zip(trace.ids, best, strict=False)):
        if old != new:
            return TurningPoint(t, "search", old, new)
    if len(best) > len(trace.ids):
        return TurningPoint(len(trace.ids), "longer", None, best[len(trace.ids)])
    if len(best) < len(trace.ids):
        return TurningPoint(len(best), "shorter", trace.ids[len(best)], None)
    return None


def _ending(trace: Trace, options: DecodingOptions) -> TurningPoint | None:
    """A reply whose pieces all stay may still be cut off earlier, or go on."""
    if len(trace.ids) > options.max_len:
        return TurningPoint(options.max_len, "shorter", trace.ids[options.max_len], None)
    if trace.finish_reason != "eos" and len(trace.ids) < options.max_len:
        return TurningPoint(len(trace.ids), "longer", None, None)
    return None
