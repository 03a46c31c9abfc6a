"""What other settings would make of a finished reply, in one sentence, and as the view's text."""

from __future__ import annotations

import dataclasses
import json

from seq2seq.asking import complete_options
from seq2seq.checkpoint import Checkpoint
from seq2seq.inspection.turning import Odds, TurningPoint, turning_point
from seq2seq.options import DecodingOptions
from seq2seq.tokenizer import EOS_ID
from seq2seq.trace import Trace
from seq2seq.views.choosing import on_the_bar, quoted

STAYS = "With these settings the reply stays the same."
FORCED = "Every piece of this reply was forced: no setting changes it."


def turning_payload(
    checkpoint: Checkpoint, trace: Trace, number: int, options: DecodingOptions
) -> str:
    """The view's JSON: what these settings would make of a reply; '' where nothing is to say.

    That is so while the reply is being written, and under the settings that it was made with.
    `number` counts the visitor's replies from 1, `step` from 0: one that the reply has, or null;
    `kind` is the reason of the turning point, `same`, `forced` or `odds`. Raises as `turning_point`
    does.
    """
    if not trace.steps or trace.finish_reason is None or _unchanged(checkpoint, trace, options):
        return ""
    found = None if _all_forced(trace) else turning_point(checkpoint, trace, options)
    step, kind = None, "forced" if _all_forced(trace) else "same"
    if isinstance(found, Odds):
        step, kind = found.doubtful, "odds"
    elif found is not None:
        step, kind = min(found.step, len(trace.steps) - 1), found.reason
    sentence = turning_words(checkpoint, trace, options, found)
    payload = {"number": number, "step": step, "sentence": sentence, "kind": kind}
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def turning_words(
    checkpoint: Checkpoint,
    trace: Trace,
    options: DecodingOptions,
    found: TurningPoint | Odds | None,
) -> str:
    """What `turning_point` found, as a sentence. Steps are counted from 1."""
    if found is None:
        return FORCED if _all_forced(trace) else STAYS
    if isinstance(found, Odds):
        return _odds(found)
    asked = _asked(checkpoint, trace, options)
    words = {"longer": _longer, "shorter": _shorter, "source": _source}.get(found.reason, _changed)
    return words(checkpoint, trace, asked, found)


def _asked(checkpoint: Checkpoint, trace: Trace, options: DecodingOptions) -> DecodingOptions:
    """The options as they would be used on this reply: its forced pieces, its seed if none."""
    prefix = trace.options.prefix_ids
    used = dataclasses.replace(
        options,
        prefix_ids=prefix,
        max_len=max(options.max_len, len(prefix)),
        seed=trace.seed if options.seed is None else options.seed,
    )
    return complete_options(checkpoint, used)


def _unchanged(checkpoint: Checkpoint, trace: Trace, options: DecodingOptions) -> bool:
    """Whether these are the reply's own options, as far as they decide anything."""
    asked, own = (
        dataclasses.replace(
            one,
            candidates=1,
            no_repeat_ngram=one.no_repeat_ngram or 0,
            seed=one.seed if one.method == "sample" else None,
        )
        for one in (_asked(checkpoint, trace, options), trace.options)
    )
    return asked == own


def _all_forced(trace: Trace) -> bool:
    return trace.finish_reason == "eos" and all(step.forced for step in trace.steps)


def _name(checkpoint: Checkpoint, id: int | None) -> str:
    if id is None:
        return "another piece"
    piece = quoted(checkpoint.tokenizer.piece(id))
    return f"the end piece {piece}" if id == EOS_ID else piece


def _changed(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> str:
    old, new = (_name(checkpoint, id) for id in (found.old, found.new))
    why = {
        "search": "beam search, which weighs whole replies, ends with another one",
        "likelier": f"{new} is the likeliest piece there",
        "draw": "",
        "cut": _cut(found.stage, old, asked),
    }[found.reason]
    if found.reason == "likelier" and asked.method == trace.options.method:
        why += " now"
    if found.draw is not None:
        spans = [span for span in (found.new_span, found.old_span) if span is not None]
        drawn, told = on_the_bar(found.draw, spans)
        now = "now " if asked.method == trace.options.method else ""
        places = [f"{low} to {high}" for low, high in told]
        if found.old_span is not None:
            places[-1] = f"{old} spans {places[-1]}"
        fell = f"the draw {drawn} {now}falls on {new} ({'; '.join(places)})"
        why = f"{why}, and {fell}" if why else fell
    return (
        f"With these settings it would go another way at step {found.step + 1}: {new} instead of "
        f"{old}, because {why}."
    )


def _cut(stage: str | None, old: str, asked: DecodingOptions) -> str:
    """Why a filter forbids the old piece."""
    if stage == "min_len":
        return f"the end may not come before {asked.min_len} pieces"
    if stage == "no_repeat_ngram":
        run = asked.no_repeat_ngram
        return (
            f"{old} is there already" if run == 1 else f"{old} would repeat a run of {run} pieces"
        )
    if stage == "top_p":
        return f"top-p {asked.top_p:g} cuts {old}"
    return f"top-k {asked.top_k} cuts {old}" if stage == "top_k" else f"{old} is never written"


def _longer(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> str:
    why = "it reached its length limit" if trace.finish_reason == "length" else "it was stopped"
    then = "" if found.new is None else f", with {_name(checkpoint, found.new)}"
    return f"With these settings it would go on after step {found.step}, where {why}{then}."


def _shorter(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> str:
    pieces = "1 piece" if asked.max_len == 1 else f"{asked.max_len} pieces"
    return (
        f"With these settings it would be cut off before step {found.step + 1}, "
        f"{_name(checkpoint, found.old)}: it may have {pieces} at most."
    )


def _source(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> str:
    return (
        f"With the personality {asked.personality} instead of {trace.options.personality} the "
        "encoder would read another control piece: the reply may go another way from step 1 on."
    )


def _odds(found: Odds) -> str:
    same = f"Drawn anew each time: the same reply again has a chance of {_percent(found.same)}"
    if found.doubtful is None:
        return f"{same}."
    return f"{same}; from step {found.doubtful + 1} on another is likelier than not."


def _percent(chance: float) -> str:
    percent = 100 * chance
    if percent < 0.01:
        return "under 0.01 %"
    if 99 < percent < 100:
        return "over 99 %"
    return f"{percent:.2g} %" if percent < 1 else f"{percent:.0f} %"
