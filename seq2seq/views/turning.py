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
from seq2seq.views.wording import Words, words

STAYS = "With these settings the reply stays the same."
FORCED = "Every piece of this reply was forced: no setting changes it."

# Phrases as values: said in the page's language, as a plain text is not.
_ANOTHER_PIECE: Words = ["another piece", {}]
_SEARCH: Words = ["beam search, which weighs whole replies, ends with another one", {}]

_CUT = {
    "min_len": "the end may not come before {value} pieces",
    "no_repeat_ngram": "{old} would repeat a run of {value} pieces",
    "top_k": "top-k {value} cuts {old}",
    "top_p": "top-p {value} cuts {old}",
}
_CUT_BY_ONE = {
    "min_len": "the end may not come before 1 piece",
    "no_repeat_ngram": "{old} is there already",
}
_NEVER = "{old} is never written"
_LONGER = {  # by why the reply ended, and whether the piece that would follow is known
    ("length", False): (
        "With these settings it would go on after step {n}, where it reached its length limit."
    ),
    ("length", True): (
        "With these settings it would go on after step {n}, where it reached its length limit, "
        "with {new}."
    ),
    ("stopped", False): (
        "With these settings it would go on after step {n}, where it was stopped."
    ),
    ("stopped", True): (
        "With these settings it would go on after step {n}, where it was stopped, with {new}."
    ),
}
_SHORTER = {  # by whether it may have one piece only
    False: (
        "With these settings it would be cut off before step {step}, {old}: it may have {n} "
        "pieces at most."
    ),
    True: (
        "With these settings it would be cut off before step {step}, {old}: it may have 1 piece "
        "at most."
    ),
}
_DRAWN = {  # by whether the draw falls there only now
    False: "the draw {draw} falls on {new} ({places})",
    True: "the draw {draw} now falls on {new} ({places})",
}
_FELL = {  # at the very edge of a filter, which the last digit decides, it has no place to tell
    False: "the draw {draw} falls on {new}",
    True: "the draw {draw} now falls on {new}",
}
_LIKELIER = {  # by whether it was the likeliest before
    False: "{new} is the likeliest piece there",
    True: "{new} is the likeliest piece there now",
}


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
) -> Words:
    """What `turning_point` found, as a sentence. Steps are counted from 1."""
    if found is None:
        return FORCED if _all_forced(trace) else STAYS
    if isinstance(found, Odds):
        return _odds(found)
    asked = _asked(checkpoint, trace, options)
    told = {"longer": _longer, "shorter": _shorter, "source": _source}.get(found.reason, _changed)
    return told(checkpoint, trace, asked, found)


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


def _name(checkpoint: Checkpoint, id: int | None) -> Words:
    """A piece as a value of a sentence."""
    if id is None:
        return _ANOTHER_PIECE
    piece = quoted(checkpoint.tokenizer.piece(id))
    return words("the end piece {piece}", piece=piece) if id == EOS_ID else piece


def _changed(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> Words:
    old, new = (_name(checkpoint, id) for id in (found.old, found.new))
    again = asked.method == trace.options.method
    whys: list[Words] = []
    if found.reason == "search":
        whys.append(_SEARCH)
    elif found.reason == "likelier":
        whys.append(words(_LIKELIER[again], new=new))
    elif found.reason == "cut":
        whys.append(_cut(found.stage, old, asked))
    if found.draw is not None:
        whys.append(_drawn(found, found.draw, old, new, again))
    why = whys[0] if len(whys) == 1 else words("{why}, and {draw}", why=whys[0], draw=whys[1])
    return words(
        "With these settings it would go another way at step {n}: {new} instead of {old}, "
        "because {why}.",
        n=found.step + 1,
        new=new,
        old=old,
        why=why,
    )


def _drawn(found: TurningPoint, draw: float, old: Words, new: Words, again: bool) -> Words:
    """Where the draw falls, with the spans of both pieces on the cumulative bar."""
    spans = [span for span in (found.new_span, found.old_span) if span is not None]
    drawn, told = on_the_bar(draw, spans)
    if not told:
        return words(_FELL[again], draw=drawn, new=new)
    places = [words("{low} to {high}", low=low, high=high) for low, high in told]
    place = places[0]
    if len(places) == 2:
        place = words("{new}; {old} spans {place}", new=place, old=old, place=places[1])
    elif found.old_span is not None:
        place = words("{old} spans {place}", old=old, place=place)
    return words(_DRAWN[again], draw=drawn, new=new, places=place)


def _cut(stage: str | None, old: Words, asked: DecodingOptions) -> Words:
    """Why a filter forbids the old piece."""
    if stage not in _CUT:
        return words(_NEVER, old=old)
    value = getattr(asked, stage)
    told = _CUT_BY_ONE.get(stage, _CUT[stage]) if value == 1 else _CUT[stage]
    return words(told, old=old, value=f"{value:g}")


def _longer(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> Words:
    ended = "length" if trace.finish_reason == "length" else "stopped"
    if found.new is None:
        return words(_LONGER[ended, False], n=found.step)
    return words(_LONGER[ended, True], n=found.step, new=_name(checkpoint, found.new))


def _shorter(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> Words:
    old = _name(checkpoint, found.old)
    return words(_SHORTER[asked.max_len == 1], step=found.step + 1, old=old, n=asked.max_len)


def _source(
    checkpoint: Checkpoint, trace: Trace, asked: DecodingOptions, found: TurningPoint
) -> Words:
    return words(
        "With the personality {new} instead of {old} the encoder would read another control "
        "piece: the reply may go another way from step 1 on.",
        new=[str(asked.personality), {}],
        old=[str(trace.options.personality), {}],
    )


def _odds(found: Odds) -> Words:
    chance = _percent(found.same)
    if found.doubtful is None:
        return words(
            "Drawn anew each time: the same reply again has a chance of {chance}.", chance=chance
        )
    return words(
        "Drawn anew each time: the same reply again has a chance of {chance}; from step {n} on "
        "another is likelier than not.",
        chance=chance,
        n=found.doubtful + 1,
    )


def _percent(chance: float) -> Words:
    percent = 100 * chance
    if percent < 0.01:
        return words("under {percent}", percent="0.01 %")
    if 99 < percent < 100:
        return words("over {percent}", percent="99 %")
    return f"{percent:.2g} %" if percent < 1 else f"{percent:.0f} %"
